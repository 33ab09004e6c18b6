//! The zone in which times are printed for people. Programs read UTC in any case.

use std::sync::{Mutex, PoisonError};

use rhymedb::Timestamp;
use rhymedb::data::Zone;

/// One command runs at a time, on whichever thread.
static SHOWN_IN: Mutex<Option<Zone>> = Mutex::new(None);

/// What `--print-zone` says for the command that runs; nothing is UTC.
pub(crate) fn set(zone: Option<&Zone>) {
    *SHOWN_IN.lock().unwrap_or_else(PoisonError::into_inner) = zone.cloned();
}

fn zone() -> Option<Zone> {
    SHOWN_IN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// A time as people read it.
pub(crate) fn shown(time: Timestamp) -> String {
    zone().map_or_else(|| time.to_string(), |zone| zone.show(time))
}

/// A cell of a table: a time is shown in the zone, and anything else stays.
pub(crate) fn in_cell(text: String) -> String {
    match zone() {
        Some(zone) if time_at(&text) == Some(text.len()) => retold(&zone, &text),
        _ => text,
    }
}

/// Sentences with all times of them shown in the zone.
pub(crate) fn in_text(text: &str) -> String {
    let Some(zone) = zone() else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside = out.ends_with(|c: char| c.is_ascii_digit() || c == '-');
        let length = time_at(rest).filter(|_| !inside);
        let (part, after) = rest.split_at(length.unwrap_or(first.len_utf8()));
        match length {
            Some(_) => out.push_str(&retold(&zone, part)),
            None => out.push_str(part),
        }
        rest = after;
    }
    out
}

fn retold(zone: &Zone, text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |time| zone.show(time))
}

/// The length of a time in UTC, like 2021-05-19T12:00:00Z, that a text begins with.
fn time_at(text: &str) -> Option<usize> {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes();
    let (head, tail) = bytes.split_at_checked(FORM.len())?;
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        sign => byte == sign,
    };
    if !head.iter().zip(FORM).all(fits) {
        return None;
    }
    let fraction = match tail.split_first() {
        Some((b'.', rest)) => 1 + rest.iter().take_while(|b| b.is_ascii_digit()).count(),
        _ => 0,
    };
    let ends = tail.get(fraction) == Some(&b'Z');
    ends.then_some(FORM.len() + fraction + 1)
}

#[cfg(test)]
mod tests {
    use super::time_at;

    #[test]
    fn only_whole_times_in_utc_are_shown_elsewhere() {
        assert_eq!(time_at("2021-05-19T12:00:00Z"), Some(20));
        assert_eq!(time_at("2021-05-19T12:00:00.250Z to"), Some(24));
        for other in [
            "2021-05-19",
            "2021-05-19T12:00:00",
            "2021-05-19T12:00:00+02:00",
            "x2021-05-19T12:00:00Z",
            "2021-05-19 12:00:00Z",
            "",
        ] {
            assert_eq!(time_at(other), None, "{other}");
        }
    }
}
