//! Which windows a question is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::attributes::Attributes;
use super::least_move::LeastMove;
use super::row_filter::{RowFilter, WindowEnds};
use super::spelled::stored_names;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result, excerpt};
use crate::model::{Attribute, Interval, SeriesKey, Timestamp};

/// The kinds of filter of questions that do not ask windows how far they moved.
pub(crate) const WHICH_AND_WHEN: &[&str] = &[
    "market",
    "venue",
    "symbol",
    "interval",
    "attribute",
    "from",
    "until",
];

/// The kinds of filter that say which windows, without a look at their bars.
pub(crate) const WHICH_WINDOWS: &[&str] = &[
    "market",
    "venue",
    "symbol",
    "interval",
    "attribute",
    "from",
    "until",
    "tag",
];

/// Which windows a question may answer with. Every question that has a filter takes this one. Names of one
/// kind are alternatives, and an empty list is any; the kinds hold together. As JSON it has the words of the
/// command line: `{"market": ["equity"], "interval": ["1h"], "from": "2021-01-01"}`.
///
/// ```no_run
/// use rhymedb::{Database, Filter, Interval, Target};
/// let hourly_stocks = Filter::new().market("equity").interval(Interval::hours(1));
/// let db = Database::open("market.rhyme")?;
/// let target: Target = "BTCUSDT:1h@2021-05-19T12:00".parse()?;
/// let answer = db.now().similar(target).filter(hourly_stocks).run()?;
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Filter {
    /// Markets, like `crypto`.
    #[serde(rename = "market", skip_serializing_if = "Vec::is_empty")]
    pub markets: Vec<String>,
    /// Venues, like `bybit`.
    #[serde(rename = "venue", skip_serializing_if = "Vec::is_empty")]
    pub venues: Vec<String>,
    /// Symbols, like `BTCUSDT`.
    #[serde(rename = "symbol", skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<String>,
    /// Bar intervals, like `1h`.
    #[serde(rename = "interval", skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<Interval>,
    /// Attributes of the symbol by name, like `sector`, each with its alternatives. See
    /// [`crate::Database::set_attributes`].
    #[serde(
        rename = "where",
        deserialize_with = "plainly_named",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Markets, symbols or attributes as `sector=Energy`, any of them: where [`crate::query::Transfer`] looks.
    #[serde(skip)]
    pub(crate) groups: Vec<String>,
    /// Windows that closed at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Windows that closed at this time or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Windows with one of these tags ([`crate::Database::add_tags`]) that were known to have it at the view's
    /// time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Windows that moved at least so far, up or down. A search asks the nearest 30,000 windows, or all of
    /// them where it is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_move: Option<LeastMove>,
}

/// Attributes with their names as they are stored.
fn plainly_named<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<BTreeMap<String, Vec<String>>, D::Error> {
    let typed = BTreeMap::<String, Vec<String>>::deserialize(from)?;
    let typed = typed.into_iter();
    Ok(typed
        .map(|(name, of)| (Attribute::plain(&name), of))
        .collect())
}

impl Filter {
    /// Any window.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a market.
    #[must_use]
    pub fn market(mut self, market: impl Into<String>) -> Self {
        self.markets.push(market.into());
        self
    }

    /// Adds a venue.
    #[must_use]
    pub fn venue(mut self, venue: impl Into<String>) -> Self {
        self.venues.push(venue.into());
        self
    }

    /// Adds a symbol.
    #[must_use]
    pub fn symbol(mut self, symbol: impl Into<String>) -> Self {
        self.symbols.push(symbol.into());
        self
    }

    /// Adds a bar interval.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.intervals.push(interval);
        self
    }

    /// Adds a value of an attribute, like the `sector` `Energy`. Case does not count.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        let values = self.attributes.entry(Attribute::plain(name)).or_default();
        values.push(value.into());
        self
    }

    /// Windows that closed at this time or later.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// Windows that closed at this time or earlier.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// Adds a tag: windows that were known to have it at the view's time.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.tags.push(name.into());
        self
    }

    /// Windows that moved at least so far, up or down.
    #[must_use]
    pub fn min_move(mut self, least: LeastMove) -> Self {
        self.min_move = Some(least);
        self
    }

    /// Refuses the kinds that a question has no use for.
    pub(crate) fn only(&self, question: &str, allowed: &[&str]) -> Result<()> {
        let said = [
            ("market", self.markets.is_empty()),
            ("venue", self.venues.is_empty()),
            ("symbol", self.symbols.is_empty()),
            ("interval", self.intervals.is_empty()),
            ("attribute", self.attributes.is_empty()),
            ("from", self.from.is_none()),
            ("until", self.until.is_none()),
            ("tag", self.tags.is_empty()),
            ("min_move", self.min_move.is_none()),
        ];
        for (name, empty) in said {
            if !empty && !allowed.contains(&name) {
                return Err(Error::invalid(format!(
                    "expected {question} filtered by {}, found a filter by {name}; leave it out",
                    allowed.join(", ")
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.min_move.map_or(Ok(()), LeastMove::check)?;
        match (self.from, self.until) {
            (Some(from), Some(until)) if from > until => Err(Error::invalid(format!(
                "expected a start before the end, found {from} to {until}"
            ))),
            _ => Ok(()),
        }
    }

    fn passes(&self, key: &SeriesKey, attributes: Option<&Attributes>) -> bool {
        let has = |name: &str, value: &str| attributes.is_some_and(|a| a.has(key, name, value));
        let any = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        any(&self.markets, &key.market)
            && any(&self.venues, &key.venue)
            && any(&self.symbols, &key.symbol)
            && (self.intervals.is_empty() || self.intervals.contains(&key.interval))
            && (self.attributes.iter())
                .all(|(name, values)| values.iter().any(|value| has(name, value)))
            && (self.groups.is_empty()
                || self.groups.contains(&key.market)
                || self.groups.contains(&key.symbol)
                || (self.groups.iter())
                    .filter_map(|group| named_attribute(group))
                    .any(|(name, value)| has(&name, value)))
    }

    /// Which series pass, with symbols as they are stored.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a symbol is not stored in any spelling, or an attribute is that of nothing
    /// stored; [`Error::Ambiguous`] if a symbol is stored in several spellings.
    pub(super) fn series(&self, view: &View, snapshot: &Snapshot) -> Result<PassingSeries> {
        let symbols = stored_names(view, snapshot, "symbol", &self.symbols, |key| &key.symbol)?;
        let by_attributes =
            !self.attributes.is_empty() || self.groups.iter().any(|g| named_attribute(g).is_some());
        let attributes = by_attributes
            .then(|| Attributes::of(view, snapshot))
            .transpose()?;
        if let Some(attributes) = &attributes {
            for (name, values) in &self.attributes {
                for value in values {
                    attributes.check(name, value, snapshot)?;
                }
            }
        }
        check_groups(&self.groups, attributes.as_ref(), snapshot)?;
        let filter = Self {
            symbols,
            ..self.clone()
        };
        Ok(PassingSeries { filter, attributes })
    }

    /// The symbols that pass, if attributes choose them: headlines are chosen by symbols.
    pub(crate) fn symbols_by_attributes(&self, view: &View) -> Result<Option<Vec<String>>> {
        if self.attributes.is_empty() {
            return Ok(None);
        }
        view.look(|snapshot| {
            let passing = self.series(view, snapshot)?;
            let keys = snapshot.series.values().map(|s| &s.key);
            let symbols = keys.filter(|key| passing.holds(key)).map(|key| &key.symbol);
            let symbols: BTreeSet<String> = symbols.cloned().collect();
            if symbols.is_empty() {
                return Err(Error::invalid(
                    "expected a filter that some stored series pass, found none with these names and attributes",
                ));
            }
            Ok(Some(symbols.into_iter().collect()))
        })
    }

    /// The rows that pass and were known in the view.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored.
    pub(in crate::db) fn rows(&self, view: &View, snapshot: &Snapshot) -> Result<RowFilter> {
        check_names("market", &self.markets, snapshot, |k| k.market.clone())?;
        check_names("venue", &self.venues, snapshot, |k| k.venue.clone())?;
        let wanted = self.series(view, snapshot)?;
        check_names("interval", &self.intervals, snapshot, |k| k.interval)?;
        let unfiltered = self.markets.is_empty()
            && self.venues.is_empty()
            && self.symbols.is_empty()
            && self.intervals.is_empty()
            && self.attributes.is_empty()
            && self.groups.is_empty();
        let series = (!unfiltered).then(|| {
            let all = snapshot.series.iter();
            let passing = all.filter(|(_, s)| wanted.holds(&s.key));
            Arc::new(passing.map(|(&id, _)| id).collect::<BTreeSet<_>>())
        });
        Ok(RowFilter {
            series,
            first_end: self.from.map_or(i64::MIN, Timestamp::millis),
            last_end: view.clamp(self.until).millis(),
            windows: self.tagged(view, snapshot)?.map(Arc::new),
        })
    }

    /// The windows that the view knows to have one of the tags; `None` where none is asked for.
    fn tagged(&self, view: &View, snapshot: &Snapshot) -> Result<Option<WindowEnds>> {
        if self.tags.is_empty() {
            return Ok(None);
        }
        let mut ends = WindowEnds::new();
        for name in &self.tags {
            let known = view.tags(Some(name))?;
            if known.is_empty() {
                let when = view.as_of();
                let when = when.map_or(String::new(), |t| format!(" that was known at {t}"));
                return Err(Error::NotFound {
                    what: "tag",
                    name: format!("{}{when}", excerpt(name)),
                    hint_text: "`rhyme tags` lists those that are stored".to_owned(),
                });
            }
            for tag in known {
                // Tags of a series that is gone are of no window.
                if let Some((id, _)) = snapshot.id_of(&tag.series) {
                    ends.entry(id).or_default().insert(tag.end.millis());
                }
            }
        }
        Ok(Some(ends))
    }
}

/// The series that pass a filter.
pub(super) struct PassingSeries {
    filter: Filter,
    attributes: Option<Attributes>,
}

impl PassingSeries {
    pub(super) fn holds(&self, key: &SeriesKey) -> bool {
        self.filter.passes(key, self.attributes.as_ref())
    }
}

/// The name and the value of a group like `sector=Energy`.
fn named_attribute(group: &str) -> Option<(String, &str)> {
    let (name, value) = group.split_once('=')?;
    Some((Attribute::plain(name), value.trim()))
}

fn check_groups(
    wanted: &[String],
    attributes: Option<&Attributes>,
    snapshot: &Snapshot,
) -> Result<()> {
    for name in wanted {
        if let (Some((name, value)), Some(attributes)) = (named_attribute(name), attributes) {
            attributes.check(&name, value, snapshot)?;
            continue;
        }
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
