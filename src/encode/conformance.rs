//! The rules that every chart encoder keeps, as a check that can fail.

mod synthetic;
mod watched;

use super::stretch::reach;
use super::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::{Bars, Modality};
use synthetic::{Stretch, disturbed, scaled, stretches};
use watched::Watched;

/// The largest difference of a component between a shared and a lone encoding. For unit vectors
/// of up to 4096 components it keeps the cosine within 3e-9.
const COMPONENT_TOLERANCE: f32 = 1e-6;
/// The largest deviation of a squared length from 1.
const LENGTH_TOLERANCE: f64 = 1e-5;
/// Bars of a stretch beyond the first window.
const EXTRA_BARS: usize = 150;
/// Prices and volumes of one bar are multiplied by these to see whether it is read.
const DISTURBANCES: [(f64, f64); 4] = [(1.03, 2.0), (0.97, 0.5), (3.0, 9.0), (0.3, 0.1)];

/// Holds a chart encoder to the rules on which the database relies, on synthetic stretches: smooth,
/// random, of huge and of tiny prices, with constant runs and with jumps. `seed` makes them.
///
/// - Encoding a series equals encoding each window alone, to 1e-6 a component, for ends in any
///   order, the first and the last possible one, a single one and none.
/// - Bars after a window's end and bars before its warm-up change nothing, not even a bit.
/// - Every bar of the window and of its warm-up is read: some change of it changes the vector.
/// - A vector has the spec's dimension and unit length, or the window has none; a random walk has.
/// - The same input gives the same bytes.
/// - Too few bars and ends out of range are errors.
///
/// # Errors
/// [`Error::Invalid`] that says which rule is broken, where and by how much; and any error of the
/// encoder.
pub fn check_chart_encoder(encoder: &dyn ChartEncoder, seed: u64) -> Result<()> {
    check_spec(encoder)?;
    let bars = reach(encoder.spec()) + EXTRA_BARS;
    for stretch in &stretches(seed, bars) {
        let case = Case {
            encoder,
            stretch,
            seed,
        };
        case.check_shared_equals_alone()?;
        case.check_subsets()?;
        case.check_nothing_ahead()?;
        case.check_nothing_before()?;
        case.check_errors()?;
        if stretch.name == "random walk" {
            case.check_every_bar_is_read()?;
        }
    }
    Ok(())
}

fn check_spec(encoder: &dyn ChartEncoder) -> Result<()> {
    let spec = encoder.spec();
    let expected = if spec.modality != Modality::Chart {
        "the modality chart"
    } else if spec.dim == 0 || spec.window == 0 {
        "a dimension and a window above 0"
    } else if !spec.causal {
        "causal to be true, because a window ends at the bars that were known"
    } else if spec.receptive_field == 0 || spec.receptive_field > spec.window {
        "a receptive field of 1 bar to the window"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!(
        "expected the spec of a chart encoder to have {expected}, found {spec:?}"
    )))
}

/// As [`check_chart_encoder`], which says how many windows it has encoded of how many, and stops with the error of
/// `look`. Series are encoded in parts, so that it is asked often however slow the encoder is.
pub(crate) fn check_chart_encoder_watched(
    encoder: &dyn ChartEncoder,
    seed: u64,
    look: &(dyn Fn(u64, u64) -> Result<()> + Send + Sync),
) -> Result<()> {
    let watched = Watched::new(encoder, windows_of(encoder), look);
    let found = check_chart_encoder(&watched, seed);
    // That it stopped comes first: a rule may count a refusal as what it wanted.
    watched.stopped()?;
    found?;
    watched.done()
}

/// About how many windows [`check_chart_encoder`] encodes, of an encoder that keeps all rules.
fn windows_of(encoder: &dyn ChartEncoder) -> u64 {
    let stretches = synthetic::STRETCHES as u64;
    let windows = EXTRA_BARS as u64 + 1;
    let alike = 4 * (windows + 2);
    let subsets = 2 * 3;
    let ahead = 2 * (1 + 2 + windows / 2 + 1);
    let before = 3 * 2;
    let read = 1 + DISTURBANCES.len() as u64 * reach(encoder.spec()) as u64;
    stretches * (alike + subsets + ahead + before) + read
}

/// One encoder on one stretch.
struct Case<'a> {
    encoder: &'a dyn ChartEncoder,
    stretch: &'a Stretch,
    seed: u64,
}

impl Case<'_> {
    fn broken(&self, rule: &str, found: impl std::fmt::Display) -> Error {
        Error::invalid(format!(
            "{} breaks the rule that {rule}: on the stretch \"{}\" of seed {}, {found}",
            self.encoder.spec().id,
            self.stretch.name,
            self.seed
        ))
    }

    fn bars(&self) -> &Bars {
        &self.stretch.bars
    }

    /// Bars that one window depends on.
    fn reach(&self) -> usize {
        reach(self.encoder.spec())
    }

    /// The last bars of all windows of the stretch.
    fn all_ends(&self) -> Vec<usize> {
        (self.reach().saturating_sub(1)..self.bars().len()).collect()
    }

    /// Every end, in an order that is not ascending, with the first and the last one twice.
    fn shuffled_ends(&self) -> Vec<usize> {
        let ends = self.all_ends();
        // 97 is prime and no divisor of a stretch's number of windows, so each end comes once.
        let mut shuffled: Vec<usize> = (0..ends.len())
            .filter_map(|i| ends.get(i * 97 % ends.len()).copied())
            .collect();
        shuffled.extend(ends.last());
        shuffled.extend(ends.first());
        shuffled
    }

    /// The vector of the window that ends at `end`, from its own bars alone.
    fn alone(&self, bars: &Bars, end: usize) -> Result<Option<Vec<f32>>> {
        let bars = bars.slice(end + 1 - self.reach()..end + 1);
        self.encoder.encode_window(&bars)
    }

    /// Encodes `ends` and checks the form of what comes back.
    fn series(&self, bars: &Bars, ends: &[usize]) -> Result<Embeddings> {
        let rows = self.encoder.encode_series(bars, ends)?;
        let dim = self.encoder.spec().dim as usize;
        let whole = rows.len() == ends.len() && rows.values.len() == ends.len() * dim;
        if rows.dim != dim || !whole {
            return Err(self.broken(
                "encode_series gives one row of the spec's dimension for each end",
                format_args!(
                    "{} ends at dimension {dim} gave {} rows of dimension {} in {} values",
                    ends.len(),
                    rows.len(),
                    rows.dim,
                    rows.values.len()
                ),
            ));
        }
        Ok(rows)
    }

    /// Checks every window of the stretch.
    fn check_shared_equals_alone(&self) -> Result<()> {
        let ends = self.shuffled_ends();
        let rows = self.series(self.bars(), &ends)?;
        let again = self.series(self.bars(), &ends)?;
        if !same_bits(&rows.values, &again.values) || rows.defined != again.defined {
            return Err(self.broken("the same input gives the same bytes", "two runs differ"));
        }
        for (i, &end) in ends.iter().enumerate() {
            let alone = self.alone(self.bars(), end)?;
            let again = self.alone(self.bars(), end)?;
            if !same_vector(alone.as_deref(), again.as_deref()) {
                let found = format!("two runs for the window ending at bar {end} differ");
                return Err(self.broken("the same input gives the same bytes", found));
            }
            self.check_form(rows.row(i), end)?;
            self.check_form(alone.as_deref(), end)?;
            self.check_close(rows.row(i), alone.as_deref(), end)?;
        }
        Ok(())
    }

    /// Checks a single end and no end at all.
    fn check_subsets(&self) -> Result<()> {
        self.series(self.bars(), &[])?;
        let ends = self.all_ends();
        let middle = ends.get(ends.len() / 2);
        for &end in [ends.first(), middle, ends.last()].into_iter().flatten() {
            let row = self.series(self.bars(), &[end])?;
            let alone = self.alone(self.bars(), end)?;
            self.check_close(row.row(0), alone.as_deref(), end)?;
        }
        Ok(())
    }

    fn check_form(&self, vector: Option<&[f32]>, end: usize) -> Result<()> {
        let Some(vector) = vector else {
            return Ok(());
        };
        let squared: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let dim = self.encoder.spec().dim as usize;
        let near_one = (squared - 1.0).abs() <= LENGTH_TOLERANCE;
        if vector.len() == dim && near_one {
            return Ok(());
        }
        Err(self.broken(
            "a vector has the spec's dimension and unit length",
            format_args!(
                "the window ending at bar {end} has {} of {dim} values and the squared length {squared}",
                vector.len()
            ),
        ))
    }

    fn check_close(&self, shared: Option<&[f32]>, alone: Option<&[f32]>, end: usize) -> Result<()> {
        let rule = "encoding a series equals encoding each window alone";
        let (shared, alone) = match (shared, alone) {
            (None, None) => return Ok(()),
            (Some(shared), Some(alone)) => (shared, alone),
            (shared, _) => {
                let found = format!(
                    "the window ending at bar {end} has an embedding only {}",
                    if shared.is_some() { "shared" } else { "alone" }
                );
                return Err(self.broken(rule, found));
            }
        };
        for (i, (a, b)) in shared.iter().zip(alone).enumerate() {
            let difference = (a - b).abs();
            if difference.is_nan() || difference > COMPONENT_TOLERANCE {
                let found = format!(
                    "component {i} of the window ending at bar {end} is {a} shared and {b} alone, more than {COMPONENT_TOLERANCE} apart"
                );
                return Err(self.broken(rule, found));
            }
        }
        Ok(())
    }

    /// Bars after a window's end change nothing.
    fn check_nothing_ahead(&self) -> Result<()> {
        let ends = self.all_ends();
        for cut in [0, 1, ends.len() / 2] {
            let (known, end) = match (ends.get(..=cut), ends.get(cut)) {
                (Some(known), Some(&end)) => (known, end),
                _ => continue,
            };
            let other = disturbed(self.bars(), end + 1..self.bars().len());
            let before = self.series(self.bars(), known)?;
            let after = self.series(&other, known)?;
            for (i, end) in known.iter().enumerate() {
                if !same_vector(before.row(i), after.row(i)) {
                    return Err(self.broken(
                        "bars after a window's end change nothing",
                        format_args!("they change the window ending at bar {end}"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Bars before a window and its warm-up change nothing.
    fn check_nothing_before(&self) -> Result<()> {
        let ends = self.all_ends();
        let middle = ends.get(ends.len() / 2);
        for &end in [middle, ends.last()].into_iter().flatten() {
            let known = self.bars().slice(0..end + 1);
            let other = disturbed(&known, 0..end + 1 - self.reach());
            let alone = self.alone(self.bars(), end)?;
            for longer in [&known, &other] {
                let vector = self.encoder.encode_window(longer)?;
                if !same_vector(vector.as_deref(), alone.as_deref()) {
                    return Err(self.broken(
                        "bars before a window and its warm-up change nothing",
                        format_args!("they change the window ending at bar {end}"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every bar of the window and its warm-up changes the vector.
    fn check_every_bar_is_read(&self) -> Result<()> {
        let bars = self.bars().slice(0..self.reach());
        let before = self.encoder.encode_window(&bars)?;
        if before.is_none() {
            return Err(self.broken(
                "a random walk has an embedding",
                "the first window has none",
            ));
        }
        for changed in 0..bars.len() {
            let mut read = false;
            for (prices, volume) in DISTURBANCES {
                let other = bars.iter().enumerate().map(|(i, bar)| {
                    if i == changed {
                        scaled(&bar, prices, volume)
                    } else {
                        bar
                    }
                });
                let after = self.encoder.encode_window(&other.collect())?;
                read |= !same_vector(before.as_deref(), after.as_deref());
            }
            if !read {
                let found = format!(
                    "no change of bar {changed} of the {} that the spec claims changes the vector",
                    bars.len()
                );
                return Err(self.broken("every bar of the window and its warm-up is read", found));
            }
        }
        Ok(())
    }

    /// Too few bars and ends out of range are errors.
    fn check_errors(&self) -> Result<()> {
        let bars = self.bars();
        let short = bars.slice(0..self.reach() - 1);
        let mut accepted = Vec::new();
        if self.encoder.encode_window(&short).is_ok() {
            accepted.push(format!("encode_window accepts {} bars", short.len()));
        }
        if self.encoder.encode_window(&Bars::default()).is_ok() {
            accepted.push("encode_window accepts no bars".to_owned());
        }
        let good = self.reach() - 1;
        let beyond = [bars.len(), usize::MAX];
        for end in good.checked_sub(1).into_iter().chain(beyond) {
            if self.encoder.encode_series(bars, &[good, end]).is_ok() {
                let last = bars.len() - 1;
                accepted.push(format!(
                    "encode_series accepts the end {end} outside of {good}..={last}"
                ));
            }
        }
        if accepted.is_empty() {
            return Ok(());
        }
        let rule = "too few bars and ends out of range are errors";
        Err(self.broken(rule, accepted.join(", ")))
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits())
}

fn same_vector(a: Option<&[f32]>, b: Option<&[f32]>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same_bits(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
