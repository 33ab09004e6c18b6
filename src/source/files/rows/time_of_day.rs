//! Whether a row without names has a time of day behind its date, or the price of the open: `1200` may be both.

use csv::ByteRecord;

use super::super::times::is_time_of_day;

/// Whether the field at `at`, which comes after a date, is a time of day. Where it is digits alone, the prices behind it
/// must be those of a bar, and those with it must not: of a wrong reading the high is the low.
pub(super) fn has_time_of_day(record: &ByteRecord, at: usize) -> bool {
    let field = record.get(at).unwrap_or_default().trim_ascii();
    if !is_time_of_day(field) {
        return false;
    }
    field.iter().any(|b| !b.is_ascii_digit())
        || are_prices(record, at + 1) && (field.starts_with(b"0") || !are_prices(record, at))
}

/// Whether the four fields from `first` may be open, high, low and close.
fn are_prices(record: &ByteRecord, first: usize) -> bool {
    const ROUNDING: f64 = 1e-6;
    let number = |at: usize| {
        let text = std::str::from_utf8(record.get(first + at)?.trim_ascii());
        text.ok()?.parse::<f64>().ok()
    };
    let [Some(open), Some(high), Some(low), Some(close)] = [0, 1, 2, 3].map(number) else {
        return false;
    };
    let slack = high.abs() * ROUNDING;
    let inside = |price: f64| price <= high + slack && price >= low - slack;
    inside(open) && inside(close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_tell_whether_digits_are_a_time() {
        for (row, expected) in [
            ("20240102,1200,1210,1190,1205,500", false),
            ("20240102,1200,1210,1190,1205,500,7", false),
            ("20240102,1200,1200.5,1210,1190,1205,500", true),
            ("20240102,0930,1200,1210,1190,1205", true),
            ("20240102,93000,1200,1210,1190,1205,500", true),
            ("20240102,09:30,1,2,0.5,1,9", true),
            // Nothing happened in this bar.
            ("20240102,1200,1200,1200,1200,0", false),
            ("20240102,930,5,5,5,5,0", true),
            ("20240102,1275,1290,1270,1280,500", false),
            ("20240102,1200", false),
        ] {
            let record = ByteRecord::from(row.split(',').collect::<Vec<_>>());
            assert_eq!(has_time_of_day(&record, 1), expected, "{row}");
        }
    }
}
