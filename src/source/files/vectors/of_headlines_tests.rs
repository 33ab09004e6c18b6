#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::super::super::input_report::{DefectKind, NoticeKind, OnError};
use super::*;
use crate::model::TimePrecision;
use crate::source::files::{VectorOptions, read_headlines, read_one_vector, read_vectors};

fn read_beside(
    table: &str,
    meta: Option<&str>,
    options: &HeadlineOptions,
) -> Result<HeadlineVectorFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vectors");
    std::fs::write(&path, table).unwrap();
    let beside = meta.map(|text| {
        let path = dir.path().join("meta.csv");
        std::fs::write(&path, text).unwrap();
        path
    });
    read_headline_vectors(&path, beside.as_deref(), options)
}

fn read(table: &str) -> Result<HeadlineVectorFile> {
    read_beside(table, None, &HeadlineOptions::default())
}

fn skip(table: &str) -> Result<HeadlineVectorFile> {
    let options = HeadlineOptions {
        on_error: OnError::Skip,
        ..HeadlineOptions::default()
    };
    read_beside(table, None, &options)
}

const TABLE: &str = "\
published,source,text,vector0,vector1
2024-01-03T10:00:00Z,wire,\"Prices
 rise &amp; rise\",3,4
2024-01-02,,A quiet day,0,-1
2024-01-01T09:30Z,wire,Earlier news,1,0
";

#[test]
fn vectors_stay_with_their_headlines_in_the_order_of_the_file() {
    let file = read(TABLE).unwrap();
    assert_eq!(
        (file.dim, file.report.rows, file.report.accepted),
        (2, 3, 3)
    );
    assert_eq!(file.rows, [3.0, 4.0, 0.0, -1.0, 1.0, 0.0]);
    let texts: Vec<&str> = file.headlines.iter().map(|h| h.text.as_str()).collect();
    assert_eq!(texts, ["Prices rise & rise", "A quiet day", "Earlier news"]);
    assert_eq!(file.headlines[1].precision, TimePrecision::Day);
    assert_eq!(file.report.notices.count(NoticeKind::NoSymbols), 0);
}

#[test]
fn headlines_are_read_as_they_are_when_they_are_ingested() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("news.csv");
    std::fs::write(&path, TABLE).unwrap();
    let mut alone = read_headlines(&path, &HeadlineOptions::default())
        .unwrap()
        .headlines;
    let mut beside = read(TABLE).unwrap().headlines;
    alone.sort_by(|a, b| a.text.cmp(&b.text));
    beside.sort_by(|a, b| a.text.cmp(&b.text));
    assert_eq!(alone, beside);
}

#[test]
fn defects_of_either_half_take_the_other_half_with_them() {
    let table = "\
time,text,vector
2024-01-03T10:00:00Z,One,\"[1, 2]\"
never,Two,\"[3, 4]\"
2024-01-03T12:00:00Z,Three,\"[0, 0]\"
2024-01-03T13:00:00Z,,\"[0, 0]\"
2024-01-03T14:00:00Z,Five,\"[5, 6, 7]\"
2024-01-03T15:00:00Z,Six,\"[7, 8]\"
";
    let why = read(table).unwrap_err().to_string();
    assert!(why.contains("4 of 6 rows cannot be stored"), "{why}");
    let file = skip(table).unwrap();
    let texts: Vec<&str> = file.headlines.iter().map(|h| h.text.as_str()).collect();
    assert_eq!(
        (texts, file.rows),
        (vec!["One", "Six"], vec![1.0, 2.0, 7.0, 8.0])
    );
    let defects = &file.report.defects;
    assert_eq!((defects.total(), file.report.accepted), (4, 2));
    for kind in [
        DefectKind::Unparsable,
        DefectKind::ZeroVector,
        DefectKind::EmptyText,
        DefectKind::WrongDimension,
    ] {
        assert_eq!(defects.count(kind), 1, "{kind}");
    }
}

#[test]
fn a_headline_has_one_vector() {
    let row = |text: &str, vector: &str| format!("2024-01-03T10:00:00Z,{text},{vector}\n");
    let header = "time,text,d0,d1\n".to_owned();
    let twice = header.clone() + &row("One", "1,2") + &row("One", "1,2") + &row("Two", "3,4");
    let file = read(&twice).unwrap();
    assert_eq!((file.headlines.len(), file.rows.len()), (2, 4));
    assert_eq!(file.report.notices.count(NoticeKind::Duplicate), 1);
    let contrary = header + &row("One", "1,2") + &row("One", "2,1") + &row("Two", "3,4");
    assert!(read(&contrary).is_err());
    let file = skip(&contrary).unwrap();
    assert_eq!(file.report.defects.count(DefectKind::Conflict), 2);
    assert_eq!(
        (file.headlines[0].text.as_str(), file.rows),
        ("Two", vec![3.0, 4.0])
    );
}

#[test]
fn a_matrix_needs_a_table_of_as_many_headlines() {
    let table = "d0,d1\n1,2\n3,4\n";
    let meta = "time,text\n2024-01-03T10:00:00Z,One\n2024-01-03T11:00:00Z,Two\n";
    let options = HeadlineOptions::default();
    let file = read_beside(table, Some(meta), &options).unwrap();
    assert_eq!((file.headlines.len(), file.rows.len()), (2, 4));
    let more = meta.to_owned() + "2024-01-03T12:00:00Z,Three\n";
    let why = read_beside(table, Some(&more), &options)
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("a headline for each of the 2 vectors, found 3"),
        "{why}"
    );
    let why = read(table).unwrap_err().to_string();
    assert!(why.contains("no column for the time"), "{why}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("alone.npy");
    std::fs::write(&path, npy("(2, 2)", &[1.0; 4])).unwrap();
    let why = read_headline_vectors(&path, None, &options).unwrap_err();
    assert!(why.to_string().contains("--meta FILE"), "{why}");
}

#[test]
fn columns_can_be_said_for_both_halves() {
    let table = "when,words,numbers\n2024-01-03T10:00:00Z,One,\"[1, 2]\"\n";
    let column = |field: &str, column: &str| MappedColumn {
        field: field.to_owned(),
        column: column.to_owned(),
    };
    let options = HeadlineOptions {
        map: vec![
            column("time", "when"),
            column("vector", "numbers"),
            column("text", "words"),
        ],
        ..HeadlineOptions::default()
    };
    let file = read_beside(table, None, &options).unwrap();
    assert_eq!(
        (file.headlines[0].text.as_str(), file.rows),
        ("One", vec![1.0, 2.0])
    );
}

/// An array of NumPy.
fn npy(shape: &str, values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

fn one(bytes: impl AsRef<[u8]>) -> Result<Vec<f32>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("one");
    std::fs::write(&path, bytes).unwrap();
    read_one_vector(&path)
}

#[test]
fn one_vector_to_ask_with() {
    let values = [0.5, -1.0, 2.0];
    for shape in ["(3,)", "(1, 3)"] {
        assert_eq!(one(npy(shape, &values)).unwrap(), values, "{shape}");
    }
    for text in ["[0.5, -1, 2]", "0.5,-1,2\n", "0.5\n-1\n2\n"] {
        assert_eq!(one(text).unwrap(), values, "{text}");
    }
    for (bytes, part) in [
        (npy("(2, 2)", &[1.0; 4]), "expected one vector, found 2"),
        (npy("(3,)", &[0.0; 3]), "no direction"),
        (npy("(2,)", &[1.0, f32::NAN]), "not a finite number"),
        (npy("(3,)", &[1.0; 2]), "the file ends"),
        (npy("(3,)", &[1.0; 4]), "found more"),
        (b"[1, 2, x]".to_vec(), "something else as number 3"),
        (b"[0, 0]".to_vec(), "only zeros"),
        (b"[]".to_vec(), "no number"),
        ("1,".repeat(100_000).into_bytes(), "a longer text"),
    ] {
        let why = one(bytes).unwrap_err().to_string();
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn vectors_of_headlines_are_not_taken_for_those_of_charts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vectors");
    std::fs::write(&path, TABLE).unwrap();
    let why = read_vectors(&path, &VectorOptions::default()).unwrap_err();
    assert!(
        why.to_string().contains("`rhyme import headline-vectors`"),
        "{why}"
    );
}
