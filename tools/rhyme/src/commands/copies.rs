use std::path::Path;

use rhymedb::Database;
use rhymedb::admin::BackupReport;

use super::verify::READ;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::open;
use crate::output::{self, column};
use crate::progress;

pub(crate) fn backup(global: &Global, dir: &Path) -> Outcome {
    let db = open(global)?;
    print(global, &db.backup(dir, &progress::control(global))?)
}

pub(crate) fn restore(global: &Global, backup: &Path, dir: &Path) -> Outcome {
    let control = progress::control(global);
    print(global, &Database::restore(backup, dir, &control)?)
}

fn print(global: &Global, report: &BackupReport) -> Outcome {
    let mut columns = vec![column("bytes", "bytes written")];
    columns.extend(READ);
    output::record(global.format, &columns, &output::value(report)?)
}
