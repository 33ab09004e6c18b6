//! What the name of a file says: symbol, interval, venue and kind of product, in the orders and with
//! the separators that exchanges and collectors use.

use super::path_words::{
    Sureness, bare_minutes, interval, is_money, is_noise, is_venue, is_year, of_unit, product,
    words_of_date,
};
use crate::model::Interval;

/// What the name of a file says about the series in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stem {
    pub(super) venue: Option<String>,
    pub(super) symbol: Option<String>,
    pub(super) interval: Option<Interval>,
    /// An interval that the bars have to confirm. If they do, it is no part of the symbol.
    pub(super) perhaps: Option<Perhaps>,
    /// The symbol if nothing else tells one: the name is a word that may mean something else.
    pub(super) last_resort: Option<String>,
    /// What kinds of product add to the venue.
    pub(super) products: Vec<&'static str>,
}

impl Stem {
    /// Takes what it does not say from another name.
    pub(super) fn fill(&mut self, other: Self) {
        self.venue = self.venue.take().or(other.venue);
        self.products.extend(other.products);
        if self.symbol.is_none() && other.symbol.is_some() {
            self.symbol = other.symbol;
            self.interval = self.interval.or(other.interval);
            self.perhaps = self.perhaps.take().or(other.perhaps);
        }
    }
}

/// What a name means if the bars are of this interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Perhaps {
    pub(crate) interval: Interval,
    /// The symbol without the interval.
    pub(crate) symbol: Option<String>,
}

const ENDINGS: [&str; 13] = [
    ".gz", ".zip", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".feather",
    ".arrow", ".dat", ".snappy",
];

/// Reads the name of a file without its folder.
pub(super) fn read_stem(name: &str) -> Stem {
    let stem = without_copy(without_endings(name));
    let special = of_trading_view(stem)
        .or_else(|| of_investing(stem))
        .or_else(|| of_meta_trader_4(stem));
    special.unwrap_or_else(|| of_words(stem))
}

pub(super) fn without_endings(name: &str) -> &str {
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

/// `AAPL (1)` and `AAPL - Copy`, as programs call a second file of the same name.
fn without_copy(stem: &str) -> &str {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let numbered = stem
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('));
    let kept = match numbered {
        Some((rest, copy)) if number(copy) => rest.trim_end(),
        _ => stem.trim_end_matches(" - Copy"),
    };
    if kept.is_empty() { stem } else { kept }
}

/// `BITSTAMP_BTCUSD, 60`: venue, symbol, and an interval in minutes or like `1D`, as TradingView names
/// what it exports; `60_1a2b3` numbers the export.
fn of_trading_view(stem: &str) -> Option<Stem> {
    let (series, minutes) = stem.split_once(", ")?;
    let (venue, symbol) = series.split_once('_')?;
    let minutes = minutes.split([' ', '_']).next()?;
    Some(Stem {
        venue: Some(venue.to_lowercase()),
        symbol: Some(symbol.to_uppercase()).filter(|s| !s.is_empty()),
        interval: match minutes.parse() {
            Ok(minutes) => (minutes > 0).then(|| Interval::minutes(minutes)),
            Err(_) => minutes.parse().ok(),
        },
        ..Stem::default()
    })
}

/// Investing.com: `EUR_USD Historical Data`.
fn of_investing(stem: &str) -> Option<Stem> {
    let (symbol, _) = stem.split_once(" Historical Data")?;
    Some(Stem {
        symbol: Some(symbol.to_uppercase()).filter(|s| !s.is_empty()),
        ..Stem::default()
    })
}

/// `EURUSD60`: two currencies and minutes. The bars confirm the interval, or refuse the file.
fn of_meta_trader_4(stem: &str) -> Option<Stem> {
    let (pair, minutes) = stem.split_at_checked(6)?;
    let letters = pair.bytes().all(|b| b.is_ascii_alphabetic());
    let interval = bare_minutes(minutes).filter(|_| letters)?;
    Some(Stem {
        symbol: Some(pair.to_uppercase()),
        interval: Some(interval),
        ..Stem::default()
    })
}

/// The words of a name with their places in it.
struct Words<'a> {
    stem: &'a str,
    words: Vec<&'a str>,
    /// Where each word begins.
    starts: Vec<usize>,
}

impl<'a> Words<'a> {
    fn of(stem: &'a str) -> Self {
        let mut words = Vec::new();
        let mut starts = Vec::new();
        let mut at = 0;
        for word in stem.split(['_', '-', ' ', ',']) {
            words.push(word);
            starts.push(at);
            at += word.len() + 1;
        }
        Self {
            stem,
            words,
            starts,
        }
    }

    fn word(&self, index: usize) -> &'a str {
        self.words.get(index).copied().unwrap_or_default()
    }

    fn from(&self, index: usize) -> &[&'a str] {
        self.words.get(index..).unwrap_or_default()
    }

    /// The part of the name from one word to before another.
    fn text(&self, first: usize, end: usize) -> Option<String> {
        let start = *self.starts.get(first)?;
        let last = end.checked_sub(1)?;
        let stop = self.starts.get(last)? + self.word(last).len();
        let text = self.stem.get(start..stop)?;
        (!text.is_empty()).then(|| text.to_uppercase())
    }
}

/// What a word, or several in a row, are.
enum Meaning {
    Interval(Interval),
    /// Only if the bars are of it.
    PerhapsInterval(Interval),
    Venue,
    Product(&'static str),
    /// A date, or a word that says nothing.
    Nothing,
    /// Part of the symbol.
    Symbol,
}

/// Splits `Binance_BTCUSDT_2024_1h`: the symbol is the first run of words that mean nothing else.
fn of_words(stem: &str) -> Stem {
    let words = Words::of(stem);
    let mut found = Stem::default();
    if is_of_storage(&words.words) {
        return found;
    }
    let mut run: Option<(usize, usize)> = None;
    let mut after_symbol = false;
    let mut at = leading_noise(&words.words);
    while at < words.words.len() {
        let (meaning, count) = meaning(&words, at, run);
        let end = at + count;
        match meaning {
            Meaning::Interval(interval) => found.interval = found.interval.or(Some(interval)),
            Meaning::Venue => found.venue = Some(words.word(at).to_lowercase()),
            Meaning::Product(product) => found.products.push(product),
            Meaning::PerhapsInterval(interval) if found.perhaps.is_none() => {
                let before = run.and_then(|(first, end)| words.text(first, end));
                found.perhaps = Some(Perhaps {
                    interval,
                    symbol: before,
                });
                // It is part of the symbol until the bars say otherwise.
                if let Some((_, run_end)) = run.as_mut().filter(|_| !after_symbol) {
                    *run_end = end;
                }
            }
            Meaning::Symbol if !after_symbol => {
                run = Some(run.map_or((at, end), |(first, _)| (first, end)));
                at = end;
                continue;
            }
            _ => {}
        }
        after_symbol |= run.is_some();
        at = end;
    }
    let symbol = run.and_then(|(first, end)| words.text(first, end));
    if found.interval.is_some() {
        found.perhaps = None;
    }
    if symbol.is_none() {
        found.last_resort = last_resort(&words);
    }
    found.symbol = symbol;
    found
}

fn meaning(words: &Words<'_>, at: usize, run: Option<(usize, usize)>) -> (Meaning, usize) {
    let (word, next) = (words.word(at), words.word(at + 1));
    let first = run.is_none();
    let date = words_of_date(words.from(at));
    if word.is_empty() {
        return (Meaning::Nothing, 1);
    }
    if date > 0 {
        return (Meaning::Nothing, date);
    }
    if let Some(interval) = minutes_of_candlesticks(words, at) {
        return (Meaning::Interval(interval), 2);
    }
    if let Some(interval) = of_unit(word, next) {
        return (Meaning::Interval(interval), 2);
    }
    if is_year(next) && word.len() <= 3 && !first {
        // Bybit: `BTCUSDT_15_2024-01-01`.
        if let Some(minutes) = word.parse().ok().filter(|m| *m > 0) {
            return (Meaning::Interval(Interval::minutes(minutes)), 1);
        }
    }
    let behind_symbol = !first || words.words.len() == 1;
    match interval(word) {
        Some((interval, Sureness::Sure)) => return (Meaning::Interval(interval), 1),
        Some((interval, Sureness::IfBarsAgree)) if behind_symbol => {
            return (Meaning::PerhapsInterval(interval), 1);
        }
        _ => {}
    }
    let last = behind_symbol && ends(words.from(at + 1));
    if let Some(interval) = bare_minutes(word).filter(|_| last) {
        return (Meaning::PerhapsInterval(interval), 1);
    }
    if is_venue(word) && !leaves_money_alone(words, at, run) {
        return (Meaning::Venue, 1);
    }
    if is_noise(word) || is_of_quote(words, at) {
        return (Meaning::Nothing, 1);
    }
    if let Some(product) = product(word).filter(|_| is_product_here(words, at, run)) {
        return (Meaning::Product(product), 1);
    }
    (Meaning::Symbol, 1)
}

/// Dukascopy: `EURUSD_Candlestick_1_M_BID`, where M is minutes.
fn minutes_of_candlesticks(words: &Words<'_>, at: usize) -> Option<Interval> {
    let before = words.word(at.checked_sub(1)?);
    let fits = before.eq_ignore_ascii_case("candlestick") && words.word(at + 1) == "M";
    fits.then(|| of_unit(words.word(at), "m")).flatten()
}

/// Whether nothing but dates and words without a meaning follow.
fn ends(words: &[&str]) -> bool {
    let mut rest = words;
    while let Some(word) = rest.first() {
        let date = words_of_date(rest);
        if date == 0 && !word.is_empty() && !is_noise(word) {
            return false;
        }
        rest = rest.get(date.max(1)..).unwrap_or_default();
    }
    true
}

/// Whether a pair would lose its coin: `HTX-USDT` is no pair of the venue HTX.
fn leaves_money_alone(words: &Words<'_>, at: usize, run: Option<(usize, usize)>) -> bool {
    run.is_none() && is_money(words.word(at + 1))
}

/// Directly behind a symbol, `PERP` and the like are part of it: `BTCUSD_PERP`, `BTC-USDT-SWAP`.
fn is_product_here(words: &Words<'_>, at: usize, run: Option<(usize, usize)>) -> bool {
    let word = words.word(at).to_lowercase();
    let common = ["spot", "futures", "future"].contains(&&*word);
    match run {
        None => common && words.words.len() > at + 1,
        Some((_, end)) => common || end < at || word == "ask",
    }
}

/// `EQ` of `Quote-Equity-RELIANCE-EQ-01-01-2024`, the kind of share.
fn is_of_quote(words: &Words<'_>, at: usize) -> bool {
    words.word(0).eq_ignore_ascii_case("quote") && words.word(at) == "EQ"
}

/// Words at the front that only some sources write: `DAT_ASCII_EURUSD_M1_2024` of HistData,
/// `Quote-Equity-RELIANCE-EQ-01-01-2024` of the National Stock Exchange of India.
fn leading_noise(words: &[&str]) -> usize {
    let front = |list: &[&str]| {
        let known = |word: &&&str| list.iter().any(|one| one.eq_ignore_ascii_case(word));
        words.iter().take_while(known).count()
    };
    let [hist_data, quote] = [
        front(&["histdata", "com", "dat", "ascii", "mt", "nt", "ms", "xlsx"]),
        front(&["quote", "equity"]),
    ];
    let first = words.first().copied().unwrap_or_default().to_lowercase();
    match &*first {
        "histdata" | "dat" => hist_data,
        "quote" if quote == 2 => quote,
        _ => 0,
    }
}

/// `part-0`, `chunk_12`, `data_3`: how programs number the parts of a table.
fn is_of_storage(words: &[&str]) -> bool {
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    match &*first.to_lowercase() {
        "part" | "chunk" | "shard" | "batch" | "split" => rest.first().is_none_or(|w| digits(w)),
        "data" | "file" => rest.len() == 1 && rest.iter().all(|w| w.len() <= 3 && digits(w)),
        // The digits of an identifier that is unique in the world.
        _ => words.len() == 5 && words.concat().len() == 32,
    }
}

/// The fund `BAR`, the share `SPOT`, the code `1928`, which all may mean something else.
fn last_resort(words: &Words<'_>) -> Option<String> {
    let first = words.word(0);
    let capitals = first.bytes().all(|b| b.is_ascii_uppercase());
    let letters = capitals && (is_noise(first) && first.len() <= 4 || first == "SPOT");
    let code = matches!(first.len(), 4 | 6) && words_of_date(&words.words) == 1;
    let minutes = words.words.len() == 1 && is_doubtful(first);
    (!first.is_empty() && (letters || code || minutes)).then(|| first.to_uppercase())
}

fn is_doubtful(word: &str) -> bool {
    let doubtful = matches!(interval(word), Some((_, Sureness::IfBarsAgree)));
    doubtful || bare_minutes(word).is_some()
}
