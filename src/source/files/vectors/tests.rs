#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::super::input_report::NoticeKind;
use super::*;
use crate::model::{Interval, Timestamp};
use crate::source::files::input_report::{DefectKind, OnError};

/// A `.npy` file as NumPy writes it.
fn npy(descr: &str, rows: usize, dim: usize, values: &[u8]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {dim}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
}

fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn read_beside(
    bytes: impl AsRef<[u8]>,
    sidecar: Option<&str>,
    on_error: OnError,
) -> Result<VectorFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vectors");
    std::fs::write(&path, bytes).unwrap();
    let meta = sidecar.map(|text| {
        let path = dir.path().join("meta.csv");
        std::fs::write(&path, text).unwrap();
        path
    });
    let options = VectorOptions {
        meta,
        on_error,
        ..VectorOptions::default()
    };
    read_vectors(&path, &options)
}

fn read(bytes: impl AsRef<[u8]>) -> Result<VectorFile> {
    read_beside(bytes, None, OnError::Refuse)
}

#[test]
fn npy_of_three_widths() {
    let expected = [1.0, -2.0, 0.5, 65_504.0];
    let doubles: Vec<u8> = expected
        .iter()
        .flat_map(|v| f64::from(*v).to_le_bytes())
        .collect();
    let halves: Vec<u8> = [0x3c00_u16, 0xc000, 0x3800, 0x7bff]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    for bytes in [
        npy("<f4", 2, 2, &singles(&expected)),
        npy("<f8", 2, 2, &doubles),
        npy("<f2", 2, 2, &halves),
    ] {
        let file = read(bytes).unwrap();
        assert_eq!((file.dim, &file.rows[..]), (2, &expected[..]));
        assert_eq!(file.meta.len(), 2);
        assert_eq!(file.meta[1].end, Timestamp::from_millis(60_000));
        let meta = &file.meta[0];
        let names = [&meta.market, &meta.venue, &meta.symbol];
        assert_eq!(names, ["imported", "default", "v"]);
        assert_eq!(
            (meta.interval, meta.end),
            (Interval::minutes(1), Timestamp::from_millis(0))
        );
        assert_eq!((file.report.rows, file.report.accepted), (2, 2));
    }
}

#[test]
fn a_table_beside_them_says_what_they_are() {
    let bytes = npy("<f4", 2, 1, &singles(&[1.0, 2.0]));
    let table = "symbol,interval,close_time,market\nBTCUSDT,1h,2020-01-01T05:00Z,crypto\n,,2020-01-01T06:00Z,\n";
    let file = read_beside(&bytes, Some(table), OnError::Refuse).unwrap();
    assert_eq!(file.meta[0].symbol, "BTCUSDT");
    assert_eq!(file.meta[0].interval, Interval::hours(1));
    assert_eq!(file.meta[0].end, "2020-01-01T05:00".parse().unwrap());
    assert_eq!(file.meta[1].market, "imported");
    for (table, reason) in [
        ("symbol\nX\n", "for each of the 2 vectors, found 1"),
        ("name\nX\nY\n", "at least one of the columns market"),
        ("symbol\nX\na/b\n", "line 2: expected a symbol"),
        ("interval\n1h\nlong\n", "line 2: expected an interval"),
        ("time\n2020-01-01\nsoon\n", "line 2: expected a time"),
        (
            "time\n2020-01-01\n1577836800\n",
            "line 2: expected the time in",
        ),
    ] {
        let refused = read_beside(&bytes, Some(table), OnError::Refuse).unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    let file = read_beside(&bytes, Some("symbol\na/b\nY\n"), OnError::Skip).unwrap();
    assert_eq!((file.rows, file.meta[0].symbol.as_str()), (vec![2.0], "Y"));
}

#[test]
fn integers_are_cast() {
    for (descr, bytes) in [
        ("|i1", vec![1_u8, 0xfe]),
        (
            "<i2",
            [1_i16, -2].iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        (
            "<i8",
            [1_i64, -2].iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
    ] {
        let file = read(npy(descr, 1, 2, &bytes)).unwrap();
        assert_eq!(file.rows, [1.0, -2.0], "{descr}");
    }
    let file = read(npy("<u4", 1, 1, &4_000_000_000_u32.to_le_bytes())).unwrap();
    assert_eq!(file.rows, [4e9]);
}

#[test]
fn vectors_in_text() {
    for text in [
        "time,symbol,embedding\n2020-01-01,A,\"[1.0, -2.0]\"\n2020-01-02,A,\"[3, 4]\"\n",
        "time,symbol,d0,d1\n2020-01-01,A,1,-2\n2020-01-02,A,3,4\n",
        "{\"time\":\"2020-01-01\",\"symbol\":\"A\",\"vector\":[1,-2]}\n{\"time\":\"2020-01-02\",\"symbol\":\"A\",\"vector\":[3,4]}\n",
        "{\"data\":[{\"embedding\":[1,-2],\"symbol\":\"A\",\"time\":\"2020-01-01\"},{\"embedding\":[3,4],\"symbol\":\"A\",\"time\":\"2020-01-02\"}]}",
    ] {
        let file = read(text).unwrap();
        assert_eq!(
            (file.dim, &file.rows[..]),
            (2, &[1.0, -2.0, 3.0, 4.0][..]),
            "{text}"
        );
        assert_eq!(file.meta[1].symbol, "A");
        assert_eq!(file.meta[1].end, "2020-01-03".parse().unwrap());
    }
}

#[test]
fn rows_of_one_window_are_told() {
    let table = "symbol,time\nX,2020-01-01\nY,2020-01-01\nX,2020-01-01\nX,2020-01-02\n";
    let same = npy("<f4", 4, 1, &singles(&[1.0, 2.0, 1.0, 4.0]));
    let file = read_beside(&same, Some(table), OnError::Refuse).unwrap();
    assert_eq!(file.rows, [1.0, 2.0, 4.0]);
    assert_eq!(file.report.notices.count(NoticeKind::Duplicate), 1);
    let said = file.report.to_string();
    let expected =
        "line 3: the same vector of imported/default/X:1m ending 2020-01-02T00:00:00Z is in row 1";
    assert!(said.contains(expected), "{said}");

    let other = npy("<f4", 4, 1, &singles(&[1.0, 2.0, 3.0, 4.0]));
    let refused = read_beside(&other, Some(table), OnError::Refuse).unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("line 1: row 3 has another vector of imported/default/X:1m")
            && refused.contains("2 of 4 rows"),
        "{refused}"
    );
    let file = read_beside(&other, Some(table), OnError::Skip).unwrap();
    assert_eq!(file.rows, [2.0, 4.0]);
    assert_eq!(file.report.defects.count(DefectKind::Conflict), 2);
}

#[test]
fn unusable_vectors_are_defects() {
    for (values, kind) in [
        ([f32::NAN, 1.0], DefectKind::NotFinite),
        ([f32::INFINITY, 1.0], DefectKind::NotFinite),
        ([0.0, -0.0], DefectKind::ZeroVector),
    ] {
        let bytes = npy(
            "<f4",
            3,
            2,
            &singles(&[1.0, 2.0, values[0], values[1], 3.0, 4.0]),
        );
        let refused = read(&bytes).unwrap_err().to_string();
        assert!(refused.contains("line 2: "), "{refused}");
        let file = read_beside(&bytes, None, OnError::Skip).unwrap();
        assert_eq!(file.rows, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(file.meta[1].end, Timestamp::from_millis(120_000));
        assert_eq!(file.report.defects.count(kind), 1);
    }
    // Too large for 32 bits.
    let bytes = npy("<f8", 1, 1, &1e300_f64.to_le_bytes());
    assert!(
        read(bytes)
            .unwrap_err()
            .to_string()
            .contains("not a finite number")
    );
}

#[test]
fn every_truncation_of_an_npy_is_an_error() {
    let whole = npy("<f4", 3, 2, &singles(&[1.0; 6]));
    for end in 6..whole.len() {
        let refused = read(&whole[..end]).unwrap_err().to_string();
        let known = refused.contains("ends in its header") || refused.contains("ends in number");
        assert!(known, "{end}: {refused}");
    }
    let longer = [&whole[..], b"x"].concat();
    assert!(read(longer).unwrap_err().to_string().contains("found more"));
}

#[test]
fn shapes_and_contents_that_cannot_be() {
    for (bytes, reason) in [
        (npy("<f4", 1, 0, &[]), "dimension 1 to 4096, found 0"),
        (npy("<f4", 1, 5_000, &[]), "found 5000"),
        (
            b"a,b\n1,2\n".to_vec(),
            "no column for the vector among: a, b",
        ),
        (
            b"\x93NUMPY\x09\x00\x00\x00".to_vec(),
            "version 1 to 3, found 9",
        ),
        (
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
            "header of at most",
        ),
    ] {
        let refused = read(bytes).unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    assert!(read(npy("<f4", 0, 4, &[])).unwrap().meta.is_empty());
    // A shape that promises more than any memory costs nothing until it is read.
    assert!(read(npy("<f4", usize::MAX, 4, &[0; 16])).is_err());
}

proptest! {
    #[test]
    fn what_is_written_is_read(values in prop::collection::vec(1e-3..1e3_f32, 1..64)) {
        let file = read(npy("<f4", values.len(), 1, &singles(&values))).unwrap();
        prop_assert_eq!(file.rows, values);
    }

    #[test]
    fn arbitrary_headers_do_not_panic(
        header in "[{}()<>'a-z_:, 0-9A-Z]{0,80}",
        values in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        let _ = read([b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &values].concat());
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_the_feature_parquet_is_refused_with_a_reason() {
    let refused = read(b"PAR1....PAR1").unwrap_err().to_string();
    assert!(
        refused.contains("built without the feature parquet"),
        "{refused}"
    );
}

#[test]
fn a_date_ends_with_its_day_and_a_time_may_be_in_two_columns() {
    let vectors = npy("<f4", 2, 1, &singles(&[1.0, 2.0]));
    let ends = |sidecar: &str, map: &str| {
        let dir = tempfile::tempdir().unwrap();
        let (path, meta) = (dir.path().join("v.npy"), dir.path().join("m.csv"));
        std::fs::write(&path, &vectors).unwrap();
        std::fs::write(&meta, sidecar).unwrap();
        let map = (!map.is_empty()).then(|| crate::source::files::parse_map(map).unwrap());
        let options = VectorOptions {
            meta: Some(meta),
            map: map.unwrap_or_default(),
            ..VectorOptions::default()
        };
        let file = read_vectors(&path, &options).map_err(|e| e.to_string())?;
        let ends = file.meta.iter().map(|m| m.end.to_string());
        Ok::<_, String>(ends.collect::<Vec<_>>().join(" "))
    };
    let days = ends("symbol,end\nA,2024-01-02\nA,20240103\n", "").unwrap();
    assert_eq!(days, "2024-01-03T00:00:00Z 2024-01-04T00:00:00Z");
    let halves = "symbol,date,time\nA,2024-01-02,09:30\nA,2024-01-03,0930\n";
    let refused = ends(halves, "").unwrap_err();
    let hint = refused.split("--map ").nth(1).unwrap();
    let hint = hint.split_whitespace().next().unwrap();
    let times = ends(halves, hint).unwrap();
    assert_eq!(times, "2024-01-02T09:30:00Z 2024-01-03T09:30:00Z");
}
