//! A headline as a row has it.

use super::input_report::{InputReport, NoticeKind};
use super::times::WrittenTime;
use crate::error::excerpt;
use crate::model::{Headline, TimePrecision};

/// A headline before the file's form of times is known.
pub(super) struct RawHeadline {
    pub(super) time: WrittenTime,
    pub(super) said: Option<TimePrecision>,
    pub(super) headline: Headline,
    pub(super) line: u64,
    /// The number of the row, counted from 1.
    pub(super) row: u64,
    pub(super) oddities: Oddities,
}

/// What was done to the fields of a row so that they can be stored.
#[derive(Default)]
pub(super) struct Oddities {
    pub(super) controls: bool,
    pub(super) entities: bool,
    /// A word in the field of symbols that is none.
    pub(super) no_symbol: Option<String>,
}

impl Oddities {
    pub(super) fn tell(&self, line: u64, report: &mut InputReport) {
        let mut add = |kind, message: String| report.notices.add(kind, Some(line), || message);
        if self.controls {
            let message =
                "a line break or another control character in the text; it is a blank now";
            add(NoticeKind::ControlCharacter, message.to_owned());
        }
        if self.entities {
            let message = "HTML entities like &amp; in the text; they are decoded";
            add(NoticeKind::HtmlEntity, message.to_owned());
        }
        if let Some(word) = &self.no_symbol {
            let word = excerpt(word);
            add(
                NoticeKind::NotASymbol,
                format!("{word} is no symbol; it is left out"),
            );
        }
    }
}
