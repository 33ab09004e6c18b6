use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{SearchAnswer, View};
use serde_json::{Value, json};

use super::hits::{HIT_COLUMNS, hit_rows, with_chart};
use super::told::{self, Sentence};
use super::trained;
use super::which::Which;
use super::words::{self, HEADLINE_COLUMNS, Place, headline_row};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, open};
use crate::output::{self, column};
use crate::picture::{self, PlotArgs};
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

Example: rhyme search \"shares plunge after a profit warning\" -k 5 --market equity";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The sentence
    text: String,
    /// How many charts and how many headlines to find
    #[arg(short, default_value_t = 10)]
    k: usize,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    sentence: Sentence,
    /// The time from the publication of a headline until somebody can know it, like 5m
    #[arg(long, value_parser = words::duration, default_value = "0", value_name = "TIME")]
    latency: Duration,
    /// The breadth of the search in a graph of charts [default: 128]
    #[arg(long)]
    ef: Option<usize>,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    check_period(args.which.from, args.which.until)?;
    let db = open(global)?;
    let view = args.place.view(global, &db)?;
    let mut search = view.search(&args.text).k(args.k).exact(args.place.exact);
    search = search.latency(args.latency);
    search = search.by_words(args.sentence.by_words);
    search = search.all_symbols(args.sentence.all_symbols);
    say!(search, args.place, names: space);
    search = search.filter(args.which.filter());
    say!(search, args, some: ef);
    let answer = search.run()?;
    words::warn(global, answer.warning().as_deref());
    let space = &answer.charts.space;
    trained::note(global, space, answer.trained_until, None, "");
    let few = (answer.charts.hits.len(), args.k);
    args.which.note_few(global, few, args.place.exact);
    let asked = format!("“{}”", args.text);
    let drawn = || picture::found(&view, &asked, &answer.charts, None);
    args.plot.write(global, drawn)?;
    print(global.format, &view, &answer)
}

fn print(format: Format, view: &View, answer: &SearchAnswer) -> Outcome {
    let charts = hit_rows(format, view, &answer.charts)?;
    let lines = answer.headlines.iter();
    let lines: Vec<Value> = lines.map(|hit| headline_row(format, hit)).collect();
    let told = told::json(&answer.charts);
    match format {
        Format::Json => output::json(&json!({
            "query": {
                "text": answer.text,
                "space": answer.charts.space,
                "as_of": words::text(view.as_of()),
            },
            "pattern": answer.pattern,
            "ranked_by": told.get("ranked_by"),
            "large_moves": told.get("large_moves"),
            "narrowed_to": told.get("narrowed_to"),
            "expressiveness": words::expressiveness(answer.expressiveness),
            "warning": answer.warning(),
            "trained_until": words::text(answer.trained_until),
            "charts": charts,
            "headlines": lines,
            "searched": {
                "windows": answer.charts.searched.windows,
                "plan": answer.charts.searched.plan,
                "headlines": answer.headlines_searched,
            },
            "took_us": answer.took.as_micros() as u64,
        })),
        Format::Csv => csv(charts, lines),
        Format::Table => {
            let how = match &answer.pattern {
                Some(pattern) => format!(
                    "charts that end with the pattern {pattern}, by its drawings; headlines by the sentence"
                ),
                None => words::told(answer.expressiveness),
            };
            output::prose(&format!(
                "{how}\n{}{} windows and {} headlines searched in {:.2} ms\n",
                told::lines(&answer.charts),
                grouped(answer.charts.searched.windows),
                grouped(answer.headlines_searched),
                answer.took.as_secs_f64() * 1e3
            ))?;
            let hits = answer.charts.hits.iter().zip(charts);
            let charts: Vec<Value> = hits
                .map(|(hit, row)| with_chart(view, hit, row, answer.charts.entries))
                .collect();
            let columns = [&HIT_COLUMNS[..], &[column("chart", "closes")]].concat();
            output::listing(format, &columns, &charts, "no chart was found")?;
            output::lines("")?;
            output::listing(format, &HEADLINE_COLUMNS, &lines, "no headline was found")
        }
    }
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
        "published",
        "known",
        "percentile",
        "symbols",
        "source",
        "text",
    ];
    let columns = columns.map(|key| column(key, key));
    let all = [&[column("kind", "kind")], &HIT_COLUMNS[..], &columns[..]].concat();
    output::listing(Format::Csv, &all, &rows, "")
}
