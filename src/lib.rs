//! RhymeDB: an embedded vector database for market history.

mod disk;
mod encode;
mod error;
mod model;

pub use encode::{
    ChartEncoder, Embeddings, Shape, Stats, chart_encoder, chart_encoder_by_name,
    check_chart_encoder,
};
pub use error::{Error, Result};
pub use model::{
    Bar, BarDefect, Bars, Calendar, EncoderSpec, Headline, Interval, Modality, SeriesKey, Sharing,
    Space, Target, TimePrecision, Timestamp, Window,
};
