//! Records of fields out of a text of any dialect.

mod csv;
mod document;
mod field_order;
mod headerless;
mod json;
mod json_seen;
mod json_shapes;
mod json_table;
mod lines;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_footer;
mod scan;
mod step;
mod texts;

use ::csv::ByteRecord;

#[cfg(feature = "parquet")]
pub(crate) use parquet::{ParquetFile, texts_of};

pub(crate) use step::{Facts, Step};

use super::columns::Layout;
use super::container::{Content, Member, Place};
use crate::error::Result;

enum Source<'a> {
    Csv(csv::CsvRows<'a>),
    Json(Box<json::JsonRows<'a>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::ParquetRows>),
}

/// The rows of a text, one at a time.
pub(crate) struct Rows<'a> {
    source: Source<'a>,
    /// Where the text is.
    pub(crate) place: Place,
    facts: Facts,
}

impl<'a> Rows<'a> {
    /// Reads as much as is needed to know the columns.
    pub(crate) fn open(member: Member<'a>) -> Result<Self> {
        let place = member.place;
        let (source, facts) = match member.content {
            Content::Csv(reader) => {
                let (rows, facts) = csv::CsvRows::open(reader, place.clone())?;
                (Source::Csv(rows), facts)
            }
            Content::Json(reader) => {
                let rows = json::JsonRows::open(reader, place.clone())?;
                (Source::Json(Box::new(rows)), Facts::default())
            }
            Content::Npy(_) => {
                return Err(place.error(
                    None,
                    "expected a table of rows, found an npy array, which holds vectors",
                ));
            }
            Content::Parquet => (open_parquet(&place)?, Facts::default()),
        };
        Ok(Self {
            source,
            place,
            facts,
        })
    }

    /// The columns known by now. JSON objects may bring more with every row; the columns that
    /// were there keep their positions.
    pub(crate) fn layout(&self) -> &Layout {
        match &self.source {
            Source::Csv(rows) => rows.layout(),
            Source::Json(rows) => rows.layout(),
            #[cfg(feature = "parquet")]
            Source::Parquet(rows) => rows.layout(),
        }
    }

    /// What the text says about all of its rows; complete after the last of them.
    pub(crate) fn facts(&self) -> Facts {
        match &self.source {
            Source::Json(rows) => rows.facts(),
            _ => self.facts.clone(),
        }
    }

    /// Whether this is a list without rows, which has no columns either.
    pub(crate) fn has_none(&self) -> bool {
        matches!(&self.source, Source::Json(rows) if rows.has_none())
    }

    /// Reads the next row into `record`. Fields that are absent at its end are missing.
    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        match &mut self.source {
            Source::Csv(rows) => rows.next(record),
            Source::Json(rows) => rows.next(record),
            #[cfg(feature = "parquet")]
            Source::Parquet(rows) => rows.next(record),
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet<'a>(place: &Place) -> Result<Source<'a>> {
    let rows = parquet::ParquetRows::open(place.clone())?;
    Ok(Source::Parquet(Box::new(rows)))
}

#[cfg(not(feature = "parquet"))]
fn open_parquet<'a>(place: &Place) -> Result<Source<'a>> {
    Err(parquet_is_off(place))
}

/// What a program without the feature says about a Parquet file.
#[cfg(not(feature = "parquet"))]
pub(crate) fn parquet_is_off(place: &Place) -> crate::error::Error {
    crate::error::Error::invalid(format!(
        "{} is a Parquet file, and this program was built without the feature parquet; build it with that feature, or convert the file to CSV",
        place.path().display()
    ))
}
