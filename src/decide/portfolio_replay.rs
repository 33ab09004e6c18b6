//! Portfolios on the past: weights as of each rebalancing, held until the next, and what that would have earned.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::holdings::{Holdings, MarketRow, SILENT};
use super::performance::{Performance, returns};
use super::sharpe_error::{SharpeEstimate, SharpeParts};
use super::trade::Costs;
use crate::analysis::{Portfolio, PortfolioAnswer, PortfolioRule};
use crate::db::{ClosePanelAnswer, Control, Filter, Stage, View, setters};
use crate::error::{Error, Result};
use crate::model::{Interval, SeriesKey, Timestamp};

/// Rebalancings that are asked about between two reports of how far it is.
const CHUNK: usize = 16;
const MOST_EVERY: usize = 10_000;
/// Blocks of bars by which errors are measured have so many, or those between two rebalancings.
const LEAST_BLOCK: usize = 10;

/// A replay of portfolios, made by [`View::portfolio_replay`].
#[derive(Clone, Debug)]
pub struct PortfolioReplay {
    view: View,
    question: Portfolio,
    every: usize,
    costs: Costs,
    control: Control,
}

/// The answer to [`View::portfolio_replay`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioReplayAnswer {
    /// The length of a bar.
    pub interval: Interval,
    /// The closes at which the accounts are valued, the first one after the first rebalancing.
    pub times: Vec<Timestamp>,
    /// The closes as of which weights were asked for; they were traded at the next open.
    pub rebalanced: Vec<Timestamp>,
    /// Bars between two of them.
    pub every: usize,
    /// What trading cost.
    pub costs: Costs,
    /// The rules, in the order of [`PortfolioRule::ALL`]; [`PortfolioRule::Equal`] is always there.
    pub rules: Vec<PortfolioPerformance>,
    /// Assets that ended while some rule held them, with their last closes: that is what they were sold at.
    pub ended: Vec<(SeriesKey, Timestamp)>,
    /// How many assets could be held at the first and at the last rebalancing.
    pub assets: (usize, usize),
    /// Until when the weights of the space were trained, if groups are made by vectors.
    pub trained_until: Option<Timestamp>,
    /// Whether markets that never close stand beside markets with sessions.
    pub mixed_calendars: bool,
    /// How long it took.
    pub took: Duration,
}

/// What a rule would have earned.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioPerformance {
    /// The rule.
    pub rule: PortfolioRule,
    /// Its account in figures.
    pub performance: Performance,
    /// What was paid for trading a year, as a share of the account.
    pub costs: Option<f64>,
    /// Its Sharpe ratio, and where it truly lies. `None` of fewer than eight blocks of bars.
    pub sharpe: Option<SharpeEstimate>,
    /// How much higher that is than with equal weights over the same bars; `None` of equal weights themselves.
    pub above_equal: Option<SharpeEstimate>,
    /// Rebalancings at which it held nothing.
    pub in_cash: usize,
    /// The account at each of [`PortfolioReplayAnswer::times`]; 1 before the first.
    pub equity: Vec<f64>,
}

impl View {
    /// Replays portfolios: every so many bars the question is asked as of then, as [`View::portfolio`] asks it, and
    /// what each rule wants is traded at the next opens and held until the next time. Each account begins with 1. The
    /// period is that of the question's filter; without a start it begins when there are returns enough.
    ///
    /// An asset without a bar at the next open is traded at its first one. One that has had no bar for five rows has
    /// ended: its last close lies in cash until the next time.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let view = db.now();
    /// let question = view.portfolio().filter(Filter::new().market("crypto"));
    /// let answer = view.portfolio_replay(&question).every(100).run()?;
    /// for rule in &answer.rules {
    ///     println!("{} {:+.1} %", rule.rule, 100.0 * rule.performance.total_return);
    ///     if let Some(above) = rule.above_equal {
    ///         println!("  its Sharpe ratio is {:+.2} above that of equal weights, p {:.2}", above.value, above.p);
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn portfolio_replay(&self, question: &Portfolio) -> PortfolioReplay {
        PortfolioReplay {
            view: self.clone(),
            question: question.clone(),
            every: 21,
            costs: Costs::new(0.001, 0.0),
            control: Control::new(),
        }
    }
}

/// The market of a replay, row by row.
struct Market {
    table: ClosePanelAnswer,
    /// Row by row, as wide as there are assets.
    opens: Vec<f64>,
    closes: Vec<f64>,
}

impl PortfolioReplay {
    setters! {
        /// How many bars a portfolio is held. Default: 21, a month of days on which stocks trade.
        fn every(bars: usize);

        /// What trading costs. Default: a fee of 0.1 % of what is traded, and no slippage.
        fn costs(costs: Costs);

        /// How to watch it and stop it. Default: silently to the end.
        fn control(control: Control);
    }

    /// Runs the replay.
    ///
    /// # Errors
    /// Those of [`Portfolio::run`], as of each rebalancing; [`Error::Invalid`] if an option is out of its range, or if
    /// there are too few bars in the period; [`Error::Interrupted`].
    pub fn run(&self) -> Result<PortfolioReplayAnswer> {
        let start = Instant::now();
        self.check()?;
        let market = self.market()?;
        let decided = self.decided(&market.table)?;
        let asked = self.asked(&market.table, &decided)?;
        let width = market.table.series.len();
        let first = decided.first().copied().unwrap_or(0);
        let mut rules = Vec::new();
        let mut ended: Vec<usize> = Vec::new();
        let period = (self.time(&market, first), self.time(&market, usize::MAX));
        for rule in asked
            .first()
            .into_iter()
            .flat_map(|a| &a.portfolios)
            .map(|p| p.rule)
        {
            let mut account = Holdings::new(width, self.costs);
            let mut at = 0;
            for row in first + 1..market.table.times.len() {
                if decided.get(at) == Some(&(row - 1)) {
                    account.order(&shares(&market.table, asked.get(at), rule));
                    at += 1;
                }
                account.step(market.row(row));
            }
            let in_cash = asked.iter().flat_map(|a| &a.portfolios);
            let in_cash = in_cash.filter(|p| p.rule == rule && p.in_cash).count();
            rules.push(performance(rule, &account, period, in_cash));
            ended.extend(&account.ended);
        }
        self.compare(&mut rules);
        ended.sort_unstable();
        ended.dedup();
        let last = |at: usize| market.last_close(at);
        let named = ended
            .iter()
            .filter_map(|&at| market.table.series.get(at).cloned().zip(last(at)));
        let assets = |answer: Option<&PortfolioAnswer>| answer.map_or(0, |a| a.assets.len());
        Ok(PortfolioReplayAnswer {
            interval: market.table.interval,
            rebalanced: decided.iter().map(|&row| self.time(&market, row)).collect(),
            times: market.table.times.iter().skip(first + 1).copied().collect(),
            every: self.every,
            costs: self.costs,
            rules,
            ended: named.collect(),
            assets: (assets(asked.first()), assets(asked.last())),
            trained_until: asked.iter().filter_map(|a| a.trained_until).max(),
            mixed_calendars: market.table.mixed_calendars,
            took: start.elapsed(),
        })
    }

    fn check(&self) -> Result<()> {
        let Costs { fee, slippage } = self.costs;
        if !(0.0..0.5).contains(&fee) || !(0.0..0.5).contains(&slippage) {
            return Err(Error::invalid(format!(
                "expected a fee and a slippage from 0 to 0.5, as shares of what is traded (0.001 is 0.1 %), found {fee} and {slippage}"
            )));
        }
        if !(1..=MOST_EVERY).contains(&self.every) {
            return Err(Error::invalid(format!(
                "expected 1 to {MOST_EVERY} bars between two rebalancings, found {}",
                self.every
            )));
        }
        Ok(())
    }

    /// All bars of the assets in the period; where that has no start, also those before the first rebalancing. A row
    /// is any time at which one of them closed: what is a row then depends on nothing later.
    fn market(&self) -> Result<Market> {
        let filter = self.question.asset_filter();
        let table = self.view.panel().filter(filter.clone()).quorum(0.0).run()?;
        let (rows, width) = (table.times.len(), table.series.len());
        let mut market = Market {
            opens: vec![f64::NAN; rows * width],
            closes: vec![f64::NAN; rows * width],
            table,
        };
        for (column, series) in market.table.series.iter().enumerate() {
            self.control.check()?;
            let bars = self
                .view
                .bars(series, filter.from, filter.until, None)?
                .bars;
            let mut row = 0;
            for bar in bars.iter() {
                let close = series.interval.close_of(bar.time);
                while market.table.times.get(row).is_some_and(|t| *t < close) {
                    row += 1;
                }
                if market.table.times.get(row) == Some(&close) {
                    let at = row * width + column;
                    if let (Some(open), Some(last)) =
                        (market.opens.get_mut(at), market.closes.get_mut(at))
                    {
                        (*open, *last) = (bar.open, bar.close);
                    }
                }
            }
        }
        Ok(market)
    }

    /// The rows as of which weights are asked for; after each there is a row to trade in.
    fn decided(&self, table: &ClosePanelAnswer) -> Result<Vec<usize>> {
        let first = match self.question.asset_filter().from {
            Some(_) => 0,
            None => self.question.usual_returns(),
        };
        let rows = table.times.len();
        let all: Vec<usize> = (first..rows.saturating_sub(1))
            .step_by(self.every)
            .collect();
        if all.is_empty() {
            return Err(Error::invalid(format!(
                "expected more than {} bars of the assets in the period, found {rows}; choose a longer period or fewer --returns",
                first + 1
            )));
        }
        Ok(all)
    }

    /// The question as of each of some rows.
    fn asked(&self, table: &ClosePanelAnswer, rows: &[usize]) -> Result<Vec<PortfolioAnswer>> {
        let mut filter: Filter = self.question.asset_filter().clone();
        (filter.from, filter.until) = (None, None);
        let mut answers = Vec::with_capacity(rows.len());
        let total = rows.len() as u64;
        for chunk in rows.chunks(CHUNK) {
            self.control
                .report(Stage::Ask, answers.len() as u64, total)?;
            let one = |row: &usize| {
                self.control.check()?;
                let time = table
                    .times
                    .get(*row)
                    .copied()
                    .ok_or_else(|| Error::internal("no such row"))?;
                let question = self.question.of_view(self.view.at(time), filter.clone());
                question.run().map_err(|error| match error {
                    Error::Invalid(why) => Error::Invalid(format!("as of {time}: {why}")),
                    other => other,
                })
            };
            let found: Vec<PortfolioAnswer> = chunk.par_iter().map(one).collect::<Result<_>>()?;
            answers.extend(found);
        }
        self.control.report(Stage::Ask, total, total)?;
        Ok(answers)
    }

    fn time(&self, market: &Market, row: usize) -> Timestamp {
        let times = &market.table.times;
        let time = times.get(row).or(times.last()).copied();
        time.unwrap_or(Timestamp::from_millis(0))
    }

    /// The error of each ratio, and how much it is above that of equal weights.
    fn compare(&self, rules: &mut [PortfolioPerformance]) {
        let block = self.every.max(LEAST_BLOCK);
        let parts: Vec<Option<SharpeParts>> = rules
            .iter()
            .map(|r| SharpeParts::of(&returns(&r.equity)))
            .collect();
        let equal = rules.iter().position(|r| r.rule == PortfolioRule::Equal);
        let equal = equal.and_then(|at| parts.get(at)?.clone());
        for (rule, parts) in rules.iter_mut().zip(&parts) {
            let Some(parts) = parts else {
                continue;
            };
            let bars_a_year = rule.performance.bars_a_year;
            rule.sharpe = parts.estimate(block, bars_a_year);
            if rule.rule != PortfolioRule::Equal {
                let other = equal.as_ref();
                rule.above_equal = other.and_then(|e| parts.above(e, block, bars_a_year));
            }
        }
    }
}

impl Market {
    fn row(&self, row: usize) -> MarketRow<'_> {
        let width = self.table.series.len();
        let part = row * width..(row + 1) * width;
        MarketRow {
            opens: self.opens.get(part.clone()).unwrap_or_default(),
            closes: self.closes.get(part).unwrap_or_default(),
        }
    }

    fn last_close(&self, column: usize) -> Option<Timestamp> {
        let closes = self.table.closes(column);
        // The last one before a silence that ended it; it may have come back.
        let mut silent = 0;
        let mut last = None;
        for (row, close) in closes.iter().enumerate() {
            silent = if close.is_nan() { silent + 1 } else { 0 };
            if silent == 0 {
                last = Some(row);
            } else if silent >= SILENT && last.is_some() {
                break;
            }
        }
        self.table.times.get(last?).copied()
    }
}

/// The share of the account that each column is to have.
fn shares(
    table: &ClosePanelAnswer,
    answer: Option<&PortfolioAnswer>,
    rule: PortfolioRule,
) -> Vec<f64> {
    let mut shares = vec![0.0; table.series.len()];
    let Some(answer) = answer else {
        return shares;
    };
    let held = answer.portfolios.iter().find(|p| p.rule == rule);
    let weights = held.map(|p| p.weights.as_slice()).unwrap_or_default();
    for (asset, weight) in answer.assets.iter().zip(weights) {
        let column = table.series.binary_search(&asset.series);
        if let Some(slot) = column.ok().and_then(|at| shares.get_mut(at)) {
            *slot = *weight;
        }
    }
    shares
}

fn performance(
    rule: PortfolioRule,
    account: &Holdings,
    period: (Timestamp, Timestamp),
    in_cash: usize,
) -> PortfolioPerformance {
    let performance = Performance::of(&account.book, period);
    let traded = account.book.traded;
    let costs = performance.turnover.filter(|_| traded > 0.0);
    PortfolioPerformance {
        rule,
        // What is traded a year, by the part of that which is paid.
        costs: costs.map(|turnover| turnover * account.paid / traded),
        performance,
        sharpe: None,
        above_equal: None,
        in_cash,
        equity: account.book.equity.clone(),
    }
}
