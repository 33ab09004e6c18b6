//! JSON as a stream of bytes: values are found by their brackets and quotes, and parsed one at a time.

use std::io::BufRead;

use super::super::container::FilePlace;
use crate::error::{Error, Result, excerpt};

/// Reads a text byte by byte; what was read may be given back.
pub(super) struct Scan<'a> {
    reader: Box<dyn BufRead + 'a>,
    place: FilePlace,
    /// Bytes before those of the reader, from `at` on.
    ahead: Vec<u8>,
    at: usize,
    line: u64,
}

impl<'a> Scan<'a> {
    /// A scan of `start` and then of what the reader gives.
    pub(super) fn new(start: Vec<u8>, reader: Box<dyn BufRead + 'a>, place: FilePlace) -> Self {
        Self {
            reader,
            place,
            ahead: start,
            at: 0,
            line: 1,
        }
    }

    pub(super) fn place(&self) -> &FilePlace {
        &self.place
    }

    /// An error at the line that was reached.
    pub(super) fn invalid(&self, what: &str) -> Error {
        let message = format!("not valid JSON: {what}");
        self.place.error(Some(self.line), message)
    }

    /// The next bytes, empty at the end.
    fn fill(&mut self) -> Result<&[u8]> {
        if self.at < self.ahead.len() {
            return Ok(self.ahead.get(self.at..).unwrap_or_default());
        }
        let read = self.reader.fill_buf();
        read.map_err(|e| self.place.read_error(Some(self.line), e))
    }

    fn consume(&mut self, n: usize) {
        if self.at < self.ahead.len() {
            self.at += n;
        } else {
            self.ahead = Vec::new();
            self.at = 0;
            self.reader.consume(n);
        }
    }

    /// Gives back what [`Self::value`] read.
    pub(super) fn give_back(&mut self, text: &[u8]) {
        let breaks = text.iter().filter(|b| **b == b'\n').count();
        self.line -= breaks as u64;
        let read = self.ahead.get(..self.at).unwrap_or_default();
        if read.ends_with(text) {
            // Lists in lists are given back again and again.
            self.at -= text.len();
            return;
        }
        let mut ahead = text.to_vec();
        ahead.extend_from_slice(self.ahead.get(self.at..).unwrap_or_default());
        self.ahead = ahead;
        self.at = 0;
    }

    /// The next byte that is no white space; it stays the next.
    pub(super) fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
            let blanks = bytes.iter().take_while(blank).count();
            let breaks = bytes.iter().take(blanks).filter(|b| **b == b'\n').count();
            let found = bytes.get(blanks).copied();
            self.line += breaks as u64;
            self.consume(blanks);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The next byte that is no white space is this one.
    pub(super) fn expect(&mut self, wanted: u8) -> Result<()> {
        match self.peek()? {
            Some(found) if found == wanted => {
                self.consume(1);
                Ok(())
            }
            Some(found) => {
                let (wanted, found) = (char::from(wanted), char::from(found));
                let found = excerpt(&found.to_string());
                Err(self.invalid(&format!("expected {wanted}, found {found}")))
            }
            None => Err(self.ends_early()),
        }
    }

    /// The first byte of the next element of a list or object that closes with `close`; `None` if it closed.
    pub(super) fn element(&mut self, close: u8, is_first: bool) -> Result<Option<u8>> {
        if self.peek()? == Some(close) {
            self.consume(1);
            return Ok(None);
        }
        if !is_first {
            self.expect(b',')?;
        }
        match self.peek()? {
            Some(b',' | b']' | b'}') => Err(self.invalid("expected a value after a comma")),
            Some(found) => Ok(Some(found)),
            None => Err(self.ends_early()),
        }
    }

    fn ends_early(&self) -> Error {
        self.invalid("the text ends inside of a value; fetch the file again")
    }

    /// Replaces `text` by the text of the next value. `false`: it has more than `limit` bytes, and nothing
    /// was read.
    pub(super) fn value(&mut self, text: &mut Vec<u8>, limit: usize) -> Result<bool> {
        text.clear();
        self.peek()?;
        let mut end = ValueEnd::default();
        loop {
            let bytes = self.fill()?;
            if bytes.is_empty() {
                return if end.may_end_here() && !text.is_empty() {
                    Ok(true)
                } else {
                    Err(self.ends_early())
                };
            }
            let (taken, ended) = end.find(bytes);
            let part = bytes.get(..taken).unwrap_or_default();
            text.extend_from_slice(part);
            let breaks = part.iter().filter(|b| **b == b'\n').count();
            self.line += breaks as u64;
            self.consume(taken);
            if text.len() > limit {
                self.give_back(text);
                return Ok(false);
            }
            if ended {
                return Ok(true);
            }
        }
    }
}

/// Finds where a value ends.
#[derive(Default)]
struct ValueEnd {
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// It is a number or a word, which has no end of its own.
    is_bare: bool,
}

impl ValueEnd {
    fn may_end_here(&self) -> bool {
        self.is_bare
    }

    /// How many of these bytes belong to the value, and whether it ends with them.
    fn find(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_text = false;
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            if self.is_bare {
                if matches!(
                    byte,
                    b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\r' | b'\n'
                ) {
                    return (at, true);
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                _ if self.depth == 0 => self.is_bare = true,
                _ => {}
            }
        }
        (bytes.len(), false)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::{BufReader, Cursor};
    use std::path::Path;

    use super::*;

    fn scan(text: &str) -> Scan<'_> {
        // A reader that gives three bytes at a time.
        let reader = BufReader::with_capacity(3, Cursor::new(text.as_bytes()));
        Scan::new(
            Vec::new(),
            Box::new(reader),
            FilePlace::of(Path::new("t.json")),
        )
    }

    fn values(text: &str) -> Vec<String> {
        let mut scan = scan(text);
        scan.expect(b'[').unwrap();
        let mut all = Vec::new();
        let mut value = Vec::new();
        while scan.element(b']', all.is_empty()).unwrap().is_some() {
            assert!(scan.value(&mut value, 100).unwrap());
            all.push(String::from_utf8(value.clone()).unwrap());
        }
        all
    }

    #[test]
    fn values_end_where_their_brackets_and_quotes_do() {
        let text = r#" [1, [2, "]\"" ] , {"a":[ ], "}":"{"},"", "x\\",-1.5e3 ,null]"#;
        let expected = [
            "1",
            r#"[2, "]\"" ]"#,
            r#"{"a":[ ], "}":"{"}"#,
            "\"\"",
            r#""x\\""#,
            "-1.5e3",
            "null",
        ];
        assert_eq!(values(text), expected);
        assert!(values("[]").is_empty());
    }

    #[test]
    fn a_value_that_is_too_long_is_still_there() {
        let mut scan = scan("[[1,2,3,4,5,6,\n7,8],9]");
        scan.expect(b'[').unwrap();
        let mut value = Vec::new();
        assert!(!scan.value(&mut value, 5).unwrap());
        assert_eq!(scan.line, 1);
        assert!(scan.value(&mut value, 50).unwrap());
        assert_eq!(value, b"[1,2,3,4,5,6,\n7,8]");
        assert_eq!(scan.line, 2);
        assert_eq!(scan.element(b']', false).unwrap(), Some(b'9'));
    }

    #[test]
    fn what_is_given_back_again_is_not_copied() {
        let mut scan = scan("[[[1],[2]],3]");
        let mut value = Vec::new();
        assert!(scan.value(&mut value, 50).unwrap());
        scan.give_back(&value);
        scan.expect(b'[').unwrap();
        let held = scan.ahead.as_ptr();
        assert!(scan.value(&mut value, 50).unwrap());
        scan.give_back(&value);
        assert_eq!(scan.ahead.as_ptr(), held);
        assert!(scan.value(&mut value, 50).unwrap());
        assert_eq!(value, b"[[1],[2]]");
        assert_eq!(scan.element(b']', false).unwrap(), Some(b'3'));
    }

    #[test]
    fn what_is_no_list_says_so() {
        for text in ["[1 2]", "[1,,2]", "[1,]", "[1", "[\"a", "[[1]"] {
            let mut scan = scan(text);
            scan.expect(b'[').unwrap();
            let mut value = Vec::new();
            let mut first = true;
            let failed = loop {
                match scan.element(b']', first).and_then(|found| match found {
                    Some(_) => scan.value(&mut value, 100).map(Some),
                    None => Ok(None),
                }) {
                    Ok(Some(_)) => first = false,
                    Ok(None) => break None,
                    Err(e) => break Some(e.to_string()),
                }
            };
            assert!(
                failed.is_some_and(|e| e.contains("line 1: not valid JSON")),
                "{text}"
            );
        }
    }
}
