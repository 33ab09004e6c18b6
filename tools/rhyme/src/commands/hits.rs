//! The answer to a search for similar windows, printed.

use rhymedb::ask::{HitRow, SimilarReply};
use rhymedb::query::SimilarAnswer;
use rhymedb::{Hit, View};
use serde::Serialize;
use serde_json::Value;

use super::moves::MOVE_COLUMNS;
use super::open_bar;
use super::shown::{self, charted, rounded};
use super::spread;
use super::told;
use super::{pictures, words};
use crate::failure::Outcome;
use crate::format::Format;
use crate::opening::nothing_found;
use crate::output::{self, Column, column};
use crate::render::{Style, sparkline};
use crate::text::grouped;

/// What is printed of a hit.
pub(crate) const HIT_COLUMNS: [Column; 10] = [
    column("rank", "rank"),
    column("score", "score"),
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("start", "start"),
    column("end", "end"),
    MOVE_COLUMNS[0],
    MOVE_COLUMNS[1],
];

/// What a search found: its reply, and the answer that pictures are drawn of.
pub(super) struct Found<'a> {
    pub(super) view: &'a View,
    pub(super) reply: &'a SimilarReply,
    pub(super) answer: &'a SimilarAnswer,
}

impl Found<'_> {
    /// Prints it; `whole` is the reply that programs get.
    pub(super) fn print(&self, format: Format, whole: &impl Serialize) -> Outcome {
        let rows = shown::rows(&self.reply.hits)?;
        // The table shows rounded scores.
        output::keep(&HIT_COLUMNS, &rows);
        match format {
            Format::Json => output::json(&output::value(whole)?),
            Format::Csv => output::listing(format, &self.columns(), &rows, ""),
            Format::Table => self.print_table(),
        }
    }

    /// Candles for people; an answer for programs has no pictures.
    pub(super) fn print_charts(&self, format: Format, whole: &impl Serialize) -> Outcome {
        if format != Format::Table {
            return self.print(format, whole);
        }
        output::keep(&HIT_COLUMNS, &shown::rows(&self.reply.hits)?);
        output::prose(&self.heading()?)?;
        let target = &self.reply.query.target;
        output::lines(&pictures::charts(self.view, target, self.answer).join("\n"))
    }

    /// [`HIT_COLUMNS`], and what the search was refined by.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns = HIT_COLUMNS.to_vec();
        if self.reply.hits.iter().any(|hit| hit.refined.is_some()) {
            columns.insert(2, column("refined", "refined"));
        }
        columns
    }

    pub(super) fn print_table(&self) -> Outcome {
        let mut columns = self.columns();
        columns.push(column(output::CHART, "closes"));
        output::prose(&self.heading()?)?;
        let rows = hit_table(self.view, &self.reply.hits, self.answer)?;
        output::listing(Format::Table, &columns, &rows, nothing_found(self.view)?)
    }

    fn heading(&self) -> Outcome<String> {
        let (view, reply, answer) = (self.view, self.reply, self.answer);
        let open = open_bar::of(answer);
        let what = match open {
            Some(open) => open_bar::told(open),
            None => words::window_line(view, answer.query.as_ref(), &reply.query.target)?,
        };
        let stored = answer.query.as_ref().filter(|_| open.is_none());
        let chart = match (stored, &answer.query_bars) {
            (Some(window), _) => Some(pictures::small_chart(view, window)),
            (None, Some(bars)) => Some(sparkline(&bars.close, 24, Style::of_stdout())),
            (None, None) => None,
        };
        let chart = chart.map(|chart| format!("  {}", output::dimmed_afterwards(&chart)));
        let (one, many, kind) = match reply.query.entries {
            true => (
                "entry",
                "entries",
                "each is the first window of its run of similar ones",
            ),
            false => (
                "distinct episode",
                "distinct episodes",
                "each is the best window of its run, known only later; --entries lists the first of each run",
            ),
        };
        let hits = reply.hits.len();
        let told = told::lines(&reply.told, hits);
        let spread = spread::told(reply.query.per, reply.query.diverse);
        Ok(format!(
            "{what}{}\n{told}{} windows searched by {} in {:.2} ms, {hits} {} at least {} bars apart\n{kind}\n{spread}",
            chart.unwrap_or_default(),
            grouped(reply.searched.windows),
            reply.searched.plan,
            answer.took.as_secs_f64() * 1e3,
            if hits == 1 { one } else { many },
            grouped(reply.query.exclusion.into()),
        ))
    }
}

/// Hits for people, each with a small chart; what came after only of an entry.
pub(super) fn hit_table(
    view: &View,
    hits: &[HitRow],
    answer: &SimilarAnswer,
) -> Outcome<Vec<Value>> {
    let rows = rounded(shown::rows(hits)?, &[("score", 4), ("refined", 4)]);
    let chart = |hit: &Hit| match answer.entries {
        true => pictures::small_chart(view, &hit.window),
        false => pictures::closes(view, &hit.window),
    };
    Ok(charted(rows, answer.hits.iter().map(chart)))
}
