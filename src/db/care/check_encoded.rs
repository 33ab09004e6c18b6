//! Whether stored weights and the vectors of headlines are what they should be.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::encoders::read_weights;
use crate::db::headline_part::StoredHeadline;
use crate::encode::{Bank, TextEncoder, Weights};
use crate::error::{Error, Result};
use crate::index::RowsBuilder;
use crate::model::{Modality, Space};
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, ReadTxn, SpaceId, WeightReads};

/// Headlines that are read at a time.
const BATCH: usize = 8192;

/// What was found sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::db) struct Encoded {
    pub(in crate::db) weights: u64,
    pub(in crate::db) headline_rows: u64,
}

/// Decodes all weights and all rows of headlines, and looks for headlines that have no row.
///
/// # Errors
/// The first defect, as [`Error::Corrupt`] with the table.
pub(in crate::db) fn check_encoded(txn: &ReadTxn) -> Result<Encoded> {
    let mut all: BTreeMap<u64, Weights> = BTreeMap::new();
    for hash in txn.weights_hashes()? {
        all.insert(hash, read_weights(txn, hash)?);
    }
    let mut found = Encoded {
        weights: all.len() as u64,
        headline_rows: 0,
    };
    for (id, record) in txn.all_spaces()? {
        let weights = all.get(&record.space.encoder.weights_hash);
        let rows = decode_rows(txn, id, &record.space, weights.and_then(Weights::bank))?;
        found.headline_rows += rows.len() as u64;
        match weights.filter(|w| w.config().text.is_some()) {
            Some(weights) => {
                let encoder = weights.text_encoder()?;
                check_none_missing(txn, id, &record.space, encoder.as_ref(), &rows)?;
            }
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
        check_row(bytes, dim, bank).map_err(|e| {
            let name = &space.name;
            wrong(txn, format!("headline {number} in the space {name}: {e}"))
        })
    })?;
    Ok(numbers)
}

/// What is wrong with a row, if anything.
fn check_row(bytes: &[u8], dim: usize, bank: Option<&Bank>) -> Result<(), String> {
    let stored = StoredHeadline::parse(bytes, dim, bank.is_some())?;
    // A builder a row: nothing has to be kept of it.
    let mut builder = RowsBuilder::new(dim).map_err(|e| e.to_string())?;
    builder
        .push_bytes(stored.vector)
        .map_err(|e| e.to_string())?;
    let whole = StoredHeadline::encode(&builder.view(), 0, bank).map_err(|e| e.to_string())?;
    if whole != bytes {
        return Err("its expressiveness is not that of its vector".to_owned());
    }
    Ok(())
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
            if expected && encoder.encode_text(&headline.text)?.is_some() {
                let name = &space.name;
                let detail = format!("headline {number} has no row in the space {name}");
                return Err(wrong(txn, detail));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::disk::FileSystem;
    use crate::encode::{BankConfig, ChartConfig, TextConfig, WeightsConfig};
    use crate::model::{Headline, TimePrecision, Timestamp};
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
        assert!(cut.contains("a stored row of 36 bytes, found 32"), "{cut}");
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
            "weights: expected a whole safetensors file",
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
            "headline 1 in the space clip: expected a stored row of 32 bytes, found 30",
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
    fn headlines_that_wait_need_no_row() {
        let found = checked(|txn, _| {
            txn.merge_headlines(&[headline("Prices fall")]).unwrap();
        });
        assert_eq!(found.map(|f| f.headline_rows), Ok(1));
    }
}
