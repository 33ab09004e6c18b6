//! Windows as pictures: candle charts, small charts in tables, and what came afterwards.

use rhymedb::query::SimilarAnswer;
use rhymedb::{Bars, Error, Target, Timestamp, View, Window};

use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{db_path, open, view_at};
use crate::output::{self};
use crate::render::{Style, beside, candles_and_after, cut, sparkline, sparkline_and_after};
use crate::sink;
use crate::text::legible;
use crate::zone;

/// The part of a window that is shown of what came after it.
const AFTER: usize = 4;
/// Lines of a candle chart, the one of the times included.
const HEIGHT: usize = 11;
/// The columns of a chart of its own, and between two charts.
const WIDEST: usize = 76;
const GAP: usize = 4;
/// Where nobody tells how wide it is.
const USUAL: usize = 96;
/// Bars of a window where no space says so.
const USUAL_BARS: usize = 64;
/// The least width of one of two charts that stand beside one another.
const HALF: usize = 36;

/// The bars of a window, and those after it that the view knows, a quarter as many; none if its
/// vector was imported without bars.
fn window_bars(view: &View, window: &Window) -> (Bars, Bars) {
    let series = &window.series;
    let between = |from, to| {
        let found = view.bars(series, Some(from), Some(to), None);
        found.map(|report| report.bars).unwrap_or_default()
    };
    let bars = between(series.interval.close_of(window.start), window.end);
    // As long again as the window is longer than a quarter of its bars, gaps included.
    let span = window.end.millis() - window.start.millis();
    let next = window.end.plus_millis(1);
    let later = between(next, window.end.plus_millis(span));
    let shown = later.len().min(bars.len() / AFTER);
    (bars, later.slice(0..shown))
}

/// A window's closes as a small chart for a table, and what came afterwards behind a line.
pub(crate) fn small_chart(view: &View, window: &Window) -> String {
    let (bars, after) = window_bars(view, window);
    sparkline_and_after(&bars.close, &after.close, chart_width(), Style::of_stdout())
}

/// The same without what came afterwards, which had a part in the choice of a best window.
pub(crate) fn closes(view: &View, window: &Window) -> String {
    let (bars, _) = window_bars(view, window);
    sparkline(&bars.close, chart_width(), Style::of_stdout())
}

fn chart_width() -> usize {
    match sink::width() {
        Some(narrow) if narrow < 100 => 16,
        _ => 24,
    }
}

/// Draws the window that a text names, if it names one: whatever has the form of a target with an
/// interval or a time, else the symbol of something stored.
pub(crate) fn draw_target(global: &Global, text: &str, as_of: Option<Timestamp>) -> Outcome<bool> {
    let Ok(target) = text.parse::<Target>() else {
        return Ok(false);
    };
    let formed = text.contains([':', '@']);
    if !formed && !db_path(global).exists() {
        return Ok(false);
    }
    let view = view_at(global, &open(global)?, as_of);
    let key = match view.series_of(&target) {
        Err(Error::NotFound { .. }) if !formed => return Ok(false),
        found => found?,
    };
    if global.format != Format::Table {
        return Err(Error::Invalid(format!(
            "expected a command whose answer has rows, found the target {text} alone, which is a picture; type bars {text} for its numbers"
        ))
        .into());
    }
    let spaces = view.spaces()?;
    let usual = spaces.iter().find(|s| s.space.name == "shape");
    let bars = usual.map_or(USUAL_BARS, |s| s.space.encoder.window as usize);
    let found = view.bars(&key, None, target.time, Some(bars))?.bars;
    let (Some(first), Some(last)) = (found.iter().next(), found.iter().last()) else {
        return Err(Error::Invalid(format!(
            "expected a time at which bars of {key} had closed, found {text}; `series` says from when to when they are"
        ))
        .into());
    };
    let window = Window {
        end: key.interval.close_of(last.time),
        start: first.time,
        series: key,
    };
    output::lines(&chart(&view, &window).join("\n"))?;
    Ok(true)
}

/// A window's candles under a title, as wide as the terminal lets them be.
fn chart(view: &View, window: &Window) -> Vec<String> {
    let width = sink::width().unwrap_or(USUAL).min(WIDEST);
    let title = format!("{}  closed {}", window.series, moment(window.end));
    let mut lines = picture(&title, &window_bars(view, window), width);
    lines.pop();
    lines
}

/// The query and the hits of an answer, two beside one another where there is room.
pub(crate) fn charts(view: &View, target: &str, answer: &SimilarAnswer) -> Vec<String> {
    let room = sink::width().unwrap_or(USUAL);
    let half = room.saturating_sub(GAP) / 2;
    let (width, in_a_row) = if half >= HALF {
        (half.min(WIDEST), 2)
    } else {
        (room.min(WIDEST), 1)
    };
    let mut all = Vec::new();
    let query = match (&answer.query, &answer.query_bars) {
        (Some(window), Some(bars)) if answer.open_bar.is_some() => Some((
            format!("query, last bar open  {}", window.series),
            (bars.clone(), Bars::default()),
        )),
        (Some(window), _) => Some((
            format!("query  {}", window.series),
            window_bars(view, window),
        )),
        (None, Some(bars)) => Some((format!("query  {target}"), (bars.clone(), Bars::default()))),
        (None, None) => None,
    };
    all.extend(query.map(|(title, bars)| picture(&title, &bars, width)));
    for hit in &answer.hits {
        let title = format!("{}  {:.4}  {}", hit.rank, hit.score, hit.window.series);
        all.push(picture(&title, &window_bars(view, &hit.window), width));
    }
    let rows = all.chunks(in_a_row).flat_map(|row| match row {
        [left, right] => beside(left, right, GAP),
        [one, ..] => one.clone(),
        [] => Vec::new(),
    });
    rows.map(|line| line.trim_end().to_owned()).collect()
}

/// A title, the candles, and a blank line.
fn picture(title: &str, (bars, after): &(Bars, Bars), width: usize) -> Vec<String> {
    let style = Style::of_stdout();
    let mut lines = vec![cut(&legible(title), width, style)];
    lines.extend(candles_and_after(bars, after, width, HEIGHT, style));
    // As wide as pictures may be, so that what stands beside others stands in one column.
    lines.push(" ".repeat(width));
    lines
}

/// A time as it stands in a title: to the minute.
fn moment(time: Timestamp) -> String {
    let text = zone::shown(time).replace('T', " ");
    text.chars().take("2024-01-03 12:00".len()).collect()
}
