//! The checks of arguments that every encoder makes before it reads a bar.

use crate::error::{Error, Result};
use crate::model::EncoderSpec;

/// Bars that one embedding depends on: the window and its warm-up.
pub(crate) fn reach(spec: &EncoderSpec) -> usize {
    (spec.window as usize).saturating_add(spec.warm_up as usize)
}

/// Checks that `bars` bars are enough for one window, and returns the index of the first one that
/// the window or its warm-up reads.
pub(crate) fn check_bars(spec: &EncoderSpec, bars: usize) -> Result<usize> {
    let needed = reach(spec);
    bars.checked_sub(needed).ok_or_else(|| {
        Error::invalid(format!(
            "expected at least {needed} bars, which one window of {} reads, found {bars}; give more bars or use a shorter window",
            spec.id
        ))
    })
}

/// Checks that each of `ends` is the last bar of a window within a stretch of `bars` bars.
pub(crate) fn check_ends(spec: &EncoderSpec, bars: usize, ends: &[usize]) -> Result<()> {
    let needed = reach(spec);
    match ends.iter().find(|&&end| end >= bars || end + 1 < needed) {
        None => Ok(()),
        Some(end) => Err(Error::invalid(format!(
            "expected windows of {} to end at a bar from {} to the last of {bars} bars, found an end at {end}; count bars from 0 and leave room for {needed} bars",
            spec.id,
            needed.saturating_sub(1)
        ))),
    }
}

/// The bars that the windows at `ends` read, as a range of indices; `None` without ends.
pub(crate) fn span(spec: &EncoderSpec, ends: &[usize]) -> Option<std::ops::Range<usize>> {
    let first = ends.iter().min()?;
    let last = ends.iter().max()?;
    Some((first + 1).saturating_sub(reach(spec))..last + 1)
}

/// A part of a column of bars.
///
/// # Errors
/// [`Error::Invalid`] if the column is shorter than the bars that it belongs to.
pub(crate) fn part<'a>(
    column: &'a [f64],
    range: &std::ops::Range<usize>,
    name: &str,
) -> Result<&'a [f64]> {
    column.get(range.clone()).ok_or_else(|| {
        Error::invalid(format!(
            "expected all columns of the bars to have the same length, found {} values of {name} where {} are needed; build bars with push",
            column.len(),
            range.end
        ))
    })
}
