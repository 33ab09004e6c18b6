//! Attributes of symbols: sector, name, aliases, anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::db::database::Database;
use crate::error::{Error, Result};
use crate::model::Attribute;
use crate::store::AttributeReads;

/// What [`Database::set_attributes`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AttributeReport {
    /// Attributes that were new.
    pub added: u64,
    /// Attributes that had another value.
    pub replaced: u64,
    /// Attributes that were stored already.
    pub unchanged: u64,
    /// Symbols of which no series is stored. Their attributes are kept, and count once bars come.
    pub symbols_without_bars: u64,
}

impl Database {
    /// Stores attributes of symbols, all of them or none. [`crate::Filter::attribute`] filters by them, and
    /// [`crate::query::TransferMatrix::by_attribute`] groups by them. `name` and `aliases` are also names by which a
    /// sentence may mean a symbol. Several values stand in one with `;` between them.
    ///
    /// A view of an earlier time has those that were known then, and those without a date. So an attribute
    /// that changes, like a membership in an index, should have one: without it a question as of the past
    /// is asked about the members of today.
    ///
    /// ```
    /// use rhymedb::{Database, Filter, Target};
    /// use rhymedb::data::Attribute;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// db.set_attributes(&[Attribute::new("ORBUSDT", "kind", "payments")])?;
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let payments = Filter::new().attribute("kind", "payments");
    /// let answer = db.now().similar(target).filter(payments).k(3).run()?;
    /// assert!(answer.hits.iter().all(|hit| hit.window.series.symbol == "ORBUSDT"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if a part cannot be one, or if two of these contradict each other.
    pub fn set_attributes(&self, attributes: &[Attribute]) -> Result<AttributeReport> {
        self.0.change(|| {
            let writer = self.0.writer()?;
            let view = self.now();
            let snapshot = view.snapshot()?;
            let txn = writer.catalog.write()?;
            let mut report = AttributeReport::default();
            let stored = snapshot.txn.attributes()?;
            let stored: BTreeMap<_, _> = stored.iter().map(|a| (key(a), a)).collect();
            let mut seen: BTreeMap<_, &Attribute> = BTreeMap::new();
            for new in attributes {
                new.check()?;
                if let Some(other) = seen.insert(key(new), new) {
                    if other != new {
                        return Err(Error::invalid(format!(
                            "expected one value of {} of {}, found {:?} and {:?}; write several values as A; B",
                            new.name, new.symbol, other.value, new.value
                        )));
                    }
                    continue;
                }
                match stored.get(&key(new)) {
                    Some(old) if *old == new => {
                        report.unchanged += 1;
                        continue;
                    }
                    Some(_) => report.replaced += 1,
                    None => report.added += 1,
                }
                txn.put_attribute(new)?;
            }
            let names: BTreeSet<&str> = attributes.iter().map(|a| a.symbol.as_str()).collect();
            let with_bars: BTreeSet<&str> = snapshot
                .series
                .values()
                .map(|s| s.key.symbol.as_str())
                .collect();
            report.symbols_without_bars = names.difference(&with_bars).count() as u64;
            if report.added + report.replaced > 0 {
                self.0.commit(&writer, txn)?;
            }
            Ok(report)
        })
    }

    /// Forgets attributes: those of a name, of a symbol, or of both. Returns how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::Invalid`] if neither is said.
    pub fn remove_attributes(&self, name: Option<&str>, symbol: Option<&str>) -> Result<u64> {
        let name = name.map(Attribute::plain);
        if name.is_none() && symbol.is_none() {
            return Err(Error::invalid(
                "expected the name of attributes, a symbol, or both, found neither",
            ));
        }
        self.0.change(|| {
            let writer = self.0.writer()?;
            let view = self.now();
            let mut gone = view.snapshot()?.txn.attributes()?;
            gone.retain(|a| {
                name.as_ref().is_none_or(|n| *n == a.name) && symbol.is_none_or(|s| s == a.symbol)
            });
            if gone.is_empty() {
                return Err(Error::NotFound {
                    what: "attribute",
                    name: [name.as_deref(), symbol]
                        .into_iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .join(" of "),
                    hint_text: "`rhyme attributes` lists those that are stored".to_owned(),
                });
            }
            let txn = writer.catalog.write()?;
            for attribute in &gone {
                txn.remove_attribute(attribute)?;
            }
            self.0.commit(&writer, txn)?;
            Ok(gone.len() as u64)
        })
    }
}

fn key(attribute: &Attribute) -> (&str, Option<&str>, &str) {
    (
        &attribute.symbol,
        attribute.market.as_deref(),
        &attribute.name,
    )
}
