//! Files of many dialects: candles, headlines, vectors, and small tables of tags and attributes.

mod attribute_file;
mod bars;
mod column_map;
mod columns;
mod container;
mod fields;
mod file_parts;
mod file_stamp;
mod headline_columns;
mod headline_repeats;
mod headline_symbols;
mod headline_text;
mod headline_times;
mod headlines;
mod input_report;
mod inputs;
mod numbers;
mod raw_headline;
mod rows;
mod said_zones;
mod small_csv;
mod tag_file;
mod times;
mod vectors;

pub use attribute_file::read_attributes;
pub use bars::{
    BarFile, BarOptions, Contradiction, OnConflict, Overlap, TimeOf, named_by_path, read_bars,
};
pub use column_map::{MappedColumn, parse_map};
pub use file_parts::{FilePart, FileParts};
pub use file_stamp::{stamp_file, unchanged_file};
pub use headlines::{HeadlineFile, HeadlineOptions, read_headlines};
pub use input_report::{DefectKind, Finding, Findings, InputReport, NoticeKind, OnError};
pub use inputs::{Inputs, find_inputs, find_inputs_and_others};
pub use tag_file::read_tags;
pub use times::{ClockZone, DateOrder};
pub use vectors::{
    HeadlineVectorFile, VectorFile, VectorMeta, VectorOptions, read_headline_vectors,
    read_one_vector, read_vectors,
};
