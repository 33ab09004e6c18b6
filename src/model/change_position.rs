use std::fmt;
use std::str::FromStr;

use super::text_form::serde_as_text;
use crate::error::{Error, Result, excerpt};

/// A state of one database, to ask from what changed after it: see [`crate::Database::changes_since`].
///
/// Written as text it is the number of a commit and what tells the program that made it from others. So a
/// commit that was lost, by restoring a backup or by a power cut, is not taken for the one that got its number.
///
/// ```
/// use rhymedb::data::ChangePosition;
/// let position: ChangePosition = "57-00c5a1f3e29b7d46".parse()?;
/// assert_eq!(position.commit(), 57);
/// assert_eq!(position.to_string(), "57-00c5a1f3e29b7d46");
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChangePosition {
    commit: u64,
    writer: u64,
}

impl ChangePosition {
    pub(crate) fn new(commit: u64, writer: u64) -> Self {
        Self { commit, writer }
    }

    /// The number of the commit; 0 before the first.
    pub fn commit(&self) -> u64 {
        self.commit
    }
}

impl fmt::Display for ChangePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.commit, self.writer)
    }
}

impl FromStr for ChangePosition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once('-').and_then(|(commit, writer)| {
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
            if writer.len() != 16 || !digits(commit) || !digits(writer) {
                return None;
            }
            let writer = u64::from_str_radix(writer, 16).ok()?;
            Some(Self::new(commit.parse().ok()?, writer))
        });
        parsed.ok_or_else(|| {
            Error::invalid(format!(
                "expected a position among changes like 57-00c5a1f3e29b7d46, found {}",
                excerpt(text)
            ))
        })
    }
}

serde_as_text!(ChangePosition);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        for position in [
            ChangePosition::new(0, 0),
            ChangePosition::new(u64::MAX, 1 << 63),
        ] {
            assert_eq!(
                position.to_string().parse::<ChangePosition>().unwrap(),
                position
            );
        }
        for text in [
            "",
            "57",
            "57-",
            "-00c5a1f3e29b7d46",
            "57-c5",
            "+5-00c5a1f3e29b7d46",
            "a-00c5a1f3e29b7d46",
        ] {
            let told = text.parse::<ChangePosition>().unwrap_err().to_string();
            assert!(told.starts_with("expected a position"), "{text}: {told}");
        }
    }
}
