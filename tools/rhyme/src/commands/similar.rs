use clap::Args;
use rhymedb::ask::{Path, PatternRequest, SimilarRequest, Subject};
use rhymedb::query::{Benchmark, Horizon, Refine};
use rhymedb::{Error, Timestamp, View};

use super::open_bar::WithOpen;
use super::spread::Spread;
use super::told::Sentence;
use super::which::Which;
use super::{hits, outcomes, pattern, query_text};
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::picture::{self, PlotArgs};
use crate::progress;

pub(crate) const HELP: &str = "\
TARGET is one of
  BTCUSDT:1h                             the latest window of a series
  BTCUSDT:1h@2021-05-19T12:00            the window whose last bar closed at or before that time
  crypto/binance/BTCUSDT:1h@2021-05-19   with market and venue, where the symbol alone is ambiguous
  my_chart.csv                           a candle file: its last window
  my_vector.npy                          a vector of your own model, in the space of --space
  prototype:NAME                         what `rhyme prototype add` has stored
  tag:NAME                               all windows that `rhyme tag` gave this name
  text:SENTENCE                          a sentence, in a space of charts and headlines

The list holds the best window of each run of similar ones. Nobody could know it as the best when
it closed: it is, because the bars after it looked less like the target. So what came after it
leans against the target's direction. --outcome and --chart look at what came after. They take
entries instead: of each run the first window that is as similar as the worst of the list.

--per symbol 2 has at most two hits of a symbol and fills the list with the next ones. --diverse chooses
hits that differ: each time the window with the most of LAMBDA times its score, less 1 - LAMBDA times
its greatest cosine with a hit chosen before. Neither goes with entries: which of them are the nearest
of a group is known only after bars that came after the others.

The summary leaves out hits that overlap the target in time, which are the same event, and hits of
another interval. Both stay in the list.

Example: rhyme similar BTCUSDT:1h@2021-05-19T12:00 -k 5 --market equity
Example: rhyme similar BTCUSDT:1h --outcome 24h,3d --refine dtw
Example: rhyme similar AAPL:1d --outcome 5d --net-of SPY
Example: rhyme similar BTCUSDT:1h --outcome 24h --plot similar.html
Example: rhyme similar BTCUSDT:1h --per symbol 2 --diverse
Example: rhyme similar sentence.npy --space mine
Example: rhyme similar --pattern 1,3,2,5,4
Example: rhyme similar --pattern \"double bottom\"";

#[derive(Debug, Args)]
pub(crate) struct Similar {
    /// A window of a stored series, a candle file, or a vector in a .npy file
    #[arg(required_unless_present = "pattern", conflicts_with = "pattern")]
    target: Option<String>,
    /// Ask with a drawing instead: a pattern by its name, or prices above 0 as text or in a file
    #[arg(long, value_name = "NAME|PRICES|FILE")]
    pattern: Option<String>,
    /// How many distinct episodes to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    #[command(flatten)]
    spread: Spread,
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
    /// Measure outcomes net of a stored symbol like SPY, or of `market`: the mean of all other series of the
    /// same market and interval
    #[arg(long, value_name = "SYMBOL|market", requires = "outcome")]
    net_of: Option<Benchmark>,
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
    let view = view_of(global, &db);
    if let Some(name) = args
        .pattern
        .as_deref()
        .filter(|text| pattern::is_name(text))
    {
        return named_pattern(global, args, &view, name);
    }
    let request = request(args, &view)?;
    let (reply, found) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.as_of);
    let drawn = || picture::similar(view, &request, &reply, &found);
    args.plot.write(global, drawn)?;
    let printed = hits::Found {
        view,
        reply: &reply,
        answer: found.similar(),
    };
    match &reply.after {
        Some(after) => outcomes::print(global.format, &printed, after),
        None if args.chart => printed.print_charts(global.format, &reply),
        None => printed.print(global.format, &reply),
    }
}

fn request(args: &Similar, view: &View) -> Outcome<SimilarRequest> {
    let mut request = SimilarRequest::new(subject(args, view)?);
    request.k = args.k;
    (request.per, request.diverse) = (args.spread.per()?, args.spread.diverse);
    request.refine = args.refine;
    request.outcome.clone_from(&args.outcome);
    request.same_moment = args.same_moment;
    request.other_intervals = args.other_intervals;
    request.net_of.clone_from(&args.net_of);
    request.seed = args.seed;
    request.entries = args.entries || args.chart;
    request.space.clone_from(&args.space);
    request.filter = args.which.filter();
    request.as_of = args.as_of;
    request.exclusion = args.exclusion;
    request.by_words = args.sentence.by_words;
    request.all_symbols = args.sentence.all_symbols;
    request.ef = args.ef;
    request.exact = args.exact;
    Ok(request)
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
    let mut request = PatternRequest::new(name);
    request.k = args.k;
    (request.per, request.diverse) = (args.spread.per()?, args.spread.diverse);
    request.space.clone_from(&args.space);
    request.filter = args.which.filter();
    request.as_of = args.as_of;
    request.exclusion = args.exclusion;
    request.ef = args.ef;
    request.exact = args.exact;
    let (reply, answer) = request.ask_in_full(view)?;
    progress::notes(global, &reply.found.notes);
    let view = &known(view, args.as_of);
    let target = &reply.found.query.target;
    let drawn = || picture::found(view, target, &answer.found, None);
    args.plot.write(global, drawn)?;
    let printed = hits::Found {
        view,
        reply: &reply.found,
        answer: &answer.found,
    };
    match args.chart {
        true => printed.print_charts(global.format, &reply),
        false => printed.print(global.format, &reply),
    }
}

/// What is asked about.
fn subject(args: &Similar, view: &View) -> Outcome<Subject> {
    match (&args.pattern, &args.target) {
        (Some(pattern), _) => Ok(Subject::Path(Path {
            path: pattern::path(pattern)?,
            name: Some(pattern.clone()),
        })),
        (None, Some(target)) => {
            let open = args.with_open.subject(&known(view, args.as_of), target)?;
            open.map_or_else(|| query_text::subject(target), Ok)
        }
        // The arguments were parsed so that there is one of the two.
        (None, None) => Err(Error::Invalid("expected a target".to_owned()).into()),
    }
}
