//! What commits changed, as far as it is kept, and whether that is sound.

use super::catalog::{CatalogUse, ReadTxn};
use super::codec;
use super::noted_change::NotedChange;
use super::number_commit::CHANGE_BYTES;
use super::tables::{APPENDS, CHANGES, META, WRITERS};
use crate::error::{Error, Result};
use crate::model::ChangePosition;

/// The changes of one commit, by its number.
pub(crate) type CommitRecord = (u64, Vec<NotedChange>);

impl ReadTxn {
    /// The last commit that has a number; its number is 0 if none has.
    pub(crate) fn last_commit(&self) -> Result<ChangePosition> {
        self.position(self.overlay.last)
    }

    /// The commit of a number, and who made it. A commit of before that was noted is of the writer 0.
    pub(super) fn position(&self, commit: u64) -> Result<ChangePosition> {
        let mut writer = 0;
        if let Some(table) = self.table_if_there(WRITERS)? {
            let noted = table.range(..=commit)?.next_back().transpose()?;
            writer = noted.map_or(0, |(_, writer)| writer.value());
        }
        Ok(ChangePosition::new(commit, writer))
    }

    /// The changes of all commits after one, in their order.
    ///
    /// # Errors
    /// [`Error::ChangesNotKept`] if they are not known any more, or never were.
    pub(crate) fn changes_after(&self, position: ChangePosition) -> Result<Vec<CommitRecord>> {
        let (commit, last) = (position.commit(), self.overlay.last);
        let table = self.table_if_there(CHANGES)?;
        let first = match &table {
            Some(table) => table.first()?.map(|(number, _)| number.value()),
            None => None,
        };
        // The state before the first commit that is kept is the oldest from which one can go on.
        let oldest = first.map_or(last, |first| first.saturating_sub(1));
        let kept = commit > 0 && (oldest..=last).contains(&commit);
        if !kept || self.position(commit)? != position {
            return Err(Error::ChangesNotKept {
                commit,
                oldest: oldest.max(1),
                newest: last,
                lost: kept,
            });
        }
        let Some(table) = table.filter(|_| commit < last) else {
            return Ok(Vec::new());
        };
        let mut records = Vec::new();
        for item in table.range(commit + 1..=last)? {
            let (number, value) = item?;
            let changes = codec::decode(self.path(), "changes", value.value())?;
            records.push((number.value(), changes));
        }
        Ok(records)
    }

    /// Records of commits must be those that the numbers in `meta` say, one after the other, and hold what
    /// can be.
    pub(super) fn check_commits(&self) -> Result<()> {
        let (folded, last) = (self.overlay.folded, self.overlay.last);
        if let Some(table) = self.table_if_there(APPENDS)? {
            // Those from the fold to the last commit were read when this transaction began.
            for item in table.iter()? {
                let number = item?.0.value();
                if number <= folded || number > last {
                    let detail =
                        format!("expected records {} to {last}, found {number}", folded + 1);
                    return Err(self.wrong("appends", detail));
                }
            }
        }
        let Some(table) = self.table_if_there(CHANGES)? else {
            return Ok(());
        };
        let (mut bytes, mut before, mut series, mut spaces) = (0, None, None, None);
        for item in table.iter()? {
            let (number, value) = item?;
            let number = number.value();
            if before.is_some_and(|before: u64| before.checked_add(1) != Some(number)) {
                let detail = format!("expected the record after {before:?}, found {number}");
                return Err(self.wrong("changes", detail));
            }
            before = Some(number);
            bytes += value.value().len() as u64;
            let changes: Vec<NotedChange> = codec::decode(self.path(), "changes", value.value())?;
            for change in &changes {
                series = series.max(change.series());
                spaces = spaces.max(change.space());
            }
        }
        if before.is_some_and(|newest| newest != last) {
            let detail = format!("expected records up to {last}, found {before:?}");
            return Err(self.wrong("changes", detail));
        }
        self.check_counter("next_series", series.map(u64::from))?;
        self.check_counter("next_space", spaces.map(u64::from))?;
        let meta = self.table(META)?;
        let noted = meta.get(CHANGE_BYTES)?.map_or(0, |v| v.value());
        if noted != bytes {
            let detail = format!("expected {CHANGE_BYTES} to be {bytes}, found {noted}");
            return Err(self.wrong("meta", detail));
        }
        Ok(())
    }
}
