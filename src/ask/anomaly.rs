//! How unusual a window is.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained};
use super::label_text::{LabelText, set_of};
use super::rounded::figure;
use super::span::Span;
use super::window_row::{MoveRow, WindowRow};
use crate::analysis::{AnomalyAnswer, Measure, Measured, RankedSize};
use crate::db::View;
use crate::error::Result;
use crate::model::{Target, Timestamp, Window};

/// Asks how unusual a stored window is, as of its own close: see [`View::anomaly`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AnomalyRequest {
    /// The window.
    pub target: Target,
    /// How many nearest episodes the distance is measured to, and are listed: 1 to 1,000. Default: 5.
    #[serde(default = "five")]
    pub neighbours: usize,
    /// Compare with windows of these markets, symbols or attributes only. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<String>,
    /// The space. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// At least so many earlier windows to compare with. Default: 200.
    #[serde(default = "two_hundred")]
    pub calibration: usize,
    /// Labels that may fit the window, beside the headlines that were known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelText>,
    /// What `labels` are called; without them a built-in set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The time from the publication of a headline until somebody could know it.
    #[serde(default)]
    pub latency: Span,
    /// The seed of the samples.
    #[serde(default)]
    pub seed: u64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Compare with every window.
    #[serde(default)]
    pub exact: bool,
}

pub(super) const fn five() -> usize {
    5
}

pub(super) const fn two_hundred() -> usize {
    200
}

/// What follows in a note for windows that weights have seen.
pub(super) const UNRANKED: &str = "; the alignment of a window that began before is not ranked";

impl AnomalyRequest {
    /// The request with the defaults.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            neighbours: five(),
            among: Vec::new(),
            space: None,
            calibration: two_hundred(),
            labels: Vec::new(),
            set: None,
            latency: Span::default(),
            seed: 0,
            as_of: None,
            exact: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Anomaly::run`].
    pub fn ask(&self, view: &View) -> Result<AnomalyReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(AnomalyReply, AnomalyAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.anomaly(self.target.clone()).k(self.neighbours);
        question = question.exact(self.exact).seed(self.seed);
        question = question.calibration(self.calibration);
        question = question.latency(self.latency.0);
        pass_on!(question, self, names: space);
        pass_on!(question, self, each: among);
        if let Some(set) = set_of(&self.labels, self.set.as_deref())? {
            question = question.labels(&set);
        }
        let answer = question.run()?;
        let series = Some(&answer.window.series);
        let notes = asked.notes([trained(
            &answer.space,
            answer.trained_until,
            series,
            UNRANKED,
        )])?;
        let reply = AnomalyReply::of(&asked.view, &answer, notes)?;
        Ok((reply, answer))
    }
}

/// The reply to an [`AnomalyRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AnomalyReply {
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// The window.
    pub window: WindowRow,
    /// Bars of a window.
    pub window_bars: u32,
    /// The least distance in bars of two neighbours of one symbol.
    pub exclusion: u32,
    /// Until when the weights of the space have seen the window's series, if that is after it began.
    pub trained_until: Option<Timestamp>,
    /// Windows that had ended when it began.
    pub history: u64,
    /// The size of its moves; nothing where there is too little history.
    pub size: Option<SizeRow>,
    /// Earlier windows by which the measures besides the size are ranked.
    pub calibration: usize,
    /// The measures.
    pub measures: Vec<MeasureRow>,
    /// Whether the largest z-score is above 3.
    pub z_alarm: bool,
    /// The share of earlier windows whose largest z-score is above 3.
    pub z_false_alarms: f64,
    /// The nearest episodes that had ended when it began.
    pub nearest: Vec<NearestRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl AnomalyReply {
    fn of(view: &View, answer: &AnomalyAnswer, notes: Vec<String>) -> Result<Self> {
        let unusual = &answer.unusual;
        let change = view.change(&answer.window)?;
        let nearest = answer.nearest.iter();
        let nearest = nearest.map(|near| NearestRow::of(view, near));
        Ok(Self {
            space: answer.space.clone(),
            as_of: view.as_of(),
            window: (&answer.window).into(),
            window_bars: answer.window_bars,
            exclusion: answer.exclusion,
            trained_until: answer.trained_until,
            history: answer.history,
            size: unusual.size.as_ref().map(|size| SizeRow::of(change, size)),
            calibration: unusual.calibration,
            measures: unusual.measures.iter().map(MeasureRow::from).collect(),
            z_alarm: unusual.z_alarm,
            z_false_alarms: figure(unusual.z_false_alarms),
            nearest: nearest.collect::<Result<_>>()?,
            took_us: answer.took.as_micros() as u64,
            notes,
        })
    }
}

/// The moves of a window in units of what was usual for its series in the year before, and how many windows
/// they were ranked among: see [`crate::query::Size`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SizeRow {
    /// The return of the window in percent.
    pub move_percent: Option<f64>,
    /// The return of the window.
    pub window: f64,
    /// Of its last quarter.
    pub quarter: f64,
    /// Of its last eighth.
    pub eighth: f64,
    /// Of its last bar.
    pub last_bar: f64,
    /// Its range.
    pub range: f64,
    /// Its volatility.
    pub volatility: f64,
    /// Its volume.
    pub volume: f64,
    /// Its largest opening gap.
    pub gap: f64,
    /// Earlier windows of its own series that it was compared with.
    pub own_windows: usize,
    /// Earlier windows of its market and interval.
    pub market_windows: usize,
}

impl SizeRow {
    fn of(change: Option<f64>, ranked: &RankedSize) -> Self {
        let size = &ranked.size;
        Self {
            move_percent: change.map(|change| figure(100.0 * change)),
            window: figure(size.window),
            quarter: figure(size.quarter),
            eighth: figure(size.eighth),
            last_bar: figure(size.last_bar),
            range: figure(size.range),
            volatility: figure(size.volatility),
            volume: figure(size.volume),
            gap: figure(size.gap),
            own_windows: ranked.own,
            market_windows: ranked.market,
        }
    }
}

/// One measure of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MeasureRow {
    /// What was measured.
    pub measure: Measure,
    /// Its value; more is more unusual.
    pub value: f64,
    /// The share of earlier windows with a lower value, in percent.
    pub percentile: f64,
    /// (1 + earlier windows with at least this value) / (1 + earlier windows).
    pub p_value: f64,
}

impl From<&Measured> for MeasureRow {
    fn from(measured: &Measured) -> Self {
        Self {
            measure: measured.measure,
            value: figure(measured.value),
            percentile: figure(measured.percentile),
            p_value: figure(measured.p_value),
        }
    }
}

/// A near episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NearestRow {
    /// The window.
    #[serde(flatten)]
    pub window: WindowRow,
    /// The cosine.
    pub score: f64,
    /// How far it moved.
    #[serde(flatten)]
    pub moved: MoveRow,
}

impl NearestRow {
    fn of(view: &View, (score, window): &(f32, Window)) -> Result<Self> {
        Ok(Self {
            window: window.into(),
            score: figure(*score),
            moved: MoveRow::of(view, window)?,
        })
    }
}
