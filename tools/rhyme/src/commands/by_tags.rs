//! `classify --by-tags`: a vote of the tagged windows nearest to a chart.

use clap::Args;
use rhymedb::{TagAccuracy, TagVoteAnswer, View};
use serde_json::{Value, json};

use super::tag;
use super::words::{self, Place, number};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::output::{self, column};
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

pub(super) fn run(
    global: &Global,
    view: &View,
    target: &str,
    (args, place): (&ByTags, &Place),
) -> Outcome {
    let mut question = view
        .classify_by_tags(words::query(target)?)
        .neighbours(args.neighbours);
    say!(question, place, names: space);
    let answer = question.run()?;
    let format = global.format;
    let rows: Vec<Value> = answer
        .votes
        .iter()
        .map(|votes| {
            json!({
                "tag": votes.name,
                "share": number(format, votes.share),
                "strength": number(format, votes.strength),
            })
        })
        .collect();
    let columns = [
        column("tag", "tag"),
        column("share", "share of votes"),
        column("strength", "sum of cosines"),
    ];
    match format {
        Format::Json => output::json(&whole(view, target, &answer, rows)?),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            output::prose(&format!(
                "{}\n{}\n",
                words::window_line(view, answer.query.as_ref(), target)?,
                verdict(&answer)
            ))?;
            output::listing(format, &columns, &rows, "")
        }
    }
}

fn whole(view: &View, target: &str, answer: &TagVoteAnswer, votes: Vec<Value>) -> Outcome<Value> {
    let neighbours = answer.neighbours.iter().map(|one| {
        let mut row = tag::row(&one.tag);
        if let Some(object) = row.as_object_mut() {
            object.insert(
                "score".to_owned(),
                number(Format::Json, f64::from(one.score)),
            );
        }
        row
    });
    Ok(json!({
        "query": {
            "target": target,
            "window": words::window_json(view, answer.query.as_ref())?,
            "space": answer.space,
            "as_of": words::text(view.as_of()),
        },
        "chosen": answer.votes.first().map(|votes| &votes.name),
        "votes": votes,
        "neighbours": neighbours.collect::<Vec<_>>(),
        "candidates": answer.candidates,
        "overlapping": answer.overlapping,
        "left_out": answer.left_out,
        "accuracy": {
            "asked": answer.accuracy.asked,
            "right": answer.accuracy.right,
            "majority": answer.accuracy.majority,
            "groups": answer.accuracy.groups,
            "share": answer.accuracy.interval.map(|_| share(answer.accuracy.right, &answer.accuracy)),
            "interval": answer.accuracy.interval,
            "method": "95 %, Wilson, groups of windows that overlap one another as one trial",
        },
    }))
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
