//! `rhyme doctor`: what is wrong with the machine or the database, and what to do.

mod machine;

use std::path::Path;

use rhymedb::admin::{FileOnDisk, vector_instructions};
use rhymedb::{Control, Database, Error};
use serde_json::{Value, json};

use super::verify::{REMAKE, differing, unreadable};
use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::opening::{db_path, open_at};
use crate::output::{self, column};
use crate::text::grouped;

pub(crate) const HELP: &str = "\
Reads the bars, encodes 64 windows of each space again, and changes nothing; `rhyme verify` reads
everything. Notes are worth knowing, and
problems are worth doing something about. Exit code 5: there is a problem.

Example: rhyme doctor --format json";

const GIB: u64 = 1 << 30;
/// Below this much memory, embedding a full segment in bulk may fail.
const LITTLE_MEMORY: u64 = 2 * GIB;
/// A share of dead rows from which compaction pays.
const MANY_DEAD: f64 = 0.2;

/// What a look at one thing found.
struct Finding {
    check: &'static str,
    state: &'static str,
    found: String,
    /// What to do; nothing if all is well.
    advice: String,
}

fn fine(check: &'static str, found: impl Into<String>) -> Finding {
    Finding {
        check,
        state: "ok",
        found: found.into(),
        advice: String::new(),
    }
}

fn note(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        state: "note",
        advice: advice.into(),
        ..fine(check, found)
    }
}

fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        state: "problem",
        ..note(check, found, advice)
    }
}

pub(crate) fn run(global: &Global) -> Outcome {
    let path = db_path(global);
    let mut findings = vec![instructions(), threads(), memory()];
    findings.extend(database(global, &path)?);
    let rows: Vec<Value> = findings
        .iter()
        .map(
            |f| json!({ "check": f.check, "state": f.state, "found": f.found, "advice": f.advice }),
        )
        .collect();
    let columns = [
        column("check", "check"),
        column("state", "state"),
        column("found", "found"),
        column("advice", "what to do"),
    ];
    output::listing(global.format, &columns, &rows, "nothing was looked at")?;
    let problems = findings.iter().filter(|f| f.state == "problem");
    let problems: Vec<&str> = problems.map(|f| f.check).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::Short(format!(
        "problems with: {}",
        problems.join(", ")
    )))
}

fn instructions() -> Finding {
    match vector_instructions() {
        "scalar" => note(
            "instructions",
            "scalar",
            "answers are the same but slower; a CPU with AVX2 or NEON is several times as fast",
        ),
        best => fine("instructions", best),
    }
}

fn threads() -> Finding {
    match std::thread::available_parallelism() {
        Ok(n) => fine("threads", n.to_string()),
        Err(e) => note(
            "threads",
            format!("the system does not tell how many ({e})"),
            "set RAYON_NUM_THREADS if ingestion uses too few",
        ),
    }
}

fn memory() -> Finding {
    let Some(memory) = machine::memory() else {
        return note("memory", "the system does not say", "");
    };
    let found = format!("{} free of {}", size(memory.free), size(memory.total));
    if memory.free < LITTLE_MEMORY {
        let advice = "ingestion of millions of bars may need 2 GiB; free some, or ingest in parts";
        return note("memory", found, advice);
    }
    fine("memory", found)
}

fn database(global: &Global, path: &Path) -> Outcome<Vec<Finding>> {
    let shown = path.display().to_string();
    if !path.exists() {
        let advice = "`rhyme ingest` makes it, `rhyme demo` makes one to play with";
        let missing = if global.db.is_some() { problem } else { note };
        let found = format!("{shown} is not there");
        return Ok(vec![missing("database", found, advice), disk(path, 0)]);
    }
    // Without the sweep of a writer, which would hide what it removes.
    match open_at(global, path) {
        Ok(db) => {
            let mut findings = vec![fine("database", shown)];
            findings.extend(inside(&db)?);
            Ok(findings)
        }
        Err(error) => Ok(vec![unopened(&shown, &error), disk(path, 0)]),
    }
}

/// Why a database cannot be opened. The library's messages say what to do behind a semicolon.
fn unopened(shown: &str, error: &Error) -> Finding {
    let check = match error {
        Error::Locked { .. } => "lock",
        Error::Version { .. } => "format",
        Error::Corrupt { .. } => "damage",
        _ => "database",
    };
    let text = error.to_string();
    match text.split_once("; ") {
        Some((found, advice)) => problem(check, found, advice),
        None => problem(
            check,
            text,
            format!("check {shown}, or name another folder with --db"),
        ),
    }
}

fn inside(db: &Database) -> Outcome<Vec<Finding>> {
    let health = db.health()?;
    let stats = db.stats()?;
    let spaces = db.now().spaces()?;
    let mut findings = vec![fine("format", health.format.to_string())];
    findings.push(match health.leftover_files.as_slice() {
        [] => fine("left-over files", "none"),
        files => note(
            "left-over files",
            listed(files),
            "an interrupted command left them; the next command that writes removes them, like `rhyme compact`",
        ),
    });
    findings.push(match health.damaged_files.as_slice() {
        [] => fine("damaged files", "none"),
        files => note(
            "damaged files",
            listed(files),
            "`rhyme repair` set them aside in the folder `damaged`; delete them when you no longer need them",
        ),
    });
    // Where there is no encoder, the finding below says what to do.
    let without = &health.spaces_without_encoder;
    let able = |name: &str| without.iter().all(|waiting| waiting.space != name);
    let waiting = spaces.iter().filter(|s| able(&s.space.name));
    let waiting: u64 = waiting.map(|s| s.pending_ranges).sum();
    findings.push(if waiting == 0 {
        fine("waiting windows", "none")
    } else {
        let found = format!("{} ranges", grouped(waiting));
        let advice =
            "an ingestion was interrupted; `rhyme compact` or the next ingestion finishes it";
        problem("waiting windows", found, advice)
    });
    for waiting in &health.spaces_without_encoder {
        findings.push(problem(
            "encoders",
            format!("{}: {}", waiting.space, waiting.reason),
            "use the program that made the space, or drop it with `rhyme drop-space` and make it again",
        ));
    }
    if health.spaces_without_encoder.is_empty() {
        findings.push(fine("encoders", format!("{} spaces", spaces.len())));
    }
    findings.extend(vectors(db)?);
    findings.extend(weights(db)?);
    findings.push(splits(db)?);
    findings.push(dead(stats.dead_rows, stats.windows));
    findings.push(disk(db.path(), stats.catalog_bytes + stats.segment_bytes));
    Ok(findings)
}

/// Whether encoders still give what is stored.
fn vectors(db: &Database) -> Outcome<Vec<Finding>> {
    const CHECK: &str = "vectors";
    match db.changed_encoders(&Control::new()) {
        Ok(changed) if changed.is_empty() => Ok(vec![fine(CHECK, "as their encoders give them")]),
        Ok(changed) => Ok(changed
            .iter()
            .map(|changed| problem(CHECK, differing(changed), REMAKE))
            .collect()),
        Err(error @ Error::Corrupt { .. }) => {
            Ok(vec![unopened(&db.path().display().to_string(), &error)])
        }
        Err(other) => Err(other.into()),
    }
}

/// Whether this program reads all weights that are stored.
fn weights(db: &Database) -> Outcome<Vec<Finding>> {
    let found = match db.unreadable_weights() {
        Ok(found) => found,
        // That is told by `vectors`, and by `rhyme verify`.
        Err(Error::Corrupt { .. }) => return Ok(Vec::new()),
        Err(other) => return Err(other.into()),
    };
    Ok(found
        .iter()
        .map(|space| {
            problem(
                "weights",
                unreadable(space),
                "use a program that reads them, or drop the space with `rhyme drop-space`",
            )
        })
        .collect())
}

/// Jumps in price that nobody adjusted for. A crash may look the same, so it is for people to say.
fn splits(db: &Database) -> Outcome<Finding> {
    let jumps = db.now().split_jumps()?;
    let Some((key, jump)) = jumps.first() else {
        return Ok(fine("splits", "no jump looks like one"));
    };
    let found = match jumps.len() {
        1 => format!("{key}: {jump}"),
        n => format!("{} jumps, the first: {key}: {jump}", grouped(n as u64)),
    };
    let advice = format!(
        "if it is one, `rhyme adjust {key} --split {} --on {}`, or ingest adjusted prices (--adjusted)",
        jump.split, jump.on
    );
    Ok(note("splits", found, advice))
}

fn dead(dead: u64, living: u64) -> Finding {
    let found = format!("{} of {}", grouped(dead), grouped(dead + living));
    if dead as f64 > MANY_DEAD * (dead + living).max(1) as f64 {
        return note("dead rows", found, "`rhyme compact` gives their space back");
    }
    fine("dead rows", found)
}

/// Compaction and backups write a copy, so there should be room for one.
fn disk(path: &Path, bytes: u64) -> Finding {
    let Some(free) = machine::free_disk(path) else {
        return note("disk", "the system does not tell how much is free", "");
    };
    let found = if bytes == 0 {
        format!("{} free", size(free))
    } else {
        format!("{} free, the database has {}", size(free), size(bytes))
    };
    if free < bytes.max(GIB) {
        let advice = "compaction and backups may need as much again as the database has; make room";
        return note("disk", found, advice);
    }
    fine("disk", found)
}

fn listed(files: &[FileOnDisk]) -> String {
    let bytes = files.iter().map(|f| f.bytes).sum();
    let first = files.first().map_or("", |f| f.name.as_str());
    match files.len() {
        1 => format!("{first}, {}", size(bytes)),
        n => format!("{n} files, {}, first {first}", size(bytes)),
    }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes >= 10 * GIB {
        format!("{} GiB", bytes / GIB)
    } else if bytes >= MIB {
        format!("{} MiB", grouped(bytes / MIB))
    } else {
        format!("{} bytes", grouped(bytes))
    }
}
