//! Values to pixels, and the values at which an axis has a tick.

/// A value's place between two pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// The pixels of `low` and `high`.
    from: f64,
    to: f64,
    ratios: bool,
}

impl Scale {
    /// A scale on which equal differences are equally long. Values that are all the same lie in the
    /// middle.
    pub(super) fn linear((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let room = if high > low {
            0.0
        } else {
            low.abs().max(1e-9) * 0.01
        };
        Self {
            low: low - room,
            high: high + room,
            from,
            to,
            ratios: false,
        }
    }

    /// A scale on which equal ratios are equally long. Both ends are above 0.
    pub(super) fn of_ratios((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        Self {
            low,
            high,
            from,
            to,
            ratios: true,
        }
    }

    /// For prices: where the highest is more than eight times the lowest, equal ratios are equally
    /// long.
    pub(super) fn of_prices((low, high): (f64, f64), pixels: (f64, f64)) -> Self {
        let mut scale = Self::linear((low, high), pixels);
        scale.ratios = low > 0.0 && high > 8.0 * low;
        scale
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.ratios {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// Whether equal ratios are equally long.
    pub(super) fn is_of_ratios(&self) -> bool {
        self.ratios
    }

    /// Round values, at most `most` or one or two more, and the decimals that tell them apart.
    pub(super) fn ticks(&self, most: usize) -> (Vec<f64>, usize) {
        if self.ratios {
            return self.ratio_ticks(most);
        }
        let step = step(self.low, self.high, most);
        let first = (self.low / step - 1e-9).ceil();
        let last = (self.high / step + 1e-9).floor();
        let count = (last - first).clamp(0.0, 1_000.0) as usize;
        // Adding 0 makes -0 a 0.
        let ticks = (0..=count).map(|i| (first + i as f64) * step + 0.0);
        (ticks.filter(|_| last >= first).collect(), decimals(step))
    }

    /// 1, 2 and 5 of each power of ten, or fewer of them.
    fn ratio_ticks(&self, most: usize) -> (Vec<f64>, usize) {
        let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        for (digits, every) in [
            (&[1.0, 2.0, 5.0][..], 1),
            (&[1.0], 1),
            (&[1.0], 2),
            (&[1.0], 4),
        ] {
            let chosen = powers.clone().filter(|p| p % every == 0);
            let all = chosen.flat_map(|p| digits.iter().map(move |d| d * 10f64.powi(p)));
            let ticks: Vec<f64> = all.filter(|t| (self.low..=self.high).contains(t)).collect();
            if ticks.len() <= most.max(1) {
                let least = ticks.first().copied().unwrap_or(1.0);
                return (ticks, decimals(least));
            }
        }
        (Vec::new(), 0)
    }
}

/// 1, 2 or 5 times a power of ten: the least that goes at most `most` times into the range.
fn step(low: f64, high: f64, most: usize) -> f64 {
    let rough = (high - low) / most.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|d| d * power >= rough * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 10.0) as usize
}

/// A number with thousands set apart and a true minus.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut out = String::new();
    if value < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// A price with as many decimals as its size needs.
pub(super) fn price(value: f64) -> String {
    let digits = 3.0 - value.abs().max(1e-9).log10().floor();
    number(value, digits.clamp(0.0, 10.0) as usize)
}

/// A simple return in percent, with its sign: `+2.5 %`.
pub(super) fn percent(change: f64, decimals: usize) -> String {
    let text = number(100.0 * change, decimals);
    let rises = !text.starts_with('−') && text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    format!("{}{text} %", if rises { "+" } else { "" })
}

/// The least and the greatest of the finite numbers.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|v| v.is_finite())
        .fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((v.min(low), v.max(high))),
        })
}

/// A range with some room at both ends, for marks that would touch the frame.
pub(super) fn widened((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let room = (high - low) * share;
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round() {
        let ticks = |low, high, most| Scale::linear((low, high), (0.0, 1.0)).ticks(most);
        assert_eq!(
            ticks(0.0, 1.0, 5),
            (vec![0.0, 0.2, 0.4, 0.600_000_000_000_000_1, 0.8, 1.0], 1)
        );
        assert_eq!(ticks(-0.13, 0.21, 4), (vec![-0.1, 0.0, 0.1, 0.2], 1));
        assert_eq!(
            ticks(9_600.0, 10_400.0, 5),
            (vec![9_600.0, 9_800.0, 10_000.0, 10_200.0, 10_400.0], 0)
        );
        assert_eq!(ticks(0.0, 0.000_42, 5).1, 4);
        let wide = Scale::of_prices((0.3, 40.0), (0.0, 1.0));
        assert!(wide.is_of_ratios());
        assert_eq!(wide.ticks(8), (vec![0.5, 1.0, 2.0, 5.0, 10.0, 20.0], 1));
        assert_eq!(wide.ticks(3), (vec![1.0, 10.0], 0));
        assert!(
            (wide.at(3.464_101_615) - 0.5).abs() < 1e-6,
            "the geometric mean"
        );
    }

    #[test]
    fn a_flat_range_lies_in_the_middle() {
        let flat = Scale::linear((5.0, 5.0), (100.0, 0.0));
        assert!((flat.at(5.0) - 50.0).abs() < 1e-9);
        assert!(!flat.ticks(4).0.is_empty());
        let zero = Scale::linear((0.0, 0.0), (0.0, 10.0));
        assert!((zero.at(0.0) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(-1_234.0, 0), "−1,234");
        assert_eq!(price(36_690.0), "36,690");
        assert_eq!(price(1.234_567), "1.235");
        assert_eq!(price(0.000_123_456), "0.0001235");
        assert_eq!(percent(0.0251, 1), "+2.5 %");
        assert_eq!(percent(-0.3, 0), "−30 %");
        assert_eq!(percent(-0.0001, 1), "0.0 %");
    }

    proptest! {
        #[test]
        fn ticks_are_few_and_inside(low in -1e6_f64..1e6, length in 1e-6_f64..1e7, most in 1_usize..12) {
            let scale = Scale::linear((low, low + length), (0.0, 100.0));
            let (ticks, _) = scale.ticks(most);
            prop_assert!(ticks.len() <= most + 1, "{:?}", ticks);
            for tick in ticks {
                prop_assert!((-0.1..=100.1).contains(&scale.at(tick)));
            }
        }
    }
}
