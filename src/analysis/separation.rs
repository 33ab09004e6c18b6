//! Whether words tell charts apart.
//!
//! A chart is always nearer to one sentence than to another, by something. Words tell charts apart if
//! their scores differ from chart to chart by more than those of sentences that say nothing about
//! prices: so many such sentences as there are labels are drawn, often, and if at least one draw in
//! twenty spreads charts as far as the labels do, the answer says so. The charts are a sample of the windows
//! that were known at the view's time.

use super::labels::cosine;
use crate::db::{Aligned, Filter, Query, Similar};
use crate::error::Result;

/// Charts that are looked at.
const CHARTS: usize = 256;
/// Fewer tell nothing.
const FEWEST: usize = 32;
/// How often sentences are drawn.
const DRAWS: usize = 199;
/// Words are believed if at most this share of the draws spreads charts as far.
const LEVEL: f64 = 0.05;

/// Sentences that say nothing about prices.
const UNRELATED: [&str; 40] = [
    "The cat sleeps on the kitchen table",
    "It rained all afternoon in the mountains",
    "She plays the violin every evening",
    "The library opens at nine on weekdays",
    "Two children build a castle of sand",
    "The recipe needs three eggs and some flour",
    "A bridge crosses the narrow river",
    "He wrote a letter to his grandmother",
    "The museum shows paintings of horses",
    "Tomatoes grow well in this garden",
    "The train to the coast leaves at noon",
    "They walked through the forest in silence",
    "A new theatre was built beside the school",
    "The lamp in the corner is broken",
    "Penguins live on the southern ice",
    "The choir sang two old songs",
    "My neighbour repairs bicycles",
    "The film lasts almost three hours",
    "We painted the door blue",
    "A lighthouse stands on the cliff",
    "The teacher read a poem to the class",
    "Bees fly from flower to flower",
    "The lecture was about the history of glass",
    "He forgot his umbrella on the bus",
    "The village has one bakery and a church",
    "An astronomer looks at the rings of Saturn",
    "The soup is still too hot to eat",
    "She learned to swim in the lake",
    "Old maps hang on the wall",
    "The football team trains in the hall",
    "A carpenter made the chairs of oak",
    "The moon was bright behind the clouds",
    "They named the puppy after a poet",
    "The doctor told him to rest",
    "Wooden boats lie in the harbour",
    "The dictionary has a thousand pages",
    "A cold wind blew across the field",
    "The guests arrived late for dinner",
    "He collects stamps from small islands",
    "The clock on the tower stopped",
];

/// What to say if these labels, by their vectors, do not tell the charts of a space apart.
pub(super) fn warning(space: &Aligned<'_>, labels: &[&[f32]]) -> Result<Option<String>> {
    // Each label beside the mean of all.
    let n = labels.len();
    let beside = |i: usize| -> Vec<f64> {
        let share = 1.0 / n.max(1) as f64;
        (0..n)
            .map(|j| f64::from(u8::from(i == j)) - share)
            .collect()
    };
    let contrasts: Vec<Vec<f64>> = (0..n).map(beside).collect();
    told(space, labels, &contrasts)
}

impl Similar {
    /// What a user should know before believing the answer to a sum with sentences, if anything: that
    /// these words do not tell charts apart, so that they move the sum at random.
    ///
    /// # Errors
    /// As [`Similar::run`].
    pub fn warning(&self) -> Result<Option<String>> {
        let Query::Sum(terms) = self.query() else {
            return Ok(None);
        };
        let text = |(weight, term): &(f32, Query)| match term {
            Query::Text(text) => Some((f64::from(*weight), text.clone())),
            _ => None,
        };
        let texts: Vec<(f64, String)> = terms.iter().filter_map(text).collect();
        if texts.is_empty() {
            return Ok(None);
        }
        let scope = self.scope();
        scope.view.aligned(scope.space, &[self.query()], |space| {
            let mut vectors = Vec::with_capacity(texts.len());
            for (_, text) in &texts {
                vectors.push(space.text(text)?);
            }
            let vectors: Vec<&[f32]> = vectors.iter().map(|v| &v[..]).collect();
            let weights = texts.iter().map(|(weight, _)| *weight).collect();
            told(space, &vectors, &[weights])
        })
    }
}

fn told(space: &Aligned<'_>, words: &[&[f32]], contrasts: &[Vec<f64>]) -> Result<Option<String>> {
    if words.is_empty() || !space.reads_text() {
        return Ok(None);
    }
    let rows = space.past.rows(&Filter::default())?;
    let sample = space.past.sample(&rows, CHARTS, 0)?;
    let places = sample.places();
    let step = places.len().div_ceil(CHARTS).max(1);
    let mut charts = Vec::with_capacity(CHARTS);
    for place in places.iter().step_by(step) {
        charts.extend(space.past.vector(*place)?);
    }
    if charts.len() < FEWEST {
        return Ok(None);
    }
    let scores =
        |vector: &[f32]| -> Vec<f64> { charts.iter().map(|c| cosine(c, vector)).collect() };
    let own: Vec<Vec<f64>> = words.iter().map(|w| scores(w)).collect();
    let mut unrelated = Vec::with_capacity(UNRELATED.len());
    for sentence in UNRELATED {
        unrelated.push(scores(&space.text(sentence)?));
    }
    let spread = spread_of(&own.iter().collect::<Vec<_>>(), contrasts);
    let mut draws = Draws(0x9e37_79b9_7f4a_7c15);
    let mut as_far = 0;
    for _ in 0..DRAWS {
        let chosen = draws.take(&unrelated, words.len());
        as_far += u32::from(spread_of(&chosen, contrasts) >= spread);
    }
    let share = f64::from(as_far + 1) / (DRAWS + 1) as f64;
    Ok((share > LEVEL).then(|| {
        format!(
            "the words do not tell charts apart: of {} windows, {:.0} % of draws of sentences that say nothing about prices spread them as far; name what prices do, like \"shares plunge\"",
            charts.len(),
            100.0 * share
        )
    }))
}

/// How far charts lie apart: the root of the mean variance over charts of the contrasts of their scores.
fn spread_of(scores: &[&Vec<f64>], contrasts: &[Vec<f64>]) -> f64 {
    let charts = scores.first().map_or(0, |s| s.len());
    let mut sum = 0.0;
    for weights in contrasts {
        let at = |chart: usize| -> f64 {
            let parts = weights.iter().zip(scores);
            parts
                .map(|(w, s)| w * s.get(chart).copied().unwrap_or_default())
                .sum()
        };
        let values: Vec<f64> = (0..charts).map(at).collect();
        let mean = values.iter().sum::<f64>() / charts.max(1) as f64;
        sum += values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    }
    (sum / (charts * contrasts.len()).max(1) as f64).sqrt()
}

/// Numbers in no visible order, always the same.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }

    /// So many of them, each at most once as long as there are enough.
    fn take<'a, T>(&mut self, from: &'a [T], wanted: usize) -> Vec<&'a T> {
        let mut left: Vec<&T> = from.iter().collect();
        let mut taken = Vec::with_capacity(wanted);
        while taken.len() < wanted {
            if left.is_empty() {
                left = from.iter().collect();
            }
            let i = self.below(left.len());
            taken.push(left.swap_remove(i));
        }
        taken
    }
}
