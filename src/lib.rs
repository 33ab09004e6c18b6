//! RhymeDB: an embedded vector database for market history.

mod disk;
mod encode;
mod error;
/// The search engine itself, for the benchmarks; no part of the stable interface.
#[doc(hidden)]
pub mod index;
mod model;
mod store;

pub use encode::{ChartEncoder, Embeddings};
pub use error::{Error, Result};
pub use model::{
    Bar, BarDefect, Bars, Calendar, EncoderSpec, Headline, Interval, Modality, SeriesBars, SeriesKey, Sharing,
    Space, Target, TimePrecision, Timestamp, Window,
};
