//! The symbols, years and markets that headlines are of, for quotas.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::aligned::Aligned;
use super::named_symbols::has_begun;
use crate::db::per::{Group, Per};
use crate::error::Result;
use crate::model::Timestamp;
use crate::store::HeadlineReads;

/// The groups of headlines, each looked up once.
pub(super) struct HeadlineGroups<'a> {
    space: &'a Aligned<'a>,
    /// The symbols of each market, if markets have a quota.
    symbols: BTreeMap<String, BTreeSet<String>>,
    /// What was looked up, by the number of a headline.
    known: HashMap<u64, Vec<Group<String>>>,
}

impl<'a> HeadlineGroups<'a> {
    pub(super) fn new(space: &'a Aligned<'a>, per: Per) -> Result<Self> {
        let symbols = match per.market {
            Some(_) => symbols_by_market(space)?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            space,
            symbols,
            known: HashMap::new(),
        })
    }

    /// The groups that a headline is of, as far as they have quotas. It was published at that time, in
    /// milliseconds UTC.
    pub(super) fn of(
        &mut self,
        (id, published): (u64, i64),
        per: Per,
    ) -> Result<Vec<Group<String>>> {
        if per.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(groups) = self.known.get(&id) {
            return Ok(groups.clone());
        }
        let mut groups = vec![Group::year_of(Timestamp::from_millis(published))];
        if per.symbol.is_some() || per.market.is_some() {
            let named = self.space.past.snapshot.txn.headline(id)?.symbols;
            let named: BTreeSet<String> = named.into_iter().collect();
            for (market, symbols) in &self.symbols {
                if !symbols.is_disjoint(&named) {
                    groups.push(Group::Market(market.clone()));
                }
            }
            let symbols = named.into_iter();
            groups.extend(symbols.map(|symbol| Group::Symbol(String::new(), symbol)));
        }
        self.known.insert(id, groups.clone());
        Ok(groups)
    }

    /// The symbols of a market that has a quota.
    pub(super) fn symbols_of(&self, market: &str) -> impl Iterator<Item = &String> {
        self.symbols.get(market).into_iter().flatten()
    }
}

/// The symbols of each market, of series of which the view knows a bar.
fn symbols_by_market(space: &Aligned<'_>) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut markets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (&id, record) in space.past.snapshot.series.iter() {
        if has_begun(space.past.view, space.past.snapshot, (id, record))? {
            let symbols = markets.entry(record.key.market.clone()).or_default();
            symbols.insert(record.key.symbol.clone());
        }
    }
    Ok(markets)
}
