//! A disk in memory that can be stopped: it knows which bytes and names were synced, and makes up
//! what a power cut leaves of the others.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use rhymedb::disk::{FileInfo, Mapped, NewFile, PagesOf, Storage};

use super::fault::Fault;
use super::handles::{Appended, Pages};
use super::locks::Locks;
use super::names::{NameChange, Names};
use super::survival::{Choice, FileState, Node};

/// What tells the writers on every such disk.
pub const WRITER: u64 = 7;

/// How often the disk was asked for something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations that change something.
    pub changes: usize,
    /// Those and all others.
    pub all: usize,
    /// Syncs of the catalog that were finished.
    pub commits: usize,
    /// Bytes that were written into pages.
    pub bytes: usize,
}

#[derive(Clone, Default)]
pub struct State {
    pub files: Vec<FileState>,
    names: Names,
    durable_names: Names,
    /// Changes of names that were not synced, in their order.
    name_changes: Vec<NameChange>,
    counts: Counts,
    fault: Option<Fault>,
    stopped: bool,
    /// Syncs of these are done in appearance only, as if the database had forgotten them.
    ignored: Option<fn(&Path) -> bool>,
    /// After each sync of the catalog: what was on the disk.
    images: Option<Vec<SimDisk>>,
    /// What was done, by name and file, for messages.
    last: String,
    pub locks: Locks,
}

/// A simulated disk. Clones are the same disk; [`SimDisk::fork`] makes another.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

impl std::fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimDisk").finish_non_exhaustive()
    }
}

/// The folder that exists from the start.
pub const ROOT: &str = "/disk";

fn no_such(path: &Path) -> io::Error {
    io::Error::new(ErrorKind::NotFound, format!("no {}", path.display()))
}

fn file_name(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}

impl State {
    /// Counts an operation. `Err` if it is not to be done; `Ok(true)` if the machine stops in it.
    pub fn begin(&mut self, what: &str, path: &Path, changes: bool) -> io::Result<bool> {
        if self.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        self.counts.all += 1;
        self.counts.changes += usize::from(changes);
        let now = match self.fault {
            Some(Fault::Stop(n)) if changes && self.counts.changes == n => {
                self.stopped = true;
                Ok(true)
            }
            Some(Fault::Once(n, kind)) if self.counts.all == n => Err(kind.into()),
            Some(Fault::Forever(n, kind)) if self.counts.all >= n => Err(kind.into()),
            _ => return Ok(false),
        };
        self.last = format!("{what} {}", path.display());
        now
    }

    pub fn count_bytes(&mut self, written: usize) {
        self.counts.bytes += written;
    }

    fn file(&mut self, path: &Path) -> Option<usize> {
        match self.names.get(path) {
            Some(Node::File(id)) => Some(*id),
            _ => None,
        }
    }

    fn ignores(&self, path: &Path) -> bool {
        self.ignored.is_some_and(|ignored| ignored(path))
    }

    fn change_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }

    fn new_file(&mut self, path: &Path) -> usize {
        let id = self.files.len();
        self.files.push(FileState::default());
        self.change_names(NameChange::Set(path.to_path_buf(), Some(Node::File(id))));
        id
    }
}

fn finished(stopped: bool) -> io::Result<()> {
    if stopped {
        return Err(io::Error::other("the machine stops"));
    }
    Ok(())
}

impl SimDisk {
    pub fn new() -> Self {
        let disk = Self::default();
        let mut state = disk.state();
        state.names.insert(ROOT.into(), Node::Folder);
        state.durable_names = state.names.clone();
        drop(state);
        disk
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The state, also after a panic of whoever had it.
    pub fn try_state(&self) -> Result<MutexGuard<'_, State>, ()> {
        self.0.lock().map_err(drop)
    }

    /// Another disk that holds the same, with no fault and all counts at 0.
    pub fn fork(&self) -> Self {
        let mut state = self.state().clone();
        state.counts = Counts::default();
        state.fault = None;
        state.stopped = false;
        state.images = None;
        state.last = String::new();
        // The processes that had them are not on the other disk.
        state.locks = Locks::default();
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// What the fault hit.
    pub fn hit(&self) -> String {
        self.state().last.clone()
    }

    /// Syncs of these files and folders have no effect.
    pub fn ignore_syncs(&self, of: Option<fn(&Path) -> bool>) {
        self.state().ignored = of;
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// From now on, keeps what is on the disk after each sync of the catalog.
    pub fn keep_images(&self) {
        let now = self.fork();
        self.state().images = Some(vec![now]);
    }

    pub fn images(&self) -> Vec<SimDisk> {
        self.state().images.clone().unwrap_or_default()
    }

    /// The process is gone and the machine goes on: what was written is still there, and may
    /// still be lost.
    pub fn restart_process(&self) -> Self {
        self.fork()
    }

    /// The machine comes back: what was synced is there, and of the rest what chance leaves.
    pub fn restart_machine(&self, seed: u64) -> Self {
        let mut choice = Choice::new(seed);
        let new = self.fork();
        let mut state = new.state();
        for file in &mut state.files {
            file.cut_power(&mut choice);
        }
        let mut names = state.durable_names.clone();
        for change in std::mem::take(&mut state.name_changes) {
            if choice.keeps() {
                change.apply(&mut names);
            }
        }
        // A name needs the folders above it.
        let reachable = |path: &Path, names: &Names| {
            path == Path::new(ROOT) || path.parent().is_some_and(|p| names.contains_key(p))
        };
        while let Some(lost) = names.keys().find(|p| !reachable(p, &names)).cloned() {
            names.remove(&lost);
        }
        state.durable_names = names.clone();
        state.names = names;
        drop(state);
        new
    }

    /// The files in folders of segments.
    pub fn segment_files(&self) -> Vec<PathBuf> {
        let state = self.state();
        let inside = |p: &&PathBuf| p.parent().is_some_and(|p| p.ends_with("segments"));
        state.names.keys().filter(inside).cloned().collect()
    }

    /// Whether something has that name.
    pub fn has(&self, path: &Path) -> bool {
        self.state().names.contains_key(path)
    }

    /// Removes a folder and all that is in it, durably, as a user does.
    pub fn remove_folder(&self, dir: &Path) {
        let mut state = self.state();
        state.names.retain(|path, _| !path.starts_with(dir));
        state.durable_names = state.names.clone();
        state.name_changes.clear();
    }

    /// Changes a byte in the middle of a file, as a bad disk does.
    pub fn damage(&self, path: &Path) {
        let mut state = self.state();
        let id = state.file(path).unwrap();
        let file = &mut state.files[id];
        let at = file.live.len() / 2;
        let wrong = [file.live[at] ^ 1];
        file.write(at as u64, &wrong);
        file.sync();
    }

    /// Writes through a file's handle, wherever its name is now.
    pub fn change_file(
        &self,
        what: &str,
        (id, path): (usize, &Path),
        change: impl FnOnce(&mut FileState),
    ) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin(what, path, true)?;
        change(&mut state.files[id]);
        finished(stopped)
    }

    pub fn sync_file(&self, (id, path): (usize, &Path)) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin("sync", path, true)?;
        finished(stopped)?;
        if !state.ignores(path) {
            state.files[id].sync();
        }
        if path.extension().is_some_and(|e| e == "redb") {
            state.counts.commits += 1;
            if state.images.is_some() {
                drop(state);
                let image = self.fork();
                let mut state = self.state();
                state.images.as_mut().unwrap().push(image);
            }
        }
        Ok(())
    }
}

impl Storage for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let mut state = self.state();
        let stopped = state.begin("create", path, true)?;
        let id = match state.file(path) {
            Some(id) => {
                state.files[id].set_len(0);
                id
            }
            None => state.new_file(path),
        };
        finished(stopped)?;
        Ok(Box::new(Appended {
            disk: self.clone(),
            id,
            path: path.to_path_buf(),
            position: 0,
        }))
    }

    fn open_pages(&self, path: &Path) -> io::Result<PagesOf> {
        let mut state = self.state();
        let known = state.file(path);
        let stopped = state.begin("open", path, known.is_none())?;
        let id = known.unwrap_or_else(|| state.new_file(path));
        finished(stopped)?;
        let opening = state.locks.opening();
        Ok(PagesOf::Simulated(Box::new(Pages {
            disk: self.clone(),
            id,
            opening,
            path: path.to_path_buf(),
        })))
    }

    fn open_pages_to_read(&self, path: &Path) -> io::Result<PagesOf> {
        let mut state = self.state();
        state.begin("open", path, false)?;
        let id = state.file(path).ok_or_else(|| no_such(path))?;
        let opening = state.locks.opening();
        Ok(PagesOf::Simulated(Box::new(Pages {
            disk: self.clone(),
            id,
            opening,
            path: path.to_path_buf(),
        })))
    }

    fn map(&self, path: &Path) -> io::Result<Mapped> {
        let mut state = self.state();
        state.begin("map", path, false)?;
        let id = state.file(path).ok_or_else(|| no_such(path))?;
        Mapped::copy_of(&state.files[id].live)
    }

    fn lock_file(&self, _: &Path) -> io::Result<Option<std::fs::File>> {
        Ok(None)
    }

    fn lock_file_to_read(&self, _: &Path) -> io::Result<Option<std::fs::File>> {
        Ok(None)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin("rename", from, true)?;
        if !state.names.contains_key(from) {
            return Err(no_such(from));
        }
        state.change_names(NameChange::Rename(from.to_path_buf(), to.to_path_buf()));
        finished(stopped)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin("remove", path, true)?;
        state.file(path).ok_or_else(|| no_such(path))?;
        state.change_names(NameChange::Set(path.to_path_buf(), None));
        finished(stopped)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin("create", dir, true)?;
        if state.names.contains_key(dir) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let parent = dir.parent().and_then(|p| state.names.get(p));
        assert_eq!(parent, Some(&Node::Folder), "{}", dir.display());
        state.change_names(NameChange::Set(dir.to_path_buf(), Some(Node::Folder)));
        finished(stopped)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin("remove", dir, true)?;
        if state.names.keys().any(|p| p.parent() == Some(dir)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        if state.names.get(dir) != Some(&Node::Folder) {
            return Err(no_such(dir));
        }
        state.change_names(NameChange::Set(dir.to_path_buf(), None));
        finished(stopped)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let stopped = state.begin("sync", dir, true)?;
        finished(stopped)?;
        if state.ignores(dir) {
            return Ok(());
        }
        let mut waiting: Vec<NameChange> = Vec::new();
        for change in std::mem::take(&mut state.name_changes) {
            if !change.is_in(dir) {
                waiting.push(change);
                continue;
            }
            change.apply(&mut state.durable_names);
            if let NameChange::Rename(from, to) = &change {
                waiting.iter_mut().for_each(|c| c.follow(from, to));
            }
        }
        state.name_changes = waiting;
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<FileInfo>> {
        let mut state = self.state();
        state.begin("list", dir, false)?;
        if state.names.get(dir) != Some(&Node::Folder) {
            return Err(no_such(dir));
        }
        let inside = state.names.iter().filter(|(p, _)| p.parent() == Some(dir));
        Ok(inside.map(|(p, node)| info(&state, p, *node)).collect())
    }

    fn look_up(&self, path: &Path) -> io::Result<Option<FileInfo>> {
        let mut state = self.state();
        state.begin("look at", path, false)?;
        Ok(state.names.get(path).map(|node| info(&state, path, *node)))
    }

    /// The same each time, so that states can be compared.
    fn draw(&self) -> u64 {
        WRITER
    }
}

fn info(state: &State, path: &Path, node: Node) -> FileInfo {
    FileInfo {
        name: file_name(path),
        is_dir: node == Node::Folder,
        len: match node {
            Node::Folder => 0,
            Node::File(id) => state.files[id].live.len() as u64,
        },
    }
}
