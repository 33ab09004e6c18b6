//! What a training run is: a file in TOML. Backbone, objective, augmentations and data are chosen
//! one by one.

use std::path::Path;

use rhymedb::data::TimePrecision;
use rhymedb::encode::{TextConfig, WeightsConfig};
use rhymedb::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::augment::AugmentConfig;
use crate::backbone::Backbone;
use crate::data::SourceConfig;
use crate::distil::Distillation;
use crate::events::SEEDS;
use crate::net::Stack;
use crate::objective::ObjectiveConfig;
use crate::unused;

/// A training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether a few pairs are learned by heart, or a market is learned from.
    pub mode: Mode,
    /// The network over bars.
    pub backbone: Backbone,
    /// The encoder of headlines. Without it the network learns from charts alone, two views of each.
    pub text: Option<TextTraining>,
    /// What is asked of the embeddings.
    pub objective: ObjectiveConfig,
    /// Changes to windows, in this order; without headlines for each view on its own.
    #[serde(default)]
    pub augment: Vec<AugmentConfig>,
    /// Whether the two views of a window are crops that overlap.
    #[serde(default)]
    pub crops: bool,
    /// Where windows and headlines come from.
    pub data: Vec<SourceConfig>,
    /// What is kept apart.
    #[serde(default)]
    pub split: SplitConfig,
    /// How long and how fast.
    #[serde(default)]
    pub training: Training,
    /// Whether the weights are judged by made-up events too, see [`crate::events`].
    #[serde(default)]
    pub judge_events: bool,
    /// Whether training headlines are dealt out anew among the windows of their source: what the
    /// figures of such a run are above chance is luck.
    #[serde(default)]
    pub shuffle_pairs: bool,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Learns the first `training.batch` pairs by heart, until each finds its partner: whether the
    /// machinery works at all.
    Overfit,
    /// Learns from a part of a market and is judged by the other parts.
    Market,
}

/// The encoder of headlines and how it is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextTraining {
    /// Rows of the table.
    pub buckets: u32,
    /// Numbers of a row.
    pub width: u32,
    /// The standard deviation of the table's numbers at first.
    pub start: f32,
    /// The probability with which a feature of a text is left out.
    pub dropout: f32,
    /// The probability with which names are hidden in training. Afterwards they always are.
    pub mask_names: f32,
    /// A word that occurs less often is not looked at as a name.
    pub name_count: usize,
    /// What it learns from a teacher, the file given with `--teacher`.
    pub teacher: Option<Distillation>,
}

impl Default for TextTraining {
    fn default() -> Self {
        Self {
            buckets: 1 << 15,
            width: 64,
            start: 0.1,
            dropout: 0.3,
            mask_names: 0.5,
            name_count: 3,
            teacher: None,
        }
    }
}

/// What is kept apart from training. A window that crosses a date is in no part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Training windows end before this date; those that decide when to stop start at it.
    pub validation_from: Option<String>,
    /// They end before this date; those of the test start at it.
    pub test_from: Option<String>,
    /// Bars that are left out at the start of both parts besides.
    pub embargo: usize,
    /// One symbol in so many is for a test alone, chosen by the hash of its name. 0 for none.
    pub hold_out: u64,
}

impl SplitConfig {
    /// The two dates in milliseconds.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they are no dates or not in their order.
    pub fn dates(&self) -> Result<(i64, i64)> {
        let date = |text: &Option<String>| match text {
            Some(text) => text.parse::<Timestamp>().map(Timestamp::millis),
            None => Ok(i64::MAX),
        };
        let (validation, test) = (date(&self.validation_from)?, date(&self.test_from)?);
        if validation > test {
            return Err(Error::Invalid(
                "expected split.validation_from before split.test_from; swap them".to_owned(),
            ));
        }
        Ok((validation, test))
    }
}

/// How long and how fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// Pairs, or windows, of one step.
    pub batch: usize,
    /// How often each is seen.
    pub epochs: u64,
    /// The rate of learning after the warm-up; it falls to 0 along a cosine.
    pub rate: f32,
    /// That of the text's table.
    pub table_rate: f32,
    /// Weight decay (AdamW) of matrices.
    pub decay: f32,
    /// The longest gradient, all tensors together.
    pub clip: f32,
    /// Steps over which the rate rises from 0.
    pub warm_up: u64,
    /// Epochs without an improvement on the validation part after which training stops.
    pub patience: u64,
    /// How much of the running mean of the parameters stays at each step (Polyak and Juditsky 1992): what is
    /// judged and written is that mean. 0 for the parameters themselves.
    pub average: f32,
    /// Windows whose gradients are computed together.
    pub chunk: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            batch: 512,
            epochs: 6,
            rate: 1e-3,
            table_rate: 5e-4,
            decay: 0.02,
            clip: 1.0,
            warm_up: 50,
            patience: 3,
            average: 0.0,
            chunk: 32,
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Input`] if it is no config.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source: std::sync::Arc::new(source),
        })?;
        Self::parse(&text).map_err(|e| Error::Input {
            file: path.to_owned(),
            line: None,
            message: e.to_string(),
        })
    }

    /// Parses a config in TOML and checks it. Keys that would have no effect are refused.
    ///
    /// # Errors
    /// [`Error::Invalid`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |e| Error::Invalid(format!("expected a training config: {e}"));
        let config: Self = toml::from_str(text).map_err(wrong)?;
        config.check()?;
        unused::refuse(&toml::from_str(text).map_err(wrong)?, &config)?;
        Ok(config)
    }

    /// Checks what the parts say together.
    ///
    /// # Errors
    /// [`Error::Invalid`] that says what is wrong.
    pub fn check(&self) -> Result<()> {
        let t = &self.training;
        let fewest = (0..self.data.len()).map(|i| self.batch(i)).min();
        if fewest.unwrap_or(t.batch).min(t.batch) < 2 || t.chunk == 0 || t.epochs == 0 {
            return wrong("training.batch of at least 2, and chunk and epochs of at least 1");
        }
        let finite = [t.rate, t.table_rate, t.clip]
            .iter()
            .all(|x| x.is_finite() && *x > 0.0);
        if !finite || !(0.0..=1.0).contains(&t.decay) {
            return wrong("training.rate, table_rate and clip above 0, and decay of 0 to 1");
        }
        if !(0.0..1.0).contains(&t.average) {
            return wrong("training.average of 0 to less than 1");
        }
        if self.data.is_empty() {
            return wrong("at least one source under [[data]]");
        }
        if let Some(what) = self.objective.wrong() {
            return wrong(what);
        }
        let steps = matches!(self.objective, ObjectiveConfig::Ts2vec(_));
        let halves = matches!(self.objective, ObjectiveConfig::Cost(_));
        let charts = steps || halves || matches!(self.objective, ObjectiveConfig::Tnc(_));
        if charts && self.text.is_some() {
            return wrong(
                "no [text] with the objectives ts2vec, tnc and cost, which compare charts with charts",
            );
        }
        if halves && !matches!(self.backbone, Backbone::Cost(_)) {
            return wrong("the backbone cost with the objective cost, which reads its two halves");
        }
        if self.crops != steps {
            return wrong("crops = true with the objective ts2vec, and with no other");
        }
        self.check_text()?;
        self.check_data()?;
        match self.backbone.stack()? {
            Some(stack) => self.check_stack(&stack),
            None => self.weights(Default::default(), 1.0)?.check(),
        }
    }

    fn check_stack(&self, stack: &Stack) -> Result<()> {
        stack.check()?;
        if self.text.is_some() {
            return wrong(
                "no [text] with this [backbone], which is written as ONNX and reads bars alone; take tcn or another of the library's",
            );
        }
        let asks = self.objective.build(&self.augment).reads_steps();
        if asks && !stack.keeps_steps()? {
            return wrong(
                "backbone.dilated = true with this objective, which asks for every step of a window",
            );
        }
        Ok(())
    }

    fn check_text(&self) -> Result<()> {
        if let Some(text) = &self.text {
            let shares = [text.dropout, text.mask_names];
            if shares.iter().any(|x| !(0.0..=1.0).contains(x)) || text.dropout > 0.95 {
                return wrong("text.dropout of 0 to 0.95 and text.mask_names of 0 to 1");
            }
            if text.teacher.as_ref().is_some_and(|t| !t.is_sound()) {
                return wrong(
                    "text.teacher.batch of at least 2, rates and scale above 0, and nce and keep of 0 to 10",
                );
            }
        }
        let (task, some) = (self.objective.is_task(), !self.augment.is_empty());
        if task && self.text.is_some() {
            return wrong("no [text] with this objective, which asks about each chart alone");
        }
        let asked = matches!(self.objective, ObjectiveConfig::Augmentation {});
        if task && some != asked {
            return wrong(
                "[[augment]] with the objective augmentation, and no other that asks about each chart alone",
            );
        }
        let neighbours = matches!(self.objective, ObjectiveConfig::Tnc(_));
        let apart = self.crops || neighbours;
        if !task && self.text.is_none() && !some && !apart {
            return wrong("augmentations, without which two views of a chart are the same");
        }
        Ok(())
    }

    fn check_data(&self) -> Result<()> {
        self.split.dates()?;
        for source in &self.data {
            source.split(&self.split).dates()?;
            if !(0.0..=1.0).contains(&source.share()) {
                return wrong("a share of 0 to 1 of each source under [[data]]");
            }
            if let SourceConfig::Database(source) = source {
                if source.wander > source.reaction {
                    return wrong("a wander of at most the reaction of a database source");
                }
                if let Some(precision) = &source.precision {
                    precision.parse::<TimePrecision>()?;
                }
            }
            if let SourceConfig::Synthetic(source) = source
                && !(0.0..=1.0).contains(&source.phrases)
            {
                return wrong("phrases of 0 to 1 of a synthetic source");
            }
            if let SourceConfig::Synthetic(source) = source
                && source.seeds.iter().any(|seed| SEEDS.contains(seed))
            {
                return wrong("synthetic seeds other than those by which weights are judged");
            }
        }
        let others = self.data.iter().any(|source| source.others() > 0);
        if others && !matches!(self.objective, ObjectiveConfig::InfoNce(_)) {
            return wrong("the objective info_nce with charts of others under [[data]]");
        }
        let pairs_needed = [self.judge_events, self.shuffle_pairs];
        if self.text.is_none() && pairs_needed.contains(&true) {
            return wrong("[text] with judge_events and shuffle_pairs");
        }
        Ok(())
    }

    /// Pairs, or windows, of a step of a source.
    pub fn batch(&self, source: usize) -> usize {
        let own = self.data.get(source).and_then(SourceConfig::batch);
        own.unwrap_or(self.training.batch)
    }

    /// How much of the running means stays at a step, if any are kept: what is learned by heart needs none.
    pub fn average(&self) -> Option<f32> {
        let kept = self.mode == Mode::Market && self.training.average > 0.0;
        kept.then_some(self.training.average)
    }

    /// The share of a source's steps that an epoch has.
    pub fn share(&self, source: usize) -> f32 {
        self.data.get(source).map_or(1.0, SourceConfig::share)
    }

    /// The config of the weights that this run makes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a part is wrong.
    pub fn weights(
        &self,
        names: std::collections::BTreeSet<String>,
        temperature: f32,
    ) -> Result<WeightsConfig> {
        let chart = self.backbone.native().ok_or_else(|| {
            Error::Invalid(
                "expected a [backbone] of the library, found one that is written as ONNX"
                    .to_owned(),
            )
        })?;
        let config = match &self.text {
            None => WeightsConfig::chart(self.backbone.architecture(), chart),
            Some(text) => {
                let text = TextConfig {
                    dim: chart.dim,
                    buckets: text.buckets,
                    width: text.width,
                    names,
                };
                WeightsConfig::clip(chart, text, temperature)
            }
        };
        config.check()?;
        Ok(config)
    }
}

fn wrong(what: &str) -> Result<()> {
    Err(Error::Invalid(format!(
        "expected {what}; change the config"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        mode = "market"
        [backbone]
        kind = "tcn_path"
        window = 32
        dim = 16
        [text]
        [objective]
        kind = "info_nce"
        [[data]]
        kind = "synthetic"
        seeds = [1]
    "#;

    #[test]
    fn defaults_are_filled_in() {
        let config = Config::parse(SMALL).map(|c| (c.training.batch, c.text.map(|t| t.buckets)));
        assert_eq!(config.ok(), Some((512, Some(1 << 15))));
    }

    #[test]
    fn the_configs_beside_the_code_are_sound() {
        for text in [
            include_str!("../configs/clip.toml"),
            include_str!("../configs/clip_events.toml"),
            include_str!("../configs/clip_stocks.toml"),
            include_str!("../configs/tcn.toml"),
            include_str!("../configs/overfit.toml"),
        ] {
            assert!(Config::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        let error = |from: &str, to: &str| {
            let text = SMALL.replace(from, to);
            assert_ne!(text, SMALL);
            Config::parse(&text).err().map(|e| e.to_string())
        };
        for (from, to, expected) in [
            ("tcn_path", "tnc", "unknown variant `tnc`"),
            ("dim = 16", "dim = 16\nheads = 2", "unknown field `heads`"),
            ("dim = 16", "dim = 0", "wrong in dim"),
            ("[text]", "[text]\ndropout = 1.5", "text.dropout"),
            ("[text]", "[training]\nbatch = 1", "training.batch"),
            (
                "[text]",
                "[split]\ntest_from = \"soon\"\n[text]",
                "expected a time like",
            ),
            ("info_nce", "ts2vec", "no [text]"),
            ("[text]", "", "augmentations"),
            ("[1]", "[900001]", "synthetic seeds"),
            (
                "[text]",
                "[text]\nteacher = { keep = -1.0 }",
                "text.teacher.batch",
            ),
            (
                "info_nce\"",
                "siglip\"\n[[data]]\nkind = \"synthetic\"\nothers = 2",
                "others",
            ),
        ] {
            let found = error(from, to).unwrap_or_default();
            assert!(found.contains(expected), "{to}: {found}");
        }
    }
}
