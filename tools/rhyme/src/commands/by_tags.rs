//! `classify --by-tags`: a vote of the tagged windows nearest to a chart.

use clap::Args;
use rhymedb::ask::ClassifyByTagsRequest;
use rhymedb::query::{TagAccuracy, TagVoteAnswer};

use super::query_text;
use super::shown::{self, rounded};
use super::words::{self, SpaceOptions};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, column};
use crate::progress;
use crate::text::legible;

#[derive(Debug, Args)]
pub(super) struct ByTags {
    /// Let the nearest tagged windows vote (`rhyme tag`), and say how often such a vote is right
    #[arg(long, conflicts_with_all = ["history", "labels", "set", "sets", "centred"])]
    pub(super) by_tags: bool,
    /// With --by-tags: how many vote
    #[arg(long, default_value_t = 5, value_name = "N", requires = "by_tags")]
    neighbours: usize,
}

pub(super) fn run(global: &Global, target: &str, args: &ByTags, options: &SpaceOptions) -> Outcome {
    let mut request = ClassifyByTagsRequest::new(query_text::subject(target)?);
    request.neighbours = args.neighbours;
    request.space.clone_from(&options.space);
    request.as_of = options.as_of;
    let view = view_of(global, &open(global)?);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let rows = shown::rows(&reply.votes)?;
    let columns = [
        column("tag", "tag"),
        column("share", "share of votes"),
        column("strength", "sum of cosines"),
    ];
    match global.format {
        Format::Json => output::json(&output::value(&reply)?),
        Format::Csv => output::listing(global.format, &columns, &rows, ""),
        Format::Table => {
            let view = &known(&view, options.as_of);
            output::prose(&format!(
                "{}\n{}\n",
                words::window_line(view, answer.query.as_ref(), target)?,
                verdict(&answer)
            ))?;
            output::keep(&columns, &rows);
            let rows = rounded(rows, &[("share", 4), ("strength", 4)]);
            output::listing(global.format, &columns, &rows, "")
        }
    }
}

fn share(n: u64, of: &TagAccuracy) -> f64 {
    n as f64 / of.asked.max(1) as f64
}

/// What was chosen, and how far such a vote can be trusted.
fn verdict(answer: &TagVoteAnswer) -> String {
    let voters = answer.neighbours.len();
    let chosen = answer.votes.first().map_or("no tag", |votes| &votes.name);
    let own = answer
        .neighbours
        .iter()
        .filter(|one| one.tag.name == *chosen);
    let accuracy = &answer.accuracy;
    let percent = |n: u64| 100.0 * share(n, accuracy);
    let trust = match accuracy.interval {
        None => "how often such a vote is right cannot be said: no tagged window has another that does not overlap it".to_owned(),
        Some((low, high)) => format!(
            "of {} tagged windows, each asked without those that overlap it, such a vote is right for {:.0} % (95 % interval {:.0} to {:.0} %, Wilson, windows that overlap one another counted as one: {} groups); always naming the most frequent tag is right for {:.0} %",
            accuracy.asked,
            percent(accuracy.right),
            100.0 * low,
            100.0 * high,
            accuracy.groups,
            percent(accuracy.majority)
        ),
    };
    let mut text = format!(
        "{}, by {} of the {voters} nearest among {} tagged windows\n{trust}",
        legible(chosen),
        own.count(),
        answer.candidates
    );
    if answer.overlapping > 0 {
        text += &format!(
            "\n{} tagged windows overlap the question in time, or are it, and have no vote",
            answer.overlapping
        );
    }
    if answer.left_out.total() > 0 {
        text += &format!("\ntags without a vote: {}", answer.left_out);
    }
    text
}
