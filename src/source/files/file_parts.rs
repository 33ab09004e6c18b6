//! Parts of a file that were left out while the rest of it was read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::shortened;

/// A part of a file: a symbol in it, a member of a zip file, or the whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// The name inside the zip file, if the file is one.
    pub member: Option<String>,
    /// The symbol, if others are in the file.
    pub symbol: Option<String>,
    /// The line of what is wrong, where it is known.
    pub line: Option<u64>,
    /// What was expected, what came and what to do.
    pub message: String,
}

impl fmt::Display for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(member) = &self.member {
            write!(f, "in {}: ", shortened(member))?;
        }
        if let Some(symbol) = &self.symbol {
            write!(f, "{}: ", shortened(symbol))?;
        }
        f.write_str(&self.message)
    }
}

/// Parts counted; the first [`Self::LISTED`] are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileParts {
    /// How many there are.
    pub count: u64,
    /// Rows in them.
    pub rows: u64,
    /// The first ones in the order of the file.
    pub first: Vec<FilePart>,
}

impl FileParts {
    /// How many parts are kept.
    pub const LISTED: usize = 20;

    pub(crate) fn add(&mut self, rows: u64, part: FilePart) {
        self.count += 1;
        self.rows += rows;
        if self.first.len() < Self::LISTED {
            self.first.push(part);
        }
    }

    /// Adds the parts of a member of the file.
    pub(super) fn absorb(&mut self, member: Option<&str>, other: Self) {
        self.count += other.count;
        self.rows += other.rows;
        let room = Self::LISTED.saturating_sub(self.first.len());
        let labelled = other.first.into_iter().take(room).map(|part| FilePart {
            member: member.map(str::to_owned),
            ..part
        });
        self.first.extend(labelled);
    }
}

impl fmt::Display for FileParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.first {
            match part.line {
                Some(line) => write!(f, "\n    line {line}: {part}")?,
                None => write!(f, "\n    {part}")?,
            }
        }
        match self.count.saturating_sub(self.first.len() as u64) {
            0 => Ok(()),
            more => write!(f, "\n    and {more} more"),
        }
    }
}
