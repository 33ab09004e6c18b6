use std::ops::RangeInclusive;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::catalog::{CatalogUse, WriteTxn};
use super::codec;
use super::noted_change::NotedChange;
use super::tables::{BY_CONTENT, BY_SYMBOL, BY_TIME, HEADLINES};
use crate::error::{Error, Result};
use crate::model::{Headline, Timestamp};

/// Bytes of texts after which no more headlines are read at a time.
const MOST_BYTES: usize = 16 << 20;

/// Which headlines to read, by time of publication in milliseconds UTC.
#[derive(Clone, Debug)]
pub(crate) struct HeadlineFilter {
    pub(crate) symbol: Option<String>,
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Only those that were known then.
    pub(crate) known_at: Option<Timestamp>,
    /// At most this many, the newest.
    pub(crate) limit: usize,
}

/// What adding headlines did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeadlineChange {
    pub(crate) added: u64,
    pub(crate) replaced: u64,
    pub(crate) unchanged: u64,
}

/// Headlines that are read from a transaction.
pub(crate) trait HeadlineReads: CatalogUse + Sized {
    /// The newest headlines that pass the filter, ascending by time. Reads from the end, and no more
    /// than it needs.
    fn headlines(&self, filter: &HeadlineFilter) -> Result<Vec<Headline>> {
        let (first, last) = (filter.first, filter.last);
        let mut found = Vec::new();
        if first > last || filter.limit == 0 {
            return Ok(found);
        }
        let mut take = |id| {
            let headline = self.headline(id)?;
            if filter.known_at.is_none_or(|t| headline.known_from() <= t) {
                found.push(headline);
            }
            Ok::<_, Error>(found.len() < filter.limit)
        };
        if let Some(symbol) = &filter.symbol {
            let table = self.table(BY_SYMBOL)?;
            let range = (symbol.as_str(), first, 0)..=(symbol.as_str(), last, u64::MAX);
            for item in table.range(range)?.rev() {
                if !take(item?.0.value().2)? {
                    break;
                }
            }
        } else {
            let table = self.table(BY_TIME)?;
            let range = (first, 0)..=(last, u64::MAX);
            for item in table.range(range)?.rev() {
                if !take(item?.0.value().1)? {
                    break;
                }
            }
        }
        found.reverse();
        Ok(found)
    }

    /// The numbers of the headlines that name a symbol and were published in a range of time,
    /// ascending by time.
    fn headline_ids_of(&self, symbol: &str, published: RangeInclusive<i64>) -> Result<Vec<u64>> {
        if published.is_empty() {
            return Ok(Vec::new());
        }
        let table = self.table(BY_SYMBOL)?;
        let range = (symbol, *published.start(), 0)..=(symbol, *published.end(), u64::MAX);
        let found = table.range(range)?;
        found.map(|item| Ok(item?.0.value().2)).collect()
    }

    /// The first `limit` headlines whose numbers are above `id`, by number; fewer where their texts are long, but
    /// never none.
    fn headlines_after(&self, id: u64, limit: usize) -> Result<Vec<(u64, Headline)>> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        let above = (std::ops::Bound::Excluded(id), std::ops::Bound::Unbounded);
        let table = self.table(HEADLINES)?;
        for item in table.range::<u64>(above)?.take(limit) {
            let (id, value) = item?;
            let headline: Headline = codec::decode(self.path(), "headlines", value.value())?;
            bytes += headline.text.len();
            found.push((id.value(), headline));
            if bytes >= MOST_BYTES {
                break;
            }
        }
        Ok(found)
    }

    /// The headline of that number.
    fn headline(&self, id: u64) -> Result<Headline> {
        let table = self.table(HEADLINES)?;
        let value = table.get(id)?.ok_or_else(|| {
            Error::corrupt(self.path(), "headlines", format!("number {id} is missing"))
        })?;
        codec::decode(self.path(), "headlines", value.value())
    }

    /// The number of the stored headline that has the time, source and text of this one.
    fn headline_id_of(&self, headline: &Headline) -> Result<Option<u64>> {
        let table = self.table(BY_CONTENT)?;
        let found = table.get(content_hash(headline))?;
        Ok(found.map(|id| id.value()))
    }

    /// The highest number of a headline.
    fn last_headline_id(&self) -> Result<Option<u64>> {
        let table = self.table(HEADLINES)?;
        let last = table.last()?;
        Ok(last.map(|(id, _)| id.value()))
    }

    /// How many headlines are stored.
    fn headline_count(&self) -> Result<u64> {
        self.table(HEADLINES)?.len()
    }
}

impl<T: CatalogUse> HeadlineReads for T {}

/// By what the vector of a text is kept.
pub(crate) fn text_hash(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

pub(super) fn content_hash(headline: &Headline) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(&headline.time.millis().to_le_bytes());
    hasher.update(&(headline.source.len() as u64).to_le_bytes());
    hasher.update(headline.source.as_bytes());
    hasher.update(headline.text.as_bytes());
    hasher.digest128()
}

impl WriteTxn {
    /// Adds headlines. One that is stored with the same time, source and text is kept, with the
    /// precision of the new one and the symbols of both.
    pub(crate) fn merge_headlines(&self, headlines: &[Headline]) -> Result<HeadlineChange> {
        let mut change = HeadlineChange::default();
        for headline in headlines {
            let hash = content_hash(headline);
            let known = self.table_mut(BY_CONTENT)?.get(hash)?.map(|v| v.value());
            let Some(id) = known else {
                change.added += 1;
                let id = self.next_headline_id()?;
                self.table_mut(BY_CONTENT)?.insert(hash, id)?;
                self.put_headline(id, headline)?;
                continue;
            };
            match self.joined(id, headline)? {
                Some(joined) => {
                    change.replaced += 1;
                    self.note_headlines_changed();
                    self.put_headline(id, &joined)?;
                }
                None => change.unchanged += 1,
            }
        }
        Ok(change)
    }

    /// What number `id` becomes by `headline`, which has its time, source and text; `None` if that is
    /// what is stored.
    fn joined(&self, id: u64, headline: &Headline) -> Result<Option<Headline>> {
        let table = self.table_mut(HEADLINES)?;
        let Some(stored) = table.get(id)? else {
            return Ok(Some(headline.clone()));
        };
        let stored: Headline = codec::decode(self.path(), "headlines", stored.value())?;
        let mut joined = Headline {
            symbols: stored.symbols.clone(),
            ..headline.clone()
        };
        let new = headline.symbols.iter();
        let new = new.filter(|symbol| !stored.symbols.contains(symbol));
        joined.symbols.extend(new.cloned());
        Ok((joined != stored).then_some(joined))
    }

    fn put_headline(&self, id: u64, headline: &Headline) -> Result<()> {
        let time = headline.time.millis();
        let value = codec::encode(headline)?;
        self.note(NotedChange::HeadlineAdded(headline.clone()));
        self.table_mut(HEADLINES)?.insert(id, value.as_slice())?;
        self.table_mut(BY_TIME)?.insert((time, id), ())?;
        let mut by_symbol = self.table_mut(BY_SYMBOL)?;
        for symbol in &headline.symbols {
            by_symbol.insert((symbol.as_str(), time, id), ())?;
        }
        Ok(())
    }

    /// Removes the headlines published in `first..=last`. Returns how many.
    pub(crate) fn remove_headlines(&self, first: i64, last: i64) -> Result<u64> {
        let filter = HeadlineFilter {
            symbol: None,
            first,
            last,
            known_at: None,
            limit: usize::MAX,
        };
        let gone = self.headlines(&filter)?;
        let mut ids = Vec::with_capacity(gone.len());
        for headline in &gone {
            let mut by_content = self.table_mut(BY_CONTENT)?;
            let id = by_content.take(content_hash(headline), |id| id)?;
            let Some(id) = id else { continue };
            ids.push(id);
            let time = headline.time.millis();
            self.table_mut(HEADLINES)?.remove(id)?;
            self.table_mut(BY_TIME)?.remove((time, id))?;
            let mut by_symbol = self.table_mut(BY_SYMBOL)?;
            for symbol in &headline.symbols {
                by_symbol.remove((symbol.as_str(), time, id))?;
            }
        }
        self.note_headlines_changed();
        if !ids.is_empty() {
            self.note(NotedChange::HeadlinesRemoved { first, last });
        }
        self.remove_headline_rows(&ids)?;
        Ok(gone.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::Catalog;
    use super::*;
    use crate::disk::FileSystem;
    use crate::model::TimePrecision;

    #[test]
    fn the_newest_are_read_from_the_end_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.redb");
        let catalog = Catalog::open_or_create(&FileSystem, &path).unwrap();
        let txn = catalog.write().unwrap();
        let headline = |i: i64| Headline {
            time: Timestamp::from_millis(i * 1000),
            // The last ones are known a day later.
            precision: if i < 40 {
                TimePrecision::Second
            } else {
                TimePrecision::Day
            },
            text: format!("number {i}"),
            source: "test".to_owned(),
            symbols: vec!["AAA".to_owned()],
        };
        let all: Vec<_> = (0..50).map(headline).collect();
        txn.merge_headlines(&all).unwrap();
        // Whoever reads this one notices that it is gone.
        txn.table_mut(HEADLINES).unwrap().remove(20).unwrap();
        txn.commit().unwrap();
        let txn = catalog.read().unwrap();
        for symbol in [None, Some("AAA".to_owned())] {
            let filter = |limit| HeadlineFilter {
                symbol: symbol.clone(),
                first: 0,
                last: 100_000,
                known_at: Some(Timestamp::from_millis(50_000)),
                limit,
            };
            for limit in [0, 1, 19] {
                let found = txn.headlines(&filter(limit)).unwrap();
                assert_eq!(found, all.get(40 - limit..40).unwrap(), "{limit}");
            }
            let error = txn.headlines(&filter(21)).unwrap_err();
            assert!(error.to_string().contains("is missing"), "{error}");
        }
    }
}
