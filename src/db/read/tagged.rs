//! The tagged windows that a view knows, with their vectors.

use std::ops::Range;

use super::tags::TagsLeftOut;
use super::vector_of::{ResolvedQuery, stored_query, unit};
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Modality, Tag, Window};
use crate::store::SeriesId;

/// A tagged window with its vector at unit length.
pub(super) struct Tagged {
    pub(super) tag: Tag,
    pub(super) id: SeriesId,
    pub(super) vector: Vec<f32>,
    /// From when to when its encoder read bars.
    pub(super) span: Range<i64>,
}

/// Tagged windows, and those that cannot be among them.
#[derive(Default)]
pub(super) struct TaggedWindows {
    pub(super) windows: Vec<Tagged>,
    pub(super) left_out: TagsLeftOut,
}

impl TaggedWindows {
    /// That there is none of a name.
    pub(super) fn none_of(&self, name: &str, view: &View) -> Error {
        let known = view
            .as_of()
            .map_or(String::new(), |t| format!(" that was known at {t}"));
        let hint_text = match self.left_out.total() {
            0 => "`rhyme tags` lists those that are stored".to_owned(),
            n => format!("of {n} tags: {}", self.left_out),
        };
        Error::NotFound {
            what: "tag",
            name: format!("{name} with a window{known}"),
            hint_text,
        }
    }
}

/// The windows of the tags of a name, or of all, that the view knows.
pub(super) fn tagged(
    (view, snapshot): (&View, &Snapshot),
    state: &SpaceState,
    name: Option<&str>,
) -> Result<TaggedWindows> {
    if state.space().encoder.modality == Modality::Chart {
        state.encoder()?;
    }
    let mut all = TaggedWindows::default();
    for tag in view.tags(name)? {
        view.go_on()?;
        // Tags are of the series of their name alone: another spelling is another instrument.
        let Some(series) = snapshot.id_of(&tag.series) else {
            all.left_out.without_series += 1;
            continue;
        };
        let found = match stored_query((view, snapshot), state, series, tag.end) {
            Err(Error::NotFound { .. }) => {
                all.left_out.without_window += 1;
                continue;
            }
            Ok(None) | Err(Error::Invalid(_)) => {
                all.left_out.without_vector += 1;
                continue;
            }
            Ok(Some(found)) => found,
            Err(other) => return Err(other),
        };
        let ResolvedQuery {
            vector,
            window: Some((id, window)),
            read_from,
            ..
        } = found
        else {
            return Err(Error::internal("a tag has a vector and no window"));
        };
        // Bars are gone since: the last whole window is an earlier one.
        if window.end == tag.end {
            all.windows.push(Tagged {
                span: span(&window, read_from),
                vector: unit(&vector)?,
                id,
                tag,
            });
        } else {
            all.left_out.without_window += 1;
        }
    }
    Ok(all)
}

/// From when to when the encoder of a window read bars.
pub(super) fn span(window: &Window, read_from: Option<i64>) -> Range<i64> {
    let start = window.start.millis();
    read_from.map_or(start, |t| t.min(start))..window.end.millis()
}
