//! What a series does anyway: its mean return over the period that a question is about.

use std::collections::BTreeMap;

use super::benchmark::Net;
use crate::db::{Past, Place, RowFilter};
use crate::error::Result;
use crate::model::{Calendar, Interval};

/// The mean log returns a bar of series, over the windows that pass a filter.
pub(super) struct Drift<'q, 'a> {
    past: &'q Past<'a>,
    rows: &'q RowFilter,
    net: Option<&'q Net<'q, 'a>>,
    known: BTreeMap<u32, f64>,
}

impl<'q, 'a> Drift<'q, 'a> {
    /// Net of a benchmark, if there is one.
    pub(super) fn new(
        past: &'q Past<'a>,
        rows: &'q RowFilter,
        net: Option<&'q Net<'q, 'a>>,
    ) -> Self {
        Self {
            past,
            rows,
            net,
            known: BTreeMap::new(),
        }
    }

    /// Of one series: from the closes of its first and its last window, which is exact. 0 where there
    /// is no more than one.
    pub(super) fn of(&mut self, series: u32) -> Result<f64> {
        if let Some(&mean) = self.known.get(&series) {
            return Ok(mean);
        }
        let mean = self.mean(series)?.unwrap_or(0.0);
        self.known.insert(series, mean);
        Ok(mean)
    }

    fn mean(&self, series: u32) -> Result<Option<f64>> {
        let Some((first, last, windows)) = self.past.extent(self.rows, series) else {
            return Ok(None);
        };
        if let Some(net) = self.net {
            return net.mean(series, (first, last));
        }
        let close = |end: i64| -> Result<Option<f64>> {
            let bars = self.past.bars_after(Place { end, series }, 0)?;
            Ok(bars.and_then(|bars| bars.close.first().copied()))
        };
        let (key, calendar) = self.past.series(series)?;
        let bars = match (calendar, key.interval) {
            (Calendar::Continuous, Interval::Fixed(ms)) => (last - first) as f64 / ms as f64,
            _ => windows.saturating_sub(1) as f64 * f64::from(self.past.hop()),
        };
        let ends = close(first)?.zip(close(last)?);
        Ok(ends
            .map(|(a, b)| (b / a).ln() / bars)
            .filter(|m| m.is_finite()))
    }
}
