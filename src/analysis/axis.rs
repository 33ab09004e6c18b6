//! A direction between two meanings, and where charts and headlines stand on it.

use super::labels::cosine;
use super::separation;
use crate::db::{Aligned, Expressiveness, HeadlineChoice, Query, View, space_method};
use crate::error::{Error, Result};
use crate::model::{Headline, SeriesKey, Target, Timestamp, Window};

/// A direction from one meaning to another, made by [`View::axis`].
#[derive(Clone, Debug)]
pub struct Axis {
    view: View,
    low: Query,
    high: Query,
    space: Option<String>,
}

/// A chart on an axis.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AxisPoint {
    /// The space.
    pub space: String,
    /// The stored window that was asked about, if it was one.
    pub window: Option<Window>,
    /// The cosine with the direction: -1 at the low end, 1 at the high one.
    pub value: f64,
    /// How many standard deviations that lies above the mean of all charts, if the space's
    /// weights have a bank of charts.
    pub deviations: Option<f64>,
    /// How much the direction says about charts, if there is a bank.
    pub expressiveness: Option<Expressiveness>,
}

/// A series on an axis over time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AxisHistory {
    /// The space.
    pub space: String,
    /// The series.
    pub series: SeriesKey,
    /// Its windows, ascending in time.
    pub points: Vec<AxisMoment>,
}

/// A window of a series on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct AxisMoment {
    /// The close time of its last bar.
    pub end: Timestamp,
    /// As [`AxisPoint::value`].
    pub value: f64,
    /// As [`AxisPoint::deviations`].
    pub deviations: Option<f64>,
}

/// A headline on an axis.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AxisHeadline {
    /// The headline.
    pub headline: Headline,
    /// When it was known.
    pub known: Timestamp,
    /// The cosine with the direction.
    pub value: f64,
}

impl View {
    /// A direction from one meaning to another, in a space of charts and headlines: from
    /// `"bearish"` to `"bullish"`. Either end is a sentence or anything else that a [`Query`] can be.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// # use rhymedb::{Query, Target};
    ///
    /// let view = db.now();
    /// let axis = view.axis(Query::text("bearish panic"), Query::text("bullish rally"));
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// println!("{:+.3}", axis.of(target.clone())?.value);
    /// let history = axis.history(&target, None, None)?;
    /// assert_eq!(history.points.last().map(|p| p.end), axis.of(target)?.window.map(|w| w.end));
    /// for line in axis.headlines("NOVAUSDT", None, None)? {
    ///     println!("{:+.3} {}", line.value, line.headline.text);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn axis(&self, low: impl Into<Query>, high: impl Into<Query>) -> Axis {
        Axis {
            view: self.clone(),
            low: low.into(),
            high: high.into(),
            space: None,
        }
    }
}

/// The direction of an axis in a space.
struct Direction {
    vector: Vec<f32>,
    /// Where all charts stand on it.
    usual: Option<Usual>,
    expressiveness: Option<Expressiveness>,
}

struct Usual {
    mean: f64,
    standard_deviation: f64,
}

impl Direction {
    fn value(&self, vector: &[f32]) -> f64 {
        cosine(vector, &self.vector)
    }

    /// How many standard deviations a value lies above the mean of all charts.
    fn deviations(&self, value: f64) -> Option<f64> {
        let usual = self.usual.as_ref()?;
        let spread = usual.standard_deviation;
        (spread > 0.0).then(|| (value - usual.mean) / spread)
    }
}

impl Axis {
    space_method!(text);

    fn look<T>(
        &self,
        query: Option<&Query>,
        question: impl FnOnce(&Aligned<'_>, &Direction) -> Result<T>,
    ) -> Result<T> {
        let queries: Vec<&Query> = [&self.low, &self.high].into_iter().chain(query).collect();
        self.view.aligned(self.space.as_deref(), &queries, |space| {
            let (low, high) = (space.place(&self.low)?, space.place(&self.high)?);
            let between = high.vector.iter().zip(&low.vector);
            let between: Vec<f64> = between
                .map(|(&h, &l)| f64::from(h) - f64::from(l))
                .collect();
            let length = between.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length < 1e-6 {
                return Err(Error::invalid(
                    "expected an axis between two meanings, found the same one twice",
                ));
            }
            let vector: Vec<f32> = between.iter().map(|x| (x / length) as f32).collect();
            let direction = Direction {
                usual: space.bank().map(|bank| Usual {
                    mean: f64::from(bank.usual(&vector)),
                    standard_deviation: f64::from(bank.expressiveness(&vector)),
                }),
                expressiveness: space.expressiveness(&vector),
                vector,
            };
            question(space, &direction)
        })
    }

    /// Where a chart stands, or anything else that can be asked with.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if a target or the space names nothing or several
    /// things; [`Error::Invalid`] if both ends mean the same.
    pub fn of(&self, query: impl Into<Query>) -> Result<AxisPoint> {
        let query = query.into();
        self.look(Some(&query), |space, direction| {
            let placed = space.place(&query)?;
            let value = direction.value(&placed.vector);
            Ok(AxisPoint {
                space: space.name(),
                window: placed.window,
                value,
                deviations: direction.deviations(value),
                expressiveness: direction.expressiveness,
            })
        })
    }

    /// What a user should know before believing the axis, if anything: that its two ends, as words, do
    /// not tell charts apart. Then charts stand on it as they would by sentences that say nothing about
    /// prices, and a fall may well lie on the side of "bull market".
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn warning(&self) -> Result<Option<String>> {
        self.view
            .aligned(self.space.as_deref(), &[&self.low, &self.high], |space| {
                let (low, high) = (space.place(&self.low)?, space.place(&self.high)?);
                separation::warning(space, &[&low.vector, &high.vector])
            })
    }

    /// Where each stored window of a series stands that closed in `from..=to`.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn history(
        &self,
        series: &Target,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<AxisHistory> {
        self.look(None, |space, direction| {
            let (key, _) = space.series(series)?;
            let windows = space.history(&key, from, to.or(series.time))?;
            let points = windows.iter().map(|(end, vector)| {
                let value = direction.value(vector);
                AxisMoment {
                    end: *end,
                    value,
                    deviations: direction.deviations(value),
                }
            });
            Ok(AxisHistory {
                space: space.name(),
                series: key,
                points: points.collect(),
            })
        })
    }

    /// Where the headlines stand that name a symbol, were published in `from..=to` and were known in
    /// the view; ascending by when they were known. Those without a word are left out.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn headlines(
        &self,
        symbol: &str,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<AxisHeadline>> {
        let choice = HeadlineChoice {
            from,
            until: to,
            ..HeadlineChoice::default()
        };
        choice.check()?;
        self.look(None, |space, direction| {
            let found = space.headlines_of(symbol, &choice)?.into_iter();
            let placed = found.filter_map(|h| {
                Some(AxisHeadline {
                    value: direction.value(&h.vector?),
                    headline: h.headline,
                    known: h.known,
                })
            });
            Ok(placed.collect())
        })
    }
}
