//! RhymeDB inside a bot: every second a bar of each of four symbols is stored, and four threads ask what
//! looked like the last 64 seconds.
//!
//! The clock is simulated, so two minutes pass at once. The prices are the hours of a synthetic market,
//! told as seconds. One thread writes. The others ask as of the second that they were told of, so what
//! they find does not depend on who is how fast.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Database, Interval, OpenOptions, SeriesBars, SeriesKey, Timestamp, Window};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const SECOND: Interval = Interval::Fixed(1_000);
/// Seconds that were stored before the bot starts.
const BEFORE: usize = 1_500;
const RUNS: usize = 120;

fn main() -> Result<()> {
    run(tempfile::tempdir()?.path(), &mut std::io::stdout())
}

pub(crate) fn run(folder: &Path, out: &mut impl Write) -> Result<()> {
    let mut config = SyntheticConfig::small(1);
    (config.crypto_symbols, config.equity_symbols) = (4, 0);
    let mut market = SyntheticMarket::new(config)?.series();
    for one in &mut market {
        one.key.interval = SECOND;
        let seconds = (0..).take(one.bars.len());
        one.bars.time = seconds.map(|second| second * 1_000).collect();
    }
    // Without weights there is no space for questions in words, and a bar is stored faster.
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.join("bot.rhyme"))?;
    db.ingest_bars(&part(&market, 0, BEFORE))?;

    let mut slowest = Duration::ZERO;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for SeriesBars { key, .. } in &market {
            let (tell, told) = channel();
            let db = &db;
            threads.push((key, tell, scope.spawn(move || ask(db, key, &told))));
        }
        for second in BEFORE..BEFORE + RUNS {
            let bars = part(&market, second, 1); // A real bot waits here for the exchange.
            let start = Instant::now();
            db.ingest_bars(&bars)?;
            slowest = slowest.max(start.elapsed());
            let opened = Timestamp::from_millis(1_000 * second as i64);
            for (_, tell, _) in &threads {
                tell.send(SECOND.close_of(opened))?;
            }
        }
        for (key, tell, thread) in threads {
            drop(tell); // The thread ends when nobody can tell it anything.
            let (asked, best) = thread.join().map_err(|_| "a thread panicked")??;
            let (score, now, like) = best.ok_or("nothing looked alike")?;
            writeln!(out, "{}: {asked} questions. Nearest:", key.symbol)?;
            writeln!(out, "  {now} looked like {like} ({score:.3})")?;
        }
        writeln!(
            out,
            "{RUNS} seconds were stored, the slowest in {} ms",
            slowest.as_millis()
        )?;
        Ok(())
    })
}

type Best = Option<(f32, Timestamp, Window)>;

/// Asks at every second that it is told of. Returns how often, and the nearest hit of all.
fn ask(db: &Database, key: &SeriesKey, told: &Receiver<Timestamp>) -> Result<(usize, Best)> {
    let (mut asked, mut best): (usize, Best) = (0, None);
    for now in told {
        asked += 1;
        for hit in db.at(now).similar(key.clone()).k(1).run()?.hits {
            if best.as_ref().is_none_or(|(score, ..)| hit.score > *score) {
                best = Some((hit.score, now, hit.window));
            }
        }
    }
    Ok((asked, best))
}

/// So many seconds of every symbol.
fn part(market: &[SeriesBars], first: usize, seconds: usize) -> Vec<SeriesBars> {
    let mut market = market.to_vec();
    for series in &mut market {
        series.bars = series.bars.slice(first..first + seconds);
    }
    market
}
