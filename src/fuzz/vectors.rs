use std::path::Path;

use super::input::{Input, twice};
use super::scratch::Scratch;
use crate::model::SeriesKey;
use crate::source::{
    HeadlineOptions, NoticeKind, OnError, VectorFile, VectorOptions, read_headline_vectors,
    read_one_vector, read_vectors,
};

/// What stands between the array and the table beside it.
const BORDER: &[u8] = b"\n--meta--\n";

/// Vectors in `.npy`, alone or with a table of what they stand for.
pub fn vectors(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let scratch = Scratch::new();
    let border = input
        .content
        .windows(BORDER.len())
        .rposition(|w| w == BORDER);
    let (array, table) = match border {
        Some(at) => (
            &input.content[..at],
            Some(&input.content[at + BORDER.len()..]),
        ),
        None => (input.content, None),
    };
    let path = scratch.file("v.npy", array);
    let meta = table.map(|table| scratch.file("meta.csv", table));
    check_vectors_at(&path, &options(&input, meta.as_deref()));
    check_headline_vectors_at(&path, meta.as_deref(), input.flag(0));
    let Some(vector) = twice(|| read_one_vector(&path)) else {
        return;
    };
    assert!(vector.iter().all(|v| v.is_finite()) && vector.iter().any(|v| *v != 0.0));
}

/// Reads a file as vectors of headlines and checks what holds for each.
fn check_headline_vectors_at(path: &Path, meta: Option<&Path>, skip: bool) {
    let options = HeadlineOptions {
        on_error: if skip { OnError::Skip } else { OnError::Refuse },
        ..HeadlineOptions::default()
    };
    let Some(file) = twice(|| read_headline_vectors(path, meta, &options)) else {
        return;
    };
    let report = &file.report;
    assert_eq!(file.rows.len(), file.dim * file.headlines.len());
    assert_eq!(report.accepted, file.headlines.len() as u64);
    let repeated = report.notices.count(NoticeKind::Duplicate);
    let left_out = report.defects.total();
    assert_eq!(report.rows, report.accepted + left_out + repeated);
    for vector in file.rows.chunks(file.dim) {
        assert!(vector.iter().all(|v| v.is_finite()));
        assert!(vector.iter().any(|v| *v != 0.0));
    }
}

pub(super) fn options(input: &Input<'_>, meta: Option<&Path>) -> VectorOptions {
    VectorOptions {
        meta: meta.map(Path::to_path_buf),
        map: Vec::new(),
        on_error: if input.flag(0) {
            OnError::Skip
        } else {
            OnError::Refuse
        },
    }
}

/// Reads a file of vectors and checks what holds for each.
pub(super) fn check_vectors_at(path: &Path, options: &VectorOptions) {
    let Some(file) = twice(|| read_vectors(path, options)) else {
        return;
    };
    let VectorFile {
        dim,
        rows,
        meta,
        report,
    } = &file;
    assert!((1..=4096).contains(dim));
    assert_eq!(rows.len(), dim * meta.len());
    assert_eq!(report.accepted, meta.len() as u64);
    let repeated = report.notices.count(NoticeKind::Duplicate);
    let left_out = report.defects.total();
    assert_eq!(report.rows, report.accepted + left_out + repeated);
    for vector in rows.chunks(*dim) {
        assert!(vector.iter().all(|v| v.is_finite()));
        assert!(vector.iter().any(|v| *v != 0.0));
    }
    for one in meta {
        SeriesKey::new(&one.market, &one.venue, &one.symbol, one.interval)
            .expect("a name that can be one");
    }
}
