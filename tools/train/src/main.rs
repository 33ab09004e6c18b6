//! `rhyme-train`: trains the networks of RhymeDB.

mod args;
mod progress;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use rhyme_train::checkpoint::publish;
use rhyme_train::config::Config;
use rhyme_train::teacher::{Teacher, training_texts};
use rhyme_train::train::Trainer;
use rhymedb::encode::{Input, Weights, WeightsConfig};
use rhymedb::{Error, OpenOptions, Result};

use args::Args;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Interrupted) => {
            progress::say("interrupted; a checkpoint is written, and --resume goes on from it");
            ExitCode::from(130)
        }
        Err(error) => {
            progress::say(&format!("rhyme-train: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Checks before any training that the network can be written as ONNX, and that what is written can be read.
fn check_onnx(config: &Config) -> Result<()> {
    if config.backbone.reading().input == Input::Path {
        return Err(Error::Invalid(
            "expected a backbone of kind tcn or multiscale with --onnx, found one over a path, which ONNX files cannot declare; leave --onnx out".to_owned(),
        ));
    }
    // The others are written as ONNX from the beginning.
    let Some(chart) = config.backbone.native() else {
        return Ok(());
    };
    let untrained = WeightsConfig::chart(config.backbone.architecture(), chart);
    let file = Weights::random(&untrained, 1)?.to_onnx()?;
    Weights::from_bytes(file).map(drop).map_err(|e| {
        Error::Invalid(format!(
            "expected a backbone that an ONNX file can hold with --onnx, found one that cannot be read back ({e}); make it smaller, or leave --onnx out"
        ))
    })
}

fn run(args: &Args) -> Result<()> {
    let mut config = Config::read(&args.config)?;
    config.shuffle_pairs |= args.shuffle_pairs;
    config.check()?;
    if args.onnx.is_some() {
        check_onnx(&config)?;
    }
    let onnx = args.out.extension().is_some_and(|e| e == "onnx");
    if config.backbone.native().is_none() && !onnx && !args.texts {
        return Err(Error::Invalid(format!(
            "expected --out with a name that ends with .onnx, since this backbone is written as ONNX; found {}",
            args.out.display()
        )));
    }
    let open = |dir| OpenOptions::new().create(false).read_only(true).open(dir);
    let db = args.db.as_ref().map(open).transpose()?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|e| Error::Invalid(format!("Ctrl-C cannot be caught: {e}")))?;
    let mut trainer = Trainer::new(config, db.as_ref(), &args.out, args.seed)?;
    drop(db);
    progress::say(&progress::parts(trainer.data()));
    if args.texts {
        let texts = training_texts(trainer.data());
        publish(&args.out, texts.join("\n").as_bytes())?;
        let (count, out) = (texts.len(), args.out.display());
        progress::say(&format!("wrote {count} headlines to {out}"));
        return Ok(());
    }
    if args.judge {
        let judged = trainer.judge(Weights::read(&args.out)?)?;
        progress::say(&progress::figures(&judged));
        return Ok(());
    }
    if let Some(file) = &args.teacher {
        trainer.teach(Teacher::read(file)?)?;
    }
    if args.resume {
        trainer.resume()?;
    }
    let mut line = progress::Line::default();
    let trained = trainer.run(&mut |progress| {
        line.show(progress);
        stop.load(Ordering::Relaxed)
    })?;
    publish(&args.out, trained.weights.bytes())?;
    if let Some(file) = &args.onnx {
        publish(file, &trained.weights.to_onnx()?)?;
        progress::say(&format!("wrote {}", file.display()));
    }
    trainer.clear()?;
    progress::say(&progress::result(&trained, &args.out));
    Ok(())
}
