//! Bulk import: many series, with progress, stopped half way as by Ctrl-C, and taken up again.
//!
//! Nothing has to be remembered for that. What was committed stays, and the same bars again change
//! nothing, so the second run is the first run once more.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rhymedb::ingest::{IngestReport, Progress, Stage};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Control, Database, Error, OpenOptions, SeriesBars};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Series of one transaction. Large batches are faster. A batch that is stopped is lost as a whole.
const BATCH: usize = 4;

fn main() -> Result<()> {
    run(tempfile::tempdir()?.path(), &mut std::io::stdout())
}

pub(crate) fn run(folder: &Path, out: &mut impl Write) -> Result<()> {
    // A program reads files here, for example with `rhymedb::files::read_bars`.
    let mut config = SyntheticConfig::small(3);
    config.equity_symbols = 20;
    let market = SyntheticMarket::new(config)?.series();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.join("bulk.rhyme"))?;

    // A handler of Ctrl-C calls `stop`. Here somebody presses it when half is stored.
    let stored = Arc::new(AtomicU64::new(0));
    let (ctrl_c, watched) = (Control::new(), Arc::clone(&stored));
    let pressed = ctrl_c.clone();
    let control = ctrl_c.on_progress(move |progress| {
        watched.store(progress.done, Ordering::Relaxed);
        if progress.done >= progress.total / 2 {
            pressed.stop();
        }
    });
    match import(&db, &market, control) {
        Err(Error::Interrupted) => {}
        other => return Err(format!("expected to be stopped, found {other:?}").into()),
    }
    let (stored, all) = (stored.load(Ordering::Relaxed), market.len());
    writeln!(out, "first run: stopped after {stored} of {all} series")?;

    for run in ["second", "third"] {
        let report = import(&db, &market, Control::new())?;
        let (old, new) = (report.bars_unchanged, report.bars_added);
        writeln!(out, "{run} run: {old} bars were there, {new} are new")?;
    }
    let newest = market.last().ok_or("no series")?.key.clone();
    let hits = db.now().similar(newest.clone()).k(5).run()?.hits;
    writeln!(out, "{newest} can be asked about: {} hits", hits.len())?;
    Ok(())
}

/// Stores all series, a transaction a batch, and makes their windows searchable.
fn import(db: &Database, market: &[SeriesBars], control: Control) -> rhymedb::Result<IngestReport> {
    let mut ingest = db.ingest(control.clone());
    let (mut done, total) = (0, market.len() as u64);
    for batch in market.chunks(BATCH) {
        ingest.bars(batch)?;
        done += batch.len() as u64;
        // Tells who watches, and ends here if somebody called `stop`.
        control.show(Progress {
            stage: Stage::Store,
            done,
            total,
        })?;
    }
    // Batches of more than some thousand bars are embedded here, with progress of their own:
    // `Stage::Embed` and `Stage::Index`. So is what waits since a run was stopped.
    ingest.finish()
}
