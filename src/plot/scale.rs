//! Values to pixels, and the values at which an axis has a tick.

/// The values at the two ends of an axis or of a scale of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extent {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Extent {
    /// From the least to the greatest.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    pub(super) fn length(self) -> f64 {
        self.high - self.low
    }

    /// With some room at both ends, for marks that would touch the frame.
    pub(super) fn widened(self, share: f64) -> Self {
        let room = self.length() * share;
        Self::new(self.low - room, self.high + room)
    }
}

/// Round values at which an axis has ticks.
#[derive(Debug, PartialEq)]
pub(super) struct Ticks {
    pub(super) values: Vec<f64>,
    /// The decimals that tell them apart.
    pub(super) decimals: usize,
}

/// A value's place between two pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    values: Extent,
    /// The pixels of the least and of the greatest value.
    from: f64,
    to: f64,
    ratios: bool,
}

impl Scale {
    /// A scale on which equal differences are equally long, from the pixel of the least value to that of
    /// the greatest. Values that are all the same lie in the middle.
    pub(super) fn linear(Extent { low, high }: Extent, from: f64, to: f64) -> Self {
        let room = if high > low {
            0.0
        } else {
            low.abs().max(1e-9) * 0.01
        };
        Self {
            values: Extent::new(low - room, high + room),
            from,
            to,
            ratios: false,
        }
    }

    /// A scale on which equal ratios are equally long. Both ends are above 0.
    pub(super) fn of_ratios(values: Extent, from: f64, to: f64) -> Self {
        Self {
            values,
            from,
            to,
            ratios: true,
        }
    }

    /// For prices: where the highest is more than eight times the lowest, equal ratios are equally
    /// long.
    pub(super) fn of_prices(values: Extent, from: f64, to: f64) -> Self {
        let mut scale = Self::linear(values, from, to);
        scale.ratios = values.low > 0.0 && values.high > 8.0 * values.low;
        scale
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let Extent { low, high } = self.values;
        let share = if self.ratios {
            (value / low).ln() / (high / low).ln()
        } else {
            (value - low) / (high - low)
        };
        self.from + share * (self.to - self.from)
    }

    /// Whether equal ratios are equally long.
    pub(super) fn is_of_ratios(&self) -> bool {
        self.ratios
    }

    /// At most `most` ticks, or one or two more.
    pub(super) fn ticks(&self, most: usize) -> Ticks {
        if self.ratios {
            return self.ratio_ticks(most);
        }
        let step = step(self.values, most);
        let first = (self.values.low / step - 1e-9).ceil();
        let last = (self.values.high / step + 1e-9).floor();
        let count = (last - first).clamp(0.0, 1_000.0) as usize;
        // Adding 0 makes -0 a 0.
        let ticks = (0..=count).map(|i| (first + i as f64) * step + 0.0);
        Ticks {
            values: ticks.filter(|_| last >= first).collect(),
            decimals: decimals(step),
        }
    }

    /// 1, 2 and 5 of each power of ten, or fewer of them.
    fn ratio_ticks(&self, most: usize) -> Ticks {
        let Extent { low, high } = self.values;
        let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
        for (digits, every) in [
            (&[1.0, 2.0, 5.0][..], 1),
            (&[1.0], 1),
            (&[1.0], 2),
            (&[1.0], 4),
        ] {
            let chosen = powers.clone().filter(|p| p % every == 0);
            let all = chosen.flat_map(|p| digits.iter().map(move |d| d * 10f64.powi(p)));
            let values: Vec<f64> = all.filter(|t| (low..=high).contains(t)).collect();
            if values.len() <= most.max(1) {
                let decimals = decimals(values.first().copied().unwrap_or(1.0));
                return Ticks { values, decimals };
            }
        }
        Ticks {
            values: Vec::new(),
            decimals: 0,
        }
    }
}

/// 1, 2 or 5 times a power of ten: the least that goes at most `most` times into the range.
fn step(values: Extent, most: usize) -> f64 {
    let rough = values.length() / most.max(1) as f64;
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
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<Extent> {
    values
        .filter(|v| v.is_finite())
        .fold(None, |range, v| match range {
            None => Some(Extent::new(v, v)),
            Some(Extent { low, high }) => Some(Extent::new(v.min(low), v.max(high))),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round() {
        let ticks = |low, high, most| {
            let ticks = Scale::linear(Extent::new(low, high), 0.0, 1.0).ticks(most);
            (ticks.values, ticks.decimals)
        };
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
        let wide = Scale::of_prices(Extent::new(0.3, 40.0), 0.0, 1.0);
        assert!(wide.is_of_ratios());
        let eight = wide.ticks(8);
        assert_eq!(eight.values, [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(eight.decimals, 1);
        let three = wide.ticks(3);
        assert_eq!((three.values, three.decimals), (vec![1.0, 10.0], 0));
        assert!(
            (wide.at(3.464_101_615) - 0.5).abs() < 1e-6,
            "the geometric mean"
        );
    }

    #[test]
    fn a_flat_range_lies_in_the_middle() {
        let flat = Scale::linear(Extent::new(5.0, 5.0), 100.0, 0.0);
        assert!((flat.at(5.0) - 50.0).abs() < 1e-9);
        assert!(!flat.ticks(4).values.is_empty());
        let zero = Scale::linear(Extent::new(0.0, 0.0), 0.0, 10.0);
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
            let scale = Scale::linear(Extent::new(low, low + length), 0.0, 100.0);
            let ticks = scale.ticks(most).values;
            prop_assert!(ticks.len() <= most + 1, "{:?}", ticks);
            for tick in ticks {
                prop_assert!((-0.1..=100.1).contains(&scale.at(tick)));
            }
        }
    }
}
