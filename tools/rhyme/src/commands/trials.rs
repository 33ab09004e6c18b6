//! How many rules were tried on a series: a file beside the catalog, since a replay only reads the database.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rhymedb::decide::Rule;
use serde::{Deserialize, Serialize};

/// The name of the file in the folder of the database.
const NAME: &str = "trials.jsonl";

/// A rule that was tried: a line of the file.
#[derive(Serialize, Deserialize)]
struct Trial {
    series: String,
    /// The rule without its name: another name is no other trial.
    rule: serde_json::Value,
    /// The Sharpe ratio of a bar.
    sharpe: f64,
}

/// The trials of a database.
pub(super) struct Trials(PathBuf);

impl Trials {
    pub(super) fn of(database: &Path) -> Self {
        Self(database.join(NAME))
    }

    /// The Sharpe ratios of a bar of the other rules that were tried on a series; of one that was tried twice the last.
    /// Lines that are no trials, like one that was cut off, are passed over.
    pub(super) fn others(&self, series: &str, rule: &Rule) -> std::io::Result<Vec<f64>> {
        let own = nameless(rule);
        let file = match File::open(&self.0) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut last: BTreeMap<String, f64> = BTreeMap::new();
        for line in BufReader::new(file).lines() {
            let Ok(trial) = serde_json::from_str::<Trial>(&line?) else {
                continue;
            };
            if trial.series == series && trial.rule != own {
                last.insert(trial.rule.to_string(), trial.sharpe);
            }
        }
        Ok(last.into_values().collect())
    }

    /// Notes a trial. One line in one write, so that two who write at once do not mix.
    pub(super) fn note(&self, series: &str, rule: &Rule, sharpe: f64) -> std::io::Result<()> {
        let trial = Trial {
            series: series.to_owned(),
            rule: nameless(rule),
            sharpe,
        };
        let mut line = serde_json::to_string(&trial)?;
        line.push('\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
        file.write_all(line.as_bytes())
    }
}

fn nameless(rule: &Rule) -> serde_json::Value {
    let mut value = serde_json::to_value(rule).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.remove("name");
    }
    value
}
