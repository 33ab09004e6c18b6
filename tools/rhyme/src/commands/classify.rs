use clap::Args as ClapArgs;
use rhymedb::{ClassifyAnswer, Error, JudgedBy, LabelSet, Timestamp, View};
use serde_json::{Value, json};

use super::by_tags::{self, ByTags};
use super::labels::Labels;
use super::trained;
use super::words::{self, Place, number};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::output::{self, column};
use crate::picture::{self, PlotArgs};
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
    place: Place,
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
        let view = args.place.view(global, &open(global)?)?;
        return by_tags::run(global, &view, target, (&args.by_tags, &args.place));
    }
    let set = args.labels.set()?;
    let set = set.map_or_else(|| LabelSet::built_in_named("regimes"), Ok)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    match (&args.history, &args.target) {
        (Some(series), _) => history(global, args, &view, series, &set),
        (None, Some(target)) => one(global, args, &view, target, &set),
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

fn one(global: &Global, args: &Args, view: &View, target: &str, set: &LabelSet) -> Outcome {
    let mut classify = view.classify(words::query(target)?, set);
    classify = classify.abstain_below(args.abstain).centred(args.centred);
    say!(classify, args.place, names: space);
    let answer = classify.run()?;
    words::warn(global, answer.warning.as_deref());
    if let Some(space) = &answer.space {
        let series = answer.query.as_ref().map(|w| &w.series);
        trained::note(global, space, answer.trained_until, series, "");
    }
    let format = global.format;
    let rows: Vec<Value> = answer
        .labels
        .iter()
        .map(|label| {
            json!({
                "label": label.label,
                "probability": number(format, label.probability),
                "score": number(format, label.score),
                "percentile": words::percentile(label.expressiveness),
            })
        })
        .collect();
    let mut columns = vec![
        column("label", "label"),
        column("probability", "probability"),
    ];
    match answer.judged_by {
        JudgedBy::Words => columns.extend([
            column("score", "score"),
            column("percentile", "says more than %"),
        ]),
        JudgedBy::Drawings => columns.push(column("score", "likeness")),
        JudgedBy::Rules => {}
    }
    match format {
        Format::Json => output::json(&json!({
            "query": {
                "target": target,
                "window": words::window_json(view, answer.query.as_ref())?,
                "space": answer.space,
                "set": answer.set,
                "judged_by": answer.judged_by,
                "as_of": words::text(view.as_of()),
            },
            "chosen": answer.chosen,
            "margin": number(format, answer.margin),
            "none": number(format, answer.none),
            "temperature": answer.temperature.map(|t| number(format, t)),
            "warning": answer.warning,
            "trained_until": words::text(answer.trained_until),
            "labels": rows,
        })),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            output::prose(&format!(
                "{}\n{}\n",
                words::window_line(view, answer.query.as_ref(), target)?,
                verdict(&answer)
            ))?;
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

fn history(global: &Global, args: &Args, view: &View, series: &str, set: &LabelSet) -> Outcome {
    let mut regimes = view.regimes(words::series(series)?, set);
    regimes = regimes.abstain_below(args.abstain).centred(args.centred);
    say!(regimes, args.place, names: space);
    say!(regimes, args, some: confirm from until);
    let answer = regimes.run()?;
    words::warn(global, answer.warning.as_deref());
    if let Some(space) = &answer.space {
        let series = Some(&answer.series);
        trained::note(global, space, answer.trained_until, series, "");
    }
    let drawn = || picture::regimes(view, set, &answer);
    args.plot.write(global, drawn)?;
    let rows: Vec<Value> = answer
        .runs
        .iter()
        .map(|run| {
            let undecided = match global.format {
                Format::Table => json!("undecided"),
                Format::Json | Format::Csv => Value::Null,
            };
            json!({
                "first": run.first.to_string(),
                "last": run.last.to_string(),
                "windows": run.windows,
                "label": run.label.as_ref().map_or(undecided, |l| json!(l)),
                "probability": number(global.format, run.probability),
                "trained_until": words::text(answer.trained_until),
            })
        })
        .collect();
    let columns = [
        column("first", "first end"),
        column("last", "last end"),
        column("windows", "windows"),
        column("label", "label"),
        column("probability", "mean probability"),
    ];
    let none = "the series has no windows in that period";
    output::listing(global.format, &columns, &rows, none)
}
