use clap::Args;
use rhymedb::Timestamp;
use rhymedb::ask::{BarsRequest, HeadlinesRequest, SeriesRequest, SpacesRequest, StatsRequest};

use super::shown;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{open, view_of};
use crate::output::{self, column};
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct Series {
    /// Only names that contain this text
    pub(crate) text: Option<String>,
    /// Only series of which a bar had closed by this time, with the bars that had
    #[arg(long)]
    pub(crate) as_of: Option<Timestamp>,
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

pub(crate) fn series(global: &Global, args: &Series) -> Outcome {
    let mut request = SeriesRequest::default();
    request.text.clone_from(&args.text);
    request.as_of = args.as_of;
    let reply = request.ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
    let columns = [
        column("market", "market"),
        column("venue", "venue"),
        column("symbol", "symbol"),
        column("interval", "interval"),
        column("calendar", "calendar"),
        column("bars", "bars"),
        column("first", "first open"),
        column("last", "last close"),
        column("made_of", "made of"),
    ];
    // A table has no column that says nothing.
    let made = reply.series.iter().any(|row| row.made_of.is_some());
    let mut shown = columns.to_vec();
    if !made && global.format == Format::Table {
        shown.pop();
    }
    output::keep(&columns, &shown::rows(&reply.series)?);
    let none = match (&args.text, args.as_of) {
        (Some(_), None) => "no stored series has a name with that text".to_owned(),
        (None, None) => "no series is stored yet".to_owned(),
        (Some(_), Some(time)) => {
            format!("no series that was known at {time} has a name with that text")
        }
        (None, Some(time)) => format!("no series was known at {time}"),
    };
    shown::listing(global.format, &reply, (&shown, &reply.series), &[], &none)
}

pub(crate) fn spaces(global: &Global) -> Outcome {
    let reply = SpacesRequest::default().ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
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
    let none = "no space is stored yet; ingest bars or import vectors first";
    let listed = (&columns[..], &reply.spaces[..]);
    shown::listing(global.format, &reply, listed, &[], none)
}

pub(crate) fn bars(global: &Global, args: &Bars) -> Outcome {
    let db = open(global)?;
    let mut request = BarsRequest::new(args.series.parse()?);
    (request.from, request.until) = (args.from, args.until);
    (request.as_of, request.last) = (args.as_of, args.last);
    let reply = request.ask(&view_of(global, &db))?;
    progress::notes(global, &reply.notes);
    let columns = [
        column("open_time", "open time"),
        column("open", "open"),
        column("high", "high"),
        column("low", "low"),
        column("close", "close"),
        column("volume", "volume"),
    ];
    let listed = (&columns[..], &reply.bars[..]);
    shown::listing(global.format, &reply, listed, &[], "no bars in that period")
}

pub(crate) fn headlines(global: &Global, args: &Headlines) -> Outcome {
    let mut request = HeadlinesRequest::default();
    request.symbol.clone_from(&args.symbol);
    (request.from, request.until) = (args.from, args.until);
    (request.as_of, request.last) = (args.as_of, args.last);
    let reply = request.ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
    let columns = [
        column("published", "published"),
        column("precision", "precision"),
        column("symbols", "symbols"),
        column("source", "source"),
        column("text", "headline"),
    ];
    let listed = (&columns[..], &reply.headlines[..]);
    let none = "no such headlines are stored";
    shown::listing(global.format, &reply, listed, &[], none)
}

pub(crate) fn stats(global: &Global) -> Outcome {
    let reply = StatsRequest::default().ask(&view_of(global, &open(global)?))?;
    progress::notes(global, &reply.notes);
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
    output::record(global.format, &columns, &output::value(&reply)?)
}
