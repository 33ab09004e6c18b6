//! What the weights were not trained on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::encode::is_held_out;
use crate::error::{Error, Result};
use crate::model::{Interval, Timestamp};

/// What a training record says, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// Later windows were not trained on, nor did they decide when to stop.
    test_from: Option<Timestamp>,
    /// Earlier ones may have been trained on; those between decided when to stop.
    validation_from: Option<Timestamp>,
    embargo: usize,
    hold_out: u64,
    /// What the databases' part of the data was.
    pub(super) market: Option<String>,
    pub(super) interval: Option<String>,
    pub(super) reaction: Option<u32>,
    pub(super) most_symbols: Option<usize>,
}

impl Record {
    /// Reads the `training` of weights, in either form of [`crate::encode::Trained`]: what it says of the
    /// sources of that market and interval, or of all of them if there is none like it. `None` if it
    /// does not say what was kept apart. Where
    /// the sources disagree and the caller is `dated`, having said from when on windows are judged,
    /// the latest of their dates counts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a date in it cannot be read, or if the sources disagree and the caller
    /// says nothing.
    pub(super) fn read(
        training: &Value,
        (market, interval): (Option<&str>, Option<Interval>),
        dated: bool,
    ) -> Result<Option<Self>> {
        let declared = declared(training);
        let config = declared.as_ref().or(training.get("config"));
        let Some(split) = config.and_then(|c| c.get("split")) else {
            return Ok(None);
        };
        let sources = config.and_then(|c| c.get("data")?.as_array());
        let databases: Vec<&Value> = sources
            .into_iter()
            .flatten()
            .filter(|s| text_in(s, "kind") == Some("database"))
            .collect();
        let interval = interval.map(|i| i.to_string());
        let is_meant = |source: &&Value| {
            let fits = |name, asked: Option<&str>| match (asked, text_in(source, name)) {
                (Some(asked), Some(said)) => asked == said,
                _ => true,
            };
            fits("market", market) && fits("interval", interval.as_deref())
        };
        let mut meant: Vec<&Value> = databases.iter().copied().filter(is_meant).collect();
        if meant.is_empty() {
            meant = databases;
        }
        // A source without dates of its own has those of the whole.
        let split_of = |source: &Value| source.get("split").filter(|s| s.is_object()).cloned();
        let splits = meant
            .iter()
            .map(|source| split_of(source).unwrap_or_else(|| split.clone()));
        let splits: Vec<Value> = splits.collect();
        let reaction = |source: &Value| source.get("reaction").cloned();
        let agree = splits.array_windows().all(|[a, b]| a == b)
            && meant
                .array_windows()
                .all(|[a, b]| reaction(a) == reaction(b));
        if !agree && !dated {
            let names: Vec<String> = meant.iter().map(|s| name_of(s)).collect();
            return Err(Error::invalid(format!(
                "expected one kind of bars to judge, since the weights were trained on {}, and on each up to another date or with another reaction, found more than one; choose with --market and --interval, or say with --from from when on all of them are judged",
                names.join(" and on ")
            )));
        }
        // Dates in the order of time are in the order of their letters.
        let latest = splits.iter().max_by_key(|s| text_in(s, "test_from"));
        Self::of(latest.unwrap_or(split), &meant).map(Some)
    }

    /// What a split says, and what all sources agree on.
    fn of(split: &Value, sources: &[&Value]) -> Result<Self> {
        let date = |name: &str| -> Result<Option<Timestamp>> {
            let text = text_in(split, name);
            text.map(str::parse).transpose().map_err(|e| {
                Error::invalid(format!(
                    "the weights' training record cannot be read in split.{name}: {e}"
                ))
            })
        };
        let number = |name: &str| split.get(name).and_then(Value::as_u64);
        let agreed = |name: &str| -> Option<&Value> {
            let first = sources.first()?.get(name)?;
            let all = sources.iter().all(|s| s.get(name) == Some(first));
            all.then_some(first)
        };
        let text = |name: &str| agreed(name)?.as_str().map(str::to_owned);
        let reaction = agreed("reaction").and_then(Value::as_u64);
        let most_symbols = agreed("most_symbols").and_then(Value::as_u64);
        Ok(Self {
            test_from: date("test_from")?,
            validation_from: date("validation_from")?,
            embargo: number("embargo").unwrap_or_default() as usize,
            hold_out: number("hold_out").unwrap_or_default(),
            market: text("market"),
            interval: text("interval"),
            reaction: reaction.map(|r| r as u32),
            most_symbols: most_symbols.map(|n| n as usize),
        })
    }
}

/// What weights declare as `seen`, in the form of the trainer's config: each part is apart from where
/// it ends. If one does not end, nothing is known to be apart.
fn declared(training: &Value) -> Option<Value> {
    let seen = training.get("seen")?.as_array()?;
    let ends = seen.iter().all(|part| part.get("until").is_some());
    let source = |part: &Value| {
        let until = part.get("until").filter(|_| ends);
        json!({
            "kind": "database",
            "market": part.get("market"),
            "interval": part.get("interval"),
            "split": { "test_from": until },
        })
    };
    let sources: Vec<Value> = seen.iter().map(source).collect();
    Some(json!({ "split": {}, "data": sources }))
}

fn text_in<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// What bars a source of training data is of, for people.
fn name_of(source: &Value) -> String {
    let part = |name, all| text_in(source, name).unwrap_or(all).to_owned();
    format!(
        "{} {}",
        part("market", "all markets"),
        part("interval", "of all intervals")
    )
}

/// What a window is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Baselines are fitted on it, and histories are made of it.
    Before,
    /// Later than everything that was trained on.
    Later,
    /// Of symbols that were not trained on, at all times.
    Symbols,
}

impl Part {
    pub(super) const JUDGED: [Self; 2] = [Self::Later, Self::Symbols];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Later => "later",
            Self::Symbols => "new symbols",
        }
    }
}

/// What is kept apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeldOut {
    /// Windows that open before this date are not judged, those that close before it are before.
    pub(super) from: Option<Timestamp>,
    before: Option<Timestamp>,
    pub(super) embargo: usize,
    hold_out: u64,
    symbols: BTreeSet<String>,
}

impl HeldOut {
    /// From the record, or from what the caller says, which goes first. `learned` says whether the
    /// encoders were trained at all.
    ///
    /// # Errors
    /// [`Error::Invalid`] if neither says what was kept apart.
    pub(super) fn new(
        record: Option<&Record>,
        from: Option<Timestamp>,
        symbols: &BTreeSet<String>,
        learned: bool,
    ) -> Result<Self> {
        let none = Record::default();
        let known = record.unwrap_or(&none);
        let hold_out = if symbols.is_empty() {
            known.hold_out
        } else {
            0
        };
        let held = Self {
            from: from.or(known.test_from),
            before: from.or(known.validation_from.or(known.test_from)),
            embargo: known.embargo,
            hold_out,
            symbols: symbols.clone(),
        };
        let nothing = held.from.is_none() && hold_out == 0 && symbols.is_empty();
        if learned && nothing {
            return Err(Error::invalid(
                "expected weights whose training record says what was kept apart from training, found none; say from when on windows are judged (--from), or which symbols were kept apart (--symbols-held-out)",
            ));
        }
        Ok(held)
    }

    /// Says if the caller's date lies in what the record calls training.
    pub(super) fn warning(&self, record: Option<&Record>) -> Option<String> {
        let (from, said) = (self.from?, record?.test_from?);
        (from < said).then(|| {
            format!(
                "windows are judged from {from} on, but the weights' training record keeps them apart from {said} on: some of them were trained on"
            )
        })
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.symbols.contains(symbol) || is_held_out(symbol, self.hold_out)
    }

    /// The part of a window of `symbol` that reads bars from `start` on, the embargo included, and
    /// closes at `end` with all that came after it. Windows across a date are in none.
    pub(super) fn part(&self, symbol: &str, start: i64, end: Timestamp) -> Option<Part> {
        if self.is_symbol(symbol) {
            return Some(Part::Symbols);
        }
        if self.from.is_some_and(|from| start >= from.millis()) {
            return Some(Part::Later);
        }
        let before = self.before.or(self.from);
        before.is_none_or(|date| end < date).then_some(Part::Before)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn records_of_the_trainer_are_read() {
        let training = json!({"config": {
            "split": {"validation_from": "2016-01-01", "test_from": "2017-01-01", "embargo": 5, "hold_out": 4},
            "data": [
                {"kind": "database", "market": "equity", "interval": "1d", "reaction": 2},
                {"kind": "synthetic", "reaction": 9},
                {"kind": "database", "market": "equity", "interval": "1h", "reaction": 2},
            ],
        }});
        let record = Record::read(&training, (None, None), false)
            .unwrap()
            .unwrap();
        assert_eq!(record.market.as_deref(), Some("equity"));
        assert_eq!((record.interval.as_ref(), record.reaction), (None, Some(2)));
        let held = HeldOut::new(Some(&record), None, &BTreeSet::new(), true).unwrap();
        let symbol = (0..).map(|i| format!("S{i}"));
        let symbol = symbol.clone().find(|s| !is_held_out(s, 4)).unwrap();
        let part = |start: &str, end: &str| held.part(&symbol, time(start).millis(), time(end));
        assert_eq!(part("2015-01-01", "2015-12-31"), Some(Part::Before));
        assert_eq!(part("2015-01-01", "2016-01-01"), None, "validation");
        assert_eq!(part("2016-12-31", "2017-02-01"), None, "crosses the date");
        assert_eq!(part("2017-01-01", "2017-02-01"), Some(Part::Later));
        let other = (0..).map(|i| format!("S{i}"));
        let other = other.clone().find(|s| is_held_out(s, 4)).unwrap();
        assert_eq!(
            held.part(&other, 0, time("2015-01-01")),
            Some(Part::Symbols)
        );
        let earlier = HeldOut::new(
            Some(&record),
            Some(time("2014-01-01")),
            &BTreeSet::new(),
            true,
        );
        let warning = earlier.unwrap().warning(Some(&record)).unwrap();
        assert!(
            warning.contains("some of them were trained on"),
            "{warning}"
        );
        assert!(
            Record::read(&Value::Null, (None, None), false)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn sources_with_dates_of_their_own_are_told_apart() {
        let source = |market: &str, interval: &str, reaction: u32, split: Value| {
            json!({
                "kind": "database", "market": market, "interval": interval,
                "reaction": reaction, "split": split,
            })
        };
        let none = json!({"validation_from": null, "test_from": null, "embargo": 0, "hold_out": 0});
        let stocks = json!({"test_from": "2017-06-08", "embargo": 0, "hold_out": 10});
        let crypto = json!({"test_from": "2022-05-01", "embargo": 3, "hold_out": 0});
        let training = json!({"config": {
            "split": none,
            "data": [
                source("equity", "1d", 1, stocks),
                source("crypto", "1h", 4, crypto),
                {"kind": "synthetic", "market": "crypto", "reaction": 12, "split": null},
            ],
        }});
        let error = Record::read(&training, (None, None), false)
            .unwrap_err()
            .to_string();
        assert!(error.contains("equity 1d and on crypto 1h"), "{error}");
        assert!(error.contains("--market"), "{error}");
        let read = |market, interval| Record::read(&training, (market, interval), false).unwrap();
        let found = read(Some("equity"), None).unwrap();
        assert_eq!(found.test_from, Some(time("2017-06-08")));
        assert_eq!((found.hold_out, found.reaction), (10, Some(1)));
        assert_eq!(found.interval.as_deref(), Some("1d"));
        let hourly = read(None, Some("1h".parse().unwrap())).unwrap();
        assert_eq!(hourly.test_from, Some(time("2022-05-01")));
        assert_eq!((hourly.embargo, hourly.reaction), (3, Some(4)));
        // Nothing like it was trained on, and which dates are safe is not said.
        let fx = |dated| Record::read(&training, (Some("fx"), None), dated);
        assert!(fx(false).is_err());
        let latest = fx(true).unwrap().unwrap();
        assert_eq!(latest.test_from, Some(time("2022-05-01")));
        assert_eq!((latest.market, latest.reaction), (None, None));
    }

    #[test]
    fn what_weights_declare_as_seen_is_kept_apart_from_its_end_on() {
        let training = json!({"seen": [
            {"market": "equity", "interval": "1d", "until": "2017-06-08"},
            {"market": "crypto", "interval": "1h", "symbols": ["BTCUSDT"], "until": "2022-05-01"},
        ]});
        let read = |market, dated| Record::read(&training, (market, None), dated);
        assert!(read(None, false).is_err(), "they end at other times");
        let crypto = read(Some("crypto"), false).unwrap().unwrap();
        assert_eq!(crypto.test_from, Some(time("2022-05-01")));
        let all = read(None, true).unwrap().unwrap();
        assert_eq!(all.test_from, Some(time("2022-05-01")));
        let held = HeldOut::new(Some(&crypto), None, &BTreeSet::new(), true).unwrap();
        let part = |start: &str, end: &str| held.part("ETHUSDT", time(start).millis(), time(end));
        assert_eq!(part("2022-05-01", "2022-06-01"), Some(Part::Later));
        assert_eq!(part("2022-03-01", "2022-04-30"), Some(Part::Before));
        assert_eq!(part("2022-04-30", "2022-05-02"), None, "crosses the date");

        let open = json!({"seen": [
            {"market": "equity", "until": "2017-06-08"},
            {"market": "crypto"},
        ]});
        let record = Record::read(&open, (None, None), false).unwrap();
        let held = HeldOut::new(record.as_ref(), None, &BTreeSet::new(), true);
        assert!(held.is_err(), "one of them does not end");
    }

    #[test]
    fn trained_weights_without_a_record_are_refused() {
        let none = BTreeSet::new();
        let error = HeldOut::new(None, None, &none, true).unwrap_err();
        assert!(error.to_string().contains("--from"), "{error}");
        assert!(HeldOut::new(None, None, &none, false).is_ok());
        assert!(HeldOut::new(None, Some(time("2020-01-01")), &none, true).is_ok());
    }

    #[test]
    fn a_share_of_the_symbols_is_kept_apart() {
        let held = (0..4000).filter(|i| is_held_out(&format!("SYM{i}"), 5));
        let count = held.count();
        assert!((700..900).contains(&count), "{count}");
    }
}
