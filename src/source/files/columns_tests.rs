#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::column_map::parse_map;
use super::*;

const VOLUME: Field = Field {
    name: "volume",
    aliases: &["volume", "vol", "v"],
    prefix: Some("volume"),
};

fn find(names: &[&str], map: &str, field: &Field) -> Result<Option<usize>, String> {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let map = if map.is_empty() {
        Vec::new()
    } else {
        parse_map(map).unwrap()
    };
    Columns::new(&names, &map, &[&TIME, &VOLUME])?.find(field)
}

#[test]
fn names_fit_whatever_their_case_and_punctuation() {
    for name in [
        "Open time",
        "open_time",
        "OPENTIME",
        "<open-time>",
        "timestamp_ms_utc",
    ] {
        assert_eq!(find(&["x", name], "", &TIME), Ok(Some(1)), "{name}");
    }
    assert_eq!(find(&["x", "closing"], "", &TIME), Ok(None));
}

#[test]
fn the_best_alias_wins_whatever_the_order() {
    assert_eq!(find(&["date", "unix"], "", &TIME), Ok(Some(1)));
    assert_eq!(find(&["Volume USD", "Volume"], "", &VOLUME), Ok(Some(1)));
}

#[test]
fn a_prefix_must_be_the_only_one() {
    assert_eq!(find(&["volume_btc"], "", &VOLUME), Ok(Some(0)));
    let text = find(&["Volume BTC", "Volume USD"], "", &VOLUME).unwrap_err();
    assert!(text.contains("--map 'volume=Volume BTC'"), "{text}");
}

#[test]
fn what_is_unclear_is_refused() {
    assert!(find(&["ts", "TS"], "", &TIME).is_err());
    assert_eq!(find(&["ts", "TS"], "ts=TS", &TIME), Ok(Some(1)));
}

#[test]
fn a_time_may_be_in_two_columns() {
    let time = |names: &[&str], map: &str| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let map = parse_map(map).unwrap_or_default();
        let columns = Columns::new(&names, &map, &[&TIME])?;
        let row = ByteRecord::from(vec!["2020-01-31", "09:30", "x"]);
        let time = columns.need_time(&TIME)?.of(&row).into_owned();
        Ok::<_, String>(String::from_utf8(time).unwrap())
    };
    let joined = Ok("2020-01-31 09:30".to_owned());
    assert_eq!(time(&["<DATE>", "<TIME>", "x"], ""), joined);
    assert_eq!(time(&["Day", "Hour", "x"], "time=Day+Hour"), joined);
    assert_eq!(
        time(&["a+b", "b", "x"], "time=a+b"),
        Ok("2020-01-31".to_owned())
    );
    assert_eq!(
        time(&["Date", "Time", "x"], "time=Date"),
        Ok("2020-01-31".to_owned())
    );
    assert_eq!(time(&["Date", "Time", "unix"], ""), Ok("x".to_owned()));
    assert!(
        time(&["a", "b", "x"], "time=a+c")
            .unwrap_err()
            .contains("--map names the column")
    );
}

#[test]
fn advice_names_a_column_that_is_free() {
    let text = find(&["Volume", "when"], "time=nope", &TIME).unwrap_err();
    assert!(text.contains("the columns are: Volume, when"), "{text}");
    let names = ["Volume", "when"].map(str::to_owned);
    let columns = Columns::new(&names, &[], &[&TIME, &VOLUME]).unwrap();
    let text = columns.need(&TIME).unwrap_err();
    assert!(
        text.contains("for example --map time=when (a name"),
        "{text}"
    );
    let names = ["Er\u{fffd}ffnung"].map(str::to_owned);
    let columns = Columns::new(&names, &[], &[&TIME]).unwrap();
    let text = columns.need(&TIME).unwrap_err();
    assert!(text.contains("save the file as UTF-8"), "{text}");
}

#[test]
fn a_map_names_fields_and_columns_that_are_there() {
    let refused = find(&["a"], "price=a", &TIME).unwrap_err();
    assert!(refused.contains("expected one of time, volume"));
    let refused = find(&["a"], "time=b", &TIME).unwrap_err();
    assert!(refused.contains("the columns are: a"));
    assert_eq!(find(&["a", "b,c"], "time=\"b,c\"", &TIME), Ok(Some(1)));
    assert_eq!(find(&["a", ""], "time=#2", &TIME), Ok(Some(1)));
    assert!(find(&["a", "b"], "time=#3", &TIME).is_err());
    // A name wins over a number.
    assert_eq!(find(&["a", "b", "#1"], "time=#1", &TIME), Ok(Some(2)));
}

/// The column or columns of the time, as the first row shows them.
fn time_of(names: &[&str], row: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let columns = Columns::new(&names, &[], &[&TIME]).unwrap();
    match columns.need_time_as_in(&TIME, &ByteRecord::from(row.to_vec())) {
        Ok(TimeColumns::One(at)) => at.to_string(),
        Ok(TimeColumns::Halves(date, time)) => format!("{date}+{time}"),
        Err(message) => message,
    }
}

#[test]
fn the_first_row_tells_halves_from_whole_times() {
    for (names, row, expected) in [
        (["date", "time"], ["2024-01-02", "09:30"], "0+1"),
        (["date", "time"], ["20240102", "0930"], "0+1"),
        (["date", "time"], ["2024-01-02", "0"], "0+1"),
        (
            ["date", "time"],
            ["2024-01-01T00:00:00Z", "1704067200"],
            "1",
        ),
        (
            ["date", "time"],
            ["2024-01-01", "2024-01-01T00:00:00Z"],
            "1",
        ),
        (["date", "time"], ["2024-01-01T00:00:00Z", "00:00"], "0"),
        (["date", "time"], ["1704067200", "00:00"], "0"),
        (["date", "time"], ["31/01/2024 09:30", "09:30"], "0"),
        (["date", "time"], ["", ""], "0+1"),
        (["Date", "Timestamp"], ["2024-01-02", "09:30:00"], "0+1"),
        (["Date", "Timestamp"], ["2024-01-02", "1704067200"], "1"),
    ] {
        assert_eq!(time_of(&names, &row), expected, "{names:?} {row:?}");
    }
}

#[test]
fn an_index_without_a_name_may_be_the_time() {
    assert_eq!(time_of(&["", "Open"], &["2024-01-02", "1"]), "0");
    assert_eq!(time_of(&["Unnamed: 0", "Open"], &["31/01/2024", "1"]), "0");
    assert_eq!(time_of(&["", "Date"], &["0", "2024-01-02"]), "1");
    let rows_have_numbers = time_of(&["", "Open"], &["0", "1"]);
    assert!(
        rows_have_numbers.contains("no column for the time"),
        "{rows_have_numbers}"
    );
    assert!(
        rows_have_numbers.contains("--map time="),
        "{rows_have_numbers}"
    );
}
