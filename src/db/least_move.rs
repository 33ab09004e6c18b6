//! A filter by how far windows moved.

use std::fmt;
use std::str::FromStr;

use super::past::{Past, Place};
use super::rank::Candidate;
use super::size::change;
use super::snapshot::Snapshot;
use super::told_move::MoveDirection;
use super::view::View;
use crate::error::{Error, Result, excerpt};

/// The nearest windows that are looked at before a search by a least move gives up.
const MOST_LOOKED_AT: usize = 30_000;
/// The same before a search for a large move goes on with smaller ones.
pub(super) const MOST_FOR_LARGE: usize = 8192;

/// How far windows have to move from the open of their first bar to the close of their last, up or
/// down.
///
/// ```
/// use rhymedb::LeastMove;
/// assert_eq!("2sd".parse::<LeastMove>()?, LeastMove::Deviations(2.0));
/// assert_eq!("5%".parse::<LeastMove>()?, LeastMove::Percent(5.0));
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LeastMove {
    /// In deviations of their series in the year before them ([`crate::Size::window`]). A window before
    /// which there were fewer than 64 bars does not pass.
    Deviations(f64),
    /// In percent of the price.
    Percent(f64),
}

impl LeastMove {
    pub(super) fn check(self) -> Result<()> {
        let (Self::Deviations(least) | Self::Percent(least)) = self;
        if least > 0.0 && least.is_finite() {
            return Ok(());
        }
        Err(unclear(&self.to_string()))
    }
}

fn unclear(found: &str) -> Error {
    Error::invalid(format!(
        "expected a least move above 0 in deviations or in percent, like 2sd or 5%, found {}",
        excerpt(found)
    ))
}

impl fmt::Display for LeastMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deviations(least) => write!(f, "{least}sd"),
            Self::Percent(least) => write!(f, "{least}%"),
        }
    }
}

impl FromStr for LeastMove {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |number: &str| number.trim().parse::<f64>().map_err(|_| unclear(text));
        let least = if let Some(percent) = text.trim().strip_suffix('%') {
            Self::Percent(number(percent)?)
        } else if let Some(deviations) = text.trim().strip_suffix("sd") {
            Self::Deviations(number(deviations)?)
        } else {
            return Err(unclear(text));
        };
        least.check().map_err(|_| unclear(text))?;
        Ok(least)
    }
}

/// Which candidates of a search moved far enough.
#[derive(Clone, Copy)]
pub(super) struct Moving<'a> {
    pub(super) view: &'a View,
    pub(super) snapshot: &'a Snapshot,
    pub(super) window_bars: u32,
    pub(super) least: Option<LeastMove>,
    /// Besides, only moves in this direction that are large beside the series' own past.
    pub(super) large: Option<MoveDirection>,
}

impl Moving<'_> {
    pub(super) fn passes(&self, place: Place) -> Result<bool> {
        self.view.go_on()?;
        Ok(self.moved(place)?
            && match self.large {
                Some(direction) => self
                    .snapshot
                    .moved_far(place, self.window_bars, direction)?,
                None => true,
            })
    }

    fn moved(&self, place: Place) -> Result<bool> {
        let Some(least) = self.least else {
            return Ok(true);
        };
        let moved = match least {
            LeastMove::Deviations(least) => {
                let size = self.snapshot.size(place, self.window_bars)?;
                size.map(|size| (size.window.abs(), least))
            }
            LeastMove::Percent(least) => {
                let bars = self.snapshot.window_bars(place, self.window_bars)?;
                let change = bars.as_ref().and_then(change);
                change.map(|change| (100.0 * change.abs(), least))
            }
        };
        Ok(moved.is_some_and(|(moved, least)| moved >= least))
    }

    /// Those of the candidates that moved far enough, and whether it is worth to look at more than
    /// `limit` of them.
    pub(super) fn of(
        &self,
        candidates: Vec<Candidate>,
        (limit, exact): (usize, bool),
    ) -> Result<(Vec<Candidate>, bool)> {
        let mut passing = Vec::new();
        for candidate in candidates {
            if self.passes((&candidate).into())? {
                passing.push(candidate);
            }
        }
        let most = match self.large {
            Some(_) => MOST_FOR_LARGE,
            None => MOST_LOOKED_AT,
        };
        Ok((passing, exact || limit < most))
    }
}

impl Past<'_> {
    /// Those of the windows that moved far enough; all of them where nothing is asked of that.
    pub(crate) fn moving(&self, places: &[Place], least: Option<LeastMove>) -> Result<Vec<Place>> {
        let Some(least) = least else {
            return Ok(places.to_vec());
        };
        let moving = Moving {
            view: self.view,
            snapshot: self.snapshot,
            window_bars: self.window_bars(),
            least: Some(least),
            large: None,
        };
        let mut passing = Vec::new();
        for &place in places {
            if moving.passes(place)? {
                passing.push(place);
            }
        }
        Ok(passing)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::LeastMove;

    #[test]
    fn least_moves_are_read_and_written() {
        for text in ["2sd", "0.5sd", "5%", "12.5%"] {
            assert_eq!(text.parse::<LeastMove>().unwrap().to_string(), text);
        }
        for text in [
            "", "2", "sd", "%", "-1sd", "0%", "NaNsd", "inf%", "two sd", "2 σ",
        ] {
            let error = text.parse::<LeastMove>().unwrap_err().to_string();
            assert!(error.contains("like 2sd or 5%, found"), "{text}: {error}");
        }
    }
}
