//! The spaces that hold headlines beside charts: those of an encoder of text, and imported ones into which
//! vectors of headlines came too.

use super::default_spaces::TEXT_SPACE;
use super::snapshot::{Snapshot, SpaceState};
use crate::error::{Error, Result};
use crate::model::Modality;
use crate::store::HeadlineRowReads;

impl SpaceState {
    /// Whether the space has an encoder of text, or a service to ask.
    pub(super) fn reads_text(&self) -> bool {
        let weights = self.weights();
        weights.is_ok_and(|w| w.is_some_and(|w| w.config().reads_text()))
            || self.text_model().is_ok_and(|model| model.is_some())
    }

    /// Why a sentence has no vector in this space, and what to do.
    pub(super) fn reads_no_text(&self) -> Error {
        let space = self.space();
        Error::invalid(match space.encoder.modality {
            Modality::Imported => format!(
                "expected a space with an encoder of text, found {0}, whose vectors were imported; ask with a vector of your own model (`rhyme search --vector FILE --space {0}`), or with words in a space like the one that `rhyme embed --space clip --encoder clip` makes",
                space.name
            ),
            _ => format!(
                "expected a space of charts and headlines, found {}, whose encoder {} reads no text; make one with `rhyme embed --space clip --encoder clip`",
                space.name, space.encoder.id
            ),
        })
    }

    /// Why an encoder of text cannot be used.
    pub(super) fn cannot_read(&self, why: Error) -> Error {
        let space = self.space();
        match why {
            Error::Invalid(why) => Error::invalid(format!(
                "the space {} was made by the encoder {}, which is not available: {why}",
                space.name, space.encoder.id
            )),
            other => other,
        }
    }

    fn holds_no_headlines(&self) -> Error {
        let space = self.space();
        match space.encoder.modality {
            Modality::Imported => Error::invalid(format!(
                "expected a space of charts and headlines, found {0}, into which no vectors of headlines were imported; bring them in with `rhyme import headline-vectors FILE --space {0}`",
                space.name
            )),
            _ => self.reads_no_text(),
        }
    }
}

impl Snapshot {
    /// Whether a space holds headlines beside charts.
    ///
    /// # Errors
    /// Those of the catalog, and of reading the weights of the space.
    pub(super) fn holds_headlines(&self, state: &SpaceState) -> Result<bool> {
        // Damage is to be named, not taken for a space without text.
        state.weights()?;
        let imported = state.space().encoder.modality == Modality::Imported;
        Ok(state.reads_text() || imported && self.txn.headline_mark(state.id)? > 0)
    }

    /// The space of that name, if it has an encoder of text; or the only one that has, or the one named
    /// [`TEXT_SPACE`].
    pub(super) fn text_space(&self, name: Option<&str>) -> Result<&SpaceState> {
        if name.is_some() {
            let state = self.space(name)?;
            state.weights()?;
            return match state.reads_text() {
                true => Ok(state),
                false => Err(state.reads_no_text()),
            };
        }
        let fits: Vec<&SpaceState> = self.spaces.iter().filter(|s| s.reads_text()).collect();
        let usual = fits.iter().find(|s| s.space().name == TEXT_SPACE);
        match (usual, fits.as_slice()) {
            (Some(state), _) | (None, [state]) => Ok(state),
            (None, []) => Err(Error::NotFound {
                what: "space",
                name: "of charts and headlines".to_owned(),
                hint_text: "make one with `rhyme embed --space clip --encoder clip`, or with weights of your own of the architecture clip/1".to_owned(),
            }),
            (None, many) => Err(ambiguous(many)),
        }
    }

    /// The space of that name, if it holds headlines; or the one that questions in words go to; or, where
    /// there is none, the only imported one with headlines.
    pub(super) fn headline_space(&self, name: Option<&str>) -> Result<&SpaceState> {
        if name.is_some() {
            let state = self.space(name)?;
            return match self.holds_headlines(state)? {
                true => Ok(state),
                false => Err(state.holds_no_headlines()),
            };
        }
        let no_words = match self.text_space(None) {
            Err(no_words @ Error::NotFound { .. }) => no_words,
            found => return found,
        };
        let mut fits = Vec::new();
        for state in &self.spaces {
            match self.holds_headlines(state) {
                Ok(true) => fits.push(state),
                // Weights that this program cannot read: a space that cannot be asked.
                Ok(false) | Err(Error::Invalid(_)) => {}
                Err(other) => return Err(other),
            }
        }
        match fits.as_slice() {
            [state] => Ok(state),
            [] => Err(no_words),
            many => Err(ambiguous(many)),
        }
    }
}

fn ambiguous(spaces: &[&SpaceState]) -> Error {
    Error::Ambiguous {
        what: "the space",
        name: "of charts and headlines".to_owned(),
        choices: spaces.iter().map(|s| s.space().name.clone()).collect(),
    }
}
