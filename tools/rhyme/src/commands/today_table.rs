//! A report of today, printed.

use std::collections::{BTreeMap, BTreeSet};

use rhymedb::ask::{TodayReply, TodayRow, TodayState};
use rhymedb::{SeriesKey, Timestamp, View, Window};
use serde_json::{Value, json};

use super::pictures;
use super::today_saved::{self, Asked};
use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column, column};
use crate::text::legible;
use crate::today_words::{
    against_news, disagrees, followed, headline, is_unusual, moment, name, nearest, p, percent,
    size,
};

const TABLE: [Column; 11] = [
    column("rank", "#"),
    column("name", "series"),
    column("move_percent", "move %"),
    column("size_rank", "size"),
    column("size_p", "p"),
    column("regime", "regime"),
    column("since", "since"),
    column("mean", "then"),
    column("base", "any"),
    column("p", "p then"),
    column("headlines", "news"),
];

const ROWS: [Column; 22] = [
    column("rank", ""),
    column("name", ""),
    column("market", ""),
    column("venue", ""),
    column("symbol", ""),
    column("interval", ""),
    column("state", ""),
    column("why", ""),
    column("start", ""),
    column("end", ""),
    column("move_percent", ""),
    column("move_sd", ""),
    column("size", ""),
    column("size_rank", ""),
    column("size_p", ""),
    column("alarm", ""),
    column("regime", ""),
    column("regime_since", ""),
    column("mean", ""),
    column("base_mean", ""),
    column("p_value", ""),
    column("headlines", ""),
];

/// Series in words, at most.
const MOST_TOLD: usize = 8;

pub(super) fn print(
    format: Format,
    view: &View,
    reply: &TodayReply,
    saved: Option<&[Asked]>,
) -> Outcome {
    match format {
        Format::Json => {
            let mut value = output::value(reply)?;
            if let (Some(saved), Some(object)) = (saved, value.as_object_mut()) {
                object.insert("saved".to_owned(), today_saved::value(saved));
            }
            output::json(&value)
        }
        Format::Csv => output::listing(format, &ROWS, &flat(reply)?, ""),
        Format::Table => {
            let measured = |row: &&TodayRow| row.state == TodayState::Measured;
            let rows: Vec<Value> = reply.series.iter().filter(measured).map(cells).collect();
            output::prose(&heading(reply))?;
            output::listing(format, &TABLE, &rows, "nothing could be measured")?;
            output::keep(&ROWS, &flat(reply)?);
            told(view, reply)?;
            left_out(reply)?;
            saved.map_or(Ok(()), today_saved::print)
        }
    }
}

/// Rows as programs get them in CSV: what followed beside the rest.
fn flat(reply: &TodayReply) -> Outcome<Vec<Value>> {
    let flat = |row: &TodayRow| -> Outcome<Value> {
        let mut value = output::value(row)?;
        let after = row.after.as_ref();
        let mean = |of: Option<&rhymedb::ask::SummaryRow>| of.map(|s| s.mean);
        if let Some(object) = value.as_object_mut() {
            object.insert(
                "mean".to_owned(),
                json!(after.and_then(|a| mean(a.hits.as_ref()))),
            );
            let base = after.and_then(|a| mean(a.base.as_ref()));
            object.insert("base_mean".to_owned(), json!(base));
            object.insert("p_value".to_owned(), json!(after.and_then(|a| a.p_value)));
        }
        Ok(value)
    };
    reply.series.iter().map(flat).collect()
}

/// A row of the table.
fn cells(row: &TodayRow) -> Value {
    let after = row.after.as_ref();
    let mean = |of: Option<&rhymedb::ask::SummaryRow>| of.map(|s| percent(s.mean));
    json!({
        "rank": row.rank,
        "name": name(row),
        "move_percent": row.moved.move_percent.map(|m| format!("{m:+.1}")),
        "size_rank": row.size_rank.map(|r| format!("{:.1} %", 100.0 * r)),
        "size_p": row.size_p.map(p),
        "regime": row.regime,
        "since": row.regime_since.map(moment),
        "mean": after.and_then(|a| mean(a.hits.as_ref())),
        "base": after.and_then(|a| mean(a.base.as_ref())),
        "p": after.and_then(|a| a.p_value).map(p),
        "headlines": row.headlines,
    })
}

/// How many series, and until when they go.
fn heading(reply: &TodayReply) -> String {
    let mut kinds: BTreeMap<(String, i64), (BTreeSet<Timestamp>, usize, String)> = BTreeMap::new();
    let rows = reply.series.iter();
    for row in rows.filter(|row| row.state == TodayState::Measured) {
        let (Some(series), Some(end)) = (&row.series, row.end) else {
            continue;
        };
        let key = (series.market.clone(), series.interval.nominal_millis());
        let kind = kinds.entry(key).or_default();
        kind.0.insert(end);
        kind.1 += 1;
        kind.2 = format!("{} {}", series.market, series.interval);
    }
    let told = kinds.values().filter_map(|(ends, n, kind)| {
        let last = moment(*ends.last()?);
        Some(format!("{n} of {} to {last}", legible(kind)))
    });
    let told: Vec<String> = told.collect();
    let horizons = reply.series.iter().filter_map(|row| row.after.as_ref());
    let horizons: BTreeSet<String> = horizons.map(|a| a.horizon.to_string()).collect();
    let horizons: Vec<String> = horizons.into_iter().collect();
    format!(
        "{}\nsize: the share of earlier windows with smaller moves\nthen: the mean within {} after similar charts; any: after any chart\n",
        told.join(", "),
        horizons.join(" or ")
    )
}

/// What is unusual, in words.
fn told(view: &View, reply: &TodayReply) -> Outcome {
    let unusual: Vec<&TodayRow> = reply.series.iter().filter(|row| is_unusual(row)).collect();
    for row in unusual.iter().take(MOST_TOLD) {
        let chart = window(row).map(|window| pictures::closes(view, &window));
        let mark = if row.alarm { "ALARM " } else { "" };
        let mut lines = vec![format!(
            "\n{mark}{}  {}",
            legible(&name(row)),
            chart.unwrap_or_default()
        )];
        lines.extend(size(row));
        lines.extend(nearest(row));
        let p = row.after.as_ref().and_then(|a| a.p_value);
        let differs = p.is_some_and(|p| p <= crate::today_words::UNUSUAL);
        lines.extend(followed(row).filter(|_| differs));
        lines.extend(against_news(row).filter(|_| disagrees(row)));
        lines.extend(row.news.first().map(headline));
        let lines = lines.iter().enumerate().map(|(i, line)| match i {
            0 => line.clone(),
            _ => format!("  {}", legible(line)),
        });
        output::prose(&lines.collect::<Vec<_>>().join("\n"))?;
    }
    match unusual.len().checked_sub(MOST_TOLD) {
        Some(more) if more > 0 => output::prose(&format!(
            "\nand {more} more that are unusual: --format json or --html has them"
        )),
        _ => Ok(()),
    }
}

/// The window of a row.
pub(super) fn window(row: &TodayRow) -> Option<Window> {
    let series = row.series.as_ref()?;
    Some(Window {
        series: SeriesKey {
            market: series.market.clone(),
            venue: series.venue.clone(),
            symbol: series.symbol.clone(),
            interval: series.interval,
        },
        start: row.start?,
        end: row.end?,
    })
}

/// The series that have no row in the table, and why.
fn left_out(reply: &TodayReply) -> Outcome {
    /// Lines of one kind, at most.
    const MOST: usize = 10;
    let of = |state| reply.series.iter().filter(move |row| row.state == state);
    for (state, title) in [
        (TodayState::Stale, "stale, and not asked about"),
        (TodayState::Unmeasured, "not measured"),
        (TodayState::Unknown, "not stored"),
    ] {
        let n = of(state).count();
        if n == 0 {
            continue;
        }
        output::lines(&format!("\n{title}:"))?;
        for row in of(state).take(MOST) {
            let why = row.why.as_deref().unwrap_or_default();
            output::prose(&legible(&format!("  {}: {why}", row.name)))?;
        }
        if n > MOST {
            output::lines(&format!("  and {} more", n - MOST))?;
        }
    }
    // Parts that are missing for the same reason are told once.
    let missing = of(TodayState::Measured).flat_map(|row| &row.unanswered);
    let missing: BTreeSet<&String> = missing.collect();
    for why in missing.into_iter().take(MOST) {
        output::prose(&legible(&format!("\nnot answered: {why}")))?;
    }
    Ok(())
}
