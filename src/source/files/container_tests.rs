#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::*;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What the members of a file are: their naming path below the file's folder, kind and text.
fn members(bytes: &[u8]) -> Result<Vec<(String, &'static str, Vec<u8>)>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    let mut found = Vec::new();
    for_each_member(&path, &mut |member| {
        let place = member.place;
        let (kind, reader) = match member.content {
            Content::Csv(reader) => ("csv", Some(reader)),
            Content::Json(reader) => ("json", Some(reader)),
            Content::Npy(reader) => ("npy", Some(reader)),
            Content::Parquet => ("parquet", None),
            Content::Feather => ("feather", None),
        };
        let mut text = Vec::new();
        if let Some(mut reader) = reader {
            reader
                .read_to_end(&mut text)
                .map_err(|e| place.read_error(None, e))?;
        }
        let name = place.naming_path();
        let name = name.strip_prefix(dir.path()).unwrap();
        found.push((name.to_string_lossy().into_owned(), kind, text));
        Ok(())
    })?;
    Ok(found)
}

fn refusal(bytes: &[u8]) -> String {
    members(bytes).unwrap_err().to_string()
}

#[test]
fn content_decides_not_the_name() {
    let file = |kind, text: &[u8]| vec![("file".to_owned(), kind, text.to_vec())];
    assert_eq!(members(b"a,b\n1,2\n").unwrap(), file("csv", b"a,b\n1,2\n"));
    assert_eq!(members(b"").unwrap(), file("csv", b""));
    assert_eq!(members(b"\n [1]").unwrap(), file("json", b"\n [1]"));
    assert_eq!(
        members(b"\xef\xbb\xbf{}").unwrap(),
        file("json", b"\xef\xbb\xbf{}")
    );
    assert_eq!(members(&gz(b"a,b")).unwrap(), file("csv", b"a,b"));
    assert_eq!(
        members(&gz(b"\x93NUMPY")).unwrap(),
        file("npy", b"\x93NUMPY")
    );
    assert_eq!(members(b"PAR1....PAR1").unwrap(), file("parquet", b""));
    let parts = [gz(b"a,b\n"), gz(b"1,2\n")].concat();
    assert_eq!(members(&parts).unwrap(), file("csv", b"a,b\n1,2\n"));
}

#[test]
fn a_zip_gives_its_members_in_order() {
    let packed = gz(b"c,d");
    let bytes = zip_of(&[
        ("b/X_1h.csv", b"a,b"),
        ("__MACOSX/b/._X_1h.csv", b"junk"),
        (".hidden", b"junk"),
        ("a/Y.csv.gz", &packed),
    ]);
    let expected = [
        ("b/X_1h.csv".to_owned(), "csv", b"a,b".to_vec()),
        ("a/Y.csv.gz".to_owned(), "csv", b"c,d".to_vec()),
    ];
    assert_eq!(members(&bytes).unwrap(), expected);
}

#[test]
fn names_in_a_zip_lead_nowhere() {
    for (name, expected) in [
        ("../../etc/X_1h.csv", "etc/X_1h.csv"),
        ("/etc/X_1h.csv", "etc/X_1h.csv"),
        ("a/./../b/X.csv", "a/b/X.csv"),
        ("..\\..\\b\\X.csv", "b/X.csv"),
    ] {
        let found = members(&zip_of(&[(name, b"a,b")])).unwrap();
        assert_eq!(found[0].0, expected, "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    for (bytes, reason) in [
        (b"\x28\xb5\x2f\xfd....".to_vec(), "found zstd"),
        (b"BZh91AY".to_vec(), "found bzip2"),
        (b"\xff\xfea\0b\0".to_vec(), "UTF-16"),
        (b"ab\0cd".to_vec(), "binary data"),
        (gz(&gz(b"a")), "container in a container"),
        (gz(b"PAR1"), "Parquet inside of gzip"),
        (zip_of(&[("a", b"PAR1")]), "Parquet inside of zip"),
        (zip_of(&[("a", &zip_of(&[]))]), "container in a container"),
        (zip_of(&[]), "no files"),
        (zip_of(&[(".x", b"a")]), "no files"),
    ] {
        let text = refusal(&bytes);
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn a_missing_file_is_an_io_error() {
    let error = for_each_member(Path::new("no/such/file"), &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, Error::Io { action: "open", .. }), "{error}");
}

/// Lines that deflate well, but not as well as a bomb.
fn table() -> Vec<u8> {
    let line = |i: u64| format!("{},{}\n", i, i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (0..2_000).map(line).collect::<String>().into_bytes()
}

#[test]
fn every_truncation_of_a_gzip_is_an_error() {
    let whole = gz(&table());
    assert!(members(&whole).is_ok());
    for end in (2..whole.len()).step_by(97).chain([whole.len() - 1]) {
        let text = refusal(&whole[..end]);
        assert!(text.contains("ends too early"), "{end}: {text}");
    }
}

#[test]
fn every_truncation_of_a_zip_is_an_error() {
    let whole = zip_of(&[("X_1h.csv", &table())]);
    assert!(members(&whole).is_ok());
    for end in (4..whole.len()).step_by(397).chain([whole.len() - 1]) {
        let text = refusal(&whole[..end]);
        assert!(text.contains("zip file is damaged"), "{end}: {text}");
    }
}

#[test]
fn a_bomb_is_stopped() {
    let bomb = gz(&vec![b'1'; 80 << 20]);
    assert!((bomb.len() as u64) < INFLATION_FLOOR / MAX_INFLATION);
    let text = refusal(&bomb);
    assert!(text.contains("grows beyond 64 MiB"), "{text}");
}

#[test]
fn a_flipped_byte_in_a_zip_is_noticed() {
    let whole = zip_of(&[("X_1h.csv", &table())]);
    for at in (60..whole.len() / 2).step_by(211) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(members(&bytes).is_err(), "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_do_not_panic(
        magic in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08"]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = members(&[magic, &bytes].concat());
    }

    #[test]
    fn damaged_zips_do_not_panic(flips in prop::collection::vec((0..400_usize, any::<u8>()), 1..8)) {
        let mut bytes = zip_of(&[("a/X_1h.csv", b"a,b\n1,2\n"), ("b.csv", b"c")]);
        for (at, value) in flips {
            let len = bytes.len();
            bytes[at % len] = value;
        }
        let _ = members(&bytes);
    }
}
