//! Prices over time with scores and bands.

use std::collections::BTreeSet;

use rhymedb::plot::{Band, Extent, Flag, Lean, Score, Scores, Timeline, Track};
use rhymedb::query::{
    AnomalyScanAnswer, DivergenceAnswer, DivergenceEpisode, DivergenceMoment, JudgedBy, LabelSet,
    RegimesAnswer,
};
use rhymedb::{Bars, SeriesKey, Timestamp, View};

use super::names::{as_of, name};
use super::runs::{MOST_RUNS, Runs, fewer};
use crate::failure::Outcome;
use crate::text::{grouped, shortened};

/// The most series of one picture.
const MOST_SERIES: usize = 3;

fn bars(
    view: &View,
    series: &SeriesKey,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Outcome<Bars> {
    Ok(view.bars(series, from, to, None)?.bars)
}

/// The unusual episodes of a period under the price, of the series that have the most unusual ones.
pub(crate) fn anomalies(view: &View, of: &str, answer: &AnomalyScanAnswer) -> Outcome<Timeline> {
    let mut chosen: Vec<usize> = Vec::new();
    let ranked = answer.episodes.iter().map(|e| &e.window.series);
    let ranked = ranked.filter_map(|key| answer.series.iter().position(|s| s == key));
    for series in ranked.chain(0..answer.series.len()) {
        if chosen.len() < MOST_SERIES && !chosen.contains(&series) {
            chosen.push(series);
        }
    }
    let mut tracks = Vec::new();
    for series in chosen {
        let Some(key) = answer.series.get(series) else {
            continue;
        };
        tracks.extend(anomaly_track(view, answer, (series, key))?);
    }
    let measure = answer.by.to_string();
    let shown = if tracks.len() < answer.series.len() {
        format!(
            " The {} of {} series with the most unusual episodes.",
            tracks.len(),
            answer.series.len()
        )
    } else {
        String::new()
    };
    Ok(Timeline {
        title: format!("Unusual episodes of {of}"),
        subtitle: format!(
            "{} windows, {} with p at most {} by {measure} · space {}{}",
            grouped(answer.scanned),
            grouped(answer.unusual),
            answer.level,
            answer.space,
            as_of(view)
        ),
        note: format!(
            "Each window is measured as of its own close, which is where its score stands; the numbers are ranks. Times are UTC.{shown}"
        ),
        labels: Vec::new(),
        leans: Vec::new(),
        tracks,
    })
}

fn anomaly_track(
    view: &View,
    answer: &AnomalyScanAnswer,
    (series, key): (usize, &SeriesKey),
) -> Outcome<Option<Track>> {
    let own = || answer.scores.iter().filter(|s| s.series == series);
    let point = |s: &rhymedb::query::AnomalyScore| Score {
        end: s.end,
        value: -s.p_value.log10(),
        flagged: s.p_value <= answer.level,
        hint: format!("{} {:.3}, p {:.5}", answer.by, s.value, s.p_value),
    };
    let points: Vec<Score> = own().map(point).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Ok(None);
    };
    let episodes = answer.episodes.iter().filter(|e| e.window.series == *key);
    let flag = |e: &rhymedb::query::AnomalyEpisode| Flag {
        first: e.from,
        last: e.to,
        label: e.rank.to_string(),
        hint: format!("episode {}: {} windows", e.rank, e.windows),
    };
    Ok(Some(Track {
        name: name(key),
        interval: key.interval,
        bars: bars(view, key, Some(first.end), Some(last.end))?,
        bands: Vec::new(),
        flags: episodes.map(flag).collect(),
        scores: Some(Scores {
            // What is usual changes with time, so a line across the values would be wrong; across
            // p-values it is right.
            name: format!(
                "{}: -log10 of p, where the line is p = {}",
                answer.by, answer.level
            ),
            points,
            joined: true,
            threshold: Some(-answer.level.log10()),
            range: None,
        }),
    }))
}

/// The label of each window behind the price.
pub(crate) fn regimes(view: &View, set: &LabelSet, answer: &RegimesAnswer) -> Outcome<Timeline> {
    let seen: BTreeSet<&str> = answer
        .runs
        .iter()
        .filter_map(|r| r.label.as_deref())
        .collect();
    let labels: Vec<String> = set
        .labels()
        .iter()
        .map(|l| l.name.clone())
        .filter(|name| seen.contains(name.as_str()))
        .collect();
    let band = |run: &rhymedb::query::RegimeRun| Band {
        first: run.first,
        last: run.last,
        label: run
            .label
            .as_ref()
            .and_then(|name| labels.iter().position(|l| l == name)),
    };
    let key = &answer.series;
    let (first, last) = (answer.runs.first(), answer.runs.last());
    let mut drawn: Runs = answer.runs.iter().map(|r| (band(r), r.windows)).collect();
    let changed = fewer(&mut drawn, MOST_RUNS);
    let windows: u64 = answer.runs.iter().map(|r| r.windows).sum();
    let track = Track {
        name: name(key),
        interval: key.interval,
        bars: match (first, last) {
            (Some(first), Some(last)) => bars(view, key, Some(first.first), Some(last.last))?,
            _ => Bars::default(),
        },
        bands: drawn.iter().map(|(band, _)| *band).collect(),
        flags: Vec::new(),
        scores: None,
    };
    Ok(Timeline {
        title: format!("{} by {}", name(key), answer.set),
        subtitle: format!(
            "{} windows in {} runs · {}{}",
            grouped(windows),
            grouped(answer.runs.len() as u64),
            match (&answer.space, answer.judged_by) {
                (Some(space), _) => format!("space {space}"),
                (None, JudgedBy::Drawings) => "by drawings".to_owned(),
                (None, _) => "by rules".to_owned(),
            },
            as_of(view)
        ),
        note: format!(
            "A bar has the label of the window that ends with it; where no label was clear there is no band.{} Times are UTC.",
            if changed == 0 {
                String::new()
            } else {
                format!(
                    " Drawn are {} runs: the shortest have the label of a longer neighbour, which changes {} of the windows. The table has all runs.",
                    drawn.len(),
                    percent_of(changed, windows)
                )
            }
        ),
        leans: labels.iter().map(|l| lean(l, answer.judged_by)).collect(),
        labels,
        tracks: vec![track],
    })
}

fn percent_of(part: u64, all: u64) -> String {
    format!("{:.0} %", 100.0 * part as f64 / all.max(1) as f64)
}

/// What a regime says of the price. Labels in words may say anything.
fn lean(label: &str, judged_by: JudgedBy) -> Option<Lean> {
    match (judged_by, label) {
        (JudgedBy::Rules, "bullish" | "strong rise") => Some(Lean::Rise),
        (JudgedBy::Rules, "bearish" | "strong fall") => Some(Lean::Fall),
        (JudgedBy::Rules, "slow rise") => Some(Lean::SlowRise),
        (JudgedBy::Rules, "slow fall") => Some(Lean::SlowFall),
        (JudgedBy::Rules, "range" | "calm range") => Some(Lean::Calm),
        (JudgedBy::Rules, "whipsaw" | "wild range") => Some(Lean::Wild),
        _ => None,
    }
}

/// Charts against the news of the same time, under the price.
pub(crate) fn divergence(view: &View, below: f64, answer: &DivergenceAnswer) -> Outcome<Timeline> {
    let mut moments: Vec<&DivergenceMoment> = answer.moments.iter().collect();
    moments.sort_by_key(|m| m.end);
    let point = |m: &&DivergenceMoment| {
        let mut hint = vec![format!(
            "cosine {:+.3}, {} earlier moments",
            m.similarity, m.earlier
        )];
        hint.extend(m.headlines.iter().take(3).map(|text| shortened(text)));
        Some(Score {
            end: m.end,
            value: m.percentile?,
            flagged: m.flagged,
            hint: hint.join("\n"),
        })
    };
    let flag = |e: &DivergenceEpisode| Flag {
        first: e.first,
        last: e.last,
        label: e.sign.map_or_else(String::new, |s| s.to_string()),
        hint: e
            .lowest
            .headlines
            .iter()
            .map(|text| shortened(text))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let key = &answer.series;
    let (first, last) = (moments.first(), moments.last());
    let track = Track {
        name: name(key),
        interval: key.interval,
        bars: match (first, last) {
            (Some(first), Some(last)) => bars(view, key, Some(first.end), Some(last.end))?,
            _ => Bars::default(),
        },
        bands: Vec::new(),
        flags: answer.episodes.iter().rev().map(flag).collect(),
        scores: Some(Scores {
            name: "percentile among earlier moments like it; low is divergence".to_owned(),
            points: moments.iter().filter_map(point).collect(),
            joined: false,
            threshold: Some(below),
            range: Some(Extent::new(0.0, 100.0)),
        }),
    };
    let flagged = answer.episodes.len();
    Ok(Timeline {
        title: format!("Chart against news: {}", name(key)),
        subtitle: format!(
            "{} moments with news of {}, {flagged} episodes with a percentile of at most {below} · space {}{}",
            grouped(answer.moments.len() as u64),
            answer.symbol,
            answer.space,
            as_of(view)
        ),
        note: format!(
            "Shaded: episodes in which chart and news disagree, and which way. Each dot is a moment with news.{} Times are UTC.",
            no_dots(&moments)
        ),
        labels: Vec::new(),
        leans: Vec::new(),
        tracks: vec![track],
    })
}

/// Which moments a picture leaves out.
fn no_dots(moments: &[&DivergenceMoment]) -> String {
    let without = moments.iter().filter(|m| m.percentile.is_none());
    let trained = without
        .clone()
        .filter(|m| m.trained_until.is_some())
        .count();
    match (without.count(), trained) {
        (0, _) => String::new(),
        (n, 0) => format!(" {n} moments have no dot: too few are before them for a percentile."),
        (n, trained) if n == trained => {
            format!(" {n} moments have no dot: the weights were trained on them.")
        }
        (n, trained) => format!(
            " {n} moments have no dot: the weights were trained on {trained} of them, and too few are before the others for a percentile."
        ),
    }
}
