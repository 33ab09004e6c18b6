//! What the columns of headlines are called.

use super::columns::Field;

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
        "pubdate",
        "timestamputc",
        "timestamp",
        "ts",
        "unix",
        "datetimeutc",
        "datetime",
        "time",
        "date",
        "createdat",
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
        "text",
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
