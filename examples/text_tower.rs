//! Headlines read by a network of another program: an ONNX file and its `tokenizer.json`.
//!
//! It takes the small network of `fixtures/onnx/text`, whose weights are random: it knows words and no meanings.

use std::io::Write;
use std::path::Path;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::Weights;
use rhymedb::{Control, OpenOptions, Timestamp};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const NEWS: [&str; 5] = [
    "Oil prices rise after a trade deal",
    "The harvest of wheat failed again",
    "Exchange halts withdrawals after hack",
    "Shares of chip maker fall after earnings",
    "Bank raises dividend as profits jump",
];

fn main() -> Result<()> {
    run(tempfile::tempdir()?.path(), &mut std::io::stdout())
}

pub(crate) fn run(folder: &Path, out: &mut impl Write) -> Result<()> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx/text");
    // Beside the model lies tower.toml, which says how its vectors are pooled and what it was trained on.
    let weights = Weights::read_onnx_text(files.join("tower.onnx"), files.join("tokenizer.json"))?;

    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.join("news.rhyme"))?;
    let headlines = NEWS.iter().zip(0..).map(|(text, hour)| Headline {
        time: Timestamp::from_millis(1_420_070_400_000 + hour * 3_600_000),
        precision: TimePrecision::Second,
        text: (*text).to_owned(),
        source: "wire".to_owned(),
        symbols: Vec::new(),
    });
    db.ingest_headlines(&headlines.collect::<Vec<_>>())?;
    let made = db.create_space_of_weights("tower", &weights, 1, Control::new())?;
    writeln!(out, "{} headlines have a vector", made.headlines_embedded)?;

    // The database keeps the network and its tokenizer: nothing else is needed to ask.
    for words in ["wheat harvest", "halts withdrawals"] {
        let found = db.now().search(words).space("tower").run()?;
        let best = found.headlines.first().ok_or("nothing was found")?;
        writeln!(out, "{words}: {}", best.headline.text)?;
    }
    Ok(())
}
