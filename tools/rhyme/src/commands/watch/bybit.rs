//! Candles from Bybit, at each close.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rhymedb::bybit::{
    BybitCategory, BybitClient, SyncReport, SyncRequest, bybit_series_key, sync_klines,
};
use rhymedb::data::{Calendar, SeriesInfo};
use rhymedb::{Bars, Control, Database, Error, Interval, SeriesBars, SeriesKey, Target, Timestamp};

use super::barrier::{self, Progress};
use super::clock::Clock;
use super::options::Args;
use super::source::{Round, Source};
use crate::commands::ingest_bybit::clock_note;
use crate::commands::ingest_tally::count;
use crate::failure::Outcome;
use crate::global::Global;
use crate::progress::{notice, say};
use crate::text::legible;

/// Series that are asked for side by side; they share one rate limit.
const DOWNLOADS: usize = 16;
/// Candles before the last stored one that are asked for again, in case they were corrected.
const AGAIN: i64 = 10;
/// After a close, until its candle is asked for: the exchange takes a moment.
const AFTER_MS: i64 = 200;
/// How soon a candle is asked for again that is not there yet.
const SOON_MS: i64 = 500;
/// The longest pause before a series that failed is tried again: if all failed, and if the server answers others.
const LONGEST_PAUSE_MS: (i64, i64) = (60_000, 10_000);
/// The longest sleep between two looks at the clock.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(super) struct Bybit<'a> {
    global: &'a Global,
    control: &'a Control,
    client: BybitClient,
    series: Vec<Followed>,
    every: Option<Duration>,
    patience: Duration,
    pause: Duration,
    /// The server's time.
    clock: Clock,
    /// Whether it was said that the clock of this machine is wrong.
    told_clock: bool,
    began: bool,
}

/// A series that is followed.
struct Followed {
    key: SeriesKey,
    category: BybitCategory,
    /// When to ask for it, by the server's time.
    next: Timestamp,
    /// When to try again what failed, by this machine: a server that fails may have a clock that stands still.
    again: Option<Instant>,
    /// Since when it cannot be brought up to date, and how often that failed.
    failing: Option<Instant>,
    failures: u32,
}

impl Followed {
    /// How long not to ask for it yet; the server's time is `now`.
    fn wait(&self, now: Timestamp) -> Duration {
        match self.again {
            Some(again) => again.saturating_duration_since(Instant::now()),
            None => {
                let wait = self.next.millis().saturating_sub(now.millis());
                Duration::from_millis(u64::try_from(wait).unwrap_or(0))
            }
        }
    }
}

/// What came of a series.
type Downloaded = Result<(SyncReport, Vec<Bars>), Error>;

impl<'a> Bybit<'a> {
    pub(super) fn new(global: &'a Global, args: &Args, control: &'a Control) -> Outcome<Self> {
        let client = BybitClient::builder()
            .base_url(&args.base_url)
            .interrupt(control.stop_flag())
            // Who is not up to date is asked for again and again anyway.
            .attempts(3)
            .backoff(Duration::from_millis(250), Duration::from_secs(2))
            .build()?;
        Ok(Self {
            global,
            control,
            client,
            series: Vec::new(),
            every: args.every,
            patience: args.patience,
            pause: args.pause,
            clock: Clock::new(Timestamp::now()),
            told_clock: false,
            began: false,
        })
    }

    /// Downloads series side by side. Once the server refuses this address, none is begun any more.
    fn download(&self, due: &[usize], stored: &[SeriesInfo]) -> Vec<(usize, Downloaded)> {
        let queue: Mutex<VecDeque<usize>> = Mutex::new(due.iter().copied().collect());
        let done = Mutex::new(Vec::with_capacity(due.len()));
        let refused = AtomicBool::new(false);
        let next = || {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue
                .pop_front()
                .and_then(|i| Some((i, self.series.get(i)?)))
        };
        let work = || {
            while let Some((i, one)) = next() {
                let outcome = match refused.load(Ordering::Relaxed) {
                    true => Err(Error::Remote("it was not asked for".to_owned())),
                    false => self.sync(one, stored),
                };
                if outcome.is_err() && self.client.is_refused() {
                    refused.store(true, Ordering::Relaxed);
                }
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((i, outcome));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..DOWNLOADS.min(due.len()) {
                scope.spawn(work);
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        done
    }

    fn sync(&self, one: &Followed, stored: &[SeriesInfo]) -> Downloaded {
        let none = || Error::NotFound {
            what: "bars of",
            name: one.key.to_string(),
            hint_text: "they were deleted".to_owned(),
        };
        let info = stored
            .iter()
            .find(|info| info.key == one.key)
            .ok_or_else(none)?;
        let (first, last) = info.first.zip(info.last).ok_or_else(none)?;
        let interval = one.key.interval;
        let last = interval.open_of(last);
        let again = match interval {
            Interval::Fixed(ms) => last.plus_millis(-AGAIN * ms).max(first),
            Interval::Months(_) => last,
        };
        let request = SyncRequest {
            category: one.category,
            symbol: one.key.symbol.clone(),
            interval,
            start: Some(first),
            end: None,
            stored: Some(first..=again),
        };
        let mut bars = Vec::new();
        let report = sync_klines(&self.client, &request, self.clock.now(), &mut |page| {
            bars.push(page);
            Ok(())
        })?;
        Ok((report, bars))
    }

    /// Stores what came, in one commit. Bars that cannot stand beside the stored ones fail their series.
    fn store(&self, db: &Database, done: &mut [(usize, Downloaded)]) -> Outcome<bool> {
        let mut batches = Vec::new();
        for (i, outcome) in done.iter_mut() {
            let Ok((_, pages)) = outcome else { continue };
            let Some(one) = self.series.get(*i) else {
                continue;
            };
            let mut bars = Bars::default();
            pages.drain(..).for_each(|page| bars.extend(&page));
            batches.push((
                *i,
                SeriesBars {
                    key: one.key.clone(),
                    calendar: Calendar::Continuous,
                    bars,
                },
            ));
        }
        let mut ingest = db.ingest(self.control.clone());
        let together: Vec<SeriesBars> = batches.iter().map(|(_, bars)| bars.clone()).collect();
        match ingest.bars(&together) {
            Ok(()) => {}
            Err(Error::Invalid(_)) => {
                for (i, bars) in batches {
                    match ingest.bars(&[bars]) {
                        Ok(()) => {}
                        Err(error @ Error::Invalid(_)) => {
                            let failed = done.iter_mut().find(|(j, _)| *j == i);
                            failed
                                .into_iter()
                                .for_each(|(_, d)| *d = Err(error.clone()));
                        }
                        Err(other) => return Err(other.into()),
                    }
                }
            }
            Err(other) => return Err(other.into()),
        }
        let report = ingest.finish()?;
        Ok(report.bars_added + report.bars_replaced > 0)
    }

    /// When to ask for a series again that is up to date, by its last close.
    fn next_of(&self, interval: Interval, last: Timestamp, now: Timestamp) -> Timestamp {
        if let Some(every) = self.every {
            return now.plus_millis(millis(every));
        }
        let mut next = interval.close_of(last);
        if next <= now && now.millis() - next.millis() < millis(self.patience) {
            return now.plus_millis(SOON_MS);
        }
        while next <= now {
            next = interval.close_of(next);
        }
        next.plus_millis(AFTER_MS)
    }

    /// Notes what became of each series, and says what changed about it.
    fn settle(&mut self, db: &Database, done: &[(usize, Downloaded)]) -> Outcome {
        let stored = db.now().series()?;
        let (mut failed, mut back) = (Vec::new(), 0);
        let times = done.iter().filter_map(|(_, d)| d.as_ref().ok());
        if let Some(time) = times.filter_map(|(report, _)| report.server_time).max() {
            self.clock = Clock::new(time);
            if let Some(note) = clock_note(time).filter(|_| !self.told_clock) {
                self.told_clock = true;
                notice(self.global, &note);
            }
        }
        let asked = |i: usize| done.iter().any(|(j, _)| *j == i);
        let mut others = self.series.iter().enumerate();
        let answers = done.iter().any(|(_, outcome)| outcome.is_ok())
            || others.any(|(i, one)| one.failing.is_none() && !asked(i));
        let longest = match answers {
            true => LONGEST_PAUSE_MS.1,
            false => LONGEST_PAUSE_MS.0,
        };
        let now = self.clock.now();
        for (i, outcome) in done {
            let info = |key: &SeriesKey| stored.iter().find(|info| info.key == *key);
            let last = self.series.get(*i).and_then(|one| info(&one.key)?.last);
            let interval = self.series.get(*i).map(|one| one.key.interval);
            let next = interval
                .zip(last)
                .map(|(interval, last)| self.next_of(interval, last, now));
            let Some(one) = self.series.get_mut(*i) else {
                continue;
            };
            match outcome {
                Ok((report, _)) => {
                    back += usize::from(one.failing.is_some());
                    (one.failing, one.failures, one.again) = (None, 0, None);
                    one.next = next.unwrap_or(now);
                    tell_left_out(self.global, one, report);
                }
                Err(error) => {
                    if one.failing.is_none() {
                        failed.push((one.key.to_string(), error.clone()));
                    }
                    one.failing.get_or_insert_with(Instant::now);
                    let pause = SOON_MS << one.failures.min(10);
                    one.again = Some(
                        Instant::now() + Duration::from_millis(pause.min(longest).unsigned_abs()),
                    );
                    one.failures += 1;
                }
            }
        }
        self.tell(&failed, back);
        if self.client.is_refused() {
            let until = Some(Instant::now() + self.pause);
            self.series.iter_mut().for_each(|one| one.again = until);
            say(&format!(
                "Bybit refuses this address: nothing is asked for {}",
                in_words(self.pause)
            ));
        }
        Ok(())
    }

    fn tell(&self, failed: &[(String, Error)], back: usize) {
        if let Some((name, error)) = failed.first() {
            say(&legible(&format!(
                "{} cannot be brought up to date, and {} tried again; {name}: {error}",
                count(failed.len() as u64, "series", "series"),
                if failed.len() == 1 { "is" } else { "are" },
            )));
        }
        if back > 0 {
            let text = format!(
                "{} up to date again",
                count(back as u64, "series is", "series are")
            );
            notice(self.global, &text);
        }
    }
}

fn tell_left_out(global: &Global, one: &Followed, report: &SyncReport) {
    if let Some(first) = report.first_left_out {
        let text = format!(
            "note: {}: left out {} that cannot be, the first at {}: {}",
            one.key,
            count(report.left_out, "candle", "candles"),
            first.time,
            first.defect
        );
        notice(global, &legible(&text));
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        s if s.is_multiple_of(60) => count(s / 60, "minute", "minutes"),
        s => count(s, "second", "seconds"),
    }
}

/// The kind of instrument that a series is of.
fn category_of(key: &SeriesKey) -> Option<BybitCategory> {
    use BybitCategory::{Inverse, Linear, Spot};
    [Linear, Spot, Inverse].into_iter().find(|category| {
        bybit_series_key(*category, &key.symbol, key.interval).is_ok_and(|of| of == *key)
    })
}

impl Source for Bybit<'_> {
    fn begin(&mut self, _: &Database, _: &Control) -> Outcome {
        Ok(())
    }

    fn follow(&mut self, _: &Database, series: &[SeriesKey]) -> Outcome {
        for key in series {
            let Some(category) = category_of(key) else {
                return Err(Error::Invalid(format!(
                    "expected a series of Bybit, as `rhyme ingest bybit` stores it (crypto/bybit_linear/BTCUSDT:1h), found {key}"
                ))
                .into());
            };
            self.series.push(Followed {
                key: key.clone(),
                category,
                next: Timestamp::from_millis(i64::MIN),
                again: None,
                failing: None,
                failures: 0,
            });
        }
        Ok(())
    }

    fn round(&mut self, db: &Database) -> Outcome<Round> {
        let now = self.clock.now();
        let due: Vec<usize> = (0..self.series.len())
            .filter(|&i| {
                self.series
                    .get(i)
                    .is_some_and(|one| one.wait(now).is_zero())
            })
            .collect();
        let mut changed = !self.began;
        if !due.is_empty() {
            let stored = db.now().series()?;
            let mut done = self.download(&due, &stored);
            self.control.check()?;
            changed |= self.store(db, &mut done)?;
            self.settle(db, &done)?;
            self.began = true;
        }
        let stored = db.now().series()?;
        let progress = self.series.iter().filter_map(|one| {
            let info = stored.iter().find(|info| info.key == one.key)?;
            Some(Progress::of(info, one.failing))
        });
        let progress: Vec<Progress> = progress.collect();
        let now = self.clock.now();
        let wait = self.series.iter().map(|one| one.wait(now)).min();
        let horizon = barrier::horizon(&progress, now, self.patience);
        Ok(Round {
            changed,
            horizon,
            late: horizon <= now,
            wait: wait
                .unwrap_or_default()
                .clamp(Duration::from_millis(20), LONGEST_WAIT),
            failing: self
                .series
                .iter()
                .filter(|one| one.failing.is_some())
                .count(),
        })
    }

    fn missing(&self, target: &Target) -> Option<String> {
        let interval = target.interval.unwrap_or(Interval::hours(1));
        let symbol = target.symbol.to_uppercase();
        let named = |venue: &str| target.scope.iter().any(|part| part == venue);
        let category = match (named("bybit_spot"), named("bybit_inverse")) {
            (true, _) => BybitCategory::Spot,
            (_, true) => BybitCategory::Inverse,
            _ => BybitCategory::Linear,
        };
        bybit_series_key(category, &symbol, interval).ok()?;
        let option = match category {
            BybitCategory::Linear => String::new(),
            other => format!(" --category {other}"),
        };
        Some(format!(
            "a rule needs its history; bring it in first: rhyme ingest bybit {symbol} --interval {interval}{option}"
        ))
    }
}
