use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use rhymedb::ask::{SearchReply, SearchRequest, Span};
use rhymedb::files::read_one_vector;
use rhymedb::query::{HeadlinesBy, SearchAnswer};
use rhymedb::{Error, View};
use serde_json::{Value, json};

use super::hits::{HIT_COLUMNS, hit_table};
use super::shown::{self, rounded};
use super::spread::{self, Spread};
use super::told::{self, Sentence};
use super::which::Which;
use super::words::{self, HEADLINE_COLUMNS, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::grouped;

pub(crate) const HELP: &str = "\
The first line says how much the sentence tells about charts: how far its similarity varies over a
bank of charts, and its rank among headlines. A sentence that tells little finds charts hardly
better than chance does, and a note says so.

Words know directions and not sizes. So a sentence about a large move, like \"bitcoin crashes\",
finds charts that moved far in its direction for their own series, in the order of the words;
--by-words switches that off. A sentence that names a chart pattern, like \"double bottom\", finds
charts by the drawings of `classify --set patterns`.

Stored symbols that the sentence names (bitcoin, Apple, FB, $BTC) narrow charts and headlines to
them; --all-symbols switches that off. A ticker counts in capitals or after a $. --symbol, --from
and --until choose headlines too: those that name the symbol, by their publication.

Headlines are ranked by meaning and by words together: vectors know no names and no numbers, words know no
synonyms. --headlines-by words finds those that hold the words (BM25), like \"Form 4\" or a company, and
--headlines-by meaning those that are near by their vectors.

With --vector charts and headlines are those nearest to a vector of your own model, in a space into
which `rhyme import vectors` and `rhyme import headline-vectors` brought its vectors.

Example: rhyme search \"shares plunge after a profit warning\" -k 5 --market equity
Example: rhyme search \"Form 4\" --headlines-by words
Example: rhyme search --vector sentence.npy --space mine";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The sentence
    #[arg(required_unless_present = "vector")]
    text: Option<String>,
    /// Ask with a vector instead, that of a sentence or a headline by the model whose vectors were
    /// imported: a .npy file, or a file of text with [0.1, 0.2]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "by_words", "all_symbols"])]
    vector: Option<PathBuf>,
    /// How many charts and how many headlines to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    #[command(flatten)]
    spread: Spread,
    #[command(flatten)]
    options: SpaceOptions,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    sentence: Sentence,
    /// By what headlines are ranked [default: both]
    #[arg(long, value_enum, value_name = "WAY", conflicts_with = "vector")]
    headlines_by: Option<Way>,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, default_value = "0", value_name = "TIME")]
    latency: Span,
    /// The breadth of the search in a graph of charts [default: 128]
    #[arg(long)]
    ef: Option<usize>,
    #[command(flatten)]
    plot: PlotArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Way {
    /// By meaning and by words together
    Both,
    /// By the cosine of vectors alone
    Meaning,
    /// By the words that they hold alone
    Words,
}

impl From<Way> for HeadlinesBy {
    fn from(way: Way) -> Self {
        match way {
            Way::Both => Self::Both,
            Way::Meaning => Self::Meaning,
            Way::Words => Self::Words,
        }
    }
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let (mut request, asked) = asked(args)?;
    request.k = args.k;
    (request.per, request.diverse) = (args.spread.per()?, args.spread.diverse);
    request.space.clone_from(&args.options.space);
    request.filter = args.which.filter();
    request.as_of = args.options.as_of;
    request.headlines_by = args.headlines_by.map(HeadlinesBy::from);
    request.by_words = args.sentence.by_words;
    request.all_symbols = args.sentence.all_symbols;
    request.latency = args.latency;
    request.ef = args.ef;
    request.exact = args.options.exact;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.options.as_of);
    let drawn = || picture::found(view, &asked, &answer.charts, None);
    args.plot.write(global, drawn)?;
    if global.format != Format::Csv {
        output::keep(&HIT_COLUMNS, &shown::rows(&reply.charts)?);
    }
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => csv(shown::rows(&reply.charts)?, shown::rows(&reply.headlines)?),
        Format::Table => table(view, &reply, &answer),
    }
}

/// What is asked, and what pictures call it.
fn asked(args: &Args) -> Outcome<(SearchRequest, String)> {
    Ok(match (&args.text, &args.vector) {
        (_, Some(file)) => (
            SearchRequest::of_vector(vector_in(file)?),
            file.display().to_string(),
        ),
        (text, None) => {
            let text = text.clone().unwrap_or_default();
            let told = format!("“{text}”");
            (SearchRequest::new(text), told)
        }
    })
}

/// The vector in a file, which is not the numbers themselves.
fn vector_in(file: &Path) -> Outcome<Vec<f32>> {
    if file.to_string_lossy().trim_start().starts_with('[') && !file.exists() {
        let told = "expected a file after --vector, found numbers; write them into a file like sentence.json, and name that";
        return Err(Error::Invalid(told.to_owned()).into());
    }
    Ok(read_one_vector(file)?)
}

fn table(view: &View, reply: &SearchReply, answer: &SearchAnswer) -> Outcome {
    let how = match (&reply.pattern, &reply.query.text) {
        (Some(pattern), _) => format!(
            "charts that end with the pattern {pattern}, by its drawings; headlines by the sentence"
        ),
        (None, Some(_)) => words::told(answer.expressiveness),
        (None, None) => format!("by a vector in the space {}", reply.query.space),
    };
    output::prose(&format!(
        "{how}\n{}{}{} windows and {} headlines searched in {:.2} ms\n",
        told::lines(&reply.told, reply.charts.len()),
        spread::told(reply.query.per, reply.query.diverse),
        grouped(reply.searched.windows),
        grouped(reply.searched.headlines),
        answer.took.as_secs_f64() * 1e3
    ))?;
    let charts = hit_table(view, &reply.charts, &answer.charts)?;
    let columns = [&HIT_COLUMNS[..], &[column("chart", "closes")]].concat();
    output::listing(Format::Table, &columns, &charts, "no chart was found")?;
    output::lines("")?;
    let lines = rounded(
        shown::rows(&reply.headlines)?,
        &[("score", 4), ("words", 2)],
    );
    let mut columns = HEADLINE_COLUMNS.to_vec();
    if reply.query.headlines_by != HeadlinesBy::Meaning {
        columns.insert(2, column("words", "words"));
    }
    output::listing(Format::Table, &columns, &lines, "no headline was found")
}

/// Charts and headlines in one list, told apart by their kind.
fn csv(charts: Vec<Value>, lines: Vec<Value>) -> Outcome {
    let kind = |kind: &'static str| {
        move |mut row: Value| {
            if let Some(object) = row.as_object_mut() {
                object.insert("kind".to_owned(), json!(kind));
            }
            row
        }
    };
    let rows: Vec<Value> = charts
        .into_iter()
        .map(kind("chart"))
        .chain(lines.into_iter().map(kind("headline")))
        .collect();
    let columns = [
        "words",
        "published",
        "known",
        "percentile",
        "symbols",
        "source",
        "text",
        "passage",
    ];
    let columns = columns.map(|key| column(key, key));
    let all = [&[column("kind", "kind")], &HIT_COLUMNS[..], &columns[..]].concat();
    output::listing(Format::Csv, &all, &rows, "")
}
