//! `--map`: what a caller says about columns, and hints that can be typed as they are printed.

use crate::error::{Error, Result, excerpt};

/// Reads `field=column,field=column` as given to `--map`. A time may be in two columns: `time=Day+Hour`.
///
/// Fields of bars are `time` (when a bar opened), `open`, `high`, `low`, `close`, `volume`, `symbol` and
/// `adjusted`; of headlines `time` (when it was published), `text`, `symbols`, `source` and `precision`; of
/// vectors `vector`, `market`, `venue`, `symbol`, `interval` and `time` (when the window closed). Short
/// forms: `ts`, `o`, `h`, `l`, `c`, `v`; `open_time`, `published` and `end` are `time`, too.
///
/// A column whose name holds a comma stands in double quotes, `open="Open, USD"`; a double quote in it
/// stands twice. Any column can be named by its number from 1: `time=#1`, also where there is no header.
///
/// ```
/// let map = rhymedb::files::parse_map(r#"time=#1,open="Open, USD""#)?;
/// assert_eq!(map, [("time".into(), "#1".into()), ("open".into(), "Open, USD".into())]);
/// # Ok::<(), rhymedb::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] if a part has no `=` or an empty side, or a quote is not closed.
pub fn parse_map(text: &str) -> Result<Vec<(String, String)>> {
    let mut map = Vec::new();
    let mut rest = text;
    loop {
        let (pair, behind) = next_pair(rest).ok_or_else(|| {
            Error::invalid(format!(
                "expected a map like time=Date,open=o, found {} in {}",
                excerpt(rest),
                excerpt(text)
            ))
        })?;
        map.push(pair);
        match behind {
            Some(behind) => rest = behind,
            None => return Ok(map),
        }
    }
}

/// The first `field=column` and what follows its comma.
fn next_pair(text: &str) -> Option<((String, String), Option<&str>)> {
    let (field, mut rest) = text.split_once('=')?;
    let field = field.trim();
    if field.is_empty() || field.contains(',') {
        return None;
    }
    let mut column = String::new();
    let mut is_quoted = false;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = take_quoted(quoted, &mut column)?;
            is_quoted = true;
        }
        let end = rest.find([',', '+']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        column.push_str(name);
        if let Some(half) = behind.strip_prefix('+') {
            column.push('+');
            rest = half;
            continue;
        }
        if column.is_empty() && !is_quoted {
            return None;
        }
        return Some(((field.to_owned(), column), behind.strip_prefix(',')));
    }
}

/// Reads to the closing quote and gives what is behind it.
fn take_quoted<'a>(mut text: &'a str, column: &mut String) -> Option<&'a str> {
    loop {
        let (name, behind) = text.split_once('"')?;
        column.push_str(name);
        match behind.strip_prefix('"') {
            Some(rest) => {
                column.push('"');
                text = rest;
            }
            None => return Some(behind),
        }
    }
}

/// The position of a column that is named by its number, like `#1`.
pub(crate) fn position_of_number(column: &str) -> Option<usize> {
    let number: usize = column.strip_prefix('#')?.parse().ok()?;
    number.checked_sub(1)
}

/// `--map field=column` for the column at a position, as a shell takes it. A name that is hard to type
/// is given as its number.
pub(crate) fn hint(field: &str, at: usize, name: &str) -> String {
    const LONGEST: usize = 60;
    let plain = |c: char| c.is_alphanumeric() || "_-./:%".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return format!("--map {field}={name}");
    }
    let hard = |c: char| c.is_control() || c == '\'' || c == '"' || c == '\u{fffd}';
    if name.trim().is_empty() || name.chars().any(hard) || name.len() > LONGEST {
        return format!("--map {field}=#{}", at + 1);
    }
    match name.contains([',', '+']) || name.trim() != name {
        true => format!("--map '{field}=\"{name}\"'"),
        false => format!("--map '{field}={name}'"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn map(text: &str) -> Vec<(String, String)> {
        parse_map(text).unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = pairs
            .iter()
            .map(|(f, c)| ((*f).to_owned(), (*c).to_owned()));
        owned.collect()
    }

    #[test]
    fn maps_are_checked() {
        assert_eq!(
            map("ts=Date,open=o"),
            pairs(&[("ts", "Date"), ("open", "o")])
        );
        for bad in ["", "ts", "=x", "ts=", "ts=a,,o=b", "ts=\"a", "ts,o=b"] {
            assert!(parse_map(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn quotes_hold_a_name_together() {
        for (text, expected) in [
            (r#"open="a, b",o=c"#, pairs(&[("open", "a, b"), ("o", "c")])),
            (r#"time="Day, x"+Hour"#, pairs(&[("time", "Day, x+Hour")])),
            (r#"time="say ""hi""""#, pairs(&[("time", r#"say "hi""#)])),
            (r#"time="""#, pairs(&[("time", "")])),
            (r#"time=5" pipe"#, pairs(&[("time", r#"5" pipe"#)])),
            ("time=a=b", pairs(&[("time", "a=b")])),
            ("time= ", pairs(&[("time", " ")])),
        ] {
            assert_eq!(map(text), expected, "{text}");
        }
    }

    #[test]
    fn columns_have_numbers() {
        assert_eq!(position_of_number("#1"), Some(0));
        for none in ["#0", "#", "1", "#x", "#-1"] {
            assert_eq!(position_of_number(none), None, "{none}");
        }
    }

    #[test]
    fn hints_are_short_where_they_can_be() {
        for (name, expected) in [
            ("Date", "--map time=Date"),
            ("Local time", "--map 'time=Local time'"),
            ("Open, USD", "--map 'time=\"Open, USD\"'"),
            ("('Open', 'AAPL')", "--map time=#3"),
            ("", "--map time=#3"),
        ] {
            assert_eq!(hint("time", 2, name), expected);
        }
    }

    proptest! {
        /// What is printed for any name is read back as that name, or as the column's number.
        #[test]
        fn hints_can_be_typed(name in "\\PC{0,70}", at in 0_usize..99) {
            let hint = hint("time", at, &name);
            let typed = hint.strip_prefix("--map ").unwrap();
            let argument = match typed.strip_prefix('\'') {
                Some(quoted) => quoted.strip_suffix('\'').unwrap(),
                None => typed,
            };
            // Nothing in it ends the quotes of a shell.
            prop_assert!(!argument.contains('\''));
            let read = parse_map(argument).unwrap();
            let column = &read.first().unwrap().1;
            prop_assert_eq!(read.len(), 1);
            prop_assert!(*column == name || position_of_number(column) == Some(at));
        }
    }
}
