//! Counters in the text form of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Metrics(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    connections: u64,
    /// By status.
    responses: BTreeMap<u16, u64>,
    /// By question and outcome.
    questions: BTreeMap<(&'static str, &'static str), u64>,
    /// By question.
    seconds: BTreeMap<&'static str, Histogram>,
}

/// Upper ends in seconds.
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

#[derive(Default)]
struct Histogram {
    /// How many took at most as long as each bucket.
    within: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        for (within, end) in self.within.iter_mut().zip(BUCKETS) {
            *within += u64::from(took <= end);
        }
        self.count += 1;
        self.sum += took;
    }
}

impl Metrics {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connected(&self) {
        self.counted().connections += 1;
    }

    pub(super) fn responded(&self, status: u16) {
        *self.counted().responses.entry(status).or_default() += 1;
    }

    pub(super) fn answered(&self, question: &'static str, outcome: &'static str, took: Duration) {
        let mut counted = self.counted();
        *counted.questions.entry((question, outcome)).or_default() += 1;
        counted.seconds.entry(question).or_default().add(took);
    }

    /// All of them, and how many questions run and wait.
    pub(super) fn text(&self, running: usize, waiting: usize) -> String {
        let counted = self.counted();
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: Vec<String>| {
            // Writing into a text cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for line in lines {
                let _ = writeln!(text, "{name}{line}");
            }
        };
        let one = |n: &dyn std::fmt::Display| vec![format!(" {n}")];
        let help = "Questions that run.";
        family("rhyme_questions_running", "gauge", help, one(&running));
        let help = "Questions that wait for a thread.";
        family("rhyme_questions_waiting", "gauge", help, one(&waiting));
        let help = "Connections since the start.";
        let connections = one(&counted.connections);
        family("rhyme_connections_total", "counter", help, connections);
        let responses = counted.responses.iter();
        let responses = responses.map(|(status, n)| format!("{{status=\"{status}\"}} {n}"));
        let help = "HTTP responses by status.";
        family(
            "rhyme_responses_total",
            "counter",
            help,
            responses.collect(),
        );
        let questions = counted.questions.iter();
        let questions = questions.map(|((question, outcome), n)| {
            format!("{{question=\"{question}\",outcome=\"{outcome}\"}} {n}")
        });
        let help = "Questions by name and outcome: ok, or the kind of error.";
        family(
            "rhyme_questions_total",
            "counter",
            help,
            questions.collect(),
        );
        let help = "Time from a question's arrival to its answer.";
        let seconds = counted.seconds.iter();
        let seconds = seconds.flat_map(|(question, histogram)| lines_of(question, histogram));
        family(
            "rhyme_question_seconds",
            "histogram",
            help,
            seconds.collect(),
        );
        text
    }
}

fn lines_of(question: &str, histogram: &Histogram) -> Vec<String> {
    let buckets = histogram.within.iter().zip(BUCKETS);
    let bucket = |end: &dyn std::fmt::Display, n: u64| {
        format!("_bucket{{question=\"{question}\",le=\"{end}\"}} {n}")
    };
    let mut lines: Vec<String> = buckets.map(|(n, end)| bucket(&end, *n)).collect();
    let labels = format!("{{question=\"{question}\"}}");
    lines.push(bucket(&"+Inf", histogram.count));
    lines.push(format!("_sum{labels} {}", histogram.sum));
    lines.push(format!("_count{labels} {}", histogram.count));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_prometheus() {
        let metrics = Metrics::default();
        metrics.connected();
        metrics.responded(200);
        metrics.responded(200);
        for millis in [1, 30] {
            let took = Duration::from_millis(millis);
            metrics.answered("similar", "ok", took);
        }
        let text = metrics.text(1, 2);
        for line in [
            "# TYPE rhyme_question_seconds histogram",
            "rhyme_questions_running 1",
            "rhyme_questions_waiting 2",
            "rhyme_connections_total 1",
            "rhyme_responses_total{status=\"200\"} 2",
            "rhyme_questions_total{question=\"similar\",outcome=\"ok\"} 2",
            "rhyme_question_seconds_bucket{question=\"similar\",le=\"0.001\"} 1",
            "rhyme_question_seconds_bucket{question=\"similar\",le=\"0.05\"} 2",
            "rhyme_question_seconds_bucket{question=\"similar\",le=\"+Inf\"} 2",
            "rhyme_question_seconds_sum{question=\"similar\"} 0.031",
            "rhyme_question_seconds_count{question=\"similar\"} 2",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}: {text}");
        }
    }
}
