//! Windows and figures as rows have them.

use crate::output::{Column, column};

pub(super) const WINDOW_COLUMNS: [Column; 6] = [
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("start", "start"),
    column("end", "end"),
];
