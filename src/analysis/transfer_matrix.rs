//! How alike markets or symbols are.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::bridge::dot;
use super::moments::vectors;
use crate::db::{Filter, Past, Place, View, filter_methods, space_method, within};
use crate::error::{Error, Result};

/// The most groups that are compared.
const MOST_GROUPS: usize = 64;
/// The most windows of a group, since every window of one is compared with every one of the other.
const MOST_WINDOWS: u64 = 20_000;

/// A comparison of all markets, or of all symbols, with one another, made by
/// [`View::transfer_matrix`].
#[derive(Clone, Debug)]
pub struct TransferMatrix<'a> {
    view: &'a View,
    space: Option<String>,
    filter: Filter,
    by_symbol: bool,
    sample: usize,
    exact: bool,
    seed: u64,
}

/// The windows of a market or symbol that were compared.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferGroup {
    /// The market, or market and symbol as `crypto/BTCUSDT`.
    pub name: String,
    /// Windows of the period.
    pub windows: u64,
    /// Those of them that were compared.
    pub n: usize,
}

/// How alike two groups are.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferPair {
    /// The name of the one.
    pub a: String,
    /// The name of the other, which comes later in the order of names.
    pub b: String,
    /// Pairs of windows that are each other's nearest, as a share of the windows of the smaller
    /// group: 1 if each has a partner; about a half where the two groups are of one kind and of one size.
    pub mutual: f64,
    /// The mean cosine of a window and its nearest in the other group, over the windows of both.
    pub similarity: f64,
    /// Windows of the one.
    pub n_a: usize,
    /// Windows of the other.
    pub n_b: usize,
}

/// The answer to [`View::transfer_matrix`].
#[derive(Clone, Debug, PartialEq)]
pub struct TransferMatrixAnswer {
    /// The space.
    pub space: String,
    /// The groups, by name; those without windows in the period are left out.
    pub groups: Vec<TransferGroup>,
    /// All pairs of them, by name.
    pub pairs: Vec<TransferPair>,
    /// How long it took.
    pub took: Duration,
}

impl View {
    /// Compares all markets, or all symbols, with one another over a period. Of each an evenly spread, seeded
    /// sample of windows is taken, and every window of one is compared with every one of the other.
    /// Uses all threads.
    ///
    /// ```
    /// use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// for (key, calendar, bars) in SyntheticMarket::new(SyntheticConfig::small(1))?.series() {
    ///     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// }
    /// let answer = db.now().transfer_matrix().run()?;
    /// for pair in &answer.pairs {
    ///     println!("{} {} {:.2} {:.2}", pair.a, pair.b, pair.mutual, pair.similarity);
    /// }
    /// assert_eq!(answer.pairs.len(), 1, "crypto with equity");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer_matrix(&self) -> TransferMatrix<'_> {
        TransferMatrix {
            view: self,
            space: None,
            filter: Filter::default(),
            by_symbol: false,
            sample: 500,
            exact: false,
            seed: 0,
        }
    }
}

/// A group on its way: its windows, and the vectors of those that are compared.
struct Group {
    name: String,
    windows: u64,
    vectors: Vec<Vec<f32>>,
}

impl TransferMatrix<'_> {
    /// Compares symbols instead of markets. Default: no.
    #[must_use]
    pub fn by_symbol(mut self, by_symbol: bool) -> Self {
        self.by_symbol = by_symbol;
        self
    }

    space_method!(chart);
    filter_methods!(filter: market, symbol, interval, from, to);

    /// The most windows of a group that are compared. Default: 500. At most 20,000.
    #[must_use]
    pub fn sample(mut self, windows: usize) -> Self {
        self.sample = windows;
        self
    }

    /// Compares every window of the period instead of a sample, up to 20,000 a group.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// The seed of the samples. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored; [`Error::Invalid`] if an option is
    /// out of range, there are more than 64 groups, or, where every window counts, more than
    /// 20,000 windows in one.
    pub fn run(&self) -> Result<TransferMatrixAnswer> {
        within("a sample", self.sample, MOST_WINDOWS as usize)?;
        self.filter.check()?;
        self.view
            .past(self.space.as_deref(), |past| self.answer(past))
    }

    fn answer(&self, past: &Past<'_>) -> Result<TransferMatrixAnswer> {
        let start = Instant::now();
        let groups = self.groups(past)?;
        past.start_threads()?;
        let mut both: Vec<(&Group, &Group)> = Vec::new();
        for (i, a) in groups.iter().enumerate() {
            both.extend(groups.iter().skip(i + 1).map(|b| (a, b)));
        }
        let pairs = both.into_par_iter().map(|(a, b)| compare(a, b)).collect();
        let shown = |g: &Group| TransferGroup {
            name: g.name.clone(),
            windows: g.windows,
            n: g.vectors.len(),
        };
        Ok(TransferMatrixAnswer {
            space: past.space().to_owned(),
            groups: groups.iter().map(shown).collect(),
            pairs,
            took: start.elapsed(),
        })
    }

    fn groups(&self, past: &Past<'_>) -> Result<Vec<Group>> {
        let rows = past.rows(&self.filter)?;
        let mut series: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (id, key) in past.all_series() {
            let name = if self.by_symbol {
                format!("{}/{}", key.market, key.symbol)
            } else {
                key.market.clone()
            };
            if past.count(&rows.of([id])) > 0 {
                series.entry(name).or_default().push(id);
            }
        }
        if series.len() > MOST_GROUPS {
            return Err(Error::invalid(format!(
                "expected at most {MOST_GROUPS} markets or symbols to compare, found {}; say which by `market` or `symbol`",
                series.len()
            )));
        }
        let mut groups = Vec::with_capacity(series.len());
        for (name, ids) in series {
            let rows = rows.of(ids);
            let windows = past.count(&rows);
            let places = if self.exact {
                if windows > MOST_WINDOWS {
                    return Err(Error::invalid(format!(
                        "expected at most {MOST_WINDOWS} windows of {name} where every window counts, found {windows}; narrow the period, or take a sample"
                    )));
                }
                past.places(&rows)?
            } else {
                thinned(
                    past.sample(&rows, self.sample, self.seed)?.places(),
                    self.sample,
                )
            };
            groups.push(Group {
                name,
                windows,
                vectors: vectors(past, &places)?,
            });
        }
        Ok(groups)
    }
}

/// At most `most` of these windows, spread evenly.
fn thinned(places: &[Place], most: usize) -> Vec<Place> {
    let n = places.len();
    let taken = (0..n.min(most)).map(|i| i * n / n.min(most));
    taken.filter_map(|i| places.get(i).copied()).collect()
}

fn compare(a: &Group, b: &Group) -> TransferPair {
    let (n_a, n_b) = (a.vectors.len(), b.vectors.len());
    let none = (usize::MAX, f32::NEG_INFINITY);
    let mut best_a = vec![none; n_a];
    let mut best_b = vec![none; n_b];
    for ((i, x), of_a) in a.vectors.iter().enumerate().zip(&mut best_a) {
        for ((j, y), of_b) in b.vectors.iter().enumerate().zip(&mut best_b) {
            let score = dot(x, y);
            if score > of_a.1 {
                *of_a = (j, score);
            }
            if score > of_b.1 {
                *of_b = (i, score);
            }
        }
    }
    let partner =
        |(i, of_a): &(usize, &(usize, f32))| best_b.get(of_a.0).is_some_and(|of_b| of_b.0 == *i);
    let mutual = best_a.iter().enumerate().filter(partner).count();
    let sum: f64 = best_a.iter().chain(&best_b).map(|b| f64::from(b.1)).sum();
    TransferPair {
        a: a.name.clone(),
        b: b.name.clone(),
        mutual: mutual as f64 / n_a.min(n_b).max(1) as f64,
        similarity: sum / (n_a + n_b).max(1) as f64,
        n_a,
        n_b,
    }
}
