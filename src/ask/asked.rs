//! The view that a question is put to, and what is to be said beside its answer.

use std::sync::{Arc, Mutex, PoisonError};

use crate::db::{Fewer, Filter, LeastMove, Per, SimilarAnswer, View};
use crate::error::Result;
use crate::model::{SeriesKey, Timestamp};

/// A view that is asked: as of the question's time, and heard where it takes a name for another.
pub(super) struct Asked {
    pub(super) view: View,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Asked {
    pub(super) fn at(view: &View, as_of: Option<Timestamp>) -> Self {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&heard);
        let view = as_of.map_or_else(|| view.clone(), |time| view.at(time));
        let view = view.also_on_spelling(move |spelling| {
            let note = format!("{} is taken for {}", spelling.typed, spelling.stored);
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            // A question may look a name up more than once.
            if !kept.contains(&note) {
                kept.push(note);
            }
        });
        Self { view, heard }
    }

    /// What is to be said of names and of the database, then `more`.
    pub(super) fn notes(
        &self,
        more: impl IntoIterator<Item = Option<String>>,
    ) -> Result<Vec<String>> {
        let waiting = self.view.spaces()?.iter().any(|s| s.pending_ranges > 0);
        let waiting = waiting.then(|| {
            "an ingestion was interrupted, and some windows are not searchable yet; run `rhyme compact` or ingest again".to_owned()
        });
        let notes = waiting.into_iter().chain(self.heard());
        Ok(notes.chain(more.into_iter().flatten()).collect())
    }

    /// What is to be said of names: all that there is to say where no window is searched.
    pub(super) fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    /// That figures of the store are no narrower than the store.
    pub(super) fn of_everything(&self) -> Option<String> {
        let as_of = self.view.as_of()?;
        Some(format!(
            "these figures are of everything that is stored, also of what came after {as_of}"
        ))
    }
}

/// Until when the weights of a space were trained, on what if the question is about one series, and what
/// `more` follows. Nothing without such a time.
pub(super) fn trained(
    space: &str,
    until: Option<Timestamp>,
    series: Option<&SeriesKey>,
    more: &str,
) -> Option<String> {
    let until = until?;
    let on = series.map_or_else(String::new, |s| format!(" on {} {}", s.market, s.interval));
    if until.millis() == i64::MAX {
        return Some(format!(
            "nobody says until when the model of the space {space} was trained{on}: an answer as of an earlier time may know what came later{more}"
        ));
    }
    let until = until.to_string();
    let day = until.strip_suffix("T00:00:00Z").unwrap_or(&until);
    Some(format!(
        "the weights of the space {space} were trained until {day}{on}: an answer as of an earlier time knows what came later{more}"
    ))
}

/// That a question as of the past is filtered by what nobody dated.
pub(super) fn undated(filter: &Filter, view: &View) -> Result<Option<String>> {
    let Some(as_of) = view.as_of().filter(|_| !filter.attributes.is_empty()) else {
        return Ok(None);
    };
    let all = view.attributes(None)?;
    let names = filter.attributes.keys();
    let without = names.filter(|name| all.iter().any(|a| a.name == **name && a.known.is_none()));
    let without: Vec<&str> = without.map(String::as_str).collect();
    Ok((!without.is_empty()).then(|| {
        format!(
            "{} of some symbols has no date: this is asked of those that have it today, which {as_of} may not have known",
            without.join(", ")
        )
    }))
}

/// That a quota left fewer hits than were asked for.
pub(super) fn quota(reached: bool, (found, wanted): (usize, usize), per: Per) -> Option<String> {
    let why = Fewer::Quota;
    reached.then(|| format!("{found} of {wanted}: {why} ({per}); no other group has more"))
}

/// Why there are fewer windows than were asked for: a quota, or else a filter by moves.
pub(super) fn few(
    answer: &SimilarAnswer,
    wanted: usize,
    (least, exact): (Option<LeastMove>, bool),
    per: Per,
) -> Option<String> {
    let found = answer.hits.len();
    if answer.quota_reached {
        return quota(true, (found, wanted), per);
    }
    let least = least.filter(|_| found < wanted)?;
    Some(if exact {
        format!("no more than {found} distinct windows moved by {least}")
    } else {
        format!(
            "{found} of {wanted}: of the nearest 30,000 windows no more moved by {least}; an exact search looks at all of them"
        )
    })
}
