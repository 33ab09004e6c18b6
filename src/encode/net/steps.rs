//! What the parts of a network are made of, and what they hand on.

use crate::error::Result;

/// The numbers of a tensor by its name.
pub(in crate::encode) type Numbers<'a> = dyn Fn(&str) -> Result<Vec<f32>> + 'a;

/// A vector of `width` numbers for each step, one after the other.
#[derive(Clone, Debug, Default)]
pub(in crate::encode) struct Steps {
    pub(in crate::encode) width: usize,
    pub(in crate::encode) values: Vec<f32>,
}

impl Steps {
    pub(super) fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }
}
