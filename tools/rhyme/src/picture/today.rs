//! A report of today: a table, and a chart with a few sentences for each series.

use rhymedb::ask::{TodayReply, TodayRow, TodayState};
use rhymedb::plot::{Chart, Report, ReportEntry};
use rhymedb::{SeriesKey, View, Window};

use super::after::chart;
use super::names::as_of;
use crate::failure::Outcome;
use crate::today_words::{
    against_news, followed, headline, moment, name, nearest, p, percent, regime, size,
};

const COLUMNS: [&str; 13] = [
    "#", "series", "market", "closed", "move", "size", "p", "regime", "since", "then", "any",
    "p then", "news",
];

/// The report, with the chart of each series that was measured.
pub(crate) fn today(view: &View, reply: &TodayReply) -> Outcome<Report> {
    let mut entries = Vec::with_capacity(reply.series.len());
    for row in &reply.series {
        entries.push(ReportEntry {
            cells: cells(row),
            flagged: row.alarm,
            chart: drawn(view, row)?,
            lines: lines(row),
        });
    }
    let alarms = match reply.alarm {
        Some(level) => format!(" · {} at rank {level} or above", reply.alarms),
        None => String::new(),
    };
    let newest = reply.series.iter().filter_map(|row| row.end).max();
    let newest = newest.map_or_else(String::new, |end| format!(" on {}", moment(end)));
    Ok(Report {
        title: format!("The latest windows{newest}, the most unusual first"),
        subtitle: format!(
            "{} series measured, {} stale, {} not measured{alarms}{}",
            reply.measured,
            reply.stale,
            reply.series.len() - reply.measured - reply.stale,
            as_of(view)
        ),
        note: format!(
            "size: the share of earlier windows with smaller moves. then: the mean after similar charts; any: after any chart. Times are UTC. {}.",
            reply.notes.join("; ")
        ),
        texts: Vec::new(),
        columns: COLUMNS.map(str::to_owned).to_vec(),
        entries,
    })
}

fn drawn(view: &View, row: &TodayRow) -> Outcome<Option<Chart>> {
    let (Some(series), Some(start), Some(end)) = (&row.series, row.start, row.end) else {
        return Ok(None);
    };
    let window = Window {
        series: SeriesKey {
            market: series.market.clone(),
            venue: series.venue.clone(),
            symbol: series.symbol.clone(),
            interval: series.interval,
        },
        start,
        end,
    };
    let size = row.size_rank.map(|rank| format!("{:.1} %", 100.0 * rank));
    let label = format!("{} · size {}", row.rank, size.unwrap_or_default());
    Ok(Some(chart(view, &window, label, 0)?))
}

fn cells(row: &TodayRow) -> Vec<String> {
    let after = row.after.as_ref();
    let mean = |of: Option<&rhymedb::ask::SummaryRow>| of.map(|s| percent(s.mean));
    let state = match row.state {
        TodayState::Measured => None,
        _ => row.why.clone(),
    };
    let some = [
        Some(row.rank.to_string()),
        Some(name(row)),
        row.series.as_ref().map(|s| s.market.clone()),
        row.end.map(moment),
        row.moved.move_percent.map(|m| format!("{m:+.1} %")),
        row.size_rank.map(|r| format!("{:.1} %", 100.0 * r)),
        row.size_p.map(p),
        row.regime.clone().or(state),
        row.regime_since.map(moment),
        after.and_then(|a| mean(a.hits.as_ref())),
        after.and_then(|a| mean(a.base.as_ref())),
        after.and_then(|a| a.p_value).map(p),
        (row.headlines > 0).then(|| row.headlines.to_string()),
    ];
    some.map(Option::unwrap_or_default).to_vec()
}

fn lines(row: &TodayRow) -> Vec<String> {
    let said = [
        size(row),
        regime(row),
        nearest(row),
        followed(row),
        against_news(row),
    ];
    let news = row.news.iter().map(headline);
    said.into_iter().flatten().chain(news).collect()
}
