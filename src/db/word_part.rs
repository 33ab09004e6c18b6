//! The words of all headlines in memory, in the order in which headlines became known. Of a long text each passage
//! is a text of its own, and the best one counts.
//!
//! As with their vectors, the first question by words reads the headlines, and later snapshots add what came
//! since. Nothing of it is stored: it cannot be out of step with the catalog.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::headline_part::HeadlineScope;
use crate::error::Result;
use crate::model::Passage;
use crate::store::{HeadlineReads, ReadTxn};
use crate::words::{Ranked, WordIndex};

/// Headlines that are read and split before the next ones, at most.
const AT_ONCE: usize = 8192;

/// What is kept of a headline, or of a passage of one, beside its words.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordEntry {
    pub(super) id: u64,
    /// Whose words these are; `None` is the text as a whole.
    pub(super) passage: Option<Passage>,
    /// When it was known, without any latency, in milliseconds UTC.
    pub(super) known: i64,
    pub(super) published: i64,
}

impl WordEntry {
    /// The passages of a headline stand together.
    fn order(&self) -> (i64, u64, Option<Passage>) {
        (self.known, self.id, self.passage)
    }
}

/// The words of all headlines of one snapshot.
#[derive(Debug, Default)]
pub(super) struct WordPart {
    /// The highest number of a headline that is here.
    last: u64,
    /// Sorted by [`WordEntry::order`]: the text of each has its place here as its number.
    entries: Vec<WordEntry>,
    index: WordIndex,
    /// Number and first place of each headline, by number.
    by_id: Vec<(u64, u32)>,
}

impl WordPart {
    /// These headlines, and those of a snapshot that have higher numbers.
    fn grown(&self, txn: &ReadTxn) -> Result<Self> {
        let mut added: Vec<(WordEntry, String)> = Vec::new();
        let mut last = self.last;
        loop {
            let some = txn.headlines_after(last, AT_ONCE)?;
            if some.is_empty() {
                break;
            }
            for (id, headline) in some {
                last = id;
                for passage in headline.split() {
                    let entry = WordEntry {
                        id,
                        passage,
                        known: headline.known_from().millis(),
                        published: headline.time.millis(),
                    };
                    let text = headline.part(passage).unwrap_or_default();
                    added.push((entry, text.to_owned()));
                }
            }
        }
        added.sort_unstable_by_key(|(entry, _)| entry.order());
        let theirs = WordIndex::of(added.iter().map(|(_, text)| text.as_str()));
        let added = added.into_iter().map(|(entry, _)| entry).collect();
        Ok(self.merged(added, &theirs, last))
    }

    fn merged(&self, added: Vec<WordEntry>, theirs: &WordIndex, last: u64) -> Self {
        let mut all: Vec<(WordEntry, bool)> = self.entries.iter().map(|e| (*e, true)).collect();
        all.extend(added.into_iter().map(|e| (e, false)));
        all.sort_by_key(|(entry, _)| entry.order());
        let (mut our_places, mut their_places) = (Vec::new(), Vec::new());
        for (place, (_, ours)) in (0_u32..).zip(&all) {
            match ours {
                true => our_places.push(place),
                false => their_places.push(place),
            }
        }
        let entries: Vec<WordEntry> = all.into_iter().map(|(entry, _)| entry).collect();
        let mut by_id: Vec<(u64, u32)> = entries.iter().map(|e| e.id).zip(0..).collect();
        by_id.sort_unstable();
        by_id.dedup_by_key(|(id, _)| *id);
        Self {
            last,
            index: self.index.merged(theirs, &our_places, &their_places),
            entries,
            by_id,
        }
    }

    /// How many of the first headlines were known at the end of a scope.
    fn known(&self, scope: &HeadlineScope) -> u32 {
        self.entries.partition_point(|e| e.known <= scope.known_to) as u32
    }

    /// How many headlines are in scope.
    pub(super) fn in_scope(&self, scope: &HeadlineScope) -> u64 {
        let known = self.known(scope);
        let allowed = Allowed::of(self, scope);
        let counted = |place: &u32| self.is_first(*place) && allowed.has(*place);
        (0..known).filter(counted).count() as u64
    }

    fn is_first(&self, place: u32) -> bool {
        let id = |place: u32| self.entry(place).map(|e| e.id);
        place
            .checked_sub(1)
            .is_none_or(|before| id(before) != id(place))
    }

    /// The headlines in scope that hold a word of a question, best first, each with the place of its best passage.
    /// A word weighs as much as it did when the scope ends, by all headlines that were known then.
    pub(super) fn best(&self, question: &str, scope: &HeadlineScope) -> Vec<Ranked> {
        let allowed = Allowed::of(self, scope);
        let known = self.known(scope);
        let mut ranked = self.index.best(question, known, |place| allowed.has(place));
        if self.by_id.len() < self.entries.len() {
            let mut seen = HashSet::new();
            ranked.retain(|one| self.entry(one.text).is_some_and(|e| seen.insert(e.id)));
        }
        ranked
    }

    /// The words of a question that no headline holds that was known at the end of a scope.
    pub(super) fn unknown(&self, question: &str, scope: &HeadlineScope) -> Vec<String> {
        self.index.unknown(question, self.known(scope))
    }

    pub(super) fn entry(&self, place: u32) -> Option<&WordEntry> {
        self.entries.get(place as usize)
    }

    /// The first place of the headline that is at a place.
    pub(super) fn first_of(&self, place: u32) -> Option<u32> {
        self.place_of(self.entry(place)?.id)
    }

    /// The first place of a headline.
    pub(super) fn place_of(&self, id: u64) -> Option<u32> {
        let at = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.by_id.get(at).map(|(_, place)| *place)
    }
}

/// Which places are in scope, when it ended aside.
struct Allowed<'a> {
    part: &'a WordPart,
    published: &'a RangeInclusive<i64>,
    /// Ascending.
    among: Option<Vec<u64>>,
}

impl<'a> Allowed<'a> {
    fn of(part: &'a WordPart, scope: &'a HeadlineScope) -> Self {
        let mut among = scope.among.clone();
        if let Some(among) = &mut among {
            among.sort_unstable();
        }
        Self {
            part,
            published: &scope.published,
            among,
        }
    }

    fn has(&self, place: u32) -> bool {
        self.part.entry(place).is_some_and(|entry| {
            let named = |ids: &Vec<u64>| ids.binary_search(&entry.id).is_ok();
            self.published.contains(&entry.published) && self.among.as_ref().is_none_or(named)
        })
    }
}

/// The words of a snapshot's headlines: read when somebody asks.
#[derive(Debug, Default)]
pub(super) struct WordMemory(Mutex<Option<Arc<WordPart>>>);

impl WordMemory {
    /// A memory that starts with what an older one has read; nothing of that may have changed.
    pub(super) fn grown_from(old: &Self) -> Self {
        Self(Mutex::new(old.lock().clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<WordPart>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The words of the snapshot that this memory belongs to.
    pub(super) fn part(&self, txn: &ReadTxn) -> Result<Arc<WordPart>> {
        let newest = txn.last_headline_id()?.unwrap_or(0);
        let mut known = self.lock();
        let part = match known.as_ref() {
            Some(part) if part.last >= newest => return Ok(Arc::clone(part)),
            Some(part) => part.grown(txn)?,
            None => WordPart::default().grown(txn)?,
        };
        let part = Arc::new(part);
        *known = Some(Arc::clone(&part));
        Ok(part)
    }
}
