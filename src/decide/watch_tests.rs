#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::model::Interval;

const HOUR: i64 = 3_600_000;

fn close(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour * HOUR)
}

fn watched() -> WatchedRule {
    let series = SeriesKey::new("crypto", "x", "AAAUSDT", Interval::hours(1)).unwrap();
    WatchedRule::stored("00aa".to_owned(), series, close(0))
}

/// What stands for an alarm without a position.
const ALARM: f64 = f64::INFINITY;

/// Decides a close, at which the rule wants so much: above 0 long, below 0 short.
fn decide(
    watched: &mut WatchedRule,
    hour: i64,
    bars: u64,
    wants: f64,
) -> Option<(AlertKind, String)> {
    let window = Window {
        series: watched.series.clone(),
        start: close(hour - 64),
        end: close(hour),
    };
    let side = match wants {
        ALARM => None,
        w if w > 0.0 => Some(Side::Long),
        w if w < 0.0 => Some(Side::Short),
        _ => None,
    };
    let signal = Signal {
        rule: "r".to_owned(),
        window: window.clone(),
        side,
        alarm: wants == ALARM,
        size: if side.is_some() { wants.abs() } else { 0.0 },
        call: match side {
            Some(_) => Call::Now,
            None if wants == ALARM => Call::Alarm,
            None => Call::Wait,
        },
        reasons: Vec::new(),
        trained_until: None,
    };
    let due = DueClose {
        again: watched.at(window.end).is_some(),
        window,
        bars,
    };
    watched
        .decide(&due, &signal)
        .map(|alert| (alert.kind, alert.id))
}

#[test]
fn a_signal_is_told_at_each_close_and_once_when_it_ends() {
    let mut watched = watched();
    let mut kinds = Vec::new();
    for (hour, wants) in (1..).zip([0.0, 0.5, 0.5, -1.0, 0.0, 0.0, 0.5]) {
        kinds.push(decide(&mut watched, hour, 1, wants).map(|(kind, _)| kind));
    }
    use AlertKind::{End, Signal};
    let expected = [
        None,
        Some(Signal),
        Some(Signal),
        Some(Signal),
        Some(End),
        None,
        Some(Signal),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn an_alarm_without_a_position_is_told_too() {
    let mut watched = watched();
    let mut told = |hour, wants| decide(&mut watched, hour, 1, wants).map(|(kind, _)| kind);
    assert_eq!(told(1, 0.0), None);
    assert_eq!(told(2, ALARM), Some(AlertKind::Signal));
    assert_eq!(told(3, 0.0), Some(AlertKind::End));
}

#[test]
fn ids_name_rule_series_close_and_correction() {
    let mut watched = watched();
    let (_, first) = decide(&mut watched, 24, 1, 0.5).unwrap();
    assert_eq!(first, "00aa crypto/x/AAAUSDT:1h@1970-01-02T00:00:00Z");
    // The same again is no news; another side is, each time.
    assert_eq!(decide(&mut watched, 24, 2, 0.5), None);
    assert_eq!(watched.at(close(24)).unwrap().bars, 2);
    let (kind, second) = decide(&mut watched, 24, 3, 0.0).unwrap();
    assert_eq!(
        (kind, second),
        (AlertKind::Corrected, format!("{first} corrected 1"))
    );
    let (_, third) = decide(&mut watched, 24, 4, 0.5).unwrap();
    assert_eq!(third, format!("{first} corrected 2"));
}

#[test]
fn what_is_far_back_is_done_for_good() {
    let mut watched = watched();
    for hour in 1..=70 {
        decide(&mut watched, hour, 1, 0.0);
    }
    assert_eq!(watched.base(), close(6));
    assert_eq!(watched.decided().count(), REMEMBERED);
    assert_eq!(watched.is_due(close(70), 1), None);
    assert_eq!(watched.is_due(close(70), 2), Some(true));
    assert_eq!(watched.is_due(close(71), 2), Some(false));
}

#[test]
fn a_late_close_is_no_end_of_what_came_after_it() {
    let mut watched = watched();
    decide(&mut watched, 1, 1, 0.0);
    decide(&mut watched, 3, 1, 0.5);
    assert_eq!(decide(&mut watched, 2, 1, 0.0), None);
    assert_eq!(
        decide(&mut watched, 4, 1, 0.0).map(|(kind, _)| kind),
        Some(AlertKind::End)
    );
}
