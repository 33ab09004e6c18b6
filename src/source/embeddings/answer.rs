//! From the bytes of an answer to vectors, or to what went wrong.

use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, excerpt, shortened};
use crate::source::http::{Answer, Fault};

/// A server that asks for a longer wait is not believed.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
struct Vectors {
    data: Vec<OneVector>,
}

#[derive(Deserialize)]
struct OneVector {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Said,
}

/// Services differ in what stands under `error`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Text(String),
    Parts {
        #[serde(default)]
        message: String,
        #[serde(default)]
        code: Option<serde_json::Value>,
    },
}

/// The vectors of `texts` texts, in their order. `host` and `model` are for messages.
pub(super) fn read_vectors(
    answer: &Answer,
    texts: usize,
    (host, model): (&str, &str),
) -> Result<Vec<Vec<f32>>, Fault> {
    check_status(answer, (host, model))?;
    let wrong = |what: String| Fault::Final(Error::Remote(format!("{host}: {what}")));
    let vectors: Vectors = serde_json::from_slice(&answer.body).map_err(|error| {
        wrong(format!(
            "expected vectors in JSON, found {} ({}); is it the base URL of a service with the interface of OpenAI's embeddings?",
            beginning(&answer.body),
            shortened(&error.to_string())
        ))
    })?;
    let found = vectors.data.len();
    if found != texts {
        return Err(wrong(format!(
            "expected {texts} vectors of {texts} texts, found {found}"
        )));
    }
    let mut ordered: Vec<Option<Vec<f32>>> = vec![None; texts];
    for OneVector { index, embedding } in vectors.data {
        match ordered.get_mut(index) {
            Some(slot @ None) => *slot = Some(embedding),
            _ => {
                return Err(wrong(format!(
                    "expected the vectors 0 to {} once each, found number {index} twice or beyond them",
                    texts - 1
                )));
            }
        }
    }
    let ordered: Vec<Vec<f32>> = ordered.into_iter().flatten().collect();
    let dim = ordered.first().map_or(0, Vec::len);
    for (i, vector) in ordered.iter().enumerate() {
        let finite = vector.iter().all(|x| x.is_finite());
        if vector.len() != dim || !finite || vector.iter().all(|&x| x == 0.0) {
            return Err(wrong(format!(
                "expected vectors of one length, of finite numbers that are not all 0, found vector {i} with {} numbers, and the first with {dim}",
                vector.len()
            )));
        }
    }
    Ok(ordered)
}

fn beginning(body: &[u8]) -> String {
    if body.is_empty() {
        return "nothing".to_owned();
    }
    excerpt(&String::from_utf8_lossy(body.get(..400).unwrap_or(body)))
}

/// What the server said of its refusal, and its code.
fn said(answer: &Answer) -> (String, String) {
    match serde_json::from_slice::<Refusal>(&answer.body) {
        Ok(Refusal {
            error: Said::Text(text),
        }) => (excerpt(&text), String::new()),
        Ok(Refusal {
            error: Said::Parts { message, code },
        }) => {
            let code = code.map(|c| c.to_string()).unwrap_or_default();
            (excerpt(&message), code)
        }
        Err(_) => (beginning(&answer.body), String::new()),
    }
}

fn check_status(answer: &Answer, (host, model): (&str, &str)) -> Result<(), Fault> {
    let status = answer.status;
    if status == 200 {
        return Ok(());
    }
    let (what, code) = said(answer);
    let last = |text: String| Err(Fault::Final(Error::Remote(text)));
    match status {
        300..=399 => last(format!(
            "expected vectors from {host}, found a redirect to {} (HTTP {status}); redirects are not followed: give the address that is meant as the base URL",
            excerpt(answer.location.as_deref().unwrap_or("nowhere"))
        )),
        401 | 403 => last(format!(
            "{host} refuses the key (HTTP {status}, {what}); set RHYME_EMBEDDINGS_KEY to a key of that service"
        )),
        404 => last(format!(
            "{host} does not know the address or the model {model} (HTTP 404, {what}); the base URL of most services ends with /v1"
        )),
        429 if code.contains("insufficient_quota") => last(format!(
            "{host} says that the account has no credit left (HTTP 429, {what}); nothing is lost: type the same again when it has"
        )),
        429 => Err(Fault::Limited(
            format!("too many requests (HTTP 429, {what})"),
            answer.retry_after.filter(|wait| *wait <= LONGEST_WAIT),
        )),
        408 | 500..=599 => Err(Fault::Transient(format!(
            "the server failed (HTTP {status}, {what})"
        ))),
        other => last(format!(
            "{host} refuses the request for the model {model} (HTTP {other}, {what})"
        )),
    }
}
