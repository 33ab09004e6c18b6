//! Rules at each new close: which closes are due, and what is worth an alert.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::rule::Rule;
use super::said::Call;
use super::signal::Signal;
use super::trade::Side;
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::{Bars, SeriesKey, Timestamp, Window};

/// How many closes of a series stay in memory: a bar that comes or is corrected later than this is stored and
/// changes no alert.
const REMEMBERED: usize = 64;

/// What a rule said at a close, as far as it has to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What to do.
    pub call: Call,
    /// Which side it wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The share of the account.
    pub size: f64,
}

impl Verdict {
    /// Whether it says nothing: neither to act nor to place a limit order, and no alarm.
    pub fn is_nothing(&self) -> bool {
        self.side.is_none() && !matches!(self.call, Call::Limit | Call::Alarm)
    }
}

impl From<&Signal> for Verdict {
    fn from(signal: &Signal) -> Self {
        Self {
            call: signal.call,
            side: signal.side,
            size: signal.size,
        }
    }
}

/// A close at which a rule was asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecidedClose {
    /// What it said.
    pub verdict: Verdict,
    /// A hash of the window's bars, as they were.
    pub bars: u64,
    /// How often what it says has changed since, because bars of the window did.
    #[serde(default)]
    pub corrections: u32,
}

/// What is worth an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// The rule says something at this close.
    Signal,
    /// The rule said something at the close before, and says nothing at this one.
    End,
    /// Bars of the window were corrected, and with them the rule says something else of this close than it did.
    Corrected,
}

/// A rule's word at a close that somebody waits for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The same for the same rule, series, close and number of corrections, and for no other: who gets an alert twice
    /// knows it by this.
    pub id: String,
    /// Why there is an alert.
    pub kind: AlertKind,
    /// What the rule says, as of the close.
    pub signal: Signal,
    /// What it said before, if it was corrected.
    pub before: Option<Verdict>,
}

/// A close at which a rule is to be asked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DueClose {
    /// The window that ends there.
    pub window: Window,
    /// A hash of its bars.
    pub bars: u64,
    /// Whether the rule was asked before, and the bars are others now.
    pub again: bool,
}

/// A rule on a series, followed from close to close: a value that is kept from one run to the next.
///
/// A close is decided once. Windows that are new are due, also those before the last decided close, if a bar came late;
/// and so are decided ones whose bars were corrected. Of closes further back than the last 64 nothing is due any more.
///
/// ```
/// use rhymedb::decide::{Rule, WatchedRule};
/// use rhymedb::{Database, Target};
/// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?.series();
/// # let nova = market.iter().find(|s| s.key.to_string().ends_with("NOVAUSDT:1h")).ok_or("no series")?;
/// # let (mut history, mut rest) = (nova.clone(), nova.clone());
/// # history.bars = nova.bars.slice(0..300);
/// # rest.bars = nova.bars.slice(300..310);
/// # db.ingest_bars(&[history])?;
/// let rule: Rule = serde_json::from_str(r#"{"name": "large", "when": {"kind": "anomaly", "p_below": 0.9}}"#)?;
/// let target: Target = "NOVAUSDT:1h".parse()?;
/// let series = db.now().series_of(&target)?;
///
/// // From the next close on.
/// let start = db.now().latest_close(&rule, &series)?.ok_or("no window")?;
/// let mut watched = WatchedRule::new(&rule, series, start);
/// db.ingest_bars(&[rest])?; // ten bars
/// let due = db.now().closes_due(&rule, &watched)?;
/// assert_eq!(due.len(), 10);
/// for close in &due {
///     let signal = db.now().signal(&rule, &(&close.window).into())?;
///     if let Some(alert) = watched.decide(close, &signal) {
///         println!("{}: {:?} {:?}", alert.id, alert.kind, alert.signal.side);
///     }
/// }
/// assert!(db.now().closes_due(&rule, &watched)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedRule {
    rule: String,
    series: SeriesKey,
    base: Timestamp,
    decided: BTreeMap<Timestamp, DecidedClose>,
}

impl Rule {
    /// A hash of the whole rule as 16 digits: another rule has another one.
    pub fn fingerprint(&self) -> String {
        // A rule has no map and no number that JSON cannot say.
        let text = serde_json::to_vec(self).unwrap_or_default();
        format!("{:016x}", xxh3_64(&text))
    }
}

impl WatchedRule {
    /// A rule on a series, of which all closes up to `base` are done.
    pub fn new(rule: &Rule, series: SeriesKey, base: Timestamp) -> Self {
        Self::stored(rule.fingerprint(), series, base)
    }

    /// As [`Self::new`], of a rule by its fingerprint.
    pub fn stored(fingerprint: String, series: SeriesKey, base: Timestamp) -> Self {
        Self {
            rule: fingerprint,
            series,
            base,
            decided: BTreeMap::new(),
        }
    }

    /// The fingerprint of the rule.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The series.
    pub fn series(&self) -> &SeriesKey {
        &self.series
    }

    /// Closes up to this one are done for good.
    pub fn base(&self) -> Timestamp {
        self.base
    }

    /// The last closes that were decided, ascending.
    pub fn decided(&self) -> impl Iterator<Item = (Timestamp, &DecidedClose)> {
        self.decided
            .iter()
            .map(|(close, decided)| (*close, decided))
    }

    /// Notes what was decided at a close, as when it is read from where it is kept.
    pub fn note(&mut self, close: Timestamp, decided: DecidedClose) {
        self.decided.insert(close, decided);
        while self.decided.len() > REMEMBERED
            && let Some((close, _)) = self.decided.pop_first()
        {
            self.base = self.base.max(close);
        }
    }

    /// Decides a due close by what the rule said of it, and gives the alert that this is worth. Closes are decided in
    /// ascending order, because a signal ends at the first close at which there is none.
    pub fn decide(&mut self, due: &DueClose, signal: &Signal) -> Option<Alert> {
        let (close, verdict) = (due.window.end, Verdict::from(signal));
        let known = self.decided.get(&close).copied();
        let kind = match known {
            Some(before) => (before.verdict != verdict).then_some(AlertKind::Corrected),
            None if !verdict.is_nothing() => Some(AlertKind::Signal),
            None => {
                let before = self.decided.range(..close).next_back();
                let spoke = before.is_some_and(|(_, before)| !before.verdict.is_nothing());
                spoke.then_some(AlertKind::End)
            }
        };
        let corrections = known.map_or(0, |before| before.corrections)
            + u32::from(kind == Some(AlertKind::Corrected));
        self.note(
            close,
            DecidedClose {
                verdict,
                bars: due.bars,
                corrections,
            },
        );
        kind.map(|kind| Alert {
            id: AlertId(self, close, corrections).to_string(),
            kind,
            signal: signal.clone(),
            before: known.map(|before| before.verdict),
        })
    }

    /// What is known of a close.
    pub fn at(&self, close: Timestamp) -> Option<&DecidedClose> {
        self.decided.get(&close)
    }

    fn is_due(&self, close: Timestamp, bars: u64) -> Option<bool> {
        match self.decided.get(&close) {
            None => Some(false),
            Some(decided) => (decided.bars != bars).then_some(true),
        }
    }
}

struct AlertId<'a>(&'a WatchedRule, Timestamp, u32);

impl fmt::Display for AlertId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(watched, close, corrections) = self;
        write!(f, "{} {}@{close}", watched.rule, watched.series)?;
        match corrections {
            0 => Ok(()),
            n => write!(f, " corrected {n}"),
        }
    }
}

impl View {
    /// When the latest window of a series closed that a rule can be asked about; `None` if there is none.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if the series or the space of the rule is not stored.
    pub fn latest_close(&self, rule: &Rule, series: &SeriesKey) -> Result<Option<Timestamp>> {
        self.past(rule.space(), |past| {
            let rows = past.rows(&Filter::new())?.of(past.id_of(series));
            let last = past.places(&rows)?.pop();
            Ok(last.map(|place| Timestamp::from_millis(place.end)))
        })
    }

    /// The closes of a series at which a rule is to be asked, ascending.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if the series or the space of the rule is not stored.
    pub fn closes_due(&self, rule: &Rule, watched: &WatchedRule) -> Result<Vec<DueClose>> {
        let from = watched.base.plus_millis(1);
        let windows = self.windows_of(rule, &watched.series, Some(from), None)?;
        let Some(first) = windows.first() else {
            return Ok(Vec::new());
        };
        let bars = self
            .bars(&watched.series, Some(first.start), None, None)?
            .bars;
        let mut due = Vec::new();
        for window in windows {
            let bars = hash_of(&bars, &window);
            if let Some(again) = watched.is_due(window.end, bars) {
                due.push(DueClose {
                    window,
                    bars,
                    again,
                });
            }
        }
        Ok(due)
    }

    /// The windows of a series that a rule can be asked about and that end in a period, ascending.
    pub(super) fn windows_of(
        &self,
        rule: &Rule,
        series: &SeriesKey,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Window>> {
        let filter = Filter {
            from,
            until,
            ..Filter::new()
        };
        self.past(rule.space(), |past| {
            past.start_threads()?;
            let rows = past.rows(&filter)?.of(past.id_of(series));
            let places = past.places(&rows)?;
            places.into_iter().map(|place| past.window(place)).collect()
        })
    }
}

/// A hash of the bars of a window.
fn hash_of(bars: &Bars, window: &Window) -> u64 {
    let opens = |t: Timestamp| bars.time.partition_point(|&open| open < t.millis());
    let mut hash = Xxh3::new();
    for bar in bars.slice(opens(window.start)..opens(window.end)).iter() {
        hash.update(&bar.time.millis().to_le_bytes());
        for number in [bar.open, bar.high, bar.low, bar.close, bar.volume] {
            hash.update(&number.to_le_bytes());
        }
    }
    hash.digest()
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
