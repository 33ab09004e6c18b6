//! What became of the files that `ingest bars` was given.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rhymedb::files::{InputReport, Inputs};
use rhymedb::ingest::ReadSpan;
use rhymedb::{Control, Error, SeriesBars, Timestamp};

use super::ingest_overlaps::{OrderedFile, Overlaps, RefusedSeries};
use super::input_notes::InputNotes;
use crate::failure::Outcome;
use crate::global::Global;
use crate::text::{grouped, legible};

/// What became of the files.
pub(super) struct Tally<'a> {
    pub(super) notes: InputNotes<'a>,
    files: usize,
    /// Files in folders that are of no kind which can be read.
    pub(super) others: Others,
    /// Bytes of the files, and of those that are done: how many rows are still to come is guessed
    /// from them.
    bytes: u64,
    bytes_done: u64,
    pub(super) rows: u64,
    pub(super) skipped: u64,
    pub(super) gaps: u64,
    pub(super) missing_bars: u64,
    /// Names of the series that were read.
    pub(super) series: BTreeSet<String>,
    bars: u64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Files that were not read again.
    pub(super) unchanged: usize,
    /// Names of the series in them.
    pub(super) kept: BTreeSet<String>,
    pub(super) open: u64,
    pub(super) settled: u64,
}

impl<'a> Tally<'a> {
    pub(super) fn new(global: &'a Global, inputs: &Inputs) -> Self {
        Self {
            notes: InputNotes::new(global),
            files: inputs.files.len(),
            others: Others::of(&inputs.passed_over),
            bytes: bytes(&inputs.files.iter().collect::<Vec<_>>()),
            bytes_done: 0,
            rows: 0,
            skipped: 0,
            gaps: 0,
            missing_bars: 0,
            series: BTreeSet::new(),
            bars: 0,
            first: None,
            last: None,
            unchanged: 0,
            kept: BTreeSet::new(),
            open: 0,
            settled: 0,
        }
    }

    pub(super) fn count(&mut self, report: &InputReport, series: &[SeriesBars]) {
        self.rows += report.rows;
        self.skipped += report.defects.total();
        self.gaps += report.gaps;
        self.missing_bars += report.missing_bars;
        for one in series {
            let times = &one.bars.time;
            self.series.insert(one.key.to_string());
            self.bars += times.len() as u64;
            self.first = times.first().copied().into_iter().chain(self.first).min();
            self.last = times.last().copied().into_iter().chain(self.last).max();
        }
        self.notes.accept(report);
    }

    /// A series that files contradict each other about; of a file that holds nothing else, the file.
    pub(super) fn refuse(&mut self, files: &mut Vec<OrderedFile>, refused: RefusedSeries) {
        if !refused.whole {
            return self.notes.refuse_part(&refused.path, &refused.part);
        }
        let before = files.len();
        files.retain(|ordered| ordered.file.report.file != refused.path);
        if files.len() < before {
            self.notes.refuse(&Error::Input {
                file: refused.path,
                line: None,
                message: refused.part.message,
            });
        }
    }

    /// Files that are tables, readable or not.
    pub(super) fn tables(&self) -> usize {
        let over = usize::try_from(self.notes.passed_over()).unwrap_or(0);
        self.files.saturating_sub(over)
    }

    /// A file that is not read again, and what it holds.
    pub(super) fn unchanged(&mut self, path: &PathBuf, spans: &[ReadSpan]) {
        self.unchanged += 1;
        let series = spans.iter().map(|span| span.series.clone());
        self.kept.extend(series);
        self.done(&[path]);
    }

    /// So many more files are done.
    pub(super) fn done(&mut self, files: &[&PathBuf]) {
        self.bytes_done += bytes(files);
    }

    /// Keeps what comparing the files with each other gave.
    pub(super) fn told_of(&mut self, overlaps: &Overlaps<'_>) {
        self.open = overlaps.open;
        self.settled = overlaps.settled;
    }

    pub(super) fn show(&self, control: &Control) -> Outcome {
        // Files may grow while they are read.
        let left = self.bytes.saturating_sub(self.bytes_done);
        let to_come = u128::from(self.rows) * u128::from(left);
        let to_come = to_come / u128::from(self.bytes_done.max(1));
        control.show(rhymedb::ingest::Progress {
            stage: rhymedb::ingest::Stage::Read,
            done: self.rows,
            total: self.rows + u64::try_from(to_come).unwrap_or(0),
        })?;
        Ok(())
    }
}

impl Tally<'_> {
    /// What went in and what did not, for people.
    pub(super) fn last_line(&self) -> String {
        let series = self.series.len() as u64;
        let mut line = format!(
            "read {}: {}, {}",
            count((self.tables() - self.unchanged) as u64, "file", "files"),
            count(series, "series", "series"),
            count(self.bars, "bar", "bars"),
        );
        let time = |t: Option<i64>| t.map(Timestamp::from_millis);
        line.push_str(&span(time(self.first), time(self.last)));
        if self.unchanged > 0 {
            let files = count(self.unchanged as u64, "file", "files");
            line.push_str(&format!(
                "; {files} not read again, because nothing in them changed (--reread reads all)"
            ));
        }
        if self.open > 0 {
            let open = count(self.open, "bar that was", "bars that were");
            line.push_str(&format!(
                "; {open} still open at the end of a file yielded to another file"
            ));
        }
        if self.settled > 0 {
            let settled = count(self.settled, "bar", "bars");
            line.push_str(&format!(
                "; {settled} with other values in another file settled as --on-conflict says"
            ));
        }
        let over = self.notes.passed_over();
        if over + self.others.count() > 0 {
            let files = count(over + self.others.count(), "file", "files");
            line.push_str(&format!(
                "; passed over {files} that hold no table{}",
                self.others.kinds()
            ));
        }
        if self.skipped > 0 {
            let rows = count(self.skipped, "row", "rows");
            line.push_str(&format!("; left out {rows}, see above"));
        }
        if let Some(refused) = self.notes.refusals(self.tables()) {
            line.push_str(&format!("; refused {refused}, see above for what to type"));
        }
        line
    }
}

/// `1 file`, `2 files`.
pub(super) fn count(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// ` from 2020-01-01 to 2024-01-02`, or nothing if nothing was read.
pub(super) fn span(first: Option<Timestamp>, last: Option<Timestamp>) -> String {
    let date = |time: Timestamp| {
        let text = time.to_string();
        text.split('T').next().unwrap_or_default().to_owned()
    };
    match (first, last) {
        (Some(first), Some(last)) => format!(" from {} to {}", date(first), date(last)),
        _ => String::new(),
    }
}

/// Files in folders that are of no kind which can be read, by the ends of their names.
pub(super) struct Others {
    kinds: BTreeMap<String, u64>,
}

impl Others {
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let mut kinds = BTreeMap::new();
        for file in files {
            let ending = file.extension().map_or_else(
                || "without an ending".to_owned(),
                |ending| format!(".{}", ending.to_string_lossy()),
            );
            *kinds.entry(ending).or_insert(0) += 1;
        }
        Self { kinds }
    }

    pub(super) fn count(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// ` (3 .CHECKSUM, 1 .md)`
    pub(super) fn kinds(&self) -> String {
        const SHOWN: usize = 6;
        if self.kinds.is_empty() {
            return String::new();
        }
        let all = self
            .kinds
            .iter()
            .map(|(ending, count)| format!("{count} {ending}"));
        let mut shown: Vec<String> = all.take(SHOWN).collect();
        if self.kinds.len() > SHOWN {
            shown.push("others".to_owned());
        }
        legible(&format!(" ({})", shown.join(", ")))
    }
}

/// Bytes of files; one that cannot be looked at counts for nothing.
fn bytes(files: &[&PathBuf]) -> u64 {
    let size = |file: &&PathBuf| file.metadata().map_or(0, |m| m.len());
    files.iter().map(size).sum()
}
