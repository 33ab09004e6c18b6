//! Whether stored weights and the vectors of headlines are what they should be.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::encoders::read_weights;
use crate::db::stored_headline::StoredHeadline;
use crate::encode::{Bank, TextEncoder, Weights};
use crate::error::{Error, Result};
use crate::model::{Headline, Modality, Space};
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, ReadTxn, SpaceId, WeightReads};

/// Headlines that are read at a time.
const BATCH: usize = 8192;

/// What was found sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::db) struct Encoded {
    pub(in crate::db) weights: u64,
    pub(in crate::db) headline_rows: u64,
}

/// Decodes all weights and all rows of headlines, and looks for headlines that have no row. Weights that are whole and
/// cannot be read by this program are left out, with their spaces.
///
/// # Errors
/// The first defect, as [`Error::Corrupt`] with the table.
pub(in crate::db) fn check_encoded(txn: &ReadTxn) -> Result<Encoded> {
    let mut all: BTreeMap<u64, Weights> = BTreeMap::new();
    let mut unreadable = BTreeSet::new();
    for hash in txn.weights_hashes()? {
        match read_weights(txn, hash) {
            Ok(weights) => drop(all.insert(hash, weights)),
            // Whole, and no weights to this program: nobody can say what its rows should be.
            Err(Error::Invalid(_)) => drop(unreadable.insert(hash)),
            Err(other) => return Err(other),
        }
    }
    let mut found = Encoded {
        weights: all.len() as u64,
        headline_rows: 0,
    };
    for (id, record) in txn.all_spaces()? {
        if unreadable.contains(&record.space.encoder.weights_hash) {
            continue;
        }
        let weights = all.get(&record.space.encoder.weights_hash);
        let rows = decode_rows(txn, id, &record.space, weights.and_then(Weights::bank))?;
        found.headline_rows += rows.len() as u64;
        match weights.filter(|w| w.config().reads_text()) {
            Some(weights) => match weights.text_encoder() {
                Ok(encoder) => {
                    check_none_missing(txn, id, &record.space, encoder.as_ref(), &rows)?;
                }
                // This program has none; `unreadable` names the space.
                Err(Error::Invalid(_)) => {}
                Err(other) => return Err(other),
            },
            None if rows.is_empty() || record.space.encoder.modality == Modality::Imported => {}
            None => {
                let name = &record.space.name;
                let detail = format!("the space {name} has no encoder of text, and has rows");
                return Err(wrong(txn, detail));
            }
        }
    }
    Ok(found)
}

fn wrong(txn: &ReadTxn, detail: String) -> Error {
    Error::corrupt(txn.path(), "headline_rows", detail)
}

/// The numbers of the headlines that have a row.
fn decode_rows(
    txn: &ReadTxn,
    id: SpaceId,
    space: &Space,
    bank: Option<&Bank>,
) -> Result<BTreeSet<u64>> {
    let dim = space.encoder.dim as usize;
    let mut numbers = BTreeSet::new();
    txn.each_headline_row(id, |number, bytes| {
        numbers.insert(number);
        let checked = StoredHeadline::check(bytes, (dim, bank), || Ok(txn.headline(number)?.text));
        checked.map_err(|e| {
            let name = &space.name;
            wrong(txn, format!("headline {number} in the space {name}: {e}"))
        })
    })?;
    Ok(numbers)
}

/// Headlines up to the mark have a row, or no vector. Only those without a row are encoded.
fn check_none_missing(
    txn: &ReadTxn,
    id: SpaceId,
    space: &Space,
    encoder: &dyn TextEncoder,
    rows: &BTreeSet<u64>,
) -> Result<()> {
    let mark = txn.headline_mark(id)?;
    let mut last = 0;
    while last < mark {
        let batch = txn.headlines_after(last, BATCH)?;
        let Some((end, _)) = batch.last() else {
            break;
        };
        last = *end;
        for (number, headline) in &batch {
            let expected = *number <= mark && !rows.contains(number);
            if expected && says_anything(encoder, headline)? {
                let name = &space.name;
                let detail = format!("headline {number} has no row in the space {name}");
                return Err(wrong(txn, detail));
            }
        }
    }
    Ok(())
}

/// Whether a headline, or one of its passages, has a vector.
fn says_anything(encoder: &dyn TextEncoder, headline: &Headline) -> Result<bool> {
    for passage in headline.split() {
        let text = headline.part(passage).unwrap_or_default();
        if encoder.encode_text(text)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::disk::FileSystem;
    use crate::encode::{BankConfig, ChartConfig, TextConfig, WeightsConfig};
    use crate::index::RowsBuilder;
    use crate::model::{TimePrecision, Timestamp};
    use crate::store::{Catalog, WriteTxn};

    fn clip() -> Weights {
        let mut chart = ChartConfig::multiscale(16, 16);
        chart.layers[0].convolutions.truncate(1);
        let text = TextConfig {
            buckets: 64,
            ..TextConfig::new(16)
        };
        Weights::random(&WeightsConfig::clip(chart, text, 0.1), 1).unwrap()
    }

    fn headline(text: &str) -> Headline {
        Headline {
            time: Timestamp::from_millis(0),
            precision: TimePrecision::Second,
            text: text.to_owned(),
            source: "test".to_owned(),
            symbols: Vec::new(),
        }
    }

    fn check_row(row: &[u8], dim: usize, bank: Option<&Bank>) -> std::result::Result<(), String> {
        StoredHeadline::check(row, (dim, bank), || Ok(String::new()))
    }

    #[test]
    fn a_row_says_how_expressive_its_vector_is() {
        let mut config = clip().config().clone();
        config.bank = Some(BankConfig {
            charts: 2,
            headlines: 1,
        });
        let weights = Weights::random(&config, 1).unwrap();
        let bank = weights.bank();
        let mut builder = RowsBuilder::new(16).unwrap();
        builder.push(&[0.25; 16]).unwrap();
        let mut row = StoredHeadline::encode(&builder.view(), 0, bank).unwrap();
        assert_eq!(row.len(), 36);
        assert_eq!(check_row(&row, 16, bank), Ok(()));
        let cut = check_row(&row[..32], 16, bank).unwrap_err();
        assert!(
            cut.contains("a stored row of 36 bytes, or rows of passages of 44, found 32"),
            "{cut}"
        );
        assert!(
            check_row(&row, 16, None).is_err(),
            "without a bank there is no such number"
        );
        row[32] ^= 1;
        let wrong = check_row(&row, 16, bank).unwrap_err();
        assert!(wrong.contains("not that of its vector"), "{wrong}");
        row[32..].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(check_row(&row, 16, bank).is_err());
    }

    /// A space of clip weights that has looked at two headlines; the second says nothing. Returns
    /// what is found after `change`.
    fn checked(change: impl Fn(&WriteTxn, SpaceId)) -> std::result::Result<Encoded, String> {
        let dir = tempfile::tempdir().unwrap();
        let catalog =
            Catalog::open_or_create(&FileSystem, &dir.path().join("catalog.redb")).unwrap();
        let weights = clip();
        let encoder = weights.chart_encoder().unwrap();
        let txn = catalog.write().unwrap();
        let space = Space::new("clip", encoder.spec().clone(), 1).unwrap();
        let space = txn.add_space(&space).unwrap();
        txn.put_weights(weights.hash(), weights.bytes()).unwrap();
        let headlines = [headline("Prices rise"), headline("...")];
        txn.merge_headlines(&headlines).unwrap();
        txn.put_headline_rows(space, &[(1, vec![1; 32])], 2)
            .unwrap();
        change(&txn, space);
        txn.commit().unwrap();
        let found = check_encoded(&catalog.read().unwrap());
        found.map_err(|e| e.to_string())
    }

    #[track_caller]
    fn fails(change: impl Fn(&WriteTxn, SpaceId), message: &str) {
        let error = checked(change).unwrap_err();
        assert!(error.contains(message), "{error}");
    }

    #[test]
    fn sound_weights_and_rows_are_counted() {
        let found = checked(|_, _| ()).unwrap();
        assert_eq!((found.weights, found.headline_rows), (1, 1));
    }

    #[test]
    fn wrong_weights_and_rows_are_named() {
        let whole = clip();
        let mut cut = whole.bytes().to_vec();
        cut.pop();
        fails(
            |txn, _| txn.put_weights(whole.hash(), &cut).unwrap(),
            "weights: expected the hash",
        );
        fails(
            |txn, _| txn.put_weights(whole.hash() + 1, whole.bytes()).unwrap(),
            "expected the hash",
        );
        fails(
            |txn, space| {
                txn.put_headline_rows(space, &[(1, vec![1; 30])], 2)
                    .unwrap()
            },
            "headline 1 in the space clip: expected a stored row of 32 bytes, or rows of passages of 40, found 30",
        );
        fails(
            |txn, _| {
                txn.merge_headlines(&[headline("Prices fall")]).unwrap();
                txn.put_headline_rows(1, &[], 3).unwrap();
            },
            "headline 3 has no row in the space clip; drop the space and make it again",
        );
        fails(
            |txn, _| txn.remove_weights(whole.hash()).unwrap(),
            "the space clip has no encoder of text, and has rows",
        );
    }

    #[test]
    fn rows_of_passages_are_parts_of_the_text() {
        let long = "Prices rise in New York. ".repeat(400);
        let passages = headline(&long).split();
        let rows = |beyond: bool| {
            let places = passages.iter().flatten().map(|p| p.to_bytes());
            let mut places: Vec<[u8; 8]> = places.collect();
            if beyond {
                places.last_mut().unwrap()[6] ^= 0xff;
            }
            let row = |place: [u8; 8]| [&place[..], &[1; 32]].concat();
            places.into_iter().flat_map(row).collect::<Vec<u8>>()
        };
        let put = |txn: &WriteTxn, rows: Vec<u8>| {
            txn.merge_headlines(&[headline(&long)]).unwrap();
            txn.put_headline_rows(1, &[(3, rows)], 3).unwrap();
        };
        let found = checked(|txn, _| put(txn, rows(false))).unwrap();
        assert_eq!(found.headline_rows, 2);
        fails(
            |txn, _| put(txn, rows(true)),
            "headline 3 in the space clip: a passage is no part of its text",
        );
        let mut twice = rows(false);
        twice.extend_from_within(..40);
        fails(
            |txn, _| put(txn, twice.clone()),
            "its passages do not ascend",
        );
    }

    #[test]
    fn headlines_that_wait_need_no_row() {
        let found = checked(|txn, _| {
            txn.merge_headlines(&[headline("Prices fall")]).unwrap();
        });
        assert_eq!(found.map(|f| f.headline_rows), Ok(1));
    }
}
