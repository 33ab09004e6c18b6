//! `classify --by-tags`: a vote of the tagged windows nearest to a chart.

use clap::Args;
use rhymedb::{TagVoteAnswer, View};
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
        "accuracy": {
            "asked": answer.accuracy.asked,
            "right": answer.accuracy.right,
            "majority": answer.accuracy.majority,
        },
    }))
}

/// What was chosen, and how far such a vote can be trusted.
fn verdict(answer: &TagVoteAnswer) -> String {
    let chosen = answer
        .votes
        .first()
        .map_or("no tag", |votes| votes.name.as_str());
    let accuracy = answer.accuracy;
    let percent = |n: u64| 100.0 * n as f64 / accuracy.asked.max(1) as f64;
    let trust = match accuracy.asked {
        0 => "how often such a vote is right cannot be said: no tagged window has another that does not overlap it".to_owned(),
        n => format!(
            "such a vote is right for {:.0} % of {n} tagged windows, each asked without those that overlap it; always naming the most frequent tag for {:.0} %",
            percent(accuracy.right),
            percent(accuracy.majority)
        ),
    };
    format!(
        "{}, by {} of {} tagged windows\n{trust}",
        legible(chosen),
        answer.neighbours.len(),
        answer.candidates
    )
}
