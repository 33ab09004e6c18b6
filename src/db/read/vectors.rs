//! The stored vectors themselves, for whoever wants to work with them elsewhere.

use std::ops::RangeInclusive;

use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::index::{RowSet, Rows};
use crate::model::{SeriesKey, Space, Timestamp};
use crate::store::{Directory, SeriesId};

/// The vectors that a space has of one series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesVectors {
    /// The series.
    pub series: SeriesKey,
    /// When each window closed, ascending.
    pub ends: Vec<Timestamp>,
    /// D values a window, of unit length, in the order of `ends`.
    pub values: Vec<f32>,
}

impl View {
    /// Gives the vectors of a space to `each`, one series after the other, and returns the space. They are as they are stored: of unit length, in 16-bit fixed point relative to their
    /// largest component. `None` is the default space. Without `series` it is all of them by name, and
    /// windows that closed in `from..=to` and before the view's time count.
    ///
    /// ```
    /// use rhymedb::Database;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    ///
    /// let mut windows = 0;
    /// let space = db.now().vectors(None, &[], None, None, |one| {
    ///     windows += one.ends.len();
    ///     assert_eq!(one.values.len(), one.ends.len() * 48);
    ///     Ok(())
    /// })?;
    /// assert_eq!(space.encoder.dim, 48);
    /// assert!(windows > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such space or series, and those of `each`.
    pub fn vectors(
        &self,
        space: Option<&str>,
        series: &[SeriesKey],
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        mut each: impl FnMut(SeriesVectors) -> Result<()>,
    ) -> Result<Space> {
        let range = from.map_or(i64::MIN, Timestamp::millis)..=self.clamp(to).millis();
        let (state, wanted) = self.look(|snapshot| {
            let state = snapshot.space(space)?;
            Ok((state.id, wanted(snapshot, series)?))
        })?;
        for (key, id) in wanted {
            // Damage is looked for here; an error of the caller's own is none.
            let found = self.look(|snapshot| {
                let state = snapshot.space_by_id(state);
                state.map_or(Ok(None), |s| of_series(s, id, &range).map(Some))
            })?;
            if let Some((ends, values)) = found.filter(|(ends, _)| !ends.is_empty()) {
                each(SeriesVectors {
                    series: key,
                    ends,
                    values,
                })?;
            }
        }
        self.look(|snapshot| Ok(snapshot.space(space)?.space().clone()))
    }
}

/// The series that are asked for, by name.
fn wanted(snapshot: &Snapshot, series: &[SeriesKey]) -> Result<Vec<(SeriesKey, SeriesId)>> {
    if series.is_empty() {
        let all = snapshot.series.iter();
        let mut all: Vec<_> = all.map(|(&id, s)| (s.key.clone(), id)).collect();
        all.sort_by_cached_key(|(key, _)| key.to_string());
        return Ok(all);
    }
    let ids = series.iter().map(|key| match snapshot.id_of(key) {
        Some((id, _)) => Ok((key.clone(), id)),
        None => Err(Error::NotFound {
            what: "series",
            name: key.to_string(),
            hint_text: "`rhyme series` lists those that are stored".to_owned(),
        }),
    });
    ids.collect()
}

/// The ends and the vectors of the windows of a series that end in `ends`.
fn of_series(
    state: &SpaceState,
    id: SeriesId,
    ends: &RangeInclusive<i64>,
) -> Result<(Vec<Timestamp>, Vec<f32>)> {
    let mut found: Vec<(i64, Vec<f32>)> = Vec::new();
    let mut add = |directory: Directory<'_>, rows: Rows<'_>, dead: &RowSet| -> Result<()> {
        let Some(of_one) = directory.of_series(id) else {
            return Ok(());
        };
        let live =
            RowSet::from_ranges([of_one.ending_in(*ends.start(), *ends.end())]).subtract(dead);
        for row in live.ranges().iter().cloned().flatten() {
            if let Some(end) = of_one.end_of(row) {
                found.push((end, rows.vector(row)?));
            }
        }
        Ok(())
    };
    for (segment, dead) in &state.segments {
        add(segment.directory()?, segment.index()?.rows, dead)?;
    }
    let fresh = &state.fresh;
    add(fresh.directory()?, fresh.index().rows, &RowSet::default())?;
    found.sort_unstable_by_key(|(end, _)| *end);
    let ends = found.iter().map(|(end, _)| Timestamp::from_millis(*end));
    let ends = ends.collect();
    Ok((ends, found.into_iter().flat_map(|(_, v)| v).collect()))
}
