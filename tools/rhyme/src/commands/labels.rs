//! Which labels a question compares charts with.

use std::path::PathBuf;

use clap::Args;
use rhymedb::{Error, LabelSet};

use crate::failure::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Labels {
    /// Sentences, each a label: "shares surge,shares plunge", or several in quotation marks
    #[arg(long, num_args = 1.., value_name = "TEXT", conflicts_with_all = ["set", "sets"])]
    labels: Vec<String>,
    /// A named set of labels [default: regimes to classify by, or the only one of --sets]
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// A file of named sets of labels, in place of those that are built in
    #[arg(long, value_name = "FILE")]
    sets: Option<PathBuf>,
}

impl Labels {
    /// The set that is named, if any is.
    pub(super) fn set(&self) -> Outcome<Option<LabelSet>> {
        if !self.labels.is_empty() {
            return Ok(Some(LabelSet::of_sentences(
                "labels",
                &sentences(&self.labels),
            )?));
        }
        let Some(file) = &self.sets else {
            let set = self.set.as_deref().map(LabelSet::built_in_named);
            return Ok(set.transpose()?);
        };
        let mut sets = LabelSet::read(file)?;
        match (&self.set, sets.len()) {
            (Some(name), _) => Ok(Some(LabelSet::named(sets, name)?)),
            (None, 1) => Ok(sets.pop()),
            (None, _) => {
                let choices = sets.iter().map(|s| s.name().to_owned()).collect();
                Err(Error::Ambiguous {
                    what: "the set of labels in",
                    name: file.display().to_string(),
                    choices,
                }
                .into())
            }
        }
    }
}

/// The labels that were given: one value is a list with commas, since one label tells nothing apart.
/// Of several values each is a sentence, which may have commas of its own.
fn sentences(given: &[String]) -> Vec<String> {
    match given {
        [list] => list
            .split(',')
            .map(|label| label.trim().to_owned())
            .collect(),
        several => several.to_vec(),
    }
}
