//! Progress on standard error, and Ctrl-C.

use std::collections::HashMap;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{
    HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};
use rhymedb::Control;
use rhymedb::ingest::{Progress, Stage};

use crate::global::Global;
use crate::interrupt;
use crate::scratch;
use crate::sink;
use crate::text::{grouped, legible};

/// What Ctrl-C meets.
#[derive(Default)]
struct Running {
    /// The work that it stops.
    control: Option<Control>,
    /// Whether a line of the shell runs, and whether Ctrl-C was pressed since it began. Who waits for
    /// a question without a control ceases to ([`sink::stoppable`]); elsewhere its answer is not printed.
    line: bool,
    /// Which line it is.
    number: u64,
    /// The questions of the line, which it ends.
    questions: Vec<Control>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    control: None,
    line: false,
    number: 0,
    questions: Vec::new(),
});

/// After so long a question that was cancelled and still runs says that it does.
const LONG: Duration = Duration::from_millis(500);

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A control whose progress shows as one bar a stage, and which Ctrl-C stops. The second Ctrl-C
/// ends the program at once, which loses nothing that was committed.
pub(crate) fn control(global: &Global) -> Control {
    let drawn = !global.quiet && !sink::is_heard() && std::io::stderr().is_terminal();
    stopped_by_ctrl_c(if drawn { bars() } else { Control::new() })
}

/// A control as of [`control`] for the work of the beginning, and one that shows nothing for what is done again and
/// again. Ctrl-C stops both.
pub(crate) fn control_and_silent(global: &Global) -> (Control, Control) {
    let silent = stopped_by_ctrl_c(Control::new());
    let drawn = !global.quiet && !sink::is_heard() && std::io::stderr().is_terminal();
    let shown = match drawn {
        true => {
            let bars = Bars::new();
            silent
                .clone()
                .on_progress(move |progress| bars.show(progress))
        }
        false => silent.clone(),
    };
    (shown, silent)
}

/// As [`control`], for work that may take minutes: where no bars can be drawn, a line says now and
/// then how far it is.
pub(crate) fn control_of_long_work(global: &Global) -> Control {
    if global.quiet || std::io::stderr().is_terminal() {
        return control(global);
    }
    let steps = Steps::default();
    stopped_by_ctrl_c(Control::new().on_progress(move |progress| steps.show(progress)))
}

fn bars() -> Control {
    let bars = Bars::new();
    Control::new().on_progress(move |progress| bars.show(progress))
}

fn stopped_by_ctrl_c(control: Control) -> Control {
    running().control = Some(control.clone());
    handle_interrupts();
    control
}

/// What ends a question: the time limit, and a Ctrl-C in the shell. Outside of the shell Ctrl-C ends
/// the program at once.
pub(crate) fn question(global: &Global) -> Control {
    let control = match global.timeout {
        Some(limit) => Control::new().time_limit(limit),
        None => Control::new(),
    };
    let mut running = running();
    if running.line {
        running.questions.push(control.clone());
    }
    control
}

/// Ends the work that changes something, after its current step.
#[cfg(feature = "serve")]
pub(crate) fn stop() {
    running().control.iter().for_each(Control::stop);
}

fn handle_interrupts() {
    // Without a handler Ctrl-C ends the program at once, which is safe too. The shell sets one for
    // each line, and there can be but one.
    let _ = ctrlc::set_handler(|| {
        let running = running();
        match &running.control {
            Some(control) if !control.is_stopped() => {
                control.stop();
                drop(running);
                say("stopping after the current step; press Ctrl-C again to stop at once");
            }
            None if running.line && !interrupt::felt() => {
                interrupt::set(true);
                running.questions.iter().for_each(Control::stop);
                let number = running.number;
                std::thread::spawn(move || say_if_it_runs_on(number));
            }
            _ => {
                drop(running);
                scratch::sweep();
                std::process::exit(130)
            }
        }
    });
}

fn say_if_it_runs_on(number: u64) {
    std::thread::sleep(LONG);
    let same = {
        let running = running();
        interrupt::felt() && running.number == number
    };
    if same {
        say("this command stops when it has its answer; press Ctrl-C again to end the shell");
    }
}

/// Before a line of the shell: Ctrl-C stops the line and not the program.
pub(crate) fn begin_line() {
    let mut before = running();
    *before = Running {
        line: true,
        number: before.number + 1,
        ..Running::default()
    };
    interrupt::set(false);
    drop(before);
    DRAWN.set_draw_target(ProgressDrawTarget::stderr());
    handle_interrupts();
}

/// After a line of the shell.
pub(crate) fn end_line() {
    let mut line = running();
    *line = Running {
        number: line.number,
        ..Running::default()
    };
    interrupt::set(false);
    drop(line);
    // The bars stay as they stand.
    settle();
}

/// Waits until a Ctrl-C that others have felt is noticed here: after the line it would end the shell.
pub(crate) fn await_ctrl_c() {
    let start = Instant::now();
    while !interrupt::felt() && start.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The bars on the terminal, to be drawn around whatever else is written there.
static DRAWN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

struct Bars {
    started: Instant,
    by_stage: Mutex<HashMap<Stage, ProgressBar>>,
}

impl Bars {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            by_stage: Mutex::default(),
        }
    }

    fn show(&self, progress: Progress) {
        if progress.total == 0 {
            return;
        }
        let mut by_stage = self.by_stage.lock().unwrap_or_else(PoisonError::into_inner);
        // A stage that begins again, like the index of the next space, has a bar and a rate of its own.
        let again = |bar: &ProgressBar| bar.is_finished() && progress.done < bar.position() / 2;
        if by_stage.get(&progress.stage).is_some_and(again) {
            by_stage.remove(&progress.stage);
        }
        let bar = by_stage
            .entry(progress.stage)
            .or_insert_with(|| DRAWN.add(self.bar(progress)));
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        if progress.done >= progress.total {
            bar.finish();
        }
    }

    fn bar(&self, progress: Progress) -> ProgressBar {
        let (done, rate_of) = match unit(progress.stage) {
            BYTES => ("{bytes}/{total_bytes}".to_owned(), "{bytes_per_sec}"),
            unit => (format!("{{human_pos}}/{{human_len}} {unit}"), "{rate}/s"),
        };
        let template = format!("{{prefix:7}} {{bar:32}} {done}  {rate_of}  {{left}}");
        // Work comes in steps, which mislead an estimate from the latest ones: the mean it is.
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", |state: &ProgressState, w: &mut dyn fmt::Write| {
                // What cannot be shown is not worth an error.
                let _ = w.write_str(&grouped(rate(state) as u64));
            })
            .with_key("left", |state: &ProgressState, w: &mut dyn fmt::Write| {
                let to_do = state.len().unwrap_or(0).saturating_sub(state.pos());
                // Before the first step nothing is known.
                if rate(state) > 0.0 {
                    let seconds = (to_do as f64 / rate(state)).min(1e6) as u64;
                    let _ = write!(w, "{:#} left", HumanDuration(Duration::from_secs(seconds)));
                }
            });
        let bar = ProgressBar::new(progress.total).with_style(style);
        bar.set_prefix(progress.stage.to_string());
        match progress.stage {
            // Seen for the first time when the first files are done.
            Stage::Read | Stage::Store => bar.with_elapsed(self.started.elapsed()),
            _ => bar,
        }
    }
}

const BYTES: &str = "bytes";

/// What a stage counts.
fn unit(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "rows",
        Stage::Store | Stage::Audit => "bars",
        Stage::Embed | Stage::Index | Stage::Publish | Stage::Ask | Stage::Try => "windows",
        Stage::Check | Stage::Copy => BYTES,
    }
}

/// Progress as lines, for a file or a pipe: one when a stage begins, then one every ten seconds.
#[derive(Default)]
struct Steps {
    last: Mutex<Option<(Stage, Instant)>>,
}

impl Steps {
    fn show(&self, progress: Progress) {
        const PAUSE: Duration = Duration::from_secs(10);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let told =
            |&(stage, when): &(Stage, Instant)| stage == progress.stage && when.elapsed() < PAUSE;
        if progress.total == 0 || last.as_ref().is_some_and(told) {
            return;
        }
        *last = Some((progress.stage, Instant::now()));
        say(&format!(
            "{}: {} of {} {}",
            progress.stage,
            grouped(progress.done),
            grouped(progress.total),
            unit(progress.stage),
        ));
    }
}

/// What was done a second, since the start.
fn rate(state: &ProgressState) -> f64 {
    state.pos() as f64 / state.elapsed().as_secs_f64().max(1e-3)
}

/// A remark on standard error, unless `--quiet`.
pub(crate) fn notice(global: &Global, text: &str) {
    if !global.quiet {
        say(text);
    }
}

/// What is to be known before an answer is used, on standard error.
pub(crate) fn notes(global: &Global, notes: &[String]) {
    for note in notes {
        notice(global, &legible(&format!("note: {note}")));
    }
}

/// Leaves the bars as they stand: what is written from now on comes below them.
pub(crate) fn settle() {
    DRAWN.set_draw_target(ProgressDrawTarget::hidden());
}

/// Lines on standard error, above the progress bars.
pub(crate) fn say(text: &str) {
    if sink::is_dropped() {
        return;
    }
    let lines: Vec<String> = text.split('\n').map(legible).collect();
    let text = lines.join("\n");
    if sink::hear(&text) {
        return;
    }
    // If standard error is closed there is nobody to tell, and the exit code says the rest.
    DRAWN.suspend(|| {
        let _ = writeln!(std::io::stderr(), "{text}");
    });
}
