use super::resample::Also;
use super::space_choice::SpaceChoice;
use clap::Args;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use rhymedb::bybit::{
    BybitClient, SyncReport, SyncRequest, bybit_series_key, parse_bybit_interval, sync_klines,
};
use rhymedb::data::{Calendar, SeriesInfo};
use rhymedb::ingest::Ingest;
use rhymedb::{Control, Database, Error, Interval, SeriesBars, SeriesKey, Timestamp};
use serde_json::{Value, json};

use super::ingest_tally::{count, span};
use crate::failure::{Failure, Outcome};
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_or_create;
use crate::output::{self, column};
use crate::progress::{self, notice};
use crate::text::legible;

#[derive(Debug, Args)]
pub(crate) struct IngestBybit {
    /// Symbols, like BTCUSDT,ETHUSDT
    #[arg(required = true, value_delimiter = ',')]
    pub(crate) symbols: Vec<String>,
    /// Bar intervals, like 1h,1d, or in Bybit's words, like 60,D
    #[arg(long, default_value = "1h", value_delimiter = ',', value_parser = interval)]
    pub(crate) interval: Vec<Interval>,
    /// spot, linear or inverse
    #[arg(long, default_value = "linear")]
    pub(crate) category: rhymedb::bybit::BybitCategory,
    /// From this time on [default: all history]
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Up to this time [default: now]
    #[arg(long, alias = "to")]
    pub(crate) until: Option<Timestamp>,
    /// The server
    #[arg(long, default_value = "https://api.bybit.com", value_name = "URL")]
    pub(crate) base_url: String,
    #[command(flatten)]
    pub(crate) also: Also,
    #[command(flatten)]
    pub(crate) spaces: SpaceChoice,
}

fn interval(text: &str) -> Result<Interval, String> {
    parse_bybit_interval(text).map_err(|e| e.to_string())
}

/// Series that are downloaded side by side; they share one rate limit.
const DOWNLOADS: usize = 4;

pub(crate) fn run(global: &Global, args: &IngestBybit) -> Outcome {
    let control = progress::control(global);
    let client = BybitClient::builder()
        .base_url(&args.base_url)
        .interrupt(control.stop_flag())
        .build()?;
    let db = open_or_create(global)?;
    args.spaces.make(&db, &control)?;
    let wanted = args
        .symbols
        .iter()
        .flat_map(|s| args.interval.iter().map(move |&i| (s.as_str(), i)));
    let work = Downloads {
        client: &client,
        args,
        stored: db.now().series()?,
        queue: Mutex::new(wanted.collect()),
        ingest: Mutex::new(db.ingest(control.clone())),
        done: Mutex::new(Vec::new()),
    };
    std::thread::scope(|scope| {
        for _ in 0..DOWNLOADS {
            scope.spawn(|| work.download_all());
        }
    });
    finish(global, &db, work, &control)
}

fn finish(global: &Global, db: &Database, work: Downloads<'_>, control: &Control) -> Outcome {
    let (args, wanted) = (work.args, work.keys());
    let mut done = work
        .done
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let ingest = work
        .ingest
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let report = ingest.finish();
    done.sort_by(|a, b| a.name.cmp(&b.name));
    for download in &done {
        download.complain();
        download.tell_left_out(global);
    }
    tell_clock(global, &done);
    let rows: Vec<Value> = done.iter().map(Download::row).collect();
    let columns = [
        column("series", "series"),
        column("pages", "pages"),
        column("bars", "bars received"),
        column("left_out", "candles left out"),
        column("retries", "retries"),
        column("first", "first open"),
        column("last", "last open"),
    ];
    output::listing(global.format, &columns, &rows, "no series was asked for")?;
    super::left_out_windows::tell_left_out(global, &report?);
    let stored = db.now().series()?.into_iter().map(|info| info.key);
    let received = stored.filter(|key| wanted.contains(key)).collect();
    args.also.make(global, db, received, control)?;
    if global.format == Format::Table && !done.is_empty() {
        output::lines(&last_line(&done))?;
    }
    if control.is_stopped() {
        return Err(Error::Interrupted.into());
    }
    let failed = done.iter().filter(|d| d.outcome.is_err()).count();
    if failed > 0 {
        return Err(Failure::Partly(format!(
            "{failed} of {} series could not be brought up to date; what was received is stored",
            done.len()
        )));
    }
    Ok(())
}

/// What came in and what did not, for people.
fn last_line(done: &[Download]) -> String {
    let reports = || done.iter().filter_map(|d| d.outcome.as_ref().ok());
    let failed = (done.len() - reports().count()) as u64;
    let bars = reports().map(|r| r.bars).sum();
    let mut line = format!(
        "received {}: {}{}",
        count(done.len() as u64 - failed, "series", "series"),
        count(bars, "bar", "bars"),
        span(
            reports().filter_map(|r| r.first).min(),
            reports().filter_map(|r| r.last).max()
        )
    );
    let left_out = reports().map(|r| r.left_out).sum();
    if left_out > 0 {
        let candles = count(left_out, "candle", "candles");
        line.push_str(&format!("; left out {candles} that cannot be, see above"));
    }
    if failed > 0 {
        line.push_str(&format!(
            "; failed {}, see above",
            count(failed, "series", "series")
        ));
    }
    line
}

/// Says if the clock of this machine is wrong.
fn tell_clock(global: &Global, done: &[Download]) {
    let times = done.iter().filter_map(|d| d.outcome.as_ref().ok());
    if let Some(note) = times
        .filter_map(|r| r.server_time)
        .max()
        .and_then(clock_note)
    {
        notice(global, &note);
    }
}

/// What to say if the clock of this machine is wrong; the server's time is used.
pub(super) fn clock_note(server: Timestamp) -> Option<String> {
    /// A download may take a while after the server's last answer.
    const SLACK_MS: i64 = 10 * 60_000;
    let here = Timestamp::now();
    let wrong = (here.millis() - server.millis()).abs() > SLACK_MS;
    wrong.then(|| {
        format!(
            "note: the clock of this machine says {here}, and Bybit's says {server}, which was used"
        )
    })
}

struct Download {
    name: String,
    outcome: Result<SyncReport, Error>,
}

impl Download {
    fn complain(&self) {
        if let Err(error) = &self.outcome {
            progress::say(&legible(&format!("failed: {}: {error}", self.name)));
        }
    }

    fn tell_left_out(&self, global: &Global) {
        if let Ok(report) = &self.outcome
            && let Some(first) = report.first_left_out
        {
            let candles = count(report.left_out, "candle", "candles");
            let text = format!(
                "note: {}: left out {candles} that cannot be, the first at {}: {}",
                self.name, first.time, first.defect
            );
            notice(global, &legible(&text));
        }
    }

    fn row(&self) -> Value {
        match &self.outcome {
            Ok(r) => json!({
                "series": self.name,
                "pages": r.pages,
                "bars": r.bars,
                "left_out": r.left_out,
                "retries": r.retries,
                "first": r.first.map(|t| t.to_string()),
                "last": r.last.map(|t| t.to_string()),
            }),
            Err(error) => json!({ "series": self.name, "error": error.to_string() }),
        }
    }
}

struct Downloads<'a> {
    client: &'a BybitClient,
    args: &'a IngestBybit,
    stored: Vec<SeriesInfo>,
    queue: Mutex<VecDeque<(&'a str, Interval)>>,
    ingest: Mutex<Ingest<'a>>,
    done: Mutex<Vec<Download>>,
}

impl Downloads<'_> {
    /// The series that are asked for. What cannot be one has failed already, and is told of.
    fn keys(&self) -> Vec<SeriesKey> {
        let args = self.args;
        let asked = args.symbols.iter().flat_map(|symbol| {
            args.interval
                .iter()
                .map(move |&interval| (symbol, interval))
        });
        asked
            .filter_map(|(symbol, interval)| bybit_series_key(args.category, symbol, interval).ok())
            .collect()
    }

    fn download_all(&self) {
        loop {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Some((symbol, interval)) = queue.pop_front() else {
                return;
            };
            drop(queue);
            let download = Download {
                name: format!("{}/{symbol}:{interval}", self.args.category),
                outcome: self.download(symbol, interval),
            };
            self.done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(download);
        }
    }

    fn download(&self, symbol: &str, interval: Interval) -> Result<SyncReport, Error> {
        let category = self.args.category;
        let key = bybit_series_key(category, symbol, interval)?;
        let known = self.stored.iter().find(|s| s.key == key);
        let stored = known.and_then(|s| Some(s.first?..=interval.open_of(s.last?)));
        let request = SyncRequest {
            category,
            symbol: symbol.to_owned(),
            interval,
            start: self.args.from,
            end: self.args.until,
            stored,
        };
        sync_klines(self.client, &request, Timestamp::now(), &mut |bars| {
            let batch = SeriesBars {
                key: key.clone(),
                calendar: Calendar::Continuous,
                bars,
            };
            let mut ingest = self.ingest.lock().unwrap_or_else(PoisonError::into_inner);
            ingest.bars(&[batch])
        })
    }
}
