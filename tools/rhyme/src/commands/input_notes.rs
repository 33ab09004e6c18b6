use std::path::Path;

use rhymedb::Error;
use rhymedb::files::{FilePart, InputReport, NoticeKind};

use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::progress::{self, notice};
use crate::text::legible;

/// Says on standard error what became of input files: a refused file in full, a file that lost
/// rows in full, a file that is merely odd in one line, and only the first of those.
pub(super) struct InputNotes<'a> {
    global: &'a Global,
    odd: usize,
    refused: u64,
    /// Parts of files that were refused while the others are stored.
    parts: u64,
    /// Files that hold no table.
    passed_over: u64,
}

impl<'a> InputNotes<'a> {
    /// Odd files that are named.
    const LISTED: usize = 20;

    pub(super) fn new(global: &'a Global) -> Self {
        Self {
            global,
            odd: 0,
            refused: 0,
            parts: 0,
            passed_over: 0,
        }
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Parts of files that were refused while the others are stored.
    pub(super) fn parts(&self) -> u64 {
        self.parts
    }

    /// Files that hold no table.
    pub(super) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Whether every one of so many files was refused, or holds no table.
    pub(super) fn stored_nothing(&self, files: usize) -> bool {
        files > 0 && self.refused + self.passed_over == files as u64
    }

    /// A file whose rows are stored.
    pub(super) fn accept(&mut self, report: &InputReport) {
        self.left_out(report);
        if report.defects.total() > 0 {
            notice(self.global, &report.to_string());
        } else if report.notices.total() > 0 {
            self.odd += 1;
            if self.odd <= Self::LISTED {
                notice(self.global, &legible(&in_one_line(report)));
            }
        }
    }

    /// The parts of a file that were left out. Refused ones are told whatever `--quiet` says.
    fn left_out(&mut self, report: &InputReport) {
        let file = report.file.display();
        let refused = &report.refused;
        self.parts += refused.count;
        for part in &refused.first {
            let line = part
                .line
                .map_or_else(String::new, |l| format!(", line {l}"));
            progress::say(&legible(&format!("refused: {file}{line}: {part}")));
        }
        let more = refused.count.saturating_sub(refused.first.len() as u64);
        if more > 0 {
            progress::say(&legible(&format!("... and {more} more parts of {file}")));
        }
        for part in &report.passed_over.first {
            notice(
                self.global,
                &legible(&format!("passed over: {file}: {part}")),
            );
        }
        let whole = |part: &FilePart| part.member.is_none();
        self.passed_over += u64::from(report.passed_over.first.iter().any(whole));
    }

    /// A part of a file that was refused after the file was read.
    pub(super) fn refuse_part(&mut self, file: &Path, part: &FilePart) {
        self.parts += 1;
        progress::say(&legible(&format!("refused: {}: {part}", file.display())));
    }

    /// A file of which nothing is stored. This is an error, so `--quiet` does not hide it.
    pub(super) fn refuse(&mut self, error: &Error) {
        self.refused += 1;
        progress::say(&legible(&format!("refused: {error}")));
    }

    /// Counts the odd files that were not named.
    pub(super) fn close(&self) {
        match self.odd.saturating_sub(Self::LISTED) {
            0 => {}
            1 => notice(self.global, "... and 1 more file"),
            more => notice(self.global, &format!("... and {more} more files")),
        }
    }

    /// Fails if nothing could be stored or, where that is asked for, if anything was refused.
    pub(super) fn verdict(&self, files: usize, strict: bool) -> Outcome {
        if self.refused + self.parts > 0 && self.stored_nothing(files) {
            return Err(Failure::Partly("nothing was stored, see above".to_owned()));
        }
        if self.stored_nothing(files) {
            let message = "nothing was stored, because no file holds a table, see above";
            return Err(Failure::Partly(message.to_owned()));
        }
        if !strict || self.refused + self.parts == 0 {
            return Ok(());
        }
        let refused = self.refusals(files).unwrap_or_default();
        Err(Failure::Partly(format!(
            "{refused} refused, see above; the others are stored"
        )))
    }

    /// `1 of 4 files and 2 parts of others`.
    pub(super) fn refusals(&self, files: usize) -> Option<String> {
        let parts = match self.parts {
            1 => "1 part of the others".to_owned(),
            parts => format!("{parts} parts of the others"),
        };
        match (self.refused, self.parts) {
            (0, 0) => None,
            (0, _) => Some(parts.replace("the others", "the files")),
            (refused, 0) => Some(format!("{refused} of {files} files")),
            (refused, _) => Some(format!("{refused} of {files} files and {parts}")),
        }
    }
}

/// `a.csv: 497 rows, 2 gaps (5 bars missing), first at line 102`
fn in_one_line(report: &InputReport) -> String {
    let mut line = format!("{}: {} rows", report.file.display(), report.rows);
    for (&kind, &count) in &report.notices.counts {
        line.push_str(", ");
        line.push_str(&counted(report, kind, count));
        if kind == NoticeKind::Gap {
            let bars = if report.missing_bars == 1 {
                "bar"
            } else {
                "bars"
            };
            line.push_str(&format!(" ({} {bars} missing)", report.missing_bars));
        }
    }
    let place = report.notices.first.iter().find_map(|finding| {
        let line = finding.line?;
        Some(match &finding.member {
            Some(member) => format!(", first in {member}, line {line}"),
            None => format!(", first at line {line}"),
        })
    });
    line + &place.unwrap_or_default()
}

/// Kinds that can come often are counted; the others say once for the file what they are.
fn counted(report: &InputReport, kind: NoticeKind, count: u64) -> String {
    let (one, many) = match kind {
        NoticeKind::Duplicate => ("identical row", "identical rows"),
        NoticeKind::OutOfOrder => ("row out of order", "rows out of order"),
        NoticeKind::Gap => ("gap", "gaps"),
        NoticeKind::SymbolsJoined => (
            "row that repeats a headline for another symbol",
            "rows that repeat a headline for another symbol",
        ),
        NoticeKind::NotASymbol => ("word that is no symbol", "words that are no symbols"),
        NoticeKind::ControlCharacter => (
            "text with a control character, which is a blank now",
            "texts with control characters, which are blanks now",
        ),
        NoticeKind::HtmlEntity => (
            "text with HTML entities, which are decoded",
            "texts with HTML entities, which are decoded",
        ),
        NoticeKind::Widened => (
            "bar whose range is widened to hold open and close",
            "bars whose range is widened to hold open and close",
        ),
        NoticeKind::Split => {
            let first = report.notices.first.iter().find(|f| f.kind == kind);
            let first = first.map_or_else(String::new, |f| format!(": {}", f.message));
            let jumps = if count == 1 { "jump" } else { "jumps" };
            return format!("{count} {jumps} as in a split{first}");
        }
        said_once => {
            let found = report.notices.first.iter().find(|f| f.kind == said_once);
            return found.map_or_else(|| said_once.to_string(), |f| f.message.clone());
        }
    };
    format!("{count} {}", if count == 1 { one } else { many })
}
