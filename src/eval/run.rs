//! From the options of an evaluation to its report.

use std::sync::Arc;

use super::charts::Chart;
use super::ground::{FEWEST, Ground, Model};
use super::held_out::{HeldOut, Part, Record};
use super::paired::{Lane, Paired};
use super::report::{EvalReport, EvalSection};
use super::{Eval, Judged, analogs, anomaly, crossmodal, fidelity, probe, regimes};
use crate::analysis::PairOptions;
use crate::db::Control;
use crate::encode::{ChartEncoder, TextEncoder};
use crate::error::Result;
use crate::model::Timestamp;

/// The share of the bars that lies before the date from which encoders without training are judged.
const PAST: f64 = 0.7;

/// The encoders that are judged, and what they say of their training.
struct Subject {
    name: String,
    chart: Arc<dyn ChartEncoder>,
    text: Option<Arc<dyn TextEncoder>>,
    record: Option<Record>,
}

impl Eval {
    /// Measures. The same data, seed and program give the same figures on any number of threads.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if there is no such space or no series, [`crate::Error::Invalid`]
    /// if trained encoders do not say what they were not trained on,
    /// [`crate::Error::Interrupted`].
    pub fn run(&self, control: &Control) -> Result<EvalReport> {
        let subject = self.subject()?;
        let known = subject.record.clone().unwrap_or_default();
        let market = self.market.clone().or(known.market);
        let interval = match (self.interval, &known.interval) {
            (None, Some(text)) => Some(text.parse()?),
            (said, _) => said,
        };
        let charts = Chart::all(&self.view, market.as_deref(), interval)?;
        let spec = subject.chart.spec().clone();
        let learned = spec.weights_hash != 0;
        let mut from = self.from;
        if from.is_none() && !learned && self.symbols.is_empty() {
            from = past(&charts);
        }
        let held = HeldOut::new(subject.record.as_ref(), from, &self.symbols, learned)?;
        let mut report = EvalReport {
            model: subject.name.clone(),
            from: held.from,
            notes: held.warning(subject.record.as_ref()).into_iter().collect(),
            ..EvalReport::default()
        };
        let mut ground = Ground {
            models: vec![Model {
                name: subject.name,
                encoder: subject.chart,
            }],
            text: subject.text,
            window: spec.window as usize,
            reach: spec.window as usize + spec.warm_up as usize,
            seed: self.seed,
            held,
            charts,
            control,
        };
        report.symbols_held_out = ground.symbols_held_out();
        ground.add_baselines(&mut report.notes)?;
        let mut options = PairOptions::of(&spec);
        if let Some(market) = &market {
            options = options.market(market);
        }
        if let Some(interval) = interval {
            options = options.interval(interval);
        }
        if let Some(most) = known.most_symbols {
            options = options.most_symbols(most);
        }
        let reaction = self.reaction.or(known.reaction).unwrap_or(1);
        self.ask_headlines(&ground, &options, reaction, &mut report)?;
        self.ask_charts(&ground, &mut report)?;
        Ok(report)
    }

    fn subject(&self) -> Result<Subject> {
        let (name, chart, weights) = match &self.judged {
            Judged::Encoders(name, chart, text) => {
                return Ok(Subject {
                    name: name.clone(),
                    chart: Arc::clone(chart),
                    text: text.clone(),
                    record: None,
                });
            }
            Judged::Space(name) => self.view.encoders_of(name.as_deref())?,
            Judged::Weights(weights) => (
                weights.config().architecture.clone(),
                weights.chart_encoder()?,
                Some(weights.clone()),
            ),
        };
        let with_text = weights.as_ref().filter(|w| w.config().text.is_some());
        let text = with_text.map(|w| w.text_encoder()).transpose()?;
        let asked = (self.market.as_deref(), self.interval);
        let dated = self.from.is_some();
        let record = weights.map(|w| Record::read(&w.config().training, asked, dated));
        Ok(Subject {
            name,
            chart,
            text,
            record: record.transpose()?.flatten(),
        })
    }

    fn wants(&self, section: EvalSection) -> bool {
        self.sections.contains(&section)
    }

    /// The sections that need headlines.
    fn ask_headlines(
        &self,
        ground: &Ground<'_>,
        options: &PairOptions,
        reaction: u32,
        report: &mut EvalReport,
    ) -> Result<()> {
        let wanted: Vec<EvalSection> = [
            EvalSection::Retrieval,
            EvalSection::Expressiveness,
            EvalSection::Events,
            EvalSection::Regimes,
        ]
        .into_iter()
        .filter(|s| self.wants(*s))
        .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let Some(text) = ground.text.as_deref() else {
            for section in wanted {
                // Probes of regimes need no words.
                let what = match section {
                    EvalSection::Regimes => "regimes in words".to_owned(),
                    section => section.to_string(),
                };
                let why = "there is no encoder of headlines";
                report.notes.push(format!("{what} is left out: {why}"));
            }
            return Ok(());
        };
        let pairs = self.view.pairs(&options.clone().reaction(reaction))?;
        let five = ground.five();
        let models: Vec<&Model> = ground.models.iter().chain([&five]).collect();
        let names: Vec<&str> = models.iter().map(|m| m.name.as_str()).collect();
        let of = |part| Paired::of(ground, text, (&pairs, reaction as usize), part, &models);
        let before = Some(of(Part::Before)?).filter(|b| b.len() >= FEWEST);
        if before.is_none() {
            report.notes.push(format!(
                "linear baselines are left out: expected at least {FEWEST} pairs before what is judged"
            ));
        }
        for part in Part::JUDGED {
            let judged = of(part)?;
            if judged.len() < 2 {
                report.notes.push(format!(
                    "there are no pairs of the part {:?} to judge",
                    part.name()
                ));
                continue;
            }
            let lanes = Lane::all(&names, before.as_ref(), &judged);
            let before = before.as_ref();
            if self.wants(EvalSection::Retrieval) {
                crossmodal::retrieval(ground, &lanes, &judged, part, report)?;
            }
            if self.wants(EvalSection::Expressiveness) {
                crossmodal::expressiveness(ground, before, &judged, part, report)?;
            }
            if self.wants(EvalSection::Events) {
                crossmodal::events(ground, text, &lanes, &judged, part, report)?;
            }
            if self.wants(EvalSection::Regimes) {
                let judged = (&judged, part);
                regimes::moves(ground, text, (&lanes, &names), before, judged, report)?;
            }
        }
        Ok(())
    }
}

impl Eval {
    /// The sections that need charts alone.
    fn ask_charts(&self, ground: &Ground<'_>, report: &mut EvalReport) -> Result<()> {
        if self.wants(EvalSection::Regimes) {
            regimes::regimes(ground, ground.text.as_deref(), report)?;
        }
        if self.wants(EvalSection::Probe) {
            probe::probe(ground, report)?;
        }
        if self.wants(EvalSection::Shape) {
            fidelity::shape(ground, report)?;
        }
        if self.wants(EvalSection::Anomaly) {
            anomaly::anomaly(ground, report)?;
        }
        if self.wants(EvalSection::Analogs) {
            analogs::analogs(ground, report)?;
        }
        Ok(())
    }
}

/// The close time before which most of the bars lie.
fn past(charts: &[Chart]) -> Option<Timestamp> {
    let mut closes: Vec<Timestamp> = charts.iter().flat_map(|c| &c.closes).copied().collect();
    let place = ((closes.len() as f64 * PAST) as usize).min(closes.len().checked_sub(1)?);
    Some(*closes.select_nth_unstable(place).1)
}
