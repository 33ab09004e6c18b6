//! Charts against the news of the same time.

use std::collections::HashMap;

use super::divergence_moment::{DivergenceEpisode, DivergenceMoment, good_news};
use super::labels::cosine;
use crate::db::{
    HeadlineChoice, Past, Place, PlacedHeadline, View, choice_methods, setters, space_method,
};
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Target, Timestamp};
use crate::numeric::direction::mean_direction;

/// A question for moments at which chart and news disagree, made by [`View::divergence`].
#[derive(Clone, Debug)]
pub struct Divergence {
    view: View,
    series: Target,
    space: Option<String>,
    symbol: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    choice: HeadlineChoice,
    lag: usize,
    below: f64,
    history: usize,
}

/// The answer to [`View::divergence`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DivergenceAnswer {
    /// The space.
    pub space: String,
    /// The series.
    pub series: SeriesKey,
    /// The symbol that the headlines name.
    pub symbol: String,
    /// The flagged moments, the newest first, then the others, the newest first.
    pub moments: Vec<DivergenceMoment>,
    /// The flagged moments, those of one sign whose windows overlap together; the newest first.
    pub episodes: Vec<DivergenceEpisode>,
    /// Until when the weights of the space have seen the series, if that is after the window of one of
    /// the moments began, or after the view's time.
    pub trained_until: Option<Timestamp>,
}

impl View {
    /// Asks how well the charts of a series agree with the news of the same time. For each bar in
    /// which headlines about the symbol became known: the cosine of the window that ends with it
    /// and the mean of those headlines, and its percentile among the earlier moments of the series with
    /// a like number of headlines, never the later ones. Moments that the weights of the
    /// space were trained on have none, and later ones are compared with later ones alone. Flagged
    /// moments of one sign whose windows overlap are one episode.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// let answer = db.now().divergence("NOVAUSDT:1h".parse()?).history(10).below(20.0).run()?;
    /// for moment in &answer.moments {
    ///     println!("{} {:+.3} {:?}", moment.end, moment.similarity, moment.headlines);
    /// }
    /// assert!(answer.moments.is_sorted_by_key(|m| !m.flagged));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn divergence(&self, series: Target) -> Divergence {
        Divergence {
            view: self.clone(),
            series,
            space: None,
            symbol: None,
            from: None,
            until: None,
            choice: HeadlineChoice::default(),
            lag: 0,
            below: 5.0,
            history: 30,
        }
    }
}

impl Divergence {
    space_method!(text);

    /// The symbol that headlines have to name. Default: the series' own.
    #[must_use]
    pub fn symbol(mut self, symbol: &str) -> Self {
        self.symbol = Some(symbol.to_owned());
        self
    }

    setters! {
        /// Shows only moments at or after this time. Percentiles look at earlier ones too.
        fn from(from: Timestamp) as Some;

        /// Only moments at or before this time. Default: the target's time.
        fn until(until: Timestamp) as Some;
    }

    choice_methods!(choice: latency);

    setters! {
        /// How many windows after the news the chart ends, so that it shows the reaction. Default: 0,
        /// the bar in which the news became known.
        fn lag(windows: usize);

        /// Flags moments whose percentile is at most this. Default: 5.
        fn below(percentile: f64);

        /// The earlier moments that a percentile needs. Default: 30.
        fn history(moments: usize);
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things; [`Error::Invalid`] if the percentile is not 0 to 100.
    pub fn run(self) -> Result<DivergenceAnswer> {
        if !(0.0..=100.0).contains(&self.below) {
            return Err(Error::invalid(format!(
                "expected a percentile from 0 to 100 below which to flag, found {}",
                self.below
            )));
        }
        self.choice.check()?;
        self.view.aligned(self.space.as_deref(), &[], |space| {
            let (series, _) = space.series(&self.series)?;
            let symbol = self.symbol.clone().unwrap_or_else(|| series.symbol.clone());
            let to = self.until.or(self.series.time);
            let windows = space.history(&series, None, to)?;
            let news = space.headlines_of(&symbol, &self.choice)?;
            let good_news = good_news(space)?;
            let mut moments = self.moments(&series, &windows, news, good_news.as_deref());
            mark_seen(space.past, &series, &mut moments)?;
            self.judge(&mut moments);
            moments.retain(|(_, m)| self.from.is_none_or(|from| m.end >= from));
            let past = space.past;
            self.price(&series, past.window_bars(), &mut moments)?;
            let overlap = past.window_bars().div_ceil(past.hop().max(1)) as usize;
            let mut episodes = DivergenceEpisode::of(&moments, overlap);
            episodes.reverse();
            let mut moments: Vec<_> = moments.into_iter().map(|(_, m)| m).collect();
            let trained_until = moments.iter().find_map(|m| m.trained_until);
            moments.sort_by_key(|m| (!m.flagged, std::cmp::Reverse(m.end)));
            Ok(DivergenceAnswer {
                space: space.name(),
                trained_until: trained_until.or(past.learned_of(&series)?),
                series,
                symbol,
                moments,
                episodes,
            })
        })
    }

    /// Says how far the price moved over the last quarter of each window.
    fn price(
        &self,
        series: &SeriesKey,
        window_bars: u32,
        moments: &mut [(usize, DivergenceMoment)],
    ) -> Result<()> {
        let last = moments.last().map(|(_, m)| m.end);
        let bars = self.view.bars(series, None, last, None)?.bars;
        let quarter = window_bars.div_ceil(4) as usize;
        let closed = |t: i64| series.interval.close_of(Timestamp::from_millis(t));
        for (_, moment) in moments {
            let end = bars.time.partition_point(|&t| closed(t) <= moment.end);
            let at = |back: usize| end.checked_sub(back).and_then(|i| bars.close.get(i));
            moment.price_change = at(1)
                .zip(at(1 + quarter))
                .map(|(now, before)| now / before - 1.0);
        }
        Ok(())
    }

    /// The bars in which news became known, ascending, each with the number of its window.
    fn moments(
        &self,
        series: &SeriesKey,
        windows: &[(Timestamp, Vec<f32>)],
        news: Vec<PlacedHeadline>,
        good_news: Option<&[f32]>,
    ) -> Vec<(usize, DivergenceMoment)> {
        let mut moments = Vec::new();
        let mut news = news.into_iter().peekable();
        while let Some(first) = news.next() {
            let at = windows.partition_point(|(end, _)| *end < first.known);
            let Some((bar, _)) = windows.get(at) else {
                break; // Later news too is of bars that have not closed.
            };
            let mut together = vec![first];
            while let Some(next) = news.next_if(|next| next.known <= *bar) {
                together.push(next);
            }
            together.retain(|h| follows(series, h.known, *bar) && h.vector.is_some());
            let vectors: Vec<_> = together
                .iter_mut()
                .filter_map(|h| h.vector.take())
                .collect();
            let (Some(meaning), Some((end, chart))) =
                (mean_direction(&vectors), windows.get(at + self.lag))
            else {
                continue;
            };
            let moment = DivergenceMoment {
                end: *end,
                similarity: cosine(chart, &meaning),
                percentile: None,
                earlier: 0,
                trained_until: None,
                flagged: false,
                price_change: None,
                news_direction: good_news.map_or(0.0, |good| cosine(&meaning, good)),
                headlines: together.into_iter().map(|h| h.headline.text).collect(),
            };
            moments.push((at + self.lag, moment));
        }
        moments
    }

    /// Gives each moment its percentile among those before it with a like number of headlines. Those that
    /// the weights have seen take no part.
    fn judge(&self, moments: &mut [(usize, DivergenceMoment)]) {
        let mut like: HashMap<usize, Vec<f64>> = HashMap::new();
        let unseen = moments
            .iter_mut()
            .filter(|(_, m)| m.trained_until.is_none());
        for (_, moment) in unseen {
            let number = moment.headlines.len().next_power_of_two();
            let earlier = like.entry(number).or_default();
            let below = earlier.partition_point(|&s| s <= moment.similarity);
            moment.earlier = earlier.len() as u64;
            if earlier.len() >= self.history.max(1) {
                let percentile = 100.0 * (1 + below) as f64 / (1 + earlier.len()) as f64;
                moment.percentile = Some(percentile);
                moment.flagged = percentile <= self.below;
            }
            earlier.insert(below, moment.similarity);
        }
    }
}

/// Marks the moments, ascending, whose windows the weights of the space have seen some of.
fn mark_seen(
    past: &Past<'_>,
    series: &SeriesKey,
    moments: &mut [(usize, DivergenceMoment)],
) -> Result<()> {
    let Some(series) = past.id_of(series) else {
        return Ok(());
    };
    for (_, moment) in moments {
        let end = moment.end.millis();
        moment.trained_until = past.learned_window(Place { end, series })?;
        if moment.trained_until.is_none() {
            break; // Later windows began later.
        }
    }
    Ok(())
}

/// Whether a bar's close is the first that could follow what was known at a time: a series that has
/// no bars for weeks says nothing about the news of those weeks.
fn follows(series: &SeriesKey, known: Timestamp, close: Timestamp) -> bool {
    const HOLIDAYS_MS: i64 = 5 * 24 * 3_600_000;
    let bars = series.interval.nominal_millis().saturating_mul(2);
    close.millis().saturating_sub(known.millis()) <= bars.saturating_add(HOLIDAYS_MS)
}
