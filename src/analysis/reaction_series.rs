//! What series did after news about them.

use std::collections::{BTreeMap, BTreeSet};

use super::benchmark::Net;
use super::followed::net_of;
use super::outcome::{Outcome, bars_within, measure};
use super::same_news::Story;
use super::summary::LONGEST;
use crate::db::Past;
use crate::error::{Error, Result};
use crate::model::{Bar, Bars, Calendar, Headline, Horizon, Interval, SeriesKey, Timestamp};

/// A market may be closed for so long between the news and its next bar.
const HOLIDAYS_MS: i64 = 7 * 24 * 3_600_000;

/// What a series did after a headline, over the horizon. In a market that never
/// closes it starts at the close of the first bar that closed when the headline was known. Bars of
/// sessions are stored until the day or the hour is over, when the session has long ended (a day closes
/// at 00:00 UTC), so there it starts with the open of the first bar that opened when the headline was known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReactionOutcome {
    /// The series.
    pub series: SeriesKey,
    /// When it starts.
    pub start: Timestamp,
    /// The price at which it starts.
    pub price: f64,
    /// Whether news before it in the list had the same outcome of this series, which then counts once.
    pub repeated: bool,
    /// What happened until it ended.
    pub outcome: Outcome,
}

/// A piece of news: headlines that say the same of the same symbols within a few days.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewsGroup {
    /// The cosine of the best of them with the sentence.
    pub score: f32,
    /// The one that was known first.
    pub headline: Headline,
    /// When it was known, latency included.
    pub known: Timestamp,
    /// How many headlines.
    pub headlines: u64,
    /// What the symbols that they named did, each from the first headline that named it.
    pub outcomes: Vec<ReactionOutcome>,
}

/// Which series a reaction may be of.
pub(super) struct Which<'q> {
    pub(super) market: Option<&'q String>,
    pub(super) interval: Option<Interval>,
}

/// The series that outcomes may be of, by symbol.
pub(super) struct Listed<'a>(BTreeMap<&'a str, Vec<(u32, &'a SeriesKey)>>);

impl<'a> Listed<'a> {
    pub(super) fn new(which: &Which<'_>, past: &Past<'a>) -> Result<Self> {
        let mut listed: BTreeMap<&str, Vec<(u32, &SeriesKey)>> = BTreeMap::new();
        for (id, key) in past.all_series() {
            let fits = which.market.is_none_or(|m| *m == key.market)
                && which.interval.is_none_or(|i| i == key.interval);
            if fits {
                listed.entry(&key.symbol).or_default().push((id, key));
            }
        }
        if listed.is_empty() {
            return Err(Error::NotFound {
                what: "series",
                name: "of that market and interval".to_owned(),
                hint_text: "`rhyme series` lists what is stored".to_owned(),
            });
        }
        for series in listed.values_mut() {
            series.sort_by_cached_key(|(_, key)| (key.interval.nominal_millis(), key.to_string()));
        }
        Ok(Self(listed))
    }

    /// What the symbols of a piece of news did: of a symbol with several series, each of another
    /// interval, all of them, and over a time those of the shortest; of several venues the first by name.
    pub(super) fn outcomes(
        &self,
        horizon: Horizon,
        (past, net): (&Past<'_>, Option<&Net<'_, '_>>),
        story: &Story,
    ) -> Result<Vec<ReactionOutcome>> {
        let mut outcomes: Vec<ReactionOutcome> = Vec::new();
        for (symbol, &known) in &story.symbols {
            for &(id, key) in self.0.get(symbol.as_str()).into_iter().flatten() {
                let once = matches!(horizon, Horizon::Time(_));
                let told = outcomes.iter().any(|o| {
                    o.series.symbol == *symbol && (once || o.series.interval == key.interval)
                });
                if !told {
                    outcomes.extend(after((past, net), id, known, horizon)?);
                }
            }
        }
        Ok(outcomes)
    }

    /// A horizon of bars means one length of time.
    pub(super) fn check_interval(news: &[NewsGroup]) -> Result<()> {
        let outcomes = news.iter().flat_map(|n| &n.outcomes);
        let intervals: BTreeSet<String> = outcomes.map(|o| o.series.interval.to_string()).collect();
        if intervals.len() < 2 {
            return Ok(());
        }
        Err(Error::Ambiguous {
            what: "the interval of",
            name: "the bars after these headlines (a horizon like 5d needs none)".to_owned(),
            choices: intervals.into_iter().collect(),
        })
    }
}

/// What a series did after a moment, if it had closed at the view's time.
fn after(
    (past, net): (&Past<'_>, Option<&Net<'_, '_>>),
    series: u32,
    known: Timestamp,
    horizon: Horizon,
) -> Result<Option<ReactionOutcome>> {
    let (key, calendar) = past.series(series)?;
    let kind = (key.interval, calendar);
    let most = horizon.bars_of(key.interval, LONGEST)?;
    let Some(bars) = bars_from((past, net), series, known, most)? else {
        return Ok(None);
    };
    let Some(first) = bars.get(0) else {
        return Ok(None);
    };
    let start = key.interval.close_of(first.time);
    let longest = key.interval.nominal_millis().saturating_add(HOLIDAYS_MS);
    if start.millis().saturating_sub(known.millis()) > longest {
        return Ok(None);
    }
    let n = bars_within(horizon, &bars, kind);
    let found = measure(&bars, kind, n, past.now());
    Ok(found.closed().map(|outcome| ReactionOutcome {
        series: key.clone(),
        start,
        price: first.close,
        repeated: false,
        outcome: *outcome,
    }))
}

/// A bar that closes where a reaction starts, and up to `n` bars after it, net of a benchmark if there is
/// one; `None` where that is not known.
pub(super) fn bars_from(
    (past, net): (&Past<'_>, Option<&Net<'_, '_>>),
    series: u32,
    known: Timestamp,
    n: usize,
) -> Result<Option<Bars>> {
    let (key, calendar) = past.series(series)?;
    if calendar == Calendar::Continuous {
        return net_of(
            net,
            series,
            past.bars_closing_from(series, known.millis(), n)?,
        );
    }
    let after = past.bars_opening_from(series, known, n)?;
    let Some(Bar { time, open, .. }) = after.get(0) else {
        return Ok(Some(after));
    };
    // The price before the first bar of the outcome is the one at which it opens.
    let before = Bar {
        time: key.interval.open_of(time),
        open,
        high: open,
        low: open,
        close: open,
        volume: 0.0,
    };
    let mut bars: Bars = std::iter::once(before).collect();
    bars.extend(&after);
    match net {
        Some(net) => net.bars(series, &bars, true),
        None => Ok(Some(bars)),
    }
}
