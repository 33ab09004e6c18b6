//! Closes adjusted for splits and dividends, which some sources have in a column beside the closes.

use super::super::columns::Field;
use super::super::fields::number_defect;
use super::super::input_report::{DefectKind, RowDefect};
use super::super::numbers::parse_number;
use crate::model::Bar;

pub(super) const ADJUSTED: Field = Field {
    name: "adjusted",
    aliases: &[
        "adjclose",
        "adjustedclose",
        "closeadj",
        "closeadjusted",
        "adjcloseprice",
    ],
    prefix: None,
};

/// A difference from the close that rounding does not make.
const DIFFERS: f64 = 1e-4;

/// The column of adjusted closes, and whether it is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdjustedColumn {
    pub(super) at: usize,
    pub(super) used: bool,
}

impl AdjustedColumn {
    /// Adjusts the bar of a row, or says whether its adjusted close is another than its close.
    pub(super) fn apply(
        self,
        bar: &mut Bar,
        field: &[u8],
        decimal_comma: bool,
    ) -> Result<bool, RowDefect> {
        let adjusted = parse_number(field, decimal_comma);
        if !self.used {
            let other = |a: f64| ((a - bar.close) / bar.close).abs() > DIFFERS;
            return Ok(adjusted.is_ok_and(other));
        }
        let adjusted = adjusted.map_err(|defect| number_defect(defect, "adjusted close", field))?;
        if !adjusted.is_finite() || adjusted <= 0.0 {
            let message = format!("expected an adjusted close above 0, found {adjusted}");
            return Err(RowDefect::new(DefectKind::PriceNotPositive, message));
        }
        let factor = adjusted / bar.close;
        bar.open *= factor;
        bar.close = adjusted;
        // Rounding must not put the close outside of low..high.
        bar.high = (bar.high * factor).max(bar.open).max(adjusted);
        bar.low = (bar.low * factor).min(bar.open).min(adjusted);
        Ok(false)
    }
}

/// How many bars have an adjusted close that differs and is not used.
#[derive(Default)]
pub(super) struct Unused {
    bars: u64,
    differ: u64,
    first: Option<u64>,
}

impl Unused {
    pub(super) fn count(&mut self, differs: bool, line: u64) {
        self.bars += 1;
        if differs {
            self.differ += 1;
            self.first.get_or_insert(line);
        }
    }

    /// What is odd about them, and from which line on.
    pub(super) fn notice(&self) -> Option<(Option<u64>, String)> {
        let Self { bars, differ, .. } = self;
        (*differ > 0).then(|| {
            let message = format!(
                "the adjusted close differs from the close in {differ} of {bars} bars and is not used; --adjusted uses it"
            );
            (self.first, message)
        })
    }
}
