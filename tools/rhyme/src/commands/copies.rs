use std::path::Path;

use rhymedb::Database;
use rhymedb::admin::BackupReport;

use super::verify::READ;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{db_path, open};
use crate::output::{self, column};
use crate::progress;
use crate::saved::Questions;

pub(crate) fn backup(global: &Global, dir: &Path) -> Outcome {
    let db = open(global)?;
    let report = db.backup(dir, &progress::control(global))?;
    Questions::of(&db_path(global)).copy_to(dir)?;
    print(global, &report)
}

pub(crate) fn restore(global: &Global, backup: &Path, dir: &Path) -> Outcome {
    let control = progress::control(global);
    let report = Database::restore(backup, dir, &control)?;
    Questions::of(backup).copy_to(dir)?;
    print(global, &report)
}

fn print(global: &Global, report: &BackupReport) -> Outcome {
    let mut columns = vec![column("bytes", "bytes written")];
    columns.extend(READ);
    output::record(global.format, &columns, &output::value(report)?)
}
