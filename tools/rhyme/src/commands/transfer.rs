//! Similar windows in another market, and how alike markets are.

use clap::Args;
use rhymedb::ask::{
    PairRow, TransferMatrixReply, TransferMatrixRequest, TransferReply, TransferRequest,
};
use rhymedb::query::{Fewer, TransferAnswer};
use rhymedb::{Interval, Timestamp, View};
use serde_json::Value;

use super::hits::HIT_COLUMNS;
use super::pictures;
use super::shown::{self, charted, rounded};
use super::spread::{self, Spread};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
Hits are ordered by the corrected score (`score`): twice the cosine after the shift between the two
sides was removed (`similarity`; mean and covariance, CORAL), less how near both windows are to
everything (CSLS). The raw score (`raw`) is the cosine that `rhyme similar` gives.

Example: rhyme transfer BTCUSDT:1h@2021-05-19 --to equity -k 5";

pub(crate) const MATRIX_HELP: &str = "\
`mutual` is the share of windows that are each other's nearest: 1 if each has a partner. `similar`
is the mean cosine of a window and its nearest. Beside both stands what two groups of one kind and
size would have; groups that differ have less. As many windows of each are compared.

Example: rhyme transfer-matrix --by sector --interval 1d
Example: rhyme transfer-matrix --by symbol --market crypto --from 2021-01-01";

#[derive(Debug, Args)]
pub(crate) struct Transfer {
    /// A window of a stored series, like BTCUSDT:1h@2021-05-19T12:00
    target: String,
    /// Look in these markets, at these symbols, or at those with an attribute, like sector=Energy
    #[arg(
        long,
        required = true,
        value_delimiter = ',',
        value_name = "MARKET|SYMBOL"
    )]
    to: Vec<String>,
    /// How many distinct episodes to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    /// The most hits of one symbol; --per symbol N counts before it
    #[arg(long, default_value_t = 3, value_name = "HITS")]
    quota: usize,
    #[command(flatten)]
    spread: Spread,
    /// Only these intervals
    #[arg(long, value_delimiter = ',')]
    interval: Vec<Interval>,
    /// Only windows that closed at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only windows that closed at or before this time
    #[arg(long)]
    until: Option<Timestamp>,
    /// The least distance between two hits of one symbol [default: W/4]
    #[arg(long, value_name = "BARS")]
    exclusion: Option<u32>,
    /// The space [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// The seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// Score every window to find the candidates
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TransferMatrix {
    /// Compare markets, symbols, or the values of an attribute like sector
    #[arg(long, default_value = "market", value_name = "market|symbol|ATTRIBUTE")]
    by: String,
    /// Only these markets
    #[arg(long, value_delimiter = ',')]
    market: Vec<String>,
    /// Only these symbols
    #[arg(long, value_delimiter = ',')]
    symbol: Vec<String>,
    /// Only these intervals
    #[arg(long, value_delimiter = ',')]
    interval: Vec<Interval>,
    /// Only windows that closed at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only windows that closed at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// The most windows of a market or symbol that are compared
    #[arg(long, default_value_t = 500, value_name = "N")]
    sample: usize,
    /// The space [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// The seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// Compare every window instead of a sample
    #[arg(long)]
    exact: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Transfer) -> Outcome {
    let mut request = TransferRequest::new(&args.target, args.to.clone());
    (request.k, request.quota) = (args.k, args.quota);
    (request.per, request.diverse) = (args.spread.per()?, args.spread.diverse);
    request.filter.intervals.clone_from(&args.interval);
    (request.filter.from, request.filter.until) = (args.from, args.until);
    request.exclusion = args.exclusion;
    request.space.clone_from(&args.space);
    request.seed = args.seed;
    request.as_of = args.as_of;
    request.exact = args.exact;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.as_of);
    let drawn = || picture::transferred(view, &args.to.join(", "), &answer);
    args.plot.write(global, drawn)?;
    let rows = shown::rows(&reply.hits)?;
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, &hit_columns(), &rows, ""),
        Format::Table => table(view, &reply, &answer, rows),
    }
}

/// The columns of a hit: its scores in the place of the one of a similarity search.
fn hit_columns() -> Vec<Column> {
    let mut columns = HIT_COLUMNS.to_vec();
    for named in &mut columns {
        if named.key == "score" {
            named.title = "corrected score";
        }
    }
    columns.insert(2, column("similarity", "without shift"));
    columns.insert(3, column("raw", "raw score"));
    columns
}

fn table(view: &View, reply: &TransferReply, answer: &TransferAnswer, rows: Vec<Value>) -> Outcome {
    let query = &answer.query;
    let chart = pictures::small_chart(view, query);
    output::prose(&format!(
        "{} from {} to {}  {}\n{} windows elsewhere searched by {} in {:.2} ms, at most {} of a symbol; the shift between the sides is {:.3}\n{}",
        legible(&query.series.to_string()),
        query.start,
        query.end,
        output::dimmed_afterwards(&chart),
        grouped(reply.searched.windows),
        reply.searched.plan,
        answer.took.as_secs_f64() * 1e3,
        reply.query.quota,
        answer.shift,
        spread::told(reply.query.per, reply.query.diverse),
    ))?;
    if let Some(fewer) = &reply.fewer {
        let more = match answer.fewer {
            Some(Fewer::Quota) if reply.query.per.is_empty() => {
                " (--quota allows more of one symbol)"
            }
            _ => "",
        };
        output::prose(&format!("{fewer}{more}\n"))?;
    }
    let mut columns = hit_columns();
    output::keep(&columns, &rows);
    columns.push(column(output::CHART, "closes"));
    let rows = rounded(rows, &[("score", 4), ("similarity", 4), ("raw", 4)]);
    let charts = answer.hits.iter();
    let rows = charted(rows, charts.map(|hit| pictures::closes(view, &hit.window)));
    output::listing(Format::Table, &columns, &rows, "nothing found")
}

pub(crate) fn run_matrix(global: &Global, args: &TransferMatrix) -> Outcome {
    let mut request = TransferMatrixRequest::default();
    request.by.clone_from(&args.by);
    request.filter.markets.clone_from(&args.market);
    request.filter.symbols.clone_from(&args.symbol);
    request.filter.intervals.clone_from(&args.interval);
    (request.filter.from, request.filter.until) = (args.from, args.until);
    request.sample = args.sample;
    request.space.clone_from(&args.space);
    request.seed = args.seed;
    request.as_of = args.as_of;
    request.exact = args.exact;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.as_of);
    let drawn = || Ok(picture::matrix(view, &answer));
    args.plot.write(global, drawn)?;
    print_matrix(global.format, &reply)
}

const PAIR_COLUMNS: [Column; 7] = [
    column("a", "one"),
    column("b", "other"),
    column("mutual", "mutual"),
    column("mutual_null", "of one kind"),
    column("similarity", "similar"),
    column("similarity_null", "of one kind"),
    column("n", "windows of each"),
];

fn print_matrix(format: Format, reply: &TransferMatrixReply) -> Outcome {
    let rows = shown::rows(&reply.pairs)?;
    if format != Format::Json {
        output::keep(&PAIR_COLUMNS, &rows);
    }
    match (format, reply.pairs.as_slice()) {
        (Format::Json, _) => output::json(&output::value(reply)?),
        (Format::Csv, _) => output::listing(format, &PAIR_COLUMNS, &rows, ""),
        (Format::Table, [pair]) => output::prose(&sentence(pair)),
        (Format::Table, _) => {
            let decimals = ["mutual", "mutual_null", "similarity", "similarity_null"];
            let rows = rounded(rows, &decimals.map(|key| (key, 4)));
            output::listing(format, &PAIR_COLUMNS, &rows, "fewer than two to compare")
        }
    }
}

/// What a matrix of two says.
fn sentence(pair: &PairRow) -> String {
    let of_one_kind = |null: Option<f64>, show: fn(f64) -> String| {
        null.map_or_else(String::new, |null| {
            format!(" (two groups of one kind: {})", show(null))
        })
    };
    let percent = |x: f64| format!("{:.0} %", 100.0 * x);
    let cosine = |x: f64| format!("{x:.3}");
    legible(&format!(
        "{} and {}: {} of the windows are mutual nearest neighbours{}, and a window and its nearest in the other have a mean cosine of {}{}; {} windows of each were compared.",
        pair.a,
        pair.b,
        percent(pair.mutual),
        of_one_kind(pair.mutual_null, percent),
        cosine(pair.similarity),
        of_one_kind(pair.similarity_null, cosine),
        grouped(pair.n as u64),
    ))
}
