use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};
use rhymedb::data::{Headline, Tag};
use rhymedb::files::{TableColumn, TableWriter};
use rhymedb::{Bars, Timestamp, View};
use serde_json::json;

use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{check_period, open, view_at};
use crate::output::{self, column};
use crate::tables::{bar_columns, series, times, vector_columns};

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Bars, with the names of their series, as `rhyme ingest bars` reads them
    #[command(
        after_help = "`open_time` is when a bar opened; it is known when it closes, an interval later.\n\nExample: rhyme export bars bars.parquet BTCUSDT:1h --from 2021-05-01"
    )]
    Bars(ExportBars),
    /// Headlines, as `rhyme ingest headlines` reads them
    #[command(
        after_help = "Example: rhyme export headlines btc-news.csv BTCUSDT --until 2021-12-31"
    )]
    Headlines(ExportHeadlines),
    /// Vectors of windows, as `rhyme import vectors` reads them
    #[command(
        after_help = "`end` is when the last bar of a window closed.\n\nExample: rhyme export vectors vectors.parquet BTCUSDT:1h --space shape"
    )]
    Vectors(ExportVectors),
    /// Headlines with their vectors, as `rhyme import headline-vectors` reads them
    #[command(
        after_help = "Example: rhyme export headline-vectors news-vectors.parquet BTCUSDT --space clip"
    )]
    HeadlineVectors(ExportHeadlineVectors),
    /// Tags of windows, as `rhyme tag import` reads them from CSV
    #[command(after_help = "Example: rhyme export tags tags.csv")]
    Tags(ExportTags),
    /// Attributes of symbols, as `rhyme attribute import` reads them from CSV: a row for each
    #[command(after_help = "Example: rhyme export attributes attributes.csv")]
    Attributes(ExportAttributes),
}

/// The file.
#[derive(Debug, ClapArgs)]
pub(crate) struct To {
    /// The file, which ends in .parquet, .csv or .jsonl
    pub(crate) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportBars {
    #[command(flatten)]
    to_file: To,
    /// Series, like BTCUSDT:1h [default: all]
    series: Vec<String>,
    /// Only bars that closed at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only bars that closed at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// Nothing that closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportHeadlines {
    #[command(flatten)]
    to_file: To,
    /// Only headlines that name this symbol
    symbol: Option<String>,
    /// Only headlines published at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only headlines published at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportHeadlineVectors {
    #[command(flatten)]
    which: ExportHeadlines,
    /// The space [default: that of charts and headlines]
    #[arg(long)]
    space: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportVectors {
    #[command(flatten)]
    to_file: To,
    /// Series, like BTCUSDT:1h [default: all]
    series: Vec<String>,
    /// The space [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// Only windows that closed at or after this time
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only windows that closed at or before this time
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// Nothing that closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportTags {
    #[command(flatten)]
    to_file: To,
    /// Only tags of this name
    name: Option<String>,
    /// Only tags that were known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportAttributes {
    #[command(flatten)]
    to_file: To,
    /// Only those that were known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

pub(crate) fn run(global: &Global, args: &Export) -> Outcome {
    match args {
        Export::Bars(args) => bars(global, args),
        Export::Headlines(args) => headlines(global, args),
        Export::Vectors(args) => vectors(global, args),
        Export::HeadlineVectors(args) => headline_vectors(global, args),
        Export::Tags(args) => tags(global, args),
        Export::Attributes(args) => attributes(global, args),
    }
}

fn view(global: &Global, as_of: Option<Timestamp>) -> Outcome<View> {
    let db = open(global)?;
    Ok(view_at(global, &db, as_of))
}

fn bars(global: &Global, args: &ExportBars) -> Outcome {
    check_period(args.from, args.until)?;
    let view = view(global, args.as_of)?;
    let series = series(&view, &args.series)?;
    let mut table = TableWriter::create(&args.to_file.file, args.to_file.replace)?;
    // A table without rows has columns, too.
    if let Some(any) = series.first() {
        table.write(&bar_columns(any, &Bars::default()))?;
    }
    for key in &series {
        let found = view.bars(key, args.from, args.until, None)?;
        table.write(&bar_columns(key, &found.bars))?;
    }
    done(global, &args.to_file.file, table.finish()?)
}

fn headlines(global: &Global, args: &ExportHeadlines) -> Outcome {
    check_period(args.from, args.until)?;
    let view = view(global, args.as_of)?;
    let found = view.headlines(args.symbol.as_deref(), args.from, args.until, usize::MAX)?;
    let mut table = TableWriter::create(&args.to_file.file, args.to_file.replace)?;
    table.write(&headline_columns(&found))?;
    done(global, &args.to_file.file, table.finish()?)
}

fn headline_columns(found: &[Headline]) -> Vec<(&'static str, TableColumn)> {
    let text = |part: fn(&Headline) -> String| {
        TableColumn::Text(found.iter().map(|h| Some(part(h))).collect())
    };
    vec![
        ("published", times(found.iter().map(|h| h.time))),
        ("precision", text(|h| h.precision.to_string())),
        ("source", text(|h| h.source.clone())),
        (
            "symbols",
            TableColumn::Texts(found.iter().map(|h| h.symbols.clone()).collect()),
        ),
        ("text", text(|h| h.text.clone())),
    ]
}

fn headline_vectors(global: &Global, args: &ExportHeadlineVectors) -> Outcome {
    let which = &args.which;
    check_period(which.from, which.until)?;
    let view = view(global, which.as_of)?;
    let (space, symbol) = (args.space.as_deref(), which.symbol.as_deref());
    // The dimension is known from the space alone, so that a table without rows has it too.
    let never = Some(Timestamp::from_millis(i64::MIN));
    let described = view.headline_vectors(space, symbol, None, never, |_| Ok(()))?;
    let dim = described.encoder.dim as usize;
    let mut table = TableWriter::create(&which.to_file.file, which.to_file.replace)?;
    let columns = |headlines: &[Headline], values: Vec<f32>| {
        let mut columns = headline_columns(headlines);
        columns.push(("vector", TableColumn::Vectors { dim, values }));
        columns
    };
    table.write(&columns(&[], Vec::new()))?;
    view.headline_vectors(space, symbol, which.from, which.until, |batch| {
        table.write(&columns(&batch.headlines, batch.values))
    })?;
    done(global, &which.to_file.file, table.finish()?)
}

fn vectors(global: &Global, args: &ExportVectors) -> Outcome {
    check_period(args.from, args.until)?;
    let view = view(global, args.as_of)?;
    let wanted = if args.series.is_empty() {
        Vec::new()
    } else {
        series(&view, &args.series)?
    };
    // The dimension is known from the space alone, so that a table without rows has it too.
    let none = Some(Timestamp::from_millis(i64::MIN));
    let space = args.space.as_deref();
    let dim = view
        .vectors(space, &wanted, None, none, |_| Ok(()))?
        .encoder
        .dim as usize;
    let mut table = TableWriter::create(&args.to_file.file, args.to_file.replace)?;
    table.write(&vector_columns(None, &[], dim, Vec::new()))?;
    view.vectors(space, &wanted, args.from, args.until, |one| {
        table.write(&vector_columns(
            Some(&one.series),
            &one.ends,
            dim,
            one.values,
        ))
    })?;
    done(global, &args.to_file.file, table.finish()?)
}

fn tags(global: &Global, args: &ExportTags) -> Outcome {
    let tags = view(global, args.as_of)?.tags(args.name.as_deref())?;
    let text =
        |part: fn(&Tag) -> String| TableColumn::Text(tags.iter().map(|t| Some(part(t))).collect());
    let moments = |part: fn(&Tag) -> Timestamp| {
        TableColumn::Time(tags.iter().map(|t| Some(part(t))).collect())
    };
    let mut table = TableWriter::create(&args.to_file.file, args.to_file.replace)?;
    table.write(&[
        ("symbol", text(|t| t.series.to_string())),
        ("time", moments(|t| t.end)),
        ("tag", text(|t| t.name.clone())),
        (
            "value",
            TableColumn::Number(tags.iter().map(|t| t.value).collect()),
        ),
        ("known", moments(|t| t.known)),
    ])?;
    done(global, &args.to_file.file, table.finish()?)
}

/// A row for each symbol, market and date, a column for each attribute.
fn attributes(global: &Global, args: &ExportAttributes) -> Outcome {
    let all = view(global, args.as_of)?.attributes(None)?;
    let names: BTreeSet<&str> = all.iter().map(|a| a.name.as_str()).collect();
    let mut rows = BTreeMap::<_, BTreeMap<&str, &str>>::new();
    for a in &all {
        let row = rows.entry((&a.symbol, &a.market, a.known)).or_default();
        row.insert(&a.name, &a.value);
    }
    let said = |part: Vec<Option<&String>>| {
        TableColumn::Text(part.into_iter().map(Option::<&String>::cloned).collect())
    };
    let mut columns = vec![
        ("symbol", said(rows.keys().map(|key| Some(key.0)).collect())),
        (
            "market",
            said(rows.keys().map(|key| key.1.as_ref()).collect()),
        ),
        (
            "known",
            TableColumn::Time(rows.keys().map(|key| key.2).collect()),
        ),
    ];
    for name in names {
        let values = rows
            .values()
            .map(|row| row.get(name).map(|v| (*v).to_owned()));
        columns.push((name, TableColumn::Text(values.collect())));
    }
    let mut table = TableWriter::create(&args.to_file.file, args.to_file.replace)?;
    table.write(&columns)?;
    done(global, &args.to_file.file, table.finish()?)
}

pub(crate) fn done(global: &Global, file: &Path, rows: u64) -> Outcome {
    let bytes = file.metadata().map_or(0, |m| m.len());
    let row = json!({ "file": file.display().to_string(), "rows": rows, "bytes": bytes });
    let columns = [
        column("file", "file"),
        column("rows", "rows written"),
        column("bytes", "bytes"),
    ];
    output::record(global.format, &columns, &row)
}
