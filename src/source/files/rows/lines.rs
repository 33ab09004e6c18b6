//! Lines of bounded length with their numbers.

use std::io::{BufRead, Read};

use super::super::container::{BOM, FilePlace};
use crate::error::Result;

/// The longest row of a text in bytes; a quoted field may hold line breaks, so a row may be
/// several lines.
pub(crate) const MAX_ROW: usize = 1 << 20;

/// Reads a text line by line.
pub(crate) struct Lines<'a> {
    reader: Box<dyn BufRead + 'a>,
    pub(crate) place: FilePlace,
    /// The number of the line read last, from 1.
    pub(crate) number: u64,
    /// What [`Self::next`] cut off from it.
    pub(crate) line_break: &'static [u8],
    /// What lines end in: `\n`, or `\r` as on old Macs. Not known before the first line.
    line_end: Option<u8>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(reader: Box<dyn BufRead + 'a>, place: FilePlace) -> Self {
        Self {
            reader,
            place,
            number: 0,
            line_break: b"",
            line_end: None,
        }
    }

    /// The beginning of what is still to be read, as far as it is at hand.
    pub(super) fn peek(&mut self) -> Result<&[u8]> {
        let place = &self.place;
        let buffer = self.reader.fill_buf();
        buffer.map_err(|e| place.read_error(None, e))
    }

    /// What lines end in, told by the first line.
    pub(super) fn line_end(&mut self) -> Result<u8> {
        match self.line_end {
            Some(line_end) => Ok(line_end),
            None => {
                let line_end = line_end_of(self.peek()?);
                self.line_end = Some(line_end);
                Ok(line_end)
            }
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
            self.line_break = trim_line_break(line, self.line_end()?);
            if !line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Appends the next line with its line break to `line`; `limit` is for the whole of it.
    pub(crate) fn append(&mut self, line: &mut Vec<u8>, limit: usize) -> Result<bool> {
        let line_end = self.line_end()?;
        let before = line.len();
        let room = (limit + 1).saturating_sub(before) as u64;
        let read = self
            .reader
            .by_ref()
            .take(room)
            .read_until(line_end, line)
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

/// The byte at the first end of a line outside of quotes: `\r` if no `\n` follows it, else `\n`.
fn line_end_of(text: &[u8]) -> u8 {
    let mut quoted = false;
    let end = text.iter().position(|b| {
        quoted ^= *b == b'"';
        !quoted && matches!(b, b'\r' | b'\n')
    });
    let breaks = text.get(end.unwrap_or(text.len())..).unwrap_or_default();
    let behind = breaks.iter().find(|b| **b != b'\r');
    match (breaks.first(), behind) {
        // At the very end of what is at hand, the next byte is not known.
        (Some(b'\r'), Some(behind)) if *behind != b'\n' => b'\r',
        _ => b'\n',
    }
}

/// Removes the end of a line and says which it was.
pub(crate) fn trim_line_break(line: &mut Vec<u8>, line_end: u8) -> &'static [u8] {
    let found: &[u8] = if line_end == b'\r' {
        if line.ends_with(b"\r") { b"\r" } else { b"" }
    } else if line.ends_with(b"\r\n") {
        b"\r\n"
    } else if line.ends_with(b"\n") {
        b"\n"
    } else {
        b""
    };
    line.truncate(line.len() - found.len());
    found
}
