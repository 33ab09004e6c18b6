use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::Url;
use serde::Serialize;

use super::answer::read_vectors;
use crate::error::{Error, Result};
use crate::model::{TextModel, TextService};
use crate::source::http::{
    Attempts, Call, GivenUp, Key, Settings, Transport, Wanted, check_base_url, settings_methods,
};

/// The most texts of a request.
const BATCH: usize = 256;
/// The most bytes of the texts of a request. Services allow some hundred thousand tokens.
const BATCH_BYTES: usize = 256 << 10;
/// The longest answer: 256 vectors of 4096 numbers take some 14 MiB.
const MOST_BYTES: usize = 64 << 20;

/// A service with the interface of OpenAI's embeddings, as [`TextService`]: OpenAI itself, many others, and
/// servers on this machine.
///
/// Clones share one connection pool and one rate limit. Failures that may pass (no connection, HTTP 408, 429
/// and 5xx) are tried again with growing delays. A server that says how long to wait is heeded, up to two minutes.
///
/// ```no_run
/// use rhymedb::embeddings::HttpEmbeddings;
/// use rhymedb::encode::{TextModel, TextService};
/// let service = HttpEmbeddings::builder("http://127.0.0.1:11434/v1").build()?;
/// let model = TextModel::new("nomic-embed-text");
/// let vectors = service.vectors(&model, &["Shares surge after earnings"])?;
/// println!("{} numbers", vectors[0].len());
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpEmbeddings {
    inner: Arc<Inner>,
}

struct Inner {
    url: Url,
    key: Option<Key>,
    transport: Transport,
    attempts: Attempts,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// The settings of [`HttpEmbeddings`]; made by [`HttpEmbeddings::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpEmbeddingsBuilder {
    base_url: String,
    key: Option<Key>,
    settings: Settings,
}

impl HttpEmbeddings {
    /// The name of the environment's variable that holds the key.
    pub const KEY_VARIABLE: &'static str = "RHYME_EMBEDDINGS_KEY";

    /// A client of the service at a base URL like `https://api.openai.com/v1`, with the default settings, to be
    /// changed. Plain `http` is accepted for this machine only. The key is that of the environment.
    pub fn builder(base_url: impl Into<String>) -> HttpEmbeddingsBuilder {
        let key = std::env::var(Self::KEY_VARIABLE).ok();
        HttpEmbeddingsBuilder {
            base_url: base_url.into(),
            key: key.filter(|key| !key.is_empty()).map(Key),
            settings: Settings {
                timeout: Duration::from_secs(60),
                ..Settings::new(10)
            },
        }
    }
}

impl HttpEmbeddingsBuilder {
    /// The key that the service asks for. Default: the variable `RHYME_EMBEDDINGS_KEY` of the environment; without
    /// one, none is sent.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Key(key.into()));
        self
    }

    /// How many requests may start in a second, over all clones; 1 to 10,000. Default 10. One request has up to
    /// 256 texts.
    pub const fn requests_per_second(mut self, requests: u32) -> Self {
        self.settings.requests_per_second = requests;
        self
    }

    settings_methods!("60 s");

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the base URL or a setting is not what it has to be, [`Error::Remote`] if HTTPS cannot be
    /// set up on this machine.
    pub fn build(self) -> Result<HttpEmbeddings> {
        let wanted = Wanted {
            like: "https://api.openai.com/v1",
            path: true,
            query: false,
            no_password: "the key stands in RHYME_EMBEDDINGS_KEY",
        };
        let mut url = check_base_url(&self.base_url, wanted)?;
        let path = format!("{}/embeddings", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let Settings {
            timeout,
            connect_timeout,
            ..
        } = self.settings;
        Ok(HttpEmbeddings {
            inner: Arc::new(Inner {
                attempts: self.settings.attempts()?,
                transport: Transport::new(&url, timeout, connect_timeout)?,
                key: self.key,
                url,
            }),
        })
    }
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

impl TextService for HttpEmbeddings {
    fn vectors(&self, model: &TextModel, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        for batch in batches(texts) {
            vectors.extend(self.inner.batch(model, batch)?);
        }
        Ok(vectors)
    }
}

impl Inner {
    fn batch(&self, model: &TextModel, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let question = Question {
            model: &model.name,
            input: texts,
            encoding_format: "float",
            dimensions: model.dim,
        };
        let json = serde_json::to_vec(&question)
            .map_err(|e| Error::internal(format!("a request cannot be written: {e}")))?;
        let call = Call {
            url: self.url.clone(),
            json: Some(json),
            key: self.key.clone(),
            most_bytes: MOST_BYTES,
        };
        let host = self.url.host_str().unwrap_or_default();
        let vectors = self.attempts.run(&mut 0, |interrupt| {
            let answer = self.transport.send(call.clone(), interrupt)?;
            read_vectors(&answer, texts.len(), (host, &model.name))
        });
        vectors.map_err(|given_up| match given_up {
            GivenUp::Final(Error::Remote(text)) => self.remote(&text),
            GivenUp::Final(error) => error,
            GivenUp::Blocked(what) => self.remote(&format!("{host} refuses this address: {what}")),
            GivenUp::Failed(attempts, what) => self.remote(&format!(
                "no vectors from {host} after {attempts} attempts: {what}; check the network or try again later, what came before is kept"
            )),
        })
    }

    /// An error without the key, which a server may have repeated.
    fn remote(&self, text: &str) -> Error {
        Error::Remote(match &self.key {
            Some(Key(key)) if key.len() > 3 => text.replace(key.as_str(), "..."),
            _ => text.to_owned(),
        })
    }
}

/// The texts in runs that a request may hold.
fn batches<'a>(mut texts: &'a [&'a str]) -> impl Iterator<Item = &'a [&'a str]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = texts.iter().take(BATCH).take_while(|text| {
            bytes += text.len();
            bytes <= BATCH_BYTES
        });
        let n = fits.count().max(1).min(texts.len());
        let (batch, rest) = texts.split_at(n);
        texts = rest;
        (!batch.is_empty()).then_some(batch)
    })
}
