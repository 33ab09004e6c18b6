//! Moments that are taken, sorted, so that a window is compared with its neighbours alone.
//!
//! Of each market and symbol, and of each of its series, the ends of the taken windows are kept in
//! order. On either side of a window only the nearest taken one decides: if that one is another moment, so
//! is everything behind it. So a choice of k moments among n windows costs some 2 n comparisons,
//! not n k.

use std::collections::HashMap;

use crate::db::rank::{Distance, Occupied};
use crate::error::Result;
use crate::store::{SeriesId, SeriesRecord};

/// Windows that others must keep away from.
#[derive(Debug, Default)]
pub(in crate::db) struct OccupiedMoments<'a> {
    /// By market and symbol; a symbol has few series.
    of_symbol: HashMap<(&'a str, &'a str), Vec<OfSeries<'a>>>,
}

#[derive(Debug)]
struct OfSeries<'a> {
    id: SeriesId,
    series: &'a SeriesRecord,
    /// Ascending.
    ends: Vec<i64>,
}

impl<'a> OccupiedMoments<'a> {
    pub(in crate::db) fn insert(&mut self, taken: &Occupied<'a>) {
        let key = &taken.series.key;
        let all = self
            .of_symbol
            .entry((&key.market, &key.symbol))
            .or_default();
        match all.iter_mut().find(|one| one.id == taken.id) {
            Some(one) => {
                let at = one.ends.partition_point(|&end| end < taken.end);
                one.ends.insert(at, taken.end);
            }
            None => all.push(OfSeries {
                id: taken.id,
                series: taken.series,
                ends: vec![taken.end],
            }),
        }
    }

    /// Whether a window is of a moment that is taken. `distance` compares a taken window with it.
    pub(in crate::db) fn holds(
        &self,
        here: &Occupied<'a>,
        mut distance: impl FnMut(&Occupied<'a>, &Occupied<'a>) -> Result<Distance>,
    ) -> Result<bool> {
        let key = &here.series.key;
        let Some(all) = self
            .of_symbol
            .get(&(key.market.as_str(), key.symbol.as_str()))
        else {
            return Ok(false);
        };
        for one in all {
            let at = one.ends.partition_point(|&end| end < here.end);
            let (before, after) = one.ends.split_at(at);
            if one.reaches(here, after.iter(), &mut distance)?
                || one.reaches(here, before.iter().rev(), &mut distance)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'a> OfSeries<'a> {
    /// Whether one of these ends, the nearest first, is of the moment of `here`.
    fn reaches<'e>(
        &self,
        here: &Occupied<'a>,
        ends: impl Iterator<Item = &'e i64>,
        distance: &mut impl FnMut(&Occupied<'a>, &Occupied<'a>) -> Result<Distance>,
    ) -> Result<bool> {
        for &end in ends {
            let taken = Occupied {
                id: self.id,
                series: self.series,
                end,
            };
            match distance(&taken, here)? {
                Distance::SameMoment => return Ok(true),
                Distance::Apart => return Ok(false),
                Distance::NoBarsBetween => {}
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Calendar, SeriesKey};

    fn records() -> Vec<SeriesRecord> {
        let names = ["m/v/A:1h", "m/w/A:4h", "m/v/B:1h", "n/v/A:1h"];
        let record = |name: &str| SeriesRecord {
            key: name.parse::<SeriesKey>().unwrap(),
            calendar: Calendar::Continuous,
        };
        names.map(record).into()
    }

    /// The rule on whole numbers: windows of one market and symbol within `zone` are one moment.
    fn measure(a: &Occupied<'_>, b: &Occupied<'_>, zone: u64) -> Distance {
        if a.end.abs_diff(b.end) < zone {
            Distance::SameMoment
        } else {
            Distance::Apart
        }
    }

    proptest! {
        #[test]
        fn the_neighbours_decide_as_all_of_them_would(
            windows in prop::collection::vec((0usize..4, 0i64..400), 1..120), zone in 1u64..40
        ) {
            let records = records();
            let place = |&(i, end): &(usize, i64)| Occupied {
                id: i as SeriesId,
                series: records.get(i).unwrap(),
                end,
            };
            let mut moments = OccupiedMoments::default();
            let mut plain: Vec<Occupied<'_>> = Vec::new();
            for window in &windows {
                let here = place(window);
                let one_symbol = |o: &&Occupied<'_>| {
                    let (a, b) = (&o.series.key, &here.series.key);
                    (&a.market, &a.symbol) == (&b.market, &b.symbol)
                };
                let expected = plain
                    .iter()
                    .filter(one_symbol)
                    .any(|o| matches!(measure(o, &here, zone), Distance::SameMoment));
                let found = moments.holds(&here, |a, b| Ok(measure(a, b, zone))).unwrap();
                prop_assert_eq!(found, expected);
                if !found {
                    moments.insert(&here);
                    plain.push(here);
                }
            }
        }
    }

    #[test]
    fn a_window_is_compared_with_its_neighbours_alone() {
        let records = records();
        let series = records.first().unwrap();
        let at = |end: i64| Occupied { id: 0, series, end };
        let mut moments = OccupiedMoments::default();
        for i in 0..10_000 {
            moments.insert(&at(i * 16));
        }
        let mut compared = 0;
        for end in 0..159_992 {
            let taken = moments.holds(&at(end), |a, b| {
                compared += 1;
                Ok(measure(a, b, 8))
            });
            assert_eq!(taken.unwrap(), end % 16 != 8, "{end}");
        }
        assert!(compared <= 2 * 160_000, "{compared} comparisons");
    }

    #[test]
    fn where_no_bars_lie_between_the_next_one_is_asked() {
        let records = records();
        let series = records.first().unwrap();
        let at = |end: i64| Occupied { id: 0, series, end };
        let mut moments = OccupiedMoments::default();
        for end in [10, 20, 30] {
            moments.insert(&at(end));
        }
        let answer = |a: &Occupied<'_>, _: &Occupied<'_>| {
            Ok(if a.end == 30 {
                Distance::NoBarsBetween
            } else {
                Distance::SameMoment
            })
        };
        assert!(moments.holds(&at(40), answer).unwrap());
    }
}
