//! One request: with a deadline, a size limit, no redirects, and a caller who can leave.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};

use super::interrupt::{Interrupt, POLL};
use crate::error::{Error, Result, excerpt};

/// A request.
#[derive(Clone, Debug)]
pub(in crate::source) struct Call {
    pub(in crate::source) url: Url,
    /// A document in JSON to send; without one it is a GET.
    pub(in crate::source) json: Option<Vec<u8>>,
    /// What proves to the server who asks. Nobody prints it.
    pub(in crate::source) key: Option<Key>,
    /// More bytes than these are no answer.
    pub(in crate::source) most_bytes: usize,
}

/// A secret, which is sent and never shown.
#[derive(Clone)]
pub(in crate::source) struct Key(pub(in crate::source) String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What came back from a server, not yet looked into.
#[derive(Debug, Default)]
pub(in crate::source) struct Answer {
    pub(in crate::source) status: u16,
    /// Where a redirect points to.
    pub(in crate::source) location: Option<String>,
    /// When the rate limit of Bybit starts anew, in milliseconds UTC of its own clock.
    pub(in crate::source) reset_at: Option<i64>,
    /// How long the server asks to wait.
    pub(in crate::source) retry_after: Option<Duration>,
    pub(in crate::source) body: Vec<u8>,
}

/// Why an attempt failed, by what to do about it.
#[derive(Debug)]
pub(in crate::source) enum Fault {
    /// Another attempt may succeed.
    Transient(String),
    /// Too many requests: nobody may ask again before this time has passed, or, if the server did
    /// not say, before the usual delay.
    Limited(String, Option<Duration>),
    /// The server refuses this address.
    Blocked(String),
    /// Another attempt would fail in the same way.
    Final(Error),
}

/// Sends requests.
#[derive(Debug)]
pub(in crate::source) struct Transport {
    http: Client,
    timeout: Duration,
}

impl Transport {
    /// A transport for `base`, which [`check_base_url`] accepted.
    pub(in crate::source) fn new(
        base: &Url,
        timeout: Duration,
        connect_timeout: Duration,
    ) -> Result<Self> {
        // One provider a process: an error means that the program has chosen its own before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("rhymedb/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .connect_timeout(connect_timeout);
        if base.scheme() == "http" {
            // A loopback server needs neither a proxy nor the system's certificates, which a bare
            // machine may not have.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| {
            Error::Remote(format!(
                "cannot set up HTTPS: {}; are the system's CA certificates installed?",
                with_causes(&error)
            ))
        })?;
        Ok(Self { http, timeout })
    }

    /// Sends a request. It runs on a thread of its own, so that a server that does not answer cannot keep a
    /// caller who was interrupted.
    pub(in crate::source) fn send(
        &self,
        call: Call,
        interrupt: &Interrupt,
    ) -> Result<Answer, Fault> {
        let deadline = Instant::now() + self.timeout;
        let abandoned = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = channel();
        let task = Fetch {
            http: self.http.clone(),
            call,
            deadline,
            abandoned: Arc::clone(&abandoned),
        };
        std::thread::Builder::new()
            .name("http-request".to_owned())
            // Nobody receives once the caller has left.
            .spawn(move || drop(sender.send(task.run())))
            .map_err(|error| Fault::Transient(format!("cannot start a thread: {error}")))?;
        loop {
            match receiver.recv_timeout(POLL) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Fault::Transient("the request broke off".to_owned()));
                }
            }
            let left = interrupt
                .check()
                .map_err(Fault::Final)
                .and_then(|()| before(deadline));
            if let Err(fault) = left {
                abandoned.store(true, Ordering::Relaxed);
                return Err(fault);
            }
        }
    }
}

struct Fetch {
    http: Client,
    call: Call,
    deadline: Instant,
    abandoned: Arc<AtomicBool>,
}

impl Fetch {
    fn run(self) -> Result<Answer, Fault> {
        let Call { url, json, key, .. } = self.call.clone();
        let mut request = match json {
            None => self.http.get(url),
            Some(json) => self
                .http
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(json),
        };
        if let Some(Key(key)) = key {
            request = request.bearer_auth(key);
        }
        let response = request
            .send()
            .map_err(|error| Fault::Transient(with_causes(&error.without_url())))?;
        let headers = response.headers();
        if let Some(encoding) = text_header(headers, CONTENT_ENCODING.as_str())
            && encoding != "identity"
        {
            return Err(Fault::Final(Error::Remote(format!(
                "expected an answer without compression, found content encoding {}, which was \
                 not asked for; a proxy may be in between",
                excerpt(&encoding)
            ))));
        }
        Ok(Answer {
            status: response.status().as_u16(),
            location: text_header(headers, LOCATION.as_str()),
            reset_at: text_header(headers, "x-bapi-limit-reset-timestamp")
                .and_then(|text| text.trim().parse().ok()),
            retry_after: retry_after(headers),
            body: self.read_body(response)?,
        })
    }

    fn read_body(&self, mut response: Response) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        let mut chunk = [0; 16 << 10];
        loop {
            if self.abandoned.load(Ordering::Relaxed) {
                return Err(Fault::Final(Error::Interrupted));
            }
            before(self.deadline)?;
            let n = response
                .read(&mut chunk)
                .map_err(|error| Fault::Transient(with_causes(&error)))?;
            if n == 0 {
                return Ok(body);
            }
            body.extend(chunk.iter().take(n));
            if body.len() > self.call.most_bytes {
                return Err(Fault::Final(Error::Remote(format!(
                    "expected an answer of at most {} MiB, and more came; is this the right server?",
                    self.call.most_bytes >> 20
                ))));
            }
        }
    }
}

fn before(deadline: Instant) -> Result<(), Fault> {
    if Instant::now() < deadline {
        Ok(())
    } else {
        Err(Fault::Transient(
            "the answer did not come in time".to_owned(),
        ))
    }
}

/// A wait in milliseconds or seconds, as services of embeddings tell it. A date is not read: the usual delay is
/// taken.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| text_header(headers, name)?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number(RETRY_AFTER.as_str()))?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An error and its causes: reqwest's own text leaves out what the system said.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}
