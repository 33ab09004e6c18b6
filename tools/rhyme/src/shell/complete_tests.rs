#![allow(clippy::unwrap_used, reason = "tests")]

use rhymedb::data::Calendar;

use super::*;

fn known() -> Known {
    let series = |name: &str, first: &str, last: &str| {
        let parts: Vec<&str> = name.split(['/', ':']).collect();
        let [market, venue, symbol, interval] = parts.try_into().unwrap();
        SeriesInfo {
            key: SeriesKey::new(market, venue, symbol, interval.parse().unwrap()).unwrap(),
            calendar: Calendar::Continuous,
            made_of: None,
            bars: 1,
            first: Some(first.parse().unwrap()),
            last: Some(last.parse().unwrap()),
        }
    };
    Known {
        series: vec![
            series("crypto/binance/BTCUSDT:1h", "2020-11-02", "2022-02-10"),
            series("crypto/binance/ETHUSDT:1h", "2020-01-01", "2020-03-01"),
            series("crypto/bybit/ETHUSDT:1h", "2020-01-01", "2020-03-01"),
            series("equity/nyse/ACME:1d", "1999-01-01", "2022-02-10"),
        ],
        spaces: vec!["shape".to_owned(), "stats".to_owned()],
        names: vec!["crash".to_owned()],
        hits: 2,
    }
}

fn offered(line: &str) -> Vec<String> {
    complete(line, &known()).texts
}

/// The line that follows if there is one completion.
fn completed(line: &str) -> String {
    let found = complete(line, &known());
    let [one] = found.texts.as_slice() else {
        return format!("{:?}", found.texts);
    };
    format!("{}{one}", &line[..found.start])
}

#[test]
fn commands_come_from_the_parser() {
    let all = offered("");
    let command = line_command();
    for sub in command.get_subcommands() {
        assert!(
            all.iter().any(|text| text == sub.get_name()),
            "{}",
            sub.get_name()
        );
    }
    assert_eq!(completed("simi"), "similar");
    assert_eq!(completed("ingest hea"), "ingest headlines");
    assert_eq!(completed("AC"), "ACME:1d");
    assert_eq!(completed("cras"), "crash");
    assert_eq!(completed("help dro"), "help drop-space");
    assert!(offered("stats x").is_empty());
    assert!(offered("series | le").is_empty());
}

#[test]
fn options_and_their_values_come_from_the_parser() {
    assert_eq!(completed("similar --mar"), "similar --market");
    assert_eq!(completed("similar x --rea"), "similar x --read-only");
    assert_eq!(offered("series --format "), ["csv", "json", "table"]);
    assert_eq!(completed("completions fi"), "completions fish");
    assert_eq!(completed("similar -k 3 --as"), "similar -k 3 --as-of");
}

#[test]
fn what_is_stored_is_offered() {
    assert_eq!(completed("similar BT"), "similar BTCUSDT:1h");
    assert_eq!(
        offered("similar "),
        [
            "ACME:1d",
            "BTCUSDT:1h",
            "crash",
            "crypto/binance/ETHUSDT:1h",
            "crypto/bybit/ETHUSDT:1h",
            "last[1]",
            "last[2]"
        ]
    );
    assert_eq!(completed("bars equity/"), "bars equity/nyse/ACME:1d");
    assert_eq!(completed("let x = AC"), "let x = ACME:1d");
    assert_eq!(completed("similar x --space st"), "similar x --space stats");
    assert_eq!(
        completed("similar x --market equity,cr"),
        "similar x --market equity,crypto"
    );
    assert_eq!(offered("similar x --interval "), ["1d", "1h"]);
    assert_eq!(completed("similar last[2"), "similar last[2]");
}

#[test]
fn dates_are_those_of_the_series() {
    assert_eq!(
        offered("similar BTCUSDT:1h@"),
        ["2020", "2021", "2022"].map(|y| format!("BTCUSDT:1h@{y}"))
    );
    assert_eq!(
        offered("similar BTCUSDT:1h@2020-").len(),
        2,
        "from November on"
    );
    assert_eq!(offered("bars BTCUSDT:1h --from 2022-02-").len(), 10);
    assert_eq!(offered("bars BTCUSDT:1h --from 2021-02-").len(), 28);
    assert_eq!(offered("as "), ["of"]);
    assert_eq!(completed("as of n"), "as of now");
    assert_eq!(completed("as of 199"), "as of 1999");
}

#[test]
fn files_are_offered_where_a_file_is_meant() {
    assert_eq!(completed("ingest bars Cargo.t"), "ingest bars Cargo.toml");
    assert_eq!(completed("stats > Cargo.t"), "stats > Cargo.toml");
    assert_eq!(completed("backup src/com"), "backup src/commands/");
}

#[test]
fn hints_say_what_comes_next() {
    let hint = |line: &str| hint(line, &known());
    assert_eq!(hint("simi").as_deref(), Some("lar"));
    assert_eq!(hint("similar ").as_deref(), Some("TARGET"));
    assert_eq!(
        hint("similar BTCUSDT:1h --space ").as_deref(),
        Some("SPACE")
    );
    assert_eq!(hint("let ").as_deref(), Some("NAME = TARGET"));
    assert_eq!(hint("let x = ").as_deref(), None);
    assert_eq!(hint("similar").as_deref(), None);
    assert_eq!(hint(""), None);
}
