//! A database of its own that holds what a view knew at a time, made of the bars anew: so that an answer of the past
//! can be held against one that cannot know what came later.

use std::collections::BTreeMap;
use std::path::Path;

use crate::db::control::Control;
use crate::db::database::{Database, OpenOptions};
use crate::db::read::resolve::prototype_of;
use crate::db::read::stats::SeriesInfo;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::encode::chart_encoder;
use crate::error::{Error, Result};
use crate::model::{Calendar, Modality, SeriesBars, Target, Timestamp};
use crate::store::{HeadlineReads, SeriesId, SeriesRecord, WeightReads};

/// Bars that are stored at a time, and headlines.
const BARS: usize = 500_000;
const HEADLINES: usize = 8192;
/// Nobody needs it after a power cut.
const SYNC_EVERY: u32 = 4096;

/// A database that holds what a view knew at a time, and grows. Of the original's vectors it has none: its windows are
/// embedded again, by the same encoders. Series have the numbers that they have there, because these decide where
/// scores are equal.
pub(crate) struct Cut {
    full: View,
    db: Database,
    /// What closed by then is in it.
    at: Option<Timestamp>,
    /// The headlines of the original by when they were known, and how many of them are in it.
    headlines: (Vec<(i64, u64)>, usize),
    /// Spaces that cannot be made again, and why.
    spaces_left_out: BTreeMap<String, String>,
    /// The same of prototypes.
    prototypes_left_out: BTreeMap<String, String>,
    /// Series whose bars are taken as they are stored, because what makes them needs later ones.
    made_elsewhere: Vec<String>,
}

impl Cut {
    /// An empty one in `folder`, which is made, or empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is something in the folder, or no space that can be made again; those of the disk.
    pub(crate) fn new(full: &View, folder: &Path) -> Result<Self> {
        let snapshot = full.snapshot()?;
        let mut left_out = BTreeMap::new();
        let mut spaces: Vec<&SpaceState> = Vec::new();
        let mut options = OpenOptions::new().clip_weights(None).sync_every(SYNC_EVERY);
        for state in &snapshot.spaces {
            let name = state.space().name.clone();
            match state.shared_encoder() {
                Ok(encoder) => {
                    options = options.encoder(encoder);
                    spaces.push(state);
                }
                Err(_) if state.space().encoder.modality != Modality::Chart => {
                    let why = match state.space().encoder.modality {
                        Modality::Headline => "it holds headlines alone, and no windows",
                        _ => {
                            "its vectors were imported, and no encoder is there that could make them again of what was known earlier"
                        }
                    };
                    left_out.insert(name, why.to_owned());
                }
                Err(Error::Invalid(why)) => {
                    left_out.insert(name, why);
                }
                Err(other) => return Err(other),
            }
        }
        if spaces.is_empty() {
            return Err(Error::invalid(
                "expected a space whose windows can be embedded again, found none with an encoder",
            ));
        }
        let db = options.open(folder)?;
        if !db.now().spaces()?.is_empty() || !db.now().series()?.is_empty() {
            return Err(Error::invalid(format!(
                "expected an empty folder for a database that is thrown away, found a database in {}",
                folder.display()
            )));
        }
        add_spaces(&db, &spaces)?;
        Ok(Self {
            headlines: (headlines_by_time(snapshot)?, 0),
            full: full.clone(),
            db,
            at: None,
            spaces_left_out: left_out,
            prototypes_left_out: BTreeMap::new(),
            made_elsewhere: Vec::new(),
        })
    }

    /// All that it knows.
    pub(crate) fn view(&self) -> View {
        self.db.now()
    }

    /// Why a space is not in it, if it is not.
    pub(crate) fn without_space(&self, name: &str) -> Option<&str> {
        self.spaces_left_out.get(name).map(String::as_str)
    }

    /// Why a prototype is not in it, if it cannot be.
    pub(crate) fn without_prototype(&self, name: &str) -> Option<&str> {
        self.prototypes_left_out.get(name).map(String::as_str)
    }

    /// Series whose bars were taken as they are stored.
    pub(crate) fn made_elsewhere(&self) -> &[String] {
        &self.made_elsewhere
    }

    /// Adds what became known up to a time: bars that closed, headlines, tags, attributes and prototypes.
    ///
    /// # Errors
    /// Those of storing them; [`Error::Interrupted`].
    pub(crate) fn grow(&mut self, to: Timestamp, control: &Control) -> Result<()> {
        if self.at.is_some_and(|at| to <= at) {
            return Ok(());
        }
        let known = self.full.at(to);
        self.grow_bars(&known, to, control)?;
        self.grow_headlines(to, control)?;
        self.grow_notes(&known)?;
        self.grow_prototypes(&known)?;
        self.at = Some(to);
        Ok(())
    }

    fn grow_bars(&mut self, known: &View, to: Timestamp, control: &Control) -> Result<()> {
        let infos = known.series()?;
        let snapshot = self.full.snapshot()?;
        let mut copied: Vec<(SeriesId, &SeriesRecord)> = Vec::new();
        let mut made: Vec<(SeriesId, &SeriesInfo)> = Vec::new();
        for info in &infos {
            let Some((id, record)) = snapshot.id_of(&info.key) else {
                return Err(Error::internal(format!("{} has no number", info.key)));
            };
            match (&info.made_of, info.calendar) {
                (Some(_), Calendar::Continuous) => made.push((id, info)),
                (Some(_), Calendar::Session) => {
                    let name = info.key.to_string();
                    if !self.made_elsewhere.contains(&name) {
                        self.made_elsewhere.push(name);
                    }
                    copied.push((id, record));
                }
                (None, _) => copied.push((id, record)),
            }
        }
        self.name_series(&copied)?;
        let mut ingest = self.db.ingest(control.clone());
        let mut batch: Vec<SeriesBars> = Vec::new();
        for (_, record) in copied {
            control.check()?;
            let bars = known.bars(&record.key, self.first(), Some(to), None)?.bars;
            batch.push(SeriesBars {
                key: record.key.clone(),
                calendar: record.calendar,
                bars,
            });
            if batch.iter().map(|s| s.bars.len()).sum::<usize>() >= BARS {
                ingest.bars(&std::mem::take(&mut batch))?;
            }
        }
        ingest.bars(&batch)?;
        ingest.finish()?;
        self.make_series(made, control)
    }

    /// The first close that is not in it yet.
    fn first(&self) -> Option<Timestamp> {
        self.at.map(|at| at.plus_millis(1))
    }

    /// Names series that are new with the numbers of the original.
    fn name_series(&self, series: &[(SeriesId, &SeriesRecord)]) -> Result<()> {
        let there = self.db.0.snapshot()?;
        let mut new: Vec<_> = series
            .iter()
            .filter(|(_, record)| there.id_of(&record.key).is_none())
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        new.sort_by_key(|(id, _)| *id);
        self.db.0.change(|| {
            let writer = self.db.0.writer()?;
            let txn = writer.catalog.write()?;
            for (id, record) in new {
                txn.number_next_series(*id)?;
                txn.ensure_series(&record.key, record.calendar)?;
            }
            self.db.0.commit(&writer, txn)
        })
    }

    /// Makes series of the bars of others that are new; from then on they follow. The shorter come first, of which
    /// longer ones may be made.
    fn make_series(&self, mut made: Vec<(SeriesId, &SeriesInfo)>, control: &Control) -> Result<()> {
        made.sort_by_key(|(id, info)| (info.key.interval.nominal_millis(), *id));
        for (id, info) in made {
            let new = self.db.0.snapshot()?.id_of(&info.key).is_none();
            let Some(source) = info.made_of.as_ref().filter(|_| new) else {
                continue;
            };
            self.db.0.change(|| {
                let writer = self.db.0.writer()?;
                let txn = writer.catalog.write()?;
                txn.number_next_series(id)?;
                self.db.0.commit(&writer, txn)
            })?;
            self.db.resample(source, info.key.interval, control)?;
        }
        Ok(())
    }

    /// In the order in which they became known, so that they stand in it as they do in the original.
    fn grow_headlines(&mut self, to: Timestamp, control: &Control) -> Result<()> {
        let (all, done) = &mut self.headlines;
        let txn = &self.full.snapshot()?.txn;
        let end = all.partition_point(|(known, _)| *known <= to.millis());
        for part in all.get(*done..end).unwrap_or_default().chunks(HEADLINES) {
            control.check()?;
            let batch: Result<Vec<_>> = part.iter().map(|(_, id)| txn.headline(*id)).collect();
            self.db.ingest_headlines(&batch?)?;
        }
        *done = end.max(*done);
        Ok(())
    }

    /// Tags and attributes.
    fn grow_notes(&self, known: &View) -> Result<()> {
        let new = |at: Timestamp| self.at.is_none_or(|before| at > before);
        let mut tags = known.tags(None)?;
        tags.retain(|tag| new(tag.known));
        let mut attributes = known.attributes(None)?;
        attributes.retain(|a| a.known.map_or(self.at.is_none(), new));
        if tags.is_empty() && attributes.is_empty() {
            return Ok(());
        }
        self.db.0.change(|| {
            let writer = self.db.0.writer()?;
            let txn = writer.catalog.write()?;
            for tag in &tags {
                txn.put_tag(tag)?;
            }
            for attribute in &attributes {
                txn.put_attribute(attribute)?;
            }
            self.db.0.commit(&writer, txn)
        })
    }

    /// Makes prototypes again of the bars of their windows.
    fn grow_prototypes(&mut self, known: &View) -> Result<()> {
        let there = self.db.now().prototypes()?;
        for prototype in known.prototypes()? {
            let name = &prototype.name;
            let done = there.iter().any(|p| p.name == *name);
            if done || self.prototypes_left_out.contains_key(name) {
                continue;
            }
            let why = match self.without_space(&prototype.space) {
                Some(why) => Some(format!("it is of the space {}: {why}", prototype.space)),
                None => {
                    let windows: Vec<Target> = prototype.windows.iter().map(Target::from).collect();
                    let saved = self
                        .db
                        .save_prototype(name, Some(&prototype.space), &windows);
                    match saved {
                        Ok(_) => self.unlike(name)?,
                        Err(e @ (Error::Invalid(_) | Error::NotFound { .. })) => {
                            Some(e.to_string())
                        }
                        Err(other) => return Err(other),
                    }
                }
            };
            if let Some(why) = why {
                self.prototypes_left_out.insert(name.clone(), why);
            }
        }
        Ok(())
    }

    /// Why a prototype is not the one of the original.
    fn unlike(&self, name: &str) -> Result<Option<String>> {
        let own = prototype_of(&*self.db.0.snapshot()?, name)?;
        let original = prototype_of(self.full.snapshot()?, name)?;
        let text = "bars of its windows were corrected or deleted since it was made, so that it cannot be made again; drop it and make it anew";
        Ok((own.vector != original.vector).then(|| text.to_owned()))
    }
}

/// The numbers of all headlines by when they were known.
fn headlines_by_time(snapshot: &Snapshot) -> Result<Vec<(i64, u64)>> {
    let mut all = Vec::new();
    let mut last = 0;
    loop {
        let batch = snapshot.txn.headlines_after(last, HEADLINES)?;
        let Some((highest, _)) = batch.last() else {
            all.sort_unstable();
            return Ok(all);
        };
        last = *highest;
        let known = batch.iter().map(|(id, h)| (h.known_from().millis(), *id));
        all.extend(known);
    }
}

fn add_spaces(db: &Database, spaces: &[&SpaceState]) -> Result<()> {
    db.0.change(|| {
        let writer = db.0.writer()?;
        let txn = writer.catalog.write()?;
        for state in spaces {
            txn.add_space(state.space())?;
            if let Some(weights) = state.weights()?
                && txn.weights(weights.hash())?.is_none()
            {
                txn.put_weights(weights.hash(), weights.bytes())?;
            }
        }
        db.0.commit(&writer, txn)
    })
}

impl View {
    /// Whether an encoder of charts holds more than its parameters: weights, or whatever the caller's own holds. That
    /// cannot be cut at a time.
    pub(crate) fn holds_more(&self, space: &str) -> Result<bool> {
        self.look(|snapshot| {
            let spec = &snapshot.space(Some(space))?.space().encoder;
            Ok(spec.weights_hash != 0 || chart_encoder(spec).is_err())
        })
    }
}
