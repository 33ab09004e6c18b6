use super::input::{Input, check_refusal, twice};
use super::weights::check_vector;
use crate::encode::{TowerConfig, Weights};
use crate::error::{Error, Result};

/// Reads 16 tokens, of eight.
const MINI: &[u8] = include_bytes!("../../fixtures/onnx/text/mini.onnx");
const DECLARATION: &str = "dim = 4\nmax_tokens = 16\npooling = \"mean\"\ntrained = []";
const TEXTS: [&str; 4] = [
    "ab ba",
    "",
    "b. a b a b a b a b a b a b a b a b a b a",
    "\u{1f680} \u{202e}a",
];

/// Networks of texts that declare themselves, tokenizers of one, and declarations; and what they give.
pub fn tower(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    if input.flag(1) {
        let text = String::from_utf8_lossy(input.content);
        twice(|| TowerConfig::of_toml(&text));
        return;
    }
    let read = match input.flag(0) {
        true => TowerConfig::of_toml(DECLARATION)
            .and_then(|config| Weights::from_onnx_text(MINI, input.content, &config)),
        // Mutations may make an ONNX file of bars, or other weights: those have a target of their own.
        false => Weights::from_bytes(input.content).and_then(|weights| {
            let tower = weights.config().tower.is_some();
            let tried = if tower { weights.try_text() } else { Ok(()) };
            tried.map(|()| weights)
        }),
    };
    match read.and_then(|weights| uses(&weights)) {
        Ok(()) | Err(Error::Encoder { .. }) => {}
        Err(error) => check_refusal(&error),
    }
}

fn uses(weights: &Weights) -> Result<()> {
    if weights.config().tower.is_none() {
        return Ok(());
    }
    let again = Weights::from_bytes(weights.bytes().to_vec()).expect("they were read once");
    assert_eq!(again.hash(), weights.hash());
    assert_eq!(again.config(), weights.config());
    let encoder = weights.text_encoder()?;
    let rows = encoder.encode_texts(&TEXTS)?;
    assert_eq!(rows.len(), TEXTS.len());
    for (i, text) in TEXTS.iter().enumerate() {
        if let Some(row) = rows.row(i) {
            check_vector(row, encoder.spec().dim);
        }
        let alone = encoder.encode_text(text)?;
        assert_eq!(rows.row(i), alone.as_deref(), "alone it gives the same");
    }
    Ok(())
}
