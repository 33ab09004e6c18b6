//! Headlines in the mirror: what is stored, what was known when, and what is near a sentence.

use std::collections::BTreeMap;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::{Database, Timestamp, View};

use super::world::{NET, World};
use super::{CLOSE, DAY, Mirror};
use crate::oracle::{HOUR, START};

const WORDS: [&str; 9] = [
    "maker", "fund", "recall", "halts", "opens", "doubles", "slumps", "talks", "record",
];
/// Headlines fall into so many hours.
const HOURS: usize = 120;

impl Mirror {
    /// The headlines known at a time.
    fn known(&self, as_of: Option<i64>) -> impl Iterator<Item = &Headline> {
        let known_from = |h: &Headline| {
            h.time.millis()
                + match h.precision {
                    TimePrecision::Day => DAY as i64,
                    TimePrecision::Minute => 60_000,
                    TimePrecision::Second => 0,
                }
        };
        let headlines = self.headlines.values();
        headlines.filter(move |h| as_of.is_none_or(|t| known_from(h) <= t))
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn key(headline: &Headline) -> (i64, String, String) {
    let Headline { source, text, .. } = headline;
    (headline.time.millis(), source.clone(), text.clone())
}

impl World {
    fn headline(&mut self) -> Headline {
        let mut word = |n: usize| WORDS[self.dice.below(n)];
        let text = match word(9) {
            // Nothing that has a meaning.
            "record" => "...".to_owned(),
            first => format!("{first} {} {}", word(9), word(3)),
        };
        let precision = [
            TimePrecision::Day,
            TimePrecision::Minute,
            TimePrecision::Second,
        ];
        let symbols = ["AAA", "BBB"].into_iter().filter(|_| self.dice.one_in(2));
        Headline {
            symbols: symbols.map(str::to_owned).collect(),
            time: Timestamp::from_millis(START + self.dice.below(HOURS) as i64 * HOUR),
            precision: precision[self.dice.below(3)],
            text,
            source: ["wire", "paper"][self.dice.below(2)].to_owned(),
        }
    }

    /// Headlines that have a vector in the space of the network.
    pub fn headline_rows(&self) -> u64 {
        let vector = |h: &&Headline| self.text.encode_text(&h.text).unwrap().is_some();
        if self.has(NET) {
            self.mirror.headlines.values().filter(vector).count() as u64
        } else {
            0
        }
    }

    pub fn ingest_headlines(&mut self) {
        let mut batch: Vec<_> = (0..1 + self.dice.below(6))
            .map(|_| self.headline())
            .collect();
        if let Some(stored) = self.mirror.headlines.values().next() {
            // The same again, with other symbols perhaps.
            let mut stored = stored.clone();
            if self.dice.one_in(2) {
                stored.symbols.push("CCC".to_owned());
            }
            batch.push(stored);
        }
        let before = self.headline_rows();
        let report = self.db().ingest_headlines(&batch).unwrap();
        let (mut added, mut replaced, mut unchanged) = (0, 0, 0);
        for mut headline in batch {
            let stored = self.mirror.headlines.get(&key(&headline));
            // Symbols are joined: those that are stored, then those that are new.
            if let Some(old) = stored {
                let mut symbols = old.symbols.clone();
                let new = headline.symbols.iter();
                symbols.extend(new.filter(|s| !old.symbols.contains(s)).cloned());
                headline.symbols = symbols;
            }
            match stored {
                None => added += 1,
                Some(old) if *old == headline => unchanged += 1,
                Some(_) => replaced += 1,
            }
            self.mirror.headlines.insert(key(&headline), headline);
        }
        let counted = (report.added, report.replaced, report.unchanged);
        assert_eq!(counted, (added, replaced, unchanged));
        assert_eq!(report.embedded, self.headline_rows() - before);
    }

    pub fn delete_headlines(&mut self) {
        let first = START + self.dice.below(HOURS) as i64 * HOUR;
        let last = first + self.dice.below(HOURS / 4) as i64 * HOUR;
        let range = Timestamp::from_millis(first)..=Timestamp::from_millis(last);
        let deleted = self.db().delete_headlines(range).unwrap().headlines;
        let before = self.mirror.headlines.len();
        let inside = |h: &Headline| (first..=last).contains(&h.time.millis());
        self.mirror.headlines.retain(|_, h| !inside(h));
        assert_eq!(deleted as usize, before - self.mirror.headlines.len());
    }

    pub fn compare_headlines_now(&mut self, db: &Database) {
        let mirror = self.mirror.clone();
        self.compare_headlines(&db.now(), &mirror, Some(db));
    }

    /// Asks `view` and `mirror` for their headlines; with `db`, perhaps as of another time.
    pub fn compare_headlines(&mut self, view: &View, mirror: &Mirror, db: Option<&Database>) {
        let t =
            START + self.dice.below(HOURS + 30) as i64 * HOUR + self.dice.below(3) as i64 * 30_000;
        let as_of = (!self.dice.one_in(3)).then_some(t);
        let dated = db
            .zip(as_of)
            .map(|(db, t)| db.at(Timestamp::from_millis(t)));
        let as_of = dated.as_ref().and(as_of);
        let view = dated.as_ref().unwrap_or(view);

        let known: BTreeMap<_, _> = mirror.known(as_of).map(|h| (key(h), h)).collect();
        let listed = view.headlines(None, None, None, usize::MAX).unwrap();
        assert!(listed.windows(2).all(|w| w[0].time <= w[1].time));
        let said: BTreeMap<_, _> = listed.iter().map(|h| (key(h), h)).collect();
        assert_eq!(
            (said.len(), &said),
            (listed.len(), &known),
            "as of {as_of:?}"
        );
        let newest = view.headlines(None, None, None, 3).unwrap();
        assert_eq!(newest, listed[listed.len().saturating_sub(3)..]);
        let named = view.headlines(Some("AAA"), None, None, usize::MAX).unwrap();
        let names = |h: &&&Headline| h.symbols.iter().any(|s| s == "AAA");
        assert_eq!(named.len(), known.values().filter(names).count());
        self.compare_near(view, &known);
    }

    fn compare_near(&mut self, view: &View, known: &BTreeMap<(i64, String, String), &Headline>) {
        if !view.spaces().unwrap().iter().any(|s| s.space.name == NET) {
            return;
        }
        let sentence = self.headline().text;
        let Some(query) = self.text.encode_text(&sentence).unwrap() else {
            return;
        };
        let mut expected: BTreeMap<_, f64> = BTreeMap::new();
        for (key, headline) in known {
            let vector = self.text.encode_text(&headline.text).unwrap();
            expected.extend(vector.map(|v| (key.clone(), cosine(&v, &query))));
        }
        let k = [1, 4, 1000][self.dice.below(3)];
        let hits = view.headlines_like(NET, &query, k).unwrap();
        assert_eq!(hits.len(), k.min(expected.len()), "{hits:?}");
        let mut worst = f64::INFINITY;
        for (hit, rank) in hits.iter().zip(1..) {
            let cosine = expected.remove(&key(&hit.headline));
            let cosine = cosine.unwrap_or_else(|| panic!("{hit:?} is not known, or there twice"));
            let score = f64::from(hit.score);
            assert!(
                (score - cosine).abs() < CLOSE && score <= worst,
                "{hit:?}, {cosine}"
            );
            assert_eq!(
                (hit.rank, known[&key(&hit.headline)]),
                (rank, &hit.headline)
            );
            worst = score;
        }
        let missed = expected.values().find(|c| **c > worst + CLOSE);
        assert_eq!(missed, None, "a headline that is nearer than {worst}");
        self.near += hits.len();
    }
}
