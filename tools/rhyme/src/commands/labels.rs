//! Which labels a question compares charts with.

use std::path::PathBuf;

use clap::Args;
use rhymedb::Error;
use rhymedb::ask::LabelText;
use rhymedb::query::LabelSet;

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
    /// The labels that are given, and what they are called; without labels the name of a built-in set, if
    /// one is named.
    pub(super) fn chosen(&self) -> Outcome<(Vec<LabelText>, Option<String>)> {
        if !self.labels.is_empty() {
            let labels = sentences(&self.labels).into_iter();
            return Ok((labels.map(LabelText::Sentence).collect(), None));
        }
        let Some(file) = &self.sets else {
            return Ok((Vec::new(), self.set.clone()));
        };
        let of = |set: LabelSet| {
            let labels = set.labels().iter().map(LabelText::from);
            (labels.collect(), Some(set.name().to_owned()))
        };
        let mut sets = LabelSet::read(file)?;
        match (&self.set, sets.len()) {
            (Some(name), _) => Ok(of(LabelSet::named(sets, name)?)),
            (None, 1) => Ok(sets.pop().map(of).unwrap_or_default()),
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
