#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::model::Timestamp;

fn columns() -> Vec<(&'static str, TableColumn)> {
    let time = Timestamp::from_millis(1_621_425_600_000);
    vec![
        (
            "name",
            TableColumn::Text(vec![Some("a,\"b\"\n".to_owned()), None]),
        ),
        ("time", TableColumn::Time(vec![Some(time), None])),
        ("x", TableColumn::Number(vec![Some(0.1), None])),
        ("n", TableColumn::Whole(vec![Some(-3), None])),
        ("flag", TableColumn::Flag(vec![Some(true), None])),
        (
            "tags",
            TableColumn::Texts(vec![vec!["p".to_owned(), "q".to_owned()], Vec::new()]),
        ),
        (
            "v",
            TableColumn::Vectors {
                dim: 2,
                values: vec![0.1, -1.0, 0.0, 2.5],
            },
        ),
    ]
}

fn written(name: &str, batches: &[Vec<(&str, TableColumn)>]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let mut table = TableWriter::create(&path, false).unwrap();
    for batch in batches {
        table.write(batch).unwrap();
    }
    let rows = batches.iter().map(|b| b[0].1.len() as u64).sum::<u64>();
    assert_eq!(table.finish().unwrap(), rows);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    (dir, path)
}

#[test]
fn csv_has_a_header_and_quotes_what_needs_it() {
    let (_dir, path) = written("t.csv", &[columns(), columns()]);
    let rows = "\"a,\"\"b\"\"\n\",2021-05-19T12:00:00Z,0.1,-3,true,p;q,0.1,-1.0\n,,,,,,0.0,2.5\n";
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        format!("name,time,x,n,flag,tags,v0,v1\n{rows}{rows}")
    );
}

#[test]
fn a_json_line_is_one_object() {
    let (_dir, path) = written("t.jsonl", &[columns()]);
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        r#"{"name":"a,\"b\"\n","time":"2021-05-19T12:00:00Z","x":0.1,"n":-3,"flag":true,"tags":["p","q"],"v":[0.1,-1.0]}
{"name":null,"time":null,"x":null,"n":null,"flag":null,"tags":[],"v":[0.0,2.5]}
"#
    );
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_types_and_nulls() {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Float64Type, Int64Type, TimestampMillisecondType};
    use arrow_array::{Array, RecordBatch};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let (_dir, path) = written("t.parquet", &[columns(), columns()]);
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let batch = &batches[0];
    assert_eq!(batch.num_rows(), 4);
    let column = |name: &str| batch.column_by_name(name).unwrap();
    assert_eq!(column("name").as_string::<i32>().value(2), "a,\"b\"\n");
    let times = column("time").as_primitive::<TimestampMillisecondType>();
    assert_eq!(times.value(0), 1_621_425_600_000);
    assert_eq!(times.timezone(), Some("UTC"));
    assert_eq!(column("x").as_primitive::<Float64Type>().value(0), 0.1);
    assert_eq!(column("n").as_primitive::<Int64Type>().value(2), -3);
    assert!(column("flag").as_boolean().value(0));
    for name in ["name", "time", "x", "n", "flag"] {
        assert!(column(name).is_null(1) && column(name).is_null(3), "{name}");
    }
    let tags = column("tags").as_list::<i32>();
    assert_eq!((tags.value_length(0), tags.value_length(1)), (2, 0));
    let vectors = column("v").as_fixed_size_list();
    let values = vectors.values().as_primitive::<Float32Type>().values();
    assert_eq!(values[..4], [0.1, -1.0, 0.0, 2.5]);
}

#[test]
fn a_table_without_rows_has_its_columns() {
    let empty = || vec![("close", TableColumn::Number(Vec::new()))];
    let (_dir, path) = written("t.csv", &[empty()]);
    assert_eq!(fs::read_to_string(path).unwrap(), "close\n");
    #[cfg(feature = "parquet")]
    {
        use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
        let (_dir, path) = written("t.parquet", &[empty()]);
        let file = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
        assert_eq!(file.schema().field(0).name(), "close");
        assert_eq!(file.metadata().file_metadata().num_rows(), 0);
    }
}

#[test]
fn what_is_wrong_is_said_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |name: &str, replace| {
        let made = TableWriter::create(&dir.path().join(name), replace);
        made.err().unwrap().to_string()
    };
    assert!(refused("t.xlsx", false).contains("expected a file that ends in .parquet"));
    assert!(refused("t", false).contains(".jsonl"));
    fs::write(dir.path().join("old.csv"), "mine").unwrap();
    assert!(refused("old.csv", false).contains("is there already"));

    let mut table = TableWriter::create(&dir.path().join("old.csv"), true).unwrap();
    let short = [
        ("a", TableColumn::Whole(vec![Some(1)])),
        ("b", TableColumn::Whole(Vec::new())),
    ];
    let error = table.write(&short).unwrap_err().to_string();
    assert_eq!(error, "expected 1 values in the column b, found 0");
    table.write(&short[..1]).unwrap();
    let other = [("a", TableColumn::Number(vec![Some(1.0)]))];
    assert!(table.write(&other).is_err(), "another kind");
    drop(table);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(fs::read(dir.path().join("old.csv")).unwrap(), b"mine");
}

#[cfg(feature = "parquet")]
#[test]
fn a_stream_has_the_columns_and_rows_of_all_batches() {
    use arrow_array::{Array, FixedSizeListArray, StringArray};
    use arrow_ipc::reader::StreamReader;

    let mut stream = ArrowStream::new(Vec::new());
    let nothing = [("name", TableColumn::Text(Vec::new()))];
    assert!(ArrowStream::new(Vec::new()).finish().is_err());
    for _ in 0..2 {
        stream.write(&columns()).unwrap();
    }
    let bytes = stream.finish().unwrap();
    let read = StreamReader::try_new(&bytes[..], None).unwrap();
    let names: Vec<String> = read
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(names, ["name", "time", "x", "n", "flag", "tags", "v"]);
    let batches: Vec<_> = read.map(|batch| batch.unwrap()).collect();
    assert_eq!(batches.iter().map(|b| b.num_rows()).sum::<usize>(), 4);
    let texts = batches[1]
        .column(0)
        .as_any()
        .downcast_ref::<StringArray>()
        .unwrap();
    assert_eq!((texts.value(0), texts.is_null(1)), ("a,\"b\"\n", true));
    let vectors = batches[1].column(6).as_any();
    let vectors = vectors.downcast_ref::<FixedSizeListArray>().unwrap();
    assert_eq!((vectors.value_length(), vectors.len()), (2, 2));

    let mut empty = ArrowStream::new(Vec::new());
    empty.write(&nothing).unwrap();
    let bytes = empty.finish().unwrap();
    assert_eq!(StreamReader::try_new(&bytes[..], None).unwrap().count(), 0);

    let mut stream = ArrowStream::new(Vec::new());
    stream.write(&columns()).unwrap();
    assert!(stream.write(&nothing).is_err(), "other columns");
    assert!(stream.finish().is_err(), "what is not whole is no table");
    let uneven = [columns()[0].clone(), ("x", TableColumn::Number(vec![None]))];
    assert!(ArrowStream::new(Vec::new()).write(&uneven).is_err());
}
