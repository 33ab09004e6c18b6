//! Similar windows in another market, and how alike markets are.

use clap::Args;
use rhymedb::{
    Fewer, Filter, Interval, Target, Timestamp, TransferAnswer, TransferMatrixAnswer, TransferPair,
    View,
};
use serde_json::{Value, json};

use super::hits::HIT_COLUMNS;
use super::moves;
use super::window_columns::window_row;
use super::{pictures, trained};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{note_pending, open, view_at};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
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
    /// The most hits of one symbol
    #[arg(long, default_value_t = 3, value_name = "HITS")]
    quota: usize,
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
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    let target: Target = args.target.parse()?;
    let mut question = view
        .transfer(target)
        .k(args.k)
        .quota(args.quota)
        .seed(args.seed)
        .exact(args.exact);
    say!(question, args, names: space to);
    let mut filter = Filter::new();
    filter.intervals.clone_from(&args.interval);
    (filter.from, filter.until) = (args.from, args.until);
    question = question.filter(filter);
    say!(question, args, some: exclusion);
    let answer = question.run()?;
    let series = Some(&answer.query.series);
    trained::note(global, &answer.space, answer.trained_until, series, "");
    let drawn = || picture::transferred(&view, &args.to.join(", "), &answer);
    args.plot.write(global, drawn)?;
    print(global.format, &view, args, &answer)
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

fn print(format: Format, view: &View, args: &Transfer, answer: &TransferAnswer) -> Outcome {
    let rows = answer.hits.iter().map(|hit| hit_row(view, hit));
    let rows = rows.collect::<Outcome<Vec<Value>>>()?;
    let mut columns = hit_columns();
    match format {
        Format::Json => output::json(&answer_json(view, args, answer, rows)),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            let query = &answer.query;
            let chart = pictures::small_chart(view, query);
            output::prose(&format!(
                "{} from {} to {}  {}\n{} windows elsewhere searched by {} in {:.2} ms, at most {} of a symbol; the shift between the sides is {:.3}\n",
                legible(&query.series.to_string()),
                query.start,
                query.end,
                output::dimmed_afterwards(&chart),
                grouped(answer.searched.windows),
                answer.searched.plan,
                answer.took.as_secs_f64() * 1e3,
                answer.quota,
                answer.shift,
            ))?;
            if let Some(fewer) = answer.fewer {
                let found = found(answer);
                let more = match fewer {
                    Fewer::Quota => " (--quota allows more of one symbol)",
                    Fewer::Episodes => "",
                };
                output::prose(&format!("{found}: {fewer}{more}\n"))?;
            }
            output::keep(&columns, &rows);
            columns.push(column(output::CHART, "closes"));
            let mut charted = Vec::with_capacity(rows.len());
            for (hit, mut row) in answer.hits.iter().zip(rows) {
                let chart = pictures::closes(view, &hit.window);
                if let Some(object) = row.as_object_mut() {
                    object.insert(output::CHART.to_owned(), json!(chart));
                    object.extend(moves::moved(format, view, &hit.window)?);
                    for (key, value) in [
                        ("score", hit.score),
                        ("similarity", hit.similarity),
                        ("raw", hit.raw),
                    ] {
                        object.insert(key.to_owned(), json!(format!("{value:.4}")));
                    }
                }
                charted.push(row);
            }
            output::listing(format, &columns, &charted, "nothing found")
        }
    }
}

/// `3 of 10`: hits, and how many were asked for.
fn found(answer: &TransferAnswer) -> String {
    format!("{} of {}", answer.hits.len(), answer.k)
}

fn hit_row(view: &View, hit: &rhymedb::TransferHit) -> Outcome<Value> {
    let mut row = serde_json::Map::new();
    row.insert("rank".to_owned(), json!(hit.rank));
    row.insert("score".to_owned(), json!(rounded(hit.score)));
    row.insert("similarity".to_owned(), json!(rounded(hit.similarity)));
    row.insert("raw".to_owned(), json!(rounded(hit.raw)));
    row.extend(window_row(&hit.window));
    moves::with_move(Format::Json, view, &hit.window, Value::Object(row))
}

fn answer_json(view: &View, args: &Transfer, answer: &TransferAnswer, hits: Vec<Value>) -> Value {
    json!({
        "query": {
            "target": args.target,
            "to": args.until,
            "space": answer.space,
            "as_of": view.as_of().map(|t| t.to_string()),
            "window": window_row(&answer.query),
            "exclusion": answer.exclusion,
            "k": answer.k,
            "quota": answer.quota,
        },
        "fewer": answer.fewer.map(|why| format!("{}: {why}", found(answer))),
        "trained_until": answer.trained_until.map(|t| t.to_string()),
        "shift": rounded(answer.shift),
        "hits": hits,
        "searched": {
            "windows": answer.searched.windows,
            "compared": answer.compared,
            "plan": answer.searched.plan,
        },
        "took_us": answer.took.as_micros() as u64,
    })
}

pub(crate) fn run_matrix(global: &Global, args: &TransferMatrix) -> Outcome {
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    let mut question = view
        .transfer_matrix()
        .sample(args.sample)
        .seed(args.seed)
        .exact(args.exact);
    question = match args.by.as_str() {
        "market" => question,
        "symbol" => question.by_symbol(true),
        name => question.by_attribute(name),
    };
    say!(question, args, names: space);
    let mut filter = Filter::new();
    filter.markets.clone_from(&args.market);
    filter.symbols.clone_from(&args.symbol);
    filter.intervals.clone_from(&args.interval);
    (filter.from, filter.until) = (args.from, args.until);
    question = question.filter(filter);
    let answer = question.run()?;
    let drawn = || Ok(picture::matrix(&view, &answer));
    args.plot.write(global, drawn)?;
    print_matrix(global.format, &view, &answer)
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

fn print_matrix(format: Format, view: &View, answer: &TransferMatrixAnswer) -> Outcome {
    let rows: Vec<Value> = answer
        .pairs
        .iter()
        .map(|pair| {
            json!({
                "a": pair.a,
                "b": pair.b,
                "mutual": rounded(pair.mutual),
                "mutual_null": pair.mutual_null.map(rounded),
                "similarity": rounded(pair.similarity),
                "similarity_null": pair.similarity_null.map(rounded),
                "n": pair.n,
            })
        })
        .collect();
    if format != Format::Json {
        output::keep(&PAIR_COLUMNS, &rows);
        if let (Format::Table, [pair]) = (format, answer.pairs.as_slice()) {
            return output::prose(&sentence(pair));
        }
        let shown: Vec<Value> = rows
            .into_iter()
            .map(|row| pair_shown(format, row))
            .collect();
        return output::listing(format, &PAIR_COLUMNS, &shown, "fewer than two to compare");
    }
    let groups: Vec<Value> = answer
        .groups
        .iter()
        .map(|g| json!({ "name": g.name, "windows": g.windows, "n": g.n }))
        .collect();
    output::json(&json!({
        "space": answer.space,
        "as_of": view.as_of().map(|t| t.to_string()),
        "groups": groups,
        "pairs": rows,
        "took_us": answer.took.as_micros() as u64,
    }))
}

/// What a matrix of two says.
fn sentence(pair: &TransferPair) -> String {
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

/// A pair with as many decimals as people read.
fn pair_shown(format: Format, mut row: Value) -> Value {
    if let (Format::Table, Some(object)) = (format, row.as_object_mut()) {
        for key in ["mutual", "mutual_null", "similarity", "similarity_null"] {
            let number = object.get(key).and_then(Value::as_f64);
            if let Some(number) = number {
                object.insert(key.to_owned(), json!(format!("{number:.4}")));
            }
        }
    }
    row
}

fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
