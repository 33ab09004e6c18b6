//! Outcomes as of a date: at the start of each of six weeks, what came next after the ten moments that
//! looked most like now? As of a date an answer knows nothing that came later, as a backtest needs it.
//!
//! To see that this is so, each question is also put to a second database, which gets the bars of a week
//! only when the week is over. The two answers are equal to the last bit.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rhymedb::query::{Horizon, HorizonOutcomes};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Filter, OpenOptions, SeriesBars, Target, Timestamp, View};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const DAY: Horizon = Horizon::hours(24);

fn main() -> Result<()> {
    run(tempfile::tempdir()?.path(), &mut std::io::stdout())
}

pub(crate) fn run(folder: &Path, out: &mut impl Write) -> Result<()> {
    let mut config = SyntheticConfig::small(1);
    config.equity_symbols = 0;
    let market = SyntheticMarket::new(config)?.series();
    let open = |name| {
        OpenOptions::new()
            .clip_weights(None)
            .open(folder.join(name))
    };
    let (whole, growing) = (open("whole.rhyme")?, open("growing.rhyme")?);
    whole.ingest_bars(&market)?;

    writeln!(
        out,
        "as of                 the hits    anything    what came"
    )?;
    let mut now: Timestamp = "2015-02-09".parse()?;
    for _ in 0..6 {
        let next = what_comes_next(&whole.at(now))?;
        let [hits, any] = [&next.summary, &next.base].map(|s| s.as_ref().map(|s| s.mean));

        // What did come next is known to a later view alone.
        let mut here: Target = "NOVAUSDT:1h".parse()?;
        here.time = Some(now);
        let came = whole.now().outcomes_of([here], &[DAY]).run()?;
        let came = came
            .horizons
            .first()
            .and_then(|h| h.summary.as_ref())
            .map(|s| s.mean);
        let [hits, any, came] = [hits, any, came].map(|c| 100.0 * c.unwrap_or(f64::NAN));
        writeln!(
            out,
            "{now}  {hits:+6.2} %    {any:+6.2} %     {came:+6.2} %"
        )?;

        growing.ingest_bars(&until(&market, now))?;
        if what_comes_next(&growing.now())? != next {
            return Err(format!("the answer as of {now} knew what came later").into());
        }
        now = now + WEEK;
    }
    writeln!(out, "A database without the later bars says the same.")?;
    Ok(())
}

/// What came within a day after the moments that looked like the newest 64 bars.
fn what_comes_next(view: &View) -> Result<HorizonOutcomes> {
    let newest: Target = "NOVAUSDT:1h".parse()?;
    let similar = view
        .similar(newest)
        .filter(Filter::new().market("crypto"))
        .k(10);
    let answer = similar.outcomes(&[DAY]).run()?;
    Ok(answer.horizons.into_iter().next().ok_or("no horizon")?)
}

/// The bars that had closed by `now`. Those that are stored already change nothing.
fn until(market: &[SeriesBars], now: Timestamp) -> Vec<SeriesBars> {
    let mut market = market.to_vec();
    for series in &mut market {
        let last_open = series.key.interval.open_of(now).millis();
        let closed = series.bars.time.partition_point(|&open| open <= last_open);
        series.bars = series.bars.slice(0..closed);
    }
    market
}
