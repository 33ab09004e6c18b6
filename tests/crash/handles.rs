//! Open files of a simulated disk.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use rhymedb::disk::{LockedRange, NewFile, PageFile};

use super::disk::SimDisk;
use super::survival::FileState;

pub struct Appended {
    pub disk: SimDisk,
    pub id: usize,
    pub path: PathBuf,
    pub position: u64,
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let at = self.position;
        self.disk
            .change_file("write", (self.id, &self.path), |f| f.write(at, bytes))?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for Appended {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.sync_file((self.id, &self.path))
    }
}

#[derive(Debug)]
pub struct Pages {
    pub disk: SimDisk,
    pub id: usize,
    /// Which opening of the file this is: locks are its own.
    pub opening: u64,
    pub path: PathBuf,
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.release();
    }
}

impl PageFile for Pages {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.begin("measure", &self.path, false)?;
        Ok(state.files[self.id].live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        state.begin("read", &self.path, false)?;
        let start = offset as usize;
        let bytes = state.files[self.id].live.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let change = |f: &mut FileState| f.set_len(len);
        self.disk
            .change_file("resize", (self.id, &self.path), change)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let change = |f: &mut FileState| f.write(offset, bytes);
        self.disk
            .change_file("write", (self.id, &self.path), change)?;
        self.disk.state().count_bytes(bytes.len());
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_file((self.id, &self.path))
    }

    fn try_lock(&self, range: LockedRange, shared: bool) -> io::Result<bool> {
        let locks = &mut self.disk.state().locks;
        Ok(locks.take((self.id, self.opening), range, shared))
    }

    fn lock(&self, range: LockedRange, shared: bool) -> io::Result<()> {
        while !self.try_lock(range, shared)? {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn unlock(&self, range: LockedRange) -> io::Result<()> {
        let locks = &mut self.disk.state().locks;
        locks.give_back((self.id, self.opening), range);
        Ok(())
    }

    fn is_locked(&self, range: LockedRange) -> io::Result<bool> {
        let locks = &self.disk.state().locks;
        Ok(!locks.is_free((self.id, self.opening), range, false))
    }

    fn release(&self) {
        // A test that failed elsewhere has said why.
        if let Ok(mut state) = self.disk.try_state() {
            state.locks.give_back_all((self.id, self.opening));
        }
    }
}
