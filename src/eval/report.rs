use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::estimate::Estimate;
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// A part of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvalSection {
    /// Charts find their headlines and headlines their charts, in pools.
    Retrieval,
    /// Whether a headline's expressiveness says how well it finds its chart.
    Expressiveness,
    /// Charts of falls and of surges, found in words.
    Events,
    /// Regimes named in words, against labels made by rule.
    Regimes,
    /// Linear probes of frozen vectors, on the asset of their training and on others.
    Probe,
    /// How like the found price paths are, against the exact search by correlation.
    Shape,
    /// Large moves announced by unusual windows.
    Anomaly,
    /// Forecasts from what followed similar windows, against random ones.
    Analogs,
}

impl EvalSection {
    /// Every section, in the order of a report.
    pub const ALL: [Self; 8] = [
        Self::Retrieval,
        Self::Expressiveness,
        Self::Events,
        Self::Regimes,
        Self::Probe,
        Self::Shape,
        Self::Anomaly,
        Self::Analogs,
    ];
}

impl fmt::Display for EvalSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retrieval => "retrieval",
            Self::Expressiveness => "expressiveness",
            Self::Events => "events",
            Self::Regimes => "regimes",
            Self::Probe => "probe",
            Self::Shape => "shape",
            Self::Anomaly => "anomaly",
            Self::Analogs => "analogs",
        })
    }
}

impl FromStr for EvalSection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|s| s.to_string() == text);
        found.ok_or_else(|| {
            let all: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            Error::invalid(format!(
                "expected a section of an evaluation ({}), found {text:?}",
                all.join(", ")
            ))
        })
    }
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EvalReport {
    /// The encoder that was judged.
    pub model: String,
    /// What is judged closes after this date, and is read from this date on.
    pub from: Option<Timestamp>,
    /// The symbols that were kept apart from training and have pairs or windows.
    pub symbols_held_out: Vec<String>,
    /// The figures, by section.
    pub measures: Vec<EvalMeasure>,
    /// What was left out and why, and what else a reader has to know.
    pub notes: Vec<String>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EvalMeasure {
    /// The section that it belongs to.
    pub section: EvalSection,
    /// What was judged: `later` than training, or `new symbols`.
    pub part: String,
    /// The encoder, the baseline, or `chance`.
    pub model: String,
    /// The pool and direction, the label, the asset: what else tells figures apart.
    pub setting: String,
    /// The figure's name.
    pub measure: String,
    /// The figure.
    pub value: f64,
    /// The lower end of its 95 % interval; `None` if there is none, as of events in few stretches of time.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Queries or windows that it is of.
    pub count: usize,
}

/// To which row of a report figures belong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) section: EvalSection,
    pub(super) part: &'a str,
    pub(super) model: &'a str,
    pub(super) setting: &'a str,
    pub(super) count: usize,
}

impl EvalReport {
    /// Adds a figure; one that is no number is left out.
    pub(super) fn push(&mut self, row: Row<'_>, measure: &str, found: Estimate) {
        if !found.value.is_finite() {
            return;
        }
        let end = |x: f64| x.is_finite().then_some(x);
        self.measures.push(EvalMeasure {
            section: row.section,
            part: row.part.to_owned(),
            model: row.model.to_owned(),
            setting: row.setting.to_owned(),
            measure: measure.to_owned(),
            value: found.value,
            low: end(found.low),
            high: end(found.high),
            count: row.count,
        });
    }

    pub(super) fn left_out(&mut self, section: EvalSection, why: &str) {
        self.notes.push(format!("{section} is left out: {why}"));
    }

    /// The figure of that name, model and setting in a section and a part.
    pub fn find(
        &self,
        section: EvalSection,
        part: &str,
        model: &str,
        setting: &str,
        measure: &str,
    ) -> Option<&EvalMeasure> {
        self.measures.iter().find(|m| {
            m.section == section
                && m.part == part
                && m.model == model
                && m.setting == setting
                && m.measure == measure
        })
    }
}
