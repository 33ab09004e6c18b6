use std::cell::{Cell, RefCell};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use redb::{Key, ReadOnlyTable, ReadableTable, Table, TableDefinition, Value};

use super::backend::Stamp;
use super::bar_tables::BarTables;
use super::calls::{CheckedTable, ReadTable, calling, caught};
use super::changes::Changes;
use super::closing::Closing;
use super::faults::{fault, no_formats};
use super::handle::Handle;
use super::laid_table::{LaidTable, OverlaidDefinition};
use super::noted_change::NotedChanges;
use super::overlaid::OverlaidTable;
use super::overlay::{Overlay, OverlayRows, PerTable};
use super::overlay_key::OverlayKey;
use super::overlay_writer::OverlayWriter;
use super::records::{SegmentId, SeriesId, SeriesRecord, SpaceId, SpaceRecord};
use super::syncing::Syncing;
use super::tables::{EachTable, FILE_NAME, META, SERIES, SERIES_BY_NAME, SPACES, each_table};
use crate::disk::{Storage, look_up, publish};
use crate::error::{Error, Result};
use crate::model::SeriesKey;

/// The versions of the tables below and of their values that are read. A new catalog has the first, which
/// every program reads.
const FORMATS: RangeInclusive<u64> = 1..=PASSAGES_FORMAT;
/// The version of a catalog with made series: a program that does not keep them in step must not write to it.
pub(super) const MADE_FORMAT: u64 = 2;
/// The version of a catalog with numbered commits: a program that does not know their records would miss
/// what they hold.
pub(super) const NUMBERED_FORMAT: u64 = 3;
/// The version of a catalog with vectors of passages of headlines: a program that does not know them would take
/// them for damage.
pub(super) const PASSAGES_FORMAT: u64 = 4;
/// After so many commits their entries are folded into the tables, unless it is said otherwise.
const FOLD_EVERY: u64 = 32;

/// The catalog file of one database. Clones share it.
#[derive(Clone)]
pub(crate) struct Catalog {
    path: Arc<PathBuf>,
    database: Arc<Handle>,
    syncing: Syncing,
    pub(super) fold_every: u64,
    /// What tells this writer from others.
    pub(super) writer: u64,
    /// What is laid over the tables after the newest commit that was read.
    pub(super) newest: Arc<Mutex<Overlay>>,
}

impl Catalog {
    /// The catalog's file name in a database's folder.
    pub(crate) const FILE_NAME: &'static str = FILE_NAME;
    /// Its name until it holds its empty tables.
    pub(crate) const HALF_MADE: &'static str = "catalog.tmp";

    /// Opens the catalog at `path`, or makes an empty one. Others can read beside it.
    pub(crate) fn open_or_create(storage: &dyn Storage, path: &Path) -> Result<Self> {
        Self::open_syncing(storage, path, 1)
    }

    /// The same; one sync serves so many commits. With more than one nobody can read beside it: a
    /// commit that is not synced is not in the file.
    pub(crate) fn open_syncing(storage: &dyn Storage, path: &Path, every: u32) -> Result<Self> {
        if look_up(storage, path)?.is_none_or(|f| f.len == 0) {
            Self::create(storage, path)?;
        }
        let mut catalog = Self::new(path, Handle::open(storage, path, every > 1)?);
        catalog.syncing = Syncing::every(every);
        catalog.writer = storage.draw();
        if catalog.is_empty()? {
            catalog.initialise()?;
        }
        catalog.check_format()?;
        Ok(catalog)
    }

    /// Makes an empty catalog under another name first: redb cannot open a file whose making was
    /// interrupted.
    fn create(storage: &dyn Storage, path: &Path) -> Result<()> {
        let temporary = path.with_file_name(Self::HALF_MADE);
        match storage.remove(&temporary) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &temporary)(e));
            }
            _ => {}
        }
        Self::new(&temporary, Handle::open(storage, &temporary, true)?).initialise()?;
        publish(storage, &temporary, path)
    }

    /// Opens the catalog at `path` for reading, beside others who do the same, and one who writes.
    /// Changes no file. `None` if a writer did not close it, and the next has to put it right.
    pub(crate) fn open_read_only(storage: &dyn Storage, path: &Path) -> Result<Option<Self>> {
        let Some(handle) = Handle::open_read_only(storage, path)? else {
            return Ok(None);
        };
        let catalog = Self::new(path, handle);
        catalog.check_format()?;
        Ok(Some(catalog))
    }

    /// What changes with each commit of a writer elsewhere; `None` if there can be none.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.database.stamp()
    }

    /// Whether another process may write meanwhile.
    pub(crate) fn is_beside_writer(&self) -> bool {
        self.database.is_beside_writer()
    }

    /// The same catalog, whose commits are folded into the tables after so many. For tests with few commits.
    #[must_use]
    pub(crate) fn folding_every(mut self, commits: u64) -> Self {
        self.fold_every = commits;
        self
    }

    /// Closes the file, if no clone of this is left, and says what went wrong. Nobody may read any
    /// more.
    pub(crate) fn close(self) -> Result<()> {
        let path = Arc::clone(&self.path);
        Arc::into_inner(self.database).map_or(Ok(()), |handle| handle.close(&path))
    }

    fn new(path: &Path, handle: Handle) -> Self {
        Self {
            path: Arc::new(path.to_path_buf()),
            database: Arc::new(handle),
            syncing: Syncing::every(1),
            fold_every: FOLD_EVERY,
            writer: 0,
            newest: Arc::default(),
        }
    }

    /// Syncs the commits that wait for it.
    pub(crate) fn sync(&self) -> Result<()> {
        if !self.syncing.waits() {
            return Ok(());
        }
        let txn = self.write()?;
        txn.sync_with_it();
        txn.commit().map(drop)
    }

    pub(crate) fn is_read_only(&self) -> bool {
        !self.database.is_writable()
    }

    /// Whether nothing was ever committed: an earlier version was interrupted when it made the file.
    fn is_empty(&self) -> Result<bool> {
        let begun = self.database.begin_read(&self.path)?;
        let txn = begun.get()?;
        calling(&self.path, || {
            Ok::<_, redb::StorageError>(txn.list_tables()?.next().is_none())
        })
    }

    fn initialise(&self) -> Result<()> {
        let txn = self.write()?;
        txn.table_mut(META)?.insert("format", *FORMATS.start())?;
        each_table(&mut Create(&txn))?;
        txn.commit().map(drop)
    }

    fn check_format(&self) -> Result<()> {
        let begun = self.database.begin_read(&self.path)?;
        let txn = begun.get()?;
        let meta = caught(&self.path, || txn.open_table(META))?;
        let meta = meta.map_err(|e| no_formats(&self.path, e))?;
        let meta = CheckedTable::<_, &str, u64>::new(meta, &self.path);
        let found = meta.get("format")?.map(|v| v.value());
        match found {
            Some(known) if FORMATS.contains(&known) => Ok(()),
            Some(newer) => Err(Error::Version {
                file: self.path.as_ref().clone(),
                found: u32::try_from(newer).unwrap_or(u32::MAX),
                supported: format!("{} to {}", FORMATS.start(), FORMATS.end()),
            }),
            None => Err(Error::NotADatabase {
                path: self.path.as_ref().clone(),
                reason: "its catalog names no format".to_owned(),
            }),
        }
    }

    /// A consistent view of everything committed so far.
    pub(crate) fn read(&self) -> Result<ReadTxn> {
        let mut read = ReadTxn {
            path: Arc::clone(&self.path),
            txn: self.database.begin_read(&self.path)?,
            overlay: Overlay::default(),
            bar_tables: OnceLock::new(),
        };
        read.overlay = self.overlay_of(&read)?;
        Ok(read)
    }

    /// Starts the one write transaction. Dropping it without [`WriteTxn::commit`] undoes it.
    pub(crate) fn write(&self) -> Result<WriteTxn> {
        let Some(txn) = self.database.begin_write(&self.path) else {
            return Err(Error::ReadOnly {
                path: self.path.parent().unwrap_or(&self.path).to_path_buf(),
            });
        };
        let mut txn = txn?;
        // A reopened database is usable at once, whatever stopped the last writer.
        txn.get_mut()?.set_quick_repair(true);
        let mut write = WriteTxn {
            path: Arc::clone(&self.path),
            txn,
            overlay: Overlay::default(),
            over: PerTable::default(),
            noted: RefCell::default(),
            changes: RefCell::default(),
            catalog: self.clone(),
            must_sync: Cell::new(false),
        };
        write.overlay = self.overlay_of(&write)?;
        let over = |rows: &OverlayRows| RefCell::new(OverlayWriter::over(rows));
        write.over = write.overlay.rows.map(over);
        Ok(write)
    }

    /// Whether no operation of the disk has failed. After one that did, the file may hold a commit
    /// that was begun; opening it again takes that back.
    ///
    /// # Errors
    /// [`Error::Catalog`] if one did.
    pub(crate) fn check_disk(&self) -> Result<()> {
        match self.database.begin_write(&self.path) {
            Some(begun) => begun.map(drop),
            None => Ok(()),
        }
    }

    /// Gives free pages back to the file system. `false` if a reader is still open.
    pub(crate) fn compact(&mut self) -> Result<bool> {
        match Arc::get_mut(&mut self.database) {
            Some(handle) => handle.compact(&self.path),
            None => Ok(false),
        }
    }
}

/// Makes the tables of a new catalog.
struct Create<'a>(&'a WriteTxn);

impl EachTable for Create<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<()> {
        self.0.table_mut(definition).map(drop)
    }
}

/// A table of a transaction `C`.
pub(super) type OpenTable<'a, C, K, V> = CheckedTable<<C as CatalogUse>::Open<'a, K, V>, K, V>;
/// A table of the write transaction.
type WriteTable<'a, K, V> = CheckedTable<Table<'a, K, V>, K, V>;

/// A transaction in which tables can be read.
pub(crate) trait CatalogUse {
    /// A table opened for reading.
    type Open<'a, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 'a;

    /// Opens a table.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<OpenTable<'_, Self, K, V>>;

    /// Opens a table that catalogs of earlier programs do not have.
    fn table_if_there<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<OpenTable<'_, Self, K, V>>>;

    /// What is laid over a table.
    fn laid_over(&self, place: LaidTable) -> Result<OverlayRows>;

    /// Opens a table that records of commits are laid over.
    fn overlaid<K: OverlayKey, V: Value + 'static>(
        &self,
        definition: OverlaidDefinition<K, V>,
    ) -> Result<OverlaidTable<Self::Open<'_, K, V>, K, V>> {
        let rows = self.laid_over(definition.place)?;
        Ok(OverlaidTable::new(self.table(definition.table)?, rows))
    }

    /// What `read` takes from the value of a key in such a table, which is not opened if the value is laid
    /// over it.
    fn overlaid_value<K: OverlayKey, V: Value + 'static, R>(
        &self,
        definition: OverlaidDefinition<K, V>,
        key: K,
        read: impl FnOnce(V::SelfType<'_>) -> R,
    ) -> Result<Option<R>> {
        if let Some(laid) = self.laid_over(definition.place)?.get(key.entry()) {
            return Ok(laid.map(|bytes| read(V::from_bytes(bytes))));
        }
        let table = self.table(definition.table)?;
        Ok(table.get(key)?.map(|value| read(value.value())))
    }

    /// The catalog's file, for messages.
    fn path(&self) -> &Path;

    /// Every series.
    fn all_series(&self) -> Result<Vec<(SeriesId, SeriesRecord)>> {
        let table = self.table(SERIES)?;
        let mut all = Vec::new();
        for item in table.iter()? {
            let (id, value) = item?;
            let record = SeriesRecord::decode(self.path(), value.value())?;
            all.push((id.value(), record));
        }
        Ok(all)
    }

    /// The series of that name.
    fn series_by_name(&self, key: &SeriesKey) -> Result<Option<(SeriesId, SeriesRecord)>> {
        let name = key.to_string();
        let Some(id) = self
            .table(SERIES_BY_NAME)?
            .get(name.as_str())?
            .map(|v| v.value())
        else {
            return Ok(None);
        };
        let table = self.table(SERIES)?;
        let value = table.get(id)?.ok_or_else(|| {
            Error::corrupt(self.path(), "series", format!("{name} has no record"))
        })?;
        let record = SeriesRecord::decode(self.path(), value.value())?;
        Ok(Some((id, record)))
    }

    /// Every space.
    fn all_spaces(&self) -> Result<Vec<(SpaceId, SpaceRecord)>> {
        let table = self.table(SPACES)?;
        let mut all = Vec::new();
        for item in table.iter()? {
            let (id, value) = item?;
            let record = SpaceRecord::decode(self.path(), value.value())?;
            all.push((id.value(), record));
        }
        Ok(all)
    }
}

/// A read transaction: a snapshot.
pub(crate) struct ReadTxn {
    path: Arc<PathBuf>,
    pub(super) txn: Closing<redb::ReadTransaction>,
    pub(super) overlay: Overlay,
    /// Opened once, because questions look at a few bars of many series.
    pub(super) bar_tables: OnceLock<BarTables>,
}

impl CatalogUse for ReadTxn {
    type Open<'a, K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<ReadTable<K, V>> {
        let txn = self.txn.get()?;
        let table = calling(&self.path, || txn.open_table(definition))?;
        Ok(CheckedTable::new(table, &self.path))
    }

    fn table_if_there<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<ReadTable<K, V>>> {
        let txn = self.txn.get()?;
        match caught(&self.path, || txn.open_table(definition))? {
            Ok(table) => Ok(Some(CheckedTable::new(table, &self.path))),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(e) => Err(fault(e)),
        }
    }

    fn laid_over(&self, place: LaidTable) -> Result<OverlayRows> {
        Ok(self.overlay.rows.at(place).clone())
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// The write transaction.
pub(crate) struct WriteTxn {
    path: Arc<PathBuf>,
    txn: Closing<redb::WriteTransaction>,
    /// What is laid over the tables before this transaction.
    pub(super) overlay: Overlay,
    /// The same with what this transaction lays over them.
    pub(super) over: PerTable<RefCell<OverlayWriter>>,
    pub(super) noted: RefCell<NotedChanges>,
    pub(super) changes: RefCell<Changes>,
    pub(super) catalog: Catalog,
    must_sync: Cell<bool>,
}

impl CatalogUse for WriteTxn {
    type Open<'a, K: Key + 'static, V: Value + 'static> = Table<'a, K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<WriteTable<'_, K, V>> {
        self.table_mut(definition)
    }

    fn table_if_there<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<WriteTable<'_, K, V>>> {
        // Opening makes it, which is harmless: an empty table and none say the same.
        self.table_mut(definition).map(Some)
    }

    fn laid_over(&self, place: LaidTable) -> Result<OverlayRows> {
        let over = self.over.at(place).try_borrow();
        let over = over.map_err(|_| Error::internal("a table is read while it is changed"))?;
        Ok(over.rows.clone())
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl WriteTxn {
    /// Opens a table for writing; only one handle of a table may be open at a time.
    pub(super) fn table_mut<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<WriteTable<'_, K, V>> {
        let txn = self.txn.get()?;
        let table = calling(&self.path, || txn.open_table(definition))?;
        Ok(CheckedTable::new(table, &self.path))
    }

    /// Makes everything done in this transaction true: durably, unless commits are let wait for a
    /// sync.
    pub(crate) fn commit(mut self) -> Result<Changes> {
        let overlay = self.number()?;
        let synced = self.must_sync.get() || self.catalog.syncing.is_due();
        if !synced {
            let txn = self.txn.get_mut()?;
            calling(&self.path, || txn.set_durability(redb::Durability::None))?;
        }
        let txn = self.txn.take()?;
        calling(&self.path, || txn.commit())?;
        self.catalog.syncing.committed(synced);
        self.catalog.keep_overlay(overlay);
        Ok(self.changes.into_inner())
    }

    /// Lets this commit be synced, and with it all that wait.
    pub(super) fn sync_with_it(&self) {
        self.must_sync.set(true);
    }

    pub(super) fn next_id(&self, counter: &str) -> Result<u64> {
        let mut meta = self.table_mut(META)?;
        let id = meta.get(counter)?.map_or(1, |v| v.value());
        meta.insert(counter, id + 1)?;
        Ok(id)
    }

    pub(super) fn next_id_u32(&self, counter: &str) -> Result<u32> {
        u32::try_from(self.next_id(counter)?)
            .map_err(|_| Error::Catalog(format!("{counter} has used up all its numbers")))
    }

    /// A number for a new segment.
    pub(crate) fn next_segment_id(&self) -> Result<SegmentId> {
        self.next_id("next_segment")
    }

    /// A number for a new headline.
    pub(super) fn next_headline_id(&self) -> Result<u64> {
        self.next_id("next_headline")
    }
}
