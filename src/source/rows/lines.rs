//! Lines of bounded length with their numbers.

use std::io::{BufRead, Read};

use super::super::container::{BOM, Place};
use crate::error::Result;

/// The longest row of a text in bytes; a quoted field may hold line breaks, so a row may be
/// several lines.
pub(crate) const MAX_ROW: usize = 1 << 20;

/// Reads a text line by line.
pub(crate) struct Lines<'a> {
    reader: Box<dyn BufRead + 'a>,
    pub(crate) place: Place,
    /// The number of the line read last, from 1.
    pub(crate) number: u64,
    /// What [`Self::next`] cut off from it.
    pub(crate) line_break: &'static [u8],
}

impl<'a> Lines<'a> {
    pub(crate) fn new(reader: Box<dyn BufRead + 'a>, place: Place) -> Self {
        Self {
            reader,
            place,
            number: 0,
            line_break: b"",
        }
    }

    /// Replaces `line` by the next line that is not blank, without its line break.
    pub(crate) fn next(&mut self, line: &mut Vec<u8>, limit: usize) -> Result<bool> {
        loop {
            line.clear();
            if !self.append(line, limit)? {
                return Ok(false);
            }
            if self.number == 1 && line.starts_with(BOM) {
                line.drain(..BOM.len());
            }
            self.line_break = trim_line_break(line);
            if !line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Appends the next line with its line break to `line`; `limit` is for the whole of it.
    pub(crate) fn append(&mut self, line: &mut Vec<u8>, limit: usize) -> Result<bool> {
        let before = line.len();
        let room = (limit + 1).saturating_sub(before) as u64;
        let read = self
            .reader
            .by_ref()
            .take(room)
            .read_until(b'\n', line)
            .map_err(|e| self.place.read_error(Some(self.number + 1), e))?;
        if line.len() > limit {
            return Err(self.place.error(
                Some(self.number + 1),
                format!("the row is longer than {limit} bytes; is this a table, and is a quote left open?"),
            ));
        }
        self.number += u64::from(read > 0);
        Ok(read > 0)
    }
}

/// Removes `\n` or `\r\n` from the end and says which it was.
pub(crate) fn trim_line_break(line: &mut Vec<u8>) -> &'static [u8] {
    let found: &[u8] = if line.ends_with(b"\r\n") {
        b"\r\n"
    } else if line.ends_with(b"\n") {
        b"\n"
    } else {
        b""
    };
    line.truncate(line.len() - found.len());
    found
}
