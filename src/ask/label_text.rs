//! Labels as questions bring them.

use serde::{Deserialize, Serialize};

use crate::analysis::{Label, LabelSet};
use crate::error::Result;

/// A label of the asker's own: a sentence that is its own name, or a name and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a label as a sentence, or as {\"name\": \"up\", \"sentences\": [\"shares rise\"]}"
)]
pub enum LabelText {
    /// A sentence.
    Sentence(String),
    /// A name, and one sentence or several.
    Named(Label),
}

impl From<&Label> for LabelText {
    fn from(label: &Label) -> Self {
        match label.sentences.as_slice() {
            [own] if *own == label.name => Self::Sentence(label.name.clone()),
            _ => Self::Named(label.clone()),
        }
    }
}

/// The set of labels of a question: its own, called `name`, or the built-in one of that name.
pub(super) fn set_of(labels: &[LabelText], name: Option<&str>) -> Result<Option<LabelSet>> {
    if labels.is_empty() {
        return name.map(LabelSet::built_in_named).transpose();
    }
    let label = |text: &LabelText| match text {
        LabelText::Sentence(text) => Label {
            name: text.clone(),
            sentences: vec![text.clone()],
        },
        LabelText::Named(label) => label.clone(),
    };
    let labels = labels.iter().map(label).collect();
    LabelSet::new(name.unwrap_or("labels"), labels).map(Some)
}
