//! The symbols that a headline names, out of a field that people and programs write in many ways.

use super::fields::check_symbol;
use super::report::{DefectKind, RowDefect};
use crate::error::excerpt;

/// The most symbols that a headline may name; a field may be a mebibyte of them.
pub(super) const MAX_SYMBOLS: usize = 1_000;

/// What a field of symbols holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Symbols {
    /// In upper case, each once, in the order of the field.
    pub(super) names: Vec<String>,
    /// The first word that stands for a symbol that is missing, like `NaN`, or the first that is the
    /// name of a company. Neither is a symbol.
    pub(super) passed_over: Option<String>,
}

/// What `pandas`, R and people write where nothing is.
const MISSING: [&str; 9] = [
    "nan",
    "none",
    "null",
    "nat",
    "n/a",
    "#n/a",
    "<na>",
    "unknown",
    "undefined",
];
/// As a whole field `NA` is R's word for nothing; in a list it may be a symbol.
const MISSING_FIELD: &str = "na";

/// Exchanges and kinds of market that are written before a symbol and a colon.
const PREFIXES: [&str; 44] = [
    "NASDAQ",
    "NYSE",
    "NYSEARCA",
    "NYSEAMERICAN",
    "NYSEMKT",
    "AMEX",
    "ARCA",
    "BATS",
    "CBOE",
    "IEX",
    "OTC",
    "OTCMKTS",
    "OTCQB",
    "OTCQX",
    "OTCBB",
    "PINK",
    "LSE",
    "LON",
    "TSX",
    "TSE",
    "TSXV",
    "CVE",
    "CSE",
    "ASX",
    "NSE",
    "BSE",
    "HKEX",
    "HKG",
    "EPA",
    "ETR",
    "FRA",
    "XETRA",
    "BINANCE",
    "BYBIT",
    "COINBASE",
    "KRAKEN",
    "OKX",
    "KUCOIN",
    "BITSTAMP",
    "CRYPTO",
    "FOREX",
    "FX",
    "INDEX",
    "STOCK",
];
/// The countries of Bloomberg's symbols, which are written after a colon.
const COUNTRIES: [&str; 16] = [
    "US", "UN", "UW", "LN", "GR", "FP", "JP", "HK", "CN", "CH", "IN", "AU", "CA", "SW", "SS", "KS",
];
/// The kinds of instrument that end a symbol of Bloomberg: `AAPL US Equity`.
const KINDS: [&str; 5] = ["equity", "index", "curncy", "comdty", "corp"];
/// The keys of a symbol in lists of objects, the best one first.
const KEYS: [&str; 4] = ["ticker", "symbol", "code", "name"];

/// Reads a field: one symbol or a list, in brackets and quotes or without.
pub(super) fn read_symbols(text: &str) -> Result<Symbols, RowDefect> {
    let mut symbols = Symbols::default();
    if text.trim().eq_ignore_ascii_case(MISSING_FIELD) {
        symbols.passed_over = Some(text.trim().to_owned());
        return Ok(symbols);
    }
    if let Some(values) = values_of_objects(text)? {
        for value in values {
            symbols.add_item(&value)?;
        }
        return Ok(symbols);
    }
    let between = [
        ';', ',', '|', '[', ']', '{', '}', '"', '\'', '`', '\n', '\r',
    ];
    for item in text.split(between) {
        symbols.add_item(item)?;
    }
    Ok(symbols)
}

impl Symbols {
    /// Adds what stands between two separators: symbols with blanks between them.
    fn add_item(&mut self, item: &str) -> Result<(), RowDefect> {
        let item = item.trim();
        let words: Vec<&str> = item.split_whitespace().collect();
        if let [symbol, .., kind] = words.as_slice()
            && KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known))
        {
            return self.add_word(symbol);
        }
        if words.len() > 1 && words.iter().any(|word| is_written_like_a_name(word)) {
            self.passed_over.get_or_insert_with(|| item.to_owned());
            return Ok(());
        }
        words.into_iter().try_for_each(|word| self.add_word(word))
    }

    fn add_word(&mut self, word: &str) -> Result<(), RowDefect> {
        if stands_for_nothing(word) {
            self.passed_over.get_or_insert_with(|| word.to_owned());
            return Ok(());
        }
        let bare = word.trim_matches(['(', ')', '<', '>']);
        let bare = bare.trim_start_matches(['$', '#']).to_uppercase();
        let symbol = without_exchange(&bare).ok_or_else(|| unreadable(word))?;
        if symbol.contains(['(', ')', '<', '>', '$', '\\']) {
            return Err(unreadable(word));
        }
        check_symbol(symbol)?;
        if self.names.iter().any(|known| known == symbol) {
            return Ok(());
        }
        if self.names.len() == MAX_SYMBOLS {
            return Err(too_many());
        }
        self.names.push(symbol.to_owned());
        Ok(())
    }
}

/// The defect of a row with more symbols than a headline may name.
pub(super) fn too_many() -> RowDefect {
    let message = format!("expected at most {MAX_SYMBOLS} symbols, found more");
    RowDefect::new(DefectKind::BadRow, message)
}

fn unreadable(word: &str) -> RowDefect {
    let message = format!("expected symbols like AAPL;MSFT, found {}", excerpt(word));
    RowDefect::new(DefectKind::BadName, message)
}

fn stands_for_nothing(word: &str) -> bool {
    !word.contains(char::is_alphanumeric) || MISSING.iter().any(|m| word.eq_ignore_ascii_case(m))
}

/// `Apple`, unlike `AAPL` and `aapl`.
fn is_written_like_a_name(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
}

/// `AAPL` of `NASDAQ:AAPL` and of `AAPL:US`; `None` if it is not known which part is the symbol.
fn without_exchange(word: &str) -> Option<&str> {
    match word.split_once(':') {
        None => Some(word),
        Some((prefix, symbol)) if PREFIXES.contains(&prefix) => Some(symbol),
        Some((symbol, suffix)) if COUNTRIES.contains(&suffix) => Some(symbol),
        Some(_) => None,
    }
}

/// The symbols in a list of objects, as JSON or Python writes them; `None` if the field is no such list.
fn values_of_objects(text: &str) -> Result<Option<Vec<String>>, RowDefect> {
    if !text.contains('{') || !text.contains(':') {
        return Ok(None);
    }
    let texts = quoted(text);
    let is_key = |after: &str| after.starts_with(':');
    if !texts.iter().any(|(_, after)| is_key(after)) {
        return Ok(None);
    }
    let pairs = || texts.iter().zip(texts.iter().skip(1));
    let values_of = |wanted: &str| -> Vec<String> {
        // A value follows its key after a colon and nothing else: a number has no quotes.
        let of_it = pairs().filter(|((key, after), (value, _))| {
            key.eq_ignore_ascii_case(wanted) && *after == ":" && !value.is_empty()
        });
        of_it.map(|(_, (value, _))| (*value).to_owned()).collect()
    };
    let mut found = KEYS.iter().map(|key| values_of(key));
    let found = found.find(|values| !values.is_empty());
    found.map(Some).ok_or_else(|| unreadable(text))
}

/// The texts in quotes, each with what stands between it and the next one, trimmed.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(quote) = rest.chars().find(|c| matches!(c, '"' | '\'')) {
        // The quote of the other kind inside of it is an apostrophe.
        let mut parts = rest.splitn(3, quote).skip(1);
        let (Some(inner), Some(after)) = (parts.next(), parts.next()) else {
            break;
        };
        let next = after.find(['"', '\'']).unwrap_or(after.len());
        found.push((inner, after.get(..next).unwrap_or_default().trim()));
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn names(text: &str) -> String {
        let symbols = read_symbols(text).map_err(|d| d.message).unwrap();
        symbols.names.join("+")
    }

    #[test]
    fn lists_of_every_spelling_are_the_same_symbols() {
        for text in [
            "AAA;BBB",
            "aaa, bbb,AAA",
            "AAA BBB",
            "['AAA', 'BBB']",
            "[\"AAA\",\"BBB\"]",
            "{AAA,BBB}",
            "{AAA",
            "$AAA $BBB",
            "NASDAQ:AAA|nyse:bbb",
            "(NASDAQ:AAA) (BBB:US)",
            "AAA US Equity; BBB LN Equity",
            "[{'ticker': 'AAA', 'name': 'Alpha'}, {'ticker': 'BBB', 'name': 'Beta'}]",
            "{\"ticker\":\"CRYPTO:AAA\",\"relevance_score\":\"0.2\"};{\"ticker\":\"BBB\"}",
            "[{'name': \"Alpha's\", 'symbol': 'AAA'}, {'name': 'B', 'symbol': 'BBB'}]",
            "[{\"id\": 7, \"symbol\": \"AAA\"}, {\"id\": 8, \"symbol\": \"BBB\"}]",
        ] {
            let expected = if text == "{AAA" { "AAA" } else { "AAA+BBB" };
            assert_eq!(names(text), expected, "{text}");
            assert_eq!(
                read_symbols(text)
                    .map_err(|d| d.message)
                    .unwrap()
                    .passed_over,
                None,
                "{text}"
            );
        }
        assert_eq!(
            names("BRK.B ^GSPC BTC-USD 0700.HK"),
            "BRK.B+^GSPC+BTC-USD+0700.HK"
        );
    }

    #[test]
    fn words_for_nothing_and_names_of_companies_are_no_symbols() {
        for text in [
            "NAN",
            "nan",
            "-",
            "--",
            "None",
            "null",
            "N/A",
            "NA",
            "<NA>",
            "[nan]",
            "Alpha Motors Inc.",
        ] {
            let symbols = read_symbols(text).map_err(|d| d.message).unwrap();
            assert!(symbols.names.is_empty(), "{text}: {symbols:?}");
            assert!(symbols.passed_over.is_some(), "{text}");
        }
        assert_eq!(names("AAA;NaN;BBB"), "AAA+BBB");
        assert_eq!(names("AAA;NA"), "AAA+NA");
        assert_eq!(names("Alpha Motors (AAA)"), "");
        for text in ["", " ", "[]", "{}"] {
            let symbols = read_symbols(text).map_err(|d| d.message).unwrap();
            assert_eq!(symbols, Symbols::default(), "{text}");
        }
    }

    #[test]
    fn what_may_mean_two_things_is_refused() {
        for text in ["AAA:BBB", "A/B", "AA$", "A(B)C", "[{'id': 1}]"] {
            let defect = read_symbols(text).err().map(|d| d.message);
            assert!(
                defect.is_some_and(|m| m.contains("expected")),
                "{text} was read"
            );
        }
    }
}
