use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Url;

use super::answer::{PAGE_LIMIT, Page, read_page};
use super::instrument::Instrument;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::source::http::{
    Attempts, Call, GivenUp, Settings, Transport, Wanted, check_base_url, settings_methods,
};

/// A page of 1000 candles takes about 0.1 MiB.
const MOST_BYTES: usize = 8 << 20;

/// A client of the Bybit v5 market API. It needs no account.
///
/// Clones share one connection pool and one rate limit, so give clones to threads and build one
/// client a program: Bybit counts requests by address.
///
/// ```no_run
/// use rhymedb::{Interval, Timestamp};
/// use rhymedb::bybit::{BybitCategory, BybitClient};
///
/// let client = BybitClient::builder().build()?;
/// let (start, end) = ("2024-01-01".parse()?, "2024-06-30T23:00".parse()?);
/// let hour = Interval::hours(1);
/// let now = Timestamp::now();
/// for page in client.klines_before(BybitCategory::Spot, "BTCUSDT", hour, Some(start), end, now)? {
///     println!("{} bars", page?.len());
/// }
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BybitClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: Url,
    transport: Transport,
    attempts: Attempts,
    /// Whether the server refused the address when it was last asked.
    refused: AtomicBool,
}

/// The settings of a [`BybitClient`]; made by [`BybitClient::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct BybitClientBuilder {
    base_url: String,
    settings: Settings,
}

impl BybitClientBuilder {
    /// The server, as scheme, host and port. Default `https://api.bybit.com`; some countries have
    /// hosts of their own, for example `https://api.bybit.kz`. Plain `http` is accepted for this
    /// machine only.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// How many requests may start in a second, over all clones of the client; 1 to 10,000.
    /// Default 100. Bybit blocks an address that sends more than 600 in 5 s, by all programs
    /// together, for at least 10 minutes.
    pub const fn requests_per_second(mut self, requests: u32) -> Self {
        self.settings.requests_per_second = requests;
        self
    }

    settings_methods!("30 s");

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a setting is out of its range, [`Error::Remote`] if HTTPS cannot be
    /// set up on this machine.
    pub fn build(self) -> Result<BybitClient> {
        let wanted = Wanted {
            like: "https://api.bybit.com",
            path: false,
            query: false,
            no_password: "candles are public",
        };
        let base = check_base_url(&self.base_url, wanted)?;
        let Settings {
            timeout,
            connect_timeout,
            ..
        } = self.settings;
        Ok(BybitClient {
            inner: Arc::new(Inner {
                attempts: self.settings.attempts()?,
                transport: Transport::new(&base, timeout, connect_timeout)?,
                base,
                refused: AtomicBool::new(false),
            }),
        })
    }
}

/// One request for candles: those up to and with `end`, and from `start` on if it is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRequest<'a> {
    pub(super) instrument: &'a Instrument,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Timestamp,
    /// The time to go by if the server does not tell its own.
    pub(super) now: Timestamp,
}

impl BybitClient {
    /// A client with the default settings, to be changed.
    pub fn builder() -> BybitClientBuilder {
        BybitClientBuilder {
            base_url: "https://api.bybit.com".to_owned(),
            settings: Settings::new(100),
        }
    }

    /// Whether the server refused this address when it was last asked: then nobody should ask it for at least ten
    /// minutes.
    pub fn is_refused(&self) -> bool {
        self.inner.refused.load(Ordering::Relaxed)
    }

    /// Fetches one page, and counts each attempt after the first in `retries`.
    pub(super) fn fetch_page(&self, request: PageRequest<'_>, retries: &mut u64) -> Result<Page> {
        let inner = &*self.inner;
        let call = Call {
            url: inner.page_url(request),
            json: None,
            key: None,
            most_bytes: MOST_BYTES,
        };
        let page = inner.attempts.run(retries, |interrupt| {
            let answer = inner.transport.send(call.clone(), interrupt)?;
            read_page(&answer, request.instrument, request.now)
        });
        match page {
            Ok(_) => inner.refused.store(false, Ordering::Relaxed),
            Err(GivenUp::Blocked(_)) => inner.refused.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        page.map_err(|given_up| match given_up {
            GivenUp::Final(error) => error,
            GivenUp::Blocked(what) => blocked(&what),
            GivenUp::Failed(attempts, what) => Error::Remote(format!(
                "no candles from {} after {attempts} attempts: {what}; check the network or try again later",
                inner.base
            )),
        })
    }
}

impl Inner {
    fn page_url(&self, request: PageRequest<'_>) -> Url {
        let mut url = self.base.clone();
        url.set_path("/v5/market/kline");
        let mut query = url.query_pairs_mut();
        query
            .append_pair("category", &request.instrument.category.to_string())
            .append_pair("symbol", &request.instrument.symbol)
            .append_pair("interval", request.instrument.code)
            .append_pair("end", &request.end.millis().to_string())
            .append_pair("limit", &PAGE_LIMIT.to_string());
        if let Some(start) = request.start {
            query.append_pair("start", &start.millis().to_string());
        }
        drop(query);
        url
    }
}

fn blocked(what: &str) -> Error {
    Error::Remote(format!(
        "Bybit refuses this address ({what}): it is blocked for at least 10 minutes after too many \
         requests, or its country is not served; wait 10 minutes without any request, lower the \
         requests a second, or give the base URL of a host for your country"
    ))
}
