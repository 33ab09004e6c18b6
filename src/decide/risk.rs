//! What a monitor of risk says of a window.

use super::said::{Call, Reason, Said, reason};
use super::size_of::Basis;
use super::trade::Side;
use super::when_risk::{AtAlarm, WhenRisk};
use crate::analysis::Measure;
use crate::db::View;
use crate::error::{Error, Result};
use crate::model::{Target, Timestamp, Window};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Ranks from 0 to 1 of a window's size and distance, where there is enough history.
struct Ranks {
    size: Option<f64>,
    distance: Option<f64>,
    trained_until: Option<Timestamp>,
}

/// Asks about a window; the view knows nothing beyond its end.
pub(super) fn risk(view: &View, asked: &WhenRisk, window: &Window) -> Result<Said> {
    let ranks = ranks(view, asked, window)?;
    let fall = match asked.fall {
        Some(_) => fall(view, window)?,
        None => None,
    };
    let found = [
        (asked.size, ranks.size, "the size of its moves has rank"),
        (asked.fall, fall, "it closed below the year's high by"),
        (asked.distance, ranks.distance, "its distance has rank"),
    ];
    let given = found.iter().filter_map(|(least, found, what)| {
        let least = (*least)?;
        Some((*found, least, *what))
    });
    let given: Vec<(Option<f64>, f64, &str)> = given.collect();
    let reached = |(found, least, _): &(Option<f64>, f64, &str)| found.is_some_and(|f| f >= *least);
    let met = given.iter().filter(|one| reached(one)).count();
    let mut reasons: Vec<Reason> = given
        .iter()
        .map(|one| reason(reached(one), told(one)))
        .collect();
    let alarm = met >= asked.needed();
    reasons.push(reason(
        alarm,
        format!(
            "{met} of {} thresholds are met, {} are needed",
            given.len(),
            asked.needed()
        ),
    ));
    // Who cannot tell is not calm.
    let calm = !alarm && given.iter().all(|(found, ..)| found.is_some());
    let side = match asked.side {
        AtAlarm::Leave if calm => Some(Side::Long),
        AtAlarm::Short if alarm => Some(Side::Short),
        AtAlarm::Long if alarm => Some(Side::Long),
        _ => None,
    };
    let call = match (side, alarm) {
        (Some(_), _) => Call::Now,
        (None, true) => Call::Alarm,
        (None, false) => Call::Wait,
    };
    Ok(Said {
        side,
        call,
        alarm,
        basis: Basis::default(),
        reasons,
        trained_until: ranks.trained_until,
    })
}

fn told((found, least, what): &(Option<f64>, f64, &str)) -> String {
    match found {
        Some(found) => format!("{what} {found:.4}, at least {least} is needed"),
        None => format!("{what} nothing that can be told: there is too little history"),
    }
}

/// The size alone is cheap; the distance takes a search.
fn ranks(view: &View, asked: &WhenRisk, window: &Window) -> Result<Ranks> {
    let target = Target::from(window);
    let mut ranks = Ranks {
        size: None,
        distance: None,
        trained_until: None,
    };
    if asked.distance.is_none() {
        if asked.size.is_some() {
            let size = view.ranked_size(&target)?;
            ranks.size = size.map(|size| size.percentile() / 100.0);
        }
        return Ok(ranks);
    }
    match view.anomaly(target).exact(true).run() {
        Ok(answer) => {
            let rank = |measure| answer.unusual.get(measure).map(|m| m.percentile / 100.0);
            ranks.size = rank(Measure::Size);
            ranks.distance = rank(Measure::Distance);
            ranks.trained_until = answer.trained_until;
        }
        // There is too little history for any of them.
        Err(Error::Invalid(_)) => {}
        Err(e) => return Err(e),
    }
    Ok(ranks)
}

/// How far the last close of a window lies below the highest high of the year before it, as a share.
fn fall(view: &View, window: &Window) -> Result<Option<f64>> {
    let from = window.end.plus_millis(-YEAR_MS);
    let year = view.bars(&window.series, Some(from), Some(window.end), None)?;
    let high = year.bars.high.iter().copied().fold(f64::MIN, f64::max);
    let close = year.bars.close.last();
    Ok(close
        .filter(|_| high > 0.0)
        .map(|close| (1.0 - close / high).max(0.0)))
}
