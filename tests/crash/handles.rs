//! Open files of a simulated disk.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use rhymedb::disk::{NewFile, PageFile};

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
    pub path: PathBuf,
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
            .change_file("write", (self.id, &self.path), change)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync_file((self.id, &self.path))
    }
}
