//! Files of one command that hold bars of the same times of a series.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rhymedb::files::{
    BarFile, BarOptions, Contradiction, FilePart, OnConflict, Overlap, read_bars,
};
use rhymedb::ingest::{FileStamp, ReadSpan};
use rhymedb::{Bars, Error, SeriesBars, SeriesKey, Timestamp, View};

/// A file that was read, and its place in the order of all files.
pub(super) struct OrderedFile {
    pub(super) order: usize,
    pub(super) file: BarFile,
    /// What it was like, to be remembered once everything of it is stored.
    pub(super) stamp: Option<FileStamp>,
    /// What it held when it was read.
    pub(super) spans: Vec<ReadSpan>,
}

impl OrderedFile {
    pub(super) fn new(order: usize, file: BarFile, stamp: Option<FileStamp>) -> Self {
        let span_of = |one: &SeriesBars| {
            Some(ReadSpan {
                series: one.key.to_string(),
                first: *one.bars.time.first()?,
                last: *one.bars.time.last()?,
                bars: one.bars.len() as u64,
            })
        };
        Self {
            order,
            stamp,
            spans: file.series.iter().filter_map(span_of).collect(),
            file,
        }
    }
}

/// What the files of a command hold so far, series by series.
pub(super) struct Overlaps<'o> {
    options: &'o BarOptions,
    seen: HashMap<String, Vec<Seen>>,
    /// The exchange that a file wrote before the symbol of a series, and the file.
    exchanges: HashMap<String, (String, PathBuf)>,
    /// Bars that were the last of a file and that another one has with other values.
    pub(super) open: u64,
    /// Bars that two files contradict each other about, and that were settled as asked for.
    pub(super) settled: u64,
}

/// Bars of a series that a file held.
struct Seen {
    order: usize,
    path: PathBuf,
    first: i64,
    last: i64,
    bars: u64,
    refused: bool,
}

/// A series of a file that is refused, and why.
pub(super) struct RefusedSeries {
    pub(super) path: PathBuf,
    pub(super) part: FilePart,
    /// Nothing else is in the file.
    pub(super) whole: bool,
}

impl<'o> Overlaps<'o> {
    pub(super) fn new(options: &'o BarOptions) -> Self {
        Self {
            options,
            seen: HashMap::new(),
            exchanges: HashMap::new(),
            open: 0,
            settled: 0,
        }
    }

    /// A file that is not read again, because it did not change since its bars were stored.
    pub(super) fn stored_before(&mut self, order: usize, path: &Path, spans: Vec<ReadSpan>) {
        for span in spans {
            self.seen.entry(span.series).or_default().push(Seen {
                order,
                path: path.to_path_buf(),
                first: span.first,
                last: span.last,
                bars: span.bars,
                refused: false,
            });
        }
    }

    /// Compares the series of files with each other, and with those of files that were stored before.
    /// Takes out bars that yield, and series that contradict each other.
    pub(super) fn settle(
        &mut self,
        files: &mut [OrderedFile],
        stored: &View,
    ) -> Result<Vec<RefusedSeries>, Error> {
        let spans = spans_of(files);
        let mut refused = self.of_other_exchanges(files);
        for places in spans.values().filter(|places| places.len() > 1) {
            let stays = |span: &&Span| !refused.contains_key(&(span.file, span.series));
            let places: Vec<&Span> = places.iter().filter(stays).collect();
            self.compare(files, &places, &mut refused);
        }
        for (key, places) in &spans {
            for span in places {
                let at = (span.file, span.series);
                if !refused.contains_key(&at)
                    && let Some(message) = self.compare_with_seen(files, key, span, stored)?
                {
                    refused.insert(at, message);
                }
            }
        }
        for (key, places) in spans {
            let seen = self.seen.entry(key).or_default();
            for span in places {
                let Some(ordered) = files.get(span.file) else {
                    continue;
                };
                seen.push(Seen {
                    order: ordered.order,
                    path: ordered.file.report.file.clone(),
                    first: span.first,
                    last: span.last,
                    bars: span.bars,
                    refused: refused.contains_key(&(span.file, span.series)),
                });
            }
        }
        Ok(take_out(files, refused))
    }

    /// Series of files whose symbol another file of the command writes with another exchange.
    fn of_other_exchanges(&mut self, files: &[OrderedFile]) -> BTreeMap<(usize, usize), String> {
        let mut refused = BTreeMap::new();
        for (file, ordered) in files.iter().enumerate() {
            let report = &ordered.file.report;
            for (name, exchange) in &report.exchanges {
                let known = self.exchanges.entry(name.clone());
                let (before, path) =
                    known.or_insert_with(|| (exchange.clone(), report.file.clone()));
                let mut series = ordered.file.series.iter();
                let at = series.position(|one| one.key.to_string() == *name);
                if let Some(at) = at.filter(|_| before != exchange) {
                    let message = format!(
                        "its {name} is of {}, and that of {} of {}; read each with its own --venue, like --venue {exchange}",
                        exchange.to_uppercase(),
                        path.display(),
                        before.to_uppercase()
                    );
                    refused.insert((file, at), message);
                }
            }
        }
        refused
    }

    /// Compares the parts of one series in a batch of files.
    fn compare(
        &mut self,
        files: &mut [OrderedFile],
        places: &[&Span],
        refused: &mut BTreeMap<(usize, usize), String>,
    ) {
        for (at, &one) in places.iter().enumerate() {
            for &other in places
                .iter()
                .skip(at + 1)
                .filter(|other| one.overlaps(other))
            {
                let (Some(mut a), Some(mut b)) = (taken(files, one), taken(files, other)) else {
                    continue;
                };
                let last = [one.last, other.last];
                let found = Overlap::settle(&mut a, &mut b, last, self.options.on_conflict);
                put_back(files, one, a);
                put_back(files, other, b);
                self.count(&found);
                if self.options.on_conflict != OnConflict::Refuse {
                    continue;
                }
                let Some(first) = found.first else { continue };
                let paths = [one, other].map(|span| path_of(files, span));
                let message = contradiction(&paths, &found, &first, "");
                for span in [one, other] {
                    let entry = refused.entry((span.file, span.series));
                    entry.or_insert_with(|| message.clone());
                }
            }
        }
    }

    /// Compares a series of a file with those of files that were stored or refused before. Says why it
    /// is refused.
    fn compare_with_seen(
        &mut self,
        files: &mut [OrderedFile],
        key: &str,
        span: &Span,
        stored: &View,
    ) -> Result<Option<String>, Error> {
        let order = files.get(span.file).map_or(0, |f| f.order);
        let path = path_of(files, span);
        let Some(seen) = self.seen.get(key) else {
            return Ok(None);
        };
        let mut counted = Overlap::default();
        let mut why = None;
        for before in seen
            .iter()
            .filter(|seen| span.overlaps_with(seen.first, seen.last))
        {
            if before.refused {
                why = Some(format!(
                    "{} holds the same series and was refused, because it contradicts another file",
                    before.path.display()
                ));
                break;
            }
            let Some(mut new) = taken(files, span) else {
                continue;
            };
            let key = key_of(files, span);
            let mut old = bars_of(before, key, span, stored, self.options)?;
            let on_conflict = self.options.on_conflict;
            let found = match before.order < order {
                true => Overlap::settle(&mut old, &mut new, [before.last, span.last], on_conflict),
                false => Overlap::settle(&mut new, &mut old, [span.last, before.last], on_conflict),
            };
            put_back(files, span, new);
            counted.open += found.open;
            counted.contradictions += found.contradictions;
            if let Some(first) = found
                .first
                .filter(|_| self.options.on_conflict == OnConflict::Refuse)
            {
                let mut paths = [before.path.clone(), path.clone()];
                if before.order > order {
                    paths.reverse();
                }
                let note = format!(". The bars of {} are stored", before.path.display());
                why = Some(contradiction(&paths, &found, &first, &note));
                break;
            }
        }
        self.count(&counted);
        Ok(why)
    }

    fn count(&mut self, found: &Overlap) {
        self.open += found.open;
        if self.options.on_conflict != OnConflict::Refuse {
            self.settled += found.contradictions;
        }
    }
}

/// Where a series stands among the files of a batch, and what it held when it was read.
struct Span {
    file: usize,
    series: usize,
    first: i64,
    last: i64,
    bars: u64,
}

impl Span {
    fn overlaps(&self, other: &Self) -> bool {
        self.overlaps_with(other.first, other.last)
    }

    fn overlaps_with(&self, first: i64, last: i64) -> bool {
        self.first <= last && first <= self.last
    }
}

/// The series of files by name, each in the order of the files.
fn spans_of(files: &[OrderedFile]) -> BTreeMap<String, Vec<Span>> {
    let mut spans: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let mut places: Vec<(usize, &OrderedFile)> = files.iter().enumerate().collect();
    places.sort_by_key(|(_, ordered)| ordered.order);
    for (file, ordered) in places {
        for (series, one) in ordered.file.series.iter().enumerate() {
            let times = &one.bars.time;
            let (Some(first), Some(last)) = (times.first(), times.last()) else {
                continue;
            };
            spans.entry(one.key.to_string()).or_default().push(Span {
                file,
                series,
                first: *first,
                last: *last,
                bars: times.len() as u64,
            });
        }
    }
    spans
}

fn series_of<'f>(files: &'f mut [OrderedFile], span: &Span) -> Option<&'f mut SeriesBars> {
    files.get_mut(span.file)?.file.series.get_mut(span.series)
}

fn taken(files: &mut [OrderedFile], span: &Span) -> Option<Bars> {
    series_of(files, span).map(|one| std::mem::take(&mut one.bars))
}

fn put_back(files: &mut [OrderedFile], span: &Span, bars: Bars) {
    if let Some(one) = series_of(files, span) {
        one.bars = bars;
    }
}

fn key_of(files: &mut [OrderedFile], span: &Span) -> Option<SeriesKey> {
    series_of(files, span).map(|one| one.key.clone())
}

fn path_of(files: &[OrderedFile], span: &Span) -> PathBuf {
    let path = files.get(span.file).map(|f| f.file.report.file.clone());
    path.unwrap_or_default()
}

/// The bars that a file of before held and that lie in the span of another one: those that are stored, or
/// if others are stored between them, what is in the file.
fn bars_of(
    before: &Seen,
    key: Option<SeriesKey>,
    span: &Span,
    stored: &View,
    options: &BarOptions,
) -> Result<Bars, Error> {
    let Some(key) = key else {
        return Ok(Bars::default());
    };
    let (first, last) = (before.first.max(span.first), before.last.min(span.last));
    if stored.bars_between(&key, before.first, before.last)? > before.bars
        && let Ok(file) = read_bars(&before.path, options)
        && let Some(one) = file.series.into_iter().find(|one| one.key == key)
    {
        let times = &one.bars.time;
        let from = times.partition_point(|time| *time < first);
        let to = times.partition_point(|time| *time <= last);
        return Ok(one.bars.slice(from..to.max(from)));
    }
    let close = |open: i64| key.interval.close_of(Timestamp::from_millis(open));
    match stored.bars(&key, Some(close(first)), Some(close(last)), None) {
        Ok(found) => Ok(found.bars),
        // Its bars yielded all to those of another file.
        Err(Error::NotFound { .. }) => Ok(Bars::default()),
        Err(error) => Err(error),
    }
}

fn contradiction(
    paths: &[PathBuf; 2],
    found: &Overlap,
    first: &Contradiction,
    note: &str,
) -> String {
    let [one, other] = paths.each_ref().map(|path| path.display());
    let total = found.same + found.contradictions;
    format!(
        "{one} and {other} contradict each other about {} of {total} bars, first about that of {first}{note}. If they hold two instruments, put each in a folder of its symbol, or ingest each with its own --symbol or --venue; if they hold one, --on-conflict first keeps the bars of {one}, and --on-conflict last those of {other}",
        found.contradictions
    )
}

/// Takes refused series out of their files.
fn take_out(
    files: &mut [OrderedFile],
    refused: BTreeMap<(usize, usize), String>,
) -> Vec<RefusedSeries> {
    let touched: BTreeSet<usize> = refused.keys().map(|(file, _)| *file).collect();
    let mut all = Vec::with_capacity(refused.len());
    for (&(file, series), message) in &refused {
        let Some(ordered) = files.get_mut(file) else {
            continue;
        };
        let several = ordered.file.series.len() > 1;
        let Some(one) = ordered.file.series.get_mut(series) else {
            continue;
        };
        one.bars = Bars::default();
        ordered.stamp = None;
        all.push(RefusedSeries {
            path: ordered.file.report.file.clone(),
            part: FilePart {
                symbol: several.then(|| one.key.symbol.clone()),
                message: message.clone(),
                ..FilePart::default()
            },
            whole: false,
        });
    }
    for file in touched {
        let Some(ordered) = files.get_mut(file) else {
            continue;
        };
        ordered.file.series.retain(|one| !one.bars.is_empty());
        let whole = ordered.file.series.is_empty();
        let own = all
            .iter_mut()
            .filter(|r| r.path == ordered.file.report.file);
        own.for_each(|refused| refused.whole = whole);
    }
    all
}

/// How prices of a file compare with those that are stored of the same series: a power of ten of at
/// least 100, if they are about that far apart.
pub(super) fn absurd_level(one: &SeriesBars, stored: &View, known: (i64, i64)) -> Option<f64> {
    let times = &one.bars.time;
    let (first, last) = (*times.first()?, *times.last()?);
    // A time that both have, or the ends that lie nearest.
    let meeting = first.max(known.0).min(last).min(known.1);
    let at = times.partition_point(|t| *t < meeting.min(last));
    let new = one.bars.get(at.min(times.len() - 1))?.close;
    let reach = one.key.interval.nominal_millis().saturating_mul(100);
    let time = |millis: i64| Timestamp::from_millis(millis);
    let near = meeting.clamp(known.0, known.1);
    let found = stored.bars(
        &one.key,
        Some(time(near.saturating_sub(reach))),
        Some(time(near.saturating_add(reach))),
        None,
    );
    let old = found.ok()?.bars;
    let nearest = old
        .iter()
        .min_by_key(|bar| (bar.time.millis() - near).abs())?;
    let ratio = new / nearest.close;
    let power = ratio.log10().round();
    let close = (ratio.log10() - power).abs() <= 0.2;
    (close && power.abs() >= 2.0).then(|| 10_f64.powf(power))
}
