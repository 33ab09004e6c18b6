//! Lines of a text that are no rows.

use crate::error::shortened;

/// How many lines are left out, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    lines: u64,
    first: Option<(u64, String)>,
}

impl Skipped {
    pub(super) fn count(&mut self, number: u64, line: &[u8]) {
        self.lines += 1;
        self.first
            .get_or_insert_with(|| (number, shortened(&String::from_utf8_lossy(line))));
    }

    /// The number of the first line, and what to say about all of them.
    pub(crate) fn notice(&self) -> Option<(u64, String)> {
        let (number, text) = self.first.as_ref()?;
        let lines = match self.lines {
            1 => "1 line that is no row is left out".to_owned(),
            more => format!("{more} lines that are no rows are left out"),
        };
        Some((*number, format!("{lines}: {text}")))
    }
}
