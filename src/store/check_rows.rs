//! Whether weights and the rows of headlines belong to what is stored.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{CatalogUse, ReadTxn};
use super::records::SpaceId;
use super::tables::{HEADLINE_MARKS, HEADLINE_ROWS, HEADLINES};
use super::weights::WeightReads;
use crate::error::Result;

impl ReadTxn {
    /// Weights come and go with the spaces that need them.
    pub(super) fn check_weights_used(&self) -> Result<()> {
        let spaces = self.all_spaces()?;
        let used: BTreeSet<u64> = spaces
            .iter()
            .map(|(_, s)| s.space.encoder.weights_hash)
            .collect();
        let hashes = self.weights_hashes()?;
        match hashes.iter().find(|hash| !used.contains(hash)) {
            Some(hash) => Err(self.wrong("weights", format!("no space uses {hash:016x}"))),
            None => Ok(()),
        }
    }

    /// Rows of headlines must be of a space and of a headline that it has looked at.
    pub(super) fn check_headline_rows(&self, spaces: &BTreeSet<SpaceId>) -> Result<()> {
        let known = |table, space: SpaceId| {
            self.known(table, "space", space.into(), spaces.contains(&space))
        };
        let mut marks = BTreeMap::new();
        if let Some(table) = self.table_if_there(HEADLINE_MARKS)? {
            for item in table.iter()? {
                let (space, mark) = item?;
                known("headline_marks", space.value())?;
                self.check_counter("next_headline", Some(mark.value()))?;
                marks.insert(space.value(), mark.value());
            }
        }
        let Some(table) = self.table_if_there(HEADLINE_ROWS)? else {
            return Ok(());
        };
        let headlines = self.table(HEADLINES)?;
        for item in table.iter()? {
            let (space, id) = item?.0.value();
            known("headline_rows", space)?;
            let stored = headlines.get(id)?.is_some();
            self.known("headline_rows", "headline", id, stored)?;
            let mark = marks.get(&space).copied().unwrap_or(0);
            if id > mark {
                return Err(self.wrong(
                    "headline_marks",
                    format!("expected headlines up to {mark} in the space {space}, found {id}"),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{Catalog, WriteTxn};
    use super::*;
    use crate::disk::FileSystem;
    use crate::model::{EncoderSpec, Headline, Modality, Sharing, Space, TimePrecision, Timestamp};

    const HASH: u64 = 77;

    fn headline(text: &str) -> Headline {
        Headline {
            time: Timestamp::from_millis(0),
            precision: TimePrecision::Second,
            text: text.to_owned(),
            source: "test".to_owned(),
            symbols: Vec::new(),
        }
    }

    /// The space 1 with its weights, the headlines 1 and 2, and a row of the first. Returns what
    /// is found after `change`.
    fn checked(change: impl Fn(&WriteTxn)) -> std::result::Result<u64, String> {
        let dir = tempfile::tempdir().unwrap();
        let catalog =
            Catalog::open_or_create(&FileSystem, &dir.path().join("catalog.redb")).unwrap();
        let txn = catalog.write().unwrap();
        let spec = EncoderSpec {
            id: "test/1".to_owned(),
            modality: Modality::Chart,
            dim: 4,
            channels: 1,
            window: 4,
            receptive_field: 4,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: "none".to_owned(),
            weights_hash: HASH,
        };
        let space = txn.add_space(&Space::new("net", spec, 1).unwrap()).unwrap();
        assert_eq!(space, 1);
        txn.put_weights(HASH, b"bytes").unwrap();
        txn.merge_headlines(&[headline("one"), headline("two")])
            .unwrap();
        txn.put_headline_rows(space, &[(1, vec![0; 8])], 2).unwrap();
        change(&txn);
        txn.commit().unwrap();
        let found = catalog.read().unwrap().check_tables();
        found.map_err(|e| e.to_string())
    }

    #[track_caller]
    fn fails(change: impl Fn(&WriteTxn), message: &str) {
        let error = checked(change).unwrap_err();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn weights_and_rows_of_headlines_belong_to_something() {
        assert_eq!(checked(|_| ()), Ok(2));
        let row = |space, id, mark| {
            move |txn: &WriteTxn| {
                txn.put_headline_rows(space, &[(id, vec![0; 8])], mark)
                    .unwrap();
            }
        };
        fails(
            |txn| txn.put_weights(HASH + 1, b"bytes").unwrap(),
            "no space uses 000000000000004e",
        );
        fails(
            row(1, 2, 1),
            "expected headlines up to 1 in the space 1, found 2",
        );
        fails(row(1, 1, 3), "expected next_headline above 3");
        fails(row(9, 1, 2), "headline_marks: it names the space 9");
        fails(
            |txn| {
                let mut table = txn.table_mut(HEADLINE_ROWS).unwrap();
                table.insert((9, 1), &[0; 8][..]).unwrap();
            },
            "headline_rows: it names the space 9",
        );
        fails(
            |txn| {
                let mut table = txn.table_mut(HEADLINE_ROWS).unwrap();
                table.insert((1, 0), &[0; 8][..]).unwrap();
            },
            "headline_rows: it names the headline 0",
        );
    }
}
