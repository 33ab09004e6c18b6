//! Symbols as sources spell them, into what can be part of a series' name.

use std::borrow::Cow;

/// What a name may not hold, as [`crate::model::SeriesKey`] says, and sources write. Line breaks and
/// control characters are left to it: no source means them.
fn is_forbidden(c: char) -> bool {
    " /:@,".contains(c)
}

/// A symbol without what a name cannot hold: `BTC/USDT` is `BTCUSDT`, `BTC/USDT:USDT` (a perpetual, as
/// ccxt spells it) is `BTCUSDT.P`, `NASDAQ:AAPL` is `AAPL`, `BRK/B` is `BRK.B`. Others stay as they are.
pub(super) fn plain_symbol(symbol: &str) -> Cow<'_, str> {
    if !symbol.contains(is_forbidden) {
        return symbol.into();
    }
    let plain = match symbol.split_once('/') {
        Some((base, rest)) => of_pair(base, rest),
        None => symbol.rsplit(':').next().unwrap_or(symbol).to_owned(),
    };
    let safe = |c: char| if is_forbidden(c) { '_' } else { c };
    plain.trim().chars().map(safe).collect::<String>().into()
}

/// The exchange before a symbol, as in `NASDAQ:AAPL`, in lower case.
pub(super) fn exchange_of(symbol: &str) -> Option<String> {
    if symbol.contains('/') {
        return None;
    }
    let (exchange, _) = symbol.rsplit_once(':')?;
    Some(exchange.trim().to_lowercase())
}

/// `BTC` and `USDT:USDT-240628`.
fn of_pair(base: &str, rest: &str) -> String {
    let Some((quote, settled)) = rest.split_once(':') else {
        // The class of a share has one letter, a currency more.
        let dot = if rest.chars().count() == 1 { "." } else { "" };
        return format!("{base}{dot}{rest}");
    };
    let (coin, expiry) = match settled.split_once('-') {
        Some((coin, expiry)) => (coin, format!("-{expiry}")),
        None => (settled, ".P".to_owned()),
    };
    let coin = match coin == quote {
        true => String::new(),
        false => format!("-{coin}"),
    };
    format!("{base}{quote}{coin}{expiry}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_become_names() {
        for (symbol, expected) in [
            ("BTCUSDT", "BTCUSDT"),
            ("BTC-USDT", "BTC-USDT"),
            ("BTC/USDT", "BTCUSDT"),
            ("BTC/USDT:USDT", "BTCUSDT.P"),
            ("BTC/USD:BTC", "BTCUSD-BTC.P"),
            ("BTC/USDT:USDT-240628", "BTCUSDT-240628"),
            ("NASDAQ:AAPL", "AAPL"),
            ("BRK/B", "BRK.B"),
            ("Apple Inc.", "Apple_Inc."),
            ("a\nb", "a\nb"),
            ("", ""),
        ] {
            assert_eq!(plain_symbol(symbol), expected, "{symbol}");
        }
    }
}
