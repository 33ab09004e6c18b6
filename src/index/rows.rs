//! Vectors in 16-bit fixed point, split into two planes of bytes.
//!
//! A vector x becomes v = round(x * 32512 / max|x|), and v = 256 * high + low with both parts in
//! one signed byte. The high plane alone is the 8-bit code that a search walks on; both planes
//! together give the score. A score is the cosine of the stored vector with the query, which is
//! quantised in the same way, so its dot product is an exact integer: scan and graph search,
//! every kernel and every machine give the same bits.

use std::ops::Range;
use std::path::Path;

use super::bounds::Bounds;
use super::kernel::{Kernel, MAX_DIM, Plane};
use super::kernel_choice::prefetch;
use super::query::{Planes, Query, check_dim};
use super::sections::numbers;
use crate::error::{Error, Result};

/// A score beyond this is no cosine, whatever was rounded: the stored norm is damaged.
const LARGEST_SCORE: f64 = 1.001;

/// Stored vectors, read in place.
///
/// ```text
/// hi      n * D  i8    high parts, row by row: the 8-bit codes
/// lo      n * D  i8    low parts, row by row
/// norms   n      f32   1 / |256 * high + low|
/// cnorms  n      f32   1 / |high|
/// ```
///
/// The codes have norms of their own because rounding makes a code a little longer or shorter
/// than its vector. Without them that error would be the same towards all near rows: among
/// windows that hardly differ, the rows with long codes would be everybody's nearest ones.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub(super) file: &'a Path,
    pub(super) dim: usize,
    pub(super) high: &'a [i8],
    pub(super) low: &'a [i8],
    pub(super) norms: &'a [f32],
    pub(super) code_norms: &'a [f32],
    pub(super) bounds: Option<Bounds<'a>>,
}

impl<'a> Rows<'a> {
    /// The names of the sections.
    pub const SECTIONS: [&'static str; 4] = ["hi", "lo", "norms", "cnorms"];

    /// Reads the sections of a file, whose name is for error messages.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the sections' lengths do not fit `dim` and each other,
    /// [`Error::Invalid`] if `RHYME_KERNEL` names no kernel of this CPU.
    pub fn new(file: &'a Path, dim: usize, sections: [&'a [u8]; 4]) -> Result<Self> {
        Kernel::check_choice()?;
        let [high, low, norms, code_norms] = sections;
        let norms: &[f32] = numbers(file, "norms", norms)?;
        let code_norms: &[f32] = numbers(file, "cnorms", code_norms)?;
        if code_norms.len() != norms.len() {
            let detail = format!(
                "expected {} numbers, found {}",
                norms.len(),
                code_norms.len()
            );
            return Err(Error::corrupt(file, "cnorms", detail));
        }
        let fits = |bytes: &[u8]| norms.len().checked_mul(dim) == Some(bytes.len());
        for (name, bytes) in [("hi", high), ("lo", low)] {
            if !(1..=MAX_DIM).contains(&dim) || !fits(bytes) {
                let detail = format!(
                    "expected {} rows of {dim} bytes, found {} bytes",
                    norms.len(),
                    bytes.len()
                );
                return Err(Error::corrupt(file, name, detail));
            }
        }
        if norms.len() >= u32::MAX as usize {
            return Err(Error::corrupt(
                file,
                "norms",
                "more rows than a segment has",
            ));
        }
        Ok(Self {
            file,
            dim,
            high: bytemuck::cast_slice(high),
            low: bytemuck::cast_slice(low),
            norms,
            code_norms,
            bounds: None,
        })
    }

    /// The same rows with their bounds, which make scans faster and change no answer.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the section [`Bounds::SECTION`] does not fit the rows.
    pub fn with_bounds(self, section: &'a [u8]) -> Result<Self> {
        let bounds = Bounds::new(self.file, self.dim, self.len(), section)?;
        Ok(Self {
            bounds: Some(bounds),
            ..self
        })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// The dimension.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The stored vector in unit length.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such row.
    pub fn vector(&self, row: u32) -> Result<Vec<f32>> {
        let mut vector = Vec::with_capacity(self.dim);
        self.vector_into(row, &mut vector)?;
        Ok(vector)
    }

    /// As [`Self::vector`], in a buffer.
    pub(super) fn vector_into(&self, row: u32, vector: &mut Vec<f32>) -> Result<()> {
        let ([high, low], norm) = self.get(row)?;
        let join = |(&h, &l): (&i8, &i8)| (256 * i32::from(h) + i32::from(l)) as f32 * norm;
        vector.clear();
        vector.extend(high.iter().zip(low).map(join));
        Ok(())
    }

    /// A stored row on its own: its high parts, then its low parts. The norms follow from them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such row.
    pub fn row_bytes(&self, row: u32) -> Result<Vec<u8>> {
        let (planes, _) = self.get(row)?;
        let mut bytes = Vec::with_capacity(2 * self.dim);
        for plane in planes {
            bytes.extend_from_slice(bytemuck::cast_slice(plane));
        }
        Ok(bytes)
    }

    /// A stored row as a query: its own nearest row is itself.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such row.
    pub fn query(&self, row: u32) -> Result<Query> {
        let ([high, low], norm) = self.get(row)?;
        let planes = Planes {
            high: high.to_vec(),
            low: low.to_vec(),
        };
        Ok(Query {
            planes,
            inv_norm: f64::from(norm),
        })
    }

    /// The score: the cosine of the stored vector with the query, -1 to 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such row or the dimensions differ, [`Error::Corrupt`] if
    /// the stored norm is not that of the vector.
    pub fn exact(&self, query: &Query, row: u32) -> Result<f32> {
        check_dim(self.dim, query.dim())?;
        self.score(query.both(), query.inv_norm(), row)
    }

    /// [`Self::exact`] for many rows: with what all of them need of the query.
    pub(super) fn score(&self, query: [Plane<'_>; 2], inv_norm: f64, row: u32) -> Result<f32> {
        let (planes, norm) = self.get(row)?;
        let dot = Kernel::best().dot16(query, planes);
        let dot = dot.ok_or_else(|| Error::internal("two vectors of a dimension differ in it"))?;
        let score = dot as f64 * inv_norm * f64::from(norm);
        if score.abs() <= LARGEST_SCORE {
            return Ok(score.clamp(-1.0, 1.0) as f32);
        }
        let detail = format!("row {row} has the norm {norm}, which gives the cosine {score}");
        Err(Error::corrupt(self.file, "norms", detail))
    }

    /// Asks the memory for what [`Rows::approx`] reads of a row.
    #[inline(always)]
    pub(super) fn prefetch_code(&self, row: u32) {
        let row = row as usize;
        prefetch(self.high, row * self.dim, self.dim);
        prefetch(self.code_norms, row, 1);
    }

    /// Asks the memory for what a scan reads of a row first.
    #[inline(always)]
    pub(super) fn prefetch_scanned(&self, row: u32) {
        let row = row as usize;
        prefetch(self.high, row * self.dim, self.dim);
        prefetch(self.norms, row, 1);
    }

    /// Asks the memory for what [`Rows::exact`] reads besides.
    #[inline(always)]
    pub(super) fn prefetch_rest(&self, row: u32) {
        let row = row as usize;
        prefetch(self.low, row * self.dim, self.dim);
        prefetch(self.norms, row, 1);
    }

    /// Scores by the 8-bit codes alone, in units that only compare rows for one query. Fills
    /// `scores`, one a row; returns whether all rows exist.
    #[must_use]
    pub(super) fn approx(
        &self,
        code: Plane<'_>,
        rows: &[u32],
        dots: &mut Vec<i32>,
        scores: &mut Vec<f32>,
    ) -> bool {
        scores.clear();
        if self.code_dots(code, rows, dots).is_err() {
            return false;
        }
        let norm = |&row: &u32| self.code_norm(row).unwrap_or(0.0);
        scores.extend(
            rows.iter()
                .map(norm)
                .zip(&*dots)
                .map(|(n, &d)| d as f32 * n),
        );
        true
    }

    /// Fills `dots` with the dot products of 8-bit codes, one a row.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a row does not exist.
    pub(super) fn code_dots(
        &self,
        code: Plane<'_>,
        rows: &[u32],
        dots: &mut Vec<i32>,
    ) -> Result<()> {
        dots.clear();
        dots.resize(rows.len(), 0);
        if Kernel::best().dots(code, self.high, rows, dots) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected rows below {}, found {:?}",
            self.len(),
            rows.iter().max()
        )))
    }

    /// [`Self::code_dots`] for consecutive rows.
    ///
    /// # Errors
    /// As there.
    pub(super) fn code_dots_of_run(
        &self,
        code: Plane<'_>,
        rows: Range<u32>,
        dots: &mut Vec<i32>,
    ) -> Result<()> {
        dots.clear();
        dots.resize(rows.len(), 0);
        let dim = code.values().len();
        let codes = self.high.get(rows.start as usize * dim..);
        if codes.is_some_and(|codes| Kernel::best().dots_of_run(code, codes, dots)) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected rows below {}, found {rows:?}",
            self.len()
        )))
    }

    /// The 8-bit code of a row; `None` if there is no such row.
    pub(super) fn code(&self, row: u32) -> Option<Plane<'a>> {
        let ([high, _], _) = self.get(row).ok()?;
        Some(Plane::new(high))
    }

    /// 1 / |high| of a row.
    pub(super) fn code_norm(&self, row: u32) -> Option<f32> {
        self.code_norms.get(row as usize).copied()
    }

    /// 1 / |v| of every row.
    pub(super) fn norms(&self) -> &'a [f32] {
        self.norms
    }

    /// Fails unless a query has the dimension of these rows.
    pub(super) fn check_query(&self, query: &Query) -> Result<()> {
        check_dim(self.dim, query.dim())
    }

    /// The planes and 1 / |v| of a row.
    pub(super) fn get(&self, row: u32) -> Result<([&'a [i8]; 2], f32)> {
        let start = row as usize * self.dim;
        let part = |plane: &'a [i8]| plane.get(start..start + self.dim);
        match (
            part(self.high),
            part(self.low),
            self.norms.get(row as usize),
        ) {
            (Some(high), Some(low), Some(&norm)) => Ok(([high, low], norm)),
            _ => Err(Error::invalid(format!(
                "expected a row below {}, found {row}",
                self.len()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::RowsBuilder;
    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f64 {
        let dot = |x: &[f32], y: &[f32]| -> f64 {
            x.iter()
                .zip(y)
                .map(|(&p, &q)| f64::from(p) * f64::from(q))
                .sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    fn stored(vectors: &[Vec<f32>]) -> RowsBuilder {
        let mut builder = RowsBuilder::new(vectors[0].len()).unwrap();
        for v in vectors {
            builder.push(v).unwrap();
        }
        builder
    }

    fn vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
        let number = prop_oneof![-1f32..1.0, -1e30f32..1e30, Just(1e-40f32), Just(1.0f32)];
        (1usize..80).prop_flat_map(move |dim| {
            vec(vec(number.clone(), dim), 1..8).prop_filter("no zero vectors", |vs| {
                vs.iter().all(|v| v.iter().any(|x| *x != 0.0))
            })
        })
    }

    #[test]
    fn a_row_on_its_own_comes_back_bit_by_bit() {
        let mut builder = RowsBuilder::new(3).unwrap();
        builder.push(&[0.3, -0.2, 0.001]).unwrap();
        builder.push(&[-5.0, 0.0, 4.9]).unwrap();
        let mut copy = RowsBuilder::new(3).unwrap();
        for row in 0..2 {
            copy.push_bytes(&builder.view().row_bytes(row).unwrap())
                .unwrap();
        }
        assert_eq!(copy.sections(), builder.sections());
        assert!(copy.push_bytes(&[1; 5]).is_err());
        assert!(copy.push_bytes(&[0; 6]).is_err());
    }

    proptest! {
        #[test]
        fn a_stored_vector_is_the_pushed_one_to_one_part_in_65024(vectors in vectors()) {
            let builder = stored(&vectors);
            for (row, v) in vectors.iter().enumerate() {
                let got = builder.view().vector(row as u32).unwrap();
                let largest = v.iter().fold(0f32, |m, x| m.max(x.abs()));
                let got_largest = got.iter().fold(0f32, |m, x| m.max(x.abs()));
                for (g, x) in got.iter().zip(v) {
                    let (g, x) = (f64::from(*g / got_largest), f64::from(*x) / f64::from(largest));
                    prop_assert!((g - x).abs() <= 0.5 / 32512.0 + 1e-6, "{g} {x}");
                }
                let length: f64 = got.iter().map(|&x| f64::from(x).powi(2)).sum();
                prop_assert!((length - 1.0).abs() < 1e-5);
            }
        }

        #[test]
        fn the_score_is_the_cosine_of_the_stored_vectors(vectors in vectors()) {
            let builder = stored(&vectors);
            let rows = builder.view();
            let query = Query::new(&vectors[0]).unwrap();
            for row in 0..rows.len() as u32 {
                let expected = cosine(&rows.vector(0).unwrap(), &rows.vector(row).unwrap());
                let score = rows.exact(&query, row).unwrap();
                prop_assert!((f64::from(score) - expected).abs() < 1e-6, "{score} {expected}");
                prop_assert!((-1.0..=1.0).contains(&score));
            }
        }

        #[test]
        fn storing_a_stored_vector_changes_nothing(vectors in vectors()) {
            let first = stored(&vectors);
            let rows = first.view();
            let mut again = RowsBuilder::new(rows.dim()).unwrap();
            let mut copied = RowsBuilder::new(rows.dim()).unwrap();
            for row in 0..rows.len() as u32 {
                again.push(&rows.vector(row).unwrap()).unwrap();
                copied.push_row(&rows, row).unwrap();
            }
            prop_assert_eq!(again.sections(), first.sections());
            prop_assert_eq!(copied.sections(), first.sections());
        }
    }

    #[test]
    fn vectors_without_a_direction_are_refused() {
        let mut builder = RowsBuilder::new(2).unwrap();
        for bad in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            assert!(builder.push(&bad).is_err(), "{bad:?}");
            assert!(Query::new(&bad).is_err(), "{bad:?}");
        }
        assert!(builder.push(&[1.0]).is_err());
        assert!(builder.is_empty());
        assert_eq!(builder.sections().map(<[u8]>::len), [0; 4]);
        assert!(Query::new(&[]).is_err());
        assert!(Query::new(&vec![1.0; MAX_DIM + 1]).is_err());
        assert!(RowsBuilder::new(0).is_err());
    }

    #[test]
    fn sections_that_do_not_fit_are_corrupt() {
        let builder = stored(&[vec![1.0, 2.0], vec![3.0, -4.0]]);
        let [high, low, norms, cnorms] = builder.sections();
        let file = Path::new("x.seg");
        let rows = Rows::new(file, 2, [high, low, norms, cnorms]).unwrap();
        assert_eq!(rows.vector(1).unwrap(), builder.view().vector(1).unwrap());
        for bad in [
            [&high[..3], low, norms, cnorms],
            [high, &low[..3], norms, cnorms],
            [high, low, &norms[..7], cnorms],
            [high, low, &norms[..4], cnorms],
            [high, low, norms, &cnorms[..4]],
        ] {
            let error = Rows::new(file, 2, bad).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
        assert!(Rows::new(file, 0, [&[]; 4]).is_err());
        assert!(rows.vector(2).is_err());
    }

    #[test]
    fn a_damaged_norm_is_an_error_and_no_score() {
        let builder = stored(&[vec![1.0, 2.0]]);
        let [high, low, _, cnorms] = builder.sections();
        let query = Query::new(&[1.0, 2.0]).unwrap();
        for bad in [f32::NAN, f32::INFINITY, 1.0] {
            let norms = [bad];
            let sections = [high, low, bytemuck::cast_slice(&norms), cnorms];
            let rows = Rows::new(Path::new("x.seg"), 2, sections).unwrap();
            let error = rows.exact(&query, 0).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
    }
}
