//! Vectors as they are read.

use super::super::container::FilePlace;
use super::super::input_report::{DefectKind, RowDefect};
use crate::error::Result;
use crate::model::Space;

/// Vectors one after the other, with what is wrong with each.
pub(crate) struct Matrix {
    pub(super) dim: usize,
    pub(super) values: Vec<f32>,
    pub(super) defects: Vec<Option<RowDefect>>,
}

impl Matrix {
    pub(super) fn new(dim: usize, place: &FilePlace) -> Result<Self> {
        let most = Space::MAX_DIM as usize;
        if !(1..=most).contains(&dim) {
            return Err(place.error(
                None,
                format!("expected vectors of dimension 1 to {most}, found {dim}"),
            ));
        }
        Ok(Self {
            dim,
            values: Vec::new(),
            defects: Vec::new(),
        })
    }

    pub(super) fn push(&mut self, vector: &[f32]) {
        let defect = if vector.len() != self.dim {
            let message = format!(
                "expected {} values like in the first vector, found {}",
                self.dim,
                vector.len()
            );
            Some(RowDefect::new(DefectKind::WrongDimension, message))
        } else if !vector.iter().all(|v| v.is_finite()) {
            let message = "a value is not a finite number in 32 bits";
            Some(RowDefect::new(DefectKind::NotFinite, message))
        } else if vector.iter().all(|v| *v == 0.0) {
            let message = "all values are zero, so the vector has no direction";
            Some(RowDefect::new(DefectKind::ZeroVector, message))
        } else {
            None
        };
        // A vector of another length leaves zeros, so that rows and values stay in step.
        let end = self.values.len() + self.dim;
        self.values
            .extend_from_slice(vector.get(..self.dim).unwrap_or_default());
        self.values.resize(end, 0.0);
        self.defects.push(defect);
    }
}

/// The vectors of the rows that are kept.
pub(super) fn kept_of(values: &[f32], dim: usize, kept: &[bool]) -> Vec<f32> {
    let vectors = values.chunks_exact(dim).zip(kept);
    let vectors = vectors.filter_map(|(vector, keep)| keep.then_some(vector));
    vectors.flatten().copied().collect()
}
