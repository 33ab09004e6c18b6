use clap::Args;
use rhymedb::{Error, Horizon, Query, Refine, SimilarAnswer, Target, Timestamp, View};
use serde_json::json;

use super::open_bar::WithOpen;
use super::told::Sentence;
use super::which::Which;
use super::{hits, outcomes, pattern, trained, words};
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{note_pending, open, view_at};
use crate::picture::{self, PlotArgs};
use crate::progress;

pub(crate) const HELP: &str = "\
TARGET is one of
  BTCUSDT:1h                             the latest window of a series
  BTCUSDT:1h@2021-05-19T12:00            the window whose last bar closed at or before that time
  crypto/binance/BTCUSDT:1h@2021-05-19   with market and venue, where the symbol alone is ambiguous
  my_chart.csv                           a candle file: its last window
  prototype:NAME                         what `rhyme prototype add` has stored
  tag:NAME                               all windows that `rhyme tag` gave this name
  text:SENTENCE                          a sentence, in a space of charts and headlines

The list holds the best window of each run of similar ones. Nobody could know it as the best when
it closed: it is, because the bars after it looked less like the target. So what came after it
leans against the target's direction. --outcome and --chart look at what came after. They take
entries instead: of each run the first window that is as similar as the worst of the list.

The summary leaves out hits that overlap the target in time, which are the same event, and hits of
another interval. Both stay in the list.

Example: rhyme similar BTCUSDT:1h@2021-05-19T12:00 -k 5 --market equity
Example: rhyme similar BTCUSDT:1h --outcome 24h,3d --refine dtw
Example: rhyme similar BTCUSDT:1h --outcome 24h --plot similar.html
Example: rhyme similar --pattern 1,3,2,5,4
Example: rhyme similar --pattern \"double bottom\"";

#[derive(Debug, Args)]
pub(crate) struct Similar {
    /// A window of a stored series, or a candle file
    #[arg(required_unless_present = "pattern", conflicts_with = "pattern")]
    target: Option<String>,
    /// Ask with a drawing instead: a pattern by its name, or prices above 0 as text or in a file
    #[arg(long, value_name = "NAME|PRICES|FILE")]
    pattern: Option<String>,
    /// How many distinct episodes to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    /// Compare the candidates again on their bars: corr (correlation) or dtw (time warping)
    #[arg(long, value_name = "corr|dtw")]
    refine: Option<Refine>,
    /// What happened after each hit and after all windows that pass: within a time like 24h or 5d, or
    /// so many bars of the target's interval
    #[arg(long, value_name = "TIME|BARS", value_delimiter = ',')]
    outcome: Vec<Horizon>,
    /// Count hits that overlap the target in time in the summary too
    #[arg(long, requires = "outcome")]
    same_moment: bool,
    /// Count hits of other intervals in the summary too
    #[arg(long, requires = "outcome")]
    other_intervals: bool,
    /// Draw the query and entries as candles, and what came afterwards behind a line
    #[arg(long, conflicts_with = "outcome")]
    chart: bool,
    /// Answer with the first window of each run of similar ones rather than the best, as --outcome and
    /// --chart do
    #[arg(long)]
    entries: bool,
    /// The seed of the sample of --outcome
    #[arg(long, default_value_t = 0, requires = "outcome")]
    seed: u64,
    /// The space to search [default: shape]
    #[arg(long)]
    space: Option<String>,
    #[command(flatten)]
    with_open: WithOpen,
    #[command(flatten)]
    which: Which,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// The least distance between two answers of one symbol, and from the query [default: W/4]
    #[arg(long, value_name = "BARS")]
    exclusion: Option<u32>,
    #[command(flatten)]
    sentence: Sentence,
    /// The breadth of the search: larger finds more and takes longer [default: 128]
    #[arg(long)]
    ef: Option<usize>,
    /// Score every window
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Similar) -> Outcome {
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    if let Some(name) = args
        .pattern
        .as_deref()
        .filter(|text| pattern::is_name(text))
    {
        return named_pattern(global, args, &view, name);
    }
    let (target, mut query) = asked(args)?;
    if let Some(open) = args.with_open.query(&view, target)? {
        query = open;
    }
    if let (Some(as_of), Ok(Target { time, .. })) = (args.as_of, target.parse())
        && time > Some(as_of)
    {
        let text = "note: the target's time is later than the view; this is its last window that was known then";
        progress::notice(global, text);
    }
    let mut similar = view.similar(query).k(args.k).exact(args.exact);
    similar = similar.entries(args.entries || args.chart);
    similar = similar.by_words(args.sentence.by_words);
    similar = similar.all_symbols(args.sentence.all_symbols);
    similar = similar.filter(args.which.filter());
    say!(similar, args, names: space);
    say!(similar, args, some: exclusion ef refine);
    if args.outcome.is_empty() {
        let answer = similar.run()?;
        note(global, &answer);
        let few = (answer.hits.len(), args.k);
        args.which.note_few(global, few, args.exact);
        let drawn = || picture::found(&view, target, &answer, None);
        args.plot.write(global, drawn)?;
        if args.chart {
            return hits::print_charts(global.format, &view, target, &answer);
        }
        return hits::print(global.format, &view, target, &answer);
    }
    let question = similar;
    let after = |horizons: &[Horizon]| {
        let outcomes = question.clone().outcomes(horizons).seed(args.seed);
        let outcomes = outcomes.same_moment(args.same_moment);
        outcomes.other_intervals(args.other_intervals).run()
    };
    let answer = after(&args.outcome)?;
    note(global, &answer.similar);
    let few = (answer.similar.hits.len(), args.k);
    args.which.note_few(global, few, args.exact);
    args.plot.write(global, || {
        picture::outcomes(&view, target, &answer, |horizons| Ok(after(horizons)?))
    })?;
    outcomes::print(global.format, &view, target, &answer)
}

/// What has to be known of an answer.
fn note(global: &Global, answer: &SimilarAnswer) {
    if answer.tags_left_out.total() > 0 {
        let text = format!(
            "note: tags that have no part in the question: {}",
            answer.tags_left_out
        );
        progress::notice(global, &text);
    }
    if answer.weekdays_before_open > 0 {
        let text = format!(
            "note: {} weekdays before the open bar have no bar: holidays, or days that are not stored yet",
            answer.weekdays_before_open
        );
        progress::notice(global, &text);
    }
    let series = answer.query.as_ref().map(|w| &w.series);
    trained::note(global, &answer.space, answer.trained_until, series, "");
}

/// Windows that end with a pattern of the built-in set.
fn named_pattern(global: &Global, args: &Similar, view: &View, name: &str) -> Outcome {
    let given = [
        ("--refine", args.refine.is_some()),
        ("--outcome", !args.outcome.is_empty()),
    ];
    if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
        return Err(Error::Invalid(format!(
            "expected {option} with a target or a drawn path, found the pattern {name}, whose hits are compared on their bars anyway; leave it out"
        ))
        .into());
    }
    let mut search = view.pattern(name).k(args.k).exact(args.exact);
    search = search.filter(args.which.filter());
    say!(search, args, names: space);
    say!(search, args, some: exclusion ef);
    let answer = search.run()?;
    let target = format!("pattern {}", answer.pattern);
    let drawn = || picture::found(view, &target, &answer.found, None);
    args.plot.write(global, drawn)?;
    if args.chart {
        return hits::print_charts(global.format, view, &target, &answer.found);
    }
    let more = [
        ("pattern", json!(answer.pattern)),
        ("bars", json!(answer.bars)),
    ];
    hits::print_with(global.format, view, &target, &answer.found, &more)
}

/// What was asked with, as text and as a query.
fn asked(args: &Similar) -> Outcome<(&str, Query)> {
    match (&args.pattern, &args.target) {
        (Some(pattern), _) => Ok((pattern, Query::Path(pattern::path(pattern)?))),
        (None, Some(target)) => Ok((target, words::query(target)?)),
        // The arguments were parsed so that there is one of the two.
        (None, None) => Err(Error::Invalid("expected a target".to_owned()).into()),
    }
}
