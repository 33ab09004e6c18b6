use super::input::Input;
use crate::model::{Interval, Timestamp};
use crate::source::{BybitCategory, read_answer};

/// Answers to a request for candles.
pub fn bybit_answer(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let status = input.choose(&[200, 302, 403, 404, 429, 500, 999]);
    let instrument = (BybitCategory::Linear, "BTCUSDT", Interval::hours(1));
    let now = Timestamp::from_millis(1_700_000_000_000);
    match read_answer(status, input.content, instrument, now) {
        Ok(rows) => {
            assert_eq!(status, 200);
            assert!(rows.len() <= 1_000);
            assert!(rows.is_sorted_by(|newer, older| newer.time > older.time));
        }
        Err(text) => {
            assert!(text.len() < 2_000, "{} bytes: {text:.300}", text.len());
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}
