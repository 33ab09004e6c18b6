//! Returns of many assets side by side: what questions about markets together are made of.

use std::fmt;

use crate::db::{Filter, View, within};
use crate::error::{Error, Result};
use crate::model::{Interval, SeriesKey, Timestamp};

/// Fewer returns say too little of how two assets move together.
const LEAST_RETURNS: usize = 30;
const MOST_RETURNS: usize = 1 << 20;
/// How many count where nobody says: two years of days on which stocks trade.
const USUAL_RETURNS: usize = 504;
/// The share of the returns of the period that an asset must have.
const LEAST_PRESENT: f64 = 0.8;
/// What may be left of the squares of an asset that moves as the market does and no otherwise.
const NOTHING_OWN: f64 = 1e-12;

/// An asset that passes the filter and was not compared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AssetLeftOut {
    /// Its series.
    pub series: SeriesKey,
    /// Why it was not.
    pub why: NotCompared,
}

/// Why an asset was not compared with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCompared {
    /// It has no bar in the period.
    NoBars,
    /// It has less than 80 % of the returns of the period, because it began late, ended or was not traded.
    FewReturns {
        /// Those that it has.
        returns: usize,
        /// Those of the period.
        of: usize,
    },
    /// Its price does not move, or moves exactly as the market does.
    Still,
    /// It has no window in the space that ends with the period.
    NoWindow,
    /// More than a fifth of its returns are exactly 0: its prices are often those of an earlier bar.
    Stale,
    /// It has none of the last five returns of the period: nobody could buy it now.
    Ended,
}

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBars => f.write_str("it has no bar in the period"),
            Self::FewReturns { returns, of } => {
                write!(f, "it has {returns} of {of} returns of the period")
            }
            Self::Still => f.write_str("it does not move by itself"),
            Self::NoWindow => f.write_str("it has no window that ends with the period"),
            Self::Stale => f.write_str("its price often stands still"),
            Self::Ended => f.write_str("it has none of the last 5 returns of the period"),
        }
    }
}

/// Which returns a question looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct ReturnChoice {
    pub(super) filter: Filter,
    /// The latest, so many; by default two years of days, or all where the filter says from when.
    pub(super) returns: Option<usize>,
    /// Of how many of the latest an asset must have most; by default of all.
    pub(super) needed: Option<usize>,
}

/// Log returns of assets from row to row of a table of closes.
#[derive(Clone, Debug)]
pub(super) struct AssetReturns {
    /// The assets, by name.
    pub(super) series: Vec<SeriesKey>,
    /// The returns of each, NaN where one of the two bars is missing.
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) left_out: Vec<AssetLeftOut>,
    pub(super) interval: Interval,
    /// From when to when they are: the first and the last close.
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// All closes: one more than there are returns.
    pub(super) times: Vec<Timestamp>,
    pub(super) mixed_calendars: bool,
}

impl ReturnChoice {
    /// Reads the returns that a view knows, of at least `least` assets and at most `most`.
    pub(super) fn read(&self, view: &View, (least, most): (usize, usize)) -> Result<AssetReturns> {
        if let Some(returns) = self.returns {
            if returns < LEAST_RETURNS {
                return Err(Error::invalid(format!(
                    "expected at least {LEAST_RETURNS} returns to compare assets by, found {returns}"
                )));
            }
            within("a number of returns", returns, MOST_RETURNS)?;
        }
        let mut panel = view.panel().filter(self.filter.clone());
        let usual = self.filter.from.is_none().then_some(USUAL_RETURNS);
        if let Some(returns) = self.returns.or(usual) {
            panel = panel.rows(returns + 1);
        }
        let table = panel.run()?;
        let of = table.times.len().saturating_sub(1);
        let (Some(&from), Some(&until), true) =
            (table.times.first(), table.times.last(), of >= LEAST_RETURNS)
        else {
            return Err(Error::invalid(format!(
                "expected at least {LEAST_RETURNS} returns to compare assets by, found {of} in the bars that they share; choose a longer period or other series"
            )));
        };
        let mut assets = AssetReturns {
            series: Vec::new(),
            columns: Vec::new(),
            left_out: Vec::new(),
            interval: table.interval,
            from,
            until,
            times: table.times.clone(),
            mixed_calendars: table.mixed_calendars,
        };
        for (column, series) in table.series.iter().enumerate() {
            assets.add(series, table.log_returns(column), self.needed.unwrap_or(of));
        }
        let gone = table.without_bars.into_iter();
        assets.left_out.extend(gone.map(|series| AssetLeftOut {
            series,
            why: NotCompared::NoBars,
        }));
        assets.check((least, most))?;
        Ok(assets)
    }
}

impl AssetReturns {
    /// How many returns the period has.
    pub(super) fn returns(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    fn add(&mut self, series: &SeriesKey, column: Vec<f64>, needed: usize) {
        let latest = column.len().saturating_sub(needed);
        let why = not_compared(column.get(latest..).unwrap_or_default());
        match why {
            Some(why) => self.left_out.push(AssetLeftOut {
                series: series.clone(),
                why,
            }),
            None => {
                self.series.push(series.clone());
                self.columns.push(column);
            }
        }
    }

    pub(super) fn check(&self, (least, most): (usize, usize)) -> Result<()> {
        let n = self.series.len();
        if n > most {
            return Err(Error::invalid(format!(
                "expected at most {most} assets, found {n}; filter them"
            )));
        }
        if n >= least {
            return Ok(());
        }
        let why = self.left_out.first().map_or_else(String::new, |left| {
            format!(
                "; {} more were left out: of {}, {}",
                self.left_out.len(),
                left.series,
                left.why
            )
        });
        Err(Error::invalid(format!(
            "expected at least {least} assets with enough returns, found {n}{why}"
        )))
    }

    /// Leaves out assets by their number.
    pub(super) fn leave_out(&mut self, gone: &[usize], why: NotCompared) {
        for &at in gone.iter().rev() {
            if at < self.series.len() {
                let series = self.series.remove(at);
                self.columns.remove(at);
                self.left_out.push(AssetLeftOut { series, why });
            }
        }
    }

    /// Each asset as a point: its returns less their mean and, unless the market is kept, less what the market
    /// did, at length 1. The inner product of two is their correlation; a missing return is 0 and counts as the
    /// mean. Assets of which nothing is left are left out.
    pub(super) fn points(&mut self, keep_market: bool) -> Vec<Vec<f64>> {
        let lengths: Vec<f64> = self.columns.iter().map(|c| squares(&centred(c))).collect();
        let own: Vec<Vec<f64>> = match keep_market {
            true => self.columns.iter().map(|c| centred(c)).collect(),
            false => without_market(&self.columns),
        };
        let mut points = Vec::with_capacity(own.len());
        let mut gone = Vec::new();
        for (at, (point, length)) in own.into_iter().zip(lengths).enumerate() {
            match at_length_one(point, length) {
                Some(point) => points.push(point),
                None => gone.push(at),
            }
        }
        self.leave_out(&gone, NotCompared::Still);
        points
    }
}

/// Why an asset with these returns is not compared, if it is not.
pub(super) fn not_compared(returns: &[f64]) -> Option<NotCompared> {
    let here: Vec<f64> = returns.iter().copied().filter(|x| !x.is_nan()).collect();
    if (here.len() as f64) < LEAST_PRESENT * returns.len() as f64 {
        return Some(NotCompared::FewReturns {
            returns: here.len(),
            of: returns.len(),
        });
    }
    let moves = here.windows(2).any(|two| !matches!(two, [a, b] if a == b));
    (!moves).then_some(NotCompared::Still)
}

/// The mean return of those assets that have one, in each row; 0 where none has.
pub(super) fn market(columns: &[Vec<f64>]) -> Vec<f64> {
    let rows = columns.first().map_or(0, Vec::len);
    let mut sums = vec![(0.0, 0_u32); rows];
    for column in columns {
        for ((sum, n), x) in sums.iter_mut().zip(column) {
            if !x.is_nan() {
                *sum += x;
                *n += 1;
            }
        }
    }
    let mean = |(sum, n): (f64, u32)| if n == 0 { 0.0 } else { sum / f64::from(n) };
    sums.into_iter().map(mean).collect()
}

/// What is left of each column after a line was fitted on the market by least squares; 0 where there is no return.
pub(super) fn without_market(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let market = market(columns);
    columns.iter().map(|c| residual(c, &market)).collect()
}

fn residual(column: &[f64], market: &[f64]) -> Vec<f64> {
    let both = || column.iter().zip(market).filter(|(x, _)| !x.is_nan());
    let n = both().count().max(1) as f64;
    let (sum_x, sum_m) = both().fold((0.0, 0.0), |s, (x, m)| (s.0 + x, s.1 + m));
    let (mean_x, mean_m) = (sum_x / n, sum_m / n);
    let (mut xm, mut mm) = (0.0, 0.0);
    for (x, m) in both() {
        xm += (x - mean_x) * (m - mean_m);
        mm += (m - mean_m) * (m - mean_m);
    }
    let slope = if mm > 0.0 { xm / mm } else { 0.0 };
    let left = |(x, m): (&f64, &f64)| match x.is_nan() {
        true => 0.0,
        false => x - mean_x - slope * (m - mean_m),
    };
    column.iter().zip(market).map(left).collect()
}

/// The returns less their mean; 0 where there is none.
pub(super) fn centred(column: &[f64]) -> Vec<f64> {
    let here = || column.iter().filter(|x| !x.is_nan());
    let mean = here().sum::<f64>() / here().count().max(1) as f64;
    let less = |x: &f64| if x.is_nan() { 0.0 } else { x - mean };
    column.iter().map(less).collect()
}

fn squares(point: &[f64]) -> f64 {
    point.iter().map(|x| x * x).sum()
}

/// A point at length 1; `None` if next to nothing is left of `whole`, the square of its length before.
pub(super) fn at_length_one(mut point: Vec<f64>, whole: f64) -> Option<Vec<f64>> {
    let left = squares(&point);
    if left.is_nan() || left <= NOTHING_OWN * whole || left <= 0.0 {
        return None;
    }
    let length = left.sqrt();
    point.iter_mut().for_each(|x| *x /= length);
    Some(point)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn what_the_market_did_is_taken_off_by_a_line() {
        let market_moves = [0.01, -0.02, 0.015, 0.0, -0.01, 0.03];
        let own = [0.001, 0.002, -0.001, -0.002, 0.0, 0.0];
        let column: Vec<f64> = (0..6)
            .map(|i| 0.004 + 1.5 * market_moves[i] + own[i])
            .collect();
        let left = residual(&column, &market_moves);
        assert!(left.iter().sum::<f64>().abs() < 1e-15);
        let with_market: f64 = left.iter().zip(market_moves).map(|(x, m)| x * m).sum();
        assert!(with_market.abs() < 1e-15, "{with_market}");
        let missing: Vec<f64> = vec![0.1, f64::NAN, -0.2, 0.3, f64::NAN, 0.1];
        let left = residual(&missing, &market_moves);
        assert_eq!((left[1], left[4]), (0.0, 0.0));
        assert_eq!(market(&[missing, vec![0.3; 6]])[1], 0.3);
        assert_eq!(market(&[vec![f64::NAN; 2]]), [0.0, 0.0]);
    }

    #[test]
    fn nothing_of_its_own_is_no_point() {
        assert!(at_length_one(vec![0.0; 4], 1.0).is_none());
        assert!(at_length_one(vec![1e-9; 4], 1.0).is_none());
        assert!(at_length_one(vec![f64::NAN; 4], 1.0).is_none());
        let point = at_length_one(vec![3.0, 4.0], 25.0).unwrap();
        assert_eq!(point, [0.6, 0.8]);
    }
}
