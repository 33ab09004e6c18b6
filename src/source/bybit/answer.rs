//! From the bytes of an answer to rows, or to what went wrong.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::instrument::Instrument;
use crate::error::{Error, excerpt, shortened};
use crate::model::{Bar, Timestamp};
use crate::source::http::{Answer, Fault};

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
struct Envelope<'a> {
    ret_code: i64,
    #[serde(default)]
    ret_msg: String,
    /// Parsed once its form is known: a tree of any values takes much more memory than its text.
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    time: Option<i64>,
}

#[derive(Deserialize)]
struct Klines {
    #[serde(default)]
    category: String,
    #[serde(default)]
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
    let envelope = serde_json::from_slice::<Envelope<'_>>(&answer.body);
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
            "expected an answer in JSON from Bybit, found {} ({}); a proxy or a login page may \
             answer in its place, or the API has changed",
            beginning(&answer.body),
            shortened(&error.to_string())
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

fn beginning(body: &[u8]) -> String {
    if body.is_empty() {
        return "nothing".to_owned();
    }
    excerpt(&String::from_utf8_lossy(body.get(..400).unwrap_or(body)))
}

fn check_status(answer: &Answer, reset_wait: Option<Duration>) -> Result<(), Fault> {
    match answer.status {
        200 => Ok(()),
        300..=399 => Err(remote(format!(
            "expected candles from Bybit, found a redirect to {} (HTTP {}); redirects are not \
             followed: give the host that is meant as the base URL",
            excerpt(answer.location.as_deref().unwrap_or("nowhere")),
            answer.status
        ))),
        403 => Err(Fault::Blocked(format!(
            "HTTP 403, {}",
            beginning(&answer.body)
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
            beginning(&answer.body)
        ))),
    }
}

fn check_code(
    envelope: &Envelope<'_>,
    instrument: &Instrument,
    reset_wait: Option<Duration>,
) -> Result<(), Fault> {
    let code = envelope.ret_code;
    let said = format!("retCode {code}, {}", excerpt(&envelope.ret_msg));
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

fn read_rows(result: Option<&RawValue>, instrument: &Instrument) -> Result<Vec<Bar>, Fault> {
    let result = result.map_or("null", RawValue::get);
    let klines: Klines = serde_json::from_str(result).map_err(|error| {
        remote(format!(
            "expected candles as lists of 7 texts from Bybit, found: {}; the API may have changed",
            shortened(&error.to_string())
        ))
    })?;
    // An empty answer may leave the names out, one with candles must not.
    let names =
        |found: &str, asked: &str| found == asked || (found.is_empty() && klines.list.is_empty());
    let category = instrument.category.to_string();
    if !names(&klines.symbol, &instrument.symbol) || !names(&klines.category, &category) {
        return Err(remote(format!(
            "expected candles of {instrument} from Bybit, found those of {} in category {}",
            excerpt(&klines.symbol),
            excerpt(&klines.category)
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
                "expected a number as the {what} of the candle {} from Bybit, found {}",
                excerpt(start),
                excerpt(text)
            ))
        })
    };
    let millis = start.parse().map_err(|_| {
        remote(format!(
            "expected the open time of a candle from Bybit in milliseconds, found {}",
            excerpt(start)
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "tests"
    )]

    use proptest::prelude::*;

    use super::*;
    use crate::model::Interval;
    use crate::source::bybit::BybitCategory;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn read(answer: &Answer) -> Result<Page, Fault> {
        let instrument =
            Instrument::new(BybitCategory::Inverse, "XYZUSD", Interval::hours(1)).unwrap();
        read_page(answer, &instrument, NOW)
    }

    fn ok(body: &str) -> Answer {
        Answer {
            status: 200,
            body: body.as_bytes().to_vec(),
            ..Answer::default()
        }
    }

    const TWO_ROWS: &str = r#"{"retCode":0,"retMsg":"","result":{"symbol":"XYZUSD",
        "category":"inverse","list":[
        ["7200000","3","4.5","2.25","3.5","120","40"],
        ["3600000","1","1","1","1","0","0"]]},"retExtInfo":{},"time":9000000}"#;

    #[test]
    fn rows_are_read_in_the_order_in_which_they_come() {
        let expected = Page {
            rows: vec![
                Bar {
                    time: Timestamp::from_millis(7_200_000),
                    open: 3.0,
                    high: 4.5,
                    low: 2.25,
                    close: 3.5,
                    volume: 120.0,
                },
                Bar {
                    time: Timestamp::from_millis(3_600_000),
                    open: 1.0,
                    high: 1.0,
                    low: 1.0,
                    close: 1.0,
                    volume: 0.0,
                },
            ],
            server_time: Timestamp::from_millis(9_000_000),
        };
        assert_eq!(read(&ok(TWO_ROWS)).unwrap(), expected);
    }

    #[test]
    fn an_empty_answer_may_leave_the_names_out_but_not_have_others() {
        let body = |result: &str| ok(&format!(r#"{{"retCode":0,"result":{result}}}"#));
        for fine in [
            r#"{"list":[]}"#,
            r#"{"category":"","symbol":"","list":[]}"#,
            r#"{"category":"inverse","list":[]}"#,
        ] {
            let page = read(&body(fine)).unwrap();
            assert_eq!((page.rows.len(), page.server_time), (0, NOW));
        }
        for other in [
            r#"{"category":"inverse","symbol":"ABCUSD","list":[]}"#,
            r#"{"category":"inverse","list":[["0","1","1","1","1","1","1"]]}"#,
        ] {
            let fault = read(&body(other)).unwrap_err();
            assert!(matches!(fault, Fault::Final(Error::Remote(_))), "{fault:?}");
        }
    }

    #[test]
    fn a_page_of_more_than_a_thousand_is_refused() {
        let rows = |count: i64| {
            let rows: Vec<String> = (0..count)
                .rev()
                .map(|i| format!(r#"["{}","1","1","1","1","1","1"]"#, i * 3_600_000))
                .collect();
            let list = rows.join(",");
            let names = r#""category":"inverse","symbol":"XYZUSD""#;
            ok(&format!(
                r#"{{"retCode":0,"result":{{{names},"list":[{list}]}}}}"#
            ))
        };
        assert_eq!(read(&rows(1000)).unwrap().rows.len(), 1000);
        let fault = read(&rows(1001)).unwrap_err();
        assert!(format!("{fault:?}").contains("at most 1000 candles"));
    }

    #[test]
    fn a_reset_time_counts_by_the_servers_clock_and_only_if_it_is_near() {
        let wait = |code: i64, time: &str, reset_at: Option<i64>| {
            let answer = Answer {
                reset_at,
                ..ok(&format!(
                    r#"{{"retCode":{code},"retMsg":"Too many"{time}}}"#
                ))
            };
            match read(&answer).unwrap_err() {
                Fault::Limited(_, wait) => wait,
                other => panic!("expected Limited, found {other:?}"),
            }
        };
        let time = r#","time":5000"#;
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(wait(10006, time, Some(5_250)), ms(250));
        assert_eq!(wait(10018, time, Some(65_000)), ms(60_000));
        assert_eq!(wait(10006, "", Some(NOW.millis() + 7)), ms(7));
        for unusable in [
            None,
            Some(5_000),
            Some(4_999),
            Some(65_001),
            Some(i64::MIN),
            Some(i64::MAX),
        ] {
            assert_eq!(wait(10006, time, unusable), None, "{unusable:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(
            status in prop_oneof![Just(200_u16), any::<u16>()],
            reset_at in any::<Option<i64>>(),
            body in any::<Vec<u8>>(),
        ) {
            let answer = Answer { status, reset_at, body, ..Answer::default() };
            prop_assert!(read(&answer).is_err());
        }

        #[test]
        fn a_damaged_answer_is_a_page_or_a_fault(at in 0..TWO_ROWS.len(), byte in any::<u8>()) {
            let mut answer = ok(TWO_ROWS);
            if let Some(slot) = answer.body.get_mut(at) {
                *slot = byte;
            }
            if let Ok(page) = read(&answer) {
                prop_assert_eq!(page.rows.len(), 2);
                prop_assert!(page.rows.is_sorted_by(|newer, older| newer.time > older.time));
            }
        }
    }
}
