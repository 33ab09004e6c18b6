//! Proof that a replay did not look ahead: its signals once more, from a database that ends at their close.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::conditions::Question;
use super::replay::{Replay, ReplayAnswer};
use super::rule::{Rule, When};
use super::signal::Signal;
use super::trade::Side;
use crate::analysis::JudgedBy;
use crate::db::{Control, Cut, Progress, Stage, View, within};
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Target, Timestamp, Window};

/// Of the closes that are compared, so many in four have a signal, if there are as many.
const WITH_SIGNAL: (usize, usize) = (3, 4);

/// What an audit of a replay found: see [`Replay::audit`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Audit {
    /// The closes at which signals were compared, ascending.
    pub closes: Vec<Timestamp>,
    /// How many of them had a signal in the replay.
    pub with_signal: usize,
    /// Where the replay said something else than a database that ends there. None: it did not look ahead there.
    pub differences: Vec<AuditDifference>,
    /// What the audit cannot see, as sentences.
    pub unseen: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// A close at which a replay said something else than a database that ends there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditDifference {
    /// The close.
    pub at: Timestamp,
    /// The first field of the signal that differs, like `size` or `reasons[1].text`; `question` if one of them has no
    /// signal at all.
    pub field: String,
    /// The signal of the replay, as JSON.
    pub replay: String,
    /// The signal of a database that ends there, as JSON, or why it has none.
    pub cut: String,
}

/// A signal as JSON, or why there is none.
type Told = Result<Value, String>;

impl Replay {
    /// Proves that a replay did not look ahead, on a sample of its closes: a database that ends at the close is made in
    /// `folder`, of what was known then and nothing else, and asked the same. What it says has to equal what the replay
    /// said, to the last byte of the JSON.
    ///
    /// The database holds the bars, headlines, tags, attributes and prototypes that were known at the close, of all
    /// series and markets. Its windows are embedded again: it has none of the stored vectors. One database grows from
    /// close to close, so an audit takes about as long as bringing in the bars up to the last of them.
    ///
    /// `answer` is that of [`Self::run`]. At most `closes` of its closes are compared: three of four with a signal, if
    /// there are as many, the others without, both spread over the period and drawn by [`Self::seed`]. `folder` must be
    /// empty, or not there; what is in it afterwards is good for nothing.
    ///
    /// It cannot see what an encoder holds in itself (weights that were trained, tables), whether a tag or a prototype
    /// was chosen in hindsight, and bars that were corrected later: [`Audit::unseen`].
    ///
    /// ```
    /// use rhymedb::decide::Rule;
    /// use rhymedb::{Database, Target};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series()[..1])?;
    /// let rule: Rule = serde_json::from_str(r#"{
    ///     "name": "analogs", "hold": 6, "when": {"kind": "analogs", "horizon": 6}
    /// }"#)?;
    /// let series: Target = "NOVAUSDT:1h".parse()?;
    /// let replay = db.now().replay(series, &rule).from("2015-02-20".parse()?);
    /// let answer = replay.run()?;
    /// let audit = replay.audit(&answer, 5, dir.path().join("cut.rhyme"))?;
    /// assert_eq!((audit.closes.len(), audit.differences.len()), (5, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if `closes` is not 1 to 10,000, if the answer is of another rule or series, if there is
    /// something in the folder, or if what the rule asks cannot be made again: a space of imported vectors, an encoder
    /// that is not there, a prototype whose bars were corrected since. Those of the disk; [`Error::Interrupted`].
    pub fn audit(
        &self,
        answer: &ReplayAnswer,
        closes: usize,
        folder: impl AsRef<Path>,
    ) -> Result<Audit> {
        let start = Instant::now();
        within("closes", closes, 10_000)?;
        let (view, rule) = (&self.view, &self.rule);
        let question = Question::new(view, rule)?;
        let series = self.key()?;
        if answer.series != series || answer.rule != rule.name {
            return Err(Error::invalid(format!(
                "expected the answer of this replay, of {} on {series}, found one of {} on {}",
                rule.name, answer.rule, answer.series
            )));
        }
        let said: HashMap<Timestamp, f64> =
            answer.signals.iter().map(|s| (s.at, s.position)).collect();
        let asked = self.asked(&series, answer.period)?;
        let sample = sample(&asked, &said, closes, self.seed);
        let mut audit = Audit {
            closes: sample.iter().map(|window| window.end).collect(),
            with_signal: sample.iter().filter(|w| said.contains_key(&w.end)).count(),
            differences: Vec::new(),
            unseen: Vec::new(),
            took: Duration::ZERO,
        };
        let Some(last) = sample.last() else {
            return Ok(audit);
        };
        let mut cut = Cut::new(view, folder.as_ref())?;
        refuse_missing_space(view, &cut, rule)?;
        let mut growth = Growth::new(view, last.end, &self.control)?;
        for window in &sample {
            growth.grow(view, &mut cut, window.end)?;
            refuse_missing_prototype(&cut, rule)?;
            let then = then(&cut.view().controlled(&self.control), &question, &series)?;
            let replayed = view.signal_of(&question, window)?;
            let position = said.get(&window.end).copied().unwrap_or(0.0);
            let now = (json(&replayed)?, position_of(&replayed) == position);
            audit
                .differences
                .extend(compare(window.end, now, position, then));
        }
        audit.unseen = unseen(view, &cut, rule, last.end)?;
        audit.took = start.elapsed();
        Ok(audit)
    }
}

/// How far the database has grown, in bars.
struct Growth<'c> {
    control: &'c Control,
    done: u64,
    total: u64,
}

impl<'c> Growth<'c> {
    fn new(view: &View, last: Timestamp, control: &'c Control) -> Result<Self> {
        let total = bars(view, last)?;
        control.report(Stage::Audit, 0, total)?;
        Ok(Self {
            control,
            done: 0,
            total,
        })
    }

    fn grow(&mut self, view: &View, cut: &mut Cut, to: Timestamp) -> Result<()> {
        let (before, after) = (self.done, bars(view, to)?);
        let (outer, total) = (self.control.clone(), self.total);
        let new = after.saturating_sub(before);
        // Each space embeds them once more; a bar that runs backwards would say less than one that waits.
        let shown = std::sync::atomic::AtomicU64::new(before);
        let inner = self.control.clone().on_progress(move |p: Progress| {
            if p.stage == Stage::Embed && p.total > 0 {
                let part = u128::from(new) * u128::from(p.done) / u128::from(p.total);
                let at = before + u64::try_from(part).unwrap_or(new).min(new);
                let at = shown
                    .fetch_max(at, std::sync::atomic::Ordering::Relaxed)
                    .max(at);
                // Whether it may go on is asked where the work is.
                let _ = outer.report(Stage::Audit, at, total);
            }
        });
        cut.grow(to, &inner)?;
        self.done = after;
        self.control.report(Stage::Audit, after.min(total), total)
    }
}

fn bars(view: &View, at: Timestamp) -> Result<u64> {
    Ok(view.at(at).series()?.iter().map(|s| s.bars).sum())
}

/// What the latest window of a series says in a database.
fn then(view: &View, question: &Question<'_>, series: &SeriesKey) -> Result<Told> {
    let target = Target::from(series.clone());
    let asked = view.past(question.rule.space(), |past| past.asked(&target));
    let signal = asked.and_then(|asked| view.signal_of(question, &asked.window));
    match signal {
        Ok(signal) => json(&signal).map(Ok),
        Err(
            why @ (Error::Invalid(_)
            | Error::NotFound { .. }
            | Error::Ambiguous { .. }
            | Error::Encoder { .. }),
        ) => Ok(Err(why.to_string())),
        Err(other) => Err(other),
    }
}

fn json(signal: &Signal) -> Result<Value> {
    serde_json::to_value(signal).map_err(|e| Error::internal(format!("a signal is no JSON: {e}")))
}

fn position_of(signal: &Signal) -> f64 {
    let sign = |side: Side| side.sign() * signal.size;
    signal.side.map_or(0.0, sign)
}

/// The difference of a close, if there is one.
fn compare(
    at: Timestamp,
    (now, as_replayed): (Value, bool),
    position: f64,
    then: Told,
) -> Option<AuditDifference> {
    let differs = |field: String, replay: String, cut: String| {
        Some(AuditDifference {
            at,
            field,
            replay,
            cut,
        })
    };
    let then = match then {
        Err(why) => return differs("question".to_owned(), now.to_string(), why),
        Ok(then) => then,
    };
    if let Some(field) = first_difference("", &now, &then) {
        return differs(field, now.to_string(), then.to_string());
    }
    if !as_replayed {
        let replay = format!("{{\"position\":{position}}}");
        return differs("position".to_owned(), replay, then.to_string());
    }
    None
}

/// The path of the first value that differs. Numbers are compared as they are written: equal text is equal bits.
fn first_difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    let at = |part: String| match path {
        "" => part,
        path => format!("{path}.{part}"),
    };
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let keys = x.keys().chain(y.keys().filter(|k| !x.contains_key(*k)));
            let mut found = keys.filter_map(|key| {
                let (x, y) = (x.get(key), y.get(key));
                let null = &Value::Null;
                first_difference(&at(key.clone()), x.unwrap_or(null), y.unwrap_or(null))
            });
            found.next()
        }
        (Value::Array(x), Value::Array(y)) => {
            let mut found = x
                .iter()
                .zip(y)
                .enumerate()
                .filter_map(|(i, (x, y))| first_difference(&format!("{path}[{i}]"), x, y));
            let shorter = x.len().min(y.len());
            let longer = || (x.len() != y.len()).then(|| format!("{path}[{shorter}]"));
            found.next().or_else(longer)
        }
        (a, b) => {
            let (a, b) = (a.to_string(), b.to_string());
            (a != b).then(|| path.to_owned())
        }
    }
}

/// Some windows, ascending: with and without a signal, both spread over the period.
fn sample(
    asked: &[Window],
    said: &HashMap<Timestamp, f64>,
    closes: usize,
    seed: u64,
) -> Vec<Window> {
    let (with, without): (Vec<&Window>, Vec<&Window>) =
        asked.iter().partition(|w| said.contains_key(&w.end));
    let (part, of) = WITH_SIGNAL;
    let few = (closes * part).div_ceil(of);
    let least = closes.saturating_sub(without.len());
    let from_with = few.max(least).min(with.len());
    let from_without = closes.saturating_sub(from_with).min(without.len());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all = spread(&with, from_with, &mut rng);
    all.extend(spread(&without, from_without, &mut rng));
    all.sort_by_key(|window| window.end);
    all
}

/// One of each of `n` stretches of equal length.
fn spread(of: &[&Window], n: usize, rng: &mut ChaCha8Rng) -> Vec<Window> {
    let bound = |i: usize| of.len() * i / n.max(1);
    let one = |i: usize| {
        let range = bound(i)..bound(i + 1);
        let at = if range.is_empty() {
            range.start
        } else {
            rng.random_range(range)
        };
        of.get(at).map(|window| (*window).clone())
    };
    (0..n).filter_map(one).collect()
}

/// The space that a rule asks, if it asks one.
fn space_of(view: &View, rule: &Rule) -> Result<Option<String>> {
    let usual = |name: Option<&str>| view.past(name, |past| Ok(Some(past.space().to_owned())));
    let of_words = || view.aligned(None, &[], |space| Ok(Some(space.name())));
    match &rule.when {
        When::Analogs(asked) => usual(asked.space.as_deref()),
        When::Anomaly(_) | When::Tags(_) => usual(None),
        When::Risk(asked) if asked.size.is_some() || asked.distance.is_some() => usual(None),
        When::Risk(_) => Ok(None),
        When::Divergence(_) => of_words(),
        When::Label(asked) => match crate::analysis::LabelSet::built_in_named(&asked.set)? {
            set if set.judged_by() == JudgedBy::Words => of_words(),
            _ => Ok(None),
        },
        When::Prototype(asked) => {
            let all = view.prototypes()?;
            let found = all.into_iter().find(|p| p.name == asked.prototype);
            Ok(found.map(|p| p.space))
        }
    }
}

fn refuse_missing_space(view: &View, cut: &Cut, rule: &Rule) -> Result<()> {
    let Some(space) = space_of(view, rule)? else {
        return Ok(());
    };
    match cut.without_space(&space) {
        None => Ok(()),
        Some(why) => Err(Error::invalid(format!(
            "the rule {} asks the space {space}, which cannot be audited: {why}",
            rule.name
        ))),
    }
}

fn refuse_missing_prototype(cut: &Cut, rule: &Rule) -> Result<()> {
    let When::Prototype(asked) = &rule.when else {
        return Ok(());
    };
    match cut.without_prototype(&asked.prototype) {
        None => Ok(()),
        Some(why) => Err(Error::invalid(format!(
            "the rule {} asks the prototype {}, which cannot be audited: {why}",
            rule.name, asked.prototype
        ))),
    }
}

/// What an audit of a rule cannot see.
fn unseen(view: &View, cut: &Cut, rule: &Rule, last: Timestamp) -> Result<Vec<String>> {
    let mut all = Vec::new();
    if let Some(space) = space_of(view, rule)? {
        let waits = view.spaces()?.into_iter().find(|s| s.space.name == space);
        if waits.is_some_and(|s| s.pending_ranges > 0) {
            all.push(format!(
                "windows of the space {space} wait for their vectors, which a database that ends earlier has: `rhyme compact` embeds them"
            ));
        }
        if cut.without_space(&space).is_none() && view.holds_more(&space)? {
            all.push(format!(
                "the encoder of the space {space} holds more than its parameters (weights, or what a program put into it): what it learnt from later times cannot be cut off"
            ));
        }
    }
    if let When::Prototype(asked) = &rule.when {
        let made = view.prototypes()?.into_iter();
        let made = made.filter(|p| p.name == asked.prototype && p.created > last);
        all.extend(made.map(|p| {
            format!(
                "the prototype {} was made on {}, after the closes: that its windows were chosen in hindsight cannot be seen",
                p.name, p.created
            )
        }));
    }
    if let When::Tags(asked) = &rule.when {
        let mut untimed = 0;
        for name in asked.long.iter().chain(&asked.short) {
            let tags = view.at(last).tags(Some(name))?;
            untimed += tags.iter().filter(|tag| tag.known == tag.end).count();
        }
        if untimed > 0 {
            all.push(format!(
                "{untimed} tags do not say from when on they are known, and count from the close of their windows: that they were given in hindsight cannot be seen"
            ));
        }
    }
    if !cut.made_elsewhere().is_empty() {
        all.push(format!(
            "{} are made of shorter bars in a market with sessions, where a later bar tells that a session is over: their bars are taken as they are stored",
            cut.made_elsewhere().join(", ")
        ));
    }
    Ok(all)
}
