//! Moments at which chart and news disagree, which way they do, and such moments as one episode.

use std::fmt;

use crate::db::Aligned;
use crate::error::Result;
use crate::model::Timestamp;
use crate::numeric::direction::mean_direction;

/// What good and bad news say of a price.
const BULLISH: [&str; 3] = [
    "Shares surge to a record high on heavy volume",
    "Prices jump after strong results",
    "A strong rally on good news",
];
const BEARISH: [&str; 3] = [
    "Shares plunge in a sharp sell-off on heavy volume",
    "Prices tumble after weak results",
    "A steep fall on bad news",
];

/// A bar in which news became known.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DivergenceMoment {
    /// The close of the window's last bar.
    pub end: Timestamp,
    /// The cosine of the window and the mean of the headlines, -1 to 1: low is divergence.
    pub similarity: f64,
    /// 100 (1 + those of `earlier` that were at most as similar) / (1 + `earlier`), so that at most 5 % of
    /// moments that are like the earlier ones have 5 or less; `None` while there are too few, or where
    /// the weights have seen the window (`trained_until`).
    pub percentile: Option<f64>,
    /// Earlier moments of the series with a like number of headlines: 1, 2, 3 to 4, 5 to 8, ... The mean of several
    /// headlines is nearer to every chart than a single one. Of a window that the weights have not seen
    /// only such moments.
    pub earlier: u64,
    /// Until when the weights of the space have seen the series, if that is after the window began. They
    /// fit news to such charts better than to later ones, so the moment is compared with no other.
    pub trained_until: Option<Timestamp>,
    /// Whether the percentile is at most the one asked for.
    pub flagged: bool,
    /// How far the price moved over the last quarter of the window, as a share; `None` without bars.
    pub price_change: Option<f64>,
    /// Where the mean of the headlines stands between bad news and good ones, -1 to 1.
    pub news_direction: f64,
    /// The headlines that became known in the bar, ascending by when they were.
    pub headlines: Vec<String>,
}

impl DivergenceMoment {
    /// What the price does and what the news say; `None` where the price did not move or there are no bars.
    pub fn sign(&self) -> Option<DivergenceSign> {
        let change = self.price_change.filter(|change| *change != 0.0)?;
        Some(DivergenceSign {
            price_rises: change > 0.0,
            news_bullish: self.news_direction > 0.0,
        })
    }
}

/// What the price does and what the news say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DivergenceSign {
    /// Whether the price rises, else it falls.
    pub price_rises: bool,
    /// Whether the news are bullish, else they are bearish.
    pub news_bullish: bool,
}

impl fmt::Display for DivergenceSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let price = if self.price_rises { "rises" } else { "falls" };
        let news = if self.news_bullish {
            "bullish"
        } else {
            "bearish"
        };
        write!(f, "price {price}, news {news}")
    }
}

/// Flagged moments of one sign whose windows overlap.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DivergenceEpisode {
    /// The end of its first moment.
    pub first: Timestamp,
    /// The end of its last moment.
    pub last: Timestamp,
    /// How many moments it has.
    pub moments: u64,
    /// Which way chart and news disagree; `None` where the price did not move or there are no bars.
    pub sign: Option<DivergenceSign>,
    /// The moment of the lowest percentile.
    pub lowest: DivergenceMoment,
}

impl DivergenceEpisode {
    /// The episodes of moments, each with the number of its window; ascending. Windows overlap if fewer than
    /// `overlap` others end between theirs.
    pub(super) fn of(moments: &[(usize, DivergenceMoment)], overlap: usize) -> Vec<Self> {
        let mut all: Vec<(usize, Self)> = Vec::new();
        for (at, moment) in moments.iter().filter(|(_, m)| m.flagged) {
            match all.last_mut() {
                Some((last, episode)) if at - *last < overlap && episode.sign == moment.sign() => {
                    *last = *at;
                    episode.last = moment.end;
                    episode.moments += 1;
                    if moment.percentile < episode.lowest.percentile {
                        episode.lowest = moment.clone();
                    }
                }
                _ => all.push((
                    *at,
                    Self {
                        first: moment.end,
                        last: moment.end,
                        moments: 1,
                        sign: moment.sign(),
                        lowest: moment.clone(),
                    },
                )),
            }
        }
        all.into_iter().map(|(_, episode)| episode).collect()
    }
}

/// The direction from bad news to good ones in a space.
pub(super) fn good_news(space: &Aligned<'_>) -> Result<Option<Vec<f32>>> {
    let mean = |sentences: [&str; 3]| -> Result<Option<Vec<f32>>> {
        let vectors: Result<Vec<_>> = sentences.iter().map(|s| space.text(s)).collect();
        Ok(mean_direction(&vectors?))
    };
    let (Some(good), Some(bad)) = (mean(BULLISH)?, mean(BEARISH)?) else {
        return Ok(None);
    };
    let between = good.iter().zip(&bad).map(|(g, b)| g - b).collect();
    Ok(mean_direction(&[between]))
}
