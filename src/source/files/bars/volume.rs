//! The volumes of bars: which column they are in, and how many bars have one.

use super::super::columns::{Columns, Field};
use super::path_words::{is_cash, pair};
use crate::model::Bar;

pub(super) const VOLUME: Field = Field {
    name: "volume",
    aliases: &["volume", "vol", "v", "basevolume"],
    prefix: Some("volume"),
};

/// The column of the volume. Where one is in the coin and another in what the coin is traded against,
/// it is that of the coin: `Volume BTC` beside `Volume USDT`.
pub(super) fn find_volume(
    columns: &Columns<'_>,
    symbol: Option<&str>,
) -> Result<Option<usize>, String> {
    let found = columns.find(&VOLUME);
    match found {
        Err(_) if !columns.is_mapped(&VOLUME) => {
            of_coin(&columns.beginning_with("volume"), symbol).map_or(found, |at| Ok(Some(at)))
        }
        found => found,
    }
}

/// Of columns with what stands behind `volume` in their names.
fn of_coin(columns: &[(usize, &str)], symbol: Option<&str>) -> Option<usize> {
    let only = |fits: &dyn Fn(&str) -> bool| {
        let mut fitting = columns.iter().filter(|(_, rest)| fits(rest));
        match (fitting.next(), fitting.next()) {
            (Some((at, _)), None) => Some(*at),
            _ => None,
        }
    };
    let base = symbol.and_then(pair).map(|(base, _)| base);
    let of_base = base.and_then(|base| only(&|rest| rest.eq_ignore_ascii_case(&base)));
    let against = |rest: &str| is_cash(rest) || ["currency", "quote", "to"].contains(&rest);
    of_base
        .or_else(|| only(&|rest| ["base", "from"].contains(&rest)))
        .or_else(|| only(&|rest| !against(rest)))
}

/// How many bars have a volume.
#[derive(Default)]
pub(super) struct Volumes {
    bars: u64,
    above_zero: u64,
    missing: u64,
    first_missing: Option<u64>,
}

impl Volumes {
    pub(super) fn count(&mut self, bar: &Bar, missing: bool, line: u64) {
        self.bars += 1;
        self.above_zero += u64::from(bar.volume > 0.0);
        if missing {
            self.missing += 1;
            self.first_missing.get_or_insert(line);
        }
    }

    /// What is odd about them, and from which line on.
    pub(super) fn notice(&self, has_column: bool) -> Option<(Option<u64>, String)> {
        let Self { bars, missing, .. } = self;
        if !has_column {
            let message = "no column for the volume; it is 0 in every bar".to_owned();
            Some((None, message))
        } else if *bars > 0 && self.above_zero == 0 {
            let message = "the volume is 0 in every bar; --map volume=COLUMN names another column";
            Some((None, message.to_owned()))
        } else if *missing > 0 {
            let message = format!("{missing} of {bars} bars have no volume; it is 0 in them");
            Some((self.first_missing, message))
        } else {
            None
        }
    }
}
