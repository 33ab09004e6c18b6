use xxhash_rust::xxh3::xxh3_64;

use super::input::{Input, check_refusal};
use super::scratch::Scratch;
use crate::db::Segment;
use crate::disk::{FileSystem, SectionWriter};
use crate::error::Result;
use crate::index::{Query, RowSet, Scored, Scratch as Buffers, Wanted, search};

const MAGIC: [u8; 8] = *b"RHYMESEG";
const SECTIONS: [&str; 9] = [
    "entries", "pieces", "hi", "lo", "norms", "cnorms", "graph", "links0", "upper",
];

/// A segment file: its container, directory, vectors and graph, and searches in it.
pub fn segment(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let scratch = Scratch::new();
    let path = scratch.path().join("x.seg");
    let dim = usize::from(input.options[0] % 16) + 1;
    let rows = if input.flag(0) {
        std::fs::write(&path, with_right_tail(input.content)).unwrap();
        u32::from(input.options[1] >> 1)
    } else {
        write_sections(&path, input.content)
    };
    let searched = Segment::open_untrusted(&path, dim, rows).and_then(|s| read_all(&s, dim));
    if let Err(error) = searched {
        check_refusal(&error);
    }
}

/// Writes the sections that the input names, each after its length in two bytes, and gives the
/// number of norms.
fn write_sections(path: &std::path::Path, mut rest: &[u8]) -> u32 {
    let mut writer = SectionWriter::create(&FileSystem, path, MAGIC, 1).unwrap();
    let mut rows = 0;
    for name in SECTIONS {
        let (len, after) = rest.split_at_checked(2).unwrap_or((&[0, 0], rest));
        let len = usize::from(u16::from_le_bytes([len[0], len[1]])).min(after.len());
        let (section, after) = after.split_at(len);
        rest = after;
        writer.section(name, section).unwrap();
        if name == "norms" {
            rows = (section.len() / 4) as u32;
        }
    }
    writer.finish().unwrap();
    rows
}

/// A file as a forger would leave it: with the magic, the length and the hash of its table right.
fn with_right_tail(content: &[u8]) -> Vec<u8> {
    let mut bytes = content.to_vec();
    let len = bytes.len();
    if len < 104 {
        return bytes;
    }
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let table = usize::try_from(word(len - 40)).unwrap_or(usize::MAX);
    let hash = bytes.get(table..len - 40).map(xxh3_64);
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[len - 8..].copy_from_slice(&MAGIC);
    bytes[len - 16..len - 8].copy_from_slice(&(len as u64).to_le_bytes());
    if let Some(hash) = hash {
        bytes[len - 24..len - 16].copy_from_slice(&hash.to_le_bytes());
    }
    bytes
}

fn read_all(segment: &Segment, dim: usize) -> Result<()> {
    let directory = segment.directory()?;
    let sound = segment.verify().is_ok();
    let index = segment.index()?;
    let n = index.rows.len() as u32;
    let mut rows_of_series = 0;
    for rows in directory.iter() {
        rows_of_series += rows.rows().len();
        for (first, last) in [(i64::MIN, i64::MAX), (0, 1), (-1, i64::MAX), (5, -5)] {
            let found = rows.ending_in(first, last);
            assert!(found.is_empty() || rows.rows().start <= found.start);
            assert!(found.is_empty() || found.end <= rows.rows().end);
        }
        assert!(directory.of_series(rows.series()).is_some());
    }
    assert_eq!(rows_of_series, n as usize, "each row is of one series");
    for row in 0..n.min(64) {
        let window = directory.window_of(row);
        assert!(window.is_some() || !sound, "row {row} of a sound directory");
    }
    assert_eq!(directory.window_of(n), None);
    let some = RowSet::from_ranges([n / 4..n / 2, n / 2 + 1..n.saturating_sub(1)]);
    let query = Query::new(&vec![1.0; dim])?;
    let mut buffers = Buffers::new();
    for allowed in [&RowSet::all(n), &some] {
        let exact = Wanted {
            limit: 5,
            needed: 5,
            ef: 8,
            allowed,
            exact: true,
        };
        let nearest = index.nearest(&query, &exact, &mut buffers);
        let graph = index.graph.as_ref().expect("segments have a graph");
        let walked = search(graph, &index.rows, &query, 8, allowed, &mut buffers);
        check_hits(&nearest?.hits, allowed);
        check_hits(&walked?, allowed);
    }
    for row in 0..n.min(8) {
        assert_eq!(index.rows.row_bytes(row)?.len(), 2 * dim);
        index.rows.exact(&index.rows.query(row)?, row)?;
    }
    Ok(())
}

fn check_hits(hits: &[Scored], allowed: &RowSet) {
    assert!(hits.iter().all(|h| (-1.0..=1.0).contains(&h.score)));
    assert!(hits.iter().all(|h| allowed.contains(h.row)));
    let ordered = |a: &Scored, b: &Scored| (b.score, a.row) < (a.score, b.row);
    assert!(hits.is_sorted_by(ordered), "{hits:?}");
}
