//! What the words of paths mean: markets, venues, intervals, kinds of product, dates, and words that
//! say nothing about a series.

use crate::model::Interval;

/// Folders that name a market.
const MARKETS: [(&str, &str); 14] = [
    ("crypto", "crypto"),
    ("cryptos", "crypto"),
    ("cryptocurrency", "crypto"),
    ("cryptocurrencies", "crypto"),
    ("equity", "equity"),
    ("equities", "equity"),
    ("stock", "equity"),
    ("stocks", "equity"),
    ("shares", "equity"),
    ("etf", "equity"),
    ("etfs", "equity"),
    ("fx", "fx"),
    ("forex", "fx"),
    ("currencies", "fx"),
];

/// How the names of well-known venues begin.
const VENUES: [(&str, &str); 37] = [
    ("bybit", "crypto"),
    ("binance", "crypto"),
    ("okx", "crypto"),
    ("okex", "crypto"),
    ("kraken", "crypto"),
    ("coinbase", "crypto"),
    ("gdax", "crypto"),
    ("bitstamp", "crypto"),
    ("bitfinex", "crypto"),
    ("bitmex", "crypto"),
    ("bitget", "crypto"),
    ("bittrex", "crypto"),
    ("bithumb", "crypto"),
    ("kucoin", "crypto"),
    ("gateio", "crypto"),
    ("huobi", "crypto"),
    ("htx", "crypto"),
    ("mexc", "crypto"),
    ("deribit", "crypto"),
    ("gemini", "crypto"),
    ("poloniex", "crypto"),
    ("upbit", "crypto"),
    ("hyperliquid", "crypto"),
    ("dydx", "crypto"),
    ("us_", "equity"),
    ("nasdaq", "equity"),
    ("nyse", "equity"),
    ("amex", "equity"),
    ("lse", "equity"),
    ("nse", "equity"),
    ("bse", "equity"),
    ("yahoo", "equity"),
    ("yfinance", "equity"),
    ("fx_", "fx"),
    ("forex", "fx"),
    ("oanda", "fx"),
    ("dukascopy", "fx"),
];

/// Those of them that have shares, currencies and coins.
const OF_ALL_MARKETS: [&str; 2] = ["yahoo", "yfinance"];

/// Exchanges and countries that folders of shares are called by.
const PLACES: &str = "US USA UK GB EU HK JP CN TW NYSE NASDAQ AMEX ARCA OTC LSE NSE BSE HKEX SEHK JPX TSE TYO KRX KOSPI KOSDAQ SSE SZSE TWSE TPEX ASX TSX TSXV SGX XETRA EURONEXT MOEX KLSE IDX JSE BMV SP500 NDX";

/// How MetaTrader names intervals.
const META_TRADER: [(&str, &str); 15] = [
    ("m1", "1m"),
    ("m2", "2m"),
    ("m3", "3m"),
    ("m5", "5m"),
    ("m10", "10m"),
    ("m15", "15m"),
    ("m30", "30m"),
    ("h1", "1h"),
    ("h2", "2h"),
    ("h4", "4h"),
    ("h6", "6h"),
    ("h12", "12h"),
    ("d1", "1d"),
    ("w1", "1w"),
    ("mn1", "1M"),
];

/// Kinds of product that share the symbols of another one, and what they add to the venue.
const PRODUCTS: [(&str, &str); 19] = [
    ("spot", ""),
    ("futures", "futures"),
    ("future", "futures"),
    ("perp", "perp"),
    ("perps", "perp"),
    ("perpetual", "perp"),
    ("swap", "swap"),
    ("linear", "linear"),
    ("inverse", "inverse"),
    ("um", "um"),
    ("usdm", "um"),
    ("cm", "cm"),
    ("coinm", "cm"),
    ("option", "option"),
    ("options", "option"),
    ("mark", "mark"),
    ("index", "index"),
    ("premium", "premium"),
    ("ask", "ask"),
];

/// How the names of prices begin that nobody traded at, without separators.
const NOT_TRADED: [(&str, &str); 3] = [
    ("markprice", "mark"),
    ("indexprice", "index"),
    ("premiumindex", "premium"),
];

/// Words that a name holds beside the symbol and that say nothing about it.
const NOISE: [&str; 45] = [
    "ohlcv",
    "ohlc",
    "kline",
    "klines",
    "candle",
    "candles",
    "candlestick",
    "candlesticks",
    "bar",
    "bars",
    "data",
    "dataset",
    "history",
    "historical",
    "historicaldata",
    "hist",
    "price",
    "prices",
    "quotes",
    "export",
    "download",
    "downloads",
    "merged",
    "combined",
    "raw",
    "clean",
    "cleaned",
    "part",
    "output",
    "trade",
    "trades",
    "bid",
    "chart",
    "to",
    "from",
    "csv",
    "parquet",
    "json",
    "timeseries",
    "intraday",
    "eod",
    "stock",
    "stocks",
    "crypto",
    "forex",
];

/// Currencies of states and metals, as pairs of foreign exchange name them.
const CURRENCIES: &str = "USD EUR GBP JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF TRY ZAR MXN SGD HKD CNH CNY INR KRW THB ILS RUB BRL TWD XAU XAG XPT XPD";

/// Coins that are traded against currencies of states.
const COINS: &str = "BTC XBT ETH SOL XRP ADA DOGE XDG LTC BNB DOT AVAX LINK MATIC POL TRX BCH XLM ATOM ETC UNI SHIB NEAR APT ARB OP FIL ICP AAVE ALGO EOS XTZ XMR DASH ZEC NEO IOTA VET THETA FTM SAND MANA AXS GRT MKR SNX COMP CRV SUSHI YFI TON SUI PEPE HBAR INJ";

/// Currencies that only coins are quoted in.
const STABLE: [&str; 7] = ["USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDE", "DAI"];

fn listed(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one.eq_ignore_ascii_case(word))
}

/// The market that a folder names.
pub(super) fn market(folder: &str) -> Option<&'static str> {
    let found = MARKETS.iter().find(|(name, _)| *name == folder);
    found.map(|(_, market)| *market)
}

/// What a well-known venue trades in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VenueMarket {
    pub(super) market: &'static str,
    /// `false` if the bars are believed rather than the name: `binance-bot` may trade in anything, and
    /// Yahoo does.
    pub(super) sure: bool,
}

/// The market of a folder or of a word that names a well-known venue. A short name must stand alone
/// or before a separator: `lse_daily`, and not `lseg`.
pub(super) fn market_of_venue(name: &str) -> Option<VenueMarket> {
    VENUES.iter().find_map(|(venue, market)| {
        let rest = name.strip_prefix(venue)?;
        let apart =
            venue.len() > 4 || venue.ends_with('_') || !rest.starts_with(char::is_alphanumeric);
        let words = rest.split(|c: char| !c.is_alphanumeric());
        let sure = venue.ends_with('_') || words.into_iter().all(is_of_archive);
        apart.then_some(VenueMarket {
            market,
            sure: sure && !OF_ALL_MARKETS.contains(venue),
        })
    })
}

/// Whether a word beside the name of a venue says what its data are, and nothing else.
fn is_of_archive(word: &str) -> bool {
    const MORE: [&str; 10] = [
        "", "us", "eu", "com", "pro", "global", "public", "archive", "vision", "v5",
    ];
    let digits = word.bytes().all(|b| b.is_ascii_digit());
    let named = is_noise(word) || product(word).is_some() || market(word).is_some();
    digits || named || interval(word).is_some() || MORE.contains(&word)
}

/// Whether a folder is called like an exchange or a country of exchanges, and no share is.
pub(super) fn is_place(folder: &str) -> bool {
    listed(PLACES, folder)
}

/// Whether a word of a file's name is that of a venue.
pub(super) fn is_venue(word: &str) -> bool {
    let name = word.to_lowercase();
    VENUES.iter().any(|(venue, _)| *venue == name) && name != "forex"
        || ["binanceus", "coinbasepro", "krakenfutures"].contains(&&*name)
}

/// What a kind of product adds to the name of the venue: nothing for spot.
pub(super) fn product(word: &str) -> Option<&'static str> {
    let letters = |c: &char| c.is_alphanumeric();
    let word: String = word.to_lowercase().chars().filter(letters).collect();
    let of_word = PRODUCTS.iter().find(|(name, _)| *name == word);
    let not_traded = NOT_TRADED.iter().find(|(name, _)| word.starts_with(name));
    of_word.or(not_traded).map(|(_, suffix)| *suffix)
}

/// The same of a folder. One called `index` may as well hold the indices of a stock exchange.
pub(super) fn product_of_folder(folder: &str) -> Option<&'static str> {
    product(folder).filter(|_| !["index", "premium", "option"].contains(&folder))
}

/// Whether a word says nothing about a series.
pub(super) fn is_noise(word: &str) -> bool {
    NOISE.iter().any(|noise| noise.eq_ignore_ascii_case(word))
}

/// How sure a word is to be an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sureness {
    /// `1h`, `15min`, `daily`.
    Sure,
    /// `60` and `H4`, which may as well be a number and the contract of March 2024.
    IfBarsAgree,
}

/// The interval that a word names.
pub(super) fn interval(word: &str) -> Option<(Interval, Sureness)> {
    let lower = word.to_ascii_lowercase();
    if let Some((_, interval)) = META_TRADER.iter().find(|(name, _)| *name == lower) {
        return Some((interval.parse().ok()?, Sureness::IfBarsAgree));
    }
    let alone = match &*lower {
        "minute" | "minutely" => Some("1m"),
        "hour" | "hourly" => Some("1h"),
        "day" | "daily" => Some("1d"),
        "weekly" => Some("1w"),
        "month" | "monthly" => Some("1M"),
        _ => None,
    };
    if let Some(text) = alone {
        return Some((text.parse().ok()?, Sureness::Sure));
    }
    let digits = lower.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = word.split_at_checked(digits)?;
    Some((of_unit(number, unit)?, Sureness::Sure))
}

/// `15` and `min`, `1` and `Hour`.
pub(super) fn of_unit(number: &str, unit: &str) -> Option<Interval> {
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let lower = unit.to_ascii_lowercase();
    let unit = match &*lower {
        "m" if unit == "M" => "M",
        "ms" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "wk" | "week" | "weeks" => "w",
        "mo" | "mon" | "month" | "months" => "M",
        _ => return None,
    };
    format!("{number}{unit}").parse().ok()
}

/// Minutes as a bare number, as exchanges write them.
pub(super) fn bare_minutes(word: &str) -> Option<Interval> {
    const USUAL: [&str; 15] = [
        "1", "2", "3", "5", "10", "15", "30", "60", "120", "180", "240", "360", "720", "1440",
        "10080",
    ];
    if !USUAL.contains(&word) {
        return None;
    }
    word.parse().ok().map(Interval::minutes)
}

/// How many of the words from the first on are a date: `2024`, `2024 01`, `2024 01 31`,
/// `31 01 2024`, `202401`, `20240131`, `01.01.2024`, `20240131235959`, a time in Unix seconds.
pub(super) fn words_of_date(words: &[&str]) -> usize {
    let word = |i: usize| words.get(i).copied().unwrap_or_default();
    let (first, second, third) = (word(0), word(1), word(2));
    if is_year(first) {
        return match (is_month(second), is_day(third)) {
            (true, true) => 3,
            (true, false) => 2,
            _ => 1,
        };
    }
    if is_day(first) && is_month(second) && is_year(third) {
        return 3;
    }
    usize::from(is_date(first))
}

fn is_date(word: &str) -> bool {
    let digits = word.bytes().all(|b| b.is_ascii_digit());
    let part = |from: usize, to: usize| word.get(from..to).unwrap_or_default();
    match word.len() {
        6 if digits => is_year(part(0, 4)) && is_month(part(4, 6)),
        6 => is_year(part(0, 4)) && matches!(part(4, 6), "Q1" | "Q2" | "Q3" | "Q4"),
        8 | 12 | 14 if digits => is_year(part(0, 4)) && is_month(part(4, 6)) && is_day(part(6, 8)),
        10 | 13 if digits => word.starts_with('1'),
        _ => {
            let mut parts = word.split('.');
            let [a, b, c] =
                [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
            let last = parts.next().is_none();
            last && is_month_or_day(b) && (is_year(a) && is_day(c) || is_day(a) && is_year(c))
        }
    }
}

fn is_month_or_day(word: &str) -> bool {
    is_month(word) || is_day(word)
}

/// A year of four digits.
pub(super) fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse::<u32>().is_ok_and(|y| (1900..2100).contains(&y))
}

fn is_month(word: &str) -> bool {
    word.len() == 2 && word.parse::<u32>().is_ok_and(|m| (1..=12).contains(&m))
}

fn is_day(word: &str) -> bool {
    word.len() == 2 && word.parse::<u32>().is_ok_and(|d| (1..=31).contains(&d))
}

/// What a symbol is traded against, if it says so: `BTCUSDT` is `BTC` and `USDT`.
pub(super) fn pair(symbol: &str) -> Option<(String, String)> {
    let plain: String = symbol.chars().filter(|c| c.is_alphanumeric()).collect();
    let plain = plain.to_uppercase();
    let parts: Vec<&str> = symbol
        .split(['-', '_', '/', ':'])
        .filter(|p| !p.is_empty())
        .collect();
    if let [base, quote, ..] = parts.as_slice()
        && is_money(quote)
    {
        return Some((base.to_uppercase(), quote.to_uppercase()));
    }
    let quotes = STABLE
        .into_iter()
        .chain(CURRENCIES.split(' '))
        .chain(["BTC", "ETH", "BNB"]);
    let mut split = quotes.filter_map(|quote| {
        let base = plain.strip_suffix(quote)?;
        // `HYUNDAI` is no pair.
        let is_base = base.len() >= 2 && (quote != "DAI" || listed(COINS, base));
        is_base.then(|| (base.to_owned(), quote.to_owned()))
    });
    split.next()
}

/// Whether a word is a currency or a coin that others are quoted in.
pub(super) fn is_money(word: &str) -> bool {
    is_cash(word) || ["btc", "eth", "bnb"].contains(&&*word.to_lowercase())
}

/// Whether a word is the currency of a state, or a coin that is worth one.
pub(super) fn is_cash(word: &str) -> bool {
    let stable = STABLE.iter().any(|one| one.eq_ignore_ascii_case(word));
    stable || listed(CURRENCIES, word)
}

/// The market of a symbol that is a pair of currencies or of coins.
pub(super) fn market_of_pair(symbol: &str) -> Option<&'static str> {
    // Yahoo: `EURUSD=X`. TradingView: `BTCUSDT.P`.
    let symbol = symbol.trim_end_matches("=X").trim_end_matches(".P");
    let (base, quote) = pair(symbol)?;
    if STABLE.contains(&&*quote) || listed(COINS, &base) {
        return Some("crypto");
    }
    (listed(CURRENCIES, &base) && listed(CURRENCIES, &quote)).then_some("fx")
}
