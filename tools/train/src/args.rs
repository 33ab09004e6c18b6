use std::path::PathBuf;

use clap::Parser;

/// Trains a network of RhymeDB and writes its weights file.
///
/// The config says what is trained, on what and how. The same config, data and seed give the same
/// file, to the byte. Ctrl-C writes a checkpoint beside it.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  rhyme-train --config tools/train/configs/clip_stocks.toml --db market.rhyme --out mine.safetensors"
)]
pub(crate) struct Args {
    /// The config in TOML.
    #[arg(long)]
    pub(crate) config: PathBuf,
    /// The database that the config's sources read.
    #[arg(long)]
    pub(crate) db: Option<PathBuf>,
    /// The weights file to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// The network over bars as an ONNX file too, for other programs. Backbones of the kinds tcn and
    /// multiscale can be written, and custom ones whose input is channels; tcn_path and cnn read a path, which is
    /// scaled inside the network. One window may take 2^31 multiplications at most, and the file 64 MiB. All of
    /// that is looked at before training begins.
    #[arg(long, value_name = "FILE.onnx", conflicts_with_all = ["judge", "texts"])]
    pub(crate) onnx: Option<PathBuf>,
    /// Trains nothing: judges the weights file --out by the parts of the data that the config keeps
    /// apart, and by made-up events of unseen seeds and wordings.
    #[arg(long, conflicts_with_all = ["resume", "shuffle_pairs"])]
    pub(crate) judge: bool,
    /// Trains nothing: writes the headlines to train on into --out, one a line, for a teacher to read.
    #[arg(long, conflicts_with_all = ["resume", "shuffle_pairs", "judge"])]
    pub(crate) texts: bool,
    /// What a larger model says about texts, as [text.teacher] of the config asks for
    /// (tools/train/teacher/run).
    #[arg(long)]
    pub(crate) teacher: Option<PathBuf>,
    /// Trains on headlines dealt out anew among windows, to see what luck gives.
    #[arg(long)]
    pub(crate) shuffle_pairs: bool,
    /// Where random numbers start.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Goes on from the checkpoint of an interrupted run.
    #[arg(long)]
    pub(crate) resume: bool,
}
