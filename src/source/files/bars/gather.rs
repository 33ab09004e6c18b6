//! The series of a file from those of its members.

use std::collections::BTreeMap;

use super::super::container::FilePlace;
use super::super::file_parts::FilePart;
use super::super::input_report::{InputReport, NoticeKind};
use super::overlap::{OnConflict, Overlap, merged};
use super::raw::two_exchanges;
use super::spacing::{count_gaps, off_grid};
use crate::error::shortened;
use crate::model::{Bars, Calendar, SeriesBars, SeriesKey};

/// The series of the members so far, by their names.
pub(super) struct Gathered {
    on_conflict: OnConflict,
    series: BTreeMap<String, OfMembers>,
}

/// The parts of a series, or why it is refused.
struct OfMembers {
    parts: Vec<OfMember>,
    refused: Option<String>,
}

/// What a member holds of a series.
struct OfMember {
    place: FilePlace,
    series: SeriesBars,
    /// The open time of its last bar as it was read.
    last: i64,
}

impl Gathered {
    pub(super) fn new(on_conflict: OnConflict) -> Self {
        Self {
            on_conflict,
            series: BTreeMap::new(),
        }
    }

    /// Adds a series of a member to those of the members before it. Bars that both have alike are
    /// kept once.
    pub(super) fn add(&mut self, mut new: SeriesBars, place: &FilePlace, report: &mut InputReport) {
        let known = self.series.entry(new.key.to_string());
        let known = known.or_insert_with(|| OfMembers {
            parts: Vec::new(),
            refused: None,
        });
        let Some(last) = new.bars.time.last().copied() else {
            return;
        };
        for old in &mut known.parts {
            let both = (&mut old.series.bars, &mut new.bars);
            let found = Overlap::settle(both.0, both.1, [old.last, last], self.on_conflict);
            let inner = |place: &FilePlace| shortened(place.inner().unwrap_or_default());
            if let Some(first) = found
                .first
                .filter(|_| self.on_conflict == OnConflict::Refuse)
            {
                known.refused.get_or_insert_with(|| {
                    contradiction(
                        &new,
                        &inner(&old.place),
                        &inner(place),
                        &found,
                        &first.to_string(),
                    )
                });
            } else if found.contradictions > 0 {
                report.accepted = report.accepted.saturating_sub(found.contradictions);
                let count = found.contradictions;
                note(
                    report,
                    place,
                    NoticeKind::OpenBar,
                    count,
                    "another member has other values, which are kept as --on-conflict says",
                );
            }
            report.accepted = report.accepted.saturating_sub(found.open);
            note(
                report,
                place,
                NoticeKind::OpenBar,
                found.open,
                "the last bar of one member is in another one with other values, which are kept",
            );
        }
        known.parts.push(OfMember {
            place: place.clone(),
            series: new,
            last,
        });
    }

    /// The series in the order of their names.
    pub(super) fn finish(self, report: &mut InputReport) -> Vec<SeriesBars> {
        let mut all = Vec::with_capacity(self.series.len());
        for of_members in self.series.into_values() {
            let rows: u64 = of_members
                .parts
                .iter()
                .map(|part| part.series.bars.len() as u64)
                .sum();
            let mut refused = of_members.refused;
            let key = of_members.parts.first().map(|part| &part.series.key);
            refused = refused.or_else(|| of_two_exchanges(key?, report));
            let mut symbol = None;
            if refused.is_none() {
                match one_series(of_members.parts, report) {
                    Ok(Some(one)) => all.push(one),
                    Ok(None) => {}
                    Err((one, message)) => {
                        symbol = Some(one);
                        refused = Some(message);
                    }
                }
            }
            if let Some(message) = refused {
                report.accepted = report.accepted.saturating_sub(rows);
                report.refused.add(
                    rows,
                    FilePart {
                        symbol,
                        message,
                        ..FilePart::default()
                    },
                );
            }
        }
        all
    }
}

/// Why a series is refused whose members are of two exchanges, if they are.
fn of_two_exchanges(key: &SeriesKey, report: &InputReport) -> Option<String> {
    let name = key.to_string();
    let mut own = report.exchanges.iter().filter(|(of, _)| *of == name);
    let ((_, one), (_, two)) = (own.next()?, own.next()?);
    Some(two_exchanges(&key.symbol, one, two))
}

fn note(report: &mut InputReport, place: &FilePlace, kind: NoticeKind, count: u64, message: &str) {
    let mut own = InputReport::default();
    for _ in 0..count {
        own.notices.add(kind, None, || message.to_owned());
    }
    report.absorb(place.inner(), own);
}

fn contradiction(
    new: &SeriesBars,
    first: &str,
    second: &str,
    found: &Overlap,
    example: &str,
) -> String {
    let total = found.contradictions + found.same;
    format!(
        "{first} and {second} both hold {} and contradict each other about {} of {total} bars, first about that of {example}; if they are of two instruments, give them names that tell them apart or unpack them and read each with its own --symbol, else keep the bars of one with --on-conflict first or last",
        new.key, found.contradictions
    )
}

/// The parts of a series behind each other. The report stays as it is if they are refused.
///
/// # Errors
/// The symbol and the reason if they do not fit together.
fn one_series(
    parts: Vec<OfMember>,
    report: &mut InputReport,
) -> Result<Option<SeriesBars>, (String, String)> {
    let mut parts: Vec<SeriesBars> = parts.into_iter().map(|part| part.series).collect();
    parts.retain(|one| !one.bars.is_empty());
    parts.sort_by_key(|one| one.bars.time.first().copied());
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else {
        return Ok(None);
    };
    let (mut seams, mut repeated) = (Vec::new(), 0);
    for next in parts {
        let ends = |bars: &Bars| Some((*bars.time.first()?, *bars.time.last()?));
        let (Some(before), Some(after)) = (ends(&all.bars), ends(&next.bars)) else {
            continue;
        };
        let apart = before.1 < after.0;
        if apart {
            let seam = [before.1, after.0];
            check_grid(&seam, &all)?;
            seams.push(seam);
            all.bars.extend(&next.bars);
            continue;
        }
        let both = merged(&all.bars, &next.bars);
        check_grid(&both.time, &all)?;
        repeated += (all.bars.len() + next.bars.len() - both.len()) as u64;
        all.bars = both;
    }
    report.accepted = report.accepted.saturating_sub(repeated);
    for _ in 0..repeated {
        report.notices.add(NoticeKind::Duplicate, None, || {
            format!(
                "several members hold the same bars of {}; they are kept once",
                all.key
            )
        });
    }
    if all.calendar == Calendar::Continuous {
        for seam in seams {
            count_gaps(&seam, |_| None, all.key.interval, report);
        }
    }
    Ok(Some(all))
}

fn check_grid(times: &[i64], series: &SeriesBars) -> Result<(), (String, String)> {
    let key = &series.key;
    match off_grid(times, key.interval, series.calendar).pop() {
        Some((_, reason)) => Err((
            key.symbol.clone(),
            format!("several members hold {key}: a bar {reason}"),
        )),
        None => Ok(()),
    }
}
