//! Keys of a config that would have no effect: they are refused, because whoever wrote them expects
//! one.

use rhymedb::{Error, Result};
use toml::{Table, Value};

use crate::config::{Config, Mode};
use crate::data::SourceConfig;

/// Of a source of bars with headlines, what says which headlines make pairs and how.
const OF_PAIRS: [&str; 7] = [
    "reaction",
    "wander",
    "precision",
    "most_symbols",
    "whole_events",
    "phrases",
    "train_wordings",
];

/// Refuses keys that stand in the file and would have no effect.
///
/// # Errors
/// [`Error::Invalid`] that names the key and says why.
pub(crate) fn refuse(file: &Table, config: &Config) -> Result<()> {
    check_split(file, config)?;
    check_mode(file, config)?;
    if config.text.is_none() {
        let why = "without [text], which has the table";
        refuse_keys(file, "training", &["table_rate"], why)?;
    }
    let sources = file.get("data").and_then(Value::as_array);
    let sources = sources.into_iter().flatten().filter_map(Value::as_table);
    for (i, (table, source)) in sources.zip(&config.data).enumerate() {
        let place = match config.data.len() {
            1 => "[[data]]".to_owned(),
            _ => format!("the {}. [[data]]", i + 1),
        };
        check_source(table, source, config).map_err(|(key, why)| unused(&key, &place, why))?;
    }
    Ok(())
}

fn unused(key: &str, place: &str, why: &str) -> Error {
    Error::Invalid(format!(
        "expected no {key} in {place}: it has no effect {why}; take it out"
    ))
}

fn refuse_keys(file: &Table, section: &str, keys: &[&str], why: &str) -> Result<()> {
    let table = file.get(section).and_then(Value::as_table);
    let has = |key: &&&str| table.is_some_and(|t| t.contains_key(**key));
    match keys.iter().find(has) {
        Some(key) => Err(unused(key, &format!("[{section}]"), why)),
        None => Ok(()),
    }
}

/// What a run by heart does without.
fn check_mode(file: &Table, config: &Config) -> Result<()> {
    if config.mode != Mode::Overfit {
        return Ok(());
    }
    let why = "with mode = \"overfit\", which learns until each pair is known";
    refuse_keys(file, "training", &["epochs", "patience", "average"], why)?;
    let lessons = config.text.as_ref().is_some_and(|t| t.teacher.is_some());
    if !lessons {
        refuse_keys(file, "training", &["warm_up"], why)?;
    }
    refuse_keys(file, "text", &["dropout", "mask_names", "name_count"], why)
}

/// The split of the run: somebody has to heed it.
fn check_split(file: &Table, config: &Config) -> Result<()> {
    let Some(split) = file.get("split").and_then(Value::as_table) else {
        return Ok(());
    };
    let mut heed = config.data.iter().filter(|source| match source {
        SourceConfig::Database(source) => source.split.is_none(),
        SourceConfig::Captions(source) => source.split.is_none(),
        SourceConfig::Synthetic(_) => false,
    });
    let place = "the config";
    if heed.clone().next().is_none() {
        let why = "on synthetic sources, and none on sources with a split of their own; write [data.split] below the [[data]] that it is for";
        return Err(Error::Invalid(format!(
            "expected no [split] in {place}: it has no effect {why}"
        )));
    }
    let captions = heed.all(|source| matches!(source, SourceConfig::Captions(_)));
    check_parts(split, captions).map_err(|(key, why)| unused(&key, place, why))
}

type Unused = (String, &'static str);

/// The keys of one split.
fn check_parts(split: &Table, captions: bool) -> Result<(), Unused> {
    let has = |key: &str| split.contains_key(key);
    for key in ["test_from", "embargo"] {
        if captions && has(key) {
            let why = "on captions, which are for training alone";
            return Err((format!("split.{key}"), why));
        }
    }
    if has("embargo") && !has("validation_from") && !has("test_from") {
        let why = "without validation_from or test_from, at which it starts";
        return Err(("split.embargo".to_owned(), why));
    }
    Ok(())
}

fn check_source(table: &Table, source: &SourceConfig, config: &Config) -> Result<(), Unused> {
    let refuse = |keys: &[&str], why: &'static str| match keys
        .iter()
        .find(|key| table.contains_key(**key))
    {
        Some(key) => Err(((*key).to_owned(), why)),
        None => Ok(()),
    };
    let captions = matches!(source, SourceConfig::Captions(_));
    if let Some(split) = table.get("split").and_then(Value::as_table) {
        check_parts(split, captions)?;
    }
    if config.text.is_none() {
        refuse(&OF_PAIRS, "without [text], which reads headlines")?;
        refuse(&["others"], "without [text], which reads headlines")?;
    } else {
        let why = "with [text], where headlines say which windows are read";
        refuse(&["hop"], why)?;
    }
    if config.mode == Mode::Overfit {
        let why = "with mode = \"overfit\", which sees the same pairs in each step";
        refuse(&["wander"], why)?;
    }
    if let SourceConfig::Synthetic(source) = source {
        match source.market.as_deref() {
            Some("crypto") => {
                let why = "with market = \"crypto\"";
                refuse(&["equity_symbols", "equity_days"], why)?;
            }
            Some("equity") => {
                let why = "with market = \"equity\"";
                refuse(&["crypto_symbols", "crypto_bars"], why)?;
            }
            _ => {}
        }
    }
    Ok(())
}
