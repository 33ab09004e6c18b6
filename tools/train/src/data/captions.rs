//! Charts with sentences that are made from them by rule: that a fall is called a fall. Headlines
//! seldom say what the price did.

use std::collections::BTreeMap;

use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use rhymedb::encode::is_held_out;
use rhymedb::{Bars, Database, Error, Interval, Result, SeriesBars, Timestamp};
use serde::{Deserialize, Serialize};

use super::database::series_of;
use super::templates::{fill, sections};
use super::{Gathered, Text, whole_windows};
use crate::config::SplitConfig;
use crate::random::seeded;

/// The purpose of these random numbers.
const CAPTIONS: u32 = 16;
/// Bars before the move over which its volatility is measured.
const BEFORE: usize = 60;
/// Bars of a move: a caption tells of what has just happened.
const MOVE: usize = 1;
/// Every so many windows of a series are looked at.
const HOP: usize = 3;
/// What is said of each class.
const TEXT: &str = include_str!("../../teacher/captions.txt");

/// What a caption tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facet {
    /// The return of the last bar in units of the volatility before.
    Move,
    /// The return of the whole window in the same units.
    Trend,
    /// The volatility of the last ten bars beside that before.
    Volatility,
}

/// The bars of a database, with captions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaptionSource {
    /// One market alone.
    pub market: Option<String>,
    /// One interval alone, such as `1d`.
    pub interval: Option<String>,
    /// What the captions tell of.
    pub facet: Facet,
    /// Windows, as many of each class.
    pub count: usize,
    /// Pairs of a step, if not as many as the run says.
    pub batch: Option<usize>,
    /// The share of its steps that an epoch has, drawn by lot anew in each. Default 1.
    pub share: f32,
    /// What is kept apart, if not what the run keeps apart. Captions are for training alone.
    pub split: Option<SplitConfig>,
    /// Where the choice of windows and words starts.
    pub seed: u64,
}

impl Default for CaptionSource {
    fn default() -> Self {
        Self {
            market: None,
            interval: None,
            facet: Facet::Move,
            count: 4000,
            batch: None,
            share: 1.0,
            split: None,
            seed: 1,
        }
    }
}

impl CaptionSource {
    pub(super) fn gather(
        &self,
        db: Option<&Database>,
        split: &SplitConfig,
        gathered: &mut Gathered,
    ) -> Result<()> {
        if !gathered.texts {
            return Err(Error::Invalid(
                "expected [text] for a source of captions; add it".to_owned(),
            ));
        }
        let interval: Option<Interval> = self.interval.as_ref().map(|i| i.parse()).transpose()?;
        let series = series_of(db, self.market.as_deref(), interval)?;
        let (validation, _) = split.dates()?;
        let mut random = seeded(self.seed, CAPTIONS, 0);
        let captions = captions();
        let said: Vec<&[&str]> = (self.facet.classes().iter())
            .map(|class| captions.get(class).map_or(&[][..], Vec::as_slice))
            .collect();
        let chosen = self.choose(&series, gathered, validation, split.hold_out, &mut random);
        for (one, ends) in series.into_iter().zip(chosen) {
            if ends.is_empty() {
                continue;
            }
            let chart = gathered.add_chart(one)?;
            for (bar, class) in ends {
                let templates = said.get(class).copied().unwrap_or_default();
                let template = templates.choose(&mut random).copied().unwrap_or_default();
                gathered.data.texts.push(Text {
                    text: fill(template, &mut random),
                    story: class as u64,
                });
                let text = gathered.data.texts.len() - 1;
                gathered.add_sample(chart, bar, Some(text))?;
            }
        }
        Ok(())
    }

    /// Windows of the training part with the class of each, by series, as many of each class.
    fn choose(
        &self,
        series: &[SeriesBars],
        gathered: &Gathered,
        validation: i64,
        hold_out: u64,
        random: &mut ChaCha8Rng,
    ) -> Vec<Vec<(usize, usize)>> {
        let window = gathered.chart.window as usize;
        let reach = window + gathered.chart.warm_up() as usize;
        let mut classes: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.facet.classes().len()];
        for (i, one) in series.iter().enumerate() {
            if is_held_out(&one.key.symbol, hold_out) {
                continue;
            }
            for bar in whole_windows(one, reach.max(window + BEFORE), window, HOP) {
                let open = one.bars.time.get(bar).copied().unwrap_or(i64::MAX);
                let close = one.key.interval.close_of(Timestamp::from_millis(open));
                let class = self.facet.class(&one.bars, bar, window);
                let list = class.and_then(|class| classes.get_mut(class));
                if let Some(list) = list.filter(|_| close.millis() < validation) {
                    list.push((i, bar));
                }
            }
        }
        let each = self.count / classes.len().max(1);
        let mut chosen = vec![Vec::new(); series.len()];
        for (class, mut list) in classes.into_iter().enumerate() {
            let (some, _) = list.partial_shuffle(random, each);
            for &mut (i, bar) in some {
                if let Some(ends) = chosen.get_mut(i) {
                    ends.push((bar, class));
                }
            }
        }
        chosen.iter_mut().for_each(|ends| ends.sort_unstable());
        chosen
    }
}

/// The templates of each class.
fn captions() -> BTreeMap<&'static str, Vec<&'static str>> {
    sections(TEXT, |title| title.split_once(':').map(|(class, _)| class))
}

impl Facet {
    /// Which of [`Self::classes`] a window is of, if of one.
    fn class(self, bars: &Bars, bar: usize, window: usize) -> Option<usize> {
        let log = |i: usize| bars.close.get(i).map(|x| x.ln());
        let spread = |from: usize, to: usize| {
            let returns = (from..to).map(|i| Some(log(i)? - log(i.checked_sub(1)?)?));
            let returns = returns.collect::<Option<Vec<f64>>>()?;
            let squares = returns.iter().map(|r| r * r).sum::<f64>();
            Some((squares / returns.len().max(1) as f64).sqrt())
        };
        let moved = |count: usize| {
            let start = (bar + 1).checked_sub(count)?;
            let size = spread(start.checked_sub(BEFORE)?, start)?;
            let change = log(bar)? - log(start.checked_sub(1)?)?;
            (size > 0.0).then(|| change / (size * (count as f64).sqrt()))
        };
        // Windows between two ranges are of no class.
        let within = |x: f64, ranges: &[(f64, f64)]| {
            ranges
                .iter()
                .position(|(low, high)| (*low..*high).contains(&x))
        };
        let far = f64::INFINITY;
        match self {
            Self::Move => within(moved(MOVE)?, &[(-far, -1.5), (-0.3, 0.3), (1.5, far)]),
            Self::Trend => within(moved(window)?, &[(-far, -1.2), (-0.25, 0.25), (1.2, far)]),
            Self::Volatility => {
                let start = (bar + 1).checked_sub(10)?;
                let before = spread(start.checked_sub(BEFORE)?, start)?;
                let ratio = spread(start, bar + 1)? / before;
                within(ratio, &[(0.0, 0.55), (1.6, far)])
            }
        }
    }

    /// The classes, as `teacher/captions.txt` names them.
    fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Move => &["fall", "flat", "rise"],
            Self::Trend => &["downtrend", "range", "uptrend"],
            Self::Volatility => &["calm", "turmoil"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::templates::sentences;
    use super::*;

    /// A hundred calm bars, and then a move.
    fn bars(last: f64) -> Bars {
        let mut bars = Bars::default();
        for i in 0..200_i32 {
            let wave = 100.0 * (1.0 + 0.005 * f64::from(i % 2));
            let price = if i == 199 { wave * last } else { wave };
            bars.push(rhymedb::Bar {
                time: Timestamp::from_millis(i64::from(i) * 86_400_000),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 1.0,
            });
        }
        bars
    }

    #[test]
    fn a_move_is_called_what_it_is() {
        let class = |last: f64| Facet::Move.class(&bars(last), 199, 64);
        assert_eq!(class(0.9), Some(0));
        assert_eq!(class(1.1), Some(2));
        assert_eq!(class(0.9951), Some(1));
        assert_eq!(Facet::Trend.class(&bars(1.0), 199, 64), Some(1));
        assert_eq!(Facet::Volatility.class(&bars(1.3), 199, 64), Some(1));
        assert_eq!(Facet::Move.class(&bars(1.0), 10, 64), None);
    }

    #[test]
    fn every_class_has_captions() {
        for facet in [Facet::Move, Facet::Trend, Facet::Volatility] {
            for class in facet.classes() {
                let count = captions().get(class).map_or(0, Vec::len);
                assert!(count > 0, "{class}");
            }
        }
    }

    /// `rhyme eval` looks for these: their first two words stand in no caption.
    #[test]
    fn captions_are_not_what_eval_asks_for() {
        let kept = [
            "shares fall",
            "shares plunge",
            "stock drops",
            "shares surge",
            "shares jump",
            "stock rallies",
        ];
        let templates: Vec<&str> = captions().into_values().flatten().collect();
        for sentence in templates.iter().flat_map(|t| sentences(t)) {
            let words = sentence.to_lowercase();
            let found = kept.iter().find(|k| words.contains(*k));
            assert_eq!(found, None, "{sentence}");
        }
    }
}
