//! Until when, and on which series, weights were trained.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::error::{Error, Result, excerpt};
use crate::model::{Interval, SeriesKey, Timestamp};

/// Whether a symbol is kept apart from training when one in `one_in` is; none where that is 0. It
/// hangs on the hash of the symbol's name alone (FNV-1a, then mixed), so it is the same on every
/// machine, in every version and for every set of symbols.
///
/// ```
/// use rhymedb::encode::is_held_out;
/// assert!(!is_held_out("BTCUSDT", 0));
/// assert!(is_held_out("BTCUSDT", 1));
/// ```
pub fn is_held_out(symbol: &str, one_in: u64) -> bool {
    let step = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    let h = symbol.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let mixed = (h ^ (h >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    one_in > 0 && mixed % one_in == 0
}

/// What weights were trained on: which series, and until when. An answer as of an earlier time on
/// such a series knows more than could be known then.
///
/// It is read from the `training` of a weights file, in one of two forms. Weights of your own
/// declare it themselves; a part that is left out stands for all:
///
/// ```json
/// { "seen": [{ "market": "crypto", "interval": "1h", "symbols": ["BTCUSDT"], "until": "2022-05-01" }] }
/// ```
///
/// Files that `rhyme-train` wrote before it declared this hold its config: each source of real bars
/// counts as seen until its `split.test_from`, since the time from `validation_from` on decided when
/// training stopped; a symbol that [`is_held_out`] counts as not seen.
///
/// ```
/// use rhymedb::{SeriesKey, Timestamp};
/// use rhymedb::encode::Weights;
/// let weights = Weights::shipped_clip()?;
/// let trained = weights.trained();
/// let bitcoin: SeriesKey = "crypto/binance/BTCUSDT:1h".parse()?;
/// assert_eq!(trained.until(&bitcoin), Some("2022-05-01".parse::<Timestamp>()?));
/// let minutes: SeriesKey = "crypto/binance/BTCUSDT:1m".parse()?;
/// assert_eq!(trained.until(&minutes), None, "bars of minutes were not trained on");
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trained {
    seen: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    market: Option<String>,
    interval: Option<Interval>,
    /// Empty for all.
    symbols: BTreeSet<String>,
    /// One symbol in so many was kept apart; 0 for none.
    hold_out: u64,
    until: Timestamp,
}

/// Where nothing says when training data ended.
const ALWAYS: Timestamp = Timestamp::from_millis(i64::MAX);

impl Trained {
    /// Until when the weights have seen a series; `None` if they have not, or do not say.
    pub fn until(&self, series: &SeriesKey) -> Option<Timestamp> {
        let of_it = self.seen.iter().filter(|s| s.is_of(series));
        of_it.map(|s| s.until).max()
    }

    /// Until when they have seen anything: what answers in words know.
    pub fn latest(&self) -> Option<Timestamp> {
        self.seen.iter().map(|s| s.until).max()
    }

    /// The series and times in the form in which weights declare them. Symbols that were held out count as seen.
    #[cfg(feature = "onnx")]
    pub fn declared(&self) -> Vec<Value> {
        self.seen.iter().map(Seen::declaration).collect()
    }

    /// Reads the `training` of weights.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `seen` is there and not of the form above.
    pub fn read(training: &Value) -> Result<Self> {
        if let Some(declared) = training.get("seen") {
            let all = declared.as_array().ok_or_else(|| wrong("seen", declared))?;
            let seen = all.iter().map(Seen::declared).collect::<Result<_>>()?;
            return Ok(Self { seen });
        }
        let config = training.get("config");
        let sources = config.and_then(|c| c.get("data")?.as_array());
        let whole = config.and_then(|c| c.get("split"));
        let real = |s: &&Value| matches!(text(s, "kind"), Some("database" | "captions"));
        let of_config = |source: &Value| Seen::of_config(source, whole);
        let seen = sources.into_iter().flatten().filter(real).map(of_config);
        Ok(Self {
            seen: seen.collect(),
        })
    }
}

impl Seen {
    fn is_of(&self, key: &SeriesKey) -> bool {
        self.market.as_ref().is_none_or(|m| *m == key.market)
            && self.interval.is_none_or(|i| i == key.interval)
            && (self.symbols.is_empty() || self.symbols.contains(&key.symbol))
            && !is_held_out(&key.symbol, self.hold_out)
    }

    #[cfg(feature = "onnx")]
    fn declaration(&self) -> Value {
        let mut fields = serde_json::Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        if let Some(market) = &self.market {
            put("market", market.clone().into());
        }
        if let Some(interval) = self.interval {
            put("interval", interval.to_string().into());
        }
        if !self.symbols.is_empty() {
            put("symbols", self.symbols.iter().cloned().collect());
        }
        if self.until != ALWAYS {
            put("until", self.until.to_string().into());
        }
        Value::Object(fields)
    }

    fn declared(value: &Value) -> Result<Self> {
        let fields = value.as_object().ok_or_else(|| wrong("seen", value))?;
        let mut seen = Self {
            market: None,
            interval: None,
            symbols: BTreeSet::new(),
            hold_out: 0,
            until: ALWAYS,
        };
        for (name, value) in fields {
            let text = || value.as_str().ok_or_else(|| wrong(name, value));
            match name.as_str() {
                "market" => seen.market = Some(text()?.to_owned()),
                "interval" => seen.interval = Some(text()?.parse()?),
                "until" => seen.until = text()?.parse()?,
                "symbols" => {
                    let all = value.as_array().ok_or_else(|| wrong(name, value))?;
                    let names = all.iter().map(|s| s.as_str().map(str::to_owned));
                    let names: Option<BTreeSet<String>> = names.collect();
                    seen.symbols = names.ok_or_else(|| wrong(name, value))?;
                }
                _ => return Err(wrong(name, value)),
            }
        }
        Ok(seen)
    }

    /// A source of a trainer's config; its own split goes before the one of the whole.
    fn of_config(source: &Value, whole: Option<&Value>) -> Self {
        let split = source.get("split").filter(|s| s.is_object()).or(whole);
        let date = |name| text(split?, name)?.parse().ok();
        let number = |name| split?.get(name)?.as_u64();
        Self {
            market: text(source, "market").map(str::to_owned),
            interval: text(source, "interval").and_then(|i| i.parse().ok()),
            symbols: BTreeSet::new(),
            hold_out: number("hold_out").unwrap_or(0),
            until: date("test_from")
                .or(date("validation_from"))
                .unwrap_or(ALWAYS),
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn wrong(name: &str, value: &Value) -> Error {
    Error::invalid(format!(
        r#"expected what weights were trained on as "seen": [{{"market": "crypto", "interval": "1h", "symbols": ["BTCUSDT"], "until": "2022-05-01"}}], found {} in "{name}""#,
        excerpt(&value.to_string())
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn until(trained: &Trained, key: &str) -> Option<String> {
        let until = trained.until(&key.parse().unwrap());
        until.map(|t| t.to_string())
    }

    #[test]
    fn weights_declare_what_they_have_seen() {
        let trained = Trained::read(&json!({"seen": [
            {"market": "crypto", "interval": "1h", "symbols": ["A", "B"], "until": "2022-05-01"},
            {"market": "crypto", "until": "2020-01-01"},
            {"market": "fx"},
        ]}))
        .unwrap();
        assert_eq!(
            until(&trained, "crypto/x/A:1h").as_deref(),
            Some("2022-05-01T00:00:00Z")
        );
        assert_eq!(
            until(&trained, "crypto/x/C:1h").as_deref(),
            Some("2020-01-01T00:00:00Z")
        );
        assert_eq!(until(&trained, "equity/x/A:1h"), None);
        let always = trained.until(&"fx/x/EURUSD:1d".parse().unwrap());
        assert_eq!((always, trained.latest()), (Some(ALWAYS), Some(ALWAYS)));
        assert_eq!(Trained::read(&Value::Null).unwrap().latest(), None);
        for bad in [
            json!({"seen": 5}),
            json!({"seen": ["crypto"]}),
            json!({"seen": [{"untli": "2020-01-01"}]}),
            json!({"seen": [{"until": "soon"}]}),
            json!({"seen": [{"symbols": "A"}]}),
        ] {
            assert!(
                matches!(Trained::read(&bad), Err(Error::Invalid(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_config_of_the_trainer_says_it_by_its_splits() {
        let trained = Trained::read(&json!({"config": {
            "split": {"validation_from": "2016-12-01", "test_from": "2017-06-08", "hold_out": 1},
            "data": [
                {"kind": "database", "market": "equity", "interval": "1d", "split": null},
                {"kind": "captions", "market": "crypto", "interval": "1h",
                 "split": {"validation_from": "2022-04-15", "test_from": null, "hold_out": 0}},
                {"kind": "synthetic", "market": "fx"},
            ],
        }}))
        .unwrap();
        assert_eq!(until(&trained, "equity/x/A:1d"), None, "all are held out");
        assert_eq!(
            until(&trained, "crypto/x/A:1h").as_deref(),
            Some("2022-04-15T00:00:00Z")
        );
        assert_eq!(
            until(&trained, "fx/x/A:1h"),
            None,
            "made-up bars are no past"
        );
    }
}
