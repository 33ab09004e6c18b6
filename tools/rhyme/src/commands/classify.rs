use clap::Args as ClapArgs;
use rhymedb::ask::{ClassifyHistoryRequest, ClassifyRequest};
use rhymedb::query::{ClassifyAnswer, JudgedBy};
use rhymedb::{Error, Timestamp};

use super::by_tags::{self, ByTags};
use super::labels::Labels;
use super::query_text;
use super::shown::{self, rounded};
use super::words::{self, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::legible;

pub(crate) const HELP: &str = "\
Built-in sets: regimes, eight-regimes, crypto-events, stock-events, patterns, sentiment.
Patterns are drawings, compared with the last 36 to 70 bars; none is chosen where a random path
looks as much like one. Regimes are rules on the trend and the volatility of the last 64 bars,
compared with the year before. The other sets, and labels of your own, are words; a note says so if
these words do not tell charts apart.
A file of sets is JSON: {\"mood\": {\"up\": \"shares rise\", \"down\": [\"shares fall\", \"a sell-off\"]}}
Over a history a label counts from the window that confirms it; until then the label before goes on.

Example: rhyme classify BTCUSDT:1h --labels \"shares surge,shares plunge,quiet trading\"
         rhyme classify BTCUSDT:1h --by-tags
         rhyme classify --history BTCUSDT:1h --set regimes --from 2021-01-01";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A window of a stored series, a candle file, or prototype:NAME
    #[arg(required_unless_present = "history")]
    target: Option<String>,
    /// Label all windows of this series instead, and print runs of equal labels
    #[arg(long, value_name = "SERIES", conflicts_with = "target")]
    history: Option<String>,
    #[command(flatten)]
    labels: Labels,
    #[command(flatten)]
    by_tags: ByTags,
    #[command(flatten)]
    options: SpaceOptions,
    /// Choose no label if the two best probabilities are nearer than this
    #[arg(long, default_value_t = 0.05, value_name = "MARGIN")]
    abstain: f64,
    /// Subtract from each label what it has in common with all charts
    #[arg(long)]
    centred: bool,
    /// With --history: windows that confirm a label before it counts: they agree one after another, or
    /// by rules its lead sums to so many [default: an eighth of the window's bars; patterns: 3]
    #[arg(long, value_name = "WINDOWS")]
    confirm: Option<usize>,
    /// With --history: only windows that closed at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// With --history: only windows that closed at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.from, args.until)?;
    if args.history.is_none() {
        check_single(args)?;
    }
    if let (true, Some(target)) = (args.by_tags.by_tags, &args.target) {
        return by_tags::run(global, target, &args.by_tags, &args.options);
    }
    match (&args.history, &args.target) {
        (Some(series), _) => history(global, args, series),
        (None, Some(target)) => one(global, args, target),
        (None, None) => Err(Error::Invalid("expected a target or --history".to_owned()).into()),
    }
}

/// Refuses options of a history for a single window. The parser cannot: it takes no requirement for
/// missing that conflicts with what is there.
fn check_single(args: &Args) -> Outcome {
    let given = [
        ("--from", args.from.is_some()),
        ("--to", args.until.is_some()),
        ("--confirm", args.confirm.is_some()),
        ("--plot", args.plot.plot.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(Error::Invalid(format!(
            "expected {option} together with --history, found a single window; leave it out (`rhyme similar --plot` draws windows)"
        ))
        .into()),
    }
}

fn one(global: &Global, args: &Args, target: &str) -> Outcome {
    let mut request = ClassifyRequest::new(query_text::subject(target)?);
    (request.labels, request.set) = args.labels.chosen()?;
    request.space.clone_from(&args.options.space);
    (request.abstain, request.centred) = (args.abstain, args.centred);
    request.as_of = args.options.as_of;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let format = global.format;
    let rows = shown::rows(&reply.labels)?;
    let mut columns = vec![
        column("label", "label"),
        column("probability", "probability"),
    ];
    match reply.query.judged_by {
        JudgedBy::Words => columns.extend([
            column("score", "score"),
            column("percentile", "says more than %"),
        ]),
        JudgedBy::Drawings => columns.push(column("score", "likeness")),
        JudgedBy::Rules => {}
    }
    match format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            let view = &known(&view, args.options.as_of);
            output::prose(&format!(
                "{}\n{}\n",
                words::window_line(view, answer.query.as_ref(), target)?,
                verdict(&answer)
            ))?;
            output::keep(&columns, &rows);
            let rows = rounded(rows, &[("probability", 4), ("score", 4)]);
            output::listing(format, &columns, &rows, "")
        }
    }
}

/// What was chosen, and by how much.
fn verdict(answer: &ClassifyAnswer) -> String {
    let by = answer.margin;
    match (&answer.chosen, answer.judged_by) {
        (Some(label), JudgedBy::Drawings) => format!(
            "{}, {by:.4} before the next pattern and before none (none: {:.4})",
            legible(label),
            answer.none
        ),
        (None, JudgedBy::Drawings) => format!(
            "no pattern: a random path looks as much like one (none: {:.4}); --abstain 0 names the nearest",
            answer.none
        ),
        (Some(label), _) => format!("{}, {by:.4} before the next label", legible(label)),
        (None, _) => format!("undecided, {by:.4} before the next label"),
    }
}

const RUN_COLUMNS: [Column; 5] = [
    column("first", "first end"),
    column("last", "last end"),
    column("windows", "windows"),
    column("label", "label"),
    column("probability", "mean probability"),
];

fn history(global: &Global, args: &Args, series: &str) -> Outcome {
    let mut request = ClassifyHistoryRequest::new(words::series(series)?);
    (request.labels, request.set) = args.labels.chosen()?;
    request.space.clone_from(&args.options.space);
    (request.abstain, request.centred) = (args.abstain, args.centred);
    request.confirm = args.confirm;
    (request.from, request.until) = (args.from, args.until);
    request.as_of = args.options.as_of;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.options.as_of);
    args.plot.write(global, || {
        picture::regimes(view, &request.label_set()?, &answer)
    })?;
    let rows = shown::rows(&reply.runs)?;
    let none = "the series has no windows in that period";
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, &RUN_COLUMNS, &rows, none),
        Format::Table => {
            output::keep(&RUN_COLUMNS, &rows);
            let mut rows = rounded(rows, &[("probability", 4)]);
            for label in rows.iter_mut().filter_map(|row| row.get_mut("label")) {
                if label.is_null() {
                    *label = "undecided".into();
                }
            }
            output::listing(global.format, &RUN_COLUMNS, &rows, none)
        }
    }
}
