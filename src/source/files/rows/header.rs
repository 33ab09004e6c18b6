//! Where the table of a text begins, and whether its first line names the columns.

use csv::ByteRecord;

use super::super::columns::{TIME, plain};
use super::super::times::{TimeDefect, parse_time};
use super::time_of_day::has_time_of_day;

/// Names of columns that occur in nearly every table of bars or headlines, as [`plain`] writes them.
const USUAL: [&str; 19] = [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "adjclose",
    "symbol",
    "ticker",
    "stock",
    "headline",
    "headlines",
    "title",
    "text",
    "pubdate",
    "published",
    "publishedat",
    "createdat",
    "source",
    "url",
];

/// What stands before the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Preamble {
    /// Lines to leave out; blank ones are not counted.
    pub(super) lines: u64,
    /// What a line `sep=;` says.
    pub(super) delimiter: Option<u8>,
}

/// How far down a table may begin.
const MOST_LINES: usize = 20;

/// Lines before the header that are none: `sep=;`, remarks that begin with `#`, and titles or addresses,
/// which have half of the header's fields at most and none of its names. Only the text at hand is looked at.
pub(super) fn preamble(text: &[u8], line_end: u8) -> Preamble {
    let mut found = Preamble::default();
    let whole = text.split_inclusive(|b| *b == line_end);
    let whole = whole
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let lines: Vec<&[u8]> = whole.take(MOST_LINES).collect();
    let mut widest_title = 0;
    for (at, line) in (0_u64..).zip(&lines) {
        if let Some(delimiter) = separator(line) {
            found.delimiter = Some(delimiter);
            found.lines = at + 1;
            continue;
        }
        // A field of several lines stands among rows, and its lines are none.
        if !line
            .iter()
            .filter(|b| **b == b'"')
            .count()
            .is_multiple_of(2)
        {
            return found;
        }
        let fields = fields(line, found.delimiter);
        let next = lines.get(at as usize + 1);
        if is_table(&fields, line, next, found.delimiter) {
            if widest_title < 2 && fields.len() > widest_title || 2 * widest_title <= fields.len() {
                found.lines = at;
            }
            return found;
        }
        if line.starts_with(b"#") && found.lines == at {
            found.lines = at + 1;
        } else {
            widest_title = widest_title.max(fields.len());
        }
    }
    found
}

/// Whether a line is the header of a table, or its first row.
fn is_table(fields: &[String], line: &[u8], next: Option<&&[u8]>, delimiter: Option<u8>) -> bool {
    if !names_columns(fields) {
        return begins_a_row(fields);
    }
    // A remark may hold names; the header is one only right above the rows.
    let next = next.map(|next| self::fields(next, delimiter));
    !line.starts_with(b"#") || next.is_some_and(|n| n.len() == fields.len() && begins_a_row(&n))
}

/// `sep=;`, as Excel writes and reads it.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    match line.split_at_checked(4) {
        Some((name, [delimiter])) if name.eq_ignore_ascii_case(b"sep=") => Some(*delimiter),
        Some((name, [])) if name.eq_ignore_ascii_case(b"sep=") => Some(b'\t'),
        _ => None,
    }
}

/// The fields of a line up to the last one that is not empty, without their quotes.
fn fields(line: &[u8], delimiter: Option<u8>) -> Vec<String> {
    let delimiter = delimiter.unwrap_or_else(|| delimiter_of(line));
    let text = |field: &[u8]| {
        let field = String::from_utf8_lossy(field.trim_ascii()).into_owned();
        field.trim_matches('"').trim().to_owned()
    };
    let mut quoted = false;
    let apart = |b: &u8| {
        quoted ^= *b == b'"';
        *b == delimiter && !quoted
    };
    let mut fields: Vec<String> = line.split(apart).map(text).collect();
    while fields.last().is_some_and(String::is_empty) {
        fields.pop();
    }
    fields
}

/// Whether two of the names, or all of them, are usual ones of a table.
fn names_columns(fields: &[String]) -> bool {
    let usual = |name: &&String| {
        let name = plain(name);
        let name = name.as_str();
        TIME.aliases.contains(&name) || USUAL.contains(&name)
    };
    fields.len() > 1 && fields.iter().filter(usual).count() > 1
}

/// Whether fields are a time and numbers.
fn begins_a_row(fields: &[String]) -> bool {
    let time = fields
        .first()
        .is_some_and(|f| looks_like_time(f.as_bytes()));
    let numbers = fields.iter().skip(1).filter(|f| number(f.as_bytes()));
    time && numbers.count() > 2
}

/// The candidate that occurs most often outside of quotes in the first line.
pub(super) fn delimiter_of(line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut best = (0, b',');
    for candidate in [b',', b';', b'\t', b'|'] {
        let count = line
            .iter()
            .filter(|b| {
                quoted ^= **b == b'"';
                !quoted && **b == candidate
            })
            .count();
        quoted = false;
        if count > best.0 {
            best = (count, candidate);
        }
    }
    best.1
}

pub(super) fn names_of(record: &ByteRecord) -> Vec<String> {
    let name = |field: &[u8]| String::from_utf8_lossy(field.trim_ascii()).into_owned();
    record.iter().map(name).collect()
}

/// The columns of files that MetaTrader 4 writes without a header.
pub(super) const META_TRADER: [&str; 7] =
    ["date", "time", "open", "high", "low", "close", "volume"];

/// Whether the first row of a file is a date, a time of day, four numbers and perhaps a volume.
pub(super) fn is_row_of_meta_trader(record: &ByteRecord) -> bool {
    let field = |i| record.get(i).unwrap_or_default();
    let time = [field(0), b" ", field(1)].concat();
    (6..=7).contains(&record.len())
        && looks_like_time(field(0))
        && has_time_of_day(record, 1)
        && looks_like_time(&time)
        && record.iter().skip(2).all(number)
}

/// Whether the first row of a file is a time and four numbers, so that there is no header.
pub(super) fn is_row_of_bar(record: &ByteRecord) -> bool {
    let mut fields = record.iter();
    let begins_with_time = fields.next().is_some_and(|f| {
        // An implausible number is no header either; its row is reported as what it is.
        looks_like_time(f) || number(f)
    });
    record.len() >= 5 && begins_with_time && fields.take(4).all(number)
}

/// Whether a field of the first row is a time, which names no column.
pub(super) fn holds_a_time(record: &ByteRecord) -> bool {
    record.iter().any(looks_like_time)
}

/// Whether a header lacks the name of the first column, as programs of R write one: the row below it has
/// a field more, and begins with a time.
pub(super) fn lacks_a_name(names: &[String], row: &ByteRecord) -> bool {
    let is_time = |name: &String| TIME.aliases.contains(&plain(name).as_str());
    row.len() == names.len() + 1
        && row.iter().next_back().is_some_and(|f| !f.is_empty())
        && looks_like_time(row.get(0).unwrap_or_default())
        && !names.iter().any(is_time)
}

/// Whether this is a time, be it one whose order of day and month is still to be said.
fn looks_like_time(field: &[u8]) -> bool {
    match parse_time(field) {
        Ok(_) => true,
        Err(defect) => matches!(
            defect,
            TimeDefect::DayMonthOrder
                | TimeDefect::CompactOrMillis
                | TimeDefect::CompactOrSeconds
                | TimeDefect::AmbiguousZone
        ),
    }
}

fn number(field: &[u8]) -> bool {
    let text = std::str::from_utf8(field.trim_ascii());
    text.is_ok_and(|t| t.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> (u64, Option<u8>) {
        let found = preamble(text.as_bytes(), b'\n');
        (found.lines, found.delimiter)
    }

    #[test]
    fn what_stands_before_the_table_is_found() {
        const ROW: &str = "2024-01-02,1,2,0.5,1,9\n";
        for (before, expected) in [
            ("", 0),
            ("https://www.example.com\n", 1),
            ("https://www.example.com,,,,,\n", 1),
            ("# made by a bot\n# on Monday\n", 2),
            ("\n#\n\n", 1),
            ("Prices of ABC, daily\n\nall in USD\n", 2),
            ("# open, high and low\nsource: me\n", 2),
        ] {
            let header = "Date,Open,High,Low,Close,Volume\n";
            assert_eq!(
                lines(&format!("{before}{header}{ROW}")).0,
                expected,
                "{before}"
            );
            assert_eq!(lines(&format!("{before}{ROW}")).0, expected, "{before}");
        }
        assert_eq!(lines("sep=;\ndate;title\n"), (1, Some(b';')));
        assert_eq!(lines("\"SEP=,\"\n# x\ndate,title\n"), (2, Some(b',')));
        // A remark right above the rows is the header.
        assert_eq!(
            lines(&format!("# note\n#date,open,high,low,close,v\n{ROW}")).0,
            1
        );
    }

    #[test]
    fn a_table_with_unusual_names_begins_at_its_first_line() {
        for text in [
            "when,price,amount\n1,2,3\n",
            "a,b\n1,2,3\n",
            "embedding\n1\n",
            "what,when\nx,2024-01-02\n",
            "Open,Close\nx,y,z\n",
            "only one line",
        ] {
            assert_eq!(lines(text).0, 0, "{text}");
        }
    }
}
