//! How good an encoder is, measured on what it was not trained on and beside what needs no
//! training.
//!
//! Everything is judged on windows that open after the date up to which the weights were trained, or
//! on symbols that they were not trained on; the training record of the weights says both. What
//! baselines are fitted on lies before. Figures carry 95 % intervals for which whole stretches
//! of time are drawn anew (`estimate`), and stand beside chance, shuffled pairs and the baselines `stats`,
//! `shape`, principal components and five numbers made by hand.

mod analogs;
mod anomaly;
mod baselines;
mod charts;
mod crossmodal;
mod estimate;
mod fidelity;
mod ground;
mod held_out;
mod linear;
mod paired;
mod probe;
mod regimes;
mod report;
mod retrieval;
mod run;
mod scores;
mod shifts;
mod vectors;

pub use report::{EvalMeasure, EvalReport, EvalSection};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::db::View;
use crate::encode::{ChartEncoder, TextEncoder, Weights};
use crate::model::{Interval, Timestamp};

/// An evaluation of an encoder on what a view holds, made by [`View::eval`].
///
/// ```
/// use rhymedb::{Control, Database};
/// use rhymedb::eval::EvalSection;
/// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
/// let view = db.now();
/// let report = view.eval().only(&[EvalSection::Shape]).run(&Control::new())?;
/// for m in &report.measures {
///     println!("{} {} {}: {:.3}", m.section, m.model, m.measure, m.value);
/// }
/// # assert!(!report.measures.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Eval {
    view: View,
    judged: Judged,
    sections: Vec<EvalSection>,
    market: Option<String>,
    interval: Option<Interval>,
    from: Option<Timestamp>,
    symbols: BTreeSet<String>,
    reaction: Option<u32>,
    seed: u64,
}

/// What is judged.
#[derive(Clone)]
enum Judged {
    Space(Option<String>),
    Weights(Weights),
    Encoders(String, Arc<dyn ChartEncoder>, Option<Arc<dyn TextEncoder>>),
}

impl View {
    /// Asks how good an encoder is, on the bars and headlines of this view: that of the default
    /// space unless said otherwise.
    pub fn eval(&self) -> Eval {
        Eval {
            view: self.clone(),
            judged: Judged::Space(None),
            sections: EvalSection::ALL.to_vec(),
            market: None,
            interval: None,
            from: None,
            symbols: BTreeSet::new(),
            reaction: None,
            seed: 0,
        }
    }
}

impl Eval {
    /// Judges the encoders of a stored space.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.judged = Judged::Space(Some(name.to_owned()));
        self
    }

    /// Judges weights that need not be stored.
    #[must_use]
    pub fn weights(mut self, weights: &Weights) -> Self {
        self.judged = Judged::Weights(weights.clone());
        self
    }

    /// Judges encoders of the caller's own, under this name. If they were trained, [`Self::from`] or
    /// [`Self::symbols_held_out`] has to say on what not.
    #[must_use]
    pub fn encoders(
        mut self,
        name: &str,
        chart: Arc<dyn ChartEncoder>,
        text: Option<Arc<dyn TextEncoder>>,
    ) -> Self {
        self.judged = Judged::Encoders(name.to_owned(), chart, text);
        self
    }

    /// Only these sections. Default: all.
    #[must_use]
    pub fn only(mut self, sections: &[EvalSection]) -> Self {
        self.sections = sections.to_vec();
        self
    }

    /// Only series of this market. Default: that of the training record, else all.
    #[must_use]
    pub fn market(mut self, market: &str) -> Self {
        self.market = Some(market.to_owned());
        self
    }

    /// Only series of this interval. Default: that of the training record, else all.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Judges windows that open at or after this date. Default: the date of the training record;
    /// for encoders without training the date before which 70 % of the bars lie.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// Judges windows of these symbols, at all times, as those of symbols that were not trained on.
    /// Default: those of the training record.
    #[must_use]
    pub fn symbols_held_out<S: Into<String>>(
        mut self,
        symbols: impl IntoIterator<Item = S>,
    ) -> Self {
        self.symbols = symbols.into_iter().map(Into::into).collect();
        self
    }

    /// How many bars close between a headline and the end of its window, as in
    /// [`crate::query::PairOptions::reaction`]. Default: that of the training record, else 1.
    #[must_use]
    pub fn reaction(mut self, bars: u32) -> Self {
        self.reaction = Some(bars);
        self
    }

    /// The seed of pools, samples and intervals. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}
