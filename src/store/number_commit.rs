//! The number of a commit, its record, and when records are folded into the tables.

use super::append_record::AppendRecord;
use super::catalog::{NUMBERED_FORMAT, WriteTxn};
use super::codec;
use super::noted_change::NotedChanges;
use super::overlay::{Overlay, PerTable};
use super::read_overlay::{FOLDED_COMMIT, LAST_COMMIT};
use super::tables::{APPENDS, CHANGES, EXTENTS, FLAT, FRESH, META, PENDING, TAIL, WRITERS};
use crate::error::Result;

/// Bytes of records that are laid over the tables, at most. Whoever opens the catalog reads them all.
const MOST_RECORD_BYTES: usize = 12 << 20;
/// Commits whose changes are kept, at most.
const MOST_CHANGES: u64 = 1024;
/// Bytes of their changes, at most.
const MOST_CHANGE_BYTES: u64 = 16 << 20;
/// Bytes of the changes of one commit, at most: far below what a value of the catalog may have.
const MOST_BYTES_OF_A_COMMIT: usize = 8 << 20;
/// In `meta`: bytes of all values of the table `changes`.
pub(super) const CHANGE_BYTES: &str = "change_bytes";

impl WriteTxn {
    /// Gives this commit a number and writes its records, if it changed rows or headlines or laid entries over
    /// tables. Returns what is laid over the tables after it.
    pub(super) fn number(&self) -> Result<Overlay> {
        let noted = self.noted.take();
        self.fold_what_goes()?;
        let folded = self.over.each().iter().any(|over| over.borrow().folded);
        let laid = self.over.map(|over| over.borrow().rows.new_batch());
        let before = &self.overlay;
        let nothing_laid = laid.each().iter().all(|batch| batch.is_empty());
        let leaves_records = folded && before.last > before.folded;
        if noted.is_empty() && nothing_laid && !leaves_records {
            return Ok(before.clone());
        }
        let number = before.last + 1;
        self.require_format(NUMBERED_FORMAT)?;
        self.table_mut(META)?.insert(LAST_COMMIT, number)?;
        self.put_writer(number)?;
        self.put_changes(number, &noted)?;
        if !folded && number - before.folded < self.catalog.fold_every {
            let record = AppendRecord::encode(&laid)?;
            let bytes = before.bytes + record.len();
            if bytes <= MOST_RECORD_BYTES {
                self.table_mut(APPENDS)?.insert(number, record.as_slice())?;
                let mut overlay = before.clone();
                overlay.rows.lay(laid);
                overlay.last = number;
                overlay.bytes = bytes;
                return Ok(overlay);
            }
        }
        self.fold(number)
    }

    /// Folds the tables out of which this transaction takes entries.
    fn fold_what_goes(&self) -> Result<()> {
        self.overlaid_mut(TAIL)?.fold_what_goes()?;
        self.overlaid_mut(EXTENTS)?.fold_what_goes()?;
        self.overlaid_mut(FRESH)?.fold_what_goes()?;
        self.overlaid_mut(FLAT)?.fold_what_goes()?;
        self.overlaid_mut(PENDING)?.fold_what_goes()
    }

    /// Puts all that is laid over the tables into them.
    fn fold(&self, number: u64) -> Result<Overlay> {
        self.overlaid_mut(TAIL)?.fold()?;
        self.overlaid_mut(EXTENTS)?.fold()?;
        self.overlaid_mut(FRESH)?.fold()?;
        self.overlaid_mut(FLAT)?.fold()?;
        self.overlaid_mut(PENDING)?.fold()?;
        self.table_mut(APPENDS)?.clear(0..=u64::MAX)?;
        self.table_mut(META)?.insert(FOLDED_COMMIT, number)?;
        Ok(Overlay {
            rows: PerTable::default(),
            folded: number,
            last: number,
            bytes: 0,
        })
    }

    /// Notes who makes a commit, if it is not who made the one before.
    fn put_writer(&self, number: u64) -> Result<()> {
        let mut table = self.table_mut(WRITERS)?;
        let newest = table.last()?.map(|(_, writer)| writer.value());
        if newest == Some(self.catalog.writer) {
            return Ok(());
        }
        table.insert(number, self.catalog.writer)?;
        // Each wrote one commit at least, so those who are left wrote all whose changes are kept, and the one
        // before them.
        while table.len()? > MOST_CHANGES + 1 {
            let Some(oldest) = table.first()?.map(|(number, _)| number.value()) else {
                break;
            };
            table.remove(oldest)?;
        }
        Ok(())
    }

    /// Keeps what a commit changed, and forgets the oldest commits that are too much.
    fn put_changes(&self, number: u64, noted: &NotedChanges) -> Result<()> {
        let mut table = self.table_mut(CHANGES)?;
        let record = noted.list().map(codec::encode).transpose()?;
        let record = record.filter(|record| record.len() <= MOST_BYTES_OF_A_COMMIT);
        let Some(record) = record else {
            // Who followed so far misses this commit, so those before are of no use either.
            table.clear(0..=u64::MAX)?;
            return self.table_mut(META)?.insert(CHANGE_BYTES, 0);
        };
        let mut meta = self.table_mut(META)?;
        let known = meta.get(CHANGE_BYTES)?.map_or(0, |v| v.value());
        let mut bytes = known + record.len() as u64;
        table.insert(number, record.as_slice())?;
        while table.len()? > MOST_CHANGES || bytes > MOST_CHANGE_BYTES {
            let oldest = table.first()?.map(|(number, _)| number.value());
            let gone = match oldest {
                Some(oldest) => table.take(oldest, <[u8]>::len)?,
                None => None,
            };
            let Some(gone) = gone else { break };
            bytes = bytes.saturating_sub(gone as u64);
        }
        meta.insert(CHANGE_BYTES, bytes)
    }

    /// Lets programs refuse the catalog that read only formats below this one.
    pub(super) fn require_format(&self, format: u64) -> Result<()> {
        let mut meta = self.table_mut(META)?;
        let found = meta.get("format")?.map(|v| v.value());
        if found.is_some_and(|found| found >= format) {
            return Ok(());
        }
        meta.insert("format", format)
    }
}
