//! One vector in 16-bit fixed point, and the query made of it.

use super::kernel::{MAX_DIM, Plane};
use crate::error::{Error, Result};

/// 127 * 256: the largest magnitude whose high part fits a signed byte.
const FULL_SCALE: f64 = 32512.0;

/// A vector in fixed point.
#[derive(Clone, Debug, Default)]
pub(super) struct Planes {
    pub(super) high: Vec<i8>,
    pub(super) low: Vec<i8>,
}

/// The norms of a vector in fixed point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norms {
    /// 1 / |256 * high + low|.
    pub(super) inverse: f64,
    /// 1 / |high|.
    pub(super) code_inverse: f64,
}

impl Planes {
    /// Appends a vector v and returns its norms.
    pub(super) fn push(&mut self, vector: &[f32]) -> Result<Norms> {
        let largest = vector.iter().fold(0f32, |m, x| m.max(x.abs()));
        if largest == 0.0 || !vector.iter().all(|x| x.is_finite()) {
            return Err(Error::invalid(
                "expected a vector of finite numbers that are not all zero, found one without a \
                 direction to compare; leave it out",
            ));
        }
        let scale = FULL_SCALE / f64::from(largest);
        let mut squares = Squares::default();
        self.high.reserve(vector.len());
        self.low.reserve(vector.len());
        for &x in vector {
            let v = (f64::from(x) * scale).round() as i32;
            let high = (v + 128) >> 8;
            let low = v - 256 * high;
            self.high.push(high as i8);
            self.low.push(low as i8);
            squares.add(high, low);
        }
        Ok(squares.norms())
    }

    /// Appends a row that is in fixed point already, and returns its norms.
    pub(super) fn push_planes(&mut self, high: &[i8], low: &[i8]) -> Result<Norms> {
        let mut squares = Squares::default();
        for (&h, &l) in high.iter().zip(low) {
            squares.add(i32::from(h), i32::from(l));
        }
        if squares.code == 0 {
            return Err(Error::invalid(
                "expected a stored row that is not all zero, found one without a direction",
            ));
        }
        self.high.extend_from_slice(high);
        self.low.extend_from_slice(low);
        Ok(squares.norms())
    }
}

/// Sums of squares on the way to the norms.
#[derive(Default)]
struct Squares {
    both: i64,
    code: i64,
}

impl Squares {
    fn add(&mut self, high: i32, low: i32) {
        self.both += i64::from(256 * high + low).pow(2);
        self.code += i64::from(high).pow(2);
    }

    fn norms(&self) -> Norms {
        Norms {
            inverse: 1.0 / (self.both as f64).sqrt(),
            code_inverse: 1.0 / (self.code as f64).sqrt(),
        }
    }
}

/// Fails unless a vector has the dimension that is expected.
pub(super) fn check_dim(expected: usize, found: usize) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "expected a vector of {expected} numbers, as the stored ones have, found {found}; \
         encode it with the encoder of this space"
    )))
}

/// A query vector, quantised as the stored vectors are.
#[derive(Clone, Debug)]
pub struct Query {
    pub(super) planes: Planes,
    pub(super) inv_norm: f64,
}

impl Query {
    /// Quantises a vector of any length other than zero.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is zero, not finite, empty or longer than 4096.
    pub fn new(vector: &[f32]) -> Result<Self> {
        if vector.is_empty() || vector.len() > MAX_DIM {
            return Err(Error::invalid(format!(
                "expected a vector of 1 to {MAX_DIM} numbers, found {}",
                vector.len()
            )));
        }
        let mut planes = Planes::default();
        let inv_norm = planes.push(vector)?.inverse;
        Ok(Self { planes, inv_norm })
    }

    /// The number of dimensions.
    pub fn dim(&self) -> usize {
        self.planes.high.len()
    }

    /// The vector that is compared, in unit length.
    pub fn vector(&self) -> Vec<f32> {
        let Planes { high, low } = &self.planes;
        let join = |(&h, &l): (&i8, &i8)| f64::from(256 * i32::from(h) + i32::from(l));
        let parts = high.iter().zip(low).map(join);
        parts.map(|v| (v * self.inv_norm) as f32).collect()
    }

    /// The 8-bit code.
    pub(super) fn code(&self) -> Plane<'_> {
        Plane::new(&self.planes.high)
    }

    pub(super) fn inv_norm(&self) -> f64 {
        self.inv_norm
    }

    pub(super) fn both(&self) -> [Plane<'_>; 2] {
        [Plane::new(&self.planes.high), Plane::new(&self.planes.low)]
    }
}
