use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::open_to_write;
use crate::output::{self, column};
use crate::progress;

pub(crate) fn run(global: &Global) -> Outcome {
    let db = open_to_write(global)?;
    let report = db.compact(&progress::control_of_long_work(global))?;
    if !report.catalog_compacted {
        progress::notice(global, "note: the catalog is in use and kept its size");
    }
    let row = output::value(&report)?;
    let columns = [
        column("segments_removed", "segments removed"),
        column("segments_written", "segments written"),
        column("dead_rows_removed", "dead rows removed"),
        column("bytes_before", "bytes before"),
        column("bytes_after", "bytes after"),
    ];
    output::record(global.format, &columns, &row)
}
