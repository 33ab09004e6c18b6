//! How well charts and headlines find one another, through the library's own encoders: what is
//! judged is what a user will run.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rayon::prelude::*;
use rhymedb::Result;
use rhymedb::encode::{Bank, Embeddings, Weights};
use serde::{Deserialize, Serialize};

use crate::data::Dataset;
use crate::random::seeded;

/// Headlines and charts of a pool.
pub const POOL: usize = 100;
/// How often all pairs are dealt into pools.
const DEALS: u64 = 4;
/// The purposes of these random numbers.
const POOLS: u32 = 7;
const BANK: u32 = 8;
/// Pairs of the training part that a bank is measured on.
const BANK_PAIRS: usize = 5000;

/// Figures of a part, both directions averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Pairs, one headline a window.
    pub pairs: usize,
    /// How often the partner is the first of a pool of 100.
    pub recall_at_1: f64,
    /// How often it is among the first 10.
    pub recall_at_10: f64,
    /// How often it scores higher than another one of the pool. 0.5 is chance.
    pub auc: f64,
}

/// The figures of the samples `part` by market, with the same pools for the same seed: pools of
/// several markets would be too easy.
///
/// # Errors
/// Those of the encoders.
pub fn scores(
    weights: &Weights,
    data: &Dataset,
    part: &[usize],
    seed: u64,
) -> Result<BTreeMap<String, Scores>> {
    let mut markets: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &i in part {
        let chart = data.samples.get(i).and_then(|s| data.charts.get(s.chart));
        if let Some(chart) = chart {
            markets.entry(&chart.key.market).or_default().push(i);
        }
    }
    let each = markets.into_iter().map(|(market, part)| {
        let pairs = embedded(weights, data, &part)?;
        Ok((market.to_owned(), deal(pairs, seed)))
    });
    each.collect()
}

/// The weights with a bank of training charts, by which they tell how much a sentence says.
///
/// # Errors
/// Those of the encoders, and [`rhymedb::Error::Invalid`] if there are fewer than two pairs.
pub fn with_bank(weights: &Weights, data: &Dataset, seed: u64) -> Result<Weights> {
    let mut part = data.parts.train.clone();
    part.shuffle(&mut seeded(seed, BANK, 0));
    part.truncate(BANK_PAIRS);
    let pairs = embedded(weights, data, &part)?;
    let dim = pairs.first().map_or(0, |(chart, _)| chart.len());
    let mut charts = Embeddings::with_capacity(dim, pairs.len());
    let mut texts = Embeddings::with_capacity(dim, pairs.len());
    for (chart, text) in &pairs {
        charts.push(Some(chart))?;
        texts.push(Some(text))?;
    }
    weights.with_bank(&Bank::measure(&charts, &texts)?)
}

/// The figures of pairs.
fn deal(mut pairs: Vec<Embedded>, seed: u64) -> Scores {
    let mut tally = [0.0; 3];
    let mut asked = 0_usize;
    for deal in 0..DEALS {
        pairs.shuffle(&mut seeded(seed, POOLS, deal));
        let pools = pairs.par_chunks_exact(POOL).map(judge);
        for pool in pools.collect::<Vec<_>>() {
            tally.iter_mut().zip(pool).for_each(|(t, p)| *t += p);
            asked += 1;
        }
    }
    let [recall_at_1, recall_at_10, auc] = tally.map(|t| t / asked.max(1) as f64);
    Scores {
        pairs: pairs.len(),
        recall_at_1,
        recall_at_10,
        auc,
    }
}

/// A chart and its headline.
type Embedded = (Vec<f32>, Vec<f32>);

/// The embeddings of a part: the first headline of each window.
fn embedded(weights: &Weights, data: &Dataset, part: &[usize]) -> Result<Vec<Embedded>> {
    let (charts, texts) = (weights.chart_encoder()?, weights.text_encoder()?);
    let mut by_chart: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for sample in part.iter().filter_map(|&i| data.samples.get(i)) {
        if let Some(text) = sample.text
            && seen.insert((sample.chart, sample.bar))
        {
            let list = by_chart.entry(sample.chart).or_default();
            list.push((sample.bar, text));
        }
    }
    let jobs: Vec<_> = by_chart.into_iter().collect();
    let found: Vec<Vec<Embedded>> = jobs
        .par_iter()
        .map(|(chart, list)| {
            let mut list = list.clone();
            list.sort_unstable();
            let ends: Vec<usize> = list.iter().map(|(bar, _)| *bar).collect();
            let Some(chart) = data.charts.get(*chart) else {
                return Ok(Vec::new());
            };
            let rows = charts.encode_series(&chart.bars, &ends)?;
            let mut pairs = Vec::new();
            for (i, (_, text)) in list.iter().enumerate() {
                let text = data.texts.get(*text).map_or("", |t| t.text.as_str());
                if let (Some(row), Some(text)) = (rows.row(i), texts.encode_text(text)?) {
                    pairs.push((row.to_vec(), text));
                }
            }
            Ok(pairs)
        })
        .collect::<Result<_>>()?;
    Ok(found.concat())
}

/// Recall at 1 and at 10 and the share of wrong pairs below the true one, in one pool.
fn judge(pool: &[Embedded]) -> [f64; 3] {
    let mut tally = [0.0; 3];
    for (i, (chart, text)) in pool.iter().enumerate() {
        let own = cosine(chart, text);
        let others = || pool.iter().enumerate().filter(move |(j, _)| *j != i);
        let texts = others().filter(|(_, other)| cosine(chart, &other.1) >= own);
        let charts = others().filter(|(_, other)| cosine(&other.0, text) >= own);
        for above in [texts.count(), charts.count()] {
            let [first, ten, auc] = &mut tally;
            *first += f64::from(u8::from(above == 0));
            *ten += f64::from(u8::from(above < 10));
            *auc += 1.0 - above as f64 / (pool.len() - 1).max(1) as f64;
        }
    }
    tally.map(|t| t / (2 * pool.len()).max(1) as f64)
}

/// The cosine of two vectors of unit length.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_of_partners_is_perfect_and_one_of_equals_is_none() {
        let unit = |i: usize| {
            let mut v = vec![0.0; POOL];
            if let Some(x) = v.get_mut(i) {
                *x = 1.0;
            }
            v
        };
        let perfect: Vec<Embedded> = (0..POOL).map(|i| (unit(i), unit(i))).collect();
        assert_eq!(judge(&perfect), [1.0, 1.0, 1.0]);
        let equal: Vec<Embedded> = (0..POOL).map(|_| (unit(0), unit(0))).collect();
        assert_eq!(judge(&equal), [0.0, 0.0, 0.0]);
    }
}
