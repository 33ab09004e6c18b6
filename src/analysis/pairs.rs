//! Headlines and the windows of bars that they belong to: what cross-modal encoders are trained
//! and judged on.
//!
//! ```text
//!            known                       window's end
//! ... | bar | . bar | bar | bar ...           |
//!           ^ the last bar that had closed    + reaction bars
//! ```
//!
//! A window ends a declared number of bars after the last one that had closed when its headline
//! was known, never before: a window around a headline would hold bars that nobody had seen.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

use crate::db::{View, setters};
use crate::encode::text_features;
use crate::error::{Error, Result};
use crate::model::{
    Bars, Calendar, EncoderSpec, Headline, Interval, SeriesBars, SeriesKey, Timestamp,
};

/// The longest time without bars in a market with sessions: a weekend and holidays around it.
const LONGEST_BREAK_MS: i64 = 5 * 24 * 3_600_000;
/// Letters that two share classes of one company have in common.
const STEM: usize = 3;

/// Which headlines are paired with which windows.
///
/// ```
/// use rhymedb::{Database, SeriesBars};
/// use rhymedb::query::PairOptions;
/// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let market = SyntheticMarket::new(SyntheticConfig::small(7))?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// db.ingest_bars(&market.series())?;
/// db.ingest_headlines(&market.headlines())?;
///
/// let pairs = db.now().pairs(&PairOptions::new(64).reaction(4).market("crypto"))?;
/// let pair = &pairs.list[0];
/// assert!(pair.end > pair.known);
/// println!("{} {} {}", pairs.series[pair.series], pair.end, pairs.headlines[pair.headline].text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PairOptions {
    window: usize,
    warm_up: usize,
    reaction: usize,
    market: Option<String>,
    interval: Option<Interval>,
    most_symbols: usize,
}

/// Headlines and windows that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Pairs {
    /// The series that have windows, by name.
    pub series: Vec<SeriesKey>,
    /// The headlines, ascending by time.
    pub headlines: Vec<Headline>,
    /// For each headline a number that it shares with its near-duplicates: the same words in any
    /// order, numbers by their magnitude alone, without wire prefixes such as `UPDATE 2-`.
    pub stories: Vec<u64>,
    /// The pairs: in the order of the headlines, then of the symbols that a headline names, then of
    /// the series.
    pub list: Vec<Pair>,
}

/// One headline and one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// Which of [`Pairs::series`].
    pub series: usize,
    /// Which of [`Pairs::headlines`].
    pub headline: usize,
    /// The window's last bar: its index among the bars of the series that the view knows.
    pub bar: usize,
    /// When that bar closed. Before this the pair could not be known.
    pub end: Timestamp,
    /// When the headline could first be known.
    pub known: Timestamp,
}

impl PairOptions {
    /// Windows of `window` bars without warm-up that end with the first bar to close after the
    /// headline was known, in all markets and intervals; headlines that name up to 3 symbols.
    pub fn new(window: u32) -> Self {
        Self {
            window: window as usize,
            warm_up: 0,
            reaction: 1,
            market: None,
            interval: None,
            most_symbols: 3,
        }
    }

    /// The windows of an encoder, with its warm-up.
    pub fn of(encoder: &EncoderSpec) -> Self {
        Self::new(encoder.window).warm_up(encoder.warm_up)
    }

    /// How many bars before the window have to be there, without a gap. Default: 0.
    #[must_use]
    pub fn warm_up(mut self, bars: u32) -> Self {
        self.warm_up = bars as usize;
        self
    }

    /// How many bars close between the moment when the headline was known and the window's end.
    /// Default: 1. With 0 the window holds nothing of what the headline brought about.
    #[must_use]
    pub fn reaction(mut self, bars: u32) -> Self {
        self.reaction = bars as usize;
        self
    }

    /// One market alone. Default: all.
    #[must_use]
    pub fn market(mut self, market: &str) -> Self {
        self.market = Some(market.to_owned());
        self
    }

    setters! {
        /// One interval alone. Default: all.
        fn interval(interval: Interval) as Some;

        /// Headlines that name more symbols than this are about the market and make no pair; share
        /// classes of one company count once, and the first of them is paired. Default: 3.
        fn most_symbols(symbols: usize);
    }

    fn check(&self) -> Result<()> {
        if self.window < 2 || self.most_symbols == 0 {
            return Err(Error::invalid(format!(
                "expected pairs with windows of at least 2 bars and headlines of at least 1 symbol, found {} and {}",
                self.window, self.most_symbols
            )));
        }
        Ok(())
    }

    fn admits(&self, series: &SeriesKey) -> bool {
        let market = self.market.as_ref().is_none_or(|m| *m == series.market);
        market && self.interval.is_none_or(|i| i == series.interval)
    }
}

impl Pairs {
    /// The pairs of a market that is in no database. Headlines are taken in the order given.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the options are wrong.
    ///
    /// ```
    /// use rhymedb::query::{PairOptions, Pairs};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let market = SyntheticMarket::new(SyntheticConfig::small(7))?;
    /// let pairs = Pairs::of(&market.series(), market.headlines(), &PairOptions::new(64))?;
    /// assert_eq!(pairs.headlines.len(), pairs.stories.len());
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    pub fn of(
        series: &[SeriesBars],
        headlines: Vec<Headline>,
        options: &PairOptions,
    ) -> Result<Self> {
        options.check()?;
        let admitted = series.iter().filter(|s| options.admits(&s.key));
        let charts = admitted.map(|s| Chart::new(&s.key, s.calendar, &s.bars, options));
        Ok(join(charts.collect(), headlines, options))
    }
}

impl View {
    /// The headlines known in this view with the windows that close `reaction` bars later, for each
    /// series of a symbol that the headline names. A window without a move in price, across a gap
    /// or not closed by the view's time makes no pair.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the options are wrong, and those of the catalog.
    pub fn pairs(&self, options: &PairOptions) -> Result<Pairs> {
        options.check()?;
        let mut charts = Vec::new();
        for info in self.series()? {
            if options.admits(&info.key) {
                let bars = self.bars(&info.key, None, None, None)?.bars;
                charts.push(Chart::new(&info.key, info.calendar, &bars, options));
            }
        }
        let headlines = self.headlines(None, None, None, usize::MAX)?;
        Ok(join(charts, headlines, options))
    }
}

fn join(charts: Vec<Chart>, headlines: Vec<Headline>, options: &PairOptions) -> Pairs {
    let mut by_symbol: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, chart) in charts.iter().enumerate() {
        by_symbol.entry(&chart.key.symbol).or_default().push(i);
    }
    let mut pairs = Pairs::default();
    for headline in headlines {
        let named = without_siblings(&headline.symbols);
        if named.len() > options.most_symbols {
            continue;
        }
        let known = headline.known_from();
        let before = pairs.list.len();
        for &series in named.iter().filter_map(|s| by_symbol.get(s)).flatten() {
            let chart = charts.get(series);
            let found = chart.and_then(|c| c.window_after(known, options.reaction));
            pairs.list.extend(found.map(|(bar, end)| Pair {
                series,
                headline: pairs.headlines.len(),
                bar,
                end,
                known,
            }));
        }
        if pairs.list.len() > before {
            pairs.stories.push(story(&headline.text));
            pairs.headlines.push(headline);
        }
    }
    pairs.series = charts.into_iter().map(|chart| chart.key).collect();
    pairs
}

/// What is asked of a series.
struct Chart {
    key: SeriesKey,
    calendar: Calendar,
    /// When each bar closed.
    closes: Vec<Timestamp>,
    /// Whether a window ends with the bar.
    whole: Vec<bool>,
}

impl Chart {
    fn new(key: &SeriesKey, calendar: Calendar, bars: &Bars, options: &PairOptions) -> Self {
        let interval = key.interval;
        let close_of = |&t: &i64| interval.close_of(Timestamp::from_millis(t));
        let closes: Vec<_> = bars.time.iter().map(close_of).collect();
        let mut whole = Vec::with_capacity(bars.len());
        // Bars since the last gap, and since the price last moved.
        let (mut run, mut still) = (0, 0);
        let opens = bars.time.iter().zip(&bars.close);
        for (i, (&open, &price)) in opens.enumerate() {
            let before = i.checked_sub(1);
            let joined = before.and_then(|b| closes.get(b)).map(|c| c.millis()) == Some(open);
            let moved = before.and_then(|b| bars.close.get(b)) != Some(&price);
            let gap = calendar == Calendar::Continuous && !joined;
            run = if gap { 1 } else { run + 1 };
            still = if moved { 1 } else { still + 1 };
            whole.push(run >= options.window + options.warm_up && still < options.window);
        }
        Self {
            key: key.clone(),
            calendar,
            closes,
            whole,
        }
    }

    /// The last bar of the window that belongs to what was known at `known`.
    fn window_after(&self, known: Timestamp, reaction: usize) -> Option<(usize, Timestamp)> {
        let last = self
            .closes
            .partition_point(|&c| c <= known)
            .checked_sub(1)?;
        let bar_ms = self.key.interval.nominal_millis();
        let longest = match self.calendar {
            Calendar::Continuous => bar_ms,
            Calendar::Session => bar_ms.max(LONGEST_BREAK_MS),
        };
        // A headline long after the series has ended, or in a hole, belongs to no bar.
        let age = known.millis() - self.closes.get(last)?.millis();
        let bar = last + reaction;
        let end = *self.closes.get(bar)?;
        let reacts = end.millis() - known.millis() <= longest + bar_ms * reaction as i64;
        (age <= longest && reacts && *self.whole.get(bar)?).then_some((bar, end))
    }
}

/// The symbols without those of another share class of one before: `GOOGL` after `GOOG`.
fn without_siblings(symbols: &[String]) -> Vec<&str> {
    let mut kept: Vec<&str> = Vec::new();
    for symbol in symbols {
        if !kept.iter().any(|other| siblings(other, symbol)) {
            kept.push(symbol);
        }
    }
    kept
}

/// Whether all but the last letter of one or of both are the same.
fn siblings(a: &str, b: &str) -> bool {
    let stem = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    a == b || (stem >= STEM && a.len() <= stem + 1 && b.len() <= stem + 1)
}

/// A number that near-duplicates of a headline share.
fn story(text: &str) -> u64 {
    let mut words = text_features(text, &[].into(), u32::MAX).words;
    words.sort_unstable();
    words.dedup();
    let mut hash = Xxh3::new();
    for word in words {
        hash.update(&word.to_le_bytes());
    }
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_classes_are_one_company() {
        let symbols = [
            "GOOG", "GOOGL", "FOXA", "FOX", "DISCA", "DISCK", "AAL", "AAP", "T",
        ];
        let symbols: Vec<_> = symbols.map(str::to_owned).into();
        let kept = without_siblings(&symbols);
        assert_eq!(kept, ["GOOG", "FOXA", "DISCA", "AAL", "AAP", "T"]);
    }

    #[test]
    fn stories_ignore_what_repeats_them() {
        let first = story("Acme profit rises 5 pct");
        assert_eq!(first, story("UPDATE 2-Acme profit rises 6%"));
        assert_eq!(first, story("BRIEF-Profit rises 5 pct, Acme"));
        assert_ne!(first, story("Acme profit falls 5 pct"));
    }
}
