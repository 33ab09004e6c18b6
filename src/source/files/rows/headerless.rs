//! Rows without a header whose first fields are a symbol and a time, in either order, as programs of
//! charts write them: `ACC-I,20240102,100.0,102.0,99.9,101.3,500,1200`.

use csv::ByteRecord;

use super::super::times::parse_time;
use super::time_of_day::has_time_of_day;

/// What the columns behind the prices are.
const LAST: [&str; 2] = ["volume", "open interest"];

/// The names of the columns, if the first row of a file is such a row.
pub(super) fn columns_of(record: &ByteRecord) -> Option<Vec<String>> {
    let field = |at: usize| record.get(at).unwrap_or_default().trim_ascii();
    let is_date = |at: usize| parse_time(field(at)).is_ok();
    let front: &[&str] = match (
        is_symbol(field(0)),
        is_date(1),
        is_symbol(field(1)),
        is_date(0),
    ) {
        (true, true, ..) if has_time_of_day(record, 2) => &["symbol", "date", "time"],
        (true, true, ..) => &["symbol", "date"],
        (.., true, true) => &["time", "symbol"],
        _ => return None,
    };
    let prices = ["open", "high", "low", "close"];
    let names: Vec<String> = front
        .iter()
        .chain(&prices)
        .chain(&LAST)
        .map(|name| (*name).to_owned())
        .take(record.len())
        .collect();
    let numbers = (front.len()..record.len()).all(|at| number(field(at)));
    let fits = names.len() == record.len() && names.len() >= front.len() + prices.len();
    (fits && numbers).then_some(names)
}

fn is_symbol(field: &[u8]) -> bool {
    let begins = field.first().is_some_and(u8::is_ascii_alphabetic);
    begins && field.len() <= 64 && parse_time(field).is_err()
}

fn number(field: &[u8]) -> bool {
    std::str::from_utf8(field).is_ok_and(|text| text.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(row: &str) -> String {
        let record = ByteRecord::from(row.split(',').collect::<Vec<_>>());
        columns_of(&record).map_or_else(|| "-".to_owned(), |names| names.join(","))
    }

    #[test]
    fn a_symbol_and_a_time_begin_a_row() {
        for (row, expected) in [
            (
                "ACC-I,20240102,1,2,1,2,500,1200",
                "symbol,date,open,high,low,close,volume,open interest",
            ),
            ("AAPL,2024-01-02,1,2,1,2", "symbol,date,open,high,low,close"),
            (
                "NIFTY,20240102,09:16,1,2,1,2,5",
                "symbol,date,time,open,high,low,close,volume",
            ),
            (
                "NIFTY,20240102,0916,1,2,1,2,5",
                "symbol,date,time,open,high,low,close,volume",
            ),
            (
                "NIFTY,20240102,1200,1210,1190,1205,500",
                "symbol,date,open,high,low,close,volume",
            ),
            (
                "2024-01-02,AAPL,1,2,1,2,500",
                "time,symbol,open,high,low,close,volume",
            ),
            ("symbol,date,open,high,low,close", "-"),
            ("AAPL,2024-01-02,1,2,1", "-"),
            ("AAPL,2024-01-02,1,2,1,2,3,4,5", "-"),
            ("AAPL,2024-01-02,1,2,x,2", "-"),
            ("2024-01-02,1,2,1,2,500", "-"),
        ] {
            assert_eq!(columns(row), expected, "{row}");
        }
    }
}
