//! Which series a report of today is about.

use std::collections::BTreeSet;

use super::today_request::TodayRequest;
use crate::db::{SeriesInfo, View};
use crate::error::{Error, Result};
use crate::model::Target;

/// A series of the report, or a name of which nothing is stored, and why.
pub(super) enum Named {
    Series(SeriesInfo),
    Unknown(String, String),
}

/// The series that a request names, each once, in the order of the names.
pub(super) fn named(
    view: &View,
    infos: &[SeriesInfo],
    request: &TodayRequest,
) -> Result<Vec<Named>> {
    let wanted = |info: &&SeriesInfo| {
        request.interval.is_empty() || request.interval.contains(&info.key.interval)
    };
    if request.series.is_empty() {
        let all = infos.iter().filter(wanted).cloned();
        return Ok(all.map(Named::Series).collect());
    }
    let (mut names, mut seen, mut first) = (Vec::new(), BTreeSet::new(), None);
    for text in &request.series {
        match meant(view, infos, text) {
            Ok(found) => {
                let fresh = found.into_iter().filter(wanted);
                let fresh = fresh.filter(|info| seen.insert(info.key.to_string()));
                names.extend(fresh.cloned().map(Named::Series));
            }
            Err(e @ (Error::NotFound { .. } | Error::Ambiguous { .. })) => {
                names.push(Named::Unknown(text.clone(), e.to_string()));
                first.get_or_insert(e);
            }
            Err(e) => return Err(e),
        }
    }
    match first {
        Some(none) if seen.is_empty() => Err(none),
        _ => Ok(names),
    }
}

/// The stored series that a name means: all of a market, of a symbol, or the one.
fn meant<'i>(view: &View, infos: &'i [SeriesInfo], text: &str) -> Result<Vec<&'i SeriesInfo>> {
    let of = |fits: &dyn Fn(&SeriesInfo) -> bool| -> Vec<&'i SeriesInfo> {
        infos.iter().filter(|info| fits(info)).collect()
    };
    let market = of(&|info| info.key.market == text);
    if !market.is_empty() {
        return Ok(market);
    }
    let target: Target = text.parse()?;
    if target.time.is_some() {
        return Err(Error::invalid(format!(
            "expected a series like BTCUSDT:1h, found {text} with a time; use `as_of`"
        )));
    }
    let stored = of(&|info| target.matches(&info.key));
    if !stored.is_empty() {
        return Ok(stored);
    }
    // Written otherwise than it is stored.
    match view.series_of(&target) {
        Ok(key) => Ok(of(&|info| {
            let of_symbol = info.key.symbol == key.symbol
                && info.key.market == key.market
                && info.key.venue == key.venue;
            of_symbol && target.interval.is_none_or(|i| i == info.key.interval)
        })),
        Err(Error::Ambiguous { choices, .. }) => {
            Ok(of(&|info| choices.contains(&info.key.to_string())))
        }
        Err(e) => Err(e),
    }
}
