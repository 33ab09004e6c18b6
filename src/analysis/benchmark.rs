//! Outcomes net of the market: what a series did less what a benchmark did in the same time.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::db::{Past, scatter};
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Calendar, Interval, SeriesKey, Timestamp, schema_as_text};

/// Fewer other series are no market.
const FEWEST_OTHERS: u32 = 3;
/// How old the last close of a benchmark may be: a holiday with the weekends around it.
const STALE_MS: i64 = 5 * 86_400_000;

/// What outcomes are measured beside, as event studies do: a bar's return is its own less the benchmark's
/// in the same time.
///
/// ```
/// use rhymedb::query::Benchmark;
/// assert_eq!("market".parse(), Ok(Benchmark::Market));
/// assert_eq!("SPY".parse(), Ok(Benchmark::Symbol("SPY".to_owned())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
#[non_exhaustive]
pub enum Benchmark {
    /// A stored symbol, in bars of the interval of each outcome.
    Symbol(String),
    /// The mean log return of all other stored series of the same market and interval, each with the same
    /// weight; at least 3 of them have to have a bar.
    Market,
}

schema_as_text!(
    Benchmark,
    "A stored symbol, like SPY, or `market`: the mean of all other series of the same market and interval."
);

impl From<String> for Benchmark {
    fn from(text: String) -> Self {
        match text.as_str() {
            "market" => Self::Market,
            _ => Self::Symbol(text),
        }
    }
}

impl From<Benchmark> for String {
    fn from(benchmark: Benchmark) -> Self {
        benchmark.to_string()
    }
}

impl FromStr for Benchmark {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.to_owned().into())
    }
}

impl fmt::Display for Benchmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Symbol(symbol) => symbol,
            Self::Market => "market",
        })
    }
}

/// The log returns of a benchmark, by the time at which its bars close.
#[derive(Debug, Default)]
struct Path {
    steps: Vec<Step>,
}

/// The bars of one time.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    close: i64,
    /// From close to close.
    full: Sum,
    /// From open to close.
    body: Sum,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    n: u32,
}

impl Sum {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.sum += value;
            self.n += 1;
        }
    }

    /// The mean without one of them.
    fn without(self, own: Option<f64>, fewest: u32) -> Option<f64> {
        let (sum, n) = match own.filter(|own| own.is_finite()) {
            Some(own) => (self.sum - own, self.n.saturating_sub(1)),
            None => (self.sum, self.n),
        };
        (n >= fewest).then(|| sum / f64::from(n))
    }
}

/// A benchmark as a view sees it.
pub(super) struct Net<'q, 'a> {
    past: &'q Past<'a>,
    of: &'q Benchmark,
}

impl<'q, 'a> Net<'q, 'a> {
    pub(super) fn new(past: &'q Past<'a>, of: &'q Benchmark) -> Self {
        Self { past, of }
    }

    /// A key of the memo for what depends on it.
    pub(super) fn key(&self) -> u64 {
        match self.of {
            Benchmark::Market => 1,
            Benchmark::Symbol(symbol) => scatter(symbol, 1),
        }
    }

    /// The bars of a series as they would be had the benchmark not moved since the first of them. `None` if
    /// the benchmark is not known for all of their time. With `from_open` the first bar stands for the
    /// price at which the second one opened.
    pub(super) fn bars(&self, series: u32, bars: &Bars, from_open: bool) -> Result<Option<Bars>> {
        let (key, calendar) = self.past.series(series)?;
        let path = self.path(series, (key, calendar))?;
        let own_is_part = matches!(self.of, Benchmark::Market);
        let mut net = Vec::with_capacity(bars.len());
        let (mut before, mut factor) = (None::<Bar>, 1.0_f64);
        for bar in bars.iter() {
            if let Some(last) = before {
                let own = (bar.close / last.close).ln();
                let ends = [last.time, bar.time].map(|t| key.interval.close_of(t).millis());
                let body = from_open && net.len() == 1;
                let Some(path) = &path else { return Ok(None) };
                let fewest = if own_is_part { FEWEST_OTHERS } else { 1 };
                let Some(moved) = path.moved(ends, own_is_part.then_some(own), body, fewest) else {
                    return Ok(None);
                };
                let opened = factor;
                factor *= (-moved).exp();
                net.push(Bar {
                    open: bar.open * opened,
                    high: bar.high * factor,
                    low: bar.low * factor,
                    close: bar.close * factor,
                    ..bar
                });
            } else {
                net.push(bar);
            }
            before = Some(bar);
        }
        Ok(Some(net.into_iter().collect()))
    }

    /// The mean net log return a bar of a series from one close to another, over the bars of which the
    /// benchmark is known.
    pub(super) fn mean(&self, series: u32, (first, last): (i64, i64)) -> Result<Option<f64>> {
        let (key, calendar) = self.past.series(series)?;
        let Some(path) = self.path(series, (key, calendar))? else {
            return Ok(None);
        };
        let own_is_part = matches!(self.of, Benchmark::Market);
        let fewest = if own_is_part { FEWEST_OTHERS } else { 1 };
        let start = key.interval.open_of(Timestamp::from_millis(first));
        let bars = bars_since(self.past, series, start)?;
        let mut total = Sum::default();
        let close = |bar: &Bar| key.interval.close_of(bar.time).millis();
        let pairs = bars.iter().zip(bars.iter().skip(1));
        for (before, bar) in pairs.take_while(|(_, bar)| close(bar) <= last) {
            let own = (bar.close / before.close).ln();
            let ends = [close(&before), close(&bar)];
            if let Some(moved) = path.moved(ends, own_is_part.then_some(own), false, fewest) {
                total.add(own - moved);
            }
        }
        Ok((total.n > 0).then(|| total.sum / f64::from(total.n)))
    }

    /// The path for a series; `None` for the benchmark itself, which has nothing net of it.
    fn path(&self, series: u32, kind: (&SeriesKey, Calendar)) -> Result<Option<Arc<Path>>> {
        let (key, calendar) = kind;
        let parts = match self.of {
            Benchmark::Symbol(symbol) => {
                let id = self.series_of(symbol, key)?;
                if id == series {
                    return Ok(None);
                }
                vec![id]
            }
            Benchmark::Market => {
                let same = |(id, other): (u32, &SeriesKey)| {
                    let fits = other.market == key.market && other.interval == key.interval;
                    let calendar_of = || self.past.series(id).map(|(_, c)| c == calendar);
                    Some(id).filter(|_| fits && calendar_of().unwrap_or_default())
                };
                self.past.all_series().filter_map(same).collect()
            }
        };
        let memo_key = parts.iter().map(|&id| u64::from(id)).collect();
        // Dropped with any change: a new bar of any of them is a new step.
        let path = self.past.memo().get(memo_key, || {
            let path = Path::of(self.past, &parts, (key.interval, calendar))?;
            Ok((path, i64::MAX))
        })?;
        Ok(Some(path))
    }

    /// The series of a symbol that has the interval of another one; of several venues that of its market.
    fn series_of(&self, symbol: &str, like: &SeriesKey) -> Result<u32> {
        let all = self.past.all_series();
        let fits: Vec<(u32, &SeriesKey)> = all
            .filter(|(_, k)| k.symbol.eq_ignore_ascii_case(symbol) && k.interval == like.interval)
            .collect();
        let near = |part: fn(&SeriesKey) -> &String| -> Vec<_> {
            let same = fits.iter().filter(|(_, k)| part(k) == part(like));
            same.copied().collect()
        };
        for some in [near(|k| &k.venue), near(|k| &k.market), fits.clone()] {
            if let [(id, _)] = some[..] {
                return Ok(id);
            }
        }
        if fits.is_empty() {
            return Err(Error::NotFound {
                what: "benchmark",
                name: format!("{symbol} in bars of {}", like.interval),
                hint_text: "outcomes are net of bars of their own interval; `rhyme series` lists what is stored, and `market` is the mean of all other series of a market".to_owned(),
            });
        }
        Err(Error::Ambiguous {
            what: "the benchmark",
            name: symbol.to_owned(),
            choices: fits.iter().map(|(_, key)| key.to_string()).collect(),
        })
    }
}

/// All bars of a series that open at or after a time.
fn bars_since(past: &Past<'_>, series: u32, time: Timestamp) -> Result<Bars> {
    const AT_ONCE: usize = 1 << 16;
    let mut all = past.bars_opening_from(series, time, AT_ONCE)?;
    let mut read = all.len();
    while let Some(&last) = all.time.last().filter(|_| read == AT_ONCE) {
        let next = Timestamp::from_millis(last.saturating_add(1));
        let more = past.bars_opening_from(series, next, AT_ONCE)?;
        read = more.len();
        all.extend(&more);
    }
    Ok(all)
}

impl Path {
    fn of(past: &Past<'_>, series: &[u32], kind: (Interval, Calendar)) -> Result<Self> {
        let (interval, calendar) = kind;
        let mut steps: BTreeMap<i64, Step> = BTreeMap::new();
        for &id in series {
            let bars = bars_since(past, id, Timestamp::from_millis(i64::MIN))?;
            let mut before: Option<Bar> = None;
            for bar in bars.iter() {
                let close = interval.close_of(bar.time).millis();
                let step = steps.entry(close).or_default();
                step.close = close;
                step.body.add((bar.close / bar.open).ln());
                let joined = before.filter(|last| {
                    calendar == Calendar::Session || interval.close_of(last.time) == bar.time
                });
                if let Some(last) = joined {
                    step.full.add((bar.close / last.close).ln());
                }
                before = Some(bar);
            }
        }
        Ok(Self {
            steps: steps.into_values().collect(),
        })
    }

    /// The log return from one time to another, without a series' `own`, which closed at the later one.
    fn moved(
        &self,
        [from, to]: [i64; 2],
        own: Option<f64>,
        body: bool,
        fewest: u32,
    ) -> Option<f64> {
        let after = |time: i64| self.steps.partition_point(|step| step.close <= time);
        let between = self.steps.get(after(from)..after(to))?;
        let last = between.last()?;
        if body {
            return (last.close == to)
                .then(|| last.body.without(own, fewest))
                .flatten();
        }
        // A benchmark that ended, or has not begun, did not stand still.
        let known_before = after(from) > 0;
        if !known_before || to.saturating_sub(last.close) > STALE_MS {
            return None;
        }
        let means = between.iter().map(|step| {
            let own = own.filter(|_| step.close == to);
            step.full.without(own, fewest)
        });
        means.sum()
    }
}
