use clap::Args;
use rhymedb::{Database, Target, Timestamp};
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, note_pending, open, view_at};
use crate::output::{self, column};

#[derive(Debug, Args)]
pub(crate) struct Series {
    /// Only names that contain this text
    pub(crate) text: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Bars {
    /// The series, like BTCUSDT:1h
    pub(crate) series: String,
    /// Only bars that closed at or after this time
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Only bars that closed at or before this time
    #[arg(long, alias = "to")]
    pub(crate) until: Option<Timestamp>,
    /// Nothing that closed after this time
    #[arg(long)]
    pub(crate) as_of: Option<Timestamp>,
    /// Only the last N bars; 0 is all
    #[arg(short = 'k', long, default_value_t = 20, value_name = "N")]
    pub(crate) last: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Headlines {
    /// Only headlines that name this symbol
    pub(crate) symbol: Option<String>,
    /// Only headlines published at or after this time
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Only headlines published at or before this time
    #[arg(long, alias = "to")]
    pub(crate) until: Option<Timestamp>,
    /// Nothing that was not known at this time
    #[arg(long)]
    pub(crate) as_of: Option<Timestamp>,
    /// Only the last N headlines; 0 is all
    #[arg(short = 'k', long, default_value_t = 20, value_name = "N")]
    pub(crate) last: usize,
}

fn text(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |t| json!(t.to_string()))
}

pub(crate) fn series(global: &Global, args: &Series) -> Outcome {
    let db = open(global)?;
    let wanted = args.text.as_deref().unwrap_or_default().to_lowercase();
    let rows: Vec<Value> = db
        .now()
        .series()?
        .iter()
        .filter(|s| s.key.to_string().to_lowercase().contains(&wanted))
        .map(|s| {
            json!({
                "market": s.key.market,
                "venue": s.key.venue,
                "symbol": s.key.symbol,
                "interval": s.key.interval.to_string(),
                "calendar": s.calendar.to_string(),
                "made_of": s.made_of.as_ref().map(ToString::to_string),
                "bars": s.bars,
                "first": text(s.first),
                "last": text(s.last),
            })
        })
        .collect();
    let columns = [
        column("market", "market"),
        column("venue", "venue"),
        column("symbol", "symbol"),
        column("interval", "interval"),
        column("calendar", "calendar"),
        column("bars", "bars"),
        column("first", "first open"),
        column("last", "last close"),
    ];
    let made = rows.iter().any(|row| !row["made_of"].is_null());
    let mut columns = columns.to_vec();
    columns.push(column("made_of", "made of"));
    output::keep(&columns, &rows);
    if !made && global.format == Format::Table {
        columns.pop();
    }
    let none = match &args.text {
        Some(_) => "no stored series has a name with that text",
        None => "no series is stored yet",
    };
    output::listing(global.format, &columns, &rows, none)
}

pub(crate) fn spaces(global: &Global) -> Outcome {
    let db = open(global)?;
    let rows: Vec<Value> = db
        .now()
        .spaces()?
        .iter()
        .map(|s| {
            let encoder = &s.space.encoder;
            json!({
                "name": s.space.name,
                "encoder": encoder.id,
                "modality": encoder.modality.to_string(),
                "dim": encoder.dim,
                "window": encoder.window,
                "hop": s.space.hop,
                "weights_hash": format!("{:016x}", encoder.weights_hash),
                "rows": s.rows,
                "fresh_rows": s.fresh_rows,
                "dead_rows": s.dead_rows,
                "flat_windows": s.flat_windows,
                "pending_ranges": s.pending_ranges,
                "segments": s.segments,
                "anchors": s.anchors,
                "segment_bytes": s.segment_bytes,
                "repaired_rows": s.repaired_rows,
                "headline_rows": s.headline_rows,
                "created": s.created.to_string(),
            })
        })
        .collect();
    let columns = [
        column("name", "name"),
        column("encoder", "encoder"),
        column("dim", "D"),
        column("window", "W"),
        column("hop", "hop"),
        column("rows", "rows"),
        column("segments", "segments"),
        column("fresh_rows", "fresh"),
        column("dead_rows", "dead"),
        column("flat_windows", "flat"),
        column("headline_rows", "headlines"),
        column("weights_hash", "weights"),
        column("created", "created"),
    ];
    output::listing(
        global.format,
        &columns,
        &rows,
        "no space is stored yet; ingest bars or import vectors first",
    )
}

pub(crate) fn bars(global: &Global, args: &Bars) -> Outcome {
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let target: Target = args.series.parse()?;
    let view = view_at(global, &db, args.as_of);
    let key = view.series_of(&target)?;
    let limit = (args.last > 0).then_some(args.last);
    let report = view.bars(&key, args.from, args.until.or(target.time), limit)?;
    let rows: Vec<Value> = report
        .bars
        .iter()
        .map(|b| {
            json!({
                "open_time": b.time.to_string(),
                "open": b.open,
                "high": b.high,
                "low": b.low,
                "close": b.close,
                "volume": b.volume,
            })
        })
        .collect();
    let columns = [
        column("open_time", "open time"),
        column("open", "open"),
        column("high", "high"),
        column("low", "low"),
        column("close", "close"),
        column("volume", "volume"),
    ];
    output::listing(global.format, &columns, &rows, "no bars in that period")
}

pub(crate) fn headlines(global: &Global, args: &Headlines) -> Outcome {
    check_period(args.from, args.until)?;
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    let limit = if args.last == 0 {
        usize::MAX
    } else {
        args.last
    };
    let found = view.headlines(args.symbol.as_deref(), args.from, args.until, limit)?;
    let rows: Vec<Value> = found
        .iter()
        .map(|h| {
            json!({
                "published": h.time.to_string(),
                "precision": h.precision.to_string(),
                "text": h.text,
                "source": h.source,
                "symbols": h.symbols,
            })
        })
        .collect();
    let columns = [
        column("published", "published"),
        column("precision", "precision"),
        column("symbols", "symbols"),
        column("source", "source"),
        column("text", "headline"),
    ];
    output::listing(
        global.format,
        &columns,
        &rows,
        "no such headlines are stored",
    )
}

pub(crate) fn stats(global: &Global) -> Outcome {
    let db = open(global)?;
    note_pending(global, &db.now())?;
    let row = stats_row(&db)?;
    if global.format == Format::Json {
        return output::json(&row);
    }
    let columns = [
        column("series", "series"),
        column("bars", "bars"),
        column("bar_bytes", "bytes of bars"),
        column("bytes_per_bar", "bytes a bar"),
        column("headlines", "headlines"),
        column("windows", "windows"),
        column("anchors", "anchors"),
        column("segments", "segments"),
        column("segment_bytes", "bytes of segments"),
        column("bytes_per_window", "bytes a window"),
        column("fresh_rows", "rows not yet in a segment"),
        column("dead_rows", "dead rows"),
        column("flat_windows", "flat windows"),
        column("catalog_bytes", "bytes of the catalog"),
        column("catalog_free_bytes", "free in the catalog"),
    ];
    output::record(global.format, &columns, &row)
}

fn stats_row(db: &Database) -> Outcome<Value> {
    let stats = db.stats()?;
    let spaces = db.now().spaces()?;
    let sum = |part: fn(&rhymedb::data::SpaceInfo) -> u64| spaces.iter().map(part).sum::<u64>();
    let per_bar = stats.bar_bytes as f64 / stats.bars.max(1) as f64;
    let two_digits = |x: f64| (x * 100.0).round() / 100.0;
    Ok(json!({
        "series": stats.series,
        "bars": stats.bars,
        "bar_bytes": stats.bar_bytes,
        "bytes_per_bar": two_digits(per_bar),
        "headlines": stats.headlines,
        "windows": stats.windows,
        "anchors": sum(|s| s.anchors),
        "segments": sum(|s| s.segments),
        "segment_bytes": stats.segment_bytes,
        "bytes_per_window": two_digits(stats.bytes_per_window),
        "fresh_rows": sum(|s| s.fresh_rows),
        "dead_rows": stats.dead_rows,
        "flat_windows": sum(|s| s.flat_windows),
        "pending_ranges": sum(|s| s.pending_ranges),
        "catalog_bytes": stats.catalog_bytes,
        "catalog_free_bytes": stats.catalog_free_bytes,
    }))
}
