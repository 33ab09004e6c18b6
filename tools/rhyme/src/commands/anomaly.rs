//! How unusual a window is, and the unusual episodes of a period.

use clap::Args;
use rhymedb::ask::{AnomalyReply, AnomalyRequest, AnomalyScanRequest, Span};
use rhymedb::query::{AnomalyAnswer, Measure, RankedSize};
use rhymedb::{Error, Interval, Timestamp, View};

use super::labels::Labels;
use super::moves::MOVE_COLUMNS;
use super::shown::{self, rounded, with_p};
use super::window_columns::WINDOW_COLUMNS;
use super::{anomaly_scan, pictures};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
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
    #[arg(long, default_value = "0", value_name = "TIME")]
    latency: Span,
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

/// The options that both requests have.
macro_rules! say_to {
    ($request:ident, $args:expr) => {
        $request.among.clone_from(&$args.among);
        $request.space.clone_from(&$args.space);
        $request.calibration = $args.calibration;
        ($request.labels, $request.set) = $args.labels.chosen()?;
        $request.latency = $args.latency;
        $request.seed = $args.seed;
        $request.as_of = $args.as_of;
        $request.exact = $args.exact;
    };
}

pub(crate) fn run(global: &Global, args: &Anomaly) -> Outcome {
    let Some(name) = &args.scan else {
        return one(global, args);
    };
    let mut request = AnomalyScanRequest::new(name);
    say_to!(request, args);
    request.filter.intervals.clone_from(&args.interval);
    (request.filter.from, request.filter.until) = (args.from, args.until);
    request.by = args.by.unwrap_or(request.by);
    request.level = args.level.unwrap_or(request.level);
    request.k = args.k.unwrap_or(request.k);
    request.neighbours = args.neighbours.unwrap_or(request.neighbours);
    request.scores = args.plot.plot.is_some();
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.as_of);
    let drawn = || picture::anomalies(view, name, &answer);
    args.plot.write(global, drawn)?;
    anomaly_scan::print(global.format, view, &reply, &answer)
}

fn one(global: &Global, args: &Anomaly) -> Outcome {
    check_single(args)?;
    let target = args.target.as_deref().unwrap_or_default();
    let mut request = AnomalyRequest::new(target.parse()?);
    say_to!(request, args);
    let neighbours = args.neighbours.or(args.k);
    request.neighbours = neighbours.unwrap_or(request.neighbours);
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    print(global.format, &known(&view, args.as_of), &reply, &answer)
}

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

fn print(format: Format, view: &View, reply: &AnomalyReply, answer: &AnomalyAnswer) -> Outcome {
    let measures = shown::rows(&reply.measures)?;
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &MEASURE_COLUMNS, &measures, ""),
        Format::Table => {
            output::keep(&MEASURE_COLUMNS, &measures);
            output::prose(&heading(view, answer))?;
            let measures = rounded(with_p(measures), &[("value", 3), ("percentile", 1)]);
            output::listing(format, &MEASURE_COLUMNS, &measures, "")?;
            output::prose(&remarks(view, answer)?)?;
            let columns = [
                &[column("score", "nearest")],
                &WINDOW_COLUMNS[..],
                &MOVE_COLUMNS,
            ]
            .concat();
            let nearest = rounded(shown::rows(&reply.nearest)?, &[("score", 4)]);
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
