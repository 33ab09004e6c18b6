//! `rhyme watch`: rules at each new close, and alerts.
//!
//! ```text
//! Source (bybit, folder) ──> bars into the database ──> Decider ──> journal ──> outlets
//!  one round: what closed     one commit                which closes  decided,    file, program,
//!  barrier: until when all                              are due       then        address, output
//!  series are complete                                                delivered
//! ```
//!
//! Bars are committed first, then closes are decided and noted with their alerts in one record each, then alerts are
//! delivered and that is noted. Killed in between, the next run goes on at the step that was not done.

mod alert_file;
mod barrier;
#[cfg(feature = "http")]
mod bybit;
#[cfg(feature = "http")]
mod clock;
mod decider;
mod folder;
mod journal;
mod options;
mod outlets;
mod program;
mod records;
mod source;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rhymedb::decide::Rule;
use rhymedb::{Control, Database, Error, SeriesKey, Target};

use super::ingest_tally::count;
use super::rule_file;
use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::opening::db_path;
use crate::progress::{self, notice};
use crate::text::legible;
use decider::Decider;
use journal::Journal;
pub(crate) use options::{Args, HELP};
use outlets::Outlet;
use source::Source;

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    if global.read_only {
        let path = db_path(global);
        return Err(Error::ReadOnly { path }.into());
    }
    let rules = rules(&args.rules)?;
    let controls = progress::control_and_silent(global);
    let (shown, control) = &controls;
    let outlets = outlets::of(&args.outlets, control)?;
    let (mut source, db) = source(global, args, control)?;
    source.begin(&db, shown)?;
    let series = series(source.as_ref(), &db, &args.series)?;
    source.follow(&db, &series)?;
    let journal = Journal::open(db.path())?;
    outlets::tell_others(global, &outlets, &journal);
    notice(
        global,
        &format!(
            "watching {} on {} from {}",
            count(rules.len() as u64, "rule", "rules"),
            count(series.len() as u64, "series", "series"),
            legible(&args.from.display().to_string())
        ),
    );
    let decider = Decider {
        global,
        db: &db,
        control: shown,
        rules,
        series,
        since: args.since,
        unasked: BTreeSet::new(),
    };
    watch(args, source.as_mut(), decider, journal, outlets)
}

fn watch(
    args: &Args,
    source: &mut dyn Source,
    mut decider: Decider<'_>,
    mut journal: Journal,
    mut outlets: Vec<Outlet>,
) -> Outcome {
    let (global, db, control) = (decider.global, decider.db, decider.control);
    decider.check(&journal)?;
    outlets::deliver(global, &mut outlets, &mut journal, control)?;
    let mut held = true;
    loop {
        let round = source.round(db)?;
        if round.changed || held {
            let to: Vec<String> = outlets.iter().map(|o| o.name.clone()).collect();
            held = decider.decide(round.horizon, &mut journal, &to, |journal| {
                outlets::deliver(global, &mut outlets, journal, control)
            })?;
        }
        outlets::deliver(global, &mut outlets, &mut journal, control)?;
        if args.once && !held && !round.late {
            return once_done(&outlets, &journal, round.failing);
        }
        let wait = outlets::pause(&outlets).map_or(round.wait, |pause| pause.min(round.wait));
        sleep(wait, control)?;
    }
}

/// What a run of one round says at its end, if not all of it was done.
fn once_done(outlets: &[Outlet], journal: &Journal, failing: usize) -> Outcome {
    if let Some(waiting) = outlets::waiting(outlets, journal) {
        return Err(Failure::Partly(format!(
            "{waiting}, see above; the next run tries it again"
        )));
    }
    match failing {
        0 => Ok(()),
        n => Err(Failure::Partly(format!(
            "{} could not be brought up to date, see above; the next run goes on",
            count(n as u64, "series", "series")
        ))),
    }
}

fn sleep(wait: Duration, control: &Control) -> Outcome {
    const LOOK: Duration = Duration::from_millis(20);
    let until = Instant::now() + wait;
    loop {
        control.check()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(LOOK));
    }
}

fn rules(paths: &[PathBuf]) -> Outcome<Vec<Rule>> {
    let mut rules: Vec<Rule> = Vec::new();
    for path in paths {
        let rule = rule_file::read(path)?;
        if rules.contains(&rule) {
            return Err(Error::Invalid(format!(
                "expected each rule once, found the one in {} twice",
                path.display()
            ))
            .into());
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// The series that are meant, each once.
fn series(source: &dyn Source, db: &Database, targets: &[Target]) -> Outcome<Vec<SeriesKey>> {
    let view = db.now();
    let mut all = Vec::new();
    for target in targets {
        if target.time.is_some() {
            return Err(Error::Invalid(format!(
                "expected a series like BTCUSDT:1h, found a window of one: {target}"
            ))
            .into());
        }
        let key = view.series_of(target).map_err(|error| match error {
            Error::NotFound { .. } => match source.missing(target) {
                Some(hint_text) => Error::NotFound {
                    what: "series",
                    name: target.to_string(),
                    hint_text,
                },
                None => error,
            },
            other => other,
        })?;
        if !all.contains(&key) {
            all.push(key);
        }
    }
    Ok(all)
}

#[cfg(feature = "http")]
fn source<'a>(
    global: &'a Global,
    args: &'a Args,
    control: &'a Control,
) -> Outcome<(Box<dyn Source + 'a>, Database)> {
    match args.from.to_str() {
        Some("bybit") => {
            if !args.options.is_empty() {
                return Err(Error::Invalid(
                    "expected options after `--` for files of a folder alone, found some for bybit"
                        .to_owned(),
                )
                .into());
            }
            let source = bybit::Bybit::new(global, args, control)?;
            Ok((Box::new(source), crate::opening::open_to_write(global)?))
        }
        _ => folder_source(global, args, control),
    }
}

#[cfg(not(feature = "http"))]
fn source<'a>(
    global: &'a Global,
    args: &'a Args,
    control: &'a Control,
) -> Outcome<(Box<dyn Source + 'a>, Database)> {
    folder_source(global, args, control)
}

fn folder_source<'a>(
    global: &'a Global,
    args: &'a Args,
    control: &'a Control,
) -> Outcome<(Box<dyn Source + 'a>, Database)> {
    let source = folder::Folder::new(global, args, control)?;
    Ok((Box::new(source), crate::opening::open_or_create(global)?))
}
