//! RhymeDB: an embedded vector database for market history.

mod disk;
mod encode;
mod error;
mod model;
mod source;

pub use encode::{ChartEncoder, Embeddings};
pub use error::{Error, Result};
pub use model::{
    Bar, BarDefect, Bars, Calendar, EncoderSpec, Headline, Interval, Modality, SeriesKey, Sharing,
    Space, Target, TimePrecision, Timestamp, Window,
};
pub use source::{
    BarFile, BarOptions, DefectKind, Finding, Findings, HeadlineFile, HeadlineOptions, InputReport,
    NoticeKind, OnError, SeriesBars, VectorFile, VectorMeta, VectorOptions, find_inputs, parse_map,
    read_bars, read_headlines, read_vectors,
};
