//! What a run says on standard error.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rhyme_train::data::Dataset;
use rhyme_train::evaluate::Scores;
use rhyme_train::events::EventScores;
use rhyme_train::train::{Epoch, Progress, Trained};

/// How often a line is written.
const EVERY: Duration = Duration::from_secs(10);

/// Writes a line. Where nobody reads it, that is no reason to stop training.
pub(crate) fn say(line: &str) {
    let _unread = writeln!(std::io::stderr(), "{line}");
}

/// How many windows are in each part.
pub(crate) fn parts(data: &Dataset) -> String {
    let parts = &data.parts;
    format!(
        "{} windows to train on, {} to validate, {} later and {} of other symbols to test; {} words are names",
        parts.train.len(),
        parts.validation.len(),
        parts.test_time.len(),
        parts.test_symbols.len(),
        data.names.len()
    )
}

/// What came of the run.
pub(crate) fn result(trained: &Trained, out: &Path) -> String {
    let last = trained.epochs.last().map(epoch).unwrap_or_default();
    format!(
        "the last epoch: {last}\n{}wrote {}: {} bytes, hash {:016x}",
        figures(trained),
        out.display(),
        trained.weights.bytes().len(),
        trained.weights.hash()
    )
}

/// How good weights are.
pub(crate) fn figures(trained: &Trained) -> String {
    let mut text = String::new();
    let parts = [
        ("validation", &trained.validation),
        ("later", &trained.test_time),
        ("other symbols", &trained.test_symbols),
    ];
    for (name, markets) in parts {
        for (market, found) in markets {
            text.push_str(&format!("{name}, {market}: {}\n", scores(found)));
        }
    }
    for (market, found) in &trained.events {
        text.push_str(&format!("made-up events, {market}: {}\n", events(found)));
    }
    text
}

fn events(found: &EventScores) -> String {
    let percent = |x: f64| 100.0 * x;
    let kinds = found.kinds.iter();
    let kinds: Vec<String> = kinds
        .map(|(kind, right)| format!("{kind} {:.1} %", percent(*right)))
        .collect();
    format!(
        "R@10 {:.1} % of 100 charts, {:.1} % of 100 events of other kinds; told apart {:.1} %, kinds counting the same {:.1} % ({}; {} events); by known wordings R@10 {:.1} %, told apart {:.1} %",
        percent(found.among_charts),
        percent(found.among_events),
        percent(found.accuracy),
        percent(found.balanced_accuracy()),
        kinds.join(", "),
        found.events,
        percent(found.known_among_charts),
        percent(found.known_accuracy)
    )
}

fn epoch(epoch: &Epoch) -> String {
    let mut text = format!("loss {:.4}", epoch.loss);
    if let Some(loss) = epoch.validation_loss {
        text.push_str(&format!(", validation loss {loss:.4}"));
    }
    for (market, found) in &epoch.validation {
        text.push_str(&format!(", {market} {}", scores(found)));
    }
    text
}

fn scores(scores: &Scores) -> String {
    format!(
        "R@1 {:.2} %, R@10 {:.2} % of 100, AUC {:.2} ({} pairs)",
        100.0 * scores.recall_at_1,
        100.0 * scores.recall_at_10,
        100.0 * scores.auc,
        scores.pairs
    )
}

/// A line now and then, and one after each epoch.
#[derive(Default)]
pub(crate) struct Line {
    last: Option<Instant>,
    epoch: u64,
}

impl Line {
    /// Shows where the run stands.
    pub(crate) fn show(&mut self, progress: &Progress) {
        if progress.epoch > self.epoch {
            self.epoch = progress.epoch;
            if let Some(last) = &progress.last {
                say(&format!("epoch {}: {}", progress.epoch, epoch(last)));
            }
        }
        if self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        if progress.lessons {
            say(&format!(
                "lesson {}/{} of the teacher, loss {:.4}, {} s left",
                progress.step,
                progress.steps,
                progress.loss,
                progress.left.as_secs()
            ));
            return;
        }
        say(&format!(
            "epoch {}/{}, step {}/{}, loss {:.4}, {} s left",
            progress.epoch + 1,
            progress.epochs,
            progress.step,
            progress.steps,
            progress.loss,
            progress.left.as_secs()
        ));
    }
}
