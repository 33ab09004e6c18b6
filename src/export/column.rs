use crate::model::Timestamp;

/// The values of one column of a table, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum TableColumn {
    /// Text.
    Text(Vec<Option<String>>),
    /// Moments: RFC 3339 text in CSV and JSON, milliseconds UTC in Parquet.
    Time(Vec<Option<Timestamp>>),
    /// Numbers in 64 bits.
    Number(Vec<Option<f64>>),
    /// Whole numbers.
    Whole(Vec<Option<i64>>),
    /// Yes or no.
    Flag(Vec<Option<bool>>),
    /// Lists of text: arrays in JSON and Parquet, joined by `;` in CSV.
    Texts(Vec<Vec<String>>),
    /// Vectors of one dimension D, one after the other: arrays in JSON and Parquet, and D columns
    /// in CSV, whose names have the number of the component from 0 on behind them.
    Vectors {
        /// D.
        dim: usize,
        /// D values a row.
        values: Vec<f32>,
    },
}

impl TableColumn {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(v) => v.len(),
            Self::Time(v) => v.len(),
            Self::Number(v) => v.len(),
            Self::Whole(v) => v.len(),
            Self::Flag(v) => v.len(),
            Self::Texts(v) => v.len(),
            Self::Vectors { dim, values } => values.len().checked_div(*dim).unwrap_or(0),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Time(_) => "time",
            Self::Number(_) => "number",
            Self::Whole(_) => "whole number",
            Self::Flag(_) => "flag",
            Self::Texts(_) => "texts",
            Self::Vectors { .. } => "vectors",
        }
    }

    pub(super) fn vector(&self, row: usize) -> &[f32] {
        match self {
            Self::Vectors { dim, values } => {
                let start = row * dim;
                values.get(start..start + dim).unwrap_or_default()
            }
            _ => &[],
        }
    }
}
