//! An encoder of one's own. The default encoder, `shape`, ignores how large a move was: a fall of 2 % on
//! a quiet day and a crash may look the same to it. This one heeds the size.
//!
//! Its vector is the path of the closes, and one more number, the same for every window, as a yardstick.
//! At unit length small moves are mostly yardstick, and large moves are mostly path. So two windows are
//! near if they have the same shape and about the same size.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use rhymedb::encode::{ChartEncoder, EncoderSpec, Modality, Sharing, check_chart_encoder};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Bars, Control, Error, OpenOptions, Target, View, Window};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const BARS: usize = 32;
/// Closes that lie 5 % from their mean weigh as much as the yardstick.
const YARDSTICK: f64 = 0.05;

struct Sized(EncoderSpec);

impl Sized {
    fn new() -> Self {
        Self(EncoderSpec {
            // Another name or number whenever the vectors change: a space belongs to one encoder.
            id: "sized/1".to_owned(),
            modality: Modality::Chart,
            dim: BARS as u32 + 1,
            channels: 1,
            window: BARS as u32,
            receptive_field: BARS as u32,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: "mean".to_owned(),
            weights_hash: 0,
        })
    }
}

impl ChartEncoder for Sized {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    /// The window is the last bars of those given.
    fn encode_window(&self, bars: &Bars) -> rhymedb::Result<Option<Vec<f32>>> {
        let first = bars.len().checked_sub(BARS);
        let first = first.ok_or_else(|| Error::Invalid(format!("needs {BARS} bars")))?;
        let logs = bars.close.iter().skip(first).map(|close| close.ln());
        let mean = logs.clone().sum::<f64>() / BARS as f64;
        let mut vector: Vec<f64> = logs.map(|log| log - mean).collect();
        vector.push(YARDSTICK * (BARS as f64).sqrt());
        let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        Ok(Some(vector.iter().map(|x| (x / length) as f32).collect()))
    }
}

fn main() -> Result<()> {
    run(tempfile::tempdir()?.path(), &mut std::io::stdout())
}

pub(crate) fn run(folder: &Path, out: &mut impl Write) -> Result<()> {
    let encoder: Arc<dyn ChartEncoder> = Arc::new(Sized::new());
    // What search relies on: nothing ahead is read, the same bars give the same vector, and so on.
    check_chart_encoder(encoder.as_ref(), 7)?;

    let options = OpenOptions::new().encoder(Arc::clone(&encoder));
    let db = options.clip_weights(None).open(folder.join("own.rhyme"))?;
    let mut config = SyntheticConfig::small(1);
    config.equity_symbols = 0;
    db.ingest_bars(&SyntheticMarket::new(config)?.series())?;
    let windows = db
        .create_space("sized", &encoder, 1, Control::new())?
        .windows_embedded;
    writeln!(out, "{windows} windows are in the space sized")?;

    // A crash, and the three moments most like it in each of the two spaces.
    let crash: Target = "NOVAUSDT:1h@2015-02-03T06:00".parse()?;
    let view = db.now();
    for space in ["shape", "sized"] {
        let answer = view.similar(&crash).space(space).k(3).run()?;
        let window = answer.query.as_ref().ok_or("the crash is not stored")?;
        write!(
            out,
            "{space}: a move of {:+.1} % is like",
            moved(&view, window)?
        )?;
        for hit in &answer.hits {
            write!(out, " {:+.1} %", moved(&view, &hit.window)?)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// From the first open to the last close of a window, in percent.
fn moved(view: &View, window: &Window) -> Result<f64> {
    Ok(100.0 * view.change(window)?.ok_or("no such bars")?)
}
