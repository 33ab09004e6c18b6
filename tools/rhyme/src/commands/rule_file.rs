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
            format!("expected a rule in at most {MOST} bytes, found {len}"),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(fault)?;
    let json = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let rule: Result<Rule, String> = if json {
        serde_json::from_str(&text).map_err(|e| e.to_string())
    } else {
        toml::from_str(&text).map_err(|e| e.to_string())
    };
    let rule = rule.map_err(|why| {
        let why = why.trim_end().replace('\n', "\n  ");
        wrong(
            path,
            format!("expected a rule, like the one in `rhyme help signal`, found:\n  {why}"),
        )
    })?;
    rule.check()?;
    Ok(rule)
}

fn wrong(path: &Path, message: String) -> crate::failure::Failure {
    Error::Input {
        file: PathBuf::from(path),
        line: None,
        message,
    }
    .into()
}
