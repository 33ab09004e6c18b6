use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::control::Control;
use super::encoders::Encoders;
use super::files::{Files, prepare_dir};
use super::ingest::{Ingest, IngestReport};
use super::segment::SegmentSizes;
use super::snapshot::Snapshot;
use super::threads::start_threads;
use super::view::View;
use crate::disk::{DirLock, FileSystem, Storage, sync_dir};
use crate::encode::ChartEncoder;
use crate::error::{Error, Result};
use crate::index::Builder as GraphBuilder;
use crate::model::{SeriesBars, Timestamp};
use crate::store::{Catalog, Changes, WriteTxn, suspecting_damage};

/// How to open a database.
///
/// ```
/// use rhymedb::OpenOptions;
/// let dir = tempfile::tempdir()?;
/// let db = OpenOptions::new().create(true).seed(7).open(dir.path().join("market.rhyme"))?;
/// assert_eq!(db.now().series()?.len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OpenOptions {
    create: bool,
    read_only: bool,
    seed: u64,
    builder: GraphBuilder,
    encoders: Vec<Arc<dyn ChartEncoder>>,
    pub(super) storage: Arc<dyn Storage>,
    sizes: SegmentSizes,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            seed: 0,
            builder: GraphBuilder::Partition,
            encoders: Vec::new(),
            storage: Arc::new(FileSystem),
            sizes: SegmentSizes::default(),
        }
    }
}

impl OpenOptions {
    /// Creates what is missing, seed 0, the built-in encoders.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to make the database if there is none. Default: yes.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Whether to open it for reading only: beside any number of others who do the same, in this
    /// process and in others, but not beside a writer. Nothing is made and nothing is changed, so
    /// it works on folders that this process may not write to. A database whose writer was killed
    /// has to be opened for writing once before. Default: no.
    ///
    /// ```
    /// use rhymedb::{Database, Error, OpenOptions};
    /// let dir = tempfile::tempdir()?;
    /// let path = dir.path().join("market.rhyme");
    /// drop(Database::open(&path)?);
    ///
    /// let a = OpenOptions::new().read_only(true).open(&path)?;
    /// let b = OpenOptions::new().read_only(true).open(&path)?;
    /// assert_eq!(a.now().series()?, b.now().series()?);
    /// assert!(matches!(a.ingest_bars(&[]), Err(Error::ReadOnly { .. })));
    /// assert!(matches!(Database::open(&path), Err(Error::Locked { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// The seed of the order in which graphs are built. Default: 0. The same data in the same
    /// steps with the same seed gives the same files.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Who builds the graphs of new segments. Default: [`GraphBuilder::Partition`].
    #[must_use]
    pub fn graph_builder(mut self, builder: GraphBuilder) -> Self {
        self.builder = builder;
        self
    }

    /// Makes an encoder of the caller's known, for spaces whose spec equals its own.
    #[must_use]
    pub fn encoder(mut self, encoder: Arc<dyn ChartEncoder>) -> Self {
        self.encoders.push(encoder);
        self
    }

    /// Another disk than the system's, for tests that simulate one.
    #[doc(hidden)]
    #[must_use]
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = storage;
        self
    }

    /// Other sizes of segments, for tests with few rows.
    #[doc(hidden)]
    #[must_use]
    pub fn segment_sizes(mut self, sizes: SegmentSizes) -> Self {
        self.sizes = sizes;
        self
    }

    /// Opens the database in the folder `dir`.
    ///
    /// # Errors
    /// [`Error::Locked`] if somebody else has it open, [`Error::NotADatabase`] if the folder holds
    /// something else, [`Error::Corrupt`] or [`Error::Version`] if it cannot be read.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Database> {
        let dir = dir.as_ref();
        let storage = self.storage.as_ref();
        prepare_dir(storage, dir, self.create && !self.read_only, self.read_only)?;
        let path = dir.join(Catalog::FILE_NAME);
        if self.read_only {
            let lock = DirLock::share(storage, dir)?;
            return suspecting_damage(&path, || {
                let catalog = Catalog::open_read_only(storage, &path)?;
                Database::assemble(self.files(dir), catalog, lock)
            });
        }
        let lock = DirLock::acquire(storage, dir)?;
        suspecting_damage(&path, || {
            let catalog = Catalog::open_or_create(storage, &path)?;
            sync_dir(storage, dir)?;
            let db = Database::assemble(self.files(dir), catalog, lock)?;
            // Last: a catalog that names files which are not there names too few of those that are.
            db.0.files.sweep(&db.0.still().catalog)?;
            Ok(db)
        })
    }

    pub(super) fn files(&self, dir: &Path) -> Files {
        Files {
            dir: dir.to_path_buf(),
            seed: self.seed,
            builder: self.builder,
            encoders: Encoders::new(self.encoders.clone()),
            storage: Arc::clone(&self.storage),
            sizes: self.sizes,
            bars: Arc::default(),
        }
    }
}

/// What only the writer may touch.
pub(super) struct Writer {
    pub(super) catalog: Catalog,
}

pub(super) struct Inner {
    current: RwLock<Current>,
    writer: Mutex<Writer>,
    pub(super) files: Files,
    _lock: DirLock,
}

impl Inner {
    /// What was committed last.
    ///
    /// # Errors
    /// [`Error::Catalog`] if the catalog could not be read after a commit.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>> {
        loop {
            match &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
                Current::Ready(snapshot) => return Ok(Arc::clone(snapshot)),
                Current::Lost(why) => return Err(Error::Catalog(why.clone())),
                Current::Detached => {}
            }
            // Whoever compacts the catalog holds the writer meanwhile, and asks for no snapshot.
            drop(self.still());
        }
    }

    /// Waits for the right to write.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] if there is none.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        let writer = self.still();
        if writer.catalog.is_read_only() {
            return Err(Error::ReadOnly {
                path: self.files.dir.clone(),
            });
        }
        Ok(writer)
    }

    /// Waits until nobody writes, and lets nobody write.
    pub(super) fn still(&self) -> MutexGuard<'_, Writer> {
        // A writer that panicked left an open transaction behind at worst, and that is undone.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work that writes, on several threads. A damaged page of the catalog is an error.
    ///
    /// # Errors
    /// [`Error::Io`] if the system starts no threads, and those of the work.
    pub(super) fn change<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        start_threads()?;
        suspecting_damage(&self.files.dir.join(Catalog::FILE_NAME), work)
    }

    /// Commits and shows the result to readers that come from now on.
    pub(super) fn commit(&self, writer: &Writer, txn: WriteTxn) -> Result<()> {
        let changes = txn.commit()?;
        self.refresh(writer, &changes)
    }

    /// Shows what is committed to readers that come from now on. If it cannot be read, nobody may
    /// go on with what was there before: a writer would miss rows that are to die.
    fn refresh(&self, writer: &Writer, changes: &Changes) -> Result<()> {
        let old = self.snapshot()?;
        let txn = writer.catalog.read();
        let known = Some((old.as_ref(), changes));
        self.show(txn.and_then(|txn| Snapshot::load(&self.files, txn, known)))
    }

    fn show(&self, next: Result<Snapshot>) -> Result<()> {
        match next {
            Ok(next) => self.set(Current::Ready(Arc::new(next))),
            Err(e) => {
                let why = format!(
                    "what was committed cannot be read ({e}); it is on disk: close the database and open it again"
                );
                self.set(Current::Lost(why));
                return Err(e);
            }
        }
        Ok(())
    }

    fn set(&self, current: Current) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
    }

    /// Gives the catalog's free space back, for which no snapshot may be open. `false` if a view
    /// is.
    pub(super) fn compact_catalog(&self, writer: &mut Writer) -> Result<bool> {
        self.set(Current::Detached);
        // Whatever happens, readers that wait must be let go on.
        let path = self.files.dir.join(Catalog::FILE_NAME);
        let compacted = suspecting_damage(&path, || writer.catalog.compact());
        let txn = writer.catalog.read();
        self.show(txn.and_then(|txn| Snapshot::load(&self.files, txn, None)))?;
        compacted
    }
}

/// What readers that come now get to see.
enum Current {
    Ready(Arc<Snapshot>),
    /// While the catalog is compacted.
    Detached,
    /// The catalog cannot be read any more, and why.
    Lost(String),
}

/// A RhymeDB database: one folder, one process. Clones share it.
///
/// One thread writes at a time; others wait. Readers never wait: [`Database::now`] and
/// [`Database::at`] give a [`View`] of what was committed last, which never changes.
#[derive(Clone)]
pub struct Database(pub(super) Arc<Inner>);

impl Database {
    /// The name of the space that the first ingestion makes.
    pub const DEFAULT_SPACE: &'static str = "shape";

    /// Opens the database in the folder `dir`, or makes one there.
    ///
    /// # Errors
    /// As [`OpenOptions::open`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().open(dir)
    }

    /// From files that are swept and locked, as far as they are to be.
    pub(super) fn assemble(files: Files, catalog: Catalog, lock: DirLock) -> Result<Self> {
        let snapshot = Snapshot::load(&files, catalog.read()?, None)?;
        Ok(Self(Arc::new(Inner {
            current: RwLock::new(Current::Ready(Arc::new(snapshot))),
            writer: Mutex::new(Writer { catalog }),
            files,
            _lock: lock,
        })))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0.files.dir
    }

    /// A view of everything that is committed.
    pub fn now(&self) -> View {
        View::new(self.0.snapshot(), None)
    }

    /// A view of what was known at `as_of`: nothing that closed later.
    pub fn at(&self, as_of: Timestamp) -> View {
        View::new(self.0.snapshot(), Some(as_of))
    }

    /// Stores bars and makes their windows searchable. The same bars again change nothing; bars
    /// of a stored time replace it; earlier and later ones are added. Either all of it is stored
    /// or nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] if bars are not ascending in time, cannot have happened
    /// ([`crate::Bar::check`]), or, in a market that never closes, are closer than the interval.
    pub fn ingest_bars(&self, series: &[SeriesBars]) -> Result<IngestReport> {
        let mut ingest = self.ingest(Control::new());
        ingest.bars(series)?;
        ingest.finish()
    }

    /// Starts bulk ingestion: many batches of bars, then one pass that makes all their windows
    /// searchable. It uses rayon's threads while it holds the right to write, so do not write from
    /// inside rayon tasks of your own: one could wait for itself.
    pub fn ingest(&self, control: Control) -> Ingest<'_> {
        Ingest::new(&self.0, control)
    }
}
