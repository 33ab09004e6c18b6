//! From the bytes of an answer to rows, or to what went wrong.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Instrument;
use super::transport::{Answer, Fault};
use crate::error::Error;
use crate::model::{Bar, Timestamp};

/// The most candles that Bybit puts into one answer.
pub(super) const PAGE_LIMIT: usize = 1000;

/// A server that asks for a longer wait is not believed.
const LONGEST_RESET_WAIT_MS: i64 = 60_000;

/// The rows of an answer as they came, newest first. Their form is checked, their content is not.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Page {
    pub(super) rows: Vec<Bar>,
    pub(super) server_time: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    ret_code: i64,
    #[serde(default)]
    ret_msg: String,
    #[serde(default)]
    result: Value,
    time: Option<i64>,
}

#[derive(Deserialize)]
struct Klines {
    category: String,
    symbol: String,
    /// Start, open, high, low, close, volume, turnover, each as text.
    list: Vec<[String; 7]>,
}

/// Reads an answer to a request for candles of `instrument`. Its time is the server's, or `now`
/// if it does not tell.
pub(super) fn read_page(
    answer: &Answer,
    instrument: &Instrument,
    now: Timestamp,
) -> Result<Page, Fault> {
    let envelope = serde_json::from_slice::<Envelope>(&answer.body);
    let server_time = envelope
        .as_ref()
        .ok()
        .and_then(|e| e.time)
        .map_or(now, Timestamp::from_millis);
    let reset_wait = answer
        .reset_at
        .and_then(|at| at.checked_sub(server_time.millis()))
        .filter(|ms| (1..=LONGEST_RESET_WAIT_MS).contains(ms))
        .and_then(|ms| u64::try_from(ms).ok())
        .map(Duration::from_millis);
    check_status(answer, reset_wait)?;
    let envelope = envelope.map_err(|error| {
        remote(format!(
            "expected an answer in JSON from Bybit, found {} ({error}); a proxy or a login page \
             may answer in its place, or the API has changed",
            excerpt(&answer.body)
        ))
    })?;
    check_code(&envelope, instrument, reset_wait)?;
    Ok(Page {
        rows: read_rows(envelope.result, instrument)?,
        server_time,
    })
}

fn remote(message: String) -> Fault {
    Fault::Final(Error::Remote(message))
}

fn excerpt(body: &[u8]) -> String {
    const SHOWN: usize = 80;
    if body.is_empty() {
        return "nothing".to_owned();
    }
    let text = String::from_utf8_lossy(body.get(..SHOWN * 4).unwrap_or(body));
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start:?}")
}

fn check_status(answer: &Answer, reset_wait: Option<Duration>) -> Result<(), Fault> {
    match answer.status {
        200 => Ok(()),
        300..=399 => Err(remote(format!(
            "expected candles from Bybit, found a redirect to {:?} (HTTP {}); redirects are not \
             followed: give the host that is meant as the base URL",
            answer.location.as_deref().unwrap_or("nowhere"),
            answer.status
        ))),
        403 => Err(Fault::Blocked(format!(
            "HTTP 403, {}",
            excerpt(&answer.body)
        ))),
        429 => Err(Fault::Limited(
            "too many requests (HTTP 429)".to_owned(),
            reset_wait,
        )),
        500..=599 => Err(Fault::Transient(format!(
            "the server failed (HTTP {})",
            answer.status
        ))),
        other => Err(remote(format!(
            "expected candles from Bybit, found HTTP {other} and {}; check the base URL",
            excerpt(&answer.body)
        ))),
    }
}

fn check_code(
    envelope: &Envelope,
    instrument: &Instrument,
    reset_wait: Option<Duration>,
) -> Result<(), Fault> {
    let code = envelope.ret_code;
    let said = format!("retCode {code}, {:?}", envelope.ret_msg);
    match code {
        0 => Ok(()),
        10001 => Err(remote(format!(
            "Bybit does not know {instrument} ({said}); check the spelling of the symbol and \
             whether it is spot, linear or inverse"
        ))),
        10006 | 10018 => Err(Fault::Limited(
            format!("too many requests ({said})"),
            reset_wait,
        )),
        10016 => Err(Fault::Transient(format!("the server failed ({said})"))),
        _ => Err(remote(format!(
            "expected candles of {instrument} from Bybit, found the error {said}"
        ))),
    }
}

fn read_rows(result: Value, instrument: &Instrument) -> Result<Vec<Bar>, Fault> {
    let klines: Klines = serde_json::from_value(result).map_err(|error| {
        remote(format!(
            "expected candles as lists of 7 texts from Bybit, found: {error}; the API may have \
             changed"
        ))
    })?;
    if klines.symbol != instrument.symbol || klines.category != instrument.category.to_string() {
        return Err(remote(format!(
            "expected candles of {instrument} from Bybit, found those of {:?} in category {:?}",
            klines.symbol, klines.category
        )));
    }
    if klines.list.len() > PAGE_LIMIT {
        return Err(remote(format!(
            "expected at most {PAGE_LIMIT} candles from Bybit, found {}",
            klines.list.len()
        )));
    }
    let rows: Vec<Bar> = klines.list.iter().map(read_row).collect::<Result<_, _>>()?;
    if let Some((newer, older)) = rows
        .iter()
        .zip(rows.iter().skip(1))
        .find(|(newer, older)| newer.time <= older.time)
    {
        return Err(remote(format!(
            "expected candles from Bybit with the newest first, found {} after {}",
            older.time, newer.time
        )));
    }
    Ok(rows)
}

fn read_row(row: &[String; 7]) -> Result<Bar, Fault> {
    let [start, open, high, low, close, volume, _turnover] = row;
    let number = |what: &str, text: &str| {
        text.parse::<f64>().map_err(|_| {
            remote(format!(
                "expected a number as the {what} of the candle {start:?} from Bybit, found {text:?}"
            ))
        })
    };
    let millis = start.parse().map_err(|_| {
        remote(format!(
            "expected the open time of a candle from Bybit in milliseconds, found {start:?}"
        ))
    })?;
    Ok(Bar {
        time: Timestamp::from_millis(millis),
        open: number("open", open)?,
        high: number("high", high)?,
        low: number("low", low)?,
        close: number("close", close)?,
        volume: number("volume", volume)?,
    })
}
