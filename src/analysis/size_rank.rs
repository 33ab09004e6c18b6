//! Where the size of a window stands among earlier ones, of its own series and of its market.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::unusual::{Judge, LEAST_CALIBRATION, Rank, rank};
use crate::db::{Place, RowFilter, Size};
use crate::error::Result;

/// Windows of a reference, at least: a p-value of a hundredth is then a rank of forty.
pub(super) const SIZE_SAMPLE: usize = 4000;

/// The size of a window, and with what it was compared.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RankedSize {
    /// The size.
    pub size: Size,
    /// Earlier windows of its own series that it was compared with: all, or an even sample.
    pub own: usize,
    /// Earlier windows of its market and interval, or of those that the question named.
    pub market: usize,
    pub(super) percentile: f64,
    pub(super) p_value: f64,
}

impl RankedSize {
    /// The share of earlier windows with a lower score, in percent: see [`crate::query::Measured::percentile`].
    pub fn percentile(&self) -> f64 {
        self.percentile
    }

    /// The conformal p-value: see [`crate::query::Measured::p_value`].
    pub fn p_value(&self) -> f64 {
        self.p_value
    }
}

/// Scores of the windows of a table of sampled ones; not a number where there is none.
struct Scores(Vec<f64>);

impl Judge<'_> {
    /// The size of a window as of its close, and its rank; `None` if there was too little history.
    ///
    /// The score is ranked twice, against the own past and against that of the market, and the
    /// p-value is the mean of both: what a rank would be in a reference of which each is a half,
    /// whatever their numbers. Where one of them is too small the other one decides.
    pub(super) fn size(&self, place: Place) -> Result<Option<RankedSize>> {
        let Some(size) = self.past.size(place)? else {
            return Ok(None);
        };
        let score = size.score();
        let last = self.apart(place)?;
        let own = self.everything.of([place.series]).until(last);
        let market = self.kin(place).until(last);
        // Others that had not begun are no market yet.
        let alone = !self.named && self.past.count(&market) == self.past.count(&own);
        let own = self.scores(&own)?;
        let market = match alone {
            true => Earlier::default(),
            false => self.scores(&market)?,
        };
        let ranks: Vec<Rank> = [&own, &market]
            .into_iter()
            .filter(|earlier| earlier.count() >= LEAST_CALIBRATION)
            .map(|earlier| rank(score, earlier.iter()))
            .collect();
        if ranks.is_empty() {
            return Ok(None);
        }
        let mean = |of: fn(&Rank) -> f64| ranks.iter().map(of).sum::<f64>() / ranks.len() as f64;
        Ok(Some(RankedSize {
            size,
            own: own.count(),
            market: market.count(),
            percentile: mean(|rank| rank.percentile),
            p_value: mean(|rank| rank.p_value),
        }))
    }

    /// The scores of a sample of these windows, each as of its own close.
    fn scores(&self, rows: &RowFilter) -> Result<Earlier> {
        let past = self.past;
        let sample = past.sample(rows, SIZE_SAMPLE.max(self.calibration), self.seed)?;
        let (table, range) = sample.table();
        let end = |place: Option<&Place>| place.map_or(i64::MIN, |p| p.end);
        let (first, last) = (end(table.first()), end(table.last()));
        // These say which windows they are, whatever else there is.
        let numbers = [
            u64::from(sample.stride),
            self.seed,
            first.cast_unsigned(),
            last.cast_unsigned(),
            table.len() as u64,
        ];
        let scores = past.memo().get(past.key(rows, &numbers), || {
            let score = |&place: &Place| Ok(past.size_score(place)?.unwrap_or(f64::NAN));
            let scores = table.par_iter().map(score).collect::<Result<Vec<f64>>>()?;
            Ok((Scores(scores), last))
        })?;
        Ok(Earlier {
            scores: Some(scores),
            range,
        })
    }
}

/// Scores of earlier windows.
#[derive(Default)]
struct Earlier {
    scores: Option<Arc<Scores>>,
    range: Range<usize>,
}

impl Earlier {
    fn iter(&self) -> impl Iterator<Item = f64> {
        let scores = self
            .scores
            .as_ref()
            .and_then(|s| s.0.get(self.range.clone()));
        let scores = scores.unwrap_or_default().iter().copied();
        scores.filter(|score| !score.is_nan())
    }

    fn count(&self) -> usize {
        self.iter().count()
    }
}
