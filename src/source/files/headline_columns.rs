//! What the columns of headlines are called.

use super::columns::{Columns, Field};

pub(super) const HEADLINE_TIME: Field = Field {
    name: "time",
    aliases: &[
        "timestampmsutc",
        "timestampms",
        "publishedat",
        "publishedutc",
        "publishedon",
        "published",
        "providerpublishtime",
        "publishtime",
        "timepublished",
        "publisheddate",
        "publishdate",
        "publicationdate",
        "publicationtime",
        "datepublished",
        "pubdate",
        "pubtime",
        "timestamputc",
        "timestamp",
        "ts",
        "unix",
        "datetimeutc",
        "datetime",
        "time",
        "date",
        "createdat",
        "createdutc",
        "created",
        "postedat",
        "posttime",
        "postdate",
        "articletime",
        "articledate",
        "newstime",
        "newsdate",
        "releasedate",
        "gmttime",
        "localtime",
        "indexlevel0",
    ],
    prefix: None,
};
pub(super) const TEXT: Field = Field {
    name: "text",
    aliases: &[
        "headline",
        "title",
        "headlines",
        "articletitle",
        "newstitle",
        "newsheadline",
        "headlinetext",
        "contenttitle",
        "articleheadline",
        "storyheadline",
        "text",
        "fulltext",
        "tweet",
    ],
    prefix: None,
};
pub(super) const SYMBOLS: Field = Field {
    name: "symbols",
    aliases: &[
        "symbols",
        "symbol",
        "tickers",
        "ticker",
        "stocks",
        "stock",
        "stocksymbols",
        "stocksymbol",
        "tickersymbols",
        "tickersymbol",
        "stocktickers",
        "stockticker",
        "relatedsymbols",
        "relatedtickers",
        "relatedstocks",
        "related",
        "tickersentiment",
        "instruments",
        "currencies",
        "coins",
        "tic",
    ],
    prefix: None,
};
/// Names of columns of [`SYMBOLS`] that hold symbols for certain: a headline has those of all of them.
const CERTAIN: [&str; 15] = [
    "symbols",
    "symbol",
    "tickers",
    "ticker",
    "stocksymbols",
    "stocksymbol",
    "tickersymbols",
    "tickersymbol",
    "stocktickers",
    "stockticker",
    "relatedsymbols",
    "relatedtickers",
    "related",
    "tickersentiment",
    // What a JSON document says around rows that name another symbol.
    "documentsymbol",
];

/// The columns of symbols: the one that is mapped, else all that hold symbols for certain, else one that may.
pub(super) fn symbol_columns(columns: &Columns<'_>) -> Result<Vec<usize>, String> {
    let certain = columns.all(&CERTAIN);
    if certain.is_empty() || columns.is_mapped(&SYMBOLS) {
        return Ok(columns.find(&SYMBOLS)?.into_iter().collect());
    }
    Ok(certain)
}

pub(super) const SOURCE: Field = Field {
    name: "source",
    aliases: &[
        "source",
        "sourcename",
        "publisher",
        "publishername",
        "provider",
        "providername",
        "site",
    ],
    prefix: None,
};
pub(super) const PRECISION: Field = Field {
    name: "precision",
    aliases: &["tsprecision", "timeprecision", "precision"],
    prefix: None,
};
