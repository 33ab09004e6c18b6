//! Answers as the library's own pictures.

use rhymedb::ask::{FoundSimilar, Question};
use rhymedb::plot::{Analogs, Chart, Matrix, MatrixCell, Picture, PlotOptions};
use rhymedb::query::{SimilarAnswer, TransferMatrixAnswer};
use rhymedb::{Bars, Result, View, Window};

/// The answer to a question as SVG; none where there is no picture of such answers.
pub(crate) fn svg(view: &View, question: &Question, width: u32) -> Result<Option<String>> {
    let picture: Picture = match question {
        Question::Similar(request) => match request.ask_in_full(view)? {
            (reply, FoundSimilar::Hits(answer)) => {
                found(view, &reply.query.target, &answer)?.into()
            }
            (reply, FoundSimilar::Outcomes(answer)) => {
                found(view, &reply.query.target, &answer.similar)?.into()
            }
        },
        Question::Combine(request) => {
            let (reply, answer) = request.ask_in_full(view)?;
            found(view, &reply.found.query.target, &answer)?.into()
        }
        Question::TransferMatrix(request) => matrix(&request.ask_in_full(view)?.1).into(),
        _ => return Ok(None),
    };
    let options = PlotOptions {
        width,
        ..PlotOptions::default()
    };
    picture.svg(&options).map(Some)
}

/// The windows that were found, side by side. Nothing is drawn after them: it had a part in their choice.
fn found(view: &View, asked: &str, answer: &SimilarAnswer) -> Result<Analogs> {
    let query = match (&answer.query, &answer.query_bars) {
        (Some(window), None) => Some(chart(view, window, "asked".to_owned())?),
        (window, Some(bars)) => Some(Chart {
            name: window.as_ref().map_or_else(|| asked.to_owned(), name),
            label: "asked".to_owned(),
            interval: window.as_ref().map(|window| window.series.interval),
            bars: bars.clone(),
            later: Bars::default(),
            same_moment: false,
        }),
        (None, None) => None,
    };
    let hit = |hit: &rhymedb::Hit| {
        let score = hit.refined.unwrap_or(f64::from(hit.score));
        let chart = chart(view, &hit.window, format!("{} · {score:.3}", hit.rank))?;
        let overlaps =
            |query: &Window| query.start < hit.window.end && hit.window.start < query.end;
        Ok(Chart {
            same_moment: answer.query.as_ref().is_some_and(overlaps),
            ..chart
        })
    };
    Ok(Analogs {
        title: format!("What looked like {asked}"),
        subtitle: format!(
            "{} hits of {} windows · space {}{}",
            answer.hits.len(),
            answer.searched.windows,
            answer.space,
            as_of(view)
        ),
        note: "Times are UTC; the number after the rank is the score.".to_owned(),
        query,
        found: answer.hits.iter().map(hit).collect::<Result<_>>()?,
        fan: None,
    })
}

fn as_of(view: &View) -> String {
    view.as_of()
        .map_or_else(String::new, |time| format!(" · as of {time}"))
}

fn name(window: &Window) -> String {
    let series = &window.series;
    format!("{} {} · {}", series.symbol, series.interval, series.market)
}

fn chart(view: &View, window: &Window, label: String) -> Result<Chart> {
    let series = &window.series;
    let first = series.interval.close_of(window.start);
    Ok(Chart {
        name: name(window),
        label,
        interval: Some(series.interval),
        bars: view.bars(series, Some(first), Some(window.end), None)?.bars,
        later: Bars::default(),
        same_moment: false,
    })
}

fn matrix(answer: &TransferMatrixAnswer) -> Matrix {
    let names: Vec<String> = answer.groups.iter().map(|g| g.name.clone()).collect();
    let cell = |a: &str, b: &str| {
        let mut pairs = answer.pairs.iter();
        let pair = pairs.find(|p| (p.a == a && p.b == b) || (p.a == b && p.b == a))?;
        Some(MatrixCell {
            value: pair.mutual,
            hint: format!("{a} and {b}: {:.3} of {} windows", pair.mutual, pair.n),
        })
    };
    let row = |a: &String| names.iter().map(|b| cell(a, b)).collect();
    let cells: Vec<Vec<Option<MatrixCell>>> = names.iter().map(row).collect();
    let most = answer.pairs.iter().map(|p| p.mutual).fold(0.0, f64::max);
    Matrix {
        title: format!("How alike {} groups are", names.len()),
        subtitle: format!("space {}", answer.space),
        note: "The share of windows that are each other's nearest: 1 if each has a partner."
            .to_owned(),
        names,
        cells,
        range: (0.0, if most > 0.5 { 1.0 } else { 0.5 }),
    }
}
