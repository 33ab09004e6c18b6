//! Asks the rules at the closes that are due, and notes what they said.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use rayon::prelude::*;
use rhymedb::ask::AlertRow;
use rhymedb::decide::{Alert, AlertKind, DueClose, Rule, Signal, WatchedRule};
use rhymedb::ingest::{Progress, Stage};
use rhymedb::{Control, Database, Error, SeriesKey, Target, Timestamp, View};

use super::journal::Journal;
use super::records::{Queued, Record};
use crate::failure::Outcome;
use crate::global::Global;
use crate::progress::notice;
use crate::text::{grouped, legible};

/// Closes that are decided and noted together.
const BATCH: usize = 256;

pub(super) struct Decider<'a> {
    pub(super) global: &'a Global,
    pub(super) db: &'a Database,
    pub(super) control: &'a Control,
    pub(super) rules: Vec<Rule>,
    pub(super) series: Vec<SeriesKey>,
    /// Where a rule begins that was never watched on a series.
    pub(super) since: Option<Timestamp>,
    /// Closes of which it was said that a rule cannot be asked at them.
    pub(super) unasked: BTreeSet<(usize, usize)>,
}

/// A close that is due, by the places of its rule and its series.
struct Due {
    rule: usize,
    series: usize,
    close: DueClose,
}

impl Decider<'_> {
    /// Every rule on every series, by their places.
    fn pairs(&self) -> impl Iterator<Item = (usize, &Rule, usize, &SeriesKey)> {
        let rules = self.rules.iter().enumerate();
        rules.flat_map(|(r, rule)| {
            let series = self.series.iter().enumerate();
            series.map(move |(s, key)| (r, rule, s, key))
        })
    }

    fn view(&self) -> View {
        self.db.now().controlled(self.control)
    }

    /// Refuses a rule that cannot be asked about a series at all.
    pub(super) fn check(&self, journal: &Journal) -> Outcome {
        let view = self.view();
        for (_, rule, _, key) in self.pairs() {
            if view.latest_close(rule, key)?.is_none() {
                return Err(Error::NotFound {
                    what: "window of",
                    name: key.to_string(),
                    hint_text: format!(
                        "the rule {} needs one, which takes 64 bars without a gap in most spaces; bring in more of its history",
                        rule.name
                    ),
                }
                .into());
            }
            let known = journal.watched(&rule.fingerprint(), key);
            if let (Some(known), Some(_)) = (known, self.since) {
                let last = known
                    .decided()
                    .last()
                    .map_or(known.base(), |(close, _)| close);
                let text = format!(
                    "note: {} is watched on {key} already, so --since does not count for it; it goes on after {last}",
                    rule.name
                );
                notice(self.global, &legible(&text));
            }
        }
        Ok(())
    }

    /// Decides all closes before `horizon` that are due, batch by batch; `deliver` is called after each. Whether
    /// some that are due have to wait.
    pub(super) fn decide(
        &mut self,
        horizon: Timestamp,
        journal: &mut Journal,
        to: &[String],
        mut deliver: impl FnMut(&mut Journal) -> Outcome,
    ) -> Outcome<bool> {
        let view = self.view();
        self.begin(&view, journal)?;
        let mut due = self.due(&view, journal)?;
        let found = due.len();
        due.retain(|due| due.close.window.end < horizon);
        let held = due.len() < found;
        due.sort_by_key(|due| (due.close.window.end, due.rule, due.series));
        let total = due.len();
        if total > BATCH {
            let closes = grouped(total as u64);
            let text = format!("asking at {closes} closes that are due, the oldest first");
            notice(self.global, &text);
        }
        for (i, batch) in due.chunks(BATCH).enumerate() {
            if total > BATCH {
                let done = (i * BATCH) as u64;
                let (stage, total) = (Stage::Ask, total as u64);
                self.control.show(Progress { stage, done, total })?;
            }
            let asked = batch.par_iter().map(|due| self.ask(&view, due));
            let signals = asked.collect::<Result<Vec<Signal>, Error>>()?;
            let records = self.records(journal, batch, &signals, to)?;
            journal.note(&records)?;
            deliver(journal)?;
        }
        self.tell_unasked(&view, horizon, journal)?;
        Ok(held)
    }

    /// Notes where rules begin that were never watched on a series.
    fn begin(&self, view: &View, journal: &mut Journal) -> Outcome {
        let mut records = Vec::new();
        for (_, rule, _, key) in self.pairs() {
            if journal.watched(&rule.fingerprint(), key).is_some() {
                continue;
            }
            let first = match self.since {
                Some(since) => Some(since),
                None => view.latest_close(rule, key)?,
            };
            if let Some(first) = first {
                records.push(Journal::begin(rule, key, first.plus_millis(-1)));
            }
        }
        Ok(journal.note(&records)?)
    }

    fn due(&self, view: &View, journal: &Journal) -> Result<Vec<Due>, Error> {
        let mut all = Vec::new();
        for (r, rule, s, key) in self.pairs() {
            self.control.check()?;
            let Some(watched) = journal.watched(&rule.fingerprint(), key) else {
                continue;
            };
            let closes = view.closes_due(rule, watched)?.into_iter();
            all.extend(closes.map(|close| Due {
                rule: r,
                series: s,
                close,
            }));
        }
        Ok(all)
    }

    fn rule(&self, due: &Due) -> Result<&Rule, Error> {
        let none = || Error::Invalid("a close is due of no rule".to_owned());
        self.rules.get(due.rule).ok_or_else(none)
    }

    fn ask(&self, view: &View, due: &Due) -> Result<Signal, Error> {
        view.signal(self.rule(due)?, &Target::from(&due.close.window))
    }

    /// What is to be noted of a batch.
    fn records(
        &self,
        journal: &Journal,
        batch: &[Due],
        signals: &[Signal],
        to: &[String],
    ) -> Outcome<Vec<Record>> {
        // As they are after those of the batch that were decided before.
        let mut watched: BTreeMap<(usize, usize), WatchedRule> = BTreeMap::new();
        let mut number = journal.next();
        let mut records = Vec::with_capacity(batch.len());
        for (due, signal) in batch.iter().zip(signals) {
            let (rule, key) = (self.rule(due)?.fingerprint(), &due.close.window.series);
            let of = (due.rule, due.series);
            let known = match watched.entry(of) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => {
                    let Some(known) = journal.watched(&rule, key) else {
                        continue;
                    };
                    free.insert(known.clone())
                }
            };
            let close = due.close.window.end;
            let alert = known.decide(&due.close, signal);
            let Some(said) = known.at(close).copied() else {
                continue; // It is further back than is remembered.
            };
            let queued = match &alert {
                None => None,
                Some(alert) => {
                    self.tell_corrected(alert);
                    let line = serde_json::to_string(&AlertRow::from(alert))
                        .map_err(std::io::Error::from)?;
                    number += 1;
                    Some(Queued {
                        number: number - 1,
                        line,
                        to: to.to_vec(),
                    })
                }
            };
            records.push(Record::Decided {
                rule,
                series: key.to_string(),
                close,
                said,
                alert: queued,
            });
        }
        Ok(records)
    }

    fn tell_corrected(&self, alert: &Alert) {
        if alert.kind != AlertKind::Corrected {
            return;
        }
        let (signal, window) = (&alert.signal, &alert.signal.window);
        let text = format!(
            "note: bars of {} were corrected: {} says something else at {} than it did",
            window.series, signal.rule, window.end
        );
        notice(self.global, &legible(&text));
    }

    /// Says once of a rule and a series that its newest close has no window to ask about.
    fn tell_unasked(&mut self, view: &View, horizon: Timestamp, journal: &Journal) -> Outcome {
        let stored = view.series()?;
        let mut now = BTreeSet::new();
        let mut told = Vec::new();
        for (r, rule, s, key) in self.pairs() {
            let info = stored.iter().find(|info| info.key == *key);
            let last = info
                .and_then(|info| info.last)
                .filter(|last| *last < horizon);
            let watched = journal.watched(&rule.fingerprint(), key);
            let (Some(last), Some(watched)) = (last, watched) else {
                continue;
            };
            if last > watched.base() && watched.at(last).is_none() {
                now.insert((r, s));
                told.push(((r, s), format!(
                    "note: {} cannot be asked at {last} of {key}, which has no window there: bars are missing before it, or its bars do not move, or its space has no vector of it",
                    rule.name
                )));
            }
        }
        for (of, text) in told {
            if !self.unasked.contains(&of) {
                notice(self.global, &legible(&text));
            }
        }
        self.unasked = now;
        Ok(())
    }
}
