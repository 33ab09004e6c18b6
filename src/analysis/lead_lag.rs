//! Which assets move first, and which of them do so in both halves of the period.

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::asset_returns::{AssetLeftOut, AssetReturns, NotCompared, ReturnChoice};
use super::lagged::{LaggedPair, LaggedReturns};
use crate::db::{Filter, View, setters, within};
use crate::error::{Error, Result};
use crate::model::{Interval, SeriesKey, Timestamp};
use crate::numeric::discovery::q_values;
use crate::numeric::summary::{correlation, midranks};

/// Of three, nobody can tell a leader from the mirror of one: their mean is the market.
const LEAST_ASSETS: usize = 4;
const MOST_ASSETS: usize = 200;
const MOST_LAG: usize = 20;
/// Fewer returns are too few for both halves.
const LEAST_RETURNS: usize = 120;
/// The share of returns that may be exactly 0 before the prices of an asset count as stale.
const MOST_STALE: f64 = 0.2;
/// How often places are dealt out anew.
const DEALS: usize = 1_999;
/// What is called.
const LEVEL: f64 = 0.05;

/// A question for leaders and followers, made by [`View::lead_lag`].
#[derive(Clone, Debug)]
pub struct LeadLag {
    view: View,
    choice: ReturnChoice,
    lags: usize,
    k: usize,
}

/// A leader and a follower.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeadLagPair {
    /// The one whose return comes first, by its number in [`LeadLagAnswer::assets`].
    pub leader: usize,
    /// The one whose return is looked at.
    pub follower: usize,
    /// How many bars later.
    pub lag: usize,
    /// The partial correlation of the leader's return with the follower's so many bars later, given the follower's own
    /// earlier returns, those of the market, and those of the leader that this follower follows most.
    pub partial: f64,
    /// How often chance gives one at least as far from 0 (a t that calm and wild times do not upset: White 1980).
    pub p: f64,
    /// The same for all pairs and lags at once (Benjamini and Hochberg 1995).
    pub q: f64,
    /// The partial correlations in the two halves of the period.
    pub halves: [f64; 2],
    /// Whether both halves have one of the same sign, each with a p of at most 0.05.
    pub stable: bool,
}

impl LeadLagPair {
    /// Whether it is called: a q of at most 0.05, and stable.
    pub fn called(&self) -> bool {
        self.q <= LEVEL && self.stable
    }
}

/// An asset, and how much it leads.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeadLagAsset {
    /// Its series.
    pub series: SeriesKey,
    /// How much more the others follow it than it follows them: the mean of its squared partial correlations as a
    /// leader, less that as a follower.
    pub lead: f64,
    /// The same in the two halves of the period.
    pub halves: [f64; 2],
}

/// The answer to [`View::lead_lag`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeadLagAnswer {
    /// The length of a bar.
    pub interval: Interval,
    /// The first close that counts.
    pub from: Timestamp,
    /// The last one.
    pub until: Timestamp,
    /// Returns between them.
    pub returns: usize,
    /// The lags that were looked at, from 1 bar on.
    pub lags: usize,
    /// The assets, by name.
    pub assets: Vec<LeadLagAsset>,
    /// The pairs with the smallest p, each at its best lag.
    pub pairs: Vec<LeadLagPair>,
    /// How many ordered pairs there are.
    pub all_pairs: usize,
    /// How many of them are called.
    pub called: usize,
    /// The rank correlation of [`LeadLagAsset::lead`] between the two halves: near 0 nobody leads for long.
    pub stability: f64,
    /// How often chance gives such a rank correlation or a larger one: the share of ways to deal out the places of
    /// one half anew.
    pub stability_p: f64,
    /// Assets that pass the filter and were not compared.
    pub left_out: Vec<AssetLeftOut>,
    /// Whether markets that never close stand beside markets with sessions: who closes later then seems to follow.
    pub mixed_calendars: bool,
    /// How long it took.
    pub took: Duration,
    best: Vec<Option<(usize, f64)>>,
}

impl LeadLagAnswer {
    /// The lag with the smallest p and the partial correlation there, by the numbers of a leader and a follower.
    pub fn best(&self, leader: usize, follower: usize) -> Option<(usize, f64)> {
        let n = self.assets.len();
        let at = leader.checked_mul(n)?.checked_add(follower)?;
        self.best
            .get(at)
            .copied()
            .flatten()
            .filter(|_| follower < n)
    }
}

impl View {
    /// Asks which assets move first, as of the view's time: the partial correlation of each asset's return with each
    /// other's one to three bars later, given the other's own earlier returns and those of the market, so that stale
    /// prices, bouncing ones and a market that leads all do not count; and given those of the leader that the other
    /// follows most, so that only one is called for what that one did. A pair is called if chance over all pairs and
    /// lags explains it with a q of at most 0.05, and if both halves of the period have it alone.
    ///
    /// Most markets answer that nobody leads: then [`LeadLagAnswer::called`] is 0.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let answer = db.now().lead_lag().filter(Filter::new().market("equity").interval("1d".parse()?)).run()?;
    /// println!("{} of {} pairs are called", answer.called, answer.all_pairs);
    /// assert_eq!(answer.all_pairs, answer.assets.len() * (answer.assets.len() - 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lead_lag(&self) -> LeadLag {
        LeadLag {
            view: self.clone(),
            choice: ReturnChoice::default(),
            lags: 3,
            k: 20,
        }
    }
}

impl LeadLag {
    setters! {
        /// The longest lag in bars. Default: 3. At most 20.
        fn lags(bars: usize);

        /// The most pairs in the answer. Default: 20.
        fn k(pairs: usize);
    }

    /// Which assets, and which closes; it replaces the one before. Default: all.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.choice.filter = filter;
        self
    }

    /// How many of the latest returns count, 120 at least. Default: 504, or all where the filter says from when.
    #[must_use]
    pub fn returns(mut self, returns: usize) -> Self {
        self.choice.returns = Some(returns);
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored; [`Error::Invalid`] if an option is out of range, if
    /// series of several intervals pass, or if there are fewer than four or more than 200 assets, or fewer than 120
    /// returns.
    pub fn run(&self) -> Result<LeadLagAnswer> {
        let start = Instant::now();
        within("a lag", self.lags, MOST_LAG)?;
        within("a number of pairs", self.k, MOST_ASSETS * MOST_ASSETS)?;
        let mut assets = self.choice.read(&self.view, (LEAST_ASSETS, MOST_ASSETS))?;
        if assets.returns() < LEAST_RETURNS {
            return Err(Error::invalid(format!(
                "expected at least {LEAST_RETURNS} returns to compare two halves, found {}; choose a longer period",
                assets.returns()
            )));
        }
        leave_out_stale(&mut assets);
        assets.check((LEAST_ASSETS, MOST_ASSETS))?;
        let mut answer = self.answer(&assets)?;
        answer.took = start.elapsed();
        Ok(answer)
    }

    fn answer(&self, assets: &AssetReturns) -> Result<LeadLagAnswer> {
        let rows = assets.returns();
        let go_on = || self.view.go_on();
        let n = assets.series.len();
        let periods = [0..rows, 0..rows / 2, rows / 2..rows]
            .map(|rows| LaggedReturns::of(&assets.columns, rows, self.lags));
        let [whole, first, second] = &periods;
        let alone = whole.pairs(&[], &go_on)?;
        let strongest = strongest(&alone, n);
        let leads = [
            leads(&alone, n),
            leads(&first.pairs(&[], &go_on)?, n),
            leads(&second.pairs(&[], &go_on)?, n),
        ];
        let beside = |of: &LaggedReturns| of.pairs(&strongest, &go_on);
        let (whole, first, second) = (beside(whole)?, beside(first)?, beside(second)?);
        let p: Vec<f64> = whole.iter().map(|pair| pair.p).collect();
        let tested = whole
            .iter()
            .zip(q_values(&p))
            .zip(first.iter().zip(&second));
        let each: Vec<LeadLagPair> = tested
            .map(|((pair, q), (one, other))| LeadLagPair {
                leader: pair.leader,
                follower: pair.follower,
                lag: pair.lag,
                partial: pair.partial,
                p: pair.p,
                q,
                halves: [one.partial, other.partial],
                stable: one.partial * other.partial > 0.0 && one.p.max(other.p) <= LEVEL,
            })
            .collect();
        let mut pairs = best_lags(&each, n);
        let best = pairs.iter().map(|p| p.as_ref().map(|p| (p.lag, p.partial)));
        let best = best.collect();
        let mut pairs: Vec<LeadLagPair> = pairs.drain(..).flatten().collect();
        let (all_pairs, called) = (pairs.len(), pairs.iter().filter(|p| p.called()).count());
        let place = |p: &LeadLagPair| (p.leader, p.follower);
        pairs.sort_by(|x, y| {
            let called = y.called().cmp(&x.called());
            called
                .then(x.p.total_cmp(&y.p))
                .then(place(x).cmp(&place(y)))
        });
        pairs.truncate(self.k);
        let [all, one, other] = &leads;
        let (stability, stability_p) = agreement_of_ranks(one, other);
        let named = assets.series.iter().zip(all).zip(one.iter().zip(other));
        let named = named.map(|((series, &lead), (&one, &other))| LeadLagAsset {
            series: series.clone(),
            lead,
            halves: [one, other],
        });
        Ok(LeadLagAnswer {
            interval: assets.interval,
            from: assets.from,
            until: assets.until,
            returns: rows,
            lags: self.lags,
            assets: named.collect(),
            pairs,
            all_pairs,
            called,
            stability,
            stability_p,
            left_out: assets.left_out.clone(),
            mixed_calendars: assets.mixed_calendars,
            took: Duration::ZERO,
            best,
        })
    }
}

/// Leaves out assets that often do not trade: others seem to lead them.
fn leave_out_stale(assets: &mut AssetReturns) {
    let stale = |column: &Vec<f64>| {
        let here = column.iter().filter(|x| !x.is_nan());
        let (n, still) = here.fold((0, 0), |(n, still), x| {
            (n + 1, still + usize::from(*x == 0.0))
        });
        f64::from(still as u32) > MOST_STALE * f64::from(n)
    };
    let columns = assets.columns.iter().enumerate();
    let gone: Vec<usize> = columns.filter(|(_, c)| stale(c)).map(|(i, _)| i).collect();
    assets.leave_out(&gone, NotCompared::Stale);
}

/// Of each ordered pair the lag with the smallest p; called ones first. By leader, then follower.
fn best_lags(each: &[LeadLagPair], n: usize) -> Vec<Option<LeadLagPair>> {
    let mut best: Vec<Option<LeadLagPair>> = vec![None; n * n];
    for pair in each {
        let Some(slot) = best.get_mut(pair.leader * n + pair.follower) else {
            continue;
        };
        let better = |old: &LeadLagPair| {
            (pair.called(), -pair.p).partial_cmp(&(old.called(), -old.p))
                == Some(std::cmp::Ordering::Greater)
        };
        if slot.as_ref().is_none_or(better) {
            *slot = Some(pair.clone());
        }
    }
    best
}

/// How much each asset leads more than it follows.
fn leads(pairs: &[LaggedPair], n: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n];
    for pair in pairs {
        let square = pair.partial * pair.partial;
        for (at, sign) in [(pair.leader, 1.0), (pair.follower, -1.0)] {
            if let Some(sum) = sums.get_mut(at) {
                *sum += sign * square;
            }
        }
    }
    let each = pairs.len() as f64 / n.max(1) as f64;
    sums.iter().map(|sum| sum / each.max(1.0)).collect()
}

/// The leader of each follower whose p is smallest, at whatever lag.
fn strongest(pairs: &[LaggedPair], n: usize) -> Vec<Option<usize>> {
    let mut best: Vec<Option<&LaggedPair>> = vec![None; n];
    for pair in pairs {
        if let Some(slot) = best.get_mut(pair.follower)
            && slot.is_none_or(|old| pair.p < old.p)
        {
            *slot = Some(pair);
        }
    }
    best.iter().map(|pair| pair.map(|p| p.leader)).collect()
}

/// The rank correlation of two lists, and the share of ways to deal out one of them anew that give one so large.
fn agreement_of_ranks(a: &[f64], b: &[f64]) -> (f64, f64) {
    let weights = vec![1.0; a.len()];
    let (a, mut b) = (midranks(a), midranks(b));
    let found = correlation(&a, &b, &weights);
    if found.is_nan() {
        return (0.0, 1.0);
    }
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let reached = (0..DEALS).filter(|_| {
        b.shuffle(&mut random);
        correlation(&a, &b, &weights) >= found - 1e-9
    });
    let reached = reached.count();
    (found, (1 + reached) as f64 / (1 + DEALS) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_agree_as_often_as_they_are_dealt_so() {
        // Of 24 ways to deal four places one is as good.
        let (found, p) = agreement_of_ranks(&[1.0, 2.0, 3.0, 4.0], &[0.1, 0.2, 0.3, 0.4]);
        assert!((found - 1.0).abs() < 1e-12);
        assert!((p - 1.0 / 24.0).abs() < 0.01, "{p}");
        let (found, p) = agreement_of_ranks(&[1.0, 2.0, 3.0, 4.0], &[4.0, 3.0, 2.0, 1.0]);
        assert!((found + 1.0).abs() < 1e-12 && p > 0.999, "{p}");
        assert_eq!(
            agreement_of_ranks(&[1.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]),
            (0.0, 1.0)
        );
    }
}
