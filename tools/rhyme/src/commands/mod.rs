/// Says to a question what the options of the same names say: `names` are texts, one, several or
/// none; `values` are lists of values; `some` are values that may be left out.
macro_rules! say {
    ($question:ident, $args:expr, names: $($name:ident)+) => {
        $(for value in $args.$name.iter() { $question = $question.$name(value); })+
    };
    ($question:ident, $args:expr, values: $($name:ident)+) => {
        $(for &value in &$args.$name { $question = $question.$name(value); })+
    };
    ($question:ident, $args:expr, some: $($name:ident)+) => {
        $(if let Some(value) = $args.$name { $question = $question.$name(value); })+
    };
}

pub(crate) mod adjust;
pub(crate) mod anomaly;
mod anomaly_scan;
pub(crate) mod ask;
pub(crate) mod attribute;
pub(crate) mod axis;
mod by_tags;
pub(crate) mod classify;
pub(crate) mod combine;
pub(crate) mod compact;
pub(crate) mod context;
pub(crate) mod copies;
pub(crate) mod delete;
pub(crate) mod divergence;
pub(crate) mod doctor;
pub(crate) mod embed;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod hits;
pub(crate) mod import;
pub(crate) mod ingest_bars;
#[cfg(feature = "http")]
pub(crate) mod ingest_bybit;
pub(crate) mod ingest_headlines;
pub(crate) mod ingest_memory;
pub(crate) mod ingest_overlaps;
pub(crate) mod ingest_tally;
pub(crate) mod input_notes;
pub(crate) mod labels;
mod left_out_windows;
pub(crate) mod listings;
pub(crate) mod map;
pub(crate) mod moves;
pub(crate) mod news;
pub(crate) mod open_bar;
pub(crate) mod outcomes;
pub(crate) mod outcomes_of;
pub(crate) mod pattern;
pub(crate) mod pictures;
pub(crate) mod prototype;
mod query_text;
pub(crate) mod reaction;
pub(crate) mod repair;
pub(crate) mod resample;
pub(crate) mod row_options;
pub(crate) mod search;
pub(crate) mod shown;
pub(crate) mod similar;
pub(crate) mod space_choice;
pub(crate) mod summary;
pub(crate) mod tag;
pub(crate) mod told;
pub(crate) mod trained;
pub(crate) mod transfer;
pub(crate) mod verify;
pub(crate) mod which;
mod window_columns;
pub(crate) mod words;
