//! What the path of a file says about the series in it.

use std::path::{Component, Path};

use crate::model::Interval;

/// The names that a path suggests; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) market: Option<String>,
    pub(crate) venue: Option<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) interval: Option<Interval>,
}

/// Folders that name a market.
const MARKETS: [(&str, &str); 8] = [
    ("crypto", "crypto"),
    ("equity", "equity"),
    ("equities", "equity"),
    ("stock", "equity"),
    ("stocks", "equity"),
    ("etf", "equity"),
    ("fx", "fx"),
    ("forex", "fx"),
];

/// How the names of well-known venues begin.
const VENUES: [(&str, &str); 17] = [
    ("bybit", "crypto"),
    ("binance", "crypto"),
    ("okx", "crypto"),
    ("kraken", "crypto"),
    ("coinbase", "crypto"),
    ("bitstamp", "crypto"),
    ("bitfinex", "crypto"),
    ("kucoin", "crypto"),
    ("us_", "equity"),
    ("nasdaq", "equity"),
    ("nyse", "equity"),
    ("amex", "equity"),
    ("lse", "equity"),
    ("yahoo", "equity"),
    ("yfinance", "equity"),
    ("fx_", "fx"),
    ("forex", "fx"),
];

/// How MetaTrader names intervals.
const META_TRADER: [(&str, &str); 12] = [
    ("M1", "1m"),
    ("M5", "5m"),
    ("M15", "15m"),
    ("M30", "30m"),
    ("H1", "1h"),
    ("H4", "4h"),
    ("D1", "1d"),
    ("Daily", "1d"),
    ("W1", "1w"),
    ("Weekly", "1w"),
    ("MN1", "1M"),
    ("Monthly", "1M"),
];

const ENDINGS: [&str; 9] = [
    ".gz", ".zip", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet",
];

/// Reads `.../crypto/bybit/BTCUSDT_1h.csv.gz` and the like.
pub(crate) fn guess(path: &Path) -> Guess {
    let folders: Vec<String> = path
        .parent()
        .unwrap_or(Path::new(""))
        .components()
        .filter_map(|c| match c {
            Component::Normal(name) => Some(name.to_string_lossy().to_lowercase()),
            _ => None,
        })
        .collect();
    let (market, venue) = market_and_venue(&folders);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = without_endings(&name);
    if let Some(guess) = of_trading_view(stem) {
        return Guess {
            market: guess.market.or(market),
            ..guess
        };
    }
    let (symbol, interval) = symbol_and_interval(stem);
    Guess {
        market,
        venue,
        symbol,
        interval,
    }
}

/// A folder that names a market holds folders of venues. Where it is farther up, a well-known
/// venue right above the file says more.
fn market_and_venue(folders: &[String]) -> (Option<String>, Option<String>) {
    let known = |table: &[(&str, &str)], fits: &dyn Fn(&str) -> bool| {
        let found = table.iter().find(|(name, _)| fits(name));
        found.map(|(_, market)| (*market).to_owned())
    };
    let above = folders.iter().enumerate().rev();
    let market = above
        .filter_map(|(at, folder)| Some((at, known(&MARKETS, &|name| name == folder)?)))
        .next();
    let parent = folders.last().cloned();
    let of_parent = parent
        .as_ref()
        .and_then(|parent| known(&VENUES, &|prefix| parent.starts_with(prefix)));
    match (market, of_parent) {
        (Some((at, _)), Some(market)) if at + 2 < folders.len() => (Some(market), parent),
        (Some((at, market)), _) => (Some(market), folders.get(at + 1).cloned()),
        (None, of_parent) => (of_parent, parent),
    }
}

fn without_endings(name: &str) -> &str {
    let mut stem = name;
    loop {
        let shorter = ENDINGS.iter().find_map(|ending| {
            let split = stem.len().checked_sub(ending.len())?;
            let (rest, last) = stem.split_at_checked(split)?;
            (last.eq_ignore_ascii_case(ending) && !rest.is_empty()).then_some(rest)
        });
        match shorter {
            Some(rest) => stem = rest,
            None => return stem,
        }
    }
}

/// `BITSTAMP_BTCUSD, 60`: venue, symbol, and an interval in minutes or like `1D`, as TradingView names
/// what it exports.
fn of_trading_view(stem: &str) -> Option<Guess> {
    let (series, interval) = stem.split_once(", ")?;
    let (venue, symbol) = series.split_once('_')?;
    // It numbers a file of the same name: `NASDAQ_MSFT, 1D (1)`.
    let interval = interval.split(' ').next()?;
    let venue = venue.to_lowercase();
    let known = VENUES.iter().find(|(prefix, _)| venue.starts_with(prefix));
    Some(Guess {
        market: known.map(|(_, market)| (*market).to_owned()),
        symbol: Some(symbol.to_uppercase()).filter(|s| !s.is_empty()),
        interval: match interval.parse() {
            Ok(minutes) => (minutes > 0).then(|| Interval::minutes(minutes)),
            Err(_) => interval.parse().ok(),
        },
        venue: Some(venue),
    })
}

/// Splits `BTCUSDT-1h-2024-01`: the symbol is what stands before the interval, or before a month
/// or date.
fn symbol_and_interval(stem: &str) -> (Option<String>, Option<Interval>) {
    // Investing.com: `EUR_USD Historical Data`.
    if let Some((symbol, _)) = stem.split_once(" Historical Data") {
        let symbol = Some(symbol).filter(|s| !s.is_empty());
        return (symbol.map(str::to_uppercase), None);
    }
    if let Some((pair, interval)) = of_meta_trader_4(stem) {
        return (Some(pair), Some(interval));
    }
    let mut symbol_end = stem.len();
    let mut interval = None;
    let mut at = 0;
    let parts: Vec<&str> = stem.split(['_', '-']).collect();
    for (index, part) in parts.iter().enumerate() {
        let next = parts.get(index + 1).copied().unwrap_or_default();
        if index > 0 {
            interval = interval_of(part, next);
            if interval.is_some() || is_month(part, next) {
                symbol_end = at - 1;
                break;
            }
        }
        at += part.len() + 1;
    }
    let symbol = stem.get(..symbol_end).filter(|s| !s.is_empty());
    (symbol.map(str::to_uppercase), interval)
}

/// `EURUSD60`: two currencies and minutes. The bars confirm the interval, or refuse the file.
fn of_meta_trader_4(stem: &str) -> Option<(String, Interval)> {
    const MINUTES: [&str; 8] = ["1", "5", "15", "30", "60", "240", "1440", "10080"];
    let (pair, minutes) = stem.split_at_checked(6)?;
    let letters = pair.bytes().all(|b| b.is_ascii_alphabetic());
    let known = letters && MINUTES.contains(&minutes);
    let minutes = minutes.parse().ok().filter(|_| known)?;
    Some((pair.to_uppercase(), Interval::minutes(minutes)))
}

/// `1h`, `15m`, the names of MetaTrader, or minutes alone as Bybit writes them, if a date follows.
fn interval_of(part: &str, next: &str) -> Option<Interval> {
    let of_meta_trader = META_TRADER.iter().find(|(name, _)| *name == part);
    if let Some((_, interval)) = of_meta_trader {
        return interval.parse().ok();
    }
    if !part.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()) && is_year(next) {
        let minutes: u32 = part.parse().ok()?;
        return (minutes > 0).then(|| Interval::minutes(minutes));
    }
    part.parse().ok()
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse::<u32>().is_ok_and(|y| (1900..2100).contains(&y))
}

fn is_month(part: &str, next: &str) -> bool {
    is_year(part) && next.len() == 2 && next.parse::<u32>().is_ok_and(|m| (1..=12).contains(&m))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str) -> String {
        let guess = guess(Path::new(path));
        let or = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
        let interval = guess.interval.map(|i| i.to_string());
        let (market, venue) = (or(guess.market), or(guess.venue));
        format!("{market}/{venue}/{}:{}", or(guess.symbol), or(interval))
    }

    #[test]
    fn paths_name_series() {
        for (path, expected) in [
            ("crypto/bybit/BTCUSDT_1h.csv.gz", "crypto/bybit/BTCUSDT:1h"),
            (
                "data/bybit_linear/ETHUSDT_15m.csv.gz",
                "crypto/bybit_linear/ETHUSDT:15m",
            ),
            ("Stocks/NYSE/ibm-1d.CSV", "equity/nyse/IBM:1d"),
            ("etf/SPY.parquet", "equity/-/SPY:-"),
            ("forex/dukascopy/EURUSD_60m.tsv", "fx/dukascopy/EURUSD:1h"),
            ("us_sp500/BRK-B_1d.csv.gz", "equity/us_sp500/BRK-B:1d"),
            ("x/fx_spot/EURUSD.csv", "fx/fx_spot/EURUSD:-"),
            (
                "binance/BTCUSDT-1h-2024-01.zip",
                "crypto/binance/BTCUSDT:1h",
            ),
            (
                "binance/BTCUSDT-1M-2024-01.zip",
                "crypto/binance/BTCUSDT:1M",
            ),
            (
                "bybit/BTCUSDT_15_2024-01-01_2024-01-31.csv.gz",
                "crypto/bybit/BTCUSDT:15m",
            ),
            ("somewhere/AAPL-2020-01-01.csv", "-/somewhere/AAPL:-"),
            ("somewhere/600519.csv", "-/somewhere/600519:-"),
            ("./AAPL.csv", "-/-/AAPL:-"),
            ("../../AAPL_1d.csv", "-/-/AAPL:1d"),
            ("crypto/stocks/v/A_1d.csv", "equity/v/A:1d"),
            ("crypto/old/2020/X_1h.csv", "crypto/old/X:1h"),
            ("stocks/data/bybit/X_1h.csv", "crypto/bybit/X:1h"),
            ("bybit/.csv", "crypto/bybit/.CSV:-"),
            ("x/BITSTAMP_BTCUSD, 60.csv", "crypto/bitstamp/BTCUSD:1h"),
            ("x/NASDAQ_MSFT, 1D (2).csv", "equity/nasdaq/MSFT:1d"),
            ("fx/OANDA_EURUSD, 15.csv", "fx/oanda/EURUSD:15m"),
            (
                "fx/broker/EURUSD_H1_202401020000_202401312300.csv",
                "fx/broker/EURUSD:1h",
            ),
            ("fx/mt/XAUUSD_Daily_202401020000.csv", "fx/mt/XAUUSD:1d"),
            ("fx/mt/XAUUSD_MN1.csv", "fx/mt/XAUUSD:1M"),
            ("fx/mt/GBPUSD240.csv", "fx/mt/GBPUSD:4h"),
            ("fx/mt/NAS100.csv", "fx/mt/NAS100:-"),
            ("fx/inv/EUR_USD Historical Data.csv", "fx/inv/EUR_USD:-"),
        ] {
            assert_eq!(named(path), expected, "{path}");
        }
    }
}
