//! A series in a report of today, in words: below the table, and on the page.

use rhymedb::Timestamp;
use rhymedb::ask::{StoredHeadlineRow, TodayRow};

use crate::text::shortened;

/// A p-value up to which something is said in words: one of twenty by chance.
pub(crate) const UNUSUAL: f64 = 0.05;

/// What a series is called: symbol and interval.
pub(crate) fn name(row: &TodayRow) -> String {
    match &row.series {
        Some(series) => format!("{} {}", series.symbol, series.interval),
        None => row.name.clone(),
    }
}

/// A time without seconds that are nothing.
pub(crate) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    let text = text.strip_suffix('Z').unwrap_or(&text);
    let text = text.strip_suffix(":00").unwrap_or(text);
    let text = text.strip_suffix("T00:00").unwrap_or(text);
    text.replace('T', " ")
}

/// A share as percent, with a sign.
pub(crate) fn percent(share: f64) -> String {
    format!("{:+.2} %", 100.0 * share)
}

pub(crate) fn p(value: f64) -> String {
    let decimals = if value < 0.001 { 5 } else { 3 };
    format!("{value:.decimals$}")
}

/// How far it moved, and how large that is.
pub(crate) fn size(row: &TodayRow) -> Option<String> {
    let (rank, p_value) = (row.size_rank?, row.size_p?);
    let percent = row.moved.move_percent.map(|m| format!("{m:+.1} %"));
    let deviations = row.moved.move_sd.map(|m| format!(" ({m:+.1} deviations)"));
    Some(format!(
        "moved {}{}; its moves are larger than {:.1} % of earlier windows, p {}",
        percent.unwrap_or_else(|| "by nobody knows how much".to_owned()),
        deviations.unwrap_or_default(),
        100.0 * rank,
        p(p_value)
    ))
}

pub(crate) fn regime(row: &TodayRow) -> Option<String> {
    let label = row.regime.as_deref().unwrap_or("no clear regime");
    let since = row.regime_since?;
    Some(format!("{label} since {}", moment(since)))
}

/// The most similar charts.
pub(crate) fn nearest(row: &TodayRow) -> Option<String> {
    let hits = row.nearest.iter().map(|hit| {
        let window = &hit.window;
        format!(
            "{} {} of {} ({:.3})",
            window.symbol,
            window.interval,
            moment(window.end),
            hit.score
        )
    });
    let hits: Vec<String> = hits.collect();
    (!hits.is_empty()).then(|| format!("looked most like {}", hits.join(", ")))
}

/// What followed similar charts, beside what follows anyway.
pub(crate) fn followed(row: &TodayRow) -> Option<String> {
    let after = row.after.as_ref()?;
    let (hits, base) = (after.hits.as_ref()?, after.base.as_ref()?);
    let chance = match after.p_value {
        Some(value) => format!("p {}", p(value)),
        None => "no p".to_owned(),
    };
    Some(format!(
        "within {} after {} similar charts {} on average, after any {}, {chance}",
        after.horizon,
        hits.n,
        percent(hits.mean),
        percent(base.mean)
    ))
}

/// Whether chart and news disagree more than they mostly do.
pub(crate) fn disagrees(row: &TodayRow) -> bool {
    row.divergence.as_ref().is_some_and(|d| d.flagged)
}

/// How chart and news of the last day agree.
pub(crate) fn against_news(row: &TodayRow) -> Option<String> {
    let found = row.divergence.as_ref()?;
    let percentile = found.percentile?;
    let sign = found.sign.as_deref().unwrap_or("the price did not move");
    Some(format!(
        "{sign}: their likeness is at percentile {percentile:.1} of {} earlier moments",
        found.earlier
    ))
}

pub(crate) fn headline(row: &StoredHeadlineRow) -> String {
    format!("{} “{}”", moment(row.published), shortened(&row.text))
}

/// Whether anything about it is worth a sentence.
pub(crate) fn is_unusual(row: &TodayRow) -> bool {
    let p_after = row.after.as_ref().and_then(|a| a.p_value);
    let rare = |p: Option<f64>| p.is_some_and(|p| p <= UNUSUAL);
    row.alarm || rare(row.size_p) || rare(p_after) || disagrees(row)
}
