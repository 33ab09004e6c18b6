use clap::Args;
use std::path::{Path, PathBuf};

use rhymedb::encode::{Modality, Weights, chart_encoder_by_name};
use rhymedb::ingest::IngestReport;
use rhymedb::{Database, Error};
use serde_json::json;

#[cfg(feature = "http")]
use super::embed_by_service as by_service;
use super::left_out_windows::tell_left_out;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::open_to_write;
use crate::output::{self, column};
use crate::progress::{self, notice};

#[derive(Debug, Args)]
pub(crate) struct Embed {
    /// The name of the space
    #[arg(long)]
    pub(crate) space: String,
    /// shape, stats, tcn and clip (their weights come with the program; clip reads charts and
    /// headlines), a file of weights (.safetensors), an ONNX file that declares what it reads (.onnx, needs the feature onnx), or for headlines
    /// alone the base URL of a service with the interface of OpenAI's embeddings, whose key stands in
    /// RHYME_EMBEDDINGS_KEY
    #[arg(long, value_name = "shape|stats|tcn|clip|FILE|URL")]
    pub(crate) encoder: String,
    /// The tokenizer.json of an ONNX file of texts, which makes a space of headlines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "window", "hop"])]
    pub(crate) tokenizer: Option<PathBuf>,
    /// The service's model
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Requests that may be sent to the service in a second; each has up to 256 headlines
    #[arg(long, value_name = "N", requires = "model", default_value_t = 10)]
    pub(crate) requests_per_second: u32,
    /// Bars of a window [default: 64, or what the weights say]
    #[arg(long, value_name = "BARS")]
    pub(crate) window: Option<u32>,
    /// Bars from one window to the next
    #[arg(long, default_value_t = 1, value_name = "BARS")]
    pub(crate) hop: u32,
    /// Numbers of a vector [default: the encoder's]
    #[arg(long, value_name = "D")]
    pub(crate) dim: Option<u32>,
}

const DEFAULT_WINDOW: u32 = 64;
pub(crate) fn run(global: &Global, args: &Embed) -> Outcome {
    let name = args.encoder.as_str();
    if name.starts_with("https://") || name.starts_with("http://") {
        return ask_service(global, args);
    }
    if args.model.is_some() {
        return Err(Error::Invalid(format!(
            "expected --model with the base URL of a service as the encoder, like `--encoder https://api.openai.com/v1`, found the encoder {name}; leave --model out"
        ))
        .into());
    }
    let file = Path::new(name);
    let is_file = file.extension().is_some() || file.is_file();
    // The weights of the latter two come with the program.
    let weights = match name {
        _ if args.tokenizer.is_some() => Some(read_of_texts(args, file, is_file)?),
        _ if is_file => Some(Weights::read(file)?),
        "clip" => Some(Weights::shipped_clip()?),
        "tcn" => Some(Weights::shipped_tcn()?),
        _ => None,
    };
    if let Some(weights) = &weights {
        check(args, weights)?;
    }
    let db = open_to_write(global)?;
    // A network of texts may read headlines for hours.
    let control = match weights.as_ref().is_some_and(of_texts) {
        true => progress::control_of_long_work(global),
        false => progress::control(global),
    };
    let report = match &weights {
        Some(weights) => db.create_space_of_weights(&args.space, weights, args.hop, control)?,
        None => {
            let window = args.window.unwrap_or(DEFAULT_WINDOW) as usize;
            let encoder = chart_encoder_by_name(name, window, args.dim.map(|d| d as usize))
                .map_err(|e| {
                    Error::Invalid(format!("{e}; or clip or tcn, or name a file of weights"))
                })?;
            db.create_space(&args.space, &encoder, args.hop, control)?
        }
    };
    print(global, args, &db, &report)?;
    tell_left_out(global, &report);
    Ok(())
}

/// What became of the space.
fn print(global: &Global, args: &Embed, db: &Database, report: &IngestReport) -> Outcome {
    let rows = db.now().spaces()?;
    let space = rows.iter().find(|s| s.space.name == args.space);
    let row = json!({
        "space": args.space,
        "encoder": space.map(|s| s.space.encoder.id.clone()),
        "window": space.map(|s| s.space.encoder.window),
        "dim": space.map(|s| s.space.encoder.dim),
        "windows_embedded": report.windows_embedded,
        "windows_flat": report.windows_flat,
        "windows_failed": report.windows_failed,
        "segments": report.segments,
        "headlines_embedded": report.headlines_embedded,
        "rows": space.map(|s| s.rows),
    });
    let columns = [
        column("space", "space"),
        column("encoder", "encoder"),
        column("window", "W"),
        column("dim", "D"),
        column("windows_embedded", "windows embedded"),
        column("windows_flat", "flat windows"),
        column("segments", "segments written"),
        column("headlines_embedded", "headlines embedded"),
        column("rows", "rows in the space"),
    ];
    if space.is_none_or(|s| s.space.encoder.modality != Modality::Headline) {
        return output::record(global.format, &columns, &row);
    }
    let of_headlines = ["space", "encoder", "dim", "headlines_embedded"];
    let columns = columns.into_iter();
    let columns: Vec<_> = columns.filter(|c| of_headlines.contains(&c.key)).collect();
    output::record(global.format, &columns, &row)?;
    let name = &args.space;
    let hint = format!("to ask in words: rhyme search \"shares surge\" --space {name}");
    notice(global, &hint);
    Ok(())
}

/// Whether weights read headlines alone.
fn of_texts(weights: &Weights) -> bool {
    weights.config().tower.is_some()
}

/// A network of texts with its tokenizer.
fn read_of_texts(args: &Embed, file: &Path, is_file: bool) -> Outcome<Weights> {
    let Some(tokenizer) = args.tokenizer.as_ref().filter(|_| is_file) else {
        return Err(Error::Invalid(format!(
            "expected an ONNX file as the encoder beside --tokenizer, like `--encoder model.onnx`, found {}; leave --tokenizer out",
            args.encoder
        ))
        .into());
    };
    Ok(Weights::read_onnx_text(file, tokenizer)?)
}

/// Has the service that `--encoder` names read the headlines.
#[cfg(feature = "http")]
fn ask_service(global: &Global, args: &Embed) -> Outcome {
    by_service::run(
        global,
        &by_service::ByService {
            space: &args.space,
            url: &args.encoder,
            model: args.model.as_deref(),
            dim: args.dim,
            requests_per_second: args.requests_per_second,
            of_charts: args.window.is_some() || args.hop != 1,
        },
    )
}

#[cfg(not(feature = "http"))]
fn ask_service(_: &Global, _: &Embed) -> Outcome {
    Err(Error::Invalid(
        "expected a program with the feature http to ask a service, found one without; build it with `--features http`".to_owned(),
    )
    .into())
}

/// Weights have one window and one dimension; another one asked for is a mistake.
fn check(args: &Embed, weights: &Weights) -> Outcome {
    if let Some(tower) = &weights.config().tower {
        return match args.dim {
            Some(dim) if dim != tower.dim => Err(Error::Invalid(format!(
                "expected --dim {}, which the network of texts gives, found {dim}; leave the option out",
                tower.dim
            ))
            .into()),
            _ if args.window.is_some() || args.hop != 1 => Err(Error::Invalid(
                "expected no --window and no --hop: the network reads headlines, not charts; leave them out"
                    .to_owned(),
            )
            .into()),
            _ => Ok(()),
        };
    }
    let encoder = weights.chart_encoder()?;
    let spec = encoder.spec();
    let asked = [
        ("window", args.window, spec.window),
        ("dim", args.dim, spec.dim),
    ];
    for (option, asked, has) in asked {
        if let Some(asked) = asked
            && asked != has
        {
            return Err(Error::Invalid(format!(
                "expected --{option} {has}, which the weights of {} were trained for, found {asked}; leave the option out",
                spec.id
            ))
            .into());
        }
    }
    Ok(())
}
