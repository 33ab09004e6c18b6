use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::Url;

use super::answer::{PAGE_LIMIT, Page, read_page};
use super::instrument::Instrument;
use super::interrupt::Interrupt;
use super::limiter::RateLimiter;
use super::transport::{Fault, Transport, check_base_url};
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// No timeout and no delay may be longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

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
    limiter: RateLimiter,
    attempts: u32,
    backoff: ExponentialBuilder,
    interrupt: Interrupt,
}

/// The settings of a [`BybitClient`]; made by [`BybitClient::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct BybitClientBuilder {
    base_url: String,
    timeout: Duration,
    connect_timeout: Duration,
    requests_per_second: u32,
    attempts: u32,
    first_delay: Duration,
    longest_delay: Duration,
    jitter_seed: Option<u64>,
    interrupt: Interrupt,
}

impl BybitClientBuilder {
    /// The server, as scheme, host and port. Default `https://api.bybit.com`; some countries have
    /// hosts of their own, for example `https://api.bybit.kz`. Plain `http` is accepted for this
    /// machine only.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The longest time for one attempt, from the connection to the last byte. Default 30 s.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The longest time to connect. Default 10 s.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How many requests may start in a second, over all clones of the client; 1 to 10,000.
    /// Default 100. Bybit blocks an address that sends more than 600 in 5 s, by all programs
    /// together, for at least 10 minutes.
    pub const fn requests_per_second(mut self, requests: u32) -> Self {
        self.requests_per_second = requests;
        self
    }

    /// How often a request is sent in all before its failure is an error; at least 1. Default 6.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The delay before the second attempt, which doubles with each further one, and where it
    /// stops to grow. Up to as much again is added at random. Default 500 ms and 30 s.
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first_delay = first;
        self.longest_delay = longest;
        self
    }

    /// Makes the random part of the delays the same in every run. By default it differs.
    pub const fn jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    /// A flag that ends every wait of the client with [`Error::Interrupted`] within 100 ms once
    /// it is set. By default nothing ends them.
    pub fn interrupt(mut self, flag: Arc<AtomicBool>) -> Self {
        self.interrupt = Interrupt::new(flag);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a setting is out of its range, [`Error::Remote`] if HTTPS cannot be
    /// set up on this machine.
    pub fn build(self) -> Result<BybitClient> {
        let base = check_base_url(&self.base_url)?;
        if !(1..=10_000).contains(&self.requests_per_second) {
            return Err(Error::invalid(format!(
                "expected 1 to 10000 requests a second, found {}",
                self.requests_per_second
            )));
        }
        let timeouts = [self.timeout, self.connect_timeout];
        if self.attempts == 0
            || timeouts.iter().any(|t| t.is_zero() || *t > LONGEST_WAIT)
            || self.longest_delay > LONGEST_WAIT
        {
            return Err(Error::invalid(format!(
                "expected at least 1 attempt, timeouts above 0 and no wait above {LONGEST_WAIT:?}, \
                 found {} attempts, the timeouts {timeouts:?} and a longest delay of {:?}",
                self.attempts, self.longest_delay
            )));
        }
        let mut backoff = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(self.first_delay.min(self.longest_delay))
            .with_max_delay(self.longest_delay)
            .without_max_times();
        if let Some(seed) = self.jitter_seed {
            backoff = backoff.with_jitter_seed(seed);
        }
        Ok(BybitClient {
            inner: Arc::new(Inner {
                transport: Transport::new(&base, self.timeout, self.connect_timeout)?,
                base,
                limiter: RateLimiter::new(self.requests_per_second),
                attempts: self.attempts,
                backoff,
                interrupt: self.interrupt,
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
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            requests_per_second: 100,
            attempts: 6,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            jitter_seed: None,
            interrupt: Interrupt::default(),
        }
    }

    /// Fetches one page, and counts each attempt after the first in `retries`.
    pub(super) fn fetch_page(&self, request: PageRequest<'_>, retries: &mut u64) -> Result<Page> {
        let inner = &*self.inner;
        let url = inner.page_url(request);
        let mut delays = inner.backoff.build();
        let mut blocked_before = false;
        let mut attempt = 1;
        loop {
            inner.limiter.acquire(&inner.interrupt)?;
            let fault = match inner
                .transport
                .get(url.clone(), &inner.interrupt)
                .and_then(|answer| read_page(&answer, request.instrument, request.now))
            {
                Ok(page) => return Ok(page),
                Err(fault) => fault,
            };
            let last = attempt >= inner.attempts;
            let delay = delays.next().unwrap_or_default();
            match fault {
                Fault::Final(error) => return Err(error),
                Fault::Blocked(what) if blocked_before || last => return Err(blocked(&what)),
                Fault::Transient(what) | Fault::Limited(what, _) if last => {
                    return Err(Error::Remote(format!(
                        "no candles from {} after {attempt} attempts: {what}; check the network \
                         or try again later",
                        inner.base
                    )));
                }
                Fault::Blocked(_) => {
                    blocked_before = true;
                    inner.limiter.hold(Instant::now() + delay);
                }
                Fault::Limited(_, reset) => {
                    inner.limiter.hold(Instant::now() + reset.unwrap_or(delay));
                }
                Fault::Transient(_) => inner.interrupt.sleep_until(Instant::now() + delay)?,
            }
            attempt += 1;
            *retries += 1;
        }
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
