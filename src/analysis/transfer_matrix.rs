//! How alike markets or symbols are.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::likeness::{Likeness, Member};
use super::moments::vectors;
use crate::db::{Filter, Past, Place, View, WHICH_AND_WHEN, setters, space_method, within};
use crate::error::{Error, Result};
use crate::model::{Attribute, Calendar};

/// The most groups that are compared.
const MOST_GROUPS: usize = 64;
/// The most windows of a group, since every window of one is compared with every one of the other.
const MOST_WINDOWS: u64 = 20_000;

/// A comparison of all markets, symbols or values of an attribute with one another, made by
/// [`View::transfer_matrix`].
#[derive(Clone, Debug)]
pub struct TransferMatrix {
    view: View,
    space: Option<String>,
    filter: Filter,
    by: GroupBy,
    sample: usize,
    exact: bool,
    seed: u64,
}

/// What makes a group.
#[derive(Clone, Debug)]
enum GroupBy {
    Market,
    Symbol,
    Attribute(String),
}

/// The windows of a market or symbol that were compared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransferGroup {
    /// The market, market and symbol as `crypto/BTCUSDT`, or the value of the attribute.
    pub name: String,
    /// Windows of the period.
    pub windows: u64,
    /// Those of them that were sampled; a pair compares as many as the smaller of its groups has.
    pub n: usize,
}

/// How alike two groups are.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransferPair {
    /// The name of the one.
    pub a: String,
    /// The name of the other, which comes later in the order of names.
    pub b: String,
    /// Windows of each that were compared: as many of the larger group as the smaller one has.
    pub n: usize,
    /// Pairs of windows that are each other's nearest, as a share of `n`: 1 if each has a partner.
    pub mutual: f64,
    /// The same for two groups of one kind: the windows of both, shuffled and split in two. Windows that may
    /// share bars are not compared. `None` of fewer than 30 windows of each.
    pub mutual_null: Option<f64>,
    /// The mean cosine of a window and its nearest in the other group, over the windows of both.
    pub similarity: f64,
    /// The same for two groups of one kind; it grows with `n`.
    pub similarity_null: Option<f64>,
}

/// The answer to [`View::transfer_matrix`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
    /// sample of windows is taken, and every window of one is compared with every one of the other, as many of
    /// each, and beside it what two groups of one kind would give. Uses all threads.
    ///
    /// ```
    /// use rhymedb::Database;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let answer = db.now().transfer_matrix().run()?;
    /// for pair in &answer.pairs {
    ///     println!("{} {} {:.2} {:.2}", pair.a, pair.b, pair.mutual, pair.similarity);
    /// }
    /// assert_eq!(answer.pairs.len(), 1, "crypto with equity");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer_matrix(&self) -> TransferMatrix {
        TransferMatrix {
            view: self.clone(),
            space: None,
            filter: Filter::default(),
            by: GroupBy::Market,
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
    /// Where those windows are, and how long each lasts.
    places: Vec<Place>,
    spans: Vec<i64>,
}

impl Group {
    /// `n` of its windows, spread evenly.
    fn members(&self, n: usize) -> Vec<Member<'_>> {
        let all = self.vectors.iter().zip(&self.places).zip(&self.spans);
        let all: Vec<Member<'_>> = all
            .map(|((vector, place), &span)| Member {
                vector,
                series: place.series,
                end: place.end,
                span,
            })
            .collect();
        thinned(&all, n)
    }
}

impl TransferMatrix {
    /// Compares symbols instead of markets. Default: no.
    #[must_use]
    pub fn by_symbol(mut self, by_symbol: bool) -> Self {
        self.by = match by_symbol {
            true => GroupBy::Symbol,
            false => GroupBy::Market,
        };
        self
    }

    /// Compares the values of an attribute of symbols, like their `sector`, instead of markets. Series that
    /// have none are left out. See [`crate::Database::set_attributes`].
    #[must_use]
    pub fn by_attribute(mut self, name: &str) -> Self {
        self.by = GroupBy::Attribute(Attribute::plain(name));
        self
    }

    space_method!(chart);
    setters! {
        /// Only windows that pass a filter; it replaces the one before. Default: any.
        fn filter(filter: crate::db::Filter);

        /// The most windows of a group that are compared. Default: 500. At most 20,000.
        fn sample(windows: usize);

        /// Compares every window of the period instead of a sample, up to 20,000 a group.
        fn exact(exact: bool);

        /// The seed of the samples. Default: 0.
        fn seed(seed: u64);
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
        self.filter.only("a matrix", WHICH_AND_WHEN)?;
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
        let pairs = both.into_par_iter();
        let pairs = pairs.map(|(a, b)| compare(past, (a, b), self.seed));
        let pairs = pairs.collect::<Result<_>>()?;
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
        let attributes = past.attributes()?;
        for (id, key) in past.all_series() {
            if past.count(&rows.of([id])) == 0 {
                continue;
            }
            let names = match &self.by {
                GroupBy::Market => vec![key.market.clone()],
                GroupBy::Symbol => vec![format!("{}/{}", key.market, key.symbol)],
                GroupBy::Attribute(name) => {
                    attributes.values(key, name).map(str::to_owned).collect()
                }
            };
            for name in names {
                series.entry(name).or_default().push(id);
            }
        }
        if let (GroupBy::Attribute(name), true) = (&self.by, series.is_empty()) {
            return Err(attributes.unknown(name));
        }
        if series.len() > MOST_GROUPS {
            return Err(Error::invalid(format!(
                "expected at most {MOST_GROUPS} groups to compare, found {}; filter them",
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
                spans: spans(past, &places)?,
                places,
            });
        }
        Ok(groups)
    }
}

/// At most `most` of these, spread evenly.
fn thinned<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let n = all.len();
    let taken = (0..n.min(most)).map(|i| i * n / n.min(most));
    taken.filter_map(|i| all.get(i).copied()).collect()
}

/// How long each window lasts, at most: with sessions its bars are spread over nights and weekends.
fn spans(past: &Past<'_>, places: &[Place]) -> Result<Vec<i64>> {
    /// Seven hours of a day, five days of a week.
    const SPREAD: i64 = 5;
    let span = |place: &Place| {
        let (key, calendar) = past.series(place.series)?;
        let bars = key.interval.nominal_millis();
        let length = bars.saturating_mul(i64::from(past.window_bars()));
        Ok(match calendar {
            Calendar::Continuous => length,
            Calendar::Session => length.saturating_mul(SPREAD),
        })
    };
    places.iter().map(span).collect()
}

fn compare(past: &Past<'_>, (a, b): (&Group, &Group), seed: u64) -> Result<TransferPair> {
    let n = a.vectors.len().min(b.vectors.len());
    let (of_a, of_b) = (a.members(n), b.members(n));
    let go_on = || past.go_on();
    let found = Likeness::of(&of_a, &of_b, go_on)?;
    let chance = Likeness::of_one_kind(&of_a, &of_b, seed, go_on)?;
    Ok(TransferPair {
        a: a.name.clone(),
        b: b.name.clone(),
        n,
        mutual: found.mutual,
        mutual_null: chance.map(|c| c.mutual),
        similarity: found.similarity,
        similarity_null: chance.map(|c| c.similarity),
    })
}
