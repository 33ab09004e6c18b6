//! Records of fields out of a text of any dialect.

#[cfg(feature = "parquet")]
mod arrow_blocks;
mod csv;
mod document;
mod field_order;
mod header;
mod headerless;
mod json;
mod json_columns;
mod json_frame;
mod json_seen;
mod json_shapes;
mod json_table;
mod lines;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_footer;
mod scan;
mod skipped;
mod step;
mod texts;
mod time_of_day;
mod wide;

use ::csv::ByteRecord;

#[cfg(feature = "parquet")]
pub(crate) use parquet::{ColumnFile, ColumnsKind, texts_of};
pub(crate) use skipped::Skipped;

pub(crate) use step::{Facts, Step};

use super::columns::Layout;
use super::container::{Content, FilePlace, Member};
use crate::error::Result;
use wide::{Symbols, Wide};

enum Source<'a> {
    Csv(Box<csv::CsvRows<'a>>),
    Json(Box<json::JsonRows<'a>>),
    #[cfg(feature = "parquet")]
    Columns(Box<parquet::ColumnRows>),
}

/// How the columns of a text become those of its rows.
enum Shape {
    /// They are the same.
    Plain,
    /// They are the same with other names.
    Renamed(Layout),
    /// A row of the text is one row for each symbol.
    Wide(Wide),
}

/// The rows of a text, one at a time.
pub(crate) struct Rows<'a> {
    source: Source<'a>,
    /// What the columns are called if a row holds the values of several symbols.
    shape: Shape,
    /// Where the text is.
    pub(crate) place: FilePlace,
    facts: Facts,
}

impl<'a> Rows<'a> {
    /// Reads as much as is needed to know the columns.
    pub(crate) fn open(member: Member<'a>) -> Result<Self> {
        let place = member.place;
        let (source, mut facts) = match member.content {
            Content::Csv(reader) => {
                let rows = csv::CsvRows::open(reader, place.clone())?;
                (Source::Csv(Box::new(rows)), Facts::default())
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
        let levels = match &source {
            Source::Csv(rows) if rows.levels.is_some() => rows.levels.clone(),
            source => match source.layout() {
                Layout::Named(names) => wide::of_tuples(names),
                Layout::Positional(_) => None,
            },
        };
        let shape = match levels.map(|levels| Wide::of(&levels, &mut facts)) {
            None => Shape::Plain,
            Some(Symbols::One(layout)) => Shape::Renamed(layout),
            Some(Symbols::Several(wide)) => Shape::Wide(wide),
        };
        Ok(Self {
            source,
            shape,
            place,
            facts,
        })
    }

    /// The columns known by now. JSON objects may bring more with every row; the columns that
    /// were there keep their positions.
    pub(crate) fn layout(&self) -> &Layout {
        match &self.shape {
            Shape::Plain => self.source.layout(),
            Shape::Renamed(layout) => layout,
            Shape::Wide(wide) => wide.layout(),
        }
    }

    /// The lines that are no rows, as far as they were read.
    pub(crate) fn skipped(&self) -> Skipped {
        match &self.source {
            Source::Csv(rows) => rows.skipped.clone(),
            _ => Skipped::default(),
        }
    }

    /// What the text says about all of its rows; complete after the last of them.
    pub(crate) fn facts(&self) -> Facts {
        match &self.source {
            Source::Json(rows) => {
                let found = rows.facts();
                let symbol = found.symbol.or_else(|| self.facts.symbol.clone());
                Facts { symbol, ..found }
            }
            _ => self.facts.clone(),
        }
    }

    /// Whether this is a list without rows, which has no columns either.
    pub(crate) fn has_none(&self) -> bool {
        matches!(&self.source, Source::Json(rows) if rows.has_none())
    }

    /// Reads the next row into `record`. Fields that are absent at its end are missing.
    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        let Shape::Wide(wide) = &mut self.shape else {
            return self.source.next(record);
        };
        loop {
            if let Some(line) = wide.next(record) {
                return Ok(Step::Row(line));
            }
            match self.source.next(record)? {
                Step::Row(line) => wide.set_row(record, line),
                other => return Ok(other),
            }
        }
    }
}

impl Source<'_> {
    fn layout(&self) -> &Layout {
        match self {
            Self::Csv(rows) => rows.layout(),
            Self::Json(rows) => rows.layout(),
            #[cfg(feature = "parquet")]
            Self::Columns(rows) => rows.layout(),
        }
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        match self {
            Self::Csv(rows) => rows.next(record),
            Self::Json(rows) => rows.next(record),
            #[cfg(feature = "parquet")]
            Self::Columns(rows) => rows.next(record),
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet<'a>(place: &FilePlace) -> Result<Source<'a>> {
    let rows = parquet::ColumnRows::open(place.clone(), ColumnsKind::Parquet)?;
    Ok(Source::Columns(Box::new(rows)))
}

#[cfg(feature = "parquet")]
fn open_feather<'a>(place: &FilePlace) -> Result<Source<'a>> {
    let rows = parquet::ColumnRows::open(place.clone(), ColumnsKind::Feather)?;
    Ok(Source::Columns(Box::new(rows)))
}

#[cfg(not(feature = "parquet"))]
fn open_parquet<'a>(place: &FilePlace) -> Result<Source<'a>> {
    Err(parquet_is_off("Parquet", place))
}

#[cfg(not(feature = "parquet"))]
fn open_feather<'a>(place: &FilePlace) -> Result<Source<'a>> {
    Err(parquet_is_off("Feather", place))
}

/// What a program without the feature says about a file of columns.
#[cfg(not(feature = "parquet"))]
pub(crate) fn parquet_is_off(kind: &str, place: &FilePlace) -> crate::error::Error {
    crate::error::Error::invalid(format!(
        "{} is a {kind} file, and this program was built without the feature parquet; build it with that feature, or convert the file to CSV",
        place.path().display()
    ))
}
