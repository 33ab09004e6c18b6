//! JSON documents posted to an address on the network.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::Url;

use crate::error::{Error, Result, excerpt};
use crate::source::http::{
    Answer, Attempts, Call, Fault, GivenUp, Key, Settings, Transport, Wanted, check_base_url,
    settings_methods,
};

/// The longest answer that is read. Its content is of no interest.
const MOST_BYTES: usize = 1 << 20;

/// Posts JSON documents to one address. Failures that may pass (no connection, HTTP 408, 425, 429 and 5xx) are tried again
/// with growing delays; a server that says how long to wait is heeded, up to a minute.
///
/// Addresses of webhooks are often secrets themselves, so messages name the host alone.
///
/// ```no_run
/// use rhymedb::webhook::Webhook;
/// let hook = Webhook::builder("https://example.com/hooks/1234").build()?;
/// hook.post(r#"{"text": "hello"}"#)?;
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Webhook {
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
            .field("host", &self.host())
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Webhook`]; made by [`Webhook::builder`].
#[derive(Clone)]
#[must_use]
pub struct WebhookBuilder {
    url: String,
    key: Option<Key>,
    settings: Settings,
}

impl fmt::Debug for WebhookBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookBuilder").finish_non_exhaustive()
    }
}

impl Webhook {
    /// A client of an address, with the default settings, to be changed. Plain `http` is accepted for this machine only.
    pub fn builder(url: impl Into<String>) -> WebhookBuilder {
        WebhookBuilder {
            url: url.into(),
            key: None,
            settings: Settings {
                timeout: Duration::from_secs(10),
                ..Settings::new(10)
            },
        }
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        self.inner.host()
    }

    /// Posts a document, and returns once the server has answered with a status from 200 to 299.
    ///
    /// # Errors
    /// [`Error::Remote`] if it does not, [`Error::Interrupted`] once the flag is set.
    pub fn post(&self, json: impl Into<Vec<u8>>) -> Result<()> {
        let inner = &*self.inner;
        let call = Call {
            url: inner.url.clone(),
            json: Some(json.into()),
            key: inner.key.clone(),
            most_bytes: MOST_BYTES,
        };
        let posted = inner.attempts.run(&mut 0, |interrupt| {
            let answer = inner.transport.send(call.clone(), interrupt)?;
            check(&answer, inner.host())
        });
        posted.map_err(|given_up| match given_up {
            GivenUp::Final(error) => error,
            GivenUp::Blocked(what) => Error::Remote(format!("{}: {what}", inner.host())),
            GivenUp::Failed(attempts, what) => Error::Remote(format!(
                "nothing could be posted to {} in {attempts} attempts: {what}",
                inner.host()
            )),
        })
    }
}

impl Inner {
    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

impl WebhookBuilder {
    /// A token, which is sent as `Authorization: Bearer TOKEN`. Default: none.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.key = Some(Key(token.into()));
        self
    }

    settings_methods!("10 s");

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the address or a setting is not what it has to be, [`Error::Remote`] if HTTPS cannot be set
    /// up on this machine.
    pub fn build(self) -> Result<Webhook> {
        let wanted = Wanted {
            like: "https://example.com/hooks/1234",
            path: true,
            query: true,
            no_password: "a token stands in an environment variable",
        };
        // The address may be a secret: no message repeats it.
        let url = check_base_url(&self.url, wanted).map_err(|error| {
            let why = error
                .to_string()
                .replace(&format!("{:?}", self.url), "another");
            Error::invalid(why)
        })?;
        let Settings {
            timeout,
            connect_timeout,
            ..
        } = self.settings;
        Ok(Webhook {
            inner: Arc::new(Inner {
                attempts: self.settings.attempts()?,
                transport: Transport::new(&url, timeout, connect_timeout)?,
                key: self.key,
                url,
            }),
        })
    }
}

/// A server that asks for a longer wait is not believed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

fn check(answer: &Answer, host: &str) -> Result<(), Fault> {
    let said = || {
        let body = String::from_utf8_lossy(answer.body.get(..200).unwrap_or(&answer.body));
        match body.is_empty() {
            true => String::new(),
            false => format!(" and {}", excerpt(&body)),
        }
    };
    match answer.status {
        200..=299 => Ok(()),
        408 | 425 | 500..=599 => Err(Fault::Transient(format!(
            "HTTP {}{}",
            answer.status,
            said()
        ))),
        429 => Err(Fault::Limited(
            "too many requests (HTTP 429)".to_owned(),
            answer.retry_after.map(|wait| wait.min(LONGEST_WAIT)),
        )),
        300..=399 => Err(Fault::Final(Error::Remote(format!(
            "expected {host} to take what was posted, found a redirect (HTTP {}); redirects are not followed: give the address that is meant",
            answer.status
        )))),
        other => Err(Fault::Final(Error::Remote(format!(
            "expected {host} to take what was posted, found HTTP {other}{}; check the address and the token",
            said()
        )))),
    }
}
