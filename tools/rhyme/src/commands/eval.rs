use std::path::PathBuf;

use clap::Args;
use rhymedb::encode::Weights;
use rhymedb::eval::{EvalMeasure, EvalReport, EvalSection};
use rhymedb::{Interval, Timestamp};

use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{open, view_at};
use crate::output::{self, column};
use crate::progress;
use crate::text::legible;

pub(crate) const HELP: &str = "\
Judged is what the weights were not trained on: windows after the date of their training record, and
symbols that it kept apart. --from and --symbols-held-out say otherwise. Baselines are fitted before.
A table shows half the width of the 95 % interval after ±; JSON and CSV have both of its ends.

Example: rhyme eval --space clip --only retrieval,events --seed 7";

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// The space whose encoders are judged [default: shape]
    #[arg(long, conflicts_with = "weights")]
    space: Option<String>,
    /// A file of weights to judge, instead of a space
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Only these sections: retrieval, expressiveness, events, regimes, probe, shape, anomaly,
    /// analogs
    #[arg(long, value_delimiter = ',', value_parser = section)]
    only: Vec<EvalSection>,
    /// Only series of this market [default: what the weights were trained on, or all]
    #[arg(long)]
    market: Option<String>,
    /// Only series of this interval [default: what the weights were trained on, or all]
    #[arg(long)]
    interval: Option<Interval>,
    /// Judge windows that open at or after this time [default: the training record's date, or that
    /// after 70 % of the bars]
    #[arg(long)]
    from: Option<Timestamp>,
    /// Judge these symbols, at all times, as new ones [default: the training record's]
    #[arg(long, value_delimiter = ',', value_name = "SYMBOLS")]
    symbols_held_out: Vec<String>,
    /// Bars between a headline and the end of its window [default: the training record's, or 1]
    #[arg(long, value_name = "BARS")]
    reaction: Option<u32>,
    /// The seed of pools, samples and intervals
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

fn section(text: &str) -> Result<EvalSection, String> {
    text.parse().map_err(|e: rhymedb::Error| e.to_string())
}

pub(crate) fn run(global: &Global, args: &Eval) -> Outcome {
    let weights = args.weights.as_ref().map(Weights::read).transpose()?;
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    let mut eval = view
        .eval()
        .seed(args.seed)
        .symbols_held_out(args.symbols_held_out.iter().cloned());
    if let Some(space) = &args.space {
        eval = eval.space(space);
    }
    if let Some(weights) = &weights {
        eval = eval.weights(weights);
    }
    if !args.only.is_empty() {
        eval = eval.only(&args.only);
    }
    if let Some(market) = &args.market {
        eval = eval.market(market);
    }
    if let Some(interval) = args.interval {
        eval = eval.interval(interval);
    }
    if let Some(from) = args.from {
        eval = eval.from(from);
    }
    if let Some(reaction) = args.reaction {
        eval = eval.reaction(reaction);
    }
    let mut control = progress::control(global);
    if let Some(limit) = global.timeout {
        control = control.time_limit(limit);
    }
    let report = eval.run(&control)?;
    progress::settle();
    print(global, &report)
}

fn print(global: &Global, report: &EvalReport) -> Outcome {
    match global.format {
        Format::Json => output::json(&output::value(report)?),
        Format::Csv => {
            let rows = report.measures.iter().map(output::value);
            let columns = [
                column("section", "section"),
                column("part", "part"),
                column("model", "model"),
                column("setting", "setting"),
                column("measure", "measure"),
                column("value", "value"),
                column("low", "95% from"),
                column("high", "to"),
                column("count", "n"),
            ];
            let rows: Vec<_> = rows.collect::<Outcome<_>>()?;
            for note in &report.notes {
                progress::notice(global, &format!("note: {note}"));
            }
            output::listing(global.format, &columns, &rows, "")
        }
        Format::Table => tables(report),
    }
}

fn tables(report: &EvalReport) -> Outcome {
    let from = report.from.map(|t| format!(", windows from {t} on"));
    let symbols = match report.symbols_held_out.len() {
        0 => String::new(),
        n => format!(", {n} symbols that were not trained on"),
    };
    output::lines(&legible(&format!(
        "{}{}{symbols}",
        report.model,
        from.unwrap_or_default()
    )))?;
    for section in EvalSection::ALL {
        let of: Vec<&EvalMeasure> = report
            .measures
            .iter()
            .filter(|m| m.section == section)
            .collect();
        if !of.is_empty() {
            output::prose(&format!("\n{section}"))?;
            table(&of)?;
        }
    }
    if !report.notes.is_empty() {
        output::lines("")?;
    }
    for note in &report.notes {
        output::prose(&format!("note: {}", legible(note)))?;
    }
    Ok(())
}

/// One row for each part, setting and model, one column for each figure, as they come.
fn table(measures: &[&EvalMeasure]) -> Outcome {
    let mut figures: Vec<&str> = Vec::new();
    let mut rows: Vec<[&str; 3]> = Vec::new();
    for m in measures {
        let row = [m.part.as_str(), m.setting.as_str(), m.model.as_str()];
        if !rows.contains(&row) {
            rows.push(row);
        }
        if !figures.contains(&m.measure.as_str()) {
            figures.push(&m.measure);
        }
    }
    let cells = rows.iter().map(|row| {
        let of = |figure: &&str| {
            let found = measures.iter().find(|m| {
                [m.part.as_str(), m.setting.as_str(), m.model.as_str()] == *row
                    && m.measure == **figure
            });
            found.map_or_else(String::new, |m| figure_text(m))
        };
        let texts = row.iter().map(|text| (*text).to_owned());
        texts.chain(figures.iter().map(of)).collect()
    });
    let cells: Vec<Vec<String>> = cells.collect();
    let titles = [&["judged", "setting", "model"], figures.as_slice()].concat();
    output::grid(&titles, 3, &cells)
}

/// A figure with half the width of its interval.
fn figure_text(m: &EvalMeasure) -> String {
    let digits = if m.value.abs() >= 10.0 { 1 } else { 3 };
    match (m.low, m.high) {
        (Some(low), Some(high)) => format!("{:.digits$} ±{:.digits$}", m.value, (high - low) / 2.0),
        _ => format!("{:.digits$}", m.value),
    }
}
