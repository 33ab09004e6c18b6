//! What reading on finds.

use super::super::said_zones::SaidZones;

/// What came out of one step through a text.
pub(crate) enum Step {
    /// A record, at this line or row.
    Row(u64),
    /// Something that is no record, at this line, and why.
    Bad(u64, String),
    /// Nothing more.
    End,
}

/// What a text says about all of its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The symbol of all rows.
    pub(crate) symbol: Option<String>,
    /// The category of Bybit: `spot`, `linear` or `inverse`.
    pub(crate) bybit_category: Option<String>,
    /// The names of fields without names, where the values tell another order than the usual one.
    pub(crate) field_order: Option<String>,
    /// The time zones that it names for times that name none.
    pub(crate) zones: SaidZones,
}
