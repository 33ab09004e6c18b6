//! Named averages of chosen windows.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::db::database::Database;
use crate::db::read::query::Query;
use crate::db::read::resolve::{resolve, unit};
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::{Error, Result, excerpt};
use crate::model::{Modality, Target, Timestamp, Window};
use crate::store::{PrototypeReads, PrototypeRecord};

/// The most windows of one prototype.
const MAX_WINDOWS: usize = 10_000;

/// A stored prototype: the average of chosen windows in one space.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Prototype {
    /// Its name.
    pub name: String,
    /// The space that it is of.
    pub space: String,
    /// The windows that it was made of, ascending by end.
    pub windows: Vec<Window>,
    /// When it was made.
    pub created: Timestamp,
    /// Mean cosine of two of its windows when it was made: 1 if all are alike, about 0 if they have
    /// nothing in common, however many there are. `None` of a single window.
    pub cohesion: Option<f64>,
}

impl Database {
    /// Stores the average of chosen windows under a name: the mean of their unit vectors, brought to
    /// unit length. From then on [`Query::Prototype`] asks with it, in its own space; views of a time
    /// before the last of its windows closed refuse it. It stays as it is when bars are corrected or
    /// deleted later, and goes with its space.
    ///
    /// ```
    /// use rhymedb::{Database, Query};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let windows = ["NOVAUSDT:1h@2015-01-10".parse()?, "NOVAUSDT:1h@2015-02-10".parse()?];
    /// let prototype = db.save_prototype("mine", None, &windows)?;
    /// assert_eq!(prototype.windows.len(), 2);
    /// assert_eq!(db.now().similar(Query::prototype("mine")).k(3).run()?.hits.len(), 3);
    /// db.drop_prototype("mine")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name cannot be one or is taken, if there is no window, one that is
    /// named twice or flat, or if they cancel each other out; [`Error::NotFound`] if a target names
    /// nothing.
    pub fn save_prototype(
        &self,
        name: &str,
        space: Option<&str>,
        windows: &[Target],
    ) -> Result<Prototype> {
        check_name(name)?;
        if windows.is_empty() || windows.len() > MAX_WINDOWS {
            return Err(Error::invalid(format!(
                "expected 1 to {MAX_WINDOWS} windows of a prototype, found {}",
                windows.len()
            )));
        }
        self.0.change(|| {
            let writer = self.0.writer()?;
            let view = self.now();
            let snapshot = view.snapshot()?;
            if snapshot.txn.prototype(name)?.is_some() {
                return Err(Error::invalid(format!(
                    "there is a prototype {name} already; choose another name, or drop that one first"
                )));
            }
            let record = average(&view, snapshot, space, windows)?;
            let txn = writer.catalog.write()?;
            txn.put_prototype(name, &record)?;
            self.0.commit(&writer, txn)?;
            let saved = self.now().prototypes()?.into_iter().find(|p| p.name == name);
            saved.ok_or_else(|| Error::internal(format!("the prototype {name} is not there")))
        })
    }

    /// Forgets a prototype.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name.
    pub fn drop_prototype(&self, name: &str) -> Result<()> {
        self.0.change(|| {
            let writer = self.0.writer()?;
            let txn = writer.catalog.write()?;
            if !txn.remove_prototype(name)? {
                return Err(Error::NotFound {
                    what: "prototype",
                    name: excerpt(name),
                    hint_text: "`rhyme prototype list` lists those that are stored".to_owned(),
                });
            }
            self.0.commit(&writer, txn)
        })
    }
}

impl View {
    /// The stored prototypes, by name: those whose windows were all known at the view's time.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn prototypes(&self) -> Result<Vec<Prototype>> {
        self.look(|snapshot| {
            let mut all = Vec::new();
            for (name, record) in snapshot.txn.prototypes()? {
                let last = record.windows.iter().map(|w| w.end).max();
                if self.as_of().is_some_and(|t| last > Some(t)) {
                    continue;
                }
                let space = snapshot.space_by_id(record.space);
                all.push(Prototype {
                    name,
                    space: space.map_or_else(String::new, |s| s.space().name.clone()),
                    created: Timestamp::from_millis(record.created),
                    cohesion: cohesion(record.cohesion, record.windows.len()),
                    windows: record.windows,
                });
            }
            Ok(all)
        })
    }
}

/// The mean cosine of two of `n` unit vectors, whose mean is `length` long: n^2 length^2 is the sum of all n^2
/// cosines, n of which are a vector's with itself. The length itself is about 1/sqrt(n) for vectors
/// that have nothing in common.
fn cohesion(length: f64, n: usize) -> Option<f64> {
    let n = n as f64;
    (n > 1.0).then(|| ((n * length * length - 1.0) / (n - 1.0)).clamp(-1.0, 1.0))
}

fn check_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "expected a prototype's name of 1 to 64 letters, digits, '-', '_' or '.', found {}",
        excerpt(name)
    )))
}

fn average(
    view: &View,
    snapshot: &Snapshot,
    space: Option<&str>,
    targets: &[Target],
) -> Result<PrototypeRecord> {
    let state = snapshot.space(space)?;
    if state.space().encoder.modality == Modality::Chart {
        state.encoder()?;
    }
    let mut windows: Vec<Window> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut sum = vec![0.0_f64; state.dim()];
    for target in targets {
        let resolved = resolve(view, snapshot, state, &Query::Target(target.clone()))?;
        let Some((id, window)) = resolved.window else {
            return Err(Error::internal(format!("{target} resolved to no window")));
        };
        if !seen.insert((id, window.end)) {
            return Err(Error::invalid(format!(
                "expected each window of a prototype once, found {window} twice"
            )));
        }
        for (sum, x) in sum.iter_mut().zip(unit(&resolved.vector)?) {
            *sum += f64::from(x);
        }
        windows.push(window);
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length < 1e-6 {
        return Err(Error::invalid(
            "expected windows that have something in common, found ones that cancel each other out",
        ));
    }
    windows.sort_by_cached_key(|w| (w.end, w.series.to_string()));
    Ok(PrototypeRecord {
        space: state.id,
        vector: sum.iter().map(|x| (x / length) as f32).collect(),
        // The length of the mean of the unit vectors; what is shown of it is `cohesion`.
        cohesion: length / targets.len() as f64,
        windows,
        created: Timestamp::now().millis(),
    })
}
