//! Attributes of symbols, as questions use them.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result, excerpt};
use crate::model::{Attribute, SeriesKey};
use crate::store::AttributeReads;

/// How many names or values an error lists.
const LISTED: usize = 12;

/// The attributes that a view knows.
pub(crate) struct Attributes {
    /// By symbol and name; those of one market come after those of any, and are asked first.
    all: BTreeMap<(String, String), Vec<Attribute>>,
}

impl Attributes {
    pub(in crate::db) fn of(view: &View, snapshot: &Snapshot) -> Result<Self> {
        let stored = snapshot.txn.attributes()?.into_iter();
        Ok(Self::new(stored.filter(|a| is_known(view, a))))
    }

    pub(super) fn new(attributes: impl Iterator<Item = Attribute>) -> Self {
        let mut all = BTreeMap::<_, Vec<Attribute>>::new();
        for attribute in attributes {
            let key = (attribute.symbol.clone(), attribute.name.clone());
            all.entry(key).or_default().push(attribute);
        }
        Self { all }
    }

    /// Every symbol with each of its names: its attributes `name` and `aliases`.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.all.iter();
        let named = named.filter(|((_, name), _)| name == "name" || name == "aliases");
        named.flat_map(|((symbol, _), said)| {
            let names = said.iter().flat_map(Attribute::values);
            names.map(move |name| (symbol.as_str(), name))
        })
    }

    /// What is said of a series.
    fn of_series(&self, key: &SeriesKey, name: &str) -> Option<&Attribute> {
        let said = self.all.get(&(key.symbol.clone(), name.to_owned()));
        let said = said.map(Vec::as_slice).unwrap_or_default();
        let own = said
            .iter()
            .rfind(|a| a.market.as_ref() == Some(&key.market));
        let any = || said.iter().find(|a| a.market.is_none());
        own.or_else(any)
    }

    /// What an attribute of a series is: several values, perhaps.
    pub(crate) fn values(&self, key: &SeriesKey, name: &str) -> impl Iterator<Item = &str> {
        let said = self.of_series(key, name);
        said.into_iter().flat_map(Attribute::values)
    }

    pub(in crate::db) fn has(&self, key: &SeriesKey, name: &str, wanted: &str) -> bool {
        self.of_series(key, name).is_some_and(|a| a.has(wanted))
    }

    /// Refuses an attribute, or a value of one, that no stored series has.
    pub(in crate::db) fn check(&self, name: &str, value: &str, snapshot: &Snapshot) -> Result<()> {
        let keys = || snapshot.series.values().map(|s| &s.key);
        if keys().any(|key| self.has(key, name, value)) {
            return Ok(());
        }
        let values: BTreeSet<&str> = keys().flat_map(|key| self.values(key, name)).collect();
        if values.is_empty() {
            return Err(self.unknown(name));
        }
        Err(Error::NotFound {
            what: "attribute",
            name: excerpt(&format!("{name}={value}")),
            hint_text: format!("{name} is one of: {}", listed(values)),
        })
    }

    /// What is said of an attribute that no stored series has.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        let names: BTreeSet<&str> = self.all.keys().map(|(_, name)| name.as_str()).collect();
        Error::NotFound {
            what: "attribute",
            name: excerpt(name),
            hint_text: if names.is_empty() {
                "no attributes of symbols are stored; `rhyme attribute import FILE` stores those of a CSV file".to_owned()
            } else {
                format!("there are: {}", listed(names))
            },
        }
    }
}

fn listed(names: BTreeSet<&str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown: Vec<String> = names.into_iter().take(LISTED).map(excerpt).collect();
    match more {
        0 => shown.join(", "),
        n => format!("{} and {n} more", shown.join(", ")),
    }
}

fn is_known(view: &View, attribute: &Attribute) -> bool {
    match (view.as_of(), attribute.known) {
        (Some(now), Some(known)) => known <= now,
        _ => true,
    }
}

impl View {
    /// The attributes that the view knows, as questions use them.
    pub(crate) fn known_attributes(&self) -> Result<Attributes> {
        self.look(|snapshot| Attributes::of(self, snapshot))
    }

    /// The attributes of a symbol, or of all, that were known at the view's time, by symbol and name. Those
    /// without a date are known at any time: see [`crate::Database::set_attributes`].
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn attributes(&self, symbol: Option<&str>) -> Result<Vec<Attribute>> {
        self.look(|snapshot| {
            let mut all = snapshot.txn.attributes()?;
            all.retain(|a| symbol.is_none_or(|s| s == a.symbol) && is_known(self, a));
            Ok(all)
        })
    }
}
