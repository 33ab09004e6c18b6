//! From a query to a vector of a space.

use super::open_window::open_window;
use super::query::Query;
use super::spelled;
use super::tagged::tagged;
use super::tags::TagsLeftOut;
use super::vector_of::{query_of_bars, stored_query};
use crate::db::place::Place;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::encode::Shape;
use crate::error::{Error, Result, excerpt};
use crate::model::{Bars, Target, Window};
use crate::store::{PrototypeReads, PrototypeRecord, SeriesId};

pub(in crate::db) use super::vector_of::{ResolvedQuery, unit};

/// The space that a question goes to: that of the name; or the one of its prototype; or one that
/// reads text if the question has any; or the default one.
pub(in crate::db) fn space_of<'a>(
    snapshot: &'a Snapshot,
    name: Option<&str>,
    query: &Query,
) -> Result<&'a SpaceState> {
    if name.is_none()
        && let Some(prototype) = query.first_prototype()
    {
        let record = prototype_of(snapshot, prototype)?;
        let state = snapshot.space_by_id(record.space);
        return state.ok_or_else(|| {
            Error::internal(format!("the prototype {prototype} names no stored space"))
        });
    }
    if query.reads_text() {
        return snapshot.text_space(name);
    }
    snapshot.space(name)
}

/// A prototype by its name.
pub(in crate::db) fn prototype_of(snapshot: &Snapshot, name: &str) -> Result<PrototypeRecord> {
    let found = snapshot.txn.prototype(name)?;
    found.ok_or_else(|| Error::NotFound {
        what: "prototype",
        name: excerpt(name),
        hint_text: "`rhyme prototype list` lists those that are stored".to_owned(),
    })
}

/// The vector of a query in a space, as of a view.
pub(in crate::db) fn resolve(
    view: &View,
    snapshot: &Snapshot,
    state: &SpaceState,
    query: &Query,
) -> Result<ResolvedQuery> {
    match query {
        Query::Vector(vector) => {
            check_dimension(snapshot, state, vector)?;
            Ok(ResolvedQuery::of_vector(vector.clone()))
        }
        Query::Bars(bars) => encode_bars(state, bars, None),
        Query::Path(path) => encode_path(state, path),
        Query::Target(target) => resolve_target(view, snapshot, state, target),
        Query::Open(target, bar) => {
            let place = (view, snapshot);
            let (bars, window) = open_window(place, state.space(), target, *bar)?;
            encode_bars(state, &bars, Some(window))
        }
        Query::Text(text) => encode_text(state, text).map(ResolvedQuery::of_vector),
        Query::Prototype(name) => resolve_prototype(view, snapshot, state, name),
        Query::Tag(name) => resolve_tag(view, snapshot, state, name),
        Query::Sum(terms) => resolve_sum(view, snapshot, state, terms),
    }
}

/// Refuses a vector that is not of the space's dimension, and says which spaces have such vectors.
pub(in crate::db) fn check_dimension(
    snapshot: &Snapshot,
    state: &SpaceState,
    vector: &[f32],
) -> Result<()> {
    if vector.len() == state.dim() {
        return Ok(());
    }
    let fits = snapshot.spaces.iter().filter(|s| s.dim() == vector.len());
    let fits: Vec<&str> = fits.map(|s| s.space().name.as_str()).collect();
    let hint = match fits.as_slice() {
        [] => String::new(),
        [only] => format!("; the space {only} has such vectors"),
        several => format!("; the spaces {} have such vectors", several.join(", ")),
    };
    Err(Error::invalid(format!(
        "expected a vector of {} numbers for the space {}, found {}{hint}",
        state.dim(),
        state.space().name,
        vector.len()
    )))
}

/// The vector of a sentence.
pub(in crate::db) fn encode_text(state: &SpaceState, text: &str) -> Result<Vec<f32>> {
    if let Some((id, model)) = state.text_model()? {
        return unit(&state.ask_text_model((id, &model), text)?);
    }
    let encoder = match state.weights()?.filter(|w| w.config().reads_text()) {
        Some(weights) => weights
            .text_encoder()
            .map_err(|why| state.cannot_read(why))?,
        None => return Err(state.reads_no_text()),
    };
    encoder.encode_text(text)?.ok_or_else(|| {
        Error::invalid(format!(
            "expected a sentence with a word or a number, found {}; say what to look for",
            excerpt(text)
        ))
    })
}

fn resolve_prototype(
    view: &View,
    snapshot: &Snapshot,
    state: &SpaceState,
    name: &str,
) -> Result<ResolvedQuery> {
    let record = prototype_of(snapshot, name)?;
    if record.space != state.id {
        let own = snapshot.space_by_id(record.space);
        return Err(Error::invalid(format!(
            "the prototype {name} is of the space {}, and the question goes to {}; vectors of two spaces are never compared",
            own.map_or("?", |s| s.space().name.as_str()),
            state.space().name
        )));
    }
    let known = record.windows.iter().map(|w| w.end).max();
    if let (Some(known), Some(as_of)) = (known, view.as_of())
        && known > as_of
    {
        return Err(Error::invalid(format!(
            "the prototype {name} is made of windows up to {known}, which were not known at {as_of}; make one of earlier windows"
        )));
    }
    // A series that was deleted since has no windows that could be answers.
    let members = record.windows.iter().filter_map(|window| {
        let (series, _) = snapshot.id_of(&window.series)?;
        let end = window.end.millis();
        Some(Place { end, series })
    });
    Ok(ResolvedQuery {
        own: members.collect(),
        ..ResolvedQuery::of_vector(record.vector)
    })
}

/// The mean of the tagged windows that the view knows and that have a vector.
fn resolve_tag(
    view: &View,
    snapshot: &Snapshot,
    state: &SpaceState,
    name: &str,
) -> Result<ResolvedQuery> {
    let tagged = tagged((view, snapshot), state, Some(name))?;
    if tagged.windows.is_empty() {
        return Err(tagged.none_of(name, view));
    }
    let mut sum = vec![0.0_f64; state.dim()];
    for one in &tagged.windows {
        for (sum, x) in sum.iter_mut().zip(&one.vector) {
            *sum += f64::from(*x);
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length < 1e-6 {
        return Err(Error::invalid(format!(
            "expected windows of the tag {name} that have something in common, found ones that cancel each other out"
        )));
    }
    let own = tagged.windows.iter().map(|w| Place {
        end: w.tag.end.millis(),
        series: w.id,
    });
    Ok(ResolvedQuery {
        own: own.collect(),
        tags_left_out: tagged.left_out,
        ..ResolvedQuery::of_vector(sum.iter().map(|x| (x / length) as f32).collect())
    })
}

/// The sum of its terms' vectors. No answer lies near a window of any term. It shows the chart of the one
/// term that is added and has one; of several, or of one that is subtracted, none stands for the sum.
fn resolve_sum(
    view: &View,
    snapshot: &Snapshot,
    state: &SpaceState,
    terms: &[(f32, Query)],
) -> Result<ResolvedQuery> {
    let mut sum = vec![0.0_f64; state.dim()];
    let mut own = Vec::new();
    let mut tags_left_out = TagsLeftOut::default();
    let mut charts = Vec::new();
    for (weight, term) in terms {
        let mut part = resolve(view, snapshot, state, term)?;
        if !weight.is_finite() {
            return Err(Error::invalid(format!(
                "expected finite weights in a sum, found {weight}"
            )));
        }
        for (sum, x) in sum.iter_mut().zip(unit(&part.vector)?) {
            *sum += f64::from(*weight) * f64::from(x);
        }
        own.append(&mut part.own);
        tags_left_out = tags_left_out.and(part.tags_left_out);
        if *weight > 0.0 && part.has_a_chart() {
            charts.push(part);
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length < 1e-6 {
        return Err(Error::invalid(
            "expected a sum that is not zero, found one whose terms cancel each other out",
        ));
    }
    let vector = sum.iter().map(|x| (x / length) as f32).collect();
    let chart = match (charts.pop(), charts.is_empty()) {
        (Some(only), true) => only,
        _ => ResolvedQuery::of_vector(Vec::new()),
    };
    Ok(ResolvedQuery {
        vector,
        own,
        tags_left_out,
        ..chart
    })
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
        path: Some(path.to_vec()),
        ..ResolvedQuery::of_vector(vector)
    })
}

fn resolve_target(
    view: &View,
    snapshot: &Snapshot,
    state: &SpaceState,
    target: &Target,
) -> Result<ResolvedQuery> {
    let time = view.clamp(target.time);
    let series = spelled::series(view, snapshot, target)?;
    not_flat(stored_query((view, snapshot), state, series, time)?)
}

fn encode_bars(
    state: &SpaceState,
    bars: &Bars,
    window: Option<(SeriesId, Window)>,
) -> Result<ResolvedQuery> {
    not_flat(query_of_bars(state, bars, window)?)
}

fn not_flat(found: Option<ResolvedQuery>) -> Result<ResolvedQuery> {
    found.ok_or_else(|| {
        Error::invalid("the query's window is flat: its prices never change, so it has no shape")
    })
}
