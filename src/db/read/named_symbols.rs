//! Symbols that a sentence names: by a common name, like bitcoin, as a ticker, like FB or $BTC, or by a name
//! that is stored as an attribute.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::attributes::Attributes;
use super::filter::Filter;
use super::sentence::{Phrases, raw_words, words};
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::store::{BarReads, SeriesId, SeriesRecord};

/// What a symbol of a pair ends with after the coin: BTC is stored as BTCUSDT.
const QUOTES: [&str; 10] = [
    "USDT", "USDC", "USD", "BUSD", "FDUSD", "TUSD", "EUR", "-USD", "/USD", "/USDT",
];

/// Words in capitals that are seldom tickers. After a `$` they are.
const NO_TICKERS: [&str; 96] = [
    "AI", "AM", "AN", "AND", "ALL", "ANY", "ARE", "AS", "AT", "BE", "BIG", "BOJ", "BUT", "BUY",
    "BY", "CAN", "CAR", "CEO", "CFO", "CPI", "DAY", "DO", "DOJ", "DOWN", "ECB", "EPS", "ETF", "EU",
    "FAST", "FDA", "FED", "FOR", "FTC", "FUND", "GAS", "GDP", "GET", "GO", "GOOD", "HAS", "HE",
    "HIGH", "HOLD", "IF", "IN", "IPO", "IRS", "IS", "IT", "KEY", "LOW", "MAY", "ME", "MY", "NEW",
    "NEXT", "NO", "NOT", "NOW", "OF", "OIL", "ON", "ONE", "OPEC", "OR", "OUT", "PCE", "PLAY", "PM",
    "POST", "RUN", "SEC", "SEE", "SELL", "SHE", "SO", "TECH", "THE", "TO", "TOP", "TRUE", "TWO",
    "UK", "UN", "UP", "US", "USA", "USD", "VERY", "WE", "WELL", "WHO", "WHY", "WILL", "YES", "YOU",
];

static NAMES: LazyLock<Result<Phrases<Vec<String>>>> = LazyLock::new(|| {
    let file: BTreeMap<String, Vec<String>> =
        serde_json::from_str(include_str!("symbol_names.json")).map_err(|error| {
            Error::internal(format!("the names of symbols do not read: {error}"))
        })?;
    Ok(Phrases::new(file.iter().map(|(name, v)| (name, v.clone()))))
});

/// What a sentence may mean: symbols and coins.
fn named(sentence: &str) -> Result<Vec<String>> {
    let names = NAMES.as_ref().map_err(Clone::clone)?;
    let raw: Vec<String> = raw_words(sentence).map(|word| own(&word)).collect();
    let lower: Vec<String> = raw.iter().map(|word| word.to_lowercase()).collect();
    let mut all = Vec::new();
    let mut taken = BTreeSet::new();
    for found in names.find(&lower) {
        taken.extend(found.at..found.at + found.length);
        all.extend(found.value);
    }
    // In a sentence that is all in capitals they tell nothing.
    let shouted = raw.len() > 1 && !raw.iter().any(|word| *word != word.to_uppercase());
    for (at, word) in raw.iter().enumerate() {
        let letters = word.chars().filter(char::is_ascii_uppercase).count();
        let capitals = letters >= 2 && word.chars().all(|c| !c.is_lowercase());
        let common = NO_TICKERS.contains(&word.as_str());
        if capitals && !shouted && !common && !taken.contains(&at) {
            all.push(word.clone());
        }
    }
    // "$BTC", "$fb"; "$5" is an amount, and "$5B" too.
    for part in sentence.split('$').skip(1) {
        let ticker: String = part
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        if ticker.starts_with(|c: char| c.is_ascii_alphabetic()) {
            all.push(ticker.to_uppercase());
        }
    }
    Ok(all)
}

/// A word without the possessive: "Apple's" is Apple. A name that is written so, like McDonald's,
/// stays.
fn own(word: &str) -> String {
    let stem = word.strip_suffix("'s").or(word.strip_suffix("'S"));
    match stem {
        Some(stem) if !stem.eq_ignore_ascii_case("mcdonald") => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// What a company's name may end with.
const LEGAL_FORMS: [&str; 18] = [
    "inc",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "plc",
    "ag",
    "se",
    "sa",
    "nv",
    "group",
    "holdings",
    "holding",
    "incorporated",
    "the",
    "llc",
];

/// The symbols that a sentence names by their attributes `name` and `aliases`. A name of one word has to be
/// written with a capital: a target is no Target.
fn named_by_attributes(sentence: &str, attributes: &Attributes) -> BTreeSet<String> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (symbol, name) in attributes.names() {
        let mut parts: Vec<String> = words(name);
        let form = |word: Option<&String>| word.is_some_and(|w| LEGAL_FORMS.contains(&w.as_str()));
        while parts.len() > 1 && form(parts.last()) {
            parts.pop();
        }
        if parts.len() > 1 && parts.first().is_some_and(|word| word == "the") {
            parts.remove(0);
        }
        let symbols = names.entry(parts.join(" ")).or_default();
        symbols.push(symbol.to_owned());
    }
    let phrases = Phrases::new(names.iter().map(|(name, symbols)| (name, symbols.clone())));
    let raw: Vec<String> = raw_words(sentence).map(|word| own(&word)).collect();
    let lower: Vec<String> = raw.iter().map(|word| word.to_lowercase()).collect();
    let capital = |at: usize| {
        raw.get(at)
            .is_some_and(|w| w.starts_with(char::is_uppercase))
    };
    let found = phrases.find(&lower).into_iter();
    let found = found.filter(|phrase| phrase.length > 1 || capital(phrase.at));
    found.flat_map(|phrase| phrase.value).collect()
}

/// Whether a stored symbol is what a name means: itself, or it against a currency.
fn means(stored: &str, name: &str) -> bool {
    stored
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || QUOTES.contains(&rest))
}

/// Whether a view knows a bar of a series.
pub(in crate::db) fn has_begun(
    view: &View,
    snapshot: &Snapshot,
    (id, record): (SeriesId, &SeriesRecord),
) -> Result<bool> {
    let extent = snapshot.txn.bar_extent(id)?;
    let close = |open| record.key.interval.close_of(Timestamp::from_millis(open));
    Ok(extent.is_some_and(|extent| close(extent.first) <= view.clamp(None)))
}

/// The stored symbols that a sentence names, among the series that pass a filter and have a bar that
/// the view knows, ascending.
pub(in crate::db) fn symbols_named(
    sentence: &str,
    filter: &Filter,
    (view, snapshot): (&View, &Snapshot),
) -> Result<Vec<String>> {
    let names = named(sentence)?;
    let by_attributes = named_by_attributes(sentence, &Attributes::of(view, snapshot)?);
    let mut found = BTreeSet::new();
    if names.is_empty() && by_attributes.is_empty() {
        return Ok(Vec::new());
    }
    let filter = filter.series(view, snapshot)?;
    for (&id, record) in snapshot.series.iter() {
        let symbol = &record.key.symbol;
        let meant =
            || by_attributes.contains(symbol) || names.iter().any(|name| means(symbol, name));
        let new = !found.contains(symbol) && filter.holds(&record.key);
        if new && meant() && has_begun(view, snapshot, (id, record))? {
            found.insert(symbol.clone());
        }
    }
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Attribute;

    #[test]
    fn names_and_tickers_are_recognised() {
        let meant = |sentence: &str, stored: &str| {
            let names = named(sentence).unwrap();
            names.iter().any(|name| means(stored, name))
        };
        for (sentence, stored) in [
            ("bitcoin crashes", "BTCUSDT"),
            ("Bitcoin's plunge", "BTCUSD"),
            ("BITCOIN CRASHES", "BTC"),
            ("fear in $btc", "BTCUSDT"),
            ("why FB fell", "FB"),
            ("Facebook misses", "FB"),
            ("facebook misses", "META"),
            ("apple and microsoft soar", "MSFT"),
            ("BTC-USD falls", "BTCUSDT"),
            ("Coca-Cola warns", "KO"),
            ("$ALL falls", "ALL"),
            ("McDonald's slumps", "MCD"),
        ] {
            assert!(meant(sentence, stored), "{sentence}: {stored}");
        }
        for (sentence, stored) in [
            ("bitcoin cash crashes", "BTCUSDT"),
            ("ON a bad day shares fall", "ON"),
            ("ALL falls", "ALL"),
            ("SHARES OF HP FALL", "HP"),
            ("a loss of $5B", "B"),
            ("fb fell", "FB"),
            ("bitcoin crashes", "BTCDOMUSDT"),
            ("A profit warning", "A"),
        ] {
            assert!(!meant(sentence, stored), "{sentence}: {stored}");
        }
    }

    #[test]
    fn stored_names_and_aliases_are_recognised() {
        let said = [
            ("TGT", "name", "Target Corporation"),
            ("KO", "name", "The Coca-Cola Company"),
            ("GE", "aliases", "General Electric; Generator maker"),
            ("GE", "sector", "Industrials"),
        ];
        let said = said.map(|(symbol, name, value)| Attribute::new(symbol, name, value));
        let attributes = Attributes::new(said.into_iter());
        for (sentence, symbols) in [
            ("Target's profit falls", vec!["TGT"]),
            ("the price target falls", vec![]),
            ("coca-cola and general electric fall", vec!["GE", "KO"]),
            ("a generator maker fails", vec!["GE"]),
            ("Industrials fall", vec![]),
        ] {
            let found = named_by_attributes(sentence, &attributes);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), symbols, "{sentence}");
        }
    }
}
