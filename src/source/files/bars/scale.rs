//! Prices that a source multiplies, so that they are whole numbers.

use crate::model::Bar;

/// What turns the prices of a file into those that were paid.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    /// A whole number to divide by: the quotient is the nearest number to the price, while the product
    /// with 0.0001 is not.
    Divide(f64),
    Multiply(f64),
}

impl Scale {
    pub(super) fn new(factor: f64) -> Self {
        let divisor = (1.0 / factor).round();
        let whole = divisor >= 1.0 && (divisor * factor - 1.0).abs() < 1e-12;
        match whole {
            true => Self::Divide(divisor),
            false => Self::Multiply(factor),
        }
    }

    pub(super) fn apply(self, bar: &mut Bar) {
        for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
            *price = match self {
                Self::Divide(by) => *price / by,
                Self::Multiply(by) => *price * by,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaled_prices_are_those_that_were_paid() {
        for (factor, scaled, paid) in [
            (0.0001, 1_012_965.0, 101.296_5),
            (1e-9, 185_640_000_000.0, 185.64),
            (100.0, 1.5, 150.0),
            (0.3, 10.0, 3.0),
        ] {
            let mut bar = Bar {
                open: scaled,
                high: scaled,
                low: scaled,
                close: scaled,
                time: crate::model::Timestamp::from_millis(0),
                volume: 7.0,
            };
            Scale::new(factor).apply(&mut bar);
            let prices = [bar.open, bar.high, bar.low, bar.close];
            assert!(prices.iter().all(|p| *p == paid), "{factor}: {bar:?}");
            assert_eq!(bar.volume, 7.0);
        }
    }
}
