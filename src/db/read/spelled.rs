//! Names that are typed otherwise than they are stored: `btcusdt` for BTCUSDT, `BTC/USD` for BTC-USD.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::db::snapshot::Snapshot;
use crate::db::spelling::Spelling;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Target};
use crate::store::{SeriesId, SeriesRecord};

/// How many near names an error lists.
const NEAR: usize = 3;

/// The letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// Whether two names are the same but for case, or for case and signs; what is only signs is not.
#[derive(Clone, Copy)]
enum Alike {
    Case,
    Signs,
}

impl Alike {
    fn names(self, typed: &str, stored: &str) -> bool {
        match self {
            Self::Case => typed.to_lowercase() == stored.to_lowercase(),
            Self::Signs => {
                let typed = plain(typed);
                !typed.is_empty() && typed == plain(stored)
            }
        }
    }

    /// Whether a target may mean a series. A symbol may be typed with a slash, which the target takes
    /// for the end of a market or venue.
    fn target(self, target: &Target, key: &SeriesKey) -> bool {
        let parts: Vec<&str> = target.scope.iter().map(String::as_str).collect();
        let whole = || self.fits(&parts, &target.symbol, key);
        let joined = || {
            let (last, before) = parts.split_last()?;
            let symbol = format!("{last}/{}", target.symbol);
            Some(self.fits(before, &symbol, key))
        };
        target.interval.is_none_or(|i| i == key.interval)
            && (whole() || joined().unwrap_or_default())
    }

    fn fits(self, scope: &[&str], symbol: &str, key: &SeriesKey) -> bool {
        let scope_fits = match scope {
            [] => true,
            [one] => self.names(one, &key.market) || self.names(one, &key.venue),
            [market, venue] => self.names(market, &key.market) && self.names(venue, &key.venue),
            _ => false,
        };
        scope_fits && self.names(symbol, &key.symbol)
    }
}

/// The one series that a target may mean. Names as they are stored go before other spellings.
pub(in crate::db) fn series<'a>(
    view: &View,
    snapshot: &'a Snapshot,
    target: &Target,
) -> Result<(SeriesId, &'a SeriesRecord)> {
    let all = || snapshot.series.iter();
    let mut fits: Vec<_> = all().filter(|(_, s)| target.matches(&s.key)).collect();
    let mut respelled = false;
    for alike in [Alike::Case, Alike::Signs] {
        if fits.is_empty() {
            respelled = true;
            fits = all()
                .filter(|(_, s)| alike.target(target, &s.key))
                .collect();
        }
    }
    match fits.as_slice() {
        [(id, record)] => {
            if respelled {
                view.tell_spelling(&name_of(target), &record.key.to_string());
            }
            Ok((**id, record))
        }
        [] => Err(Error::NotFound {
            what: "series",
            name: target.to_string(),
            hint_text: hint(near(&name_of(target), snapshot, |key| {
                (key.to_string(), key.symbol.clone())
            })),
        }),
        many => {
            let mut choices: Vec<_> = many.iter().map(|(_, s)| s.key.to_string()).collect();
            choices.sort();
            Err(Error::Ambiguous {
                what: "the series",
                name: target.to_string(),
                choices,
            })
        }
    }
}

/// A target without its time.
fn name_of(target: &Target) -> String {
    let name = Target {
        time: None,
        ..target.clone()
    };
    name.to_string()
}

/// Stored names for typed ones. One that is stored stays; else it is the only one of another spelling.
pub(in crate::db) fn stored_names(
    view: &View,
    snapshot: &Snapshot,
    what: &'static str,
    typed: &[String],
    part: impl Fn(&SeriesKey) -> &String,
) -> Result<Vec<String>> {
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let all: BTreeSet<&String> = snapshot.series.values().map(|s| part(&s.key)).collect();
    let one = |name: &String| {
        if all.contains(name) {
            return Ok(name.clone());
        }
        let like = |alike: Alike| {
            let same = all.iter().filter(move |stored| alike.names(name, stored));
            same.map(|stored| (*stored).clone()).collect::<Vec<_>>()
        };
        let mut fits = like(Alike::Case);
        if fits.is_empty() {
            fits = like(Alike::Signs);
        }
        match fits.as_slice() {
            [stored] => {
                view.tell_spelling(name, stored);
                Ok(stored.clone())
            }
            [] => Err(Error::NotFound {
                what,
                name: name.clone(),
                hint_text: hint(near(name, snapshot, |key| {
                    (part(key).clone(), part(key).clone())
                })),
            }),
            _ => Err(Error::Ambiguous {
                what: if what == "symbol" { "the symbol" } else { what },
                name: name.clone(),
                choices: fits,
            }),
        }
    };
    typed.iter().map(one).collect()
}

fn hint(near: Vec<String>) -> String {
    if near.is_empty() {
        "`rhyme series` lists those that are stored".to_owned()
    } else {
        format!("near it are: {}", near.join(", "))
    }
}

/// The nearest stored names: those that hold the typed one or are held by it, then by the letters that
/// differ. `part` gives the name to list and the name to compare.
fn near(
    typed: &str,
    snapshot: &Snapshot,
    part: impl Fn(&SeriesKey) -> (String, String),
) -> Vec<String> {
    let name = typed.rsplit_once(':').map_or(typed, |(name, _)| name);
    let wanted = [name, name.rsplit('/').next().unwrap_or(name)].map(plain);
    let mut all = BTreeSet::new();
    for record in snapshot.series.values() {
        let (listed, compared) = part(&record.key);
        let compared = plain(&compared);
        let distance = wanted.iter().filter_map(|w| distance(w, &compared)).min();
        if let Some(distance) = distance {
            all.insert((distance, listed));
        }
    }
    all.into_iter().map(|(_, name)| name).take(NEAR).collect()
}

/// How far two names are apart, if they are near: one holds the other, or at most a third of the
/// letters differ (the distance of Levenshtein).
fn distance(typed: &str, stored: &str) -> Option<usize> {
    let (a, b) = (typed.chars().count(), stored.chars().count());
    if a == 0 || b == 0 {
        return None;
    }
    let mut row: Vec<usize> = (0..=b).collect();
    for (i, left) in typed.chars().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut()?, i + 1);
        let mut before = i + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(stored.chars()) {
            let changed = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = changed.min(before + 1).min(*cell + 1);
            *cell = before;
        }
    }
    let distance = *row.last()?;
    let holds = a.min(b) >= 2 && (typed.contains(stored) || stored.contains(typed));
    (holds || distance * 3 <= a.max(b)).then_some(distance)
}

impl View {
    /// The same view, which tells of every name that was typed otherwise than it is stored: in lower
    /// case, or with other signs. Such a name is taken if only one stored name fits.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use rhymedb::{Database, Target};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let heard = Arc::new(Mutex::new(Vec::new()));
    /// let kept = Arc::clone(&heard);
    /// let view = db.now().on_spelling(move |s| kept.lock().unwrap().push(s.stored.clone()));
    /// let target: Target = "nova/usdt:1h".parse()?;
    /// assert_eq!(view.series_of(&target)?.symbol, "NOVAUSDT");
    /// assert_eq!(*heard.lock().unwrap(), ["crypto/synthetic/NOVAUSDT:1h"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn on_spelling(&self, listener: impl Fn(&Spelling) + Send + Sync + 'static) -> Self {
        self.with_listener(Arc::new(listener))
    }

    fn tell_spelling(&self, typed: &str, stored: &str) {
        if let Some(listener) = self.listener() {
            listener(&Spelling {
                typed: typed.to_owned(),
                stored: stored.to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Alike, distance};
    use crate::model::{SeriesKey, Target};

    #[test]
    fn other_spellings_are_alike_and_other_instruments_are_not() {
        let fits = |typed: &str, stored: &str| {
            let target: Target = typed.parse().unwrap();
            let key: SeriesKey = stored.parse().unwrap();
            Alike::Signs.target(&target, &key)
        };
        let stored = "crypto/bybit/BTC-USD:1h";
        for typed in [
            "btcusd:1h",
            "BTC/USD",
            "btc_usd:1h",
            "Crypto/BTC/USD",
            "crypto/bybit/btc/usd:1h",
        ] {
            assert!(fits(typed, stored), "{typed}");
        }
        for typed in ["btcusdt:1h", "btcusd:1d", "equity/BTCUSD", "btc", "usd"] {
            assert!(!fits(typed, stored), "{typed}");
        }
    }

    #[test]
    fn near_names_differ_in_a_third_of_their_letters_or_hold_one_another() {
        assert_eq!(distance("btcusd", "btcusdt"), Some(1));
        assert_eq!(distance("btsusdt", "btcusdt"), Some(1));
        assert_eq!(distance("btc", "btcusdt"), Some(4));
        assert_eq!(distance("xrpusdt", "btcusdt"), None);
        assert_eq!(distance("", "btcusdt"), None);
        assert_eq!(distance("kitten", "sitting"), None);
    }
}
