//! What the path of a file says about the series in it.

use std::path::{Component, Path};

use super::path_words::{
    interval, is_noise, market, market_of_pair, market_of_venue, pair, product_of_folder,
    words_of_date,
};
use super::said::Said;
use super::stem::{Perhaps, Stem, read_stem, without_endings};
use super::symbols::plain_symbol;
use crate::model::Interval;

/// The names that a path suggests; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) market: Option<String>,
    pub(crate) venue: Option<String>,
    pub(crate) symbol: Option<String>,
    pub(crate) interval: Option<Interval>,
    /// An interval, and the symbol that comes with it, which the bars have to confirm.
    pub(crate) perhaps: Option<Perhaps>,
}

/// A folder above the file.
struct Folder {
    name: String,
    lower: String,
    meaning: Meaning,
}

/// What a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// `crypto`.
    Market(&'static str),
    /// `binance_futures`, with its market.
    Venue(&'static str),
    /// `futures`, with what it adds to the venue.
    Product(&'static str),
    /// `1h`: the bars tell it, too, and are believed.
    Interval(Interval),
    /// `2024`, `symbol=BTCUSDT`, and `monthly` above `klines`.
    Nothing,
    /// `data`.
    Noise,
    /// A venue or a symbol.
    Name,
}

/// Reads `.../crypto/bybit/BTCUSDT_1h.csv.gz`, `binance/BTCUSDT/2024-01.csv`, `symbol=X/part-0.parquet`
/// and the like.
pub(crate) fn guess(path: &Path) -> Guess {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut said = Said::default();
    let folders = Folders::of(path, &mut said);
    let mut stem = match said.read(without_endings(&file)) {
        true => Stem::default(),
        false => read_stem(&file),
    };
    // `EURUSD/2024/01.csv`.
    let month = |symbol: &String| symbol.len() <= 2 && is_number(symbol);
    if folders.end_with_date() && stem.symbol.as_ref().is_some_and(month) {
        stem.symbol = None;
    }
    let tells = said.symbol.is_some() || stem.symbol.is_some();
    let above = folders.symbol().filter(|_| !tells);
    let symbol = said.symbol.clone().or(stem.symbol);
    let symbol = symbol.or_else(|| Some(plain_symbol(&above?.name).to_uppercase()));
    let venue = said.venue.clone().or(stem.venue.clone());
    let venue = venue.or_else(|| folders.venue(above, symbol.as_deref()));
    let market = said.market.clone().or_else(|| {
        let of_word = stem.venue.as_deref().and_then(market_of_venue);
        let market = folders.market().or(of_word);
        let doubtful = stem.perhaps.as_ref().and_then(|p| p.symbol.as_deref());
        market
            .or_else(|| market_of_pair(symbol.as_deref()?))
            .or_else(|| market_of_pair(doubtful?))
            .map(str::to_owned)
    });
    // A code of four digits may be a year, and coins have none.
    let code = stem.last_resort;
    let code = code.filter(|c| market.as_deref() != Some("crypto") || !is_number(c));
    let products = folders.products().chain(stem.products);
    Guess {
        market,
        venue: with_products(venue, products.chain(said.products)),
        symbol: symbol.or(code),
        interval: said.interval.or(stem.interval),
        perhaps: stem.perhaps.or_else(|| folders.interval()),
    }
}

/// The series that the path of a file suggests, as far as it does: files of which it is the same are
/// worth comparing with each other before one of them is stored.
pub fn named_by_path(path: &Path) -> String {
    let guess = guess(path);
    let or_nothing = |name: Option<String>| name.unwrap_or_default();
    let [market, venue] = [guess.market, guess.venue].map(or_nothing);
    let interval = guess.interval.map_or_else(String::new, |i| i.to_string());
    format!("{market}/{venue}/{}:{interval}", or_nothing(guess.symbol))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// The folders above a file, the nearest one last.
struct Folders {
    folders: Vec<Folder>,
    /// The one that names the market, if one does.
    market: Option<usize>,
    /// The one that names a well-known venue, if one does.
    venue: Option<usize>,
}

/// Folders that the archive of Binance has for candles.
const KLINES: &str = "klines";

impl Folders {
    fn of(path: &Path, said: &mut Said) -> Self {
        let above = path.parent().unwrap_or(Path::new(""));
        let names = above.components().filter_map(|c| match c {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        });
        let names: Vec<String> = names.collect();
        let mut folders: Vec<Folder> = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            let lower = name.to_lowercase();
            let next = names.get(at + 1).map_or("", |n| n);
            let of_user = folders
                .last()
                .is_some_and(|f| ["home", "users"].contains(&&*f.lower));
            let meaning = match meaning(name, &lower, said) {
                Meaning::Venue(_) if of_user => Meaning::Name,
                Meaning::Interval(_) if next.to_lowercase().ends_with(KLINES) => Meaning::Nothing,
                other => other,
            };
            folders.push(Folder {
                name: name.clone(),
                lower,
                meaning,
            });
        }
        let last = |fits: fn(&Meaning) -> bool| folders.iter().rposition(|f| fits(&f.meaning));
        let market = last(|m| matches!(m, Meaning::Market(_)));
        let venue = last(|m| matches!(m, Meaning::Venue(_)));
        Self {
            market,
            venue: venue.filter(|venue| market.is_none_or(|market| market < *venue)),
            folders,
        }
    }

    fn end_with_date(&self) -> bool {
        let last = self.folders.last();
        last.is_some_and(|folder| folder.meaning == Meaning::Nothing)
    }

    fn get(&self, at: Option<usize>) -> Option<&Folder> {
        self.folders.get(at?)
    }

    /// `data/spot/monthly/klines/BTCUSDT/1h`, as Binance publishes candles.
    fn is_of_binance(&self) -> bool {
        let klines = self.folders.iter().any(|f| f.lower.ends_with(KLINES));
        let product = |f: &Folder| ["spot", "um", "cm"].contains(&&*f.lower);
        klines && self.folders.iter().any(product)
    }

    /// A folder that names a market. Where it is farther up, a well-known venue below it says more.
    fn market(&self) -> Option<&'static str> {
        let of_venue = match self.get(self.venue).map(|f| f.meaning) {
            Some(Meaning::Venue(market)) => Some(market),
            _ => self.is_of_binance().then_some("crypto"),
        };
        match (self.get(self.market).map(|f| f.meaning), self.venue) {
            (Some(Meaning::Market(_)), Some(venue))
                if self.market.is_some_and(|market| market + 1 < venue) =>
            {
                of_venue
            }
            (Some(Meaning::Market(market)), _) => Some(market),
            _ => of_venue,
        }
    }

    /// The folders below those of the market and the venue that may name a symbol.
    fn names(&self) -> impl DoubleEndedIterator<Item = &Folder> {
        let below = self.market.max(self.venue).map_or(0, |at| at + 1);
        let below = self.folders.get(below..).unwrap_or_default();
        below.iter().filter(|f| f.meaning == Meaning::Name)
    }

    /// The folder that names the symbol of a file whose own name does not.
    fn symbol(&self) -> Option<&Folder> {
        let last = self.names().next_back()?;
        let name = &*last.name;
        let capitals = !name.contains(char::is_lowercase) && name.contains(char::is_uppercase);
        let tells = if self.venue.is_some() || self.is_of_binance() {
            true
        } else if self.market.is_some() {
            // The only folder below that of the market may as well be the venue.
            self.names().count() > 1 || capitals || pair(name).is_some()
        } else {
            capitals && name.len() <= 12 || market_of_pair(name).is_some()
        };
        tells.then_some(last)
    }

    /// The venue: a well-known one, else the folder below that of the market, else the nearest one
    /// that is not the symbol itself.
    fn venue(&self, symbol_folder: Option<&Folder>, symbol: Option<&str>) -> Option<String> {
        if let Some(known) = self.get(self.venue) {
            return Some(known.lower.clone());
        }
        if self.is_of_binance() {
            return Some("binance".to_owned());
        }
        let is_symbol = |folder: &&Folder| {
            symbol_folder.is_some_and(|own| std::ptr::eq(own, *folder))
                || symbol.is_some_and(|symbol| same_letters(symbol, &folder.lower))
        };
        let found = match self.market {
            Some(_) => self.names().find(|folder| !is_symbol(folder)),
            None => {
                let named = |f: &&Folder| matches!(f.meaning, Meaning::Name | Meaning::Noise);
                let mut from_file = self.folders.iter().rev().filter(named);
                from_file.find(|folder| !is_symbol(folder))
            }
        };
        found.map(|folder| folder.lower.clone())
    }

    fn products(&self) -> impl Iterator<Item = &'static str> {
        self.folders
            .iter()
            .filter_map(|folder| match folder.meaning {
                Meaning::Product(product) => Some(product),
                _ => None,
            })
    }

    fn interval(&self) -> Option<Perhaps> {
        let found = self.folders.iter().rev().find_map(|f| match f.meaning {
            Meaning::Interval(interval) => Some(interval),
            _ => None,
        });
        found.map(|interval| Perhaps {
            interval,
            symbol: None,
        })
    }
}

fn meaning(name: &str, lower: &str, said: &mut Said) -> Meaning {
    if said.read(name) {
        return Meaning::Nothing;
    }
    if let Some(market) = market(lower) {
        return Meaning::Market(market);
    }
    if let Some(market) = market_of_venue(lower) {
        return Meaning::Venue(market);
    }
    if let Some(product) = product_of_folder(lower) {
        return Meaning::Product(product);
    }
    if let Some((interval, _)) = interval(name) {
        return Meaning::Interval(interval);
    }
    let words: Vec<&str> = name.split(['-', '_']).collect();
    if words_of_date(&words) == words.len() {
        return Meaning::Nothing;
    }
    if words.iter().all(|word| is_noise(word)) {
        return Meaning::Noise;
    }
    Meaning::Name
}

/// Whether two names differ in nothing but case and separators.
fn same_letters(a: &str, b: &str) -> bool {
    let letters = |text: &str| {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    letters(a) == letters(b)
}

/// The venue with what the kinds of product add, so that futures and spot are series of their own.
fn with_products(
    venue: Option<String>,
    products: impl Iterator<Item = &'static str>,
) -> Option<String> {
    let mut found: Vec<&str> = Vec::new();
    for product in products.filter(|p| !p.is_empty()) {
        if !found.contains(&product) {
            found.push(product);
        }
    }
    // They say which futures.
    if found
        .iter()
        .any(|p| ["um", "cm", "perp", "linear", "inverse", "swap"].contains(p))
    {
        found.retain(|p| *p != "futures");
    }
    let name = venue.as_deref().unwrap_or("default");
    found.retain(|p| !name.split(['_', '-']).any(|word| word == *p));
    if found.is_empty() {
        return venue;
    }
    Some(format!("{name}_{}", found.join("_")))
}

#[cfg(test)]
#[path = "naming_tests.rs"]
mod tests;
