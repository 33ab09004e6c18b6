//! The vectors of bars and of stored windows.

use std::sync::Arc;

use super::next_bar::weekdays_between;
use super::row_filter::RowFilter;
use super::search::Search;
use super::tags::TagsLeftOut;
use super::target::{last_window, stored_window};
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Modality, Timestamp, Window};
use crate::store::{SeriesId, SeriesRecord};

/// A query in the form in which it is compared.
pub(in crate::db) struct ResolvedQuery {
    /// Of any length but 0.
    pub(in crate::db) vector: Vec<f32>,
    /// Its stored window; of a sum that of its one added chart.
    pub(in crate::db) window: Option<(SeriesId, Window)>,
    /// The bars of its window, if it has any.
    pub(in crate::db) bars: Option<Bars>,
    /// The prices of a drawn path.
    pub(in crate::db) path: Option<Vec<f64>>,
    /// The stored windows that it is made of: no answer may lie near one of them.
    pub(in crate::db) own: Vec<Place>,
    /// When the first bar opened that its encoder read, if it read any.
    pub(in crate::db) read_from: Option<i64>,
    /// Tags that it names and that have no part in it.
    pub(in crate::db) tags_left_out: TagsLeftOut,
}

impl ResolvedQuery {
    pub(super) fn of_vector(vector: Vec<f32>) -> Self {
        Self {
            vector,
            window: None,
            bars: None,
            path: None,
            own: Vec::new(),
            read_from: None,
            tags_left_out: TagsLeftOut::default(),
        }
    }

    /// Weekdays without a bar before the open bar that it ends with.
    pub(in crate::db) fn weekdays_before_open(&self, open: Option<Bar>) -> u32 {
        let times = self.bars.as_ref().map(|bars| bars.time.as_slice());
        match (open, times.unwrap_or_default()) {
            (Some(open), [.., before, _]) => weekdays_between(*before, open.time.millis()),
            _ => 0,
        }
    }

    pub(super) fn has_a_chart(&self) -> bool {
        self.window.is_some() || self.bars.is_some() || self.path.is_some()
    }
}

/// The last window of a series that closed at or before a time. `None` if it is flat.
pub(super) fn stored_query(
    (view, snapshot): (&View, &Snapshot),
    state: &SpaceState,
    (id, series): (SeriesId, &SeriesRecord),
    time: Timestamp,
) -> Result<Option<ResolvedQuery>> {
    if state.space().encoder.modality == Modality::Chart {
        let window = state.space().encoder.window as usize;
        let reach = state.space().reach();
        let stored = last_window(snapshot, (id, series), window, reach, time)?;
        return query_of_bars(state, &stored.bars, Some((stored.id, stored.window)));
    }
    let everything = RowFilter {
        series: Some(Arc::new([id].into())),
        first_end: i64::MIN,
        last_end: time.millis(),
        windows: None,
    };
    let stored = Search::new(view, state, &everything)?.stored(id, time.millis())?;
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
    Ok(Some(ResolvedQuery {
        own: vec![Place { end, series: id }],
        window: Some((id, window)),
        ..ResolvedQuery::of_vector(vector)
    }))
}

/// The last window of some bars. `None` if it is flat.
pub(super) fn query_of_bars(
    state: &SpaceState,
    bars: &Bars,
    window: Option<(SeriesId, Window)>,
) -> Result<Option<ResolvedQuery>> {
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
    let encoded = encoder.encode_window(&last);
    let encoded = encoded.map_err(|e| {
        let asked = window.as_ref().map(|(_, window)| window.to_string());
        let asked = asked.unwrap_or_else(|| "bars of the question".to_owned());
        e.at(|| format!("{asked} in the space {}", state.space().name))
    });
    let Some(vector) = encoded? else {
        return Ok(None);
    };
    let shown = last.len() - state.space().encoder.window as usize;
    let own = window.as_ref().map(|(id, w)| Place {
        end: w.end.millis(),
        series: *id,
    });
    Ok(Some(ResolvedQuery {
        own: own.into_iter().collect(),
        window,
        read_from: last.time.first().copied(),
        bars: Some(last.slice(shown..last.len())),
        ..ResolvedQuery::of_vector(vector)
    }))
}

/// A vector at unit length.
pub(in crate::db) fn unit(vector: &[f32]) -> Result<Vec<f32>> {
    let squares: f64 = vector.iter().map(|&x| f64::from(x).powi(2)).sum();
    if !squares.is_finite() || squares == 0.0 {
        return Err(Error::invalid(
            "expected a vector of finite numbers that are not all zero, found one without a direction to compare",
        ));
    }
    let scale = 1.0 / squares.sqrt();
    Ok(vector
        .iter()
        .map(|&x| (f64::from(x) * scale) as f32)
        .collect())
}
