#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;

use arrow_array::builder::{FixedSizeListBuilder, Float64Builder, ListBuilder};
use arrow_array::{
    Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, TimestampMicrosecondArray,
    TimestampSecondArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::*;
use crate::model::Timestamp;
use crate::source::{
    BarFile, BarOptions, HeadlineOptions, OnError, VectorFile, VectorOptions, read_bars,
    read_headlines, read_vectors,
};

const START: i64 = 1_577_836_800;

fn table(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn saved(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn bars(bytes: &[u8]) -> Result<BarFile> {
    let (_dir, path) = saved("crypto/v/X.parquet", bytes);
    read_bars(&path, &BarOptions::default())
}

fn vectors(bytes: &[u8], on_error: OnError) -> Result<VectorFile> {
    let (_dir, path) = saved("v.parquet", bytes);
    let options = VectorOptions {
        on_error,
        ..VectorOptions::default()
    };
    read_vectors(&path, &options)
}

fn hourly(time: ArrayRef) -> Vec<u8> {
    let price = |values: [f64; 3]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    table(vec![
        ("time", time),
        ("open", price([10.1, 11.0, 12.0])),
        ("high", price([12.0, 13.0, 14.0])),
        ("low", price([9.0, 10.0, 11.0])),
        ("close", price([11.0, 12.0, 13.0])),
        (
            "volume",
            Arc::new(Float32Array::from(vec![0.1_f32, 2.0, 3.0])),
        ),
    ])
}

/// The clock of a zone shows the same dates in CSV and in Parquet.
#[test]
fn days_of_a_zone_are_the_dates_that_csv_has() {
    // Midnights in New York on both sides of the change to summer time.
    let midnights = [1_709_874_000_i64, 1_710_133_200 - 3_600, 1_710_216_000];
    let micros = midnights.map(|s| s * 1_000_000).to_vec();
    let zoned = TimestampMicrosecondArray::from(micros).with_timezone("America/New_York");
    let (_dir, path) = saved("equity/v/X_1d.parquet", &hourly(Arc::new(zoned)));
    let parquet = read_bars(&path, &BarOptions::default()).unwrap();
    let csv = "time,open,high,low,close,volume\n\
        2024-03-08 00:00:00-05:00,10.1,12,9,11,0.1\n\
        2024-03-11 00:00:00-04:00,11,13,10,12,2\n\
        2024-03-12 00:00:00-04:00,12,14,11,13,3\n";
    let (_dir, path) = saved("equity/v/X_1d.csv", csv.as_bytes());
    let csv = read_bars(&path, &BarOptions::default()).unwrap();
    assert_eq!(parquet.series[0].bars.time, csv.series[0].bars.time);
    let first = Timestamp::from_millis(parquet.series[0].bars.time[0]);
    assert_eq!(first.to_string(), "2024-03-08T00:00:00Z");
}

/// A column of times without a zone is a clock, whose zone the caller may say.
#[test]
fn times_without_a_zone_are_of_the_callers() {
    let seconds = TimestampSecondArray::from(vec![START, START + 3_600, START + 7_200]);
    let (_dir, path) = saved("crypto/v/X.parquet", &hourly(Arc::new(seconds)));
    let options = BarOptions {
        zone: Some("Europe/Berlin".parse().unwrap()),
        ..BarOptions::default()
    };
    let file = read_bars(&path, &options).unwrap();
    assert_eq!(file.series[0].bars.time[0], (START - 3_600) * 1_000);
}

#[test]
fn names_of_two_parts_are_a_price_and_a_symbol() {
    let price = |values: [f64; 3]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let days = [0, 1, 2].map(|day| START + day * 86_400).to_vec();
    let mut columns = vec![(
        "Date",
        Arc::new(TimestampSecondArray::from(days)) as ArrayRef,
    )];
    for (symbol, names) in [
        (
            "A",
            [
                "('Open', 'A')",
                "('High', 'A')",
                "('Low', 'A')",
                "('Close', 'A')",
            ],
        ),
        (
            "B",
            [
                "('Open', 'B')",
                "('High', 'B')",
                "('Low', 'B')",
                "('Close', 'B')",
            ],
        ),
    ] {
        let by = if symbol == "A" { 1.0 } else { 2.0 };
        let values = [10.0, 12.0, 9.0, 11.0];
        columns.extend(names.into_iter().zip(values.map(|v| price([v * by; 3]))));
    }
    let (_dir, path) = saved("equity/v/two.parquet", &table(columns.clone()));
    let file = read_bars(&path, &BarOptions::default()).unwrap();
    let keys: Vec<String> = file.series.iter().map(|s| s.key.to_string()).collect();
    assert_eq!(keys, ["equity/v/A:1d", "equity/v/B:1d"]);
    assert_eq!(file.series[1].bars.close, [22.0; 3]);
    columns.truncate(5);
    let (_dir, path) = saved("equity/v/one.parquet", &table(columns));
    let file = read_bars(&path, &BarOptions::default()).unwrap();
    assert_eq!(file.series[0].key.to_string(), "equity/v/A:1d");
}

#[test]
fn bars_with_times_of_any_type() {
    let seconds = [START, START + 3_600, START + 7_200];
    let scaled = |by: i64| seconds.map(|s| s * by).to_vec();
    let zoned =
        TimestampMicrosecondArray::from(scaled(1_000_000)).with_timezone("America/New_York");
    let texts = ["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00"];
    let times: [ArrayRef; 5] = [
        Arc::new(Int64Array::from(scaled(1_000))),
        Arc::new(TimestampMicrosecondArray::from(scaled(1_000_000))),
        Arc::new(zoned),
        Arc::new(TimestampSecondArray::from(scaled(1))),
        Arc::new(StringArray::from(texts.to_vec())),
    ];
    for time in times {
        let kind = time.data_type().clone();
        let file = bars(&hourly(time)).unwrap();
        let one = &file.series[0];
        assert_eq!(one.key.to_string(), "crypto/v/X:1h", "{kind}");
        assert_eq!(one.bars.time, seconds.map(|s| s * 1_000), "{kind}");
        assert_eq!(one.bars.open, [10.1, 11.0, 12.0]);
        assert_eq!(one.bars.volume, [0.1, 2.0, 3.0]);
    }
}

#[test]
fn a_null_is_a_missing_field() {
    let time = Int64Array::from(vec![
        Some(START * 1_000),
        None,
        Some((START + 7_200) * 1_000),
    ]);
    let refused = bars(&hourly(Arc::new(time))).unwrap_err().to_string();
    assert!(refused.contains("line 2: the time is empty"), "{refused}");
}

#[test]
fn headlines_with_dates() {
    let bytes = table(vec![
        ("date", Arc::new(Date32Array::from(vec![18_262, 18_263]))),
        ("headline", Arc::new(StringArray::from(vec!["a", "b"]))),
    ]);
    let (_dir, path) = saved("h.parquet", &bytes);
    let file = read_headlines(&path, &HeadlineOptions::default()).unwrap();
    let times: Vec<String> = file.headlines.iter().map(|h| h.time.to_string()).collect();
    assert_eq!(times, ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"]);
    assert_eq!(
        file.headlines[0].precision,
        crate::model::TimePrecision::Day
    );
}

fn fixed(rows: &[[Option<f64>; 2]]) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float64Builder::new(), 2);
    for row in rows {
        builder.values().append_option(row[0]);
        builder.values().append_option(row[1]);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn ragged(rows: &[Option<Vec<f64>>]) -> ArrayRef {
    let mut builder = ListBuilder::new(Float64Builder::new());
    for row in rows {
        if let Some(values) = row {
            builder.values().append_slice(values);
        }
        builder.append(row.is_some());
    }
    Arc::new(builder.finish())
}

#[test]
fn vectors_with_their_metadata() {
    let symbols = StringArray::from(vec!["A", "B"]);
    let ends = TimestampSecondArray::from(vec![START, START + 60]);
    let bytes = table(vec![
        ("symbol", Arc::new(symbols)),
        (
            "embedding",
            fixed(&[[Some(1.0), Some(2.0)], [Some(3.0), Some(4.0)]]),
        ),
        ("time", Arc::new(ends)),
    ]);
    let file = vectors(&bytes, OnError::Refuse).unwrap();
    assert_eq!((file.dim, &file.rows[..]), (2, &[1.0, 2.0, 3.0, 4.0][..]));
    assert_eq!(file.meta[1].symbol, "B");
    assert_eq!(file.meta[1].end.millis(), (START + 60) * 1_000);
    assert_eq!(file.meta[1].market, "imported");
}

#[test]
fn vectors_that_are_missing_or_of_another_length() {
    let rows = [
        Some(vec![1.0, 2.0]),
        None,
        Some(vec![1.0]),
        Some(vec![1.0, 2.0, 3.0]),
        Some(vec![3.0, 4.0]),
    ];
    let bytes = table(vec![("vector", ragged(&rows))]);
    assert!(
        vectors(&bytes, OnError::Refuse)
            .unwrap_err()
            .to_string()
            .contains("line 2: expected 2 values")
    );
    let file = vectors(&bytes, OnError::Skip).unwrap();
    assert_eq!(file.rows, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(
        file.report
            .defects
            .count(crate::source::DefectKind::WrongDimension),
        3
    );
    let holed = table(vec![(
        "vector",
        fixed(&[[Some(1.0), None], [Some(1.0), Some(0.0)]]),
    )]);
    assert_eq!(vectors(&holed, OnError::Skip).unwrap().rows, [1.0, 0.0]);
}

#[test]
fn columns_of_another_type_are_refused() {
    let integers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let refused = vectors(
        &table(vec![("vector", Arc::clone(&integers))]),
        OnError::Skip,
    );
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("lists of numbers or as texts like [0.1, 0.2], found Int64")
    );
    let refused = vectors(&table(vec![("x", integers)]), OnError::Skip);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("no column for the vector among: x")
    );
}

#[test]
fn vectors_of_integers_in_texts_and_in_columns() {
    let mut lists = ListBuilder::new(arrow_array::builder::Int64Builder::new());
    for row in [[1, -2], [3, 4]] {
        lists.values().append_slice(&row);
        lists.append(true);
    }
    let column = |values: [i32; 2]| Arc::new(Int32Array::from(values.to_vec())) as ArrayRef;
    let texts = StringArray::from(vec!["[1.0, -2.0]", "[3, 4e0]"]);
    for columns in [
        vec![("embedding", Arc::new(lists.finish()) as ArrayRef)],
        vec![("embedding", Arc::new(texts) as ArrayRef)],
        vec![("dim_1", column([-2, 4])), ("dim_0", column([1, 3]))],
    ] {
        let file = vectors(&table(columns), OnError::Refuse).unwrap();
        assert_eq!((file.dim, &file.rows[..]), (2, &[1.0, -2.0, 3.0, 4.0][..]));
    }
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let refused = vectors(
        &table(vec![("v0", Arc::clone(&texts)), ("v1", texts)]),
        OnError::Refuse,
    );
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("expected numbers in the columns"),
        "{refused}"
    );
}

/// The columns of a Parquet file as a Feather file.
fn feather(parquet: Vec<u8>, packed: Option<CompressionType>, rows_a_batch: usize) -> Vec<u8> {
    let (_dir, path) = saved("x.parquet", &parquet);
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut reader = reader.with_batch_size(100_000).build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    let options = IpcWriteOptions::default()
        .try_with_compression(packed)
        .unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        FileWriter::try_new_with_options(&mut bytes, &batch.schema(), options).unwrap();
    for start in (0..batch.num_rows()).step_by(rows_a_batch) {
        let rows = rows_a_batch.min(batch.num_rows() - start);
        writer.write(&batch.slice(start, rows)).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn hours() -> Vec<u8> {
    let times = [START, START + 3_600, START + 7_200].map(|s| s * 1_000);
    hourly(Arc::new(Int64Array::from(times.to_vec())))
}

fn bars_of_feather(bytes: &[u8]) -> Result<BarFile> {
    let (_dir, path) = saved("crypto/v/X.feather", bytes);
    read_bars(&path, &BarOptions::default())
}

const PACKED: [Option<CompressionType>; 3] = [
    None,
    Some(CompressionType::LZ4_FRAME),
    Some(CompressionType::ZSTD),
];

#[test]
fn feather_is_read_like_parquet() {
    let expected = bars(&hours()).unwrap().series;
    for packed in PACKED {
        for rows_a_batch in [3, 1] {
            let file = bars_of_feather(&feather(hours(), packed, rows_a_batch)).unwrap();
            assert_eq!(file.series, expected, "{packed:?}");
        }
    }
    let texts = StringArray::from(vec!["a", "b"]);
    let dates = Date32Array::from(vec![18_262, 18_263]);
    let news = table(vec![("date", Arc::new(dates)), ("title", Arc::new(texts))]);
    let (_dir, path) = saved("h.feather", &feather(news, PACKED[1], 2));
    let file = read_headlines(&path, &HeadlineOptions::default()).unwrap();
    assert_eq!(file.headlines.len(), 2);
    let rows = [[Some(1.0), Some(2.0)], [Some(3.0), Some(4.0)]];
    let matrix = table(vec![("vector", fixed(&rows))]);
    let file = vectors(&feather(matrix, PACKED[2], 2), OnError::Refuse).unwrap();
    assert_eq!(file.rows, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a_batch_of_many_rows_is_cut() {
    let count = 3 * BATCH_ROWS + 1;
    let texts: StringArray = (0..count).map(|i| Some(i.to_string())).collect();
    let bytes = feather(table(vec![("a", Arc::new(texts))]), None, count);
    let (_dir, path) = saved("a.feather", &bytes);
    let mut rows = ColumnRows::open(FilePlace::of(&path), ColumnsKind::Feather).unwrap();
    let mut record = ByteRecord::new();
    let mut given = 0;
    while let Step::Row(at) = rows.next(&mut record).unwrap() {
        assert_eq!(record.get(0), Some((at - 1).to_string().as_bytes()));
        given = at;
    }
    assert_eq!(given, count as u64);
}

#[test]
fn every_truncation_of_a_feather_file_is_an_error() {
    for packed in PACKED {
        let whole = feather(hours(), packed, 3);
        for end in (6..whole.len()).step_by(5) {
            assert!(bars_of_feather(&whole[..end]).is_err(), "{end}");
        }
    }
}

#[test]
fn forged_lengths_of_a_feather_file_take_no_memory() {
    let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; 10_000]));
    let whole = feather(table(vec![("time", zeros)]), PACKED[1], 10_000);
    // The first eight bytes of a packed column are its length when it is unpacked.
    let length = 80_000_i64.to_le_bytes();
    let at = whole.windows(8).rposition(|w| w == length).unwrap();
    for forged in [i64::MAX, 1 << 50, 1 << 40] {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&forged.to_le_bytes());
        let refused = bars_of_feather(&bytes).unwrap_err().to_string();
        assert!(
            refused.contains("cannot read this Feather file"),
            "{refused}"
        );
    }
}

#[test]
fn every_truncation_is_an_error() {
    let whole = hourly(Arc::new(TimestampSecondArray::from(vec![
        START,
        START + 3_600,
        START + 7_200,
    ])));
    for end in (4..whole.len()).step_by(7) {
        assert!(bars(&whole[..end]).is_err(), "{end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn flipped_bytes_do_not_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = hourly(Arc::new(Int64Array::from(vec![START, START + 3_600, START + 7_200])));
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = bars(&bytes);
    }

    #[test]
    fn flipped_bytes_of_feather_do_not_panic(
        packed in 0..3_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = feather(hours(), PACKED[packed], 3);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = bars_of_feather(&bytes);
    }
}
