//! The symbols that a headline names, out of a field that people and programs write in many ways.

use std::collections::HashMap;

use super::fields::check_symbol;
use super::input_report::{DefectKind, RowDefect};
use crate::error::excerpt;

/// The most symbols that a headline may name; a field may be a mebibyte of them.
pub(super) const MAX_SYMBOLS: usize = 1_000;

/// What a field of symbols holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// Words that end the name of a company and are no symbols.
const COMPANIES: [&str; 14] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "company",
    "ltd",
    "limited",
    "plc",
    "llc",
    "gmbh",
    "holding",
    "holdings",
    "group",
    "technologies",
];

/// What fields of symbols hold that were read before: a file has far fewer of them than rows.
#[derive(Debug, Default)]
pub(super) struct KnownFields(HashMap<String, Symbols>);

impl KnownFields {
    const MOST: usize = 4096;
    const LONGEST: usize = 64;

    /// What a field holds.
    pub(super) fn read(&mut self, text: &str) -> Result<Symbols, RowDefect> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let mut symbols = Symbols::default();
        symbols.add_field(text)?;
        if self.0.len() < Self::MOST && text.len() <= Self::LONGEST {
            self.0.insert(text.to_owned(), symbols.clone());
        }
        Ok(symbols)
    }
}

impl Symbols {
    /// Adds a field: one symbol or a list, in brackets and quotes or without.
    pub(super) fn add_field(&mut self, text: &str) -> Result<(), RowDefect> {
        if text.trim().eq_ignore_ascii_case(MISSING_FIELD) {
            self.pass_over(text);
            return Ok(());
        }
        if let Some(values) = self.values_of_objects(text)? {
            return values
                .into_iter()
                .try_for_each(|value| self.add_item(value));
        }
        let between = [
            ';', ',', '|', '[', ']', '{', '}', '"', '\'', '`', '\n', '\r',
        ];
        let mut items = text.split(between).peekable();
        while let Some(item) = items.next() {
            // `Apple, Inc.` is one name.
            match items.next_if(|next| ends_a_company(next)) {
                Some(_) => self.pass_over(item),
                None => self.add_item(item)?,
            }
        }
        Ok(())
    }

    fn pass_over(&mut self, text: &str) {
        self.passed_over
            .get_or_insert_with(|| text.trim().to_owned());
    }

    /// Adds what stands between two separators: symbols with blanks between them.
    fn add_item(&mut self, item: &str) -> Result<(), RowDefect> {
        let item = item.trim();
        let words: Vec<&str> = item.split_whitespace().collect();
        if let [symbol, .., kind] = words.as_slice()
            && KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known))
        {
            return self.add_word(symbol);
        }
        if is_name(&words) {
            self.pass_over(item);
            return Ok(());
        }
        words.into_iter().try_for_each(|word| self.add_word(word))
    }

    /// The symbols in a list of objects, as JSON or Python writes them, of each object the best key; `None` if the
    /// field is no such list.
    fn values_of_objects<'t>(&mut self, text: &'t str) -> Result<Option<Vec<&'t str>>, RowDefect> {
        if !text.contains('{') || !text.contains(':') {
            return Ok(None);
        }
        let texts = quoted(text);
        if !texts.iter().any(|text| text.after.starts_with(':')) {
            return Ok(None);
        }
        let mut values = Vec::new();
        for object in texts.chunk_by(|a, b| a.object == b.object) {
            let pairs = object.iter().zip(object.iter().skip(1));
            // A value follows its key after a colon and nothing else: a number has no quotes.
            let found = pairs.filter(|(key, value)| {
                key.depth == 1 && key.after == ":" && !value.inner.is_empty()
            });
            let ranked = found.filter_map(|(key, value)| {
                let rank = KEYS
                    .iter()
                    .position(|k| key.inner.eq_ignore_ascii_case(k))?;
                Some((rank, value.inner))
            });
            match ranked.min_by_key(|(rank, _)| *rank) {
                Some((_, value)) => values.push(value),
                None => self.pass_over(text),
            }
        }
        match values.is_empty() {
            true => Err(unreadable(text)),
            false => Ok(Some(values)),
        }
    }

    fn add_word(&mut self, word: &str) -> Result<(), RowDefect> {
        if stands_for_nothing(word) {
            self.pass_over(word);
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

/// Whether words are the name of a company rather than symbols: one is written like `Apple`, the last is `INC`
/// or its like, or a small word is too long for a symbol.
fn is_name(words: &[&str]) -> bool {
    let small = words.iter().flat_map(|word| word.chars());
    let small = small.clone().any(char::is_lowercase) && !small.clone().any(char::is_uppercase);
    let letters = |word: &str| word.chars().all(char::is_alphabetic);
    let is_long = |word: &&str| word.len() > 5 && letters(word) && pair_of(word).is_none();
    let several = words.len() > 1;
    words.iter().any(|word| is_written_like_a_name(word))
        || several && words.last().is_some_and(|word| ends_a_company(word))
        || several && small && words.iter().any(is_long)
}

/// The currency that ends a small `btcusdt` or `eurusd`.
fn pair_of(word: &str) -> Option<&'static str> {
    const QUOTES: [&str; 8] = ["usd", "usdt", "usdc", "eur", "gbp", "jpy", "chf", "btc"];
    QUOTES.into_iter().find(|quote| word.ends_with(quote))
}

fn ends_a_company(word: &str) -> bool {
    let word = word.trim().trim_end_matches('.');
    COMPANIES
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
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

/// A text in quotes.
struct Quoted<'a> {
    inner: &'a str,
    /// What stands between it and the next one, trimmed.
    after: &'a str,
    /// How many objects are open around it, and the number of the outermost.
    depth: usize,
    object: usize,
}

fn quoted(text: &str) -> Vec<Quoted<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    let (mut depth, mut object) = (0_usize, 0);
    while let Some(quote) = rest.chars().find(|c| matches!(c, '"' | '\'')) {
        for bracket in rest.chars().take_while(|c| *c != quote) {
            match bracket {
                '{' => {
                    object += usize::from(depth == 0);
                    depth += 1;
                }
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        // The quote of the other kind inside of it is an apostrophe.
        let mut parts = rest.splitn(3, quote).skip(1);
        let (Some(inner), Some(after)) = (parts.next(), parts.next()) else {
            break;
        };
        let next = after.find(['"', '\'']).unwrap_or(after.len());
        found.push(Quoted {
            inner,
            after: after.get(..next).unwrap_or_default().trim(),
            depth,
            object,
        });
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_field_that_was_read_before_means_what_it_meant() {
        let mut known = KnownFields::default();
        let mut read = |text: &str| known.read(text).map_err(|defect| defect.message);
        for _ in 0..2 {
            assert_eq!(read("aapl;NaN; msft").unwrap().names, ["AAPL", "MSFT"]);
            let passed = read("aapl;NaN; msft").unwrap().passed_over;
            assert_eq!(passed.as_deref(), Some("NaN"));
            assert!(read("A\\B").is_err());
        }
        for number in 0..KnownFields::MOST + 9 {
            let name = format!("S{number}");
            assert_eq!(read(&name).unwrap().names, [name]);
        }
        let long = "LONG;".repeat(20);
        assert_eq!(read(&long).unwrap().names, ["LONG"]);
        assert_eq!(known.0.len(), KnownFields::MOST);
    }

    fn read_symbols(text: &str) -> Result<Symbols, RowDefect> {
        let mut symbols = Symbols::default();
        symbols.add_field(text)?;
        Ok(symbols)
    }

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
            // Each object has the keys that it has.
            "[{'ticker': 'AAA'}, {'symbol': 'BBB'}]",
            "[{'ticker': 'AAA', 'of': {'name': 'Alpha'}}, {'name': 'BBB'}]",
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
            "Alpha",
            "alpha inc",
            "ALPHA INC.",
            "alpha, inc.",
            "\"Alpha, Inc.\"",
            "general motors",
            "[{'name': 'Alpha'}]",
        ] {
            let symbols = read_symbols(text).map_err(|d| d.message).unwrap();
            assert!(symbols.names.is_empty(), "{text}: {symbols:?}");
            assert!(symbols.passed_over.is_some(), "{text}");
        }
        assert_eq!(names("AAA;NaN;BBB"), "AAA+BBB");
        assert_eq!(names("btcusdt ethusdt aapl"), "BTCUSDT+ETHUSDT+AAPL");
        assert_eq!(names("RELIANCE TCS"), "RELIANCE+TCS");
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
