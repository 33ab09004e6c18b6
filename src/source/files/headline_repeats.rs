//! Headlines in order, and those that come several times as one.

use std::collections::HashMap;

use super::headline_symbols::{MAX_SYMBOLS, too_many};
use super::input_report::{InputReport, NoticeKind};
use super::raw_headline::RawHeadline;
use crate::model::Headline;

pub(super) fn sort(raw: &mut [RawHeadline], report: &mut InputReport) {
    let newest_first = raw.is_sorted_by(|a, b| a.headline.time >= b.headline.time);
    if !newest_first {
        let mut latest = None;
        for row in raw.iter() {
            if latest.is_some_and(|t| t > row.headline.time) {
                report
                    .notices
                    .add(NoticeKind::OutOfOrder, Some(row.line), || {
                        let time = row.headline.time;
                        format!("{time} comes after a later time; the rows are sorted")
                    });
            }
            latest = latest.max(Some(row.headline.time));
        }
    }
    raw.sort_by_key(|row| row.headline.time);
}

/// Makes one headline of the rows of one time, source and text, with the symbols of all of them: round-ups
/// come once for each stock.
pub(super) fn join_repeats(raw: Vec<RawHeadline>, report: &mut InputReport) -> Vec<Headline> {
    let mut first_of = HashMap::with_capacity(raw.len());
    let mut distinct = 0;
    let places: Vec<usize> = raw
        .iter()
        .map(|RawHeadline { headline: h, .. }| {
            let content = (h.time, h.source.as_str(), h.text.as_str());
            *first_of.entry(content).or_insert_with(|| {
                distinct += 1;
                distinct - 1
            })
        })
        .collect();
    let mut joined: Vec<Headline> = Vec::with_capacity(distinct);
    for (row, place) in raw.into_iter().zip(places) {
        match joined.get_mut(place) {
            Some(before) => join(before, row, report),
            None => joined.push(row.headline),
        }
    }
    joined
}

/// Adds a row to the headline that it repeats.
fn join(before: &mut Headline, row: RawHeadline, report: &mut InputReport) {
    let RawHeadline { headline, line, .. } = row;
    let known = headline.known_from();
    let mut new = headline.symbols;
    new.retain(|symbol| !before.symbols.contains(symbol));
    if before.symbols.len() + new.len() > MAX_SYMBOLS {
        report.reject(line, too_many());
        return;
    }
    // Of two precisions the coarser one: nothing may be known too early.
    if known > before.known_from() {
        before.precision = headline.precision;
    }
    let (kind, message) = if new.is_empty() {
        let message = "the same headline is there before; one is kept";
        (NoticeKind::Duplicate, message)
    } else {
        let message =
            "the same headline is there before with other symbols; one is kept, with all of them";
        (NoticeKind::SymbolsJoined, message)
    };
    report.notices.add(kind, Some(line), || message.to_owned());
    before.symbols.append(&mut new);
}
