//! What a rule would have done.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::replay_notes::notes;
use super::rounded::{change, figure};
use crate::db::{Control, View};
use crate::decide::{
    Alarms, ByChance, Costs, DeflatedSharpe, ExitReason, MovesAfter, Performance, Replay,
    ReplayAnswer, Rule, Side, Trade, TradeSummary,
};
use crate::error::Result;
use crate::model::{Horizon, Target, Timestamp};

/// Asks what a rule would have done on a series: see [`View::replay`].
///
/// ```
/// use rhymedb::ask::ReplayRequest;
/// use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series()[..1])?;
/// let request: ReplayRequest = serde_json::from_str(r#"{
///     "series": "NOVAUSDT:1h", "from": "2015-02-20", "until": "2015-02-25",
///     "rule": {"name": "analogs", "hold": 6, "when": {"kind": "analogs", "horizon": 6}}
/// }"#)?;
/// let reply = request.ask(&db.now())?;
/// assert_eq!(reply.trades.len(), reply.summary.trades);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReplayRequest {
    /// The series.
    pub series: Target,
    /// The rule.
    pub rule: Rule,
    /// Only closes at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only closes at this time or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The share of what is traded that is paid, at entry and again at exit. Default: 0.001, which is 0.1 %.
    #[serde(default = "fee")]
    pub fee: f64,
    /// By what share a price is worse than the one that is stored. Default: 0.
    #[serde(default)]
    pub slippage: f64,
    /// How many random accounts to compare with: 0 to 1,000. Default: 100.
    #[serde(default = "draws")]
    pub draws: usize,
    /// The seed of the random accounts. Default: 0.
    #[serde(default)]
    pub seed: u64,
    /// Replays a rule whose encoder was trained on part of the period all the same.
    #[serde(default)]
    pub allow_trained: bool,
    /// The Sharpe ratios of a bar of other rules that were tried on this data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<f64>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn fee() -> f64 {
    0.001
}

const fn draws() -> usize {
    100
}

impl ReplayRequest {
    /// The request with the defaults.
    pub fn new(series: Target, rule: Rule) -> Self {
        Self {
            series,
            rule,
            from: None,
            until: None,
            fee: fee(),
            slippage: 0.0,
            draws: draws(),
            seed: 0,
            allow_trained: false,
            trials: Vec::new(),
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::decide::Replay::run`].
    pub fn ask(&self, view: &View) -> Result<ReplayReply> {
        self.ask_in_full(view, &Control::new())
            .map(|(reply, _)| reply)
    }

    /// The replay that it asks for, for more than a reply: see [`Replay::audit`].
    pub fn replay(&self, view: &View) -> Replay {
        self.of_view(&Asked::at(view, self.as_of).view)
    }

    fn of_view(&self, view: &View) -> Replay {
        let mut replay = view.replay(self.series.clone(), &self.rule);
        replay = replay
            .costs(Costs::new(self.fee, self.slippage))
            .draws(self.draws)
            .seed(self.seed);
        replay = replay
            .allow_trained(self.allow_trained)
            .trials(self.trials.clone());
        pass_on!(replay, self, some: from until);
        replay
    }

    /// Asks a view, tells `control` how far it is, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(
        &self,
        view: &View,
        control: &Control,
    ) -> Result<(ReplayReply, ReplayAnswer)> {
        self.ask_with(view, |replay| replay.control(control.clone()))
    }

    /// The same with a replay that is changed before it runs: see [`Replay::resume`].
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_with(
        &self,
        view: &View,
        change: impl FnOnce(Replay) -> Replay,
    ) -> Result<(ReplayReply, ReplayAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let answer = change(self.of_view(&asked.view)).run()?;
        let notes = asked.notes(notes(&answer, self.allow_trained))?;
        Ok((ReplayReply::of(&answer, notes), answer))
    }
}

/// The reply to a [`ReplayRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReplayReply {
    /// The rule's name.
    pub rule: String,
    /// The series.
    pub series: String,
    /// When the first bar opened.
    pub from: Timestamp,
    /// When the last bar closed.
    pub until: Timestamp,
    /// Windows that the rule was asked about.
    pub asked: usize,
    /// How many of them said long or short.
    pub signals: usize,
    /// How the account did.
    pub performance: PerformanceRow,
    /// The trades, in figures.
    pub summary: TradeSummaryRow,
    /// Buying at the first open and selling at the last close.
    pub hold: PerformanceRow,
    /// Random positions of the same sides, sizes and lengths; none without a trade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<ChanceRow>,
    /// The same positions at other times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shifted: Option<ChanceRow>,
    /// The Sharpe ratio, held against the number of trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deflated: Option<DeflatedRow>,
    /// Of a monitor of risk, its alarms and how large the moves after them were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarms: Option<AlarmsRow>,
    /// The Sharpe ratio of a bar, not annualised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpe_a_bar: Option<f64>,
    /// The trades.
    pub trades: Vec<TradeRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// How an account did: see [`Performance`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PerformanceRow {
    /// What was gained over the period: 0.1 is 10 %.
    pub total_return: f64,
    /// The same a year.
    pub annual_return: Option<f64>,
    /// The standard deviation of returns a year.
    pub volatility: Option<f64>,
    /// Mean by deviation, a year.
    pub sharpe: Option<f64>,
    /// Mean by the deviation of losses, a year.
    pub sortino: Option<f64>,
    /// The deepest fall below the highest value before.
    pub drawdown: f64,
    /// The longest time below it, in bars.
    pub drawdown_bars: usize,
    /// The share of bars over which something was held.
    pub exposure: f64,
    /// What was traded a year, as a multiple of the account.
    pub turnover: Option<f64>,
}

/// Trades in figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TradeSummaryRow {
    /// How many there were.
    pub trades: usize,
    /// The share that gained.
    pub win_rate: Option<f64>,
    /// Gains by losses.
    pub profit_factor: Option<f64>,
    /// The mean result.
    pub mean: Option<f64>,
    /// The mean number of bars.
    pub bars: Option<f64>,
}

/// Accounts by chance: see [`ByChance`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ChanceRow {
    /// How many were drawn.
    pub draws: usize,
    /// The total returns below which lie 5, 50 and 95 % of them.
    pub total_return: [f64; 3],
    /// The same of their Sharpe ratios.
    pub sharpe: [f64; 3],
    /// The share with a Sharpe ratio at least as high, this account counted among them.
    pub p: f64,
}

/// The deflated Sharpe ratio: see [`DeflatedSharpe`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DeflatedRow {
    /// How many rules were tried on this data.
    pub trials: usize,
    /// The Sharpe ratio of a bar that the best of them is expected to show by luck.
    pub by_luck: f64,
    /// How likely the true one is above that.
    pub probability: f64,
}

/// The alarms of a monitor of risk, and the moves after them, without their signs: see [`Alarms`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AlarmsRow {
    /// How far moves reach.
    pub horizon: Horizon,
    /// Closes with an alarm.
    pub alarms: usize,
    /// Alarms in runs: one within the horizon of the first of a run belongs to it.
    pub episodes: usize,
    /// Closes with an alarm a day.
    pub a_day: Option<f64>,
    /// Episodes a day.
    pub episodes_a_day: Option<f64>,
    /// The moves after alarms.
    pub after: Option<MovesRow>,
    /// The moves after every close.
    pub base: Option<MovesRow>,
    /// How likely the same alarms at other times are followed by moves at least so large.
    pub p: Option<f64>,
}

/// How large moves were: see [`MovesAfter`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MovesRow {
    /// How many.
    pub n: usize,
    /// How many of them do not overlap.
    pub apart: usize,
    /// The mean of the absolute returns: 0.01 is 1 %.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: Option<f64>,
}

impl From<&Alarms> for AlarmsRow {
    fn from(alarms: &Alarms) -> Self {
        Self {
            horizon: alarms.horizon,
            alarms: alarms.alarms,
            episodes: alarms.episodes,
            a_day: alarms.a_day.map(figure),
            episodes_a_day: alarms.episodes_a_day.map(figure),
            after: alarms.after.as_ref().map(MovesRow::from),
            base: alarms.base.as_ref().map(MovesRow::from),
            p: alarms.p.map(figure),
        }
    }
}

impl From<&MovesAfter> for MovesRow {
    fn from(moves: &MovesAfter) -> Self {
        Self {
            n: moves.n,
            apart: moves.apart,
            mean: change(moves.mean),
            standard_error: moves.standard_error.map(change),
        }
    }
}

/// A trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TradeRow {
    /// Which way it was to gain.
    pub side: Side,
    /// The share of the account.
    pub size: f64,
    /// When the bar opened at whose open it was entered.
    pub entered: Timestamp,
    /// The price paid, slippage included.
    pub entry: f64,
    /// When the bar opened in which it was left.
    pub exited: Timestamp,
    /// The price got, slippage included.
    pub exit: f64,
    /// How many bars it was held.
    pub bars: usize,
    /// What it added to the account.
    pub result: f64,
    /// Why it was left.
    pub why: ExitReason,
}

impl ReplayReply {
    fn of(answer: &ReplayAnswer, notes: Vec<String>) -> Self {
        Self {
            rule: answer.rule.clone(),
            series: answer.series.to_string(),
            from: answer.period.0,
            until: answer.period.1,
            asked: answer.asked,
            signals: answer.signals.len(),
            performance: (&answer.performance).into(),
            summary: (&answer.summary).into(),
            hold: (&answer.hold).into(),
            random: answer.random.as_ref().map(ChanceRow::from),
            shifted: answer.shifted.as_ref().map(ChanceRow::from),
            deflated: answer.deflated.as_ref().map(DeflatedRow::from),
            alarms: answer.alarms.as_ref().map(AlarmsRow::from),
            sharpe_a_bar: answer.sharpe_a_bar.map(figure),
            trades: answer.trades.iter().map(TradeRow::from).collect(),
            notes,
        }
    }
}

impl From<&Performance> for PerformanceRow {
    fn from(p: &Performance) -> Self {
        Self {
            total_return: change(p.total_return),
            annual_return: p.annual_return.map(change),
            volatility: p.volatility.map(figure),
            sharpe: p.sharpe.map(figure),
            sortino: p.sortino.map(figure),
            drawdown: figure(p.drawdown),
            drawdown_bars: p.drawdown_bars,
            exposure: figure(p.exposure),
            turnover: p.turnover.map(figure),
        }
    }
}

impl From<&TradeSummary> for TradeSummaryRow {
    fn from(s: &TradeSummary) -> Self {
        Self {
            trades: s.trades,
            win_rate: s.win_rate.map(figure),
            profit_factor: s.profit_factor.map(figure),
            mean: s.mean.map(change),
            bars: s.bars.map(figure),
        }
    }
}

impl From<&ByChance> for ChanceRow {
    fn from(chance: &ByChance) -> Self {
        Self {
            draws: chance.draws,
            total_return: chance.total_return.map(change),
            sharpe: chance.sharpe.map(figure),
            p: figure(chance.p),
        }
    }
}

impl From<&DeflatedSharpe> for DeflatedRow {
    fn from(deflated: &DeflatedSharpe) -> Self {
        Self {
            trials: deflated.trials,
            by_luck: figure(deflated.by_luck),
            probability: figure(deflated.probability),
        }
    }
}

impl From<&Trade> for TradeRow {
    fn from(trade: &Trade) -> Self {
        Self {
            side: trade.side,
            size: figure(trade.size),
            entered: trade.entered,
            entry: trade.entry,
            exited: trade.exited,
            exit: trade.exit,
            bars: trade.bars,
            result: change(trade.result),
            why: trade.why,
        }
    }
}
