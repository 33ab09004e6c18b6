//! Which window each row of a part is: metadata that costs O(1) a run.
//!
//! The rows of a part (a segment, or the rows not yet sealed) are sorted by series and then by
//! the close time of the window. So every filter by series and time is one range of rows for each
//! series, and only irregular steps in time cost bytes:
//!
//! ```text
//! entries   per series, ascending: series u32, first row u32, rows u32, first piece u32,
//!           pieces u32, zero u32, step i64 (ms from one window of a piece to the next)
//! pieces    per stretch of evenly spaced windows: end of the first window i64 (ms UTC),
//!           first row u32, zero u32
//! ```

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::records::SeriesId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct Entry {
    series: u32,
    first_row: u32,
    rows: u32,
    first_piece: u32,
    pieces: u32,
    zero: u32,
    step: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct Piece {
    first_end: i64,
    first_row: u32,
    zero: u32,
}

/// Collects the windows of a part in the order of its rows.
#[derive(Debug, Default)]
pub(crate) struct DirectoryBuilder {
    entries: Vec<Entry>,
    pieces: Vec<Piece>,
    rows: u32,
    last_end: i64,
}

impl DirectoryBuilder {
    /// Adds the next row. Rows must come sorted by series and end; `step` is the usual distance
    /// of two windows of the series in milliseconds.
    pub(crate) fn push(&mut self, series: SeriesId, end: i64, step: i64) {
        let row = self.rows;
        self.rows += 1;
        let continues = match self.entries.last_mut() {
            Some(entry) if entry.series == series => {
                debug_assert!(end > self.last_end, "rows are sorted by end");
                entry.rows += 1;
                let even = self.last_end.checked_add(entry.step) == Some(end);
                entry.pieces += u32::from(!even);
                even
            }
            last => {
                debug_assert!(last.is_none_or(|e| e.series < series), "rows are sorted");
                self.entries.push(Entry {
                    series,
                    first_row: row,
                    rows: 1,
                    first_piece: self.pieces.len() as u32,
                    pieces: 1,
                    zero: 0,
                    step,
                });
                false
            }
        };
        if !continues {
            self.pieces.push(Piece {
                first_end: end,
                first_row: row,
                zero: 0,
            });
        }
        self.last_end = end;
    }

    /// Adds the first `n` rows of a series of another directory, in one go. The series comes after all that are
    /// here.
    pub(crate) fn push_first(&mut self, of_one: &SeriesRows<'_>, n: u32) {
        let n = n.min(of_one.entry.rows);
        let Some(last) = n.checked_sub(1) else { return };
        let first_row = self.rows;
        let first_piece = self.pieces.len();
        for piece in of_one.pieces {
            let row = piece.first_row.saturating_sub(of_one.entry.first_row);
            if row < n {
                let first_row = first_row + row;
                self.pieces.push(Piece {
                    first_row,
                    ..*piece
                });
            }
        }
        self.entries.push(Entry {
            first_row,
            rows: n,
            first_piece: first_piece as u32,
            pieces: (self.pieces.len() - first_piece) as u32,
            ..*of_one.entry
        });
        self.rows += n;
        let end = of_one.end_of(of_one.entry.first_row + last);
        self.last_end = end.unwrap_or(self.last_end);
    }

    /// The two sections: entries and pieces.
    pub(crate) fn sections(&self) -> (&[u8], &[u8]) {
        (
            bytemuck::cast_slice(&self.entries),
            bytemuck::cast_slice(&self.pieces),
        )
    }
}

/// The rows of one series in a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesRows<'a> {
    entry: &'a Entry,
    pieces: &'a [Piece],
}

impl SeriesRows<'_> {
    pub(crate) fn series(&self) -> SeriesId {
        self.entry.series
    }

    pub(crate) fn rows(&self) -> Range<u32> {
        self.entry.first_row..self.entry.first_row + self.entry.rows
    }

    /// The rows of windows that end in `first..=last`.
    pub(crate) fn ending_in(&self, first: i64, last: i64) -> Range<u32> {
        let start = self.first_row_ending_at_or_after(first);
        let end = match last.checked_add(1) {
            Some(after) => self.first_row_ending_at_or_after(after),
            None => self.rows().end,
        };
        start..end.max(start)
    }

    fn first_row_ending_at_or_after(&self, time: i64) -> u32 {
        let rows = self.rows();
        let after = self.pieces.partition_point(|p| p.first_end < time);
        let Some(piece) = after.checked_sub(1).and_then(|i| self.pieces.get(i)) else {
            return rows.start;
        };
        let piece_end = self.pieces.get(after).map_or(rows.end, |p| p.first_row);
        let past = time.saturating_sub(piece.first_end);
        let part = i64::from(past.rem_euclid(self.entry.step) != 0);
        let steps = past.div_euclid(self.entry.step).saturating_add(part);
        let row = i64::from(piece.first_row).saturating_add(steps);
        // A damaged piece must not lead out of the series.
        u32::try_from(row)
            .unwrap_or(u32::MAX)
            .min(piece_end)
            .clamp(rows.start, rows.end)
    }

    /// The end of the window `rows` after the first one of a piece. Damage must not overflow.
    fn end_after(&self, piece: &Piece, rows: u32) -> i64 {
        let past = i64::from(rows).saturating_mul(self.entry.step);
        piece.first_end.saturating_add(past)
    }

    /// The end of the window at `row`, which must be one of [`Self::rows`].
    pub(crate) fn end_of(&self, row: u32) -> Option<i64> {
        if !self.rows().contains(&row) {
            return None;
        }
        let after = self.pieces.partition_point(|p| p.first_row <= row);
        let piece = self.pieces.get(after.checked_sub(1)?)?;
        Some(self.end_after(piece, row.checked_sub(piece.first_row)?))
    }
}

/// A checked view of a directory's two sections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directory<'a> {
    entries: &'a [Entry],
    pieces: &'a [Piece],
}

impl<'a> Directory<'a> {
    /// A view of the sections of a part with `rows` rows. Cheap: it looks at each series once.
    pub(crate) fn new(entries: &'a [u8], pieces: &'a [u8], rows: u32) -> Result<Self, String> {
        let entries: &[Entry] = bytemuck::try_cast_slice(entries)
            .map_err(|e| format!("the entries cannot be read: {e}"))?;
        let pieces: &[Piece] = bytemuck::try_cast_slice(pieces)
            .map_err(|e| format!("the pieces cannot be read: {e}"))?;
        let (mut row, mut piece, mut last_series) = (0u32, 0u32, None);
        for entry in entries {
            let sound = entry.first_row == row
                && entry.rows > 0
                && entry.first_piece == piece
                && entry.pieces > 0
                && entry.pieces <= entry.rows
                && entry.step > 0
                && last_series.is_none_or(|s| s < entry.series);
            let next = row
                .checked_add(entry.rows)
                .zip(piece.checked_add(entry.pieces));
            let (true, Some((next_row, next_piece))) = (sound, next) else {
                return Err(format!("the entry of series {} is damaged", entry.series));
            };
            (row, piece, last_series) = (next_row, next_piece, Some(entry.series));
        }
        if row != rows || piece as usize != pieces.len() {
            return Err(format!(
                "expected {rows} rows in {} pieces, found {row} rows in {piece}",
                pieces.len()
            ));
        }
        Ok(Self { entries, pieces })
    }

    /// Checks every piece: reads it all.
    pub(crate) fn verify(&self) -> Result<(), String> {
        for rows in self.iter() {
            let starts_right = rows.pieces.first().map(|p| p.first_row) == Some(rows.rows().start);
            let ascending = rows.pieces.is_sorted_by(|a, b| {
                a.first_row < b.first_row
                    && rows.end_after(a, b.first_row - a.first_row - 1) < b.first_end
            });
            let inside = rows
                .pieces
                .last()
                .is_some_and(|p| rows.rows().contains(&p.first_row));
            if !(starts_right && ascending && inside) {
                return Err(format!(
                    "the pieces of series {} are damaged",
                    rows.series()
                ));
            }
        }
        Ok(())
    }

    /// The entries with other numbers of their series, which ascend as the old ones do: the section to write.
    ///
    /// # Errors
    /// Those of `number`.
    pub(crate) fn renumbered(
        &self,
        number: impl Fn(SeriesId) -> Result<SeriesId, crate::error::Error>,
    ) -> Result<Vec<u8>, crate::error::Error> {
        let mut entries = self.entries.to_vec();
        for entry in &mut entries {
            entry.series = number(entry.series)?;
        }
        Ok(bytemuck::cast_slice(&entries).to_vec())
    }

    /// All series with their rows, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = SeriesRows<'a>> + use<'a> {
        let pieces = self.pieces;
        self.entries.iter().map(move |entry| view(entry, pieces))
    }

    /// The rows of one series.
    pub(crate) fn of_series(&self, series: SeriesId) -> Option<SeriesRows<'a>> {
        let i = self
            .entries
            .binary_search_by_key(&series, |e| e.series)
            .ok()?;
        Some(view(self.entries.get(i)?, self.pieces))
    }

    /// The series and the end of the window at `row`.
    pub(crate) fn window_of(&self, row: u32) -> Option<(SeriesId, i64)> {
        let after = self.entries.partition_point(|e| e.first_row <= row);
        let entry = self.entries.get(after.checked_sub(1)?)?;
        Some((entry.series, view(entry, self.pieces).end_of(row)?))
    }
}

fn view<'a>(entry: &'a Entry, pieces: &'a [Piece]) -> SeriesRows<'a> {
    let first = entry.first_piece as usize;
    SeriesRows {
        entry,
        pieces: pieces
            .get(first..first + entry.pieces as usize)
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn build(windows: &BTreeSet<(u32, i64)>) -> DirectoryBuilder {
        let mut builder = DirectoryBuilder::default();
        for &(series, end) in windows {
            builder.push(series, end, 10);
        }
        builder
    }

    proptest! {
        #[test]
        fn rows_and_windows_are_inverse(
            windows in prop::collection::btree_set((0u32..5, -30i64..30), 0..80),
            scale in prop::sample::select(vec![1i64, 5, 10, 20]),
            (from, to) in (-700i64..700, -700i64..700),
        ) {
            let windows: BTreeSet<_> = windows.iter().map(|&(s, e)| (s, e * scale)).collect();
            let builder = build(&windows);
            let (entries, pieces) = builder.sections();
            let directory = Directory::new(entries, pieces, windows.len() as u32).unwrap();
            directory.verify().unwrap();
            let listed: Vec<_> = windows.iter().copied().collect();
            for (row, window) in listed.iter().enumerate() {
                prop_assert_eq!(directory.window_of(row as u32), Some(*window));
            }
            prop_assert_eq!(directory.window_of(listed.len() as u32), None);
            for rows in directory.iter() {
                let found: Vec<_> = rows.ending_in(from, to).map(|r| listed[r as usize]).collect();
                let expected: Vec<_> = listed
                    .iter()
                    .filter(|(s, e)| *s == rows.series() && (from..=to).contains(e))
                    .copied()
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn even_steps_cost_one_piece() {
        let windows = (0..1000).map(|i| (7, i * 10)).collect();
        let builder = build(&windows);
        assert_eq!(builder.sections().0.len(), size_of::<Entry>());
        assert_eq!(builder.sections().1.len(), size_of::<Piece>());
    }

    #[test]
    fn damaged_sections_are_refused() {
        let windows = (0..10).map(|i| (i / 5, i64::from(i) * 10)).collect();
        let builder = build(&windows);
        let (entries, pieces) = builder.sections();
        assert!(Directory::new(&entries[1..], pieces, 10).is_err());
        assert!(Directory::new(entries, &pieces[16..], 10).is_err());
        assert!(Directory::new(entries, pieces, 11).is_err());
        let mut wrong = entries.to_vec();
        wrong[8] += 1;
        assert!(Directory::new(&wrong, pieces, 10).is_err());
    }
}
