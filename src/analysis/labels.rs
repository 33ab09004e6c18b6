//! Sets of labels, and how it is told which of them fits a chart.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::db::{Aligned, Expressiveness};
use crate::error::{Error, Result, excerpt};
use crate::numeric::direction::mean_direction;
use crate::numeric::dot::dot_in_order;

/// The sets that come with the crate, in the form of a user's file.
const BUILT_IN: &str = include_str!("labels.json");
/// More is no set of labels.
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_LABELS: usize = 1000;

/// A label and the sentences that say what it means: their mean is the label's vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Label {
    /// Its name.
    pub name: String,
    /// One sentence or several.
    pub sentences: Vec<String>,
}

/// How it is told which label of a set fits a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum JudgedBy {
    /// By what the labels mean in words, in a space of charts and headlines.
    Words,
    /// By drawings of each label, which are compared with the last bars at several lengths.
    Drawings,
    /// By rules on trend and unrest, beside those of the series' own year.
    Rules,
}

/// The built-in sets that are not judged by words, which cannot tell these from one another.
const MEASURED: [(&str, JudgedBy); 3] = [
    ("patterns", JudgedBy::Drawings),
    ("regimes", JudgedBy::Rules),
    ("eight-regimes", JudgedBy::Rules),
];

/// A named set of labels, between which a chart is classified.
///
/// The built-in sets of patterns and regimes are judged by numbers, all others by their words.
///
/// ```
/// use rhymedb::query::LabelSet;
/// let set = LabelSet::of_sentences("mine", &["shares surge", "shares plunge"])?;
/// assert_eq!(set.labels()[0].name, "shares surge");
///
/// let file = r#"{"mood": {"up": "shares rise", "down": ["shares fall", "a sell-off"]}}"#;
/// let sets = LabelSet::parse(file)?;
/// assert_eq!(sets[0].labels()[1].sentences.len(), 2);
///
/// let built_in: Vec<String> = LabelSet::built_in()?.iter().map(|s| s.name().to_owned()).collect();
/// assert!(built_in.contains(&"patterns".to_owned()));
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelSet {
    name: String,
    labels: Vec<Label>,
    judged_by: JudgedBy,
}

impl LabelSet {
    /// A set of at least two labels.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are fewer than 2 or more than 1,000, if two have one name, or if a
    /// name or a sentence is empty.
    pub fn new(name: &str, labels: Vec<Label>) -> Result<Self> {
        let wrong = |found: String| {
            Error::invalid(format!(
                "expected 2 to {MAX_LABELS} labels in the set {}, each with a name of its own and at least one sentence, found {found}",
                excerpt(name)
            ))
        };
        if !(2..=MAX_LABELS).contains(&labels.len()) {
            return Err(wrong(labels.len().to_string()));
        }
        let mut names = BTreeSet::new();
        for label in &labels {
            if !names.insert(&label.name) {
                return Err(wrong(format!("two of the name {}", excerpt(&label.name))));
            }
            let blank = |text: &String| text.trim().is_empty();
            if blank(&label.name) || label.sentences.is_empty() || label.sentences.iter().any(blank)
            {
                return Err(wrong(format!("an empty one: {}", excerpt(&label.name))));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            labels,
            judged_by: JudgedBy::Words,
        })
    }

    /// A set of sentences, each of which is its own name.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_sentences(name: &str, sentences: &[impl AsRef<str>]) -> Result<Self> {
        let label = |sentence: &str| Label {
            name: sentence.to_owned(),
            sentences: vec![sentence.to_owned()],
        };
        let labels = sentences.iter().map(|s| label(s.as_ref()));
        Self::new(name, labels.collect())
    }

    /// The sets of a JSON text: an object of sets, each an object whose keys are labels and whose
    /// values are a sentence or a list of sentences. Their order is kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is none.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Words {
            One(String),
            Many(Vec<String>),
        }
        let wrong = |e: serde_json::Error| {
            Error::invalid(format!(
                "expected sets of labels like {{\"mood\": {{\"up\": \"shares rise\", \"down\": [\"shares fall\"]}}}}, found something else ({e})"
            ))
        };
        let sets: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(wrong)?;
        let mut all = Vec::with_capacity(sets.len());
        for (name, set) in sets {
            let labels: serde_json::Map<String, serde_json::Value> =
                serde_json::from_value(set).map_err(wrong)?;
            let mut read = Vec::with_capacity(labels.len());
            for (label, words) in labels {
                let sentences = match serde_json::from_value(words).map_err(wrong)? {
                    Words::One(sentence) => vec![sentence],
                    Words::Many(sentences) => sentences,
                };
                read.push(Label {
                    name: label,
                    sentences,
                });
            }
            all.push(Self::new(&name, read)?);
        }
        Ok(all)
    }

    /// The sets of a file, in the form that [`Self::parse`] reads.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Input`] if it holds no sets.
    pub fn read(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = path.as_ref();
        let len = std::fs::metadata(path)
            .map_err(Error::io("open", path))?
            .len();
        if len > MAX_FILE_BYTES {
            let message =
                format!("expected sets of labels of at most {MAX_FILE_BYTES} bytes, found {len}");
            return Err(Error::input(path, None, message));
        }
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let text = String::from_utf8(bytes)
            .map_err(|e| Error::input(path, None, format!("expected UTF-8, found {e}")))?;
        Self::parse(&text).map_err(|e| Error::input(path, None, e.to_string()))
    }

    /// The sets that come with the crate: the regimes, events and chart patterns of the sources,
    /// and sentiment.
    ///
    /// # Errors
    /// None that can happen; the text is parsed as a user's is.
    pub fn built_in() -> Result<Vec<Self>> {
        let mut sets = Self::parse(BUILT_IN)?;
        for set in &mut sets {
            let measured = MEASURED.iter().find(|(name, _)| *name == set.name);
            set.judged_by = measured.map_or(JudgedBy::Words, |(_, by)| *by);
        }
        Ok(sets)
    }

    /// The same labels, judged by their words alone.
    #[must_use]
    pub fn in_words(self) -> Self {
        Self {
            judged_by: JudgedBy::Words,
            ..self
        }
    }

    /// The built-in set of that name.
    ///
    /// # Errors
    /// [`Error::NotFound`] with those that there are.
    pub fn built_in_named(name: &str) -> Result<Self> {
        Self::named(Self::built_in()?, name)
    }

    /// The set of that name among `sets`.
    ///
    /// # Errors
    /// [`Error::NotFound`] with those that there are.
    pub fn named(sets: Vec<Self>, name: &str) -> Result<Self> {
        let names: Vec<String> = sets.iter().map(|s| s.name.clone()).collect();
        let found = sets.into_iter().find(|s| s.name == name);
        found.ok_or_else(|| Error::NotFound {
            what: "set of labels",
            name: excerpt(name),
            hint_text: format!("there are: {}", names.join(", ")),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is told which of the labels fits.
    pub fn judged_by(&self) -> JudgedBy {
        self.judged_by
    }

    /// Its labels.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }
}

/// A label with what a chart has to do with it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LabelScore {
    /// Its name.
    pub label: String,
    /// In words the cosine of chart and label; by drawings the cosine of the chart and the nearest
    /// drawing; by rules the probability.
    pub score: f64,
    /// Its probability among the labels: in words by the softmax of the scores over the temperature;
    /// by drawings among the labels and none of them.
    pub probability: f64,
    /// How much the label says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
}

/// A label with its vector in a space.
pub(super) struct PlacedLabel {
    pub(super) name: String,
    pub(super) vector: Vec<f32>,
    pub(super) expressiveness: Option<Expressiveness>,
}

/// The labels of a set in a space: the mean of their sentences' vectors, at unit length.
pub(super) fn place(space: &Aligned<'_>, set: &LabelSet) -> Result<Vec<PlacedLabel>> {
    let mut placed = Vec::with_capacity(set.labels.len());
    for label in &set.labels {
        let mut vectors = Vec::with_capacity(label.sentences.len());
        for sentence in &label.sentences {
            vectors.push(space.text(sentence)?);
        }
        let vector = mean_direction(&vectors).ok_or_else(|| {
            Error::invalid(format!(
                "expected sentences of the label {} that agree, found ones that cancel each other out",
                excerpt(&label.name)
            ))
        })?;
        placed.push(PlacedLabel {
            name: label.name.clone(),
            expressiveness: space.expressiveness(&vector),
            vector,
        });
    }
    Ok(placed)
}

/// The cosine of two unit vectors.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    dot_in_order(a, b).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_built_in_sets_are_sets() {
        let sets = LabelSet::built_in().unwrap();
        let names: Vec<_> = sets.iter().map(LabelSet::name).collect();
        assert_eq!(
            names,
            [
                "regimes",
                "eight-regimes",
                "crypto-events",
                "stock-events",
                "patterns",
                "sentiment"
            ]
        );
        let count = |name| LabelSet::built_in_named(name).unwrap().labels().len();
        assert_eq!((count("regimes"), count("eight-regimes")), (4, 8));
        let error = LabelSet::built_in_named("none").unwrap_err().to_string();
        assert!(error.contains("there are: regimes"), "{error}");
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for (text, message) in [
            ("[]", "expected sets of labels like"),
            ("{\"a\": []}", "expected sets of labels like"),
            (
                "{\"a\": {\"x\": 1, \"y\": \"z\"}}",
                "expected sets of labels like",
            ),
            ("{\"a\": {\"x\": \"y\"}}", "found 1"),
            ("{\"a\": {\"x\": \"y\", \"z\": []}}", "an empty one: \"z\""),
            (
                "{\"a\": {\"x\": \"y\", \"z\": \" \"}}",
                "an empty one: \"z\"",
            ),
        ] {
            let error = LabelSet::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        let error = LabelSet::of_sentences("s", &["a", "a"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("two of the name"), "{error}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0xff]).unwrap();
        let error = LabelSet::read(file.path()).unwrap_err();
        assert!(matches!(error, Error::Input { .. }), "{error}");
        let missing = LabelSet::read(file.path().join("none")).unwrap_err();
        assert!(matches!(missing, Error::Io { .. }), "{missing}");
    }
}
