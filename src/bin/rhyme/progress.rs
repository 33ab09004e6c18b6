//! Progress on standard error, and Ctrl-C.

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::{LazyLock, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use rhymedb::{Control, Progress, Stage};

use crate::args::Global;

/// A control whose progress shows as one bar a stage, and which Ctrl-C stops. The second Ctrl-C
/// ends the program at once, which loses nothing that was committed.
pub(crate) fn control(global: &Global) -> Control {
    let control = if global.quiet || !std::io::stderr().is_terminal() {
        Control::new()
    } else {
        let bars = Bars::default();
        Control::new().on_progress(move |progress| bars.show(progress))
    };
    let stopped = control.clone();
    // Without a handler Ctrl-C ends the program at once, which is safe too.
    let _ = ctrlc::set_handler(move || {
        if stopped.is_stopped() {
            std::process::exit(130);
        }
        stopped.stop();
        say("stopping after the current step; press Ctrl-C again to stop at once");
    });
    control
}

/// The bars on the terminal, to be drawn around whatever else is written there.
static DRAWN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

#[derive(Default)]
struct Bars {
    by_stage: Mutex<HashMap<Stage, ProgressBar>>,
}

impl Bars {
    fn show(&self, progress: Progress) {
        if progress.total == 0 {
            return;
        }
        let mut by_stage = self.by_stage.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = by_stage
            .entry(progress.stage)
            .or_insert_with(|| DRAWN.add(bar(progress)));
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        if progress.done >= progress.total {
            bar.finish();
        }
    }
}

fn bar(progress: Progress) -> ProgressBar {
    let unit = match progress.stage {
        Stage::Read => "rows",
        Stage::Store => "bars",
        Stage::Embed | Stage::Index | Stage::Publish => "windows",
    };
    let template = format!(
        "{{prefix:7}} {{bar:32}} {{human_pos}}/{{human_len}} {unit}  {{per_sec}}  {{eta}} left"
    );
    let style = ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key(
            "per_sec",
            |state: &indicatif::ProgressState, w: &mut dyn std::fmt::Write| {
                let rate = state.per_sec();
                let rate = if rate.is_finite() && rate > 0.0 {
                    rate as u64
                } else {
                    0
                };
                // A rate that cannot be shown is not worth an error.
                let _ = write!(w, "{}/s", crate::output::grouped(rate));
            },
        );
    let bar = ProgressBar::new(progress.total).with_style(style);
    bar.set_prefix(progress.stage.to_string());
    bar
}

/// A remark on standard error, unless `--quiet`.
pub(crate) fn notice(global: &Global, text: &str) {
    if !global.quiet {
        say(text);
    }
}

/// Leaves the bars as they stand: what is written from now on comes below them.
pub(crate) fn settle() {
    DRAWN.set_draw_target(ProgressDrawTarget::hidden());
}

/// A line on standard error, above the progress bars.
pub(crate) fn say(text: &str) {
    // If standard error is closed there is nobody to tell, and the exit code says the rest.
    DRAWN.suspend(|| {
        let _ = writeln!(std::io::stderr(), "{text}");
    });
}
