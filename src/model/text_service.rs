//! A service that turns texts into vectors.

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A model of a [`TextService`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextModel {
    /// The name by which the service knows it: `text-embedding-3-small`.
    pub name: String,
    /// How many numbers a vector is to have; `None` asks for what the model gives.
    pub dim: Option<u32>,
}

impl TextModel {
    /// A model with vectors as long as it gives them.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            dim: None,
        }
    }

    /// Asks for vectors of so many numbers, which not every model can give.
    #[must_use]
    pub fn dim(mut self, dim: u32) -> Self {
        self.dim = Some(dim);
        self
    }
}

/// Turns texts into vectors somewhere else: on the network, or in a program of the caller's own.
pub trait TextService: Send + Sync {
    /// A vector of each text, in their order, all of one length and finite.
    ///
    /// # Errors
    /// [`crate::Error::Remote`] if they cannot be had.
    fn vectors(&self, model: &TextModel, texts: &[&str]) -> Result<Vec<Vec<f32>>>;
}
