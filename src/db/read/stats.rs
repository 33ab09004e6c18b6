use serde::Serialize;

use crate::db::database::Database;
use crate::db::files::Files;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::disk::{list, look_up};
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Interval, SeriesKey, Space, TextModel, Timestamp};
use crate::store::{
    BarExtent, BarReads, Catalog, CatalogUse, HeadlineReads, HeadlineRowReads, MadeReads, RowReads,
    SeriesId,
};

/// A stored series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesInfo {
    /// Its name.
    pub key: SeriesKey,
    /// Which missing bars are a gap.
    pub calendar: Calendar,
    /// The series whose bars it is made of, if it has none of its own.
    pub made_of: Option<SeriesKey>,
    /// Number of bars.
    pub bars: u64,
    /// Open time of the first bar, if there is one.
    pub first: Option<Timestamp>,
    /// Close time of the last bar, if there is one.
    pub last: Option<Timestamp>,
}

/// A stored space.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpaceInfo {
    /// Name, encoder and hop.
    pub space: Space,
    /// When it was made.
    pub created: Timestamp,
    /// Rows that can be found.
    pub rows: u64,
    /// Rows that are in no segment yet.
    pub fresh_rows: u64,
    /// Rows of segments that are dead and wait for compaction.
    pub dead_rows: u64,
    /// Windows without an embedding, because they are flat.
    pub flat_windows: u64,
    /// Ranges of windows that wait for their embedding.
    pub pending_ranges: u64,
    /// Segment files.
    pub segments: u64,
    /// Rows that the segments' graphs index.
    pub anchors: u64,
    /// Bytes of the segment files.
    pub segment_bytes: u64,
    /// Rows that a graph could not reach when it was built, and that were linked in.
    pub repaired_rows: u64,
    /// Headlines that have a vector in the space.
    pub headline_rows: u64,
    /// The model of a service that made those, if one did: see [`crate::Database::embed_headlines`].
    pub text_model: Option<TextModel>,
}

/// Bars as they are stored.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BarsReport {
    /// The series.
    pub key: SeriesKey,
    /// The bars.
    pub bars: Bars,
}

/// What a database holds and what it costs.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DatabaseStats {
    /// Series.
    pub series: u64,
    /// Bars.
    pub bars: u64,
    /// Bytes of the stored bars.
    pub bar_bytes: u64,
    /// Headlines.
    pub headlines: u64,
    /// Bytes of the catalog file.
    pub catalog_bytes: u64,
    /// Bytes of the catalog file that hold nothing.
    pub catalog_free_bytes: u64,
    /// Bytes of the segment files.
    pub segment_bytes: u64,
    /// Rows of all spaces that can be found.
    pub windows: u64,
    /// Rows that are in no segment yet.
    pub fresh_rows: u64,
    /// Rows that are dead and wait for compaction.
    pub dead_rows: u64,
    /// Windows without an embedding, because they are flat, one for each space.
    pub flat_windows: u64,
    /// Ranges of windows that wait for their embedding.
    pub pending_ranges: u64,
    /// Segment files.
    pub segments: u64,
    /// Rows that the segments' graphs index.
    pub anchors: u64,
    /// Segment bytes a row, dead rows included.
    pub bytes_per_window: f64,
}

impl View {
    /// The series that are stored, by name. A view of an earlier time has those of which a bar had closed by
    /// then, with the bars that had.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn series(&self) -> Result<Vec<SeriesInfo>> {
        self.look(|snapshot| series(snapshot, self.as_of()))
    }

    /// The spaces that are stored.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn spaces(&self) -> Result<Vec<SpaceInfo>> {
        self.look(spaces)
    }

    /// The bars of a series that closed in `from..=to` and before the view's time, at most the
    /// last `limit`.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such series.
    pub fn bars(
        &self,
        series: &SeriesKey,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: Option<usize>,
    ) -> Result<BarsReport> {
        let id = self.look(|snapshot| series_id(snapshot, series))?;
        let close = |open: i64| series.interval.close_of(Timestamp::from_millis(open));
        let last = self.clamp(to);
        let first_open = from.map_or(i64::MIN, |t| series.interval.open_of(t).millis());
        let mut bars = self.look(|snapshot| match (limit, series.interval) {
            // The last few are read without those before them.
            (Some(n), Interval::Fixed(_)) => {
                let last_open = series.interval.open_of(last).millis();
                snapshot.txn.bars_up_to(id, last_open, n)
            }
            _ => snapshot.txn.bars(id, first_open..=last.millis()),
        })?;
        let start = bars
            .time
            .partition_point(|&t| from.is_some_and(|from| close(t) < from));
        let end = bars.time.partition_point(|&t| close(t) <= last);
        let start = limit.map_or(start, |n| start.max(end.saturating_sub(n)));
        bars = bars.slice(start..end);
        Ok(BarsReport {
            key: series.clone(),
            bars,
        })
    }
}

fn series_id(snapshot: &Snapshot, key: &SeriesKey) -> Result<SeriesId> {
    let found = snapshot.txn.series_by_name(key)?;
    found.map(|(id, _)| id).ok_or_else(|| Error::NotFound {
        what: "series",
        name: key.to_string(),
        hint_text: "`rhyme series` lists those that are stored".to_owned(),
    })
}

fn series(snapshot: &Snapshot, as_of: Option<Timestamp>) -> Result<Vec<SeriesInfo>> {
    let mut all = Vec::new();
    let made = snapshot.txn.made_series()?;
    let key_of = |id: &SeriesId| snapshot.series.get(id).map(|source| source.key.clone());
    for (&id, record) in snapshot.series.iter() {
        let stored = snapshot.txn.bar_extent(id)?;
        let extent = match as_of {
            None => stored,
            Some(time) => match known_part(snapshot, (id, record.key.interval), stored, time)? {
                None => continue,
                known => known,
            },
        };
        all.push(SeriesInfo {
            made_of: made.get(&id).and_then(key_of),
            key: record.key.clone(),
            calendar: record.calendar,
            bars: extent.map_or(0, |e| e.count),
            first: extent.map(|e| Timestamp::from_millis(e.first)),
            last: extent.map(|e| record.key.interval.close_of(Timestamp::from_millis(e.last))),
        });
    }
    all.sort_by_cached_key(|s| s.key.to_string());
    Ok(all)
}

/// What had closed at a time of the bars of a series; `None` if nothing had.
fn known_part(
    snapshot: &Snapshot,
    (id, interval): (SeriesId, Interval),
    stored: Option<BarExtent>,
    time: Timestamp,
) -> Result<Option<BarExtent>> {
    let known = |open: i64| interval.close_of(Timestamp::from_millis(open)) <= time;
    let Some(all) = stored.filter(|all| known(all.first)) else {
        return Ok(None);
    };
    if known(all.last) {
        return Ok(Some(all));
    }
    let mut opens = snapshot.txn.bar_times(id, all.first..=time.millis())?;
    opens.truncate(opens.partition_point(|&open| known(open)));
    Ok(opens.last().map(|&last| BarExtent {
        last,
        count: opens.len() as u64,
        ..all
    }))
}

fn spaces(snapshot: &Snapshot) -> Result<Vec<SpaceInfo>> {
    let mut all = Vec::new();
    for state in &snapshot.spaces {
        let mut info = SpaceInfo {
            space: state.space().clone(),
            created: Timestamp::from_millis(state.record.created),
            rows: state.live_rows(),
            fresh_rows: state.fresh.len() as u64,
            dead_rows: 0,
            flat_windows: snapshot.txn.flat_count(state.id)?,
            pending_ranges: snapshot.txn.pending(state.id)?.len() as u64,
            segments: state.segments.len() as u64,
            anchors: 0,
            segment_bytes: 0,
            repaired_rows: 0,
            headline_rows: snapshot.txn.headline_row_count(state.id)?,
            text_model: state.text_model()?.map(|(_, record)| record.model),
        };
        for (segment, dead) in &state.segments {
            info.dead_rows += dead.len() as u64;
            info.anchors += segment.index()?.nodes() as u64;
            info.segment_bytes += segment.len();
            info.repaired_rows += u64::from(segment.record.repaired);
        }
        all.push(info);
    }
    Ok(all)
}

impl Files {
    /// Bytes of all files of the database.
    pub(in crate::db) fn bytes(&self) -> Result<u64> {
        let storage = self.storage.as_ref();
        let mut bytes = 0;
        for folder in [&self.dir, &self.segment("")] {
            let files = list(storage, folder)?;
            bytes += files.iter().map(|f| f.len).sum::<u64>();
        }
        Ok(bytes)
    }

    /// Bytes of the catalog file.
    pub(in crate::db) fn catalog_bytes(&self) -> Result<u64> {
        let found = look_up(self.storage.as_ref(), &self.dir.join(Catalog::FILE_NAME))?;
        Ok(found.map_or(0, |f| f.len))
    }
}

impl Database {
    /// What the database holds and what it costs: [`View::stats`] of now.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn stats(&self) -> Result<DatabaseStats> {
        self.now().stats()
    }
}

impl View {
    /// What the database holds and what it costs, of everything stored, also after the view's time. Reads the
    /// list of bars, so it takes longer the more there are.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn stats(&self) -> Result<DatabaseStats> {
        let spaces = self.spaces()?;
        let txn = &self.snapshot()?.txn;
        let (bar_bytes, bars) = txn.bar_sizes()?;
        let sum = |part: fn(&SpaceInfo) -> u64| spaces.iter().map(part).sum::<u64>();
        let anchors = sum(|s| s.anchors);
        let segment_bytes = sum(|s| s.segment_bytes);
        let catalog_bytes = self.open().files.catalog_bytes()?;
        Ok(DatabaseStats {
            series: self.snapshot()?.series.len() as u64,
            bars,
            bar_bytes,
            headlines: txn.headline_count()?,
            catalog_bytes,
            catalog_free_bytes: catalog_bytes.saturating_sub(txn.stored_bytes()?),
            segment_bytes,
            windows: sum(|s| s.rows),
            fresh_rows: sum(|s| s.fresh_rows),
            dead_rows: sum(|s| s.dead_rows),
            flat_windows: sum(|s| s.flat_windows),
            pending_ranges: sum(|s| s.pending_ranges),
            segments: sum(|s| s.segments),
            anchors,
            bytes_per_window: if anchors == 0 {
                0.0
            } else {
                segment_bytes as f64 / anchors as f64
            },
        })
    }
}
