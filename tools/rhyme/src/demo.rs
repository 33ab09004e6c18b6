use std::path::PathBuf;
use std::time::Instant;

use rhymedb::ask::SimilarRequest;
use rhymedb::ingest::{Progress, Stage};
use rhymedb::query::SimilarAnswer;
use rhymedb::synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket};
use rhymedb::{Control, Database, Filter, SeriesKey, Timestamp, View};

use super::demo_words;
use crate::args::Demo;
use crate::called_as;
use crate::commands::ingest_bars::shares;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_to_write_at;
use crate::output::{self, lines};
use crate::progress;
use crate::render::{Style, beside, candles};
use crate::session::Session;
use crate::text::grouped;

const DEMO_DB: &str = "demo.rhyme";
/// Series that are stored in one transaction.
const SERIES_A_BATCH: usize = 8;

pub(crate) fn run(global: &Global, args: &Demo) -> Outcome {
    let path = global.db.clone().unwrap_or_else(|| PathBuf::from(DEMO_DB));
    let control = progress::control_of_long_work(global);
    let config = if args.small {
        SyntheticConfig::small(args.seed)
    } else {
        SyntheticConfig {
            seed: args.seed,
            ..SyntheticConfig::default()
        }
    };
    let market = SyntheticMarket::new(config)?;
    // Its questions in words are commands, which find the database open.
    let session = match &global.session {
        Some(session) if session.is_of(&path) => session.clone(),
        _ => Session::new(path.clone(), global.read_only),
    };
    let global = &Global {
        db: Some(path.clone()),
        session: Some(session),
        ..global.clone()
    };
    let db = open_to_write_at(global, &path, true)?;
    say(
        global,
        "A synthetic market: made-up symbols, with events planted in it and headlines that tell of them.",
    )?;
    fill(global, &db, &market, &control)?;
    let view = db.now();
    let mut answers = Vec::new();
    for question in QUESTIONS {
        answers.extend(question.ask(global, &view, &market)?);
    }
    match global.format {
        Format::Table => {
            let prefix = format!("{} --db {}", called_as::name(), db_name(global));
            demo_words::ask(global, &prefix, &view, &market)?;
            lines(&what_next(global, &view)?)
        }
        // Programs ask in words themselves: each command has an answer of its own form.
        Format::Json => output::json(&serde_json::Value::Array(answers)),
        Format::Csv => output::listing(
            Format::Csv,
            &crate::commands::hits::HIT_COLUMNS,
            &answers,
            "",
        ),
    }
}

/// Text for people; programs get the answers alone.
fn say(global: &Global, text: &str) -> Outcome {
    if global.format == Format::Table {
        lines(text)?;
    }
    Ok(())
}

fn fill(global: &Global, db: &Database, market: &SyntheticMarket, control: &Control) -> Outcome {
    let start = Instant::now();
    let mut ingest = db.ingest(control.clone());
    let series = market.series();
    ingest.add_read_time(start.elapsed());
    let headlines = market.headlines();
    let total: u64 = series.iter().map(|s| s.bars.len() as u64).sum();
    say(
        global,
        &format!(
            "{} bars of {} series and {} headlines go into {}, each window with a vector in two spaces. {}\n",
            grouped(total),
            series.len(),
            grouped(headlines.len() as u64),
            db.path().display(),
            how_long(total),
        ),
    )?;
    let mut done = 0;
    for batch in series.chunks(SERIES_A_BATCH) {
        ingest.bars(batch)?;
        done += batch.iter().map(|s| s.bars.len() as u64).sum::<u64>();
        control.show(Progress {
            stage: Stage::Store,
            done,
            total,
        })?;
    }
    let headlines = db.ingest_headlines(&headlines)?;
    let report = ingest.finish()?;
    let took = start.elapsed();
    if report.windows_embedded == 0 {
        return say(
            global,
            &format!(
                "{} holds it already: {} bars of {} series, {} headlines.\n",
                db.path().display(),
                grouped(report.bars_unchanged),
                report.series,
                grouped(headlines.unchanged),
            ),
        );
    }
    say(
        global,
        &format!(
            "{} bars of {} series and {} headlines are in {} after {:.1} s, {} windows searchable.\n{}\n",
            grouped(report.bars_added),
            report.series,
            grouped(headlines.added),
            db.path().display(),
            took.as_secs_f64(),
            grouped(report.windows_embedded),
            shares(&report, took),
        ),
    )
}

/// What to expect of so many bars, which a second run finds stored.
fn how_long(bars: u64) -> &'static str {
    const LARGE: u64 = 100_000;
    if bars < LARGE {
        "That takes seconds; then it asks questions."
    } else {
        "On two cores that takes half a minute to two minutes (`--small` takes seconds); then it asks questions."
    }
}

struct Question {
    kind: EventKind,
    /// Where to look; everywhere if empty.
    market: &'static str,
    text: &'static str,
}

const QUESTIONS: [Question; 3] = [
    Question {
        kind: EventKind::Crash,
        market: "",
        text: "What looked like this crash?",
    },
    Question {
        kind: EventKind::EarningsBeat,
        market: "equity",
        text: "When did a stock last move like this?",
    },
    Question {
        kind: EventKind::ShortSqueeze,
        market: "equity",
        text: "A squeeze on hourly crypto: which daily stocks rhyme with it?",
    },
];

impl Question {
    fn ask(
        &self,
        global: &Global,
        view: &View,
        market: &SyntheticMarket,
    ) -> Outcome<Vec<serde_json::Value>> {
        let events = market.events();
        let Some(event) = events.iter().rfind(|e| e.kind == self.kind) else {
            return Ok(Vec::new());
        };
        let Some(series) = event.series.first() else {
            return Ok(Vec::new());
        };
        let target = format!("{series}@{}", event.end);
        let mut request = SimilarRequest::new(target.as_str());
        request.k = 3;
        if !self.market.is_empty() {
            request.filter = Filter::new().market(self.market);
        }
        let (reply, found) = request.ask_in_full(view)?;
        if global.format == Format::Table {
            self.print(global, view, event, &target, found.similar())?;
        }
        crate::commands::shown::rows(&reply.hits)
    }

    fn print(
        &self,
        global: &Global,
        view: &View,
        event: &MarketEvent,
        target: &str,
        answer: &SimilarAnswer,
    ) -> Outcome {
        let filter = if self.market.is_empty() {
            String::new()
        } else {
            format!(" --market {}", self.market)
        };
        lines(&format!("── {}\n", self.text))?;
        let symbol = event.series.first().map(|s| s.symbol.clone());
        let known = view.headlines(symbol.as_deref(), Some(event.time), Some(event.end), 1)?;
        for headline in known {
            lines(&format!("   \"{}\"", headline.text))?;
        }
        lines(&format!(
            "   {} --db {} similar {target} -k 3{filter}\n   {} windows searched by {} in {:.2} ms\n",
            called_as::name(),
            db_name(global),
            grouped(answer.searched.windows),
            answer.searched.plan,
            answer.took.as_secs_f64() * 1e3
        ))?;
        lines(&pictures(view, target, answer).join("\n"))?;
        lines("")
    }
}

const PICTURE: (usize, usize) = (44, 10);

/// The query and the hits, two beside one another.
fn pictures(view: &View, target: &str, answer: &SimilarAnswer) -> Vec<String> {
    let style = Style::of_stdout();
    let draw = |title: String, bars: &rhymedb::Bars| {
        let mut picture = vec![title];
        picture.extend(candles(bars, PICTURE.0, PICTURE.1, style));
        picture.push(" ".repeat(PICTURE.0));
        picture
    };
    let mut all = Vec::new();
    if let Some(bars) = &answer.query_bars {
        let name = answer.query.as_ref().map(|w| w.series.to_string());
        all.push(draw(
            format!("query  {}", name.unwrap_or(target.to_owned())),
            bars,
        ));
    }
    for hit in &answer.hits {
        let series = &hit.window.series;
        let first = series.interval.close_of(hit.window.start);
        if let Ok(found) = view.bars(series, Some(first), Some(hit.window.end), None) {
            let title = format!("{}  {:.4}  {series}", hit.rank, hit.score);
            all.push(draw(title, &found.bars));
        }
    }
    all.chunks(2)
        .flat_map(|pair| match pair {
            [left, right] => beside(left, right, 4),
            [one, ..] => one.clone(),
            [] => Vec::new(),
        })
        .collect()
}

fn db_name(global: &Global) -> String {
    let path = global.db.as_ref();
    path.map_or(DEMO_DB.to_owned(), |p| p.display().to_string())
}

fn what_next(global: &Global, view: &View) -> Outcome<String> {
    let rhyme = called_as::name();
    let db = db_name(global);
    let nova: SeriesKey = "crypto/synthetic/NOVAUSDT:1h".parse()?;
    let bars = view.bars(&nova, None, None, None)?.bars;
    let day = |bar: usize| {
        let time = bars.time.get(bar).copied().unwrap_or_default();
        let time = Timestamp::from_millis(time).to_string();
        time.split('T').next().unwrap_or_default().to_owned()
    };
    let past = day(bars.len() / 2);
    // A year of hours is enough to read.
    let from = day(bars.len().saturating_sub(365 * 24));
    Ok(format!(
        "What to type next:

  # what is stored
  {rhyme} --db {db} series
  # what rhymes with the latest window of a series
  {rhyme} --db {db} similar NOVAUSDT:1h -k 5
  # with a past one, knowing only what was known then
  {rhyme} --db {db} similar NOVAUSDT:1h@{past} --as-of {past}
  # in words: charts, headlines, what followed, which regime
  {rhyme} --db {db} search \"shares surge after strong results\" --market equity
  {rhyme} --db {db} reaction \"exchange halts withdrawals\" --market crypto --horizon 24h
  {rhyme} --db {db} classify --history NOVAUSDT:1h --set regimes --from {from}
  # the same with a prompt that completes, and as a page in the browser
  {rhyme} --db {db} shell
  {rhyme} --db {db} serve
  # your own candles, into ./market.rhyme, or Bybit's
  {rhyme} ingest bars my_candles/*.csv.gz
  {rhyme} ingest bybit BTCUSDT,ETHUSDT"
    ))
}
