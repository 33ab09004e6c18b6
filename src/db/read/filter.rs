//! Which windows a question is about, as its caller says it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::least_move::LeastMove;
use super::row_filter::RowFilter;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Interval, SeriesKey, Timestamp};

/// Names and times that windows must fit; an empty list fits anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) markets: Vec<String>,
    pub(crate) venues: Vec<String>,
    pub(crate) symbols: Vec<String>,
    pub(crate) intervals: Vec<Interval>,
    /// Markets or symbols, any of them.
    pub(crate) groups: Vec<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    /// Windows that moved less are no answers. [`Self::rows`] does not know of it: who searches asks
    /// each candidate.
    pub(crate) min_move: Option<LeastMove>,
}

impl Filter {
    pub(crate) fn check(&self) -> Result<()> {
        self.min_move.map_or(Ok(()), LeastMove::check)?;
        match (self.from, self.to) {
            (Some(from), Some(to)) if from > to => Err(Error::invalid(format!(
                "expected a start before the end, found {from} to {to}"
            ))),
            _ => Ok(()),
        }
    }

    pub(in crate::db) fn passes(&self, key: &SeriesKey) -> bool {
        let any = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        any(&self.markets, &key.market)
            && any(&self.venues, &key.venue)
            && any(&self.symbols, &key.symbol)
            && (self.intervals.is_empty() || self.intervals.contains(&key.interval))
            && (self.groups.is_empty()
                || self.groups.contains(&key.market)
                || self.groups.contains(&key.symbol))
    }

    /// The rows that pass and were known in the view.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored.
    pub(in crate::db) fn rows(&self, view: &View, snapshot: &Snapshot) -> Result<RowFilter> {
        check_names("market", &self.markets, snapshot, |k| k.market.clone())?;
        check_names("venue", &self.venues, snapshot, |k| k.venue.clone())?;
        check_names("symbol", &self.symbols, snapshot, |k| k.symbol.clone())?;
        check_names("interval", &self.intervals, snapshot, |k| k.interval)?;
        check_groups(&self.groups, snapshot)?;
        let unfiltered = self.markets.is_empty()
            && self.venues.is_empty()
            && self.symbols.is_empty()
            && self.intervals.is_empty()
            && self.groups.is_empty();
        let series = (!unfiltered).then(|| {
            let all = snapshot.series.iter();
            let passing = all.filter(|(_, s)| self.passes(&s.key));
            Arc::new(passing.map(|(&id, _)| id).collect::<BTreeSet<_>>())
        });
        Ok(RowFilter {
            series,
            first_end: self.from.map_or(i64::MIN, Timestamp::millis),
            last_end: view.clamp(self.to).millis(),
        })
    }
}

fn check_groups(wanted: &[String], snapshot: &Snapshot) -> Result<()> {
    for name in wanted {
        let mut keys = snapshot.series.values().map(|s| &s.key);
        if !keys.any(|key| key.market == *name || key.symbol == *name) {
            return Err(Error::NotFound {
                what: "market or symbol",
                name: name.clone(),
                hint_text: "`rhyme series` lists what is stored".to_owned(),
            });
        }
    }
    Ok(())
}

fn check_names<'k, T: PartialEq + std::fmt::Display>(
    what: &'static str,
    wanted: &[T],
    snapshot: &'k Snapshot,
    part: impl Fn(&'k SeriesKey) -> T,
) -> Result<()> {
    for name in wanted {
        let stored = snapshot.series.values().any(|s| part(&s.key) == *name);
        if !stored {
            return Err(Error::NotFound {
                what,
                name: name.to_string(),
                hint_text: "`rhyme series` lists what is stored".to_owned(),
            });
        }
    }
    Ok(())
}
