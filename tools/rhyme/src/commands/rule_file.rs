//! Rules from files of TOML or JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhymedb::Error;
use rhymedb::decide::Rule;

use crate::failure::Outcome;

/// The largest file of a rule in bytes.
const MOST: u64 = 1 << 20;

/// Reads a rule: JSON if the name ends so, else TOML.
pub(super) fn read(path: &Path) -> Outcome<Rule> {
    let fault = |source| Error::Io {
        action: "read",
        path: path.to_path_buf(),
        source: Arc::new(source),
    };
    let len = std::fs::metadata(path).map_err(fault)?.len();
    if len > MOST {
        return Err(wrong(
            path,
            None,
            format!("expected a rule in at most {MOST} bytes, found {len}"),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(fault)?;
    let json = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let rule: Result<Rule, Fault> = if json {
        serde_json::from_str(&text).map_err(|e| Fault {
            line: None,
            why: e.to_string(),
        })
    } else {
        toml::from_str(&text).map_err(|e: toml::de::Error| Fault {
            line: e.span().map(|at| line_of(&text, at.start)),
            why: e.message().trim_end().replace('\n', ", "),
        })
    };
    let rule = rule.map_err(|Fault { line, why }| {
        let message = format!("expected a rule, like the one in `rhyme help signal`, found: {why}");
        wrong(path, line, message)
    })?;
    rule.check()?;
    Ok(rule)
}

/// What is wrong with the text of a rule, and where.
struct Fault {
    line: Option<u64>,
    why: String,
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, at: usize) -> u64 {
    let before = text.bytes().take(at);
    1 + before.filter(|byte| *byte == b'\n').count() as u64
}

fn wrong(path: &Path, line: Option<u64>, message: String) -> crate::failure::Failure {
    Error::Input {
        file: PathBuf::from(path),
        line,
        message,
    }
    .into()
}
