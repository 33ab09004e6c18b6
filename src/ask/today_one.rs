//! One series of a report of today: the questions that it is made of.

use std::collections::BTreeMap;

use super::after::HorizonReply;
use super::asked::trained;
use super::divergence::DivergenceMomentRow;
use super::headline_row::StoredHeadlineRow;
use super::rounded::figure;
use super::similar::HitRow;
use super::today_request::TodayRequest;
use super::today_row::{TodayRow, TodayState};
use super::window_row::MoveRow;
use crate::analysis::LabelSet;
use crate::db::{SeriesInfo, View};
use crate::error::{Error, Result};
use crate::model::{Horizon, Interval, Target, Timestamp, Window};

/// The nearest charts and the headlines of a row.
const LISTED: usize = 3;
const DAY_MS: i64 = 24 * 3_600_000;

/// What all rows share.
pub(super) struct Day<'d> {
    view: &'d View,
    request: &'d TodayRequest,
    regimes: LabelSet,
    /// Of each market and interval the series with the last close.
    newest: BTreeMap<(String, String), &'d SeriesInfo>,
    /// Whether there is a space of charts and headlines.
    aligned: bool,
}

impl<'d> Day<'d> {
    pub(super) fn new(
        view: &'d View,
        infos: &'d [SeriesInfo],
        request: &'d TodayRequest,
    ) -> Result<Self> {
        let mut newest: BTreeMap<_, &SeriesInfo> = BTreeMap::new();
        for info in infos {
            let first = newest.entry(kind(info)).or_insert(info);
            if info.last > first.last {
                *first = info;
            }
        }
        let aligned = match view.aligned(None, &[], |_| Ok(())) {
            Ok(()) => true,
            Err(Error::NotFound { .. } | Error::Ambiguous { .. } | Error::Invalid(_)) => false,
            Err(e) => return Err(e),
        };
        Ok(Self {
            view,
            request,
            regimes: LabelSet::built_in_named("regimes")?,
            newest,
            aligned,
        })
    }

    /// Whether others of its market and interval go on more than a few bars after a time: the last close of the newest
    /// of them.
    fn gone_on(&self, info: &SeriesInfo, last: Timestamp) -> Result<Option<Timestamp>> {
        let Some(newest) = self.newest.get(&kind(info)) else {
            return Ok(None);
        };
        let most = self.request.stale;
        let next = last.plus_millis(1);
        let later = self
            .view
            .bars(&newest.key, Some(next), None, Some(most + 1))?;
        Ok(newest.last.filter(|_| later.bars.len() > most))
    }

    fn horizon(&self, interval: Interval) -> Horizon {
        let usual = match interval.nominal_millis() < DAY_MS {
            true => Horizon::hours(24),
            false => Horizon::bars(5),
        };
        self.request.horizon.unwrap_or(usual)
    }
}

fn kind(info: &SeriesInfo) -> (String, String) {
    (info.key.market.clone(), info.key.interval.to_string())
}

/// A part of a row, or a note why it is missing. What is wrong with more than the series is an error.
fn part<T>(name: &str, answer: Result<T>, row: &mut TodayRow) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(
            e @ (Error::Invalid(_)
            | Error::NotFound { .. }
            | Error::Ambiguous { .. }
            | Error::Encoder { .. }),
        ) => {
            row.unanswered.push(format!("{name}: {e}"));
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// Asks about the latest window of a series. What is to be said of trained weights is noted once.
pub(super) fn one(day: &Day<'_>, info: &SeriesInfo, trained: &mut Vec<String>) -> Result<TodayRow> {
    let mut row = TodayRow::of(info);
    let Some(last) = info.last else {
        row.why = Some("it has no bars".to_owned());
        return Ok(row);
    };
    if let Some(newest) = day.gone_on(info, last)? {
        row.state = TodayState::Stale;
        row.why = Some(format!(
            "its last bar closed at {last}, and others of {} {} go on to {newest}: fetch it anew, or it is gone",
            info.key.market, info.key.interval
        ));
        return Ok(row);
    }
    let target = Target::from(info.key.clone());
    let window = day.view.past(None, |past| past.asked(&target));
    let window = window.map(|asked| asked.window);
    let window = window.map_err(|error| match error {
        // The whole message is another one where later bars are stored.
        Error::NotFound { what: "window", .. } => Error::invalid(format!(
            "its {} bars have no window of the space's length without a gap",
            info.bars
        )),
        other => other,
    });
    if let Some(window) = part("window", window, &mut row)? {
        if day.gone_on(info, window.end)?.is_some() {
            row.why = Some(format!(
                "its bars go on to {last}, and its last window to {} alone: later ones are flat, or wait for `rhyme compact`",
                window.end
            ));
            row.state = TodayState::Stale;
            return Ok(row);
        }
        measured(day, &window, &mut row)?;
        analogs(day, &window, &mut row, trained)?;
    }
    if row.state == TodayState::Unmeasured {
        let why = row.unanswered.first().cloned();
        row.why = why.or_else(|| Some("there is too little history to rank its moves".to_owned()));
    }
    regime(day, &target, &mut row)?;
    news(day, info, &mut row)?;
    divergence(day, &target, &mut row, trained)?;
    Ok(row)
}

/// The size of its moves, among earlier ones.
fn measured(day: &Day<'_>, window: &Window, row: &mut TodayRow) -> Result<()> {
    (row.start, row.end) = (Some(window.start), Some(window.end));
    row.moved = MoveRow::of(day.view, window)?;
    let size = day.view.ranked_size(&Target::from(window));
    let Some(size) = part("size", size, row)?.flatten() else {
        return Ok(());
    };
    let rank = size.percentile() / 100.0;
    row.state = TodayState::Measured;
    row.size = Some(figure(size.size.score()));
    row.size_rank = Some(figure(rank));
    row.size_p = Some(figure(size.p_value()));
    row.alarm = day.request.alarm.is_some_and(|level| rank >= level);
    Ok(())
}

/// The most similar charts, and what followed them.
fn analogs(
    day: &Day<'_>,
    window: &Window,
    row: &mut TodayRow,
    notes: &mut Vec<String>,
) -> Result<()> {
    let horizon = day.horizon(window.series.interval);
    let similar = day.view.similar(window).k(day.request.k).exact(true);
    let Some(answer) = part("analogs", similar.outcomes(&[horizon]).run(), row)? else {
        return Ok(());
    };
    let found = &answer.similar;
    for hit in found.hits.iter().take(LISTED) {
        row.nearest.push(HitRow::of(day.view, hit)?);
    }
    row.after = answer.horizons.first().map(HorizonReply::from);
    let series = Some(&window.series);
    note(
        notes,
        trained(&found.space, found.trained_until, series, ""),
    );
    Ok(())
}

/// Its regime, and since when.
fn regime(day: &Day<'_>, target: &Target, row: &mut TodayRow) -> Result<()> {
    let answer = day.view.regimes(target.clone(), &day.regimes).run();
    let Some(answer) = part("regime", answer, row)? else {
        return Ok(());
    };
    if let Some(run) = answer.runs.last() {
        row.regime.clone_from(&run.label);
        row.regime_since = Some(run.first);
    }
    Ok(())
}

/// The news of the last day.
fn news(day: &Day<'_>, info: &SeriesInfo, row: &mut TodayRow) -> Result<()> {
    let from = since(day, row);
    let symbol = Some(info.key.symbol.as_str());
    let found = day.view.headlines(symbol, from, None, usize::MAX)?;
    row.headlines = found.len();
    let newest = found.iter().rev().take(LISTED);
    row.news = newest.map(StoredHeadlineRow::from).collect();
    Ok(())
}

/// When the last day began.
fn since(day: &Day<'_>, row: &TodayRow) -> Option<Timestamp> {
    let span = i64::try_from(day.request.news.0.as_millis()).unwrap_or(i64::MAX);
    let end = row.end.map(Timestamp::millis);
    end.map(|end| Timestamp::from_millis(end.saturating_sub(span)))
}

/// Whether those news disagree with the chart.
fn divergence(
    day: &Day<'_>,
    target: &Target,
    row: &mut TodayRow,
    notes: &mut Vec<String>,
) -> Result<()> {
    let Some(from) = since(day, row).filter(|_| day.aligned && row.headlines > 0) else {
        return Ok(());
    };
    let answer = day.view.divergence(target.clone()).from(from).run();
    let Some(answer) = part("divergence", answer, row)? else {
        return Ok(());
    };
    row.divergence = answer.moments.first().map(DivergenceMomentRow::from);
    let series = Some(&answer.series);
    note(
        notes,
        trained(&answer.space, answer.trained_until, series, ""),
    );
    Ok(())
}

fn note(notes: &mut Vec<String>, said: Option<String>) {
    notes.extend(said.filter(|said| !notes.contains(said)));
}
