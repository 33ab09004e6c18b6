//! `repro`: trains published methods on published data and prints what comes of it beside the published figures.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use rhyme_train::backbone::Dilated;
use rhyme_train::repro::etth1::{Etth1, HORIZONS};
use rhyme_train::repro::ts2vec::{Length, Run};
use rhymedb::{Error, Result};

/// Steps and rows of the public code.
const STEPS: u64 = 600;
const ROWS: usize = 3000;
/// How often the state is written and a line said.
const EVERY: Duration = Duration::from_secs(30);
/// Mean squared errors of the papers at [`HORIZONS`].
const PUBLISHED: [(&str, [f64; 5]); 4] = [
    ("TS2Vec, its paper", [0.599, 0.629, 0.755, 0.907, 1.048]),
    ("TS2Vec, in CoST's", [0.590, 0.624, 0.762, 0.931, 1.063]),
    ("TS2Vec, another", [0.613, 0.657, 0.809, 0.983, 1.160]),
    ("ridge on raw lags", [0.372, 0.444, 0.776, 1.028, 1.290]),
];

/// Does published results again with the networks and losses of rhyme-train.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// TS2Vec on ETTh1: multivariate forecasts by a ridge regression on its representations.
    ///
    /// Ctrl-C keeps the state, and the same command goes on.
    #[command(after_help = "Example:\n  tools/train/repro etth1 ETTh1.csv")]
    Etth1(Job),
}

#[derive(Debug, clap::Args)]
struct Job {
    /// The file ETTh1.csv of the data set ETDataset. Without it nothing is done.
    data: Option<PathBuf>,
    /// Steps of training.
    #[arg(long, default_value_t = STEPS)]
    steps: u64,
    /// Rows that a step reads at most. The time of a step grows with their square.
    #[arg(long, default_value_t = ROWS)]
    rows: usize,
    /// Where random numbers start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the state is kept.
    #[arg(long, default_value = "etth1.state")]
    state: PathBuf,
}

fn main() -> ExitCode {
    let Which::Etth1(job) = Args::parse().which;
    match run(&job) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Interrupted) => {
            say(&format!(
                "interrupted; the same command goes on from {}",
                job.state.display()
            ));
            ExitCode::from(130)
        }
        Err(error) => {
            say(&format!("repro: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line. Where nobody reads it, that is no reason to stop.
fn say(line: &str) {
    let _unread = writeln!(std::io::stderr(), "{line}");
}

fn run(job: &Job) -> Result<()> {
    let Some(path) = job.data.as_ref().filter(|path| path.exists()) else {
        let named = job.data.as_deref().unwrap_or(Path::new("ETTh1.csv"));
        say(&format!("skipped: {} is not there", named.display()));
        return Ok(());
    };
    let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
        action: "read",
        path: path.clone(),
        source: Arc::new(source),
    })?;
    let data = Etth1::parse(&text)?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|e| Error::Invalid(format!("Ctrl-C cannot be caught: {e}")))?;
    let length = Length {
        steps: job.steps,
        rows: job.rows,
    };
    let mut run = Run::new(Dilated::default(), length, job.seed, &job.state)?;
    train(&mut run, &data, &stop)?;
    let mut said = Instant::now();
    let found = run.encode(&data, &mut |share| {
        if said.elapsed() > EVERY {
            said = Instant::now();
            say(&format!("{:.0} % of the rows are encoded", 100.0 * share));
        }
        stop.load(Ordering::Relaxed)
    })?;
    let mut own = Vec::new();
    for horizon in HORIZONS {
        let (error, penalty) = data.judge(&found, run.width(), horizon)?;
        say(&format!("{horizon} hours: {error:.3}, penalty {penalty}"));
        own.push(error);
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
    }
    print(job, &own)
}

fn train(run: &mut Run, data: &Etth1, stop: &AtomicBool) -> Result<()> {
    let (first, steps) = run.progress();
    let (started, mut said) = (Instant::now(), Instant::now());
    for step in first..steps {
        let loss = run.step(data)?;
        if said.elapsed() > EVERY || step + 1 == steps {
            said = Instant::now();
            run.save()?;
            let each = started.elapsed().as_secs_f64() / (step + 1 - first) as f64;
            let left = each * (steps - step - 1) as f64;
            say(&format!(
                "step {}/{steps}, loss {loss:.4}, {left:.0} s left",
                step + 1
            ));
        }
        if stop.load(Ordering::Relaxed) {
            run.save()?;
            return Err(Error::Interrupted);
        }
    }
    Ok(())
}

/// The table on standard output.
fn print(job: &Job, own: &[f64]) -> Result<()> {
    let line = |name: &str, errors: &[f64]| {
        let numbers: Vec<String> = errors.iter().map(|e| format!("{e:>7.3}")).collect();
        format!("{name:<24}{}\n", numbers.concat())
    };
    let heads: Vec<String> = HORIZONS.iter().map(|h| format!("{h:>7}")).collect();
    let mut text = format!("{:<24}{}\n", "MSE on ETTh1, hours", heads.concat());
    text.push_str(&line(
        &format!("here, {} x {}, seed {}", job.steps, job.rows, job.seed),
        own,
    ));
    for (name, errors) in PUBLISHED {
        text.push_str(&line(name, &errors));
    }
    let written = std::io::stdout().write_all(text.as_bytes());
    written.map_err(|source| Error::Io {
        action: "write",
        path: PathBuf::from("standard output"),
        source: Arc::new(source),
    })
}
