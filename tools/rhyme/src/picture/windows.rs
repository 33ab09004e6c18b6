//! Windows that were found, side by side.

use rhymedb::plot::{Analogs, Chart};
use rhymedb::query::{SimilarAnswer, TransferAnswer};
use rhymedb::{View, Window};

use super::after::chart;
use super::names::{as_of, name, when};
use crate::failure::Outcome;
use crate::text::grouped;

/// The answer to a search for similar windows; `asked` is what it was asked with, and `ahead` how
/// many bars after each window are shown. After hits that are no entries none are: they had a part in
/// their choice.
pub(crate) fn found(
    view: &View,
    asked: &str,
    answer: &SimilarAnswer,
    ahead: Option<usize>,
) -> Outcome<Analogs> {
    // After hits that are no entries nothing is drawn, and so nothing is after the question.
    let ahead = ahead.unwrap_or((answer.window_bars as usize / 4).max(1));
    let ahead = if answer.entries { ahead } else { 0 };
    let query = match (&answer.query, &answer.query_bars) {
        (Some(window), Some(bars)) if answer.open_bar.is_some() => Some(Chart {
            name: name(&window.series),
            label: "asked · last bar open".to_owned(),
            interval: Some(window.series.interval),
            bars: bars.clone(),
            later: rhymedb::Bars::default(),
            same_moment: false,
        }),
        (Some(window), _) => Some(chart(view, window, "asked".to_owned(), ahead)?),
        (None, Some(bars)) => Some(Chart {
            name: asked.to_owned(),
            label: "asked".to_owned(),
            interval: None,
            bars: bars.clone(),
            later: rhymedb::Bars::default(),
            same_moment: false,
        }),
        (None, None) => None,
    };
    let mut hits = Vec::with_capacity(answer.hits.len());
    for hit in &answer.hits {
        let label = format!(
            "{} · {:.3}",
            hit.rank,
            hit.refined.unwrap_or(f64::from(hit.score))
        );
        let chart = chart(view, &hit.window, label, ahead)?;
        hits.push(Chart {
            same_moment: is_same_moment(answer.query.as_ref(), &hit.window),
            ..chart
        });
    }
    let title = match &answer.query {
        Some(w) if answer.open_bar.is_some() => {
            format!("What looked like {}, its last bar open", name(&w.series))
        }
        Some(w) => format!("What looked like {} on {}", name(&w.series), when(w.end)),
        None => format!("What looks like {asked}"),
    };
    Ok(Analogs {
        title,
        subtitle: format!(
            "{} {} of {} windows · space {}{}",
            answer.hits.len(),
            if answer.entries {
                "entries"
            } else {
                "distinct episodes"
            },
            grouped(answer.searched.windows),
            answer.space,
            as_of(view)
        ),
        note: "Times are UTC; the number after the rank is the score.".to_owned(),
        query,
        found: hits,
        fan: None,
    })
}

/// Whether a window is the asked event itself on another chart: they overlap in time.
fn is_same_moment(query: Option<&Window>, hit: &Window) -> bool {
    query.is_some_and(|query| query.start < hit.end && hit.start < query.end)
}

/// The answer to a search in another market.
pub(crate) fn transferred(view: &View, to: &str, answer: &TransferAnswer) -> Outcome<Analogs> {
    let query = &answer.query;
    let mut hits = Vec::with_capacity(answer.hits.len());
    for hit in &answer.hits {
        let label = format!("{} · {:.3} · raw {:.3}", hit.rank, hit.score, hit.raw);
        hits.push(Chart {
            same_moment: is_same_moment(Some(query), &hit.window),
            ..chart(view, &hit.window, label, 0)?
        });
    }
    Ok(Analogs {
        title: format!(
            "What looked like {} on {}, in {to}",
            name(&query.series),
            when(query.end)
        ),
        subtitle: format!(
            "{} distinct episodes of {} windows · space {}{}",
            answer.hits.len(),
            grouped(answer.searched.windows),
            answer.space,
            as_of(view)
        ),
        note: "Times are UTC; the first number is the corrected score, without the shift between the sides, the second the raw cosine."
            .to_owned(),
        query: Some(chart(view, query, "asked".to_owned(), 0)?),
        found: hits,
        fan: None,
    })
}
