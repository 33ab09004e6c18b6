//! Whether the tables of a catalog agree with one another.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{CatalogUse, ReadTxn};
use super::codec;
use super::headlines::content_hash;
use super::records::{SegmentId, SegmentRecord, SeriesId, SpaceId};
use super::tables::{
    BLOCKS, BY_CONTENT, BY_SYMBOL, BY_TIME, DEAD, EXTENTS, FLAT, FRESH, HEADLINES, META, PENDING,
    SEGMENTS, SERIES_BY_NAME, TAIL,
};
use crate::error::{Error, Result};
use crate::model::Headline;

impl ReadTxn {
    /// Decodes every value but the bars, and checks that the tables name only what is stored.
    /// Returns the number of headlines.
    ///
    /// # Errors
    /// The first defect, as [`Error::Corrupt`] with the table.
    pub(crate) fn check_tables(&self) -> Result<u64> {
        let series = self.check_series()?;
        let spaces = self.check_spaces()?;
        self.check_bar_keys(&series)?;
        self.check_row_keys(&series, &spaces)?;
        self.check_segments(&spaces)?;
        self.check_weights_used()?;
        let headlines = self.check_headlines()?;
        self.check_headline_rows(&spaces)?;
        self.check_text_models(&spaces)?;
        self.check_prototypes()?;
        self.check_files_read()?;
        self.check_made()?;
        self.check_tags()?;
        self.check_attributes()?;
        self.check_commits()?;
        Ok(headlines)
    }

    pub(super) fn wrong(&self, table: &str, detail: String) -> Error {
        Error::corrupt(self.path(), table, detail)
    }

    pub(super) fn known(&self, table: &str, what: &str, id: u64, known: bool) -> Result<()> {
        if known {
            return Ok(());
        }
        Err(self.wrong(
            table,
            format!("it names the {what} {id}, which is not stored"),
        ))
    }

    /// A number that was given must lie below the next one that will be.
    pub(super) fn check_counter(&self, counter: &str, largest: Option<u64>) -> Result<()> {
        let meta = self.table(META)?;
        let next = meta.get(counter)?.map_or(1, |v| v.value());
        match largest {
            Some(used) if used >= next => Err(self.wrong(
                "meta",
                format!("expected {counter} above {used}, found {next}"),
            )),
            _ => Ok(()),
        }
    }

    fn check_series(&self) -> Result<BTreeSet<SeriesId>> {
        let all = self.all_series()?;
        let names = self.table(SERIES_BY_NAME)?;
        for (id, record) in &all {
            let name = record.key.to_string();
            let named = names.get(name.as_str())?.map(|v| v.value());
            if named != Some(*id) || record.key.check().is_err() {
                return Err(self.wrong(
                    "series_by_name",
                    format!("expected series {id} under the name {name}, found {named:?}"),
                ));
            }
        }
        let count = names.len()?;
        if count != all.len() as u64 {
            return Err(self.wrong(
                "series_by_name",
                format!("expected {} names of series, found {count}", all.len()),
            ));
        }
        let ids: BTreeSet<SeriesId> = all.into_iter().map(|(id, _)| id).collect();
        self.check_counter("next_series", ids.last().map(|&id| id.into()))?;
        Ok(ids)
    }

    fn check_spaces(&self) -> Result<BTreeSet<SpaceId>> {
        let mut names = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (id, record) in self.all_spaces()? {
            ids.insert(id);
            if let Some(twice) = names.replace(record.space.name) {
                return Err(self.wrong("spaces", format!("two spaces are named {twice}")));
            }
        }
        self.check_counter("next_space", ids.last().map(|&id| id.into()))?;
        Ok(ids)
    }

    fn check_bar_keys(&self, series: &BTreeSet<SeriesId>) -> Result<()> {
        let known =
            |table, id: SeriesId| self.known(table, "series", id.into(), series.contains(&id));
        for item in self.table(BLOCKS)?.iter()? {
            known("bar_blocks", item?.0.value().0)?;
        }
        for item in self.overlaid(TAIL)?.iter()? {
            known("bar_tail", item?.0.0)?;
        }
        for item in self.overlaid(EXTENTS)?.iter()? {
            known("bar_extents", item?.0)?;
        }
        Ok(())
    }

    fn check_row_keys(
        &self,
        series: &BTreeSet<SeriesId>,
        spaces: &BTreeSet<SpaceId>,
    ) -> Result<()> {
        let known = |table, (space, id): (SpaceId, SeriesId)| {
            self.known(table, "space", space.into(), spaces.contains(&space))?;
            self.known(table, "series", id.into(), series.contains(&id))
        };
        for item in self.overlaid(FRESH)?.iter()? {
            let (space, id, _) = item?.0;
            known("fresh_rows", (space, id))?;
        }
        for item in self.overlaid(FLAT)?.iter()? {
            let (space, id, _) = item?.0;
            known("flat_windows", (space, id))?;
        }
        for item in self.overlaid(PENDING)?.iter()? {
            let ((space, id, first), last) = item?;
            known("pending_windows", (space, id))?;
            let last = last.value();
            if last < first {
                return Err(self.wrong(
                    "pending_windows",
                    format!("expected a range of time, found {first} to {last} ms"),
                ));
            }
        }
        Ok(())
    }

    fn check_segments(&self, spaces: &BTreeSet<SpaceId>) -> Result<()> {
        let mut rows: BTreeMap<SegmentId, u32> = BTreeMap::new();
        for item in self.table(SEGMENTS)?.iter()? {
            let (key, value) = item?;
            let (space, id) = key.value();
            self.known("segments", "space", space.into(), spaces.contains(&space))?;
            let record: SegmentRecord = codec::decode(self.path(), "segments", value.value())?;
            if rows.insert(id, record.rows).is_some() {
                return Err(self.wrong("segments", format!("segment {id} is in two spaces")));
            }
        }
        self.check_counter("next_segment", rows.last_key_value().map(|(&id, _)| id))?;
        for item in self.table(DEAD)?.iter()? {
            let (key, end) = item?;
            let ((id, start), end) = (key.value(), end.value());
            let rows = rows.get(&id).copied();
            self.known("dead_rows", "segment", id, rows.is_some())?;
            if start >= end || Some(end) > rows {
                return Err(self.wrong(
                    "dead_rows",
                    format!("segment {id} has {rows:?} rows, and {start} to {end} are called dead"),
                ));
            }
        }
        Ok(())
    }

    /// Every headline must be found by its time, its content and its symbols, and nothing else.
    fn check_headlines(&self) -> Result<u64> {
        let by_time = self.table(BY_TIME)?;
        let by_content = self.table(BY_CONTENT)?;
        let by_symbol = self.table(BY_SYMBOL)?;
        let (mut headlines, mut symbols, mut largest) = (0, 0, None);
        for item in self.table(HEADLINES)?.iter()? {
            let (key, value) = item?;
            let id = key.value();
            let headline: Headline = codec::decode(self.path(), "headlines", value.value())?;
            let time = headline.time.millis();
            let lost =
                |index: &str| self.wrong(index, format!("the headline {id} is not found by it"));
            if by_time.get((time, id))?.is_none() {
                return Err(lost("headlines_by_time"));
            }
            let content = by_content.get(content_hash(&headline))?;
            if content.map(|v| v.value()) != Some(id) {
                return Err(lost("headlines_by_content"));
            }
            for symbol in headline.symbols.iter().collect::<BTreeSet<_>>() {
                let key = (symbol.as_str(), time, id);
                if by_symbol.get(key)?.is_none() {
                    return Err(lost("headlines_by_symbol"));
                }
                symbols += 1;
            }
            headlines += 1;
            largest = Some(id);
        }
        let counts = [
            ("headlines_by_time", headlines, by_time.len()),
            ("headlines_by_content", headlines, by_content.len()),
            ("headlines_by_symbol", symbols, by_symbol.len()),
        ];
        for (index, expected, found) in counts {
            let found = found?;
            if found != expected {
                let detail = format!("expected {expected} entries, found {found}");
                return Err(self.wrong(index, detail));
            }
        }
        self.check_counter("next_headline", largest)?;
        Ok(headlines)
    }
}
