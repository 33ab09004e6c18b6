//! `rhyme save`: questions that are asked again by name.

use rhymedb::Error;
use serde_json::json;

use crate::args::Save;
use crate::failure::Outcome;
use crate::global::Global;
use crate::opening::{db_path, open};
use crate::output::{self, column};
use crate::progress::notice;
use crate::saved::{Questions, Saved};
use crate::shell::question;
use crate::text::legible;

/// The longest name.
const LONGEST: usize = 64;

pub(crate) fn run(global: &Global, args: &Save) -> Outcome {
    match (&args.name, &args.remove) {
        (Some(name), _) => keep(global, name, &args.question),
        (None, Some(name)) => forget(global, name),
        (None, None) => list(global),
    }
}

fn keep(global: &Global, given: &str, asked: &[String]) -> Outcome {
    let name = given.trim();
    let sound = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    if name.is_empty()
        || name.starts_with('-')
        || name.chars().count() > LONGEST
        || !name.chars().all(sound)
    {
        return Err(Error::Invalid(format!(
            "expected a name of at most {LONGEST} letters, digits, -, _, . and spaces, found {}",
            legible(given)
        ))
        .into());
    }
    let words = match asked {
        [line] => question::words_of(line)?,
        words => words.to_vec(),
    };
    let named = words.first().is_some_and(|w| w == "rhyme") && words.len() > 1;
    let command: Vec<String> = words.into_iter().skip(usize::from(named)).collect();
    // It has to be understood today.
    question::understood(&command, global, None)?;
    refuse_read_only(global)?;
    // A folder that is no database keeps nothing.
    let _db = open(global)?;
    let kept = Saved {
        name: name.to_owned(),
        command,
    };
    let typed = kept.typed();
    let replaced = Questions::of(&db_path(global)).keep(kept)?;
    let did = if replaced { "replaced" } else { "kept" };
    notice(global, &format!("{did} {name}: {typed}"));
    Ok(())
}

fn refuse_read_only(global: &Global) -> Outcome {
    match global.read_only {
        false => Ok(()),
        true => Err(Error::ReadOnly {
            path: db_path(global),
        }
        .into()),
    }
}

fn forget(global: &Global, name: &str) -> Outcome {
    let _db = open(global)?;
    refuse_read_only(global)?;
    Questions::of(&db_path(global)).remove(name)?;
    notice(global, &format!("forgot {name}"));
    Ok(())
}

fn list(global: &Global) -> Outcome {
    let _db = open(global)?;
    let questions = Questions::of(&db_path(global));
    let rows = questions.all()?.into_iter().map(|kept| {
        let parsed = question::understood(&kept.command, global, None);
        json!({
            "name": kept.name,
            "question": kept.typed(),
            "fault": parsed.err().and_then(|failure| failure.report().1),
        })
    });
    let rows: Vec<_> = rows.collect();
    let columns = [
        column("name", "name"),
        column("question", "question"),
        column("fault", "not understood any more"),
    ];
    let faults = rows.iter().any(|row| !row["fault"].is_null());
    let shown = if faults { &columns[..] } else { &columns[..2] };
    output::listing(
        global.format,
        shown,
        &rows,
        "no question is saved; `rhyme help save` says how",
    )
}
