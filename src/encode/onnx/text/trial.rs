//! What no graph says of a network over tokens: tried before anybody relies on it.

use super::encoder::TowerEncoder;
use super::refusal::broken;
use super::tokens::Part;
use crate::encode::TextEncoder;
use crate::error::Result;

/// The largest difference of a component of a unit vector that filling up may make.
const FILLED: f64 = 1e-4;
/// Two texts that no network of texts takes for the same.
const TEXTS: [&str; 2] = ["prices rise", "the harvest of wheat failed again"];

/// Tries a network of texts:
///
/// - Every number that its tokenizer gives is one that it reads.
/// - What fills a text up changes its vector by at most 1e-4 a component: the mask is heeded.
/// - The longest run that is declared can be made.
/// - The same text gives the same bits, and another text another vector.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) that names the rule that is broken.
pub(super) fn check(encoder: &TowerEncoder) -> Result<()> {
    let found = tried(encoder);
    found.map_err(|found| broken(&found))
}

fn tried(encoder: &TowerEncoder) -> Result<(), String> {
    let network = &encoder.network;
    let most = network.lengths().last().unwrap_or(0);
    let run = |part: &Part, at: usize| unit(&network.session().run_at(part, at)?);
    let largest = encoder.tokens.largest;
    let full = |tokens: usize| Part {
        ids: vec![largest; tokens],
        types: vec![0; tokens],
        says_anything: true,
    };
    let last = network.lengths().count().saturating_sub(1);
    run(&full(most), last).map_err(|said| {
        format!(
            "it cannot read {most} tokens of the number {largest}, the largest of its tokenizer ({said}): the tokenizer is another model's, or max_tokens are more than its positions"
        )
    })?;
    let mut vectors = Vec::new();
    for text in TEXTS {
        let parts = encoder.tokens.parts(text)?;
        let part = parts.first().ok_or("its tokenizer gives no tokens")?;
        let shortest = || unit(&network.session().run(part)?);
        let tight = shortest()?;
        if shortest()? != tight {
            return Err("two runs of the same text differ".to_owned());
        }
        let wide = run(part, last)?;
        let apart = tight.iter().zip(&wide).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f64::max);
        if apart > FILLED {
            return Err(format!(
                "the vector of {text:?} changes by {apart:.1e} when it is filled up to {most} tokens, where {FILLED:.0e} is allowed: it does not heed attention_mask"
            ));
        }
        vectors.push(tight);
    }
    match vectors.as_slice() {
        [a, b] if a == b => Err(format!(
            "it gives the same vector for {:?} and {:?}",
            TEXTS[0], TEXTS[1]
        )),
        _ => check_texts(encoder),
    }
}

/// That texts as users have them have a vector.
fn check_texts(encoder: &TowerEncoder) -> Result<(), String> {
    for text in TEXTS {
        let vector = encoder.encode_text(text).map_err(|e| e.to_string())?;
        if vector.is_none() {
            return Err(format!("it gives no vector for {text:?}"));
        }
    }
    Ok(())
}

fn unit(vector: &[f64]) -> Result<Vec<f64>, String> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    match length.is_finite() && length > 0.0 {
        true => Ok(vector.iter().map(|x| x / length).collect()),
        false => Err("it gives zeros, or numbers that are not finite".to_owned()),
    }
}
