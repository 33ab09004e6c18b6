//! Records of fields out of a text of any dialect.

#[cfg(feature = "parquet")]
mod arrow_blocks;
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
mod texts;

use ::csv::ByteRecord;

#[cfg(feature = "parquet")]
pub(crate) use parquet::{ColumnFile, ColumnsKind, texts_of};

use super::columns::Layout;
use super::container::{Content, Member, Place};
use crate::error::Result;

/// What came out of one step through a text.
pub(crate) enum Step {
    /// A record, at this line or row.
    Row(u64),
    /// Something that is no record, at this line, and why.
    Bad(u64, String),
    /// Nothing more.
    End,
}

/// What a text says about all of its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The symbol of all rows.
    pub(crate) symbol: Option<String>,
    /// The category of Bybit: `spot`, `linear` or `inverse`.
    pub(crate) bybit_category: Option<String>,
    /// The names of fields without names, where the values tell another order than the usual one.
    pub(crate) field_order: Option<String>,
}

enum Source<'a> {
    Csv(csv::CsvRows<'a>),
    Json(Box<json::JsonRows<'a>>),
    #[cfg(feature = "parquet")]
    Columns(Box<parquet::ColumnRows>),
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
            Content::Feather => (open_feather(&place)?, Facts::default()),
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
            Source::Columns(rows) => rows.layout(),
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
            Source::Columns(rows) => rows.next(record),
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet<'a>(place: &Place) -> Result<Source<'a>> {
    let rows = parquet::ColumnRows::open(place.clone(), ColumnsKind::Parquet)?;
    Ok(Source::Columns(Box::new(rows)))
}

#[cfg(feature = "parquet")]
fn open_feather<'a>(place: &Place) -> Result<Source<'a>> {
    let rows = parquet::ColumnRows::open(place.clone(), ColumnsKind::Feather)?;
    Ok(Source::Columns(Box::new(rows)))
}

#[cfg(not(feature = "parquet"))]
fn open_parquet<'a>(place: &Place) -> Result<Source<'a>> {
    Err(parquet_is_off("Parquet", place))
}

#[cfg(not(feature = "parquet"))]
fn open_feather<'a>(place: &Place) -> Result<Source<'a>> {
    Err(parquet_is_off("Feather", place))
}

/// What a program without the feature says about a file of columns.
#[cfg(not(feature = "parquet"))]
pub(crate) fn parquet_is_off(kind: &str, place: &Place) -> crate::error::Error {
    crate::error::Error::invalid(format!(
        "{} is a {kind} file, and this program was built without the feature parquet; build it with that feature, or convert the file to CSV",
        place.path().display()
    ))
}
