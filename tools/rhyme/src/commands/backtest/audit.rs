//! The audit of a replay: in a database that is thrown away.

use rhymedb::decide::{Audit, Replay, ReplayAnswer};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::scratch::Scratch;
use crate::text::grouped;

/// Audits a replay; a difference is a failure, and so is nothing to compare.
pub(super) fn run(replay: &Replay, answer: &ReplayAnswer, closes: usize) -> Outcome<Audit> {
    let scratch = Scratch::new("rhyme-audit-")?;
    let audit = replay.audit(answer, closes, scratch.path())?;
    drop(scratch);
    let (rule, series) = (&answer.rule, &answer.series);
    if let Some(first) = audit.differences.first() {
        return Err(Failure::Short(format!(
            "the audit of {rule} on {series} found a difference at {} of {} closes, first at {} in {}: the replay said {}, and a database that ends there says {}. The replay knew what came later, so its figures are not shown",
            audit.differences.len(),
            audit.closes.len(),
            first.at,
            first.field,
            first.replay,
            first.cut
        )));
    }
    if audit.closes.is_empty() {
        return Err(Failure::Short(format!(
            "the audit of {rule} on {series} compared nothing: the rule was asked at no close of the period, which has no whole window; take a longer one with --from and --to"
        )));
    }
    Ok(audit)
}

/// What it found, where it found no difference.
pub(super) fn sentence(audit: &Audit) -> String {
    let n = audit.closes.len();
    format!(
        "audit: at {} closes, {} of them with a signal, a database that ends there says the same, byte for byte",
        grouped(n as u64),
        grouped(audit.with_signal as u64)
    )
}

pub(super) fn notes(audit: &Audit) -> Vec<String> {
    let told = |what: &String| format!("not seen by the audit: {what}");
    audit.unseen.iter().map(told).collect()
}

pub(super) fn value(audit: &Audit) -> Value {
    json!({
        "closes": audit.closes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "with_signal": audit.with_signal,
        "differences": audit.differences.len(),
        "unseen": audit.unseen,
    })
}
