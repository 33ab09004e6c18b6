use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use super::default_spaces::DEFAULT_SPACE;
use super::encoders::Encoders;
use super::files::Files;
use super::headline_part::{HeadlineMemory, HeadlinePart, HeadlineSource};
use super::memo::Memo;
use super::newest_bars::NewestBars;
use super::part::FreshPart;
use super::segment::Segment;
use super::word_part::{WordMemory, WordPart};
use crate::encode::{ChartEncoder, Weights};
use crate::error::{Error, Result};
use crate::index::RowSet;
use crate::model::{Bars, EncoderSpec, Interval, Modality, SeriesKey, Space, Timestamp};
use crate::store::{
    BarCache, BarSums, CatalogUse, Changes, Closes, FreshRow, HeadlineRowReads, ModelId, ReadTxn,
    RowReads, SegmentId, SegmentRecord, SeriesId, SeriesRecord, SpaceId, SpaceRecord, Stamp, Step,
    TextModelReads, TextModelRecord,
};

/// What one reader sees: everything that was committed at one moment.
pub(super) struct Snapshot {
    pub(super) txn: Arc<ReadTxn>,
    pub(super) series: Arc<BTreeMap<SeriesId, SeriesRecord>>,
    names: Arc<HashMap<SeriesKey, SeriesId>>,
    pub(super) spaces: Vec<SpaceState>,
    blocks: Arc<BarCache>,
    newest: NewestBars,
    words: WordMemory,
    /// What questions worked out about this snapshot and will want again.
    pub(super) memo: Memo,
    /// What stood in the file when it was read, where others may write.
    pub(super) stamp: Option<Stamp>,
}

/// A space in a snapshot.
pub(super) struct SpaceState {
    pub(super) id: SpaceId,
    pub(super) record: SpaceRecord,
    /// The segments with their dead rows.
    pub(super) segments: Vec<(Arc<Segment>, RowSet)>,
    pub(super) fresh: Arc<FreshPart>,
    pub(super) headlines: Arc<HeadlineMemory>,
    encoders: LazyEncoders,
}

/// The encoder of a space, and the weights that the catalog keeps for it, or why they cannot be had. Weights
/// are megabytes, and most questions are about stored vectors of one space: nobody waits for those of
/// the others.
struct LazyEncoders {
    known: Arc<Encoders>,
    txn: Arc<ReadTxn>,
    chart: OnceLock<Result<Arc<dyn ChartEncoder>>>,
    weights: OnceLock<Result<Option<Weights>>>,
}

impl LazyEncoders {
    fn chart(&self, spec: &EncoderSpec) -> Result<&Arc<dyn ChartEncoder>, &Error> {
        let made = self.chart.get_or_init(|| match spec.modality {
            Modality::Chart => self.known.chart(spec, &*self.txn),
            Modality::Headline | Modality::Imported => {
                Err(Error::invalid("it is no encoder of charts"))
            }
        });
        made.as_ref()
    }

    fn weights(&self, spec: &EncoderSpec) -> Result<Option<&Weights>, &Error> {
        let read = self
            .weights
            .get_or_init(|| self.known.kept(spec, &*self.txn));
        read.as_ref().map(Option::as_ref)
    }
}

impl SpaceState {
    pub(super) fn space(&self) -> &Space {
        &self.record.space
    }

    pub(super) fn dim(&self) -> usize {
        self.record.space.encoder.dim as usize
    }

    /// The encoder of a chart space.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the space has none, or one that this program does not know, and those of
    /// reading its weights.
    pub(super) fn encoder(&self) -> Result<&dyn ChartEncoder> {
        let encoder = self.encoders.chart(&self.space().encoder);
        encoder
            .map(AsRef::as_ref)
            .map_err(|why| self.no_encoder(why))
    }

    /// [`Self::encoder`], to keep.
    ///
    /// # Errors
    /// As [`Self::encoder`].
    pub(super) fn shared_encoder(&self) -> Result<Arc<dyn ChartEncoder>> {
        let encoder = self.encoders.chart(&self.space().encoder);
        encoder.cloned().map_err(|why| self.no_encoder(why))
    }

    fn no_encoder(&self, why: &Error) -> Error {
        let space = self.space();
        match (space.encoder.modality, why) {
            (Modality::Chart, Error::Invalid(why)) => Error::invalid(format!(
                "the space {} was made by the encoder {}, which is not available: {why}",
                space.name, space.encoder.id
            )),
            (Modality::Chart, other) => other.clone(),
            (other, _) => Error::invalid(format!(
                "the space {} holds {other} vectors and has no encoder for bars; ask with a stored window, or with a vector of your own in a file: `rhyme similar FILE.npy --space {}`",
                space.name, space.name
            )),
        }
    }

    /// The weights that the catalog keeps for the space, if its encoder has any.
    ///
    /// # Errors
    /// Why they cannot be had, as reading them said it.
    pub(super) fn weights(&self) -> Result<Option<&Weights>> {
        let weights = self.encoders.weights(&self.space().encoder);
        weights.map_err(Clone::clone)
    }

    /// The model of a service whose vectors of headlines the space holds, if they are of one.
    ///
    /// # Errors
    /// Those of the catalog.
    pub(super) fn text_model(&self) -> Result<Option<(ModelId, TextModelRecord)>> {
        match self.space().encoder.modality {
            Modality::Imported => self.encoders.txn.space_model(self.id),
            Modality::Chart | Modality::Headline => Ok(None),
        }
    }

    /// The vector of a text by that model.
    ///
    /// # Errors
    /// Those of the service, and what stands in the way of asking it.
    pub(super) fn ask_text_model(
        &self,
        (id, record): (ModelId, &TextModelRecord),
        text: &str,
    ) -> Result<Vec<f32>> {
        let models = &self.encoders.known.text_models;
        models.vector(&self.space().name, (id, record), text)
    }

    /// Whether there is an encoder that makes vectors of bars for this space.
    pub(super) fn can_encode(&self) -> bool {
        self.encoders.chart(&self.space().encoder).is_ok()
    }

    /// Rows that can be found.
    pub(super) fn live_rows(&self) -> u64 {
        let sealed: u64 = self
            .segments
            .iter()
            .map(|(s, dead)| u64::from(s.record.rows).saturating_sub(dead.len() as u64))
            .sum();
        sealed + self.fresh.len() as u64
    }
}

impl Snapshot {
    /// Reads the catalog. What did not change since an older snapshot is taken from there.
    pub(super) fn load(
        files: &Files,
        txn: ReadTxn,
        known: Option<(&Self, &Changes)>,
    ) -> Result<Self> {
        let old = known.map(|(old, _)| old);
        Self::load_with(files, txn, known, |space, id, record, dim| {
            segment(files, old, space, id, record, dim).map(Some)
        })
    }

    /// Reads the catalog, of which nobody knows what changed since an older snapshot. Segments never
    /// change, so those that are open stay so.
    pub(super) fn load_anew(files: &Files, txn: ReadTxn, old: Option<&Self>) -> Result<Self> {
        Self::load_with(files, txn, None, |space, id, record, dim| {
            segment(files, old, space, id, record, dim).map(Some)
        })
    }

    /// Reads the catalog, with the segments that `open` gives.
    pub(super) fn load_with(
        files: &Files,
        txn: ReadTxn,
        known: Option<(&Self, &Changes)>,
        mut open: impl FnMut(SpaceId, SegmentId, SegmentRecord, usize) -> Result<Option<Arc<Segment>>>,
    ) -> Result<Self> {
        let (series, names) = match known {
            Some((old, changes)) if !changes.series => {
                (Arc::clone(&old.series), Arc::clone(&old.names))
            }
            _ => {
                let all: BTreeMap<_, SeriesRecord> = txn.all_series()?.into_iter().collect();
                let names = all.iter().map(|(&id, s)| (s.key.clone(), id)).collect();
                (Arc::new(all), Arc::new(names))
            }
        };
        let txn = Arc::new(txn);
        let mut spaces = Vec::new();
        for (id, record) in txn.all_spaces()? {
            let mut segments = Vec::new();
            for (segment_id, segment) in txn.segments(id)? {
                let dim = record.space.encoder.dim as usize;
                if let Some(segment) = open(id, segment_id, segment, dim)? {
                    let dead = RowSet::from_ranges(txn.dead_rows(segment_id)?);
                    segments.push((segment, dead));
                }
            }
            let fresh = load_fresh(&txn, &series, (id, &record), known)?;
            spaces.push(SpaceState {
                id,
                headlines: load_headlines(&txn, id, known)?,
                record,
                segments,
                fresh,
                encoders: LazyEncoders {
                    known: Arc::clone(&files.encoders),
                    txn: Arc::clone(&txn),
                    chart: OnceLock::new(),
                    weights: OnceLock::new(),
                },
            });
        }
        let newest = known.map(|(old, changes)| old.newest.after(changes));
        let memo = known.map(|(old, changes)| old.memo.until(unchanged_to(old, changes, &spaces)));
        Ok(Self {
            txn,
            series,
            names,
            spaces,
            blocks: Arc::clone(&files.bars),
            newest: newest.unwrap_or_default(),
            words: load_words(known),
            memo: memo.unwrap_or_default(),
            stamp: None,
        })
    }

    /// The first `n` bars of a series that open at or after `first`, ascending. Costs little where
    /// bars near them were read before.
    pub(super) fn bars_from(&self, series: SeriesId, first: Timestamp, n: usize) -> Result<Bars> {
        let first = first.millis();
        self.txn.bars_from(&self.blocks, series, first, n)
    }

    /// The last `n` bars of a series that open at or before `last`, ascending, as cheaply.
    pub(super) fn bars_back(&self, series: SeriesId, last: Timestamp, n: usize) -> Result<Bars> {
        self.bars_back_to(series, last, n, &Bars::default())
    }

    /// The same, with bars after them.
    pub(super) fn bars_back_to(
        &self,
        series: SeriesId,
        last: Timestamp,
        n: usize,
        later: &Bars,
    ) -> Result<Bars> {
        let last = last.millis();
        let known = self.newest.back(series, last, n, later.len());
        let mut bars = match known {
            Some(bars) => bars,
            None => self.txn.bars_back(&self.blocks, series, last, n)?,
        };
        bars.extend(later);
        Ok(bars)
    }

    /// What the stored bars of a series that open in a range of time add up to.
    pub(super) fn bar_sums(
        &self,
        series: SeriesId,
        opens: std::ops::Range<i64>,
        step: Step,
    ) -> Result<BarSums> {
        self.txn.bar_sums(&self.blocks, series, opens, step)
    }

    /// The closes of the stored bars of a series that open in a range of time.
    pub(super) fn closes(
        &self,
        series: SeriesId,
        opens: std::ops::RangeInclusive<i64>,
    ) -> Result<Closes> {
        self.txn.closes(&self.blocks, series, opens)
    }

    /// What is stored of a series that has windows.
    pub(super) fn record(&self, id: SeriesId) -> Result<&SeriesRecord> {
        self.series.get(&id).ok_or_else(|| {
            Error::internal(format!(
                "a window belongs to series {id}, which is not stored"
            ))
        })
    }

    /// The headlines of a space of this snapshot.
    pub(super) fn headline_part(&self, state: &SpaceState) -> Result<Arc<HeadlinePart>> {
        state.headlines.part(&HeadlineSource {
            txn: &self.txn,
            space: state.id,
            dim: state.dim(),
            with_bank: state.weights()?.is_some_and(|w| w.bank().is_some()),
        })
    }

    /// The words of all headlines of this snapshot.
    pub(super) fn word_part(&self) -> Result<Arc<WordPart>> {
        self.words.part(&self.txn)
    }

    /// A series by its name.
    pub(super) fn id_of(&self, key: &SeriesKey) -> Option<(SeriesId, &SeriesRecord)> {
        let id = *self.names.get(key)?;
        Some((id, self.series.get(&id)?))
    }

    /// Bytes of all segment files.
    pub(super) fn segment_bytes(&self) -> u64 {
        let segments = self.spaces.iter().flat_map(|s| &s.segments);
        segments.map(|(segment, _)| segment.len()).sum()
    }

    pub(super) fn space_by_id(&self, id: SpaceId) -> Option<&SpaceState> {
        self.spaces.iter().find(|s| s.id == id)
    }

    /// The usual distance of two windows of a series in a space, in milliseconds.
    pub(super) fn step_of(&self, state: &SpaceState, series: SeriesId) -> i64 {
        step_of(&self.series, state.space().hop, series)
    }

    /// The space of that name, or the only one, or the default one.
    pub(super) fn space(&self, name: Option<&str>) -> Result<&SpaceState> {
        let wanted = name.unwrap_or(DEFAULT_SPACE);
        let found = self.spaces.iter().find(|s| s.space().name == wanted);
        match (found, name, self.spaces.as_slice()) {
            (Some(space), ..) => Ok(space),
            (None, None, [only]) => Ok(only),
            _ => Err(self.no_space(wanted)),
        }
    }

    fn no_space(&self, wanted: &str) -> Error {
        let names: Vec<_> = self
            .spaces
            .iter()
            .map(|s| s.space().name.as_str())
            .collect();
        Error::NotFound {
            what: "space",
            name: wanted.to_owned(),
            hint_text: if names.is_empty() {
                "the database is empty; ingest bars first".to_owned()
            } else {
                format!("there are: {}", names.join(", "))
            },
        }
    }
}

/// A segment, which may be open already.
fn segment(
    files: &Files,
    old: Option<&Snapshot>,
    space: SpaceId,
    id: SegmentId,
    record: SegmentRecord,
    dim: usize,
) -> Result<Arc<Segment>> {
    let known = old.and_then(|old| old.space_by_id(space));
    let open = known.and_then(|k| k.segments.iter().find(|(s, _)| s.id == id));
    match open {
        Some((segment, _)) => Ok(Arc::clone(segment)),
        None => Segment::open(files, id, record, dim).map(Arc::new),
    }
}

/// The last moment up to which a commit changed nothing that was known at it.
fn unchanged_to(old: &Snapshot, changes: &Changes, spaces: &[SpaceState]) -> i64 {
    let same = |old: &SpaceState| {
        let new = spaces.iter().find(|new| new.id == old.id);
        new.is_none_or(|new| {
            let parts = old.segments.iter().zip(&new.segments);
            let mut same = parts.map(|((a, x), (b, y))| a.id == b.id && x == y);
            old.segments.len() == new.segments.len() && same.all(|same| same)
        })
    };
    let removed = changes.fresh_removed() || changes.headlines_changed;
    if removed || !old.spaces.iter().all(same) {
        return i64::MIN;
    }
    let windows = changes.fresh_added.iter().map(|(_, row)| row.end);
    let first = windows.map(|end| end.saturating_sub(1)).min();
    first.unwrap_or(i64::MAX).min(changes.unchanged_to)
}

/// The fresh rows of a space: those of the snapshot before with what was added, if that is all
/// that happened, and else from the catalog. A database that follows a market commits a few rows
/// beside tens of thousands, over and over.
fn load_fresh(
    txn: &ReadTxn,
    series: &BTreeMap<SeriesId, SeriesRecord>,
    (id, record): (SpaceId, &SpaceRecord),
    known: Option<(&Snapshot, &Changes)>,
) -> Result<Arc<FreshPart>> {
    let step = |s| step_of(series, record.space.hop, s);
    if let Some((old, changes)) = known
        && !changes.fresh_removed()
        && let Some(state) = old.space_by_id(id)
    {
        let added = changes.fresh_added.iter().filter(|(space, _)| *space == id);
        let added: Vec<&FreshRow> = added.map(|(_, row)| row).collect();
        if added.is_empty() {
            return Ok(Arc::clone(&state.fresh));
        }
        return Ok(Arc::new(state.fresh.with(added, step)?));
    }
    let dim = record.space.encoder.dim as usize;
    let part = FreshPart::new(txn.path(), dim, &txn.fresh_rows(id)?, step)?;
    Ok(Arc::new(part))
}

/// The memory of a space's headlines: that of the snapshot before, or one that starts with what it
/// has read, unless some of that is not so any more.
fn load_headlines(
    txn: &ReadTxn,
    id: SpaceId,
    known: Option<(&Snapshot, &Changes)>,
) -> Result<Arc<HeadlineMemory>> {
    let old = known.filter(|(_, changes)| !changes.headlines_changed);
    let old = old.and_then(|(old, _)| Some((old, old.space_by_id(id)?)));
    let Some((old, state)) = old else {
        return Ok(Arc::default());
    };
    if old.txn.headline_mark(id)? == txn.headline_mark(id)? {
        return Ok(Arc::clone(&state.headlines));
    }
    Ok(Arc::new(HeadlineMemory::grown_from(&state.headlines)))
}

/// The memory of words: one that starts with what the snapshot before has read, unless some of that is not so
/// any more.
fn load_words(known: Option<(&Snapshot, &Changes)>) -> WordMemory {
    let old = known.filter(|(_, changes)| !changes.headlines_changed);
    old.map_or_else(WordMemory::default, |(old, _)| {
        WordMemory::grown_from(&old.words)
    })
}

fn step_of(all: &BTreeMap<SeriesId, SeriesRecord>, hop: u32, series: SeriesId) -> i64 {
    let interval = all.get(&series).map(|s| s.key.interval);
    interval.map_or(1, |i| step(i, hop))
}

/// The usual distance of two windows in milliseconds.
pub(super) fn step(interval: Interval, hop: u32) -> i64 {
    interval.nominal_millis().saturating_mul(i64::from(hop))
}
