//! Light or dark.

use std::str::FromStr;

use crate::error::{Error, Result, excerpt};

/// The colours of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// What the viewer prefers; light in PNG, which cannot ask.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl FromStr for Theme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(Error::invalid(format!(
                "expected the theme auto, light or dark, found {}",
                excerpt(text)
            ))),
        }
    }
}
