use super::input::{Input, twice};
use super::scratch::Scratch;
use crate::model::{Headline, Interval, SeriesKey, TimePrecision};
use crate::source::{
    DateOrder, HeadlineFile, HeadlineOptions, MappedColumn, NoticeKind, OnError, read_headlines,
};

/// Headlines in text: CSV, JSON and JSON lines.
pub fn headlines(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let scratch = Scratch::new();
    let path = scratch.file(
        input.choose(&["news.csv", "n\u{202e}ews.jsonl"]),
        input.content,
    );
    let options = options(&input);
    if let Some(file) = twice(|| read_headlines(&path, &options)) {
        check_headlines(&file, options.on_error);
    }
}

pub(super) fn options(input: &Input<'_>) -> HeadlineOptions {
    let map = [MappedColumn {
        field: "text".to_owned(),
        column: "body".to_owned(),
    }];
    HeadlineOptions {
        on_error: if input.flag(0) {
            OnError::Skip
        } else {
            OnError::Refuse
        },
        map: if input.flag(1) {
            map.into()
        } else {
            Vec::new()
        },
        dates: input.flag(2).then_some(DateOrder::MonthFirst),
        zone: match input.flag(3) {
            true => "America/New_York".parse().ok(),
            false => None,
        },
    }
}

/// What holds for every file that was read.
pub(super) fn check_headlines(file: &HeadlineFile, on_error: OnError) {
    let report = &file.report;
    assert_eq!(report.accepted, file.headlines.len() as u64);
    let repeated = report.notices.count(NoticeKind::Duplicate)
        + report.notices.count(NoticeKind::SymbolsJoined);
    let left_out = report.defects.total();
    assert_eq!(report.rows, report.accepted + left_out + repeated);
    assert!(on_error == OnError::Skip || left_out == 0);
    assert!(file.headlines.is_sorted_by_key(|h| h.time));
    for headline in &file.headlines {
        check(headline);
    }
}

fn check(headline: &Headline) {
    let Headline {
        time,
        precision,
        text,
        source,
        symbols,
    } = headline;
    assert!((1..=Headline::MAX_TEXT).contains(&text.len()), "{text:?}");
    assert!(!text.contains(char::is_control) && !source.contains(char::is_control));
    assert_eq!(text.trim_ascii(), text);
    let midnight = time.millis().rem_euclid(86_400_000) == 0;
    assert!(*precision != TimePrecision::Day || midnight, "{time}");
    assert!(symbols.len() <= 1_000);
    for (at, symbol) in symbols.iter().enumerate() {
        SeriesKey::new("m", "v", symbol, Interval::days(1)).expect("a symbol that can be one");
        assert!(!symbols[..at].contains(symbol), "{symbol} twice");
    }
}
