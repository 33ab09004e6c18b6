use std::path::Path;
use std::sync::Arc;

use super::default_spaces::{DEFAULT_SPACE, DefaultClip, TEXT_SPACE};
use super::encoders::Encoders;
use super::files::{Files, prepare_dir};
use super::inner::Inner;
use super::segment_sizes::SegmentSizes;
use super::snapshot::Snapshot;
use super::text_models::Service;
use super::view::View;
use crate::disk::{DirLock, FileSystem, Holder, Storage, sync_dir};
use crate::encode::{ChartEncoder, Weights};
use crate::error::{Error, Result};
use crate::index::Builder as GraphBuilder;
use crate::model::{TextService, Timestamp};
use crate::store::Catalog;

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
    service: Service,
    clip: DefaultClip,
    pub(super) storage: Arc<dyn Storage>,
    sizes: SegmentSizes,
    sync_every: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            seed: 0,
            builder: GraphBuilder::Partition,
            encoders: Vec::new(),
            service: Service::default(),
            clip: DefaultClip::default(),
            storage: Arc::new(FileSystem),
            sizes: SegmentSizes::default(),
            sync_every: 1,
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

    /// Whether to open it for reading only: beside any number of others who do the same and one
    /// who writes, in this process and in others. Each [`Database::now`] sees what was committed
    /// last, by whatever process; where nothing was, it costs some microseconds. Nothing that is
    /// stored is changed, so it works on folders that this process may not write to. What a
    /// killed writer left is put right first, for which the folder has to be writable. A handle
    /// keeps what it showed last readable, so a writer cannot use that room again: drop handles
    /// that are not asked for long.
    ///
    /// Two things keep readers out: a writer with [`OpenOptions::sync_every`] above 1, and file
    /// systems without locks of parts of files (Linux, macOS and Windows have them; some network
    /// file systems do not), where readers keep writers out too. Default: no.
    ///
    /// ```
    /// use rhymedb::{Database, Error, OpenOptions};
    /// let dir = tempfile::tempdir()?;
    /// let path = dir.path().join("market.rhyme");
    /// let writer = Database::open(&path)?;
    ///
    /// let a = OpenOptions::new().read_only(true).open(&path)?;
    /// let b = OpenOptions::new().read_only(true).open(&path)?;
    /// assert_eq!(a.now().series()?, b.now().series()?);
    /// assert!(matches!(a.ingest_bars(&[]), Err(Error::ReadOnly { .. })));
    /// assert!(matches!(Database::open(&path), Err(Error::Locked { .. }))); // There is a writer.
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

    /// How many commits share one sync of the disk. Default: 1, and what a call stored is on disk
    /// when it returns. With n, a power cut or a killed process costs at most the n - 1 commits
    /// since the last sync, and nothing else: what is left is the database as it was after one of
    /// them. [`Database::sync`] and closing the database sync what is left over. For histories
    /// that are replayed in many small steps, and can be replayed again. With n above 1 nobody can
    /// open the database for reading meanwhile, since what is not synced is not in the file.
    ///
    /// ```
    /// use rhymedb::OpenOptions;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = OpenOptions::new().sync_every(64).open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// db.sync()?; // Now all of it is on disk.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sync_every(mut self, commits: u32) -> Self {
        self.sync_every = commits;
        self
    }

    /// Makes an encoder of the caller's known, for spaces whose spec equals its own.
    #[must_use]
    pub fn encoder(mut self, encoder: Arc<dyn ChartEncoder>) -> Self {
        self.encoders.push(encoder);
        self
    }

    /// The service that questions in words go to in spaces whose headlines a model of a service read
    /// ([`Database::embed_headlines`]). Nothing is sent before such a question is asked. Default: none, and such
    /// questions are errors.
    #[must_use]
    pub fn text_service(mut self, service: Arc<dyn TextService>) -> Self {
        self.service = Service::new(service);
        self
    }

    /// The weights, of the architecture `clip/1`, of the space [`Database::TEXT_SPACE`] that the first
    /// ingestion makes beside [`Database::DEFAULT_SPACE`]. Default: `Weights::shipped_clip`, or none in
    /// programs without the feature `weights`. `None` makes no such space: then each window is embedded once, and a bulk load takes half the time and
    /// half the room; [`Database::create_space_of_weights`] can make the space later. A database that has
    /// spaces already keeps those it has.
    ///
    /// ```
    /// use rhymedb::OpenOptions;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = OpenOptions::new().clip_weights(None).open(dir.path().join("market.rhyme"))?;
    /// # let small = SyntheticConfig { crypto_bars: 200, equity_symbols: 0, ..SyntheticConfig::small(1) };
    /// # db.ingest_bars(&SyntheticMarket::new(small)?.series())?;
    /// let names: Vec<String> = db.now().spaces()?.into_iter().map(|s| s.space.name).collect();
    /// assert_eq!(names, ["shape"]); // Database::open would have made "clip" too.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clip_weights(mut self, weights: impl Into<Option<Weights>>) -> Self {
        self.clip = match weights.into() {
            Some(weights) => DefaultClip::Own(weights),
            None => DefaultClip::Absent,
        };
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
    /// [`Error::Locked`] if somebody else writes, [`Error::NotADatabase`] if the folder holds
    /// something else, [`Error::Corrupt`] or [`Error::Version`] if it cannot be read,
    /// [`Error::Invalid`] if it is to be synced every 0 commits.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Database> {
        if self.sync_every == 0 {
            return Err(Error::invalid(
                "expected a sync every 1 or more commits, found 0; 1 syncs each of them",
            ));
        }
        let dir = dir.as_ref();
        let storage = self.storage.as_ref();
        prepare_dir(storage, dir, self.create && !self.read_only, self.read_only)?;
        let path = dir.join(Catalog::FILE_NAME);
        if self.read_only {
            return self.open_to_read(dir);
        }
        let alone = self.sync_every > 1;
        let holder = if alone { Holder::Alone } else { Holder::Writer };
        let lock = DirLock::acquire(storage, dir, holder)?;
        let opened = Catalog::open_syncing(storage, &path, self.sync_every);
        let catalog = opened.map_err(|e| match e {
            // This process has the lock of the folder, so who has the catalog only reads.
            Error::Locked { .. } => Error::Locked {
                path: dir.to_path_buf(),
                holder: "one or more readers, and this file system allows no writer beside them"
                    .to_owned(),
            },
            other => other,
        })?;
        let catalog = catalog.folding_every(self.sizes.fold_commits);
        sync_dir(storage, dir)?;
        let db = Database::assemble(self.files(dir), catalog, lock)?;
        // Last: a damaged catalog may not name segments that are needed.
        db.0.files.sweep(&db.0.still().catalog)?;
        Ok(db)
    }

    pub(super) fn files(&self, dir: &Path) -> Files {
        Files {
            dir: dir.to_path_buf(),
            seed: self.seed,
            builder: self.builder,
            encoders: Arc::new(Encoders::new(self.encoders.clone(), self.service.clone())),
            clip: self.clip.clone(),
            storage: Arc::clone(&self.storage),
            sizes: self.sizes,
            bars: Arc::default(),
        }
    }
}

/// A RhymeDB database: one folder, one process that writes, and any number that read
/// ([`OpenOptions::read_only`]). Clones share it.
///
/// One thread writes at a time; others wait. Readers never wait: [`Database::now`] and
/// [`Database::at`] give a [`View`] of what was committed last, which never changes.
#[derive(Clone)]
pub struct Database(pub(super) Arc<Inner>);

impl Database {
    /// The name of the space that the first ingestion makes, and that questions go to.
    pub const DEFAULT_SPACE: &'static str = DEFAULT_SPACE;
    /// The name of the space of charts and headlines that the first ingestion makes beside it, and that
    /// questions with text go to.
    pub const TEXT_SPACE: &'static str = TEXT_SPACE;

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
        let inner = Inner::new(files, catalog, snapshot, None, Some(lock));
        Ok(Self(Arc::new(inner)))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0.files.dir
    }

    /// Puts everything that is committed on disk, closes the database and gives its lock back.
    /// Dropping does the same and says nothing of what goes wrong.
    ///
    /// ```
    /// use rhymedb::{Database, Error};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path())?;
    /// let view = db.now();
    /// let Err(Error::StillOpen { views, handles, .. }) = db.close() else { panic!("there is a view") };
    /// assert_eq!((views, handles), (1, 0));
    /// drop(view); // Now it is closed.
    /// Database::open(dir.path())?.close()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StillOpen`] if views or clones of this handle live: all is on disk, and the database
    /// closes with the last of them. Else what the disk says.
    pub fn close(self) -> Result<()> {
        let synced = if self.0.reads() { Ok(()) } else { self.sync() };
        let path = self.0.files.dir.clone();
        let views = Arc::strong_count(&self.0.views).saturating_sub(1);
        let others = Arc::strong_count(&self.0).saturating_sub(1);
        let closed = match Arc::into_inner(self.0) {
            Some(inner) => inner.close(),
            None => Err(Error::StillOpen {
                path,
                views,
                handles: others.saturating_sub(views),
            }),
        };
        synced.and(closed)
    }

    /// A view of everything that is committed.
    pub fn now(&self) -> View {
        View::of(&self.0, None)
    }

    /// A view of what was known at `as_of`: nothing that closed later.
    pub fn at(&self, as_of: Timestamp) -> View {
        View::of(&self.0, Some(as_of))
    }

    /// Puts everything that is committed on disk, where [`OpenOptions::sync_every`] lets commits
    /// wait for it.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk refuses, [`Error::ReadOnly`] if the database is open for reading.
    pub fn sync(&self) -> Result<()> {
        self.0.change(|| self.0.writer()?.catalog.sync())
    }
}
