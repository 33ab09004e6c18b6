//! What only a part has, into a database, as it is: bars, segment files, rows, spaces. Headlines and notes are in
//! `merge_notes`.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::chart_space::await_all;
use super::merge_notes::{Noted, take_notes};
use super::merge_part::MergedPart;
use crate::db::control::{Control, Stage};
use crate::db::inner::Inner;
use crate::db::segment::{NewSegment, copy_segment};
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::error::{Error, Result};
use crate::index::RowSet;
use crate::model::{Modality, Timestamp};
use crate::store::{BarReads, FreshRow, MadeReads, Pending, RowReads, SeriesId, SpaceId, WriteTxn};

/// Bars that are read and stored at a time.
const BARS: usize = 1 << 20;

/// A part on its way into a transaction.
pub(super) struct Link<'a> {
    inner: &'a Inner,
    txn: &'a WriteTxn,
    source: &'a Snapshot,
    before: &'a Snapshot,
    progress: Copied<'a>,
    /// By the numbers that series have in the part: those of series that are new here.
    new: BTreeMap<SeriesId, SeriesId>,
    /// The same of all that segments name. Rows of series that are not new are dead, under numbers of no series.
    numbers: BTreeMap<SeriesId, SeriesId>,
    spaces: BTreeMap<SpaceId, SpaceId>,
    written: Vec<NewSegment<'a>>,
    noted: Noted,
    report: MergedPart,
}

/// Bytes that were copied, for whoever watches.
struct Copied<'a> {
    control: &'a Control,
    done: Cell<u64>,
    total: u64,
}

impl Copied<'_> {
    fn more(&self, bytes: u64) -> Result<()> {
        let done = self.done.get() + bytes;
        self.done.set(done);
        self.control.report(Stage::Copy, done, self.total)
    }
}

/// The series of a part that a database does not have. One that is made of another comes if that other does.
pub(super) fn new_series(source: &Snapshot, before: &Snapshot) -> Result<BTreeSet<SeriesId>> {
    let made = source.txn.made_series()?;
    let is_absent = |id: &SeriesId| {
        let record = source.series.get(id);
        record.is_some_and(|record| before.id_of(&record.key).is_none())
    };
    let mut new = BTreeSet::new();
    for &id in source.series.keys() {
        let mut at = Some(id);
        while let Some(one) = at.filter(is_absent) {
            at = made.get(&one).copied();
            if at.is_none() {
                new.insert(id);
            }
        }
    }
    Ok(new)
}

impl<'a> Link<'a> {
    pub(super) fn new(
        (inner, txn): (&'a Inner, &'a WriteTxn),
        (source, before): (&'a Snapshot, &'a Snapshot),
        control: &'a Control,
    ) -> Result<Self> {
        Ok(Self {
            inner,
            txn,
            source,
            before,
            progress: Copied {
                control,
                done: Cell::new(0),
                total: source.segment_bytes(),
            },
            new: BTreeMap::new(),
            numbers: BTreeMap::new(),
            spaces: BTreeMap::new(),
            written: Vec::new(),
            noted: Noted::default(),
            report: MergedPart::default(),
        })
    }

    /// Takes in all that is new.
    ///
    /// # Errors
    /// Those of reading the part and of writing; [`Error::Interrupted`]. Then the transaction is to be dropped.
    pub(super) fn everything(&mut self) -> Result<()> {
        self.add_spaces()?;
        self.number_series()?;
        self.copy_bars()?;
        let source = self.source;
        for state in &source.spaces {
            if !self.new.is_empty() {
                self.take_rows(state)?;
            }
        }
        self.await_other_spaces()?;
        let control = self.progress.control;
        let from = (self.source, self.before);
        self.noted = take_notes(self.txn, from, (&self.spaces, &self.new), control)?;
        Ok(())
    }

    /// Keeps the files, whose names stand in the transaction. Whether there is anything to commit.
    pub(super) fn done(self, report: &mut MergedPart) -> bool {
        let changed =
            !self.new.is_empty() || self.report.spaces_added > 0 || self.noted.is_changed();
        self.written.into_iter().for_each(NewSegment::keep);
        *report = MergedPart {
            folder: std::mem::take(&mut report.folder),
            headlines_added: self.noted.headlines,
            notes_added: self.noted.notes,
            ..self.report
        };
        changed
    }

    /// Finds the spaces here that have the names of the part's; those that are not here are made.
    fn add_spaces(&mut self) -> Result<()> {
        for state in &self.source.spaces {
            let named = |s: &&SpaceState| s.space().name == state.space().name;
            if let Some(here) = self.before.spaces.iter().find(named) {
                self.spaces.insert(state.id, here.id);
                continue;
            }
            if let Some(weights) = state.weights()? {
                self.txn.put_weights(weights.hash(), weights.bytes())?;
            }
            let id = self.txn.add_space(state.space())?;
            if state.space().encoder.modality == Modality::Chart {
                // The series that are here already; the part's have no number yet.
                await_all(self.txn, id)?;
            }
            self.spaces.insert(state.id, id);
            self.report.spaces_added += 1;
        }
        Ok(())
    }

    /// Gives numbers to the series of the part, in their order: so rows stay sorted.
    fn number_series(&mut self) -> Result<()> {
        let new = new_series(self.source, self.before)?;
        if new.is_empty() {
            return Ok(());
        }
        let mut named = BTreeSet::new();
        for (segment, _) in self.source.spaces.iter().flat_map(|s| &s.segments) {
            named.extend(segment.directory()?.iter().map(|rows| rows.series()));
        }
        let all: BTreeSet<SeriesId> = new.union(&named).copied().collect();
        for id in all {
            let number = match self.source.series.get(&id).filter(|_| new.contains(&id)) {
                Some(record) => {
                    let number = self.txn.ensure_series(&record.key, record.calendar)?;
                    self.new.insert(id, number);
                    number
                }
                None => self.txn.skip_series_number()?,
            };
            self.numbers.insert(id, number);
        }
        for (made, source) in self.source.txn.made_series()? {
            if let (Some(&made), Some(&source)) = (self.new.get(&made), self.new.get(&source)) {
                self.txn.put_made(made, source)?;
            }
        }
        // Segments may have more rows than anybody who follows wants to be told of.
        self.txn.note_unknown();
        self.txn.note_changed_after(i64::MIN);
        self.report.series_added = self.new.len() as u64;
        Ok(())
    }

    fn copy_bars(&mut self) -> Result<()> {
        for (&from, &to) in &self.new {
            let Some(extent) = self.source.txn.bar_extent(from)? else {
                continue;
            };
            let mut first = extent.first;
            loop {
                self.progress.more(0)?;
                let at = Timestamp::from_millis(first);
                let bars = self.source.bars_from(from, at, BARS)?;
                let Some(&last) = bars.time.last() else {
                    break;
                };
                let stored = self.txn.bar_extent(to)?;
                let change = self.txn.merge_bars(to, &bars, stored)?;
                self.report.bars_added += change.added;
                first = last.saturating_add(1);
            }
        }
        Ok(())
    }

    /// The rows of the new series in a space.
    fn take_rows(&mut self, state: &SpaceState) -> Result<()> {
        let space = self.space(state.id)?;
        for (segment, dead) in &state.segments {
            let directory = segment.directory()?;
            let of_new = |id: SeriesId| self.new.contains_key(&id);
            let rows = directory.iter().filter(|rows| of_new(rows.series()));
            let live = RowSet::from_ranges(rows.map(|rows| rows.rows())).subtract(dead);
            if live.is_empty() {
                self.progress.more(segment.len())?;
                continue;
            }
            segment.verify()?;
            let entries = directory.renumbered(|id| self.number(id))?;
            let id = self.txn.next_segment_id()?;
            let files = &self.inner.files;
            let more = |bytes: u64| self.progress.more(bytes);
            let copied = copy_segment(files, id, segment, &entries, &more)?;
            self.txn.add_segment(space, id, &copied.record)?;
            let all = RowSet::all(segment.record.rows);
            for range in all.subtract(&live).ranges() {
                self.txn.add_dead(id, range.clone())?;
            }
            self.report.windows_taken += live.len() as u64;
            self.report.segments += 1;
            self.report.segment_bytes += copied.record.len;
            self.written.push(copied);
        }
        self.take_unsealed(state.id, space)
    }

    /// Rows in no segment, windows without a vector and those that wait.
    fn take_unsealed(&mut self, from: SpaceId, to: SpaceId) -> Result<()> {
        let rows = self.source.txn.fresh_rows(from)?.into_iter();
        let rows = rows.filter_map(|row| {
            let series = *self.new.get(&row.series)?;
            Some(FreshRow { series, ..row })
        });
        let rows: Vec<FreshRow> = rows.collect();
        self.report.windows_taken += rows.len() as u64;
        self.txn.put_fresh(to, rows)?;
        for (&old, &series) in &self.new {
            let ends = self.source.txn.flat_ends(from, old)?;
            self.txn.put_flat(to, series, &ends)?;
        }
        for pending in self.source.txn.pending(from)? {
            if let Some(&series) = self.new.get(&pending.series) {
                self.txn.add_pending(to, Pending { series, ..pending })?;
            }
        }
        Ok(())
    }

    /// In spaces that the part does not have, the windows of its series wait.
    fn await_other_spaces(&self) -> Result<()> {
        let taken: BTreeSet<SpaceId> = self.spaces.values().copied().collect();
        let charts = |s: &&SpaceState| s.space().encoder.modality == Modality::Chart;
        let others = self.before.spaces.iter().filter(charts);
        for state in others.filter(|s| !taken.contains(&s.id)) {
            for &series in self.new.values() {
                if let Some(extent) = self.txn.bar_extent(series)? {
                    let pending = Pending {
                        series,
                        first: extent.first,
                        last: extent.last,
                    };
                    self.txn.add_pending(state.id, pending)?;
                }
            }
        }
        Ok(())
    }

    fn space(&self, id: SpaceId) -> Result<SpaceId> {
        let here = self.spaces.get(&id).copied();
        here.ok_or_else(|| Error::internal(format!("the space {id} of a part is not here")))
    }

    fn number(&self, id: SeriesId) -> Result<SeriesId> {
        let here = self.numbers.get(&id).copied();
        here.ok_or_else(|| Error::internal(format!("the series {id} of a part has no number")))
    }
}
