//! What the path of a file says about the series in it.

use std::path::{Component, Path};

use super::path_words::{
    VenueMarket, interval, is_noise, is_place, market, market_of_pair, market_of_venue, pair,
    product_of_folder, words_of_date,
};
use super::said::Said;
use super::stem::{Perhaps, Stem, read_stem, without_endings};
use super::symbols::plain_symbol;
use crate::model::Interval;

/// The names that a path suggests; what it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) market: Option<String>,
    /// The market if nothing in the file tells another one.
    pub(crate) usual_market: Option<String>,
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
    Venue(VenueMarket),
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
    // The name of a pipe says nothing. Only /dev/shm holds ordinary files.
    let pipe = ["/dev", "/proc"].iter().any(|top| path.starts_with(top));
    match pipe && !path.starts_with("/dev/shm") {
        true => Guess::default(),
        false => guess_beside(path, None),
    }
}

/// What the path of a member of a zip file says, and where it says less, the zip file's own name.
/// `member` is the folder of the zip file with the member's folders and name.
pub(crate) fn guess_of_member(member: &Path, zip: &Path) -> Guess {
    let name = zip.file_name().unwrap_or_default().to_string_lossy();
    let mut of_zip = read_stem(&name);
    // `binance_futures.zip`; `SPOT.zip` is a share.
    let symbol = of_zip.symbol.as_deref().unwrap_or_default();
    let product = product_of_folder(&symbol.to_lowercase());
    if let Some(product) = product.filter(|_| of_zip.venue.is_some() || symbol != "SPOT") {
        of_zip.products.push(product);
        of_zip.symbol = None;
    }
    if member.parent() == zip.parent() {
        return guess_beside(member, Some(of_zip));
    }
    // Folders in the zip file say more than its name.
    let above = zip.parent().unwrap_or(Path::new(""));
    let inner = member.strip_prefix(above).unwrap_or(member);
    let inner = Folders::of(inner, &mut Said::default());
    let scope = Stem {
        venue: of_zip.venue.filter(|_| inner.venue.is_none()),
        products: of_zip.products,
        ..Stem::default()
    };
    let mut found = guess_beside(member, Some(scope));
    if found.symbol.is_none() {
        let whole = guess(zip);
        found.symbol = whole.symbol;
        found.interval = found.interval.or(whole.interval);
        found.perhaps = found.perhaps.or(whole.perhaps);
        found.market = found.market.or(whole.market);
    }
    found
}

/// What a path says, and where the name of the file says less, what stands beside it.
fn guess_beside(path: &Path, beside: Option<Stem>) -> Guess {
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
    beside.into_iter().for_each(|beside| stem.fill(beside));
    let tells = said.symbol.is_some() || stem.symbol.is_some();
    let above = folders.symbol(stem.last_resort.as_deref());
    let above = above.filter(|_| !tells);
    let symbol = said.symbol.clone().or(stem.symbol);
    let symbol = symbol.or_else(|| Some(plain_symbol(&above?.name).to_uppercase()));
    let venue = said.venue.clone().or(stem.venue.clone());
    let venue = venue.or_else(|| folders.venue(above, symbol.as_deref()));
    let of_word = stem.venue.as_deref().and_then(market_of_venue);
    let of_venue = folders.market_of_venue().or(of_word);
    let doubtful = stem.perhaps.as_ref().and_then(|p| p.symbol.as_deref());
    let of_pair = || {
        let symbols = [symbol.as_deref(), doubtful];
        symbols.into_iter().flatten().find_map(market_of_pair)
    };
    // On an exchange of coins a pair of currencies is one of theirs; elsewhere the pair tells more.
    let of_coins = of_venue.filter(|venue| venue.sure && venue.market == "crypto");
    let market = folders.market().or(of_coins.map(|venue| venue.market));
    let market = market.or_else(of_pair);
    let market = market.or(of_venue
        .filter(|venue| venue.sure)
        .map(|venue| venue.market));
    let market = said.market.clone().or(market.map(str::to_owned));
    // A code of four digits may be a year, and coins have none.
    let code = stem.last_resort;
    let code = code.filter(|c| market.as_deref() != Some("crypto") || !is_number(c));
    let products = folders.products().chain(stem.products);
    Guess {
        market,
        usual_market: of_venue.map(|venue| venue.market.to_owned()),
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
        let farther = |venue: usize| self.market.is_some_and(|market| market + 1 < venue);
        match self.get(self.market).map(|f| f.meaning) {
            Some(Meaning::Market(market)) if !self.venue.is_some_and(farther) => Some(market),
            _ => None,
        }
    }

    /// The market of a folder that names a well-known venue.
    fn market_of_venue(&self) -> Option<VenueMarket> {
        match self.get(self.venue).map(|f| f.meaning) {
            Some(Meaning::Venue(market)) => Some(market),
            _ => self.is_of_binance().then_some(VenueMarket {
                market: "crypto",
                sure: true,
            }),
        }
    }

    /// The folders below those of the market and the venue that may name a symbol.
    fn names(&self) -> impl DoubleEndedIterator<Item = &Folder> {
        let below = self.market.max(self.venue).map_or(0, |at| at + 1);
        let below = self.folders.get(below..).unwrap_or_default();
        below.iter().filter(|f| f.meaning == Meaning::Name)
    }

    /// The folder that names the symbol of a file whose own name does not. `of_file`: a word of its name
    /// that may be one.
    fn symbol(&self, of_file: Option<&str>) -> Option<&Folder> {
        let last = self.names().next_back()?;
        let name = &*last.name;
        let of_coins = self.market() == Some("crypto")
            || self.market_of_venue().is_some_and(|v| v.market == "crypto");
        if of_file.is_some_and(|word| !of_coins && is_beside_others(name, word)) {
            return None;
        }
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

/// Whether a word in the name of a file is a symbol like others in its folder, and the folder is none: `1928` in
/// `HKEX`, `BAR` in `US` and in `mid`.
fn is_beside_others(folder: &str, word: &str) -> bool {
    is_place(folder)
        || !is_number(word)
            && folder.contains(char::is_lowercase)
            && market_of_pair(folder).is_none()
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
