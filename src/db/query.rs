//! What a similarity search compares with, and how it becomes a vector.

use super::rank::Candidate;
use super::search::{RowFilter, Search};
use super::snapshot::{Snapshot, SpaceState};
use super::target::{self, stored_window};
use crate::encode::Shape;
use crate::error::{Error, Result};
use crate::index;
use crate::model::{Bars, Modality, Target, Timestamp, Window};
use crate::store::SeriesId;

/// What to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// A stored window.
    Target(Target),
    /// Bars of the caller's own; the last window of them counts.
    Bars(Bars),
    /// A vector of the space's dimension.
    Vector(Vec<f32>),
    /// A drawn path, for spaces of the encoder `shape`: at least 4 prices above 0 at equal
    /// distances in time. Neither their number nor their level nor the size of their moves
    /// matters; see [`crate::Shape::encode_path`].
    Path(Vec<f64>),
}

impl From<Target> for Query {
    fn from(target: Target) -> Self {
        Self::Target(target)
    }
}

impl From<Bars> for Query {
    fn from(bars: Bars) -> Self {
        Self::Bars(bars)
    }
}

impl From<Vec<f32>> for Query {
    fn from(vector: Vec<f32>) -> Self {
        Self::Vector(vector)
    }
}

/// A query in the form in which it is compared.
pub(super) struct ResolvedQuery {
    pub(super) vector: index::Query,
    pub(super) window: Option<(SeriesId, Window)>,
    /// The bars of its window, if it has any.
    pub(super) bars: Option<Bars>,
    /// The prices of a drawn path.
    pub(super) path: Option<Vec<f64>>,
}

impl ResolvedQuery {
    /// The window that no answer may lie near.
    pub(super) fn own(&self) -> Option<(SeriesId, i64)> {
        let window = self.window.as_ref();
        window.map(|(id, window)| (*id, window.end.millis()))
    }
}

/// Encodes a query as of `time`.
pub(super) fn resolve(
    snapshot: &Snapshot,
    state: &SpaceState,
    query: &Query,
    clamp: impl Fn(Option<Timestamp>) -> Timestamp,
) -> Result<ResolvedQuery> {
    match query {
        Query::Vector(vector) => {
            if vector.len() != state.dim() {
                return Err(Error::invalid(format!(
                    "expected a vector of {} numbers for the space {}, found {}",
                    state.dim(),
                    state.space().name,
                    vector.len()
                )));
            }
            Ok(ResolvedQuery {
                vector: index::Query::new(vector)?,
                window: None,
                bars: None,
                path: None,
            })
        }
        Query::Bars(bars) => encode_bars(state, bars, None),
        Query::Path(path) => encode_path(state, path),
        Query::Target(target) => resolve_target(snapshot, state, target, clamp(target.time)),
    }
}

fn encode_path(state: &SpaceState, path: &[f64]) -> Result<ResolvedQuery> {
    let spec = &state.space().encoder;
    if !spec.id.starts_with("shape/") {
        return Err(Error::invalid(format!(
            "expected a space of the encoder shape for a drawn path, found {} of {}; name such a space, or ask with bars",
            state.space().name,
            spec.id
        )));
    }
    let shape = Shape::new(spec.window as usize, spec.dim as usize)?;
    let vector = shape.encode_path(path)?.ok_or_else(|| {
        Error::invalid("the drawn path is flat: its prices never change, so it has no shape")
    })?;
    Ok(ResolvedQuery {
        vector: index::Query::new(&vector)?,
        window: None,
        bars: None,
        path: Some(path.to_vec()),
    })
}

fn resolve_target(
    snapshot: &Snapshot,
    state: &SpaceState,
    target: &Target,
    time: Timestamp,
) -> Result<ResolvedQuery> {
    let (id, series) = target::series(snapshot, target)?;
    if state.space().encoder.modality == Modality::Chart {
        let window = state.space().encoder.window as usize;
        let reach = state.space().reach();
        let stored = target::last_window(snapshot, (id, series), window, reach, time)?;
        return encode_bars(state, &stored.bars, Some((stored.id, stored.window)));
    }
    let everything = RowFilter {
        series: Some([id].into()),
        first_end: i64::MIN,
        last_end: time.millis(),
    };
    let stored = Search::new(state, &everything)?.stored(id, time.millis())?;
    let (end, vector) = stored.ok_or_else(|| Error::NotFound {
        what: "vector",
        name: format!("of {} in the space {}", series.key, state.space().name),
        hint_text: "name a series and a time that were imported into it".to_owned(),
    })?;
    let candidate = Candidate {
        series: id,
        end,
        score: 1.0,
    };
    let bars = state.space().encoder.window;
    let window = stored_window(snapshot, &candidate, series, bars)?;
    Ok(ResolvedQuery {
        vector: index::Query::new(&vector)?,
        window: Some((id, window)),
        bars: None,
        path: None,
    })
}

fn encode_bars(
    state: &SpaceState,
    bars: &Bars,
    window: Option<(SeriesId, Window)>,
) -> Result<ResolvedQuery> {
    let encoder = state.encoder()?;
    let reach = state.space().reach();
    if bars.len() < reach {
        return Err(Error::invalid(format!(
            "expected at least {reach} bars for the space {}, found {}",
            state.space().name,
            bars.len()
        )));
    }
    let last = bars.slice(bars.len() - reach..bars.len());
    let vector = encoder.encode_window(&last)?.ok_or_else(|| {
        Error::invalid("the query's window is flat: its prices never change, so it has no shape")
    })?;
    let shown = last.len() - state.space().encoder.window as usize;
    Ok(ResolvedQuery {
        vector: index::Query::new(&vector)?,
        window,
        bars: Some(last.slice(shown..last.len())),
        path: None,
    })
}
