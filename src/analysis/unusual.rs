//! How unusual a window is, as of its own close, and how unusual that was among others.
//!
//! A window is measured against what was known when it closed, whatever the time of the view, so a measure
//! follows from the past of its window alone: it can be kept, and no view of an earlier time can be told
//! what came later. The windows that calibrate it are measured in the same way, each as of its
//! own close.

use std::sync::Arc;

use super::alignment::nearest_label;
use super::labels::PlacedLabel;
use super::moments::Drawn;
use crate::db::{
    Aligned, ByWindow, Candidate, DEFAULT_EF, Kin, Past, Place, RowFilter, Sample, Spread, Wanted,
};
use crate::error::{Error, Result};

/// Vectors from which mean and covariance are taken, at least.
const MOMENT_SAMPLE: usize = 1000;
/// Fewer windows calibrate nothing.
pub(super) const LEAST_CALIBRATION: usize = 20;

/// The measures of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measures {
    pub(super) distance: f64,
    pub(super) mahalanobis: f64,
    pub(super) largest_z: f64,
    /// `None` where nothing in words was known.
    pub(super) alignment: Option<f64>,
    /// Whether the weights have seen some of the window, in a space of words.
    pub(super) seen: bool,
}

/// The words of a space that may fit a window.
pub(super) struct Words<'a> {
    pub(super) space: Aligned<'a>,
    pub(super) labels: Vec<PlacedLabel>,
    /// From the publication of a headline until somebody could know it, in milliseconds.
    pub(super) latency: i64,
    /// What tells these labels from others.
    pub(super) key: u64,
}

impl Words<'_> {
    /// One less the greatest cosine of a window with a label, or with a headline that was known when
    /// it closed; `None` if there is neither.
    fn alignment(&self, window: &Judged<'_>) -> Result<Option<f64>> {
        let known = (self.latency, window.place.end);
        let headline = self.space.nearest_known(window.vector, known)?;
        let label = nearest_label(&self.labels, window.vector).map(|(_, score)| score);
        let best = headline.into_iter().chain(label).max_by(f64::total_cmp);
        Ok(best.map(|best| 1.0 - best))
    }
}

/// A window with its vector.
pub(super) struct Judged<'a> {
    pub(super) place: Place,
    pub(super) vector: &'a [f32],
}

/// How windows are measured.
pub(super) struct Judge<'a> {
    pub(super) past: &'a Past<'a>,
    /// The windows that a window is measured against, as far as they were known.
    pub(super) history: RowFilter,
    /// Whether the question named these: then they calibrate too.
    pub(super) named: bool,
    /// Every window that was known.
    pub(super) everything: RowFilter,
    /// Which series are alike.
    pub(super) kin: Kin,
    pub(super) k: usize,
    /// The least distance in bars of two neighbours, and of a window and its neighbours.
    pub(super) exclusion: u32,
    pub(super) exact: bool,
    pub(super) seed: u64,
    /// Windows that calibrate, at least.
    pub(super) calibration: usize,
    /// Of a space that holds headlines too.
    pub(super) words: Option<Words<'a>>,
}

/// Measures that were taken before; `None` where there was not enough history.
type Known = ByWindow<Option<Measures>>;

impl Judge<'_> {
    /// The measures of a window as of its close and its nearest episodes, or `None` if there was
    /// too little history.
    pub(super) fn measure(
        &self,
        window: &Judged<'_>,
    ) -> Result<Option<(Measures, Vec<Candidate>)>> {
        // Neither the window's own bars nor what other symbols did at that time: a market moves as
        // one, and a crash would be like that of every other symbol.
        let before = self.before(window.place)?;
        let wanted = Wanted {
            k: self.k,
            exclusion: self.exclusion,
            spread: Spread::default(),
            ef: DEFAULT_EF,
            exact: self.exact,
        };
        let drawn = Drawn::new(self.past, &before, (MOMENT_SAMPLE, self.seed))?;
        let moments = drawn.moments(self.past)?;
        let Some(moments) = moments.as_ref() else {
            return Ok(None);
        };
        let asked = (window.vector, Some(window.place));
        let nearest = self.past.episodes(&before, asked, &wanted)?.found;
        if nearest.len() < self.k {
            return Ok(None);
        }
        let distances = nearest
            .iter()
            .map(|c| (2.0 - 2.0 * f64::from(c.score)).max(0.0).sqrt());
        let measures = Measures {
            distance: distances.sum::<f64>() / nearest.len() as f64,
            mahalanobis: moments.mahalanobis(window.vector),
            largest_z: moments.largest_z(window.vector),
            alignment: match &self.words {
                Some(words) => words.alignment(window)?,
                None => None,
            },
            seen: self.words.is_some() && self.past.learned_window(window.place)?.is_some(),
        };
        Ok(Some((measures, nearest)))
    }

    /// The windows that a window is compared with: those that had ended when it began.
    pub(super) fn before(&self, place: Place) -> Result<RowFilter> {
        Ok(self.history.until(self.apart(place)?))
    }

    /// The end of the last window that may have ended when a window began.
    pub(super) fn apart(&self, place: Place) -> Result<i64> {
        self.past.begins(place)
    }

    /// The windows that say how unusual a value is: those that the question named, or else those of
    /// the same market and interval. Tails differ from market to market and from hours to days: among windows
    /// of all kinds those of the wild ones would be the unusual ones.
    pub(super) fn kin(&self, place: Place) -> RowFilter {
        match self.named {
            true => self.history.clone(),
            false => self.kin.rows(&self.history, place.series),
        }
    }

    /// Windows of the second half of the time before a window, that it is compared with. In the
    /// first half there was so little history that its windows would look more unusual. In a space of
    /// words, those after the end of training if they are enough: see [`Measures::seen`].
    pub(super) fn calibration(&self, place: Place) -> Result<Sample> {
        let last = self.apart(place)?;
        let kin = self.kin(place);
        let first = *kin.period().start();
        let ends = self.past.ends(&kin)?;
        let begin = ends.map_or(last, |ends| first.max(*ends.start()));
        let half = begin.saturating_add(last.saturating_sub(begin) / 2);
        let rows = kin.until(last).after(half);
        let learned = match self.words {
            Some(_) => self
                .past
                .learned_until(place)?
                .filter(|until| (half..last).contains(until)),
            None => None,
        };
        let later = learned.map(|until| rows.after(until));
        let later = later.filter(|later| self.past.count(later) >= self.calibration as u64);
        let rows = later.unwrap_or(rows);
        self.past.sample(&rows, self.calibration, self.seed)
    }

    /// The measures of the windows that calibrate; `None` if there are too few to say anything.
    pub(super) fn calibrated(&self, sample: &Sample) -> Result<Option<Vec<Measures>>> {
        let known = self.known()?;
        let mut all = Vec::with_capacity(sample.places().len());
        for &place in sample.places() {
            all.extend(self.recall(&known, place)?);
        }
        Ok((all.len() >= LEAST_CALIBRATION).then_some(all))
    }

    /// Measures these windows ahead of time, on all threads.
    pub(super) fn prepare(&self, places: &[Place]) -> Result<()> {
        use rayon::prelude::*;
        let known = self.known()?;
        self.past.start_threads()?;
        places
            .par_iter()
            .try_for_each(|&place| self.recall(&known, place).map(drop))
    }

    fn known(&self) -> Result<Arc<Known>> {
        let first = *self.history.period().start();
        let words = self.words.as_ref();
        let numbers = [
            self.k as u64,
            u64::from(self.exclusion),
            u64::from(self.exact),
            self.seed,
            first.cast_unsigned(),
            words.map_or(0, |w| w.key),
            words.map_or(0, |w| w.latency.cast_unsigned()),
        ];
        let key = self.past.key(&self.history, &numbers);
        self.past.memo().by_window(key)
    }

    fn recall(&self, known: &Known, place: Place) -> Result<Option<Measures>> {
        known.get(place, || {
            let vector = self
                .past
                .vector(place)?
                .ok_or_else(|| Error::internal("a sampled window has no vector"))?;
            let window = Judged {
                place,
                vector: &vector,
            };
            let measures = self.measure(&window)?.map(|(measures, _)| measures);
            // Nothing later than its close was looked at.
            Ok((measures, place.end))
        })
    }
}

/// Where a value stands among those that calibrate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rank {
    pub(super) percentile: f64,
    /// The conformal p-value.
    pub(super) p_value: f64,
}

pub(super) fn rank(value: f64, others: impl Iterator<Item = f64>) -> Rank {
    let (mut below, mut same, mut n) = (0usize, 0usize, 0usize);
    for other in others {
        n += 1;
        below += usize::from(other < value);
        same += usize::from(other == value);
    }
    let percent = 100.0 * (below as f64 + 0.5 * same as f64) / n.max(1) as f64;
    let as_far = n - below;
    Rank {
        percentile: percent,
        p_value: (1 + as_far) as f64 / (1 + n) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn ranks_are_shares_and_conformal_p_values() {
        let others = || [1.0, 2.0, 3.0, 4.0].into_iter();
        let rank = |value: f64| {
            let rank = rank(value, others());
            (rank.percentile, rank.p_value)
        };
        assert_eq!(rank(2.5), (50.0, 3.0 / 5.0));
        assert_eq!(rank(9.0), (100.0, 1.0 / 5.0));
        assert_eq!(rank(0.0), (0.0, 1.0));
        assert_eq!(rank(2.0), (37.5, 4.0 / 5.0));
    }
}
