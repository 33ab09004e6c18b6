//! One GET: with a deadline, a size limit, no redirects, and a caller who can leave.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, LOCATION};

use super::interrupt::{Interrupt, POLL};
use crate::error::{Error, Result, excerpt};

/// A page of 1000 candles takes about 0.1 MiB.
const MAX_BODY_BYTES: usize = 8 << 20;

/// What came back from a server, not yet looked into.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where a redirect points to.
    pub(super) location: Option<String>,
    /// When the server's rate limit starts anew, in milliseconds UTC of its own clock.
    pub(super) reset_at: Option<i64>,
    pub(super) body: Vec<u8>,
}

/// Why an attempt failed, by what to do about it.
#[derive(Debug)]
pub(super) enum Fault {
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
pub(super) struct Transport {
    http: Client,
    timeout: Duration,
}

impl Transport {
    /// A transport for `base`, which [`check_base_url`] accepted.
    pub(super) fn new(base: &Url, timeout: Duration, connect_timeout: Duration) -> Result<Self> {
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

    /// Fetches `url`. The request runs on a thread of its own, so that a server that does not
    /// answer cannot keep a caller who was interrupted.
    pub(super) fn get(&self, url: Url, interrupt: &Interrupt) -> Result<Answer, Fault> {
        let deadline = Instant::now() + self.timeout;
        let abandoned = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = channel();
        let task = Fetch {
            http: self.http.clone(),
            url,
            deadline,
            abandoned: Arc::clone(&abandoned),
        };
        std::thread::Builder::new()
            .name("bybit-request".to_owned())
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
    url: Url,
    deadline: Instant,
    abandoned: Arc<AtomicBool>,
}

impl Fetch {
    fn run(self) -> Result<Answer, Fault> {
        let response = self
            .http
            .get(self.url.clone())
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
            if body.len() > MAX_BODY_BYTES {
                return Err(Fault::Final(Error::Remote(format!(
                    "expected an answer of at most {} MiB, and more came; is this Bybit?",
                    MAX_BODY_BYTES >> 20
                ))));
            }
        }
    }
}

/// Checks that a base URL names a server that candles may be asked from.
pub(super) fn check_base_url(text: &str) -> Result<Url> {
    let bad = |why: &str| {
        Error::invalid(format!(
            "expected a base URL like https://api.bybit.com, found {text:?}: {why}"
        ))
    };
    let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::invalid(
            "expected a base URL like https://api.bybit.com, found one with a user or a password \
             in it; leave them out, candles are public",
        ));
    }
    let host = url.host_str().ok_or_else(|| bad("it names no host"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => return Err(bad("http is accepted for this machine only; use https")),
        _ => return Err(bad("only https is accepted, and http for this machine")),
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(bad("leave out all that follows the host and the port"));
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::check_base_url;

    #[test]
    fn only_https_or_this_machine() {
        for good in [
            "https://api.bybit.com",
            "https://api.bybit.nl/",
            "http://127.0.0.1:8080",
            "http://127.9.9.9:1",
            "http://localhost:80",
            "http://[::1]:8080",
        ] {
            assert!(check_base_url(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            (
                "http://api.bybit.com",
                "http is accepted for this machine only",
            ),
            ("http://127.0.0.1.example.com", "this machine only"),
            ("http://localhost.example.com", "this machine only"),
            ("http://10.0.0.1", "this machine only"),
            ("ftp://api.bybit.com", "only https is accepted"),
            ("file:///etc/hosts", "it names no host"),
            ("api.bybit.com", "relative URL"),
            ("https://me:secret@api.bybit.com", "a user or a password"),
            ("https://api.bybit.com/v5", "leave out all that follows"),
            ("https://api.bybit.com?x=1", "leave out all that follows"),
            ("", "relative URL"),
        ] {
            let error = check_base_url(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
