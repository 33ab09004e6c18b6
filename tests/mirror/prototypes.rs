//! Prototypes in the mirror: what they are averages of, and what is near them.

use std::collections::BTreeSet;

use rhymedb::{Database, Error, Query, SeriesKey, Target, Timestamp, View};

use super::world::{OWN, World};
use super::{Asked, Mirror, Question};

const NAMES: [&str; 3] = ["one", "two", "three"];

/// A prototype that is stored.
#[derive(Clone, Debug)]
pub struct Kept {
    pub space: &'static str,
    /// The mean of the windows' unit vectors.
    vector: Vec<f32>,
    /// Series and end of each window.
    windows: BTreeSet<(String, i64)>,
    last: i64,
}

impl Mirror {
    /// The average of windows, each a series and a time; `None` if one is not there, says nothing
    /// or is there twice.
    fn average(
        &self,
        asked: &Asked,
        space: &'static str,
        named: &[(usize, Option<i64>)],
    ) -> Option<Kept> {
        let mut windows = BTreeSet::new();
        let (mut sum, mut last) = (Vec::new(), i64::MIN);
        for &(series, time) in named {
            let question = Question {
                series,
                time,
                ..Question::default()
            };
            let (end, vector) = self.query(asked, &question)?;
            let vector = vector?;
            let length = vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            sum.resize(vector.len(), 0.0);
            for (sum, x) in sum.iter_mut().zip(&vector) {
                *sum += f64::from(*x) / length.sqrt();
            }
            if !windows.insert((self.series[&series].key.to_string(), end)) {
                return None;
            }
            last = last.max(end);
        }
        Some(Kept {
            space,
            vector: sum.into_iter().map(|x| x as f32).collect(),
            windows,
            last,
        })
    }
}

fn target(series: &SeriesKey, time: Option<i64>) -> Target {
    let time = time.map_or(String::new(), |t| format!("@{}", Timestamp::from_millis(t)));
    format!("{series}{time}").parse().unwrap()
}

impl World {
    /// Stores a prototype, or replaces or drops the one of that name.
    pub fn change_prototypes(&mut self) {
        let name = NAMES[self.dice.below(NAMES.len())];
        if self.mirror.prototypes.contains_key(name) {
            self.save(name);
            if self.dice.one_in(3) {
                return;
            }
            self.db().drop_prototype(name).unwrap();
            let again = self.db().drop_prototype(name);
            assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
            self.mirror.prototypes.remove(name);
            if self.dice.one_in(3) {
                return;
            }
        }
        self.save(name);
    }

    fn save(&mut self, name: &'static str) {
        let (space, asked) = self.asked();
        let named: Vec<(usize, Option<i64>)> = (0..=self.dice.below(3))
            .map(|_| {
                let series = self.dice.below(self.listings.len());
                (series, self.moment(series, 4))
            })
            .collect();
        let targets: Vec<Target> = named
            .iter()
            .map(|&(series, time)| target(&self.listings[series].key, time))
            .collect();
        let taken = self.mirror.prototypes.contains_key(name);
        let expected = self
            .mirror
            .average(&asked, space, &named)
            .filter(|_| self.has(space) && !taken);
        let saved = self.db().save_prototype(name, Some(space), &targets);
        match (saved, expected) {
            (Ok(saved), Some(kept)) => {
                assert_eq!(saved.windows.len(), targets.len());
                self.mirror.prototypes.insert(name, kept);
            }
            (Err(Error::Invalid(_) | Error::NotFound { .. }), None) => {}
            (saved, kept) => panic!("{name} of {targets:?} in {space}: {saved:?}, not {kept:?}"),
        }
    }

    /// The prototypes of a database are those of the mirror.
    pub fn check_prototypes(&self, db: &Database) {
        let stored = db.now().prototypes().unwrap();
        let windows = |p: &rhymedb::query::Prototype| -> BTreeSet<(String, i64)> {
            let windows = p.windows.iter();
            windows
                .map(|w| (w.series.to_string(), w.end.millis()))
                .collect()
        };
        let mut found: Vec<_> = stored
            .iter()
            .map(|p| (p.name.as_str(), p.space.as_str(), windows(p)))
            .collect();
        found.sort();
        let mut expected: Vec<_> = self
            .mirror
            .prototypes
            .iter()
            .map(|(name, kept)| (*name, kept.space, kept.windows.clone()))
            .collect();
        expected.sort();
        assert_eq!(found, expected);
    }

    /// Asks `view` and `mirror` with a prototype; with `db`, perhaps as of another time.
    pub fn compare_prototype(&mut self, view: &View, mirror: &Mirror, db: Option<&Database>) {
        let name = NAMES[self.dice.below(NAMES.len())];
        let series = self.dice.below(self.listings.len());
        let as_of = self.moment(series, 3);
        let dated = db
            .zip(as_of)
            .map(|(db, t)| db.at(Timestamp::from_millis(t)));
        let question = Question {
            as_of: dated.as_ref().and(as_of),
            k: [1, 10, 2000][self.dice.below(3)],
            exclusion: [0, 16][self.dice.below(2)],
            ..Question::default()
        };
        let similar = dated
            .as_ref()
            .unwrap_or(view)
            .similar(Query::prototype(name));
        let answer = similar
            .exact(true)
            .k(question.k)
            .exclusion(question.exclusion)
            .run();
        let kept = mirror.prototypes.get(name);
        let known = kept.filter(|kept| question.as_of.is_none_or(|t| kept.last <= t));
        let Some(kept) = known else {
            let expected = match kept {
                None => matches!(answer, Err(Error::NotFound { .. })),
                Some(_) => matches!(answer, Err(Error::Invalid(_))),
            };
            assert!(expected, "{name}: {answer:?}");
            return;
        };
        let asked = match self.charts.iter().find(|c| c.name == kept.space) {
            Some(chart) => Asked::Chart(chart.clone()),
            None => Asked::Imported,
        };
        assert!(kept.space != OWN || matches!(asked, Asked::Imported));
        match mirror.check_prototype(&asked, &question, (&kept.vector, &kept.windows), answer) {
            Ok(hits) => self.compared_to_prototypes += hits,
            Err(difference) => panic!("{name}: {question:?}: {difference}"),
        }
    }

    pub fn compare_prototype_now(&mut self, db: &Database) {
        let mirror = self.mirror.clone();
        self.compare_prototype(&db.now(), &mirror, Some(db));
    }
}
