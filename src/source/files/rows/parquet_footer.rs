//! How deep the columns of a Parquet file nest, told from the bytes of its footer.
//!
//! The `parquet` crate makes a tree of the columns by recursion, so that a forged file of 80 KB
//! would overflow the stack, which no error handling survives. Columns are listed depth first,
//! each with the number of its children, in the compact protocol of Thrift.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The deepest nesting of columns that is read; tables of numbers and texts have 1 to 4.
pub(super) const MAX_DEPTH: usize = 100;

/// The length of the footer and the magic, which end the file.
const TAIL: u64 = 8;
/// The field of a footer that lists the columns, and that of a column that counts its children.
const COLUMNS: i64 = 2;
const CHILDREN: i64 = 5;
/// Thrift's numbers of types.
const LIST: u8 = 9;
const STRUCT: u8 = 12;
/// How deep values nest that are only skipped.
const MAX_SKIPPED: u8 = 32;

/// Checks the footer of a file.
///
/// # Errors
/// What is wrong with it. A file without a footer passes: it is refused when it is opened.
pub(super) fn check_footer(file: &mut File) -> io::Result<Result<(), String>> {
    let end = file.seek(SeekFrom::End(0))?;
    let Some(tail_start) = end.checked_sub(TAIL) else {
        return Ok(Ok(()));
    };
    let mut tail = [0; TAIL as usize];
    file.seek(SeekFrom::Start(tail_start))?;
    file.read_exact(&mut tail)?;
    let [a, b, c, d, magic @ ..] = tail;
    let len = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(start) = tail_start.checked_sub(len).filter(|_| magic == *b"PAR1") else {
        return Ok(Ok(()));
    };
    let mut footer = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(len).read_to_end(&mut footer)?;
    Ok(match Compact(&footer).deepest_column() {
        None => Err("its footer is damaged".to_owned()),
        Some(depth) if depth > MAX_DEPTH => Err(format!(
            "expected columns nested at most {MAX_DEPTH} deep, found more"
        )),
        Some(_) => Ok(()),
    })
}

/// What is left of a text in the compact protocol. `None` from any of its functions: it ends too
/// early or is none.
struct Compact<'a>(&'a [u8]);

impl Compact<'_> {
    /// How deep the columns of a footer nest; beyond [`MAX_DEPTH`] it stops to count.
    fn deepest_column(&mut self) -> Option<usize> {
        let mut id = 0;
        let mut deepest = 0;
        while let Some(kind) = self.next_field(&mut id)? {
            if (id, kind) == (COLUMNS, LIST) {
                deepest = deepest.max(self.deepest_of_list()?);
            } else {
                self.skip(kind, 0)?;
            }
        }
        Some(deepest)
    }

    fn deepest_of_list(&mut self) -> Option<usize> {
        let (kind, count) = self.list()?;
        if kind != STRUCT {
            return None;
        }
        // The children that are still to come of each column above the next one.
        let mut open: Vec<i64> = Vec::new();
        let mut deepest = 0;
        for _ in 0..count {
            let children = self.children()?;
            while open.pop_if(|left| *left == 0).is_some() {}
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            open.push(children.max(0));
            deepest = deepest.max(open.len());
            if deepest > MAX_DEPTH {
                return Some(deepest);
            }
        }
        Some(deepest)
    }

    /// Reads a column for the number of its children.
    fn children(&mut self) -> Option<i64> {
        let mut id = 0;
        let mut children = 0;
        while let Some(kind) = self.next_field(&mut id)? {
            if id == CHILDREN && matches!(kind, 4..=6) {
                children = self.integer()?;
            } else {
                self.skip(kind, 0)?;
            }
        }
        Some(children)
    }

    /// The type of the next field of a struct, whose number goes to `id`; the inner `None` is the
    /// struct's end.
    fn next_field(&mut self, id: &mut i64) -> Option<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *id = match head >> 4 {
            0 => self.integer()?,
            step => id.checked_add(i64::from(step))?,
        };
        Some(Some(head & 15))
    }

    /// The type and the number of a list's values.
    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        Some((head & 15, count))
    }

    /// Passes over a value of a field.
    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        if depth > MAX_SKIPPED {
            return None;
        }
        match kind {
            // Booleans are their type.
            1 | 2 => Some(()),
            3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            8 => {
                let len = self.varint()?;
                self.pass(len)
            }
            LIST | 10 => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_in_list(kind, depth + 1))
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.skip_in_list(kinds >> 4, depth + 1)?;
                    self.skip_in_list(kinds & 15, depth + 1)
                })
            }
            STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.next_field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// Passes over a value of a list, where booleans take a byte.
    fn skip_in_list(&mut self, kind: u8, depth: u8) -> Option<()> {
        match kind {
            1 | 2 => self.byte().map(drop),
            other => self.skip(other, depth),
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn pass(&mut self, len: u64) -> Option<()> {
        let (_, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    /// A signed integer: 0, -1, 1, -2, ...
    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;

    use super::*;

    /// A file whose columns nest this deep, below a root.
    fn nested(depth: u32) -> Vec<u8> {
        let group = b"\x35\x00\x18\x01a\x15\x02\x00".repeat(depth as usize);
        let mut count = Vec::new();
        let mut left = depth + 2;
        while left > 127 {
            count.push(left as u8 | 128);
            left >>= 7;
        }
        count.push(left as u8);
        let footer = [
            b"\x15\x02\x19\xfc",
            &count[..],
            b"\x48\x04root\x15\x02\x00",
            &group,
            b"\x15\x02\x25\x00\x18\x01b\x00\x16\x00\x19\x0c\x00",
        ]
        .concat();
        let len = (footer.len() as u32).to_le_bytes();
        [b"PAR1", &footer[..], &len, b"PAR1"].concat()
    }

    fn check(bytes: &[u8]) -> Result<(), String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        check_footer(&mut file).unwrap()
    }

    #[test]
    fn depth_is_counted() {
        // The root and the leaf count as well.
        assert_eq!(check(&nested(MAX_DEPTH as u32 - 2)), Ok(()));
        for depth in [MAX_DEPTH as u32 - 1, 1_000, 100_000] {
            assert!(check(&nested(depth)).is_err_and(|e| e.contains("at most 100 deep")));
        }
    }

    #[test]
    fn siblings_are_not_deep() {
        let leaf: &[u8] = b"\x15\x02\x25\x00\x18\x01b\x00";
        let schema = [
            b"\x15\x02\x19\xfc\xc9\x01\x48\x04root\x15\x90\x03\x00",
            &leaf.repeat(200)[..],
            b"\x00",
        ];
        assert_eq!(Compact(&schema.concat()).deepest_column(), Some(2));
    }

    #[test]
    fn every_cut_of_a_footer_is_noticed() {
        let file = nested(5);
        let footer = file.get(4..file.len() - 8).unwrap();
        for end in 0..footer.len() {
            let cut = footer.get(..end).unwrap();
            assert_eq!(Compact(cut).deepest_column(), None, "{end}");
        }
        assert_eq!(Compact(footer).deepest_column(), Some(7));
    }

    #[test]
    fn what_has_no_footer_is_left_to_others() {
        for bytes in [&b""[..], b"PAR1", b"PAR1PARE", b"\xff\xff\xff\xffPAR1"] {
            assert_eq!(check(bytes), Ok(()));
        }
    }
}
