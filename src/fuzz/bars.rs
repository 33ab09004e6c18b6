use std::fmt::Write;

use super::input::{Input, check_refusal, twice};
use super::scratch::Scratch;
use crate::model::{Calendar, Interval, SeriesBars, SeriesKey};
use crate::source::{
    BarFile, BarOptions, DateOrder, MappedColumn, NoticeKind, OnConflict, OnError, TimeOf,
    read_bars,
};

/// Names that say much, little and nothing of what the file holds.
const NAMES: [&str; 8] = [
    "crypto/bybit/BTCUSDT_1h.csv",
    "crypto/x/ETH.json",
    "us_sp500/AAPL_1d.csv",
    "etf/SPY_1M.csv",
    "x/file",
    "fx/v/EURUSD-15m-2024-01.csv",
    "crypto/v/X_100000M.csv",
    "cr\u{fd}pto/\u{202e}x/\u{1f680}'\"`$(x)_1h.csv",
];

/// Candles in text: CSV of all dialects, JSON, JSON lines and answers of Bybit.
pub fn bars(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let scratch = Scratch::new();
    let path = scratch.file(input.choose(&NAMES), input.content);
    let options = options(&input);
    if let Some(file) = twice(|| read_bars(&path, &options)) {
        check_bars(&file, options.on_error);
    }
}

/// The options that an input asks for.
pub(super) fn options(input: &Input<'_>) -> BarOptions {
    let map = [("time", "Date"), ("close", "Last")];
    let map = map.map(|(field, column)| MappedColumn {
        field: field.to_owned(),
        column: column.to_owned(),
    });
    BarOptions {
        on_error: if input.flag(0) {
            OnError::Skip
        } else {
            OnError::Refuse
        },
        market: input.flag(1).then(|| "crypto".to_owned()),
        interval: input.flag(2).then(|| Interval::hours(1)),
        calendar: input.flag(3).then_some(Calendar::Session),
        map: if input.flag(4) {
            map.into()
        } else {
            Vec::new()
        },
        symbol: input.flag(5).then(|| "S".to_owned()),
        venue: None,
        dates: input.flag(6).then_some(DateOrder::DayFirst),
        zone: match input.flag(5) {
            true => "Europe/Berlin".parse().ok(),
            false => None,
        },
        time_of: input.flag(2).then_some(TimeOf::Close),
        widen: input.flag(1),
        decimal_comma: input.flag(7),
        adjusted: input.flag(6) && input.flag(7),
        on_conflict: match (input.flag(0), input.flag(5)) {
            (true, true) => OnConflict::First,
            (true, false) => OnConflict::Last,
            _ => OnConflict::Refuse,
        },
        scale: (input.flag(1) && input.flag(6)).then_some(0.01),
        nameless: input.flag(2) && input.flag(7),
    }
}

/// What holds for every file that was read.
pub(super) fn check_bars(file: &BarFile, on_error: OnError) {
    let report = &file.report;
    let bars: usize = file.series.iter().map(|one| one.bars.len()).sum();
    assert_eq!(report.accepted, bars as u64);
    let kinds = [NoticeKind::Duplicate, NoticeKind::OpenBar];
    let repeated: u64 = kinds.iter().map(|kind| report.notices.count(*kind)).sum();
    let left_out = report.defects.total();
    let known = report.accepted + left_out + repeated;
    // Of members that are refused nobody counts the rows.
    assert!(report.rows <= known + report.refused.rows);
    assert!(report.rows >= known || report.refused.count > 0);
    assert!(on_error == OnError::Skip || left_out == 0);
    assert!(report.to_string().lines().all(|l| l.len() < 5_000));
    assert!(
        !report
            .to_string()
            .replace('\n', "")
            .contains(char::is_control)
    );
    assert!(
        file.series
            .is_sorted_by(|a, b| a.key.to_string() < b.key.to_string()),
        "each series once, in order"
    );
    for one in &file.series {
        check_series(one);
        check_way_back(one);
    }
}

fn check_series(one: &SeriesBars) {
    let SeriesKey {
        market,
        venue,
        symbol,
        interval,
    } = &one.key;
    SeriesKey::new(market, venue, symbol, *interval).expect("a name that can be one");
    assert_eq!(one.key.to_string().parse::<SeriesKey>().unwrap(), one.key);
    let n = one.bars.time.len();
    let columns = [
        &one.bars.open,
        &one.bars.high,
        &one.bars.low,
        &one.bars.close,
    ];
    assert!(columns.iter().all(|c| c.len() == n) && one.bars.volume.len() == n);
    assert!(n > 0, "a series without bars");
    assert!(one.bars.time.is_sorted_by(|a, b| a < b), "time ascends");
    for bar in one.bars.iter() {
        assert_eq!(bar.check(), Ok(()), "{bar:?}");
    }
}

/// The bars, written as the plainest of files, are the same bars.
fn check_way_back(one: &SeriesBars) {
    if one.bars.len() > 300 {
        return;
    }
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for bar in one.bars.iter() {
        writeln!(
            text,
            "{},{:?},{:?},{:?},{:?},{:?}",
            bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume
        )
        .unwrap();
    }
    let key = one.key.clone();
    let options = BarOptions {
        market: Some(key.market),
        venue: Some(key.venue),
        symbol: Some(key.symbol),
        interval: Some(key.interval),
        calendar: Some(one.calendar),
        ..BarOptions::default()
    };
    let scratch = Scratch::new();
    match read_bars(&scratch.file("bars.csv", text.as_bytes()), &options) {
        Ok(again) => assert_eq!(again.series, std::slice::from_ref(one)),
        Err(error) => {
            check_refusal(&error);
            // Rows off the grid were left out, and now most of the others are farther apart.
            let text = error.to_string();
            assert!(text.contains("and most bars are"), "{text}");
        }
    }
}
