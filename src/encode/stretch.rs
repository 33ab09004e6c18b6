//! The checks of arguments that every encoder makes before it reads a bar.

use crate::error::{Error, Result};
use crate::model::{Bar, Bars, EncoderSpec, Timestamp};

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

/// The bars of `range`, each checked.
///
/// # Errors
/// [`Error::Invalid`] if a column is shorter than the others. Each item is an error if its bar
/// cannot have happened.
pub(crate) fn checked_bars<'a>(
    bars: &'a Bars,
    range: &std::ops::Range<usize>,
) -> Result<impl Iterator<Item = Result<Bar>> + 'a> {
    let open = part(&bars.open, range, "open")?;
    let high = part(&bars.high, range, "high")?;
    let low = part(&bars.low, range, "low")?;
    let close = part(&bars.close, range, "close")?;
    let volume = part(&bars.volume, range, "volume")?;
    let first = range.start;
    let rows = open.iter().zip(high).zip(low.iter().zip(close)).zip(volume);
    Ok(rows.enumerate().map(move |(i, (((&open, &high), (&low, &close)), &volume))| {
        // No encoder reads the time, which is the caller's to check.
        let bar = Bar {
            time: Timestamp::from_millis(0),
            open,
            high,
            low,
            close,
            volume,
        };
        bar.check().map_err(|defect| {
            Error::invalid(format!(
                "expected a bar that can have happened at index {}, found that {defect}; check the bars before encoding them",
                first + i
            ))
        })?;
        Ok(bar)
    }))
}

/// Splits `ends`, in their order, into blocks whose windows end within `most` bars, so that an
/// encoder that shares work never covers bars that no window needs.
pub(crate) fn blocks(ends: &[usize], most: usize) -> Vec<std::ops::Range<usize>> {
    let mut blocks = Vec::new();
    let mut start = 0;
    let (mut least, mut greatest) = (usize::MAX, 0);
    for (i, &end) in ends.iter().enumerate() {
        let joined = (least.min(end), greatest.max(end));
        if joined.1 - joined.0 >= most && i > start {
            blocks.push(start..i);
            start = i;
            (least, greatest) = (end, end);
        } else {
            (least, greatest) = joined;
        }
    }
    if start < ends.len() {
        blocks.push(start..ends.len());
    }
    blocks
}
