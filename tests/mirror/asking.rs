//! Random questions to a database and to its mirror.

use rhymedb::{Database, Error, Filter, SeriesKey, Target, Timestamp, View};

use super::world::{OWN, World};
use super::{Asked, ChartSpace, Mirror, Question};
use crate::oracle::HOUR;

impl World {
    pub fn asked(&mut self) -> (&'static str, Asked) {
        if self.has(OWN) && self.dice.one_in(4) {
            return (OWN, Asked::Imported);
        }
        // Now and then a space that was dropped, or is not made yet.
        let stored = self.charts.iter().any(|c| self.spaces.contains(c.name));
        let any = !stored || self.dice.one_in(8);
        let there = |c: &&ChartSpace| any || self.spaces.contains(c.name);
        let charts: Vec<_> = self.charts.iter().filter(there).cloned().collect();
        let chart = charts[self.dice.below(charts.len())].clone();
        (chart.name, Asked::Chart(chart))
    }

    pub fn moment(&mut self, series: usize, often: usize) -> Option<i64> {
        let opens = &self.listings[series].opens;
        let i = self.dice.below(opens.len());
        let shift = self.dice.below(3) as i64 * HOUR;
        (self.dice.below(often) != 0).then_some(opens[i] + shift)
    }

    /// Asks `view` and `mirror` the same question; with `db`, perhaps as of another time.
    pub fn compare(&mut self, view: &View, mirror: &Mirror, db: Option<&Database>) {
        let (space, asked) = self.asked();
        if !view.spaces().unwrap().iter().any(|s| s.space.name == space) {
            assert!(
                db.is_none() || !self.has(space),
                "the space {space} is gone"
            );
            let error = view.similar(vec![1.0; 4]).space(space).run().unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
            return;
        }
        let series = self.dice.below(self.listings.len());
        let as_of = self.moment(series, 3);
        let dated = db
            .zip(as_of)
            .map(|(db, t)| db.at(Timestamp::from_millis(t)));
        let question = Question {
            series,
            time: self.moment(series, 3),
            as_of: dated.as_ref().and(as_of),
            among: None,
            from: self.moment(series, 2).filter(|_| self.dice.one_in(3)),
            to: self.moment(series, 2).filter(|_| self.dice.one_in(3)),
            k: [1, 3, 10, 80, 2000][self.dice.below(5)],
            exclusion: [0, 1, 3, 16, 50][self.dice.below(5)],
        };
        self.ask(
            dated.as_ref().unwrap_or(view),
            mirror,
            space,
            &asked,
            question,
        );
    }

    pub fn ask(
        &mut self,
        view: &View,
        mirror: &Mirror,
        space: &str,
        asked: &Asked,
        mut question: Question,
    ) {
        let time = question
            .time
            .map_or(String::new(), |t| format!("@{}", Timestamp::from_millis(t)));
        let target: Target = format!("{}{time}", self.listings[question.series].key)
            .parse()
            .unwrap();
        let mut search = view
            .similar(target)
            .space(space)
            .exact(true)
            .k(question.k)
            .exclusion(question.exclusion);
        if question
            .from
            .zip(question.to)
            .is_some_and(|(from, to)| from > to)
        {
            question.from = None;
        }
        let mut filter = Filter::new();
        filter.from = question.from.map(Timestamp::from_millis);
        filter.until = question.to.map(Timestamp::from_millis);
        let part = self.listings[self.dice.below(self.listings.len())]
            .key
            .clone();
        let stored = |passes: &dyn Fn(&SeriesKey) -> bool| -> Vec<usize> {
            let all = mirror.series.iter();
            all.filter(|(_, s)| passes(&s.key))
                .map(|(n, _)| *n)
                .collect()
        };
        let (among, narrowed) = match self.dice.below(8) {
            0 => (
                stored(&|k| k.market == part.market),
                filter.clone().market(&part.market),
            ),
            1 => (
                stored(&|k| k.venue == part.venue),
                filter.clone().venue(&part.venue),
            ),
            2 => (
                stored(&|k| k.symbol == part.symbol),
                filter.clone().symbol(&part.symbol),
            ),
            3 => (
                stored(&|k| k.interval == part.interval),
                filter.clone().interval(part.interval),
            ),
            _ => (Vec::new(), filter.clone()),
        };
        if !among.is_empty() {
            question.among = Some(among);
            filter = narrowed;
        }
        search = search.filter(filter);
        match mirror.check(asked, &question, search.run()) {
            Ok(hits) => self.compared += hits,
            Err(difference) => panic!("{space}: {question:?}: {difference}"),
        }
    }

    pub fn compare_now(&mut self, db: &Database) {
        let mirror = self.mirror.clone();
        self.compare(&db.now(), &mirror, Some(db));
    }

    pub fn compare_old(&mut self) {
        let (view, mirror) = match self.old.take() {
            Some(old) => old,
            None => (self.db().now(), self.mirror.clone()),
        };
        self.compare(&view, &mirror, None);
        self.compare_headlines(&view, &mirror, None);
        self.compare_prototype(&view, &mirror, None);
        self.old = Some((view, mirror)).filter(|_| !self.dice.one_in(4));
    }
}
