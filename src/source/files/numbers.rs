//! Numbers as files write them.
//!
//! A point is decimal, or a comma if the caller says so; the other one may set thousands apart.
//! `1,234` could be either, so it is refused, while `1,234.5`, `1,234,567` and `1,23,456` (as India groups
//! digits) can mean one thing only.

use std::fmt;

/// Why a field is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberDefect {
    Empty,
    /// A comma that is decimal or sets thousands apart.
    Ambiguous,
    /// As [`Self::Ambiguous`], with a point.
    AmbiguousPoint,
    /// Whether it has a comma that nobody called decimal.
    Unreadable {
        comma: bool,
    },
}

impl fmt::Display for NumberDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty | Self::Unreadable { comma: false } => "",
            Self::Unreadable { comma: true } => "; with a decimal comma say --decimal-comma",
            Self::Ambiguous => {
                ", whose comma may be decimal or set thousands apart; if it is decimal say --decimal-comma, else leave it out"
            }
            Self::AmbiguousPoint => {
                ", whose point may be decimal or set thousands apart beside a decimal comma; leave it out, or write a comma"
            }
        })
    }
}

/// Reads a price.
pub(crate) fn parse_number(field: &[u8], decimal_comma: bool) -> Result<f64, NumberDefect> {
    number(field, decimal_comma).map_err(|defect| match defect {
        NumberDefect::Unreadable { .. } if decimal_comma => {
            NumberDefect::Unreadable { comma: false }
        }
        other => other,
    })
}

fn number(field: &[u8], decimal_comma: bool) -> Result<f64, NumberDefect> {
    let text = std::str::from_utf8(field.trim_ascii()).unwrap_or("\u{fffd}");
    if text.is_empty() {
        return Err(NumberDefect::Empty);
    }
    let text = text.strip_prefix('$').unwrap_or(text);
    // Nearly all numbers, which need no second look.
    if !decimal_comma && !text.as_bytes().contains(&b',') {
        return plain(text);
    }
    let (decimal, thousands) = if decimal_comma {
        (',', '.')
    } else {
        ('.', ',')
    };
    let (whole, fraction) = match text.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let groups = groups(whole, thousands);
    match (groups, fraction) {
        (Some(2), None) if decimal_comma => Err(NumberDefect::AmbiguousPoint),
        (Some(2), None) => Err(NumberDefect::Ambiguous),
        (Some(_), fraction) => {
            let whole = whole.replace(thousands, "");
            plain(&format!("{whole}.{}", fraction.unwrap_or("0")))
        }
        // A point is decimal as well where no comma is.
        (None, Some(fraction)) if decimal_comma => plain(&format!("{whole}.{fraction}")),
        (None, _) => plain(text),
    }
}

/// Reads a volume, which may be like `1.2M`; `-` is none, and so is the -1 of Interactive Brokers.
pub(crate) fn parse_volume(field: &[u8], decimal_comma: bool) -> Result<f64, NumberDefect> {
    let field = field.trim_ascii();
    let power = match field.last() {
        Some(b'K' | b'k') => 3,
        Some(b'M' | b'm') => 6,
        Some(b'B' | b'b') => 9,
        Some(b'T' | b't') => 12,
        _ if field == b"-" || field == b"-1" => return Err(NumberDefect::Empty),
        _ => return parse_number(field, decimal_comma),
    };
    let (digits, _) = field.split_at(field.len() - 1);
    let number = parse_number(digits, decimal_comma)?;
    // Rounded once, unlike a product.
    plain(&format!("{number}e{power}"))
}

fn plain(text: &str) -> Result<f64, NumberDefect> {
    text.parse().map_err(|_| NumberDefect::Unreadable {
        comma: text.contains(','),
    })
}

/// How many groups of digits a whole number has, if it has several: `1,234` has two. India groups
/// digits in twos above the thousands: `1,23,456`, which no decimal comma can be.
fn groups(whole: &str, separator: char) -> Option<usize> {
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let mut groups = digits.split(separator).peekable();
    let first = groups.next()?;
    let all_digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let begins = (1..=3).contains(&first.len()) && all_digits(first) && !first.starts_with('0');
    let mut count = 1;
    let (mut threes, mut twos) = (true, separator == ',' && first.len() <= 2);
    while let Some(group) = groups.next() {
        if !all_digits(group) {
            return None;
        }
        let last = groups.peek().is_none();
        threes &= group.len() == 3;
        twos &= group.len() == if last { 3 } else { 2 };
        count += 1;
    }
    (begins && count > 1 && (threes || twos)).then_some(count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNREADABLE: Result<f64, NumberDefect> = Err(NumberDefect::Unreadable { comma: false });
    const COMMA: Result<f64, NumberDefect> = Err(NumberDefect::Unreadable { comma: true });

    #[test]
    fn points_are_decimal_and_commas_set_thousands_apart() {
        for (text, expected) in [
            ("10.5", Ok(10.5)),
            (" -1e3 ", Ok(-1_000.0)),
            ("42,280.23", Ok(42_280.23)),
            ("1,234,567", Ok(1_234_567.0)),
            ("-1,234.5", Ok(-1_234.5)),
            ("$1,234.50", Ok(1_234.5)),
            ("1,234", Err(NumberDefect::Ambiguous)),
            ("1,23,456", Ok(123_456.0)),
            ("6,01,00,300", Ok(60_100_300.0)),
            ("12,34,567.25", Ok(1_234_567.25)),
            ("1,23,45", COMMA),
            ("123,45,678", COMMA),
            ("", Err(NumberDefect::Empty)),
            ("0,123", COMMA),
            ("1,5", COMMA),
            ("1234,567.0", COMMA),
            ("1,234.5,6", COMMA),
            ("ten", UNREADABLE),
            ("1.234.567", UNREADABLE),
        ] {
            assert_eq!(parse_number(text.as_bytes(), false), expected, "{text:?}");
        }
    }

    #[test]
    fn a_decimal_comma_turns_them_round() {
        for (text, expected) in [
            ("10,5", Ok(10.5)),
            ("1.234,5", Ok(1_234.5)),
            ("1.234.567", Ok(1_234_567.0)),
            ("0,123", Ok(0.123)),
            ("1,234", Ok(1.234)),
            ("10.5", Ok(10.5)),
            ("0.123", Ok(0.123)),
            ("1.234", Err(NumberDefect::AmbiguousPoint)),
            ("1,234.5", UNREADABLE),
            ("1,2,3", UNREADABLE),
        ] {
            assert_eq!(parse_number(text.as_bytes(), true), expected, "{text:?}");
        }
    }

    #[test]
    fn volumes_may_be_of_thousands_and_millions() {
        for (text, expected) in [
            ("1.2M", Ok(1_200_000.0)),
            ("158.09K", Ok(158_090.0)),
            ("0.33b", Ok(330_000_000.0)),
            ("2T", Ok(2e12)),
            ("-", Err(NumberDefect::Empty)),
            ("-1", Err(NumberDefect::Empty)),
            ("-1.0", Ok(-1.0)),
            ("17", Ok(17.0)),
            ("", Err(NumberDefect::Empty)),
            ("M", Err(NumberDefect::Empty)),
            ("xM", UNREADABLE),
        ] {
            assert_eq!(parse_volume(text.as_bytes(), false), expected, "{text:?}");
        }
        assert_eq!(parse_volume(b"1,2M", true), Ok(1_200_000.0));
    }

    proptest! {
        #[test]
        fn what_rust_reads_is_read(value: f64, decimal_comma: bool) {
            prop_assume!(value.is_finite());
            // Three decimals alone may be thousands where a comma is decimal.
            let text = format!("{value:e}");
            prop_assert_eq!(parse_number(text.as_bytes(), decimal_comma), Ok(value));
        }

        #[test]
        fn grouped_numbers_are_read(value in 1_000_i64..10_i64.pow(15), cents in 0_u32..100) {
            let digits = value.to_string();
            let mut grouped = String::new();
            for (i, digit) in digits.chars().enumerate() {
                if i > 0 && (digits.len() - i).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            let expected: f64 = format!("{value}.{cents:02}").parse().unwrap_or(f64::NAN);
            let text = format!("{grouped}.{cents:02}");
            prop_assert_eq!(parse_number(text.as_bytes(), false), Ok(expected));
            let turned = grouped.replace(',', ".") + &format!(",{cents:02}");
            prop_assert_eq!(parse_number(turned.as_bytes(), true), Ok(expected));
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..20), comma: bool) {
            let _ = parse_volume(&bytes, comma);
        }
    }
}
