//! Collecting vectors for a segment.

use std::ops::Range;
use std::path::Path;

use super::kernel::{Kernel, MAX_DIM};
use super::query::{Planes, check_dim};
use super::rows::Rows;
use crate::error::{Error, Result};

/// Collects vectors in memory; its four buffers are the four sections of a segment.
#[derive(Clone, Debug)]
pub struct RowsBuilder {
    dim: usize,
    planes: Planes,
    norms: Vec<f32>,
    code_norms: Vec<f32>,
}

impl RowsBuilder {
    /// No rows yet, of `dim` dimensions.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `dim` is 1 to 4096, and if `RHYME_KERNEL` names no kernel of this
    /// CPU.
    pub fn new(dim: usize) -> Result<Self> {
        Kernel::check_choice()?;
        if !(1..=MAX_DIM).contains(&dim) {
            return Err(Error::invalid(format!(
                "expected a dimension of 1 to {MAX_DIM}, found {dim}"
            )));
        }
        Ok(Self {
            dim,
            planes: Planes::default(),
            norms: Vec::new(),
            code_norms: Vec::new(),
        })
    }

    /// Quantises and appends a vector of any length other than zero.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it has another dimension, is zero or is not finite.
    pub fn push(&mut self, vector: &[f32]) -> Result<()> {
        check_dim(self.dim, vector.len())?;
        let norms = self.planes.push(vector)?;
        self.norms.push(norms.inverse as f32);
        self.code_norms.push(norms.code_inverse as f32);
        Ok(())
    }

    /// Appends a stored row as it is, bit by bit: how segments are merged.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the dimensions differ or there is no such row.
    pub fn push_row(&mut self, rows: &Rows<'_>, row: u32) -> Result<()> {
        self.push_rows(rows, row..row.saturating_add(1))
    }

    /// Appends consecutive stored rows as they are.
    ///
    /// # Errors
    /// As [`Self::push_row`].
    pub fn push_rows(&mut self, rows: &Rows<'_>, range: Range<u32>) -> Result<()> {
        check_dim(self.dim, rows.dim)?;
        let which = range.start as usize..range.end as usize;
        let values = which.start * self.dim..which.end * self.dim;
        let (Some(high), Some(low), Some(norms), Some(code_norms)) = (
            rows.high.get(values.clone()),
            rows.low.get(values),
            rows.norms.get(which.clone()),
            rows.code_norms.get(which),
        ) else {
            return Err(Error::invalid(format!(
                "expected rows below {}, found {range:?}",
                rows.len()
            )));
        };
        self.planes.high.extend_from_slice(high);
        self.planes.low.extend_from_slice(low);
        self.norms.extend_from_slice(norms);
        self.code_norms.extend_from_slice(code_norms);
        Ok(())
    }

    /// Makes room for so many rows more.
    pub fn reserve(&mut self, rows: usize) {
        self.planes.high.reserve_exact(rows * self.dim);
        self.planes.low.reserve_exact(rows * self.dim);
        self.norms.reserve_exact(rows);
        self.code_norms.reserve_exact(rows);
    }

    /// Appends a row that [`Rows::row_bytes`] gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it has another length than a row of this dimension, or is zero.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() != 2 * self.dim {
            return Err(Error::invalid(format!(
                "expected a stored row of {} bytes, found {}",
                2 * self.dim,
                bytes.len()
            )));
        }
        let (high, low) = bytemuck::cast_slice(bytes).split_at(self.dim);
        let norms = self.planes.push_planes(high, low)?;
        self.norms.push(norms.inverse as f32);
        self.code_norms.push(norms.code_inverse as f32);
        Ok(())
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// The sections to write, named by [`Rows::SECTIONS`].
    pub fn sections(&self) -> [&[u8]; 4] {
        [
            bytemuck::cast_slice(&self.planes.high),
            bytemuck::cast_slice(&self.planes.low),
            bytemuck::cast_slice(&self.norms),
            bytemuck::cast_slice(&self.code_norms),
        ]
    }

    /// The rows as they would be read back.
    pub fn view(&self) -> Rows<'_> {
        Rows {
            file: Path::new("memory"),
            dim: self.dim,
            high: &self.planes.high,
            low: &self.planes.low,
            norms: &self.norms,
            code_norms: &self.code_norms,
            bounds: None,
        }
    }
}
