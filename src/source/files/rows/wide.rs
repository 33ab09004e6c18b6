//! Tables with the columns of several symbols side by side, as pandas writes them: each name is a price and a
//! symbol.
//!
//! In CSV the names stand in two lines, prices and symbols in either order, and a third line names the index. In
//! Parquet a name is both: `('Open', 'AAPL')`. Such a row becomes one row for each symbol that has a value in it.

use csv::ByteRecord;

use super::super::columns::{Layout, plain};
use super::step::Facts;

/// What a column may hold for each symbol.
const PRICES: [&str; 9] = [
    "open",
    "high",
    "low",
    "close",
    "adjclose",
    "volume",
    "dividends",
    "stocksplits",
    "capitalgains",
];

/// A column's name in two parts; without a symbol it belongs to all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) name: String,
    pub(super) symbol: String,
}

/// The levels of two lines of names, prices and symbols in either order, if that is what they are. The first
/// field of each may name the level.
pub(super) fn of_two_lines(first: &[String], second: &[String]) -> Option<Vec<Level>> {
    let prices = |names: &[String]| {
        let known = |name: &&String| PRICES.contains(&plain(name).as_str());
        names.iter().skip(1).filter(known).count()
    };
    let filled = |names: &[String]| names.iter().skip(1).filter(|n| !n.is_empty()).count();
    let (in_first, in_second) = (prices(first), prices(second));
    let (names, symbols, known) = match in_first >= in_second {
        true => (first, second, in_first),
        false => (second, first, in_second),
    };
    // The values of a row are no symbols.
    let is_symbol = |text: &String| text.contains(|c: char| c.is_alphabetic());
    let named = symbols.iter().skip(1).filter(|s| !s.is_empty());
    let named = known > 0 && named.clone().all(is_symbol);
    if first.len() != second.len() || known * 2 <= filled(symbols) || !named {
        return None;
    }
    let pairs = names.iter().zip(symbols).skip(1);
    // An index that became a column has a name, and the first column is a number of the row.
    let is_shared = |(name, symbol): (&String, &String)| name.is_empty() != symbol.is_empty();
    let index = match pairs.clone().any(is_shared) {
        true => "",
        false => "Date",
    };
    let mut levels = vec![Level {
        name: index.to_owned(),
        symbol: String::new(),
    }];
    for (name, symbol) in pairs {
        // The name of a column that is not of a symbol may stand in either line.
        let (name, symbol) = match name.is_empty() {
            true => (symbol.clone(), String::new()),
            false => (name.clone(), symbol.clone()),
        };
        levels.push(Level { name, symbol });
    }
    Some(levels)
}

/// The levels of names like `('Open', 'AAPL')`, if there are such names.
pub(super) fn of_tuples(names: &[String]) -> Option<Vec<Level>> {
    let levels: Vec<Level> = names.iter().map(|name| of_name(name)).collect();
    let is_price = |name: &str| PRICES.contains(&plain(name).as_str());
    let of_symbols = || levels.iter().filter(|level| !level.symbol.is_empty());
    let names_first = of_symbols().filter(|level| is_price(&level.name)).count();
    let symbols_first = of_symbols().filter(|level| is_price(&level.symbol)).count();
    if names_first.max(symbols_first) == 0 {
        return None;
    }
    if names_first >= symbols_first {
        return Some(levels);
    }
    let turn = |level: Level| match level.symbol.is_empty() {
        true => level,
        false => Level {
            name: level.symbol,
            symbol: level.name,
        },
    };
    Some(levels.into_iter().map(turn).collect())
}

fn of_name(name: &str) -> Level {
    let whole = || Level {
        name: name.to_owned(),
        symbol: String::new(),
    };
    let inner = name.strip_prefix('(').and_then(|n| n.strip_suffix(')'));
    let Some((first, second)) = inner.and_then(|inner| inner.split_once(", ")) else {
        return whole();
    };
    let text = |part: &str| {
        let quoted = ['\'', '"'].into_iter().find(|q| part.starts_with(*q))?;
        let part = part.strip_prefix(quoted)?.strip_suffix(quoted)?;
        Some(part.to_owned())
    };
    match (text(first), text(second)) {
        (Some(name), Some(symbol)) => Level { name, symbol },
        _ => whole(),
    }
}

/// How many symbols a table has.
pub(super) enum Symbols {
    /// One, and this layout without it.
    One(Layout),
    Several(Wide),
}

/// A wide table, row by row.
pub(super) struct Wide {
    layout: Layout,
    /// The columns that all symbols have in common.
    shared: Vec<usize>,
    /// Each symbol with its columns, in the order of the names.
    symbols: Vec<(String, Vec<Option<usize>>)>,
    /// The row at hand, its line and how many symbols were taken from it.
    row: ByteRecord,
    line: u64,
    taken: usize,
}

impl Wide {
    /// A reader of a table with several symbols; a single one goes to the `facts`.
    pub(super) fn of(levels: &[Level], facts: &mut Facts) -> Symbols {
        let mut names: Vec<String> = Vec::new();
        let mut symbols: Vec<(String, Vec<Option<usize>>)> = Vec::new();
        let mut shared = Vec::new();
        for (at, level) in levels.iter().enumerate() {
            if level.symbol.is_empty() {
                shared.push(at);
                continue;
            }
            let column = names.iter().position(|n| *n == level.name);
            let column = column.unwrap_or_else(|| {
                names.push(level.name.clone());
                names.len() - 1
            });
            let known = symbols.iter().position(|(s, _)| *s == level.symbol);
            let known = known.unwrap_or_else(|| {
                symbols.push((level.symbol.clone(), Vec::new()));
                symbols.len() - 1
            });
            if let Some((_, columns)) = symbols.get_mut(known) {
                columns.resize(columns.len().max(column + 1), None);
                if let Some(slot) = columns.get_mut(column) {
                    *slot = Some(at);
                }
            }
        }
        if let [(symbol, _)] = symbols.as_slice() {
            facts.symbol = Some(symbol.clone());
            let names = levels.iter().map(|level| level.name.clone());
            return Symbols::One(Layout::Named(names.collect()));
        }
        let common = shared.iter().filter_map(|at| levels.get(*at));
        let common = common.map(|level| level.name.clone());
        let layout: Vec<String> = common.chain(names).chain(["Symbol".to_owned()]).collect();
        Symbols::Several(Self {
            layout: Layout::Named(layout),
            shared,
            taken: symbols.len(),
            symbols,
            row: ByteRecord::new(),
            line: 0,
        })
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Takes the next row of the table.
    pub(super) fn set_row(&mut self, row: &mut ByteRecord, line: u64) {
        std::mem::swap(&mut self.row, row);
        self.line = line;
        self.taken = 0;
    }

    /// The row of the next symbol that has a value, and its line.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> Option<u64> {
        let names = self.layout.width() - 1 - self.shared.len();
        while let Some((symbol, columns)) = self.symbols.get(self.taken) {
            self.taken += 1;
            let field = |at: usize| self.row.get(at).unwrap_or_default();
            let value = |column: usize| columns.get(column).copied().flatten().map(field);
            let values = (0..names).map(|column| value(column).unwrap_or_default());
            if values
                .clone()
                .all(|v| v.trim_ascii().is_empty() || v == b"NaN")
            {
                continue;
            }
            record.clear();
            self.shared
                .iter()
                .for_each(|at| record.push_field(field(*at)));
            values.for_each(|value| record.push_field(value));
            record.push_field(symbol.as_bytes());
            return Some(self.line);
        }
        None
    }
}
