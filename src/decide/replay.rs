//! A rule on the past: asked at every close as of that close, and what it would have done to an account.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::account::{Book, Exits, Wish, run};
use super::alarms::Alarms;
use super::chance::{ByChance, compare, follow, same_turnover, shifted};
use super::conditions::Question;
use super::deflated::DeflatedSharpe;
use super::holes::{HoledTrades, lacking};
use super::performance::{Performance, ReturnMoments, TradeSummary, returns};
use super::rule::{Rule, When};
use super::signal::Signal;
use super::trade::{Costs, Trade};
use crate::db::{Control, Stage, View, setters};
use crate::error::{Error, Result};
use crate::model::{Bars, SeriesKey, Target, Timestamp, Window};

/// Windows that are asked about between two reports of how far it is.
const CHUNK: usize = 64;

/// A replay of a rule, made by [`View::replay`].
#[derive(Clone, Debug)]
pub struct Replay {
    pub(super) view: View,
    series: Target,
    pub(super) rule: Rule,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    costs: Costs,
    draws: usize,
    pub(super) seed: u64,
    allow_trained: bool,
    trials: Vec<f64>,
    pub(super) control: Control,
    resume: Option<AskedCloses>,
    listener: Listener,
}

type Hear = dyn Fn(&AskedCloses) + Send + Sync;

/// Who hears how far a replay has come.
#[derive(Clone, Default)]
struct Listener(Option<Arc<Hear>>);

impl Listener {
    fn hear(&self, asked: &AskedCloses) {
        if let Some(hear) = &self.0 {
            hear(asked);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.is_some()).finish()
    }
}

/// How far a replay has come: what it wanted at the closes that it was asked about. One that was interrupted goes on from
/// it: see [`Replay::on_asked`] and [`Replay::resume`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AskedCloses {
    /// How many closes were asked about, from the first one of the period on.
    pub closes: usize,
    /// Those of them at which it wanted a position.
    pub signals: Vec<ReplaySignal>,
    /// Those of them at which it raised an alarm.
    #[serde(default)]
    pub alarms: Vec<Timestamp>,
}

/// A signal of a replay, without its reasons: [`View::signal`] gives them again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplaySignal {
    /// The close at which it was known.
    pub at: Timestamp,
    /// What it wanted, signed: the share of the account, above 0 for long and below 0 for short.
    pub position: f64,
}

/// An account at a close.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct EquityPoint {
    /// The close.
    pub at: Timestamp,
    /// The price.
    pub close: f64,
    /// The account; 1 before the first bar.
    pub equity: f64,
    /// What was held over the bar, signed.
    pub held: f64,
    /// The account of buying at the first open and selling at the last close, at the same costs.
    pub hold: f64,
}

/// What a rule would have done to an account. Nothing here is a forecast: a rule that did well on the past was chosen from
/// rules that did not.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReplayAnswer {
    /// The rule.
    pub rule: String,
    /// The series.
    pub series: SeriesKey,
    /// When the first of the bars opened and the last one closed.
    pub period: (Timestamp, Timestamp),
    /// Windows that the rule was asked about.
    pub asked: usize,
    /// Those of them at which it wanted a position.
    pub signals: Vec<ReplaySignal>,
    /// What it costs to trade.
    pub costs: Costs,
    /// The account, bar by bar.
    pub equity: Vec<EquityPoint>,
    /// Its trades.
    pub trades: Vec<Trade>,
    /// How it did.
    pub performance: Performance,
    /// Its trades, in figures.
    pub summary: TradeSummary,
    /// Buying at the first open and selling at the last close, at the same costs.
    pub hold: Performance,
    /// Random positions of the same sides, sizes and lengths, at the same costs. `None` if there was no trade, or nothing
    /// moved.
    pub random: Option<ByChance>,
    /// The same positions, all as much later.
    pub shifted: Option<ByChance>,
    /// The Sharpe ratio, held against the number of trials; `None` if nothing moved.
    pub deflated: Option<DeflatedSharpe>,
    /// Of a monitor of risk, its alarms and the moves after them.
    pub alarms: Option<Alarms>,
    /// Trades that met a time without bars.
    pub holes: Option<HoledTrades>,
    /// If the series ended more than a week before the others of its market and interval, as a delisted one does: the
    /// close of their newest bar in the period. The account ends with the last close of the series.
    pub market_until: Option<Timestamp>,
    /// The Sharpe ratio of a bar, not annualised: what counts as a trial. `None` if nothing moved.
    pub sharpe_a_bar: Option<f64>,
    /// How long it took.
    pub took: Duration,
}

impl View {
    /// Replays a rule on a series: at each close it is asked as [`View::signal`] asks it, and what it wants is done at
    /// the next open. The account begins with 1.
    ///
    /// ```
    /// use rhymedb::decide::{Costs, Rule};
    /// use rhymedb::{Database, Target};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series()[..1])?;
    /// let rule: Rule = serde_json::from_str(r#"{
    ///     "name": "breakouts", "hold": 24,
    ///     "when": {"kind": "label", "set": "patterns", "long": ["double bottom"], "short": ["double top"]}
    /// }"#)?;
    /// let series: Target = "NOVAUSDT:1h".parse()?;
    /// let answer = db.now().replay(series, &rule).costs(Costs::new(0.001, 0.0005)).run()?;
    /// println!("{:+.1} % by {} trades", 100.0 * answer.performance.total_return, answer.trades.len());
    /// if let Some(random) = &answer.random {
    ///     println!("random positions do as well with p = {:.2}", random.p);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replay(&self, series: Target, rule: &Rule) -> Replay {
        Replay {
            view: self.clone(),
            series,
            rule: rule.clone(),
            from: None,
            until: None,
            costs: Costs::new(0.001, 0.0),
            draws: 100,
            seed: 0,
            allow_trained: false,
            trials: Vec::new(),
            control: Control::new(),
            resume: None,
            listener: Listener::default(),
        }
    }
}

impl Replay {
    setters! {
        /// Only closes at this time or later. Default: all.
        fn from(from: Timestamp) as Some;

        /// Only closes at this time or earlier. Default: all.
        fn until(until: Timestamp) as Some;

        /// What trading costs. Default: a fee of 0.1 % of what is traded, and no slippage.
        fn costs(costs: Costs);

        /// How many random accounts to compare with. Default: 100; 0 to 1,000.
        fn draws(draws: usize);

        /// The seed of the random accounts. Default: 0.
        fn seed(seed: u64);

        /// Whether a rule whose encoder was trained on part of the period is replayed all the same. Default: false: the
        /// encoder knows what came later, and such a replay proves nothing.
        fn allow_trained(allow_trained: bool);

        /// The Sharpe ratios of a bar of other rules that were tried on this data ([`ReplayAnswer::sharpe_a_bar`]): the
        /// more there were, the better the best of them looks by luck. Default: none.
        fn trials(trials: Vec<f64>);

        /// How to watch it and stop it. Default: silently to the end.
        fn control(control: Control);

        /// Goes on from what was asked before, by the same rule about the same series and period, of a database that
        /// knew the same of it: the caller has to see to that. Default: all closes are asked.
        fn resume(resume: AskedCloses) as Some;
    }

    /// Tells `hear` every now and then how far it has come, also if it is interrupted later: what it needs to go on.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use rhymedb::decide::{AskedCloses, Rule};
    /// use rhymedb::{Control, Database, Error, Target};
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// # let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series()[..1])?;
    /// # let rule: Rule = serde_json::from_str(r#"{"name": "a", "when": {"kind": "anomaly", "p_below": 0.1}}"#)?;
    /// # let series: Target = "NOVAUSDT:1h".parse()?;
    /// let (kept, control): (Arc<Mutex<AskedCloses>>, _) = (Arc::default(), Control::new());
    /// let replay = db.now().replay(series, &rule);
    /// let (asked, stop) = (Arc::clone(&kept), control.clone());
    /// let stopped = replay.clone().control(control).on_asked(move |so_far| {
    ///     *asked.lock().unwrap() = so_far.clone();
    ///     stop.stop(); // For example because of Ctrl-C.
    /// });
    /// assert!(matches!(stopped.run(), Err(Error::Interrupted)));
    ///
    /// let resumed = replay.clone().resume(kept.lock().unwrap().clone()).run()?;
    /// assert_eq!(resumed.signals, replay.run()?.signals);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn on_asked(mut self, hear: impl Fn(&AskedCloses) + Send + Sync + 'static) -> Self {
        self.listener = Listener(Some(Arc::new(hear)));
        self
    }

    /// Runs the replay.
    ///
    /// # Errors
    /// Those of [`View::signal`]; [`Error::Invalid`] if an option is out of its range, if there are fewer than two bars in
    /// the period, or if weights were trained on it and that is not allowed; [`Error::Interrupted`].
    pub fn run(&self) -> Result<ReplayAnswer> {
        let start = Instant::now();
        let question = Question::new(&self.view, &self.rule)?;
        self.check()?;
        let series = self.key()?;
        let bars = self.view.bars(&series, self.from, self.until, None)?.bars;
        let (Some(first), Some(last)) = (bars.time.first(), bars.time.last()) else {
            return Err(too_few(&series, 0));
        };
        if bars.len() < 2 {
            return Err(too_few(&series, bars.len()));
        }
        let close = |open: i64| series.interval.close_of(Timestamp::from_millis(open));
        let period = (Timestamp::from_millis(*first), close(*last));
        let windows = self.asked(&series, period)?;
        let said = self.signals(&question, &windows)?;
        let mut wanted = said.signals.iter().peekable();
        let mut wishes = vec![None; bars.len()];
        for (&open, wish) in bars.time.iter().zip(&mut wishes) {
            let at = close(open);
            while wanted.next_if(|s| s.at < at).is_some() {}
            if let Some(signal) = wanted.next_if(|s| s.at == at) {
                *wish = Some(Wish::of(signal.position));
            }
        }
        let book = run(&bars, &wishes, self.exits(), self.costs);
        let mut answer = self.answer(&series, &bars, &book, period)?;
        answer.asked = windows.len();
        let (of, traded) = ((&series, self.until), (&bars, &*book.trades));
        (answer.holes, answer.market_until) = lacking(&self.view, of, traded)?;
        answer.alarms = self.alarms(&bars, (&windows, &said.alarms), &close)?;
        answer.signals = said.signals;
        answer.took = start.elapsed();
        Ok(answer)
    }

    fn check(&self) -> Result<()> {
        Timestamp::check_period(self.from, self.until)?;
        let Costs { fee, slippage } = self.costs;
        if !(0.0..0.5).contains(&fee) || !(0.0..0.5).contains(&slippage) {
            return Err(Error::invalid(format!(
                "expected a fee and a slippage from 0 to 0.5, as shares of what is traded (0.001 is 0.1 %), found {fee} and {slippage}"
            )));
        }
        if self.draws > 1000 {
            return Err(Error::invalid(format!(
                "expected 0 to 1000 random accounts, found {}",
                self.draws
            )));
        }
        Ok(())
    }

    /// The alarms of a monitor of risk; `None` of other rules.
    fn alarms(
        &self,
        bars: &Bars,
        (windows, alarms): (&[Window], &[Timestamp]),
        close: &impl Fn(i64) -> Timestamp,
    ) -> Result<Option<Alarms>> {
        let (When::Risk(asked), Some(first)) = (&self.rule.when, windows.first()) else {
            return Ok(None);
        };
        let ahead = asked.horizon.bars_of(first.series.interval, 10_000)?;
        let mut told = Vec::with_capacity(windows.len());
        let mut at = 0;
        for window in windows {
            while bars.time.get(at).is_some_and(|&t| close(t) < window.end) {
                at += 1;
            }
            told.push((at, alarms.binary_search(&window.end).is_ok()));
        }
        let of = (asked.horizon, ahead);
        Ok(Some(Alarms::of(bars, &told, of, self.draws)))
    }

    fn exits(&self) -> Exits {
        Exits {
            hold: self.rule.hold.map(|bars| bars as usize),
            stop: self.rule.stop,
            take: self.rule.take,
        }
    }

    /// The series.
    pub(super) fn key(&self) -> Result<SeriesKey> {
        self.view.series_of(&self.series)
    }

    /// The windows that are asked about, ascending: those of the series that end with a bar of the period.
    pub(super) fn asked(
        &self,
        series: &SeriesKey,
        (open, last): (Timestamp, Timestamp),
    ) -> Result<Vec<Window>> {
        let first = series.interval.close_of(open);
        self.view
            .windows_of(&self.rule, series, Some(first), Some(last))
    }

    /// What the rule said at the windows at which it wanted something or raised an alarm.
    fn signals(&self, question: &Question<'_>, windows: &[Window]) -> Result<AskedCloses> {
        let mut asked = self.resumed(windows)?;
        let total = windows.len() as u64;
        let rest = windows.get(asked.closes..).unwrap_or_default();
        for chunk in rest.chunks(CHUNK) {
            self.control
                .report(Stage::Ask, asked.closes as u64, total)?;
            let said = chunk.par_iter().map(|window| {
                // A question may take seconds.
                self.control.check()?;
                let signal = self.view.signal_of(question, window)?;
                match signal.trained_until.filter(|_| !self.allow_trained) {
                    None => Ok((sparse(&signal), signal.alarm.then_some(window.end))),
                    Some(until) => Err(Error::invalid(format!(
                        "expected an encoder that has not seen {window}, found weights that were trained on data up to {until}: it knows what came later, and a replay would prove nothing; begin later with `--from`, or see what it says with `--allow-trained`"
                    ))),
                }
            });
            let said = said.collect::<Result<Vec<_>>>()?;
            asked.closes += chunk.len();
            for (signal, alarm) in said {
                asked.signals.extend(signal);
                asked.alarms.extend(alarm);
            }
            self.listener.hear(&asked);
        }
        self.control.report(Stage::Ask, total, total)?;
        Ok(asked)
    }

    /// What was asked before, which has to be of these windows.
    fn resumed(&self, windows: &[Window]) -> Result<AskedCloses> {
        let Some(asked) = &self.resume else {
            return Ok(AskedCloses::default());
        };
        let done = windows.get(..asked.closes).unwrap_or_default();
        let ends: HashSet<Timestamp> = done.iter().map(|w| w.end).collect();
        let fits = done.len() == asked.closes
            && asked.signals.is_sorted_by(|a, b| a.at < b.at)
            && asked.signals.iter().all(|s| ends.contains(&s.at))
            && asked.alarms.is_sorted_by(|a, b| a < b)
            && asked.alarms.iter().all(|at| ends.contains(at));
        if !fits {
            return Err(Error::invalid(format!(
                "expected signals at the first {} of {} closes to go on from, found others; leave them out, and all closes are asked",
                asked.closes,
                windows.len()
            )));
        }
        Ok(asked.clone())
    }

    fn answer(
        &self,
        series: &SeriesKey,
        bars: &Bars,
        book: &Book,
        period: (Timestamp, Timestamp),
    ) -> Result<ReplayAnswer> {
        let performance = Performance::of(book, period);
        let moments = ReturnMoments::of(&returns(&book.equity));
        let draws = (self.draws, self.seed);
        let by = |draw| match book.trades.is_empty() || self.draws == 0 {
            true => None,
            false => compare(
                (bars, book, self.costs),
                draws,
                performance.bars_a_year,
                draw,
            ),
        };
        let (random, shifted) = (by(same_turnover), by(shifted));
        let mut trials = self.trials.clone();
        trials.extend(moments.sharpe());
        let held = vec![1.0; bars.len()];
        let always = Book {
            equity: follow(bars, &held, self.costs),
            held,
            traded: 2.0,
            ..Book::default()
        };
        let points = bars.iter().zip(&book.equity).zip(&book.held);
        let points = points.zip(&always.equity);
        Ok(ReplayAnswer {
            rule: self.rule.name.clone(),
            series: series.clone(),
            period,
            asked: 0,
            signals: Vec::new(),
            costs: self.costs,
            equity: points
                .map(|(((bar, &equity), &held), &hold)| EquityPoint {
                    at: series.interval.close_of(bar.time),
                    close: bar.close,
                    equity,
                    held,
                    hold,
                })
                .collect(),
            trades: book.trades.clone(),
            performance,
            summary: TradeSummary::of(&book.trades),
            hold: Performance::of(&always, period),
            random,
            shifted,
            deflated: DeflatedSharpe::of(&moments, &trials),
            alarms: None,
            holes: None,
            market_until: None,
            sharpe_a_bar: moments.sharpe(),
            took: Duration::ZERO,
        })
    }
}

/// A signal without its reasons; `None` where it wants nothing.
fn sparse(signal: &Signal) -> Option<ReplaySignal> {
    signal.side.map(|side| ReplaySignal {
        at: signal.window.end,
        position: side.sign() * signal.size,
    })
}

fn too_few(series: &SeriesKey, bars: usize) -> Error {
    Error::invalid(format!(
        "expected at least 2 bars of {series} in the period, found {bars}; `rhyme series` says from when to when it is stored"
    ))
}
