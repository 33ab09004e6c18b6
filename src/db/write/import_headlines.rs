//! Vectors of headlines that came from outside.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::imported_space::{check_vector, imported_space};
use crate::db::database::Database;
use crate::db::stored_headline::StoredHeadline;
use crate::error::{Error, Result, excerpt};
use crate::index::RowsBuilder;
use crate::model::Headline;
use crate::store::{HeadlineReads, HeadlineRowReads, TextModelReads, WriteTxn};

/// A vector of the user's own and the headline that it stands for.
#[derive(Clone, Copy, Debug)]
pub struct HeadlineVectorRow<'a> {
    /// The headline: the stored one of its time, source and text.
    pub headline: &'a Headline,
    /// D finite numbers, not all 0. Only their direction counts.
    pub vector: &'a [f32],
}

/// How vectors of headlines are imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadlineImportOptions {
    /// Bars that a chart vector of the space describes. Default: as the space has it, and 1 for a new one.
    pub window: Option<u32>,
    /// Leaves out the vectors of headlines that are not stored. Default: false, which refuses all of them.
    pub skip_unknown: bool,
}

/// What an import of vectors of headlines did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeadlineImportReport {
    /// Vectors that are stored now.
    pub vectors: u64,
    /// Vectors of the same headlines that they replaced.
    pub replaced: u64,
    /// Vectors that were left out, because their headlines are not stored.
    pub unknown: u64,
    /// Stored headlines that have no vector in the space, so that nobody finds them there.
    pub without_vector: u64,
}

impl Database {
    /// Stores vectors of headlines that another program made, beside the vectors of charts in a space of
    /// imported ones. So a cross-modal model of your own can be asked from charts to headlines and back. The
    /// headlines have to be stored already; a vector is known when its headline is. If the space is not there,
    /// it is made with the dimension of the vectors. If a headline comes twice, the last one counts.
    ///
    /// ```
    /// use rhymedb::data::Headline;
    /// use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow, VectorRow};
    /// use rhymedb::{Control, Database, Query};
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig::small(1))?;
    /// # let (bars, headlines) = (market.series(), market.headlines());
    /// # db.ingest_bars(&bars[..1])?;
    /// # db.ingest_headlines(&headlines[..2])?;
    /// // Two vectors of headlines by a model of your own, and one of a chart.
    /// let (rise, fall) = ([1.0, 0.0, 0.1], [0.0, 1.0, 0.1]);
    /// let row = |headline, vector| HeadlineVectorRow { headline, vector };
    /// let rows = [row(&headlines[0], &rise), row(&headlines[1], &fall)];
    /// let report = db.import_headline_vectors("mine", &rows, HeadlineImportOptions::default())?;
    /// assert_eq!(report.vectors, 2);
    /// let end = db.now().bars(&bars[0].key, None, None, Some(1))?.bars.time[0] + 3_600_000;
    /// let chart = VectorRow { series: &bars[0].key, end: rhymedb::Timestamp::from_millis(end), vector: &[0.1, 0.9, 0.0] };
    /// db.import_vectors("mine", 1, &[chart], &Control::new())?;
    ///
    /// let nearest = db.now().news(bars[0].key.clone()).space("mine").any_symbol(true).any_time(true).run()?;
    /// assert_eq!(nearest.hits[0].headline, headlines[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no vectors, if one has another dimension, is not finite or is zero, if
    /// the space has an encoder or another dimension or window, or if a headline is not stored and
    /// [`HeadlineImportOptions::skip_unknown`] is off.
    pub fn import_headline_vectors(
        &self,
        space: &str,
        rows: &[HeadlineVectorRow<'_>],
        options: HeadlineImportOptions,
    ) -> Result<HeadlineImportReport> {
        let dim = rows.first().map_or(0, |r| r.vector.len());
        if dim == 0 {
            return Err(Error::invalid("expected at least one vector, found none"));
        }
        rows.par_iter().enumerate().try_for_each(|(i, row)| {
            check_vector(row.vector, dim, || format!("vector {}", named(i, row)))
        })?;
        self.0.change(|| {
            let writer = self.0.writer()?;
            let txn = writer.catalog.write()?;
            let id = imported_space(&txn, space, dim as u32, options.window)?;
            if let Some((_, had)) = txn.space_model(id)? {
                return Err(Error::invalid(format!(
                    "the space {space} holds headlines as the model {} of a service read them; choose another name",
                    had.model.name
                )));
            }
            let found = find(&txn, rows, options)?;
            let mut report = HeadlineImportReport {
                unknown: found.unknown,
                ..HeadlineImportReport::default()
            };
            if !found.of_headline.is_empty() {
                let stored = encoded(dim, rows, &found.of_headline)?;
                report.vectors = stored.len() as u64;
                report.replaced = txn.import_headline_rows(id, &stored)?;
                txn.note_changed_after(found.first_known.saturating_sub(1));
            }
            let (all, with) = (txn.headline_count()?, txn.headline_row_count(id)?);
            report.without_vector = all.saturating_sub(with);
            match report.vectors {
                // Nothing is stored, not even an empty space.
                0 => drop(txn),
                _ => self.0.commit(&writer, txn)?,
            }
            Ok(report)
        })
    }
}

/// `3 (2021-05-19T00:00:00Z wire “Prices rise”)`
fn named(i: usize, row: &HeadlineVectorRow<'_>) -> String {
    let Headline {
        time, source, text, ..
    } = row.headline;
    let source = match source.as_str() {
        "" => "without a source".to_owned(),
        source => excerpt(source),
    };
    format!("{} ({time} {source} {})", i + 1, excerpt(text))
}

/// Rows by the number of their headline.
struct Found {
    of_headline: BTreeMap<u64, usize>,
    /// When the first of these headlines was known.
    first_known: i64,
    unknown: u64,
}

fn find(
    txn: &WriteTxn,
    rows: &[HeadlineVectorRow<'_>],
    options: HeadlineImportOptions,
) -> Result<Found> {
    let mut found = Found {
        of_headline: BTreeMap::new(),
        first_known: i64::MAX,
        unknown: 0,
    };
    let mut first_unknown = None;
    for (i, row) in rows.iter().enumerate() {
        match txn.headline_id_of(row.headline)? {
            Some(id) => {
                let known = txn.headline(id)?.known_from().millis();
                found.first_known = found.first_known.min(known);
                found.of_headline.insert(id, i);
            }
            None => {
                found.unknown += 1;
                first_unknown.get_or_insert_with(|| named(i, row));
            }
        }
    }
    match first_unknown {
        Some(first) if !options.skip_unknown => Err(Error::invalid(format!(
            "expected vectors of stored headlines, found {} of {} whose headline is not stored with that time, source and text, the first of them vector {first}; bring the headlines in first with `rhyme ingest headlines FILE`, or leave these out",
            found.unknown,
            rows.len()
        ))),
        _ => Ok(found),
    }
}

/// The rows as they are stored.
fn encoded(
    dim: usize,
    rows: &[HeadlineVectorRow<'_>],
    of_headline: &BTreeMap<u64, usize>,
) -> Result<BTreeMap<u64, Vec<u8>>> {
    let mut builder = RowsBuilder::new(dim)?;
    for row in of_headline.values().filter_map(|&i| rows.get(i)) {
        builder.push(row.vector)?;
    }
    let view = builder.view();
    let ids = of_headline.keys().zip(0..);
    ids.map(|(&id, row)| Ok((id, StoredHeadline::encode(&view, row, None)?)))
        .collect()
}
