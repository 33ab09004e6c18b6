//! Which field is which in candles without names. Exchanges write open, high, low and close in several orders;
//! the prices tell which: none is above the high or below the low.

use serde_json::Value;

/// An order of fields, the time first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    volume: usize,
}

/// Time, open, high, low, close, volume: most exchanges.
const USUAL: Order = Order {
    open: 1,
    high: 2,
    low: 3,
    close: 4,
    volume: 5,
};
const ORDERS: [Order; 4] = [
    USUAL,
    // KuCoin, Bitfinex
    Order {
        open: 1,
        high: 3,
        low: 4,
        close: 2,
        volume: 5,
    },
    // Coinbase
    Order {
        open: 3,
        high: 2,
        low: 1,
        close: 4,
        volume: 5,
    },
    // Gate: the volume in the quote currency comes first, that in the base currency later.
    Order {
        open: 5,
        high: 3,
        low: 4,
        close: 2,
        volume: 6,
    },
];

/// The names of the fields of such rows; `None` if they are as a reader of rows without names takes them: in
/// the usual order, and as many as there are in files without a header.
pub(super) fn names_of(rows: &[&Vec<Value>]) -> Option<Vec<String>> {
    let width = rows.first()?.len();
    if width < 5 {
        return None;
    }
    let numbers: Vec<Vec<f64>> = rows.iter().map(|row| numbers(row)).collect();
    let count = |order: &Order| numbers.iter().filter(|row| fits(order, row)).count();
    let mut best = (USUAL, count(&USUAL));
    for order in ORDERS {
        // Of orders that fit alike the usual one, which comes first.
        let fitting = count(&order);
        if fitting > best.1 {
            best = (order, fitting);
        }
    }
    let mut order = best.0;
    let has_average = order == USUAL && width == 8 && numbers.iter().all(|row| is_average(row));
    if has_average {
        // Kraken
        order.volume = 6;
    }
    if order == USUAL && matches!(width, 5 | 6 | 7 | 12) {
        return None;
    }
    Some(names(order, width))
}

fn names(order: Order, width: usize) -> Vec<String> {
    let name = |at: usize| match at {
        0 => "time".to_owned(),
        _ if at == order.open => "open".to_owned(),
        _ if at == order.high => "high".to_owned(),
        _ if at == order.low => "low".to_owned(),
        _ if at == order.close => "close".to_owned(),
        _ if at == order.volume => "volume".to_owned(),
        _ => format!("field{}", at + 1),
    };
    (0..width).map(name).collect()
}

/// The fields as numbers, NaN where there is none.
fn numbers(row: &[Value]) -> Vec<f64> {
    let number = |value: &Value| match value {
        Value::String(text) => text.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    };
    row.iter().map(number).collect()
}

fn fits(order: &Order, row: &[f64]) -> bool {
    let field = |at: usize| row.get(at).copied().unwrap_or(f64::NAN);
    let (high, low) = (field(order.high), field(order.low));
    let inside = |price: f64| price >= low && price <= high;
    inside(field(order.open)) && inside(field(order.close))
}

/// Whether the field where most have the volume is a price between low and high.
fn is_average(row: &[f64]) -> bool {
    let field = |at: usize| row.get(at).copied().unwrap_or(f64::NAN);
    let average = field(USUAL.volume);
    // Kraken writes 0 as the average of a candle without trades.
    average == 0.0 && field(USUAL.volume + 1) == 0.0
        || average >= field(USUAL.low) && average <= field(USUAL.high)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order_of(rows: &Value) -> Option<String> {
        let rows: Vec<&Vec<Value>> = rows
            .as_array()?
            .iter()
            .filter_map(Value::as_array)
            .collect();
        names_of(&rows).map(|names| names.join(" "))
    }

    #[test]
    fn prices_tell_the_order() {
        // Open 10, high 14, low 9, close 12, volume 500; the second row fits every order.
        for (rows, expected) in [
            (json!([[1, 10, 14, 9, 12, 500], [2, 1, 1, 1, 1, 1]]), None),
            (
                json!([["1", "10", "12", "14", "9", "500", "7"]]),
                Some("time open close high low volume field7"),
            ),
            (
                json!([[1, 9, 14, 10, 12, 500]]),
                Some("time low high open close volume"),
            ),
            (
                json!([["1", "6000", "12", "14", "9", "10", "500", "true"]]),
                Some("time field2 close high low open volume field8"),
            ),
            (
                json!([["1", "10", "14", "9", "12", "500", "1", "1", "1"]]),
                Some("time open high low close volume field7 field8 field9"),
            ),
            (
                json!([[1, "10", "14", "9", "12", "11.5", "500", 7]]),
                Some("time open high low close field6 volume field8"),
            ),
            (json!([[1, 1, 1, 1, 1, 1, 1]]), None),
            (json!([[1, 10, 14]]), None),
            (json!([]), None),
        ] {
            assert_eq!(order_of(&rows).as_deref(), expected, "{rows}");
        }
    }

    #[test]
    fn one_bad_candle_does_not_change_the_order() {
        let rows = json!([
            [1, 10, 14, 9, 12, 5],
            [2, 10, 12, 14, 9, 5],
            [3, 10, 14, 9, 12, 5]
        ]);
        assert_eq!(order_of(&rows), None);
    }
}
