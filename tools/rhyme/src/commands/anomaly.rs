//! How unusual a window is, and the unusual episodes of a period.

use std::time::Duration;

use clap::Args;
use rhymedb::{
    AnomalyAnswer, Error, Filter, Interval, Measure, RankedSize, Target, Timestamp, Unusual, View,
    Window,
};
use serde_json::{Value, json};

use super::labels::Labels;
use super::moves::{self, MOVE_COLUMNS};
use super::window_columns::{WINDOW_COLUMNS, figure, p_figure, rounded, window_row};
use super::{anomaly_scan, pictures, trained, words};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{note_pending, open, view_at};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
A window is measured as of its own close.

Size comes first. It is one score of the return of the window and of its last bar, eighth and
quarter, its range, realised volatility, volume and opening gap, each in units of what was usual
for its series in the year before. It is ranked among the windows of its series, and among those
of its market and interval, that had ended when the window began.

Shape and meaning follow, ranked among earlier windows of the market and interval: the distance of
its vector to the nearest earlier windows, its Mahalanobis distance, the largest z-score of its
numbers, and, in a space of charts and headlines, its alignment: 1 less its greatest cosine with a
headline that was known then, or with a label.

A p-value is (1 + earlier windows with at least this value) / (1 + earlier windows).

Example: rhyme anomaly BTCUSDT:1h@2021-05-19T12:00
Example: rhyme anomaly --scan BTCUSDT --interval 1h --from 2021-01-01 --until 2022-01-01";

#[derive(Debug, Args)]
pub(crate) struct Anomaly {
    /// A window of a stored series, like BTCUSDT:1h@2021-05-19T12:00
    #[arg(required_unless_present = "scan", conflicts_with = "scan")]
    target: Option<String>,
    /// List the unusual episodes of a market or symbol instead
    #[arg(long, value_name = "MARKET|SYMBOL")]
    scan: Option<String>,
    /// Scan windows that closed at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Scan windows that closed at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// Scan only these intervals
    #[arg(long, value_delimiter = ',')]
    interval: Vec<Interval>,
    /// The measure by which a scan decides: size, distance, mahalanobis, largest-z or alignment
    /// [default: size]
    #[arg(long, value_name = "MEASURE")]
    by: Option<Measure>,
    /// The p-value up to which a scan lists windows [default: 0.01]
    #[arg(long)]
    level: Option<f64>,
    /// How many nearest episodes to list, with --scan how many unusual ones [default: 5, with --scan 20]
    #[arg(short, alias = "limit", value_name = "N")]
    k: Option<usize>,
    /// How many nearest episodes the distance is measured to [default: 5, without --scan those of -k]
    #[arg(long, value_name = "N")]
    neighbours: Option<usize>,
    /// Compare with windows of these markets or symbols only [default: all windows, and ranks among those
    /// of the same market and interval]
    #[arg(long, value_delimiter = ',', value_name = "MARKET|SYMBOL")]
    among: Vec<String>,
    /// The space [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// At least so many earlier windows to compare with
    #[arg(long, default_value_t = 200, value_name = "N")]
    calibration: usize,
    #[command(flatten)]
    labels: Labels,
    /// The time from the publication of a headline until somebody could know it, like 5m
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
    /// The seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// Compare with every window
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

/// How many nearest episodes the distance is measured to, unless something is said.
const NEIGHBOURS: usize = 5;

/// The options that both questions have.
macro_rules! with_options {
    ($question:expr, $args:expr, $neighbours:expr) => {{
        let mut question = $question
            .k($neighbours.unwrap_or(NEIGHBOURS))
            .exact($args.exact)
            .seed($args.seed)
            .calibration($args.calibration)
            .latency($args.latency);
        say!(question, $args, names: space among);
        if let Some(set) = &$args.labels.set()? {
            question = question.labels(set);
        }
        question
    }};
}

pub(crate) fn run(global: &Global, args: &Anomaly) -> Outcome {
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    let Some(name) = &args.scan else {
        check_single(args)?;
        let target: Target = args.target.as_deref().unwrap_or_default().parse()?;
        let neighbours = args.neighbours.or(args.k);
        let answer = with_options!(view.anomaly(target), args, neighbours).run()?;
        let (until, series) = (answer.trained_until, &answer.window.series);
        trained::note(global, &answer.space, until, Some(series), UNRANKED);
        return print(global.format, &view, &answer);
    };
    let mut scan = with_options!(view.anomaly_scan(), args, args.neighbours).of(name);
    if let Some(k) = args.k {
        scan = scan.limit(k);
    }
    let mut filter = Filter::new();
    filter.intervals.clone_from(&args.interval);
    (filter.from, filter.until) = (args.from, args.until);
    scan = scan.filter(filter);
    say!(scan, args, some: by level);
    let answer = scan.scores(args.plot.plot.is_some()).run()?;
    trained::note(global, &answer.space, answer.trained_until, None, UNRANKED);
    let drawn = || picture::anomalies(&view, name, &answer);
    args.plot.write(global, drawn)?;
    anomaly_scan::print(global.format, &view, &answer)
}

/// What follows for windows that weights have seen.
const UNRANKED: &str = "; the alignment of a window that began before is not ranked";

/// Refuses options of a scan for a single window. The parser cannot: it takes no requirement for
/// missing that conflicts with what is there.
fn check_single(args: &Anomaly) -> Outcome {
    let given = [
        ("--from", args.from.is_some()),
        ("--until", args.until.is_some()),
        ("--interval", !args.interval.is_empty()),
        ("--by", args.by.is_some()),
        ("--level", args.level.is_some()),
        ("--plot", args.plot.plot.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(Error::Invalid(format!(
            "expected {option} together with --scan, found a single window; leave it out, or scan a market or symbol"
        ))
        .into()),
    }
}

const MEASURE_COLUMNS: [Column; 4] = [
    column("measure", "measure"),
    column("value", "value"),
    column("percentile", "percentile"),
    column("p_value", "p"),
];

fn print(format: Format, view: &View, answer: &AnomalyAnswer) -> Outcome {
    let measures = measure_rows(format, &answer.unusual);
    match format {
        Format::Json => output::json(&answer_json(view, answer, measures)?),
        Format::Csv => output::listing(format, &MEASURE_COLUMNS, &measures, ""),
        Format::Table => {
            let found = measure_rows(Format::Json, &answer.unusual);
            output::keep(&MEASURE_COLUMNS, &found);
            output::prose(&heading(view, answer))?;
            output::listing(format, &MEASURE_COLUMNS, &measures, "")?;
            output::prose(&remarks(view, answer)?)?;
            let columns = [
                &[column("score", "nearest")],
                &WINDOW_COLUMNS[..],
                &MOVE_COLUMNS,
            ]
            .concat();
            let nearest = nearest_rows(format, view, answer)?;
            output::listing(
                format,
                &columns,
                &nearest,
                "too little history to compare shapes",
            )
        }
    }
}

/// A p-value up to which something is extreme, and one from which on it is usual.
const EXTREME: f64 = 0.01;
const USUAL: f64 = 0.1;

/// What is to be said below the measures.
fn remarks(view: &View, answer: &AnomalyAnswer) -> Outcome<String> {
    let unusual = &answer.unusual;
    let mut lines = vec![String::new()];
    let p = |measure| unusual.get(measure).map(|m| m.p_value);
    // By every measure of it: one that calls the shape unusual is enough not to call it usual.
    let shape = [Measure::Distance, Measure::Mahalanobis, Measure::LargestZ].map(p);
    let is_usual = shape.iter().all(|p| p.is_some_and(|p| p >= USUAL));
    if p(Measure::Size).is_some_and(|p| p <= EXTREME) && is_usual {
        lines.push("the shape is usual, the size is extreme".to_owned());
    }
    if let Some(ranked) = &unusual.size {
        lines.push(size_in_words(
            view.change(&answer.window)?,
            ranked,
            answer.window_bars,
        ));
    }
    lines.push(reference(answer));
    if unusual.get(Measure::LargestZ).is_some() {
        lines.push(format!(
            "the largest z-score is {} 3; of the earlier windows {:.0} % are above 3",
            if unusual.z_alarm { "above" } else { "at most" },
            100.0 * unusual.z_false_alarms
        ));
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

/// The moves of a window, in units of what was usual for its series.
fn size_in_words(change: Option<f64>, ranked: &RankedSize, window_bars: u32) -> String {
    let size = &ranked.size;
    let percent = change.map(|change| format!(" ({:+.1} %)", 100.0 * change));
    format!(
        "in deviations of the year before: return {:+.1}{}, last {} bars {:+.1}, last {} bars {:+.1}, last bar {:+.1}, range {:.1}, volatility {:.1}, volume {:.1}, opening gap {:+.1}",
        size.window,
        percent.unwrap_or_default(),
        (window_bars / 4).max(1),
        size.quarter,
        (window_bars / 8).max(1),
        size.eighth,
        size.last_bar,
        size.range,
        size.volatility,
        size.volume,
        size.gap,
    )
}

/// With what the window was compared.
fn reference(answer: &AnomalyAnswer) -> String {
    let key = &answer.window.series;
    let kind = format!("{} {}", key.market, key.interval);
    let kind = legible(match answer.named {
        true => "the windows of --among",
        false => &kind,
    });
    let mut parts = Vec::new();
    if let Some(ranked) = &answer.unusual.size {
        let market = match ranked.market {
            0 => String::new(),
            n => format!(" and {} of {kind}, half each", grouped(n as u64)),
        };
        parts.push(format!(
            "size among {} earlier windows of {} {}{market}",
            grouped(ranked.own as u64),
            legible(&key.symbol),
            key.interval
        ));
    }
    if answer.unusual.calibration > 0 {
        parts.push(format!(
            "the others among {} of {kind}",
            grouped(answer.unusual.calibration as u64)
        ));
    }
    format!("ranked: {}", parts.join("; "))
}

fn heading(view: &View, answer: &AnomalyAnswer) -> String {
    let window = &answer.window;
    let chart = pictures::small_chart(view, window);
    let chart = output::dimmed_afterwards(&chart);
    format!(
        "{} from {} to {}  {chart}\n{} windows had ended when it began, in {:.2} ms\n",
        legible(&window.series.to_string()),
        window.start,
        window.end,
        grouped(answer.history),
        answer.took.as_secs_f64() * 1e3
    )
}

fn measure_rows(format: Format, unusual: &Unusual) -> Vec<Value> {
    let row = |m: &rhymedb::Measured| {
        json!({
            "measure": m.measure.to_string(),
            "value": figure(format, m.value, 3),
            "percentile": figure(format, m.percentile, 1),
            "p_value": p_figure(format, m.p_value),
        })
    };
    unusual.measures.iter().map(row).collect()
}

fn nearest_rows(format: Format, view: &View, answer: &AnomalyAnswer) -> Outcome<Vec<Value>> {
    let row = |(score, window): &(f32, Window)| {
        let mut row = window_row(window);
        let score = figure(format, f64::from(*score), 4);
        row.insert("score".to_owned(), score);
        moves::with_move(format, view, window, Value::Object(row))
    };
    answer.nearest.iter().map(row).collect()
}

fn answer_json(view: &View, answer: &AnomalyAnswer, measures: Vec<Value>) -> Outcome<Value> {
    Ok(json!({
        "space": answer.space,
        "as_of": view.as_of().map(|t| t.to_string()),
        "window": window_row(&answer.window),
        "window_bars": answer.window_bars,
        "exclusion": answer.exclusion,
        "trained_until": words::text(answer.trained_until),
        "history": answer.history,
        "size": size_json(view.change(&answer.window)?, answer.unusual.size.as_ref()),
        "calibration": answer.unusual.calibration,
        "measures": measures,
        "z_alarm": answer.unusual.z_alarm,
        "z_false_alarms": rounded(answer.unusual.z_false_alarms),
        "nearest": nearest_rows(Format::Json, view, answer)?,
        "took_us": answer.took.as_micros() as u64,
    }))
}

fn size_json(change: Option<f64>, ranked: Option<&RankedSize>) -> Value {
    let Some(ranked) = ranked else {
        return Value::Null;
    };
    let size = &ranked.size;
    json!({
        "move_percent": change.map(|change| rounded(100.0 * change)),
        "window": rounded(size.window),
        "quarter": rounded(size.quarter),
        "eighth": rounded(size.eighth),
        "last_bar": rounded(size.last_bar),
        "range": rounded(size.range),
        "volatility": rounded(size.volatility),
        "volume": rounded(size.volume),
        "gap": rounded(size.gap),
        "own_windows": ranked.own,
        "market_windows": ranked.market,
    })
}
