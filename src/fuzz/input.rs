//! What every check of this folder gets, and what must hold for each.

use crate::error::{Error, Result};

/// An input: options, then what is read. The character `0` stands for option 0, so that texts
/// can be written by hand.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) options: [u8; 2],
    pub(super) content: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn of(data: &'a [u8]) -> Option<Self> {
        let (options, content) = data.split_at_checked(2)?;
        let &[first, second] = options else {
            return None;
        };
        Some(Self {
            options: [first.wrapping_sub(b'0'), second.wrapping_sub(b'0')],
            content,
        })
    }

    /// One of some choices, by the first option.
    pub(super) fn choose<T: Copy>(&self, choices: &[T]) -> T {
        choices[usize::from(self.options[0]) % choices.len()]
    }

    /// Whether a bit of the second option is set.
    pub(super) fn flag(&self, bit: u8) -> bool {
        self.options[1] >> bit & 1 == 1
    }
}

/// What holds for every refusal: it is short and leaves terminals alone.
pub(super) fn check_refusal(error: &Error) {
    let text = error.to_string();
    assert!(text.len() < 5_000, "{} bytes: {text:.300}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// Reads twice, checks that both came to the same end, and gives what was read.
pub(super) fn twice<T: PartialEq + std::fmt::Debug>(read: impl Fn() -> Result<T>) -> Option<T> {
    match (read(), read()) {
        (Ok(first), Ok(second)) => {
            assert!(first == second, "{first:?} and then {second:?}");
            Some(first)
        }
        (Err(first), Err(second)) => {
            assert_eq!(first.to_string(), second.to_string());
            check_refusal(&first);
            None
        }
        (first, second) => panic!("{first:?} and then {second:?}"),
    }
}
