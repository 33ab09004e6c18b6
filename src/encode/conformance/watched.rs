//! An encoder that says how far it is, and can be stopped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::encode::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec};

/// Windows of a series that are encoded between two looks.
const PART: usize = 16;

/// What is told: windows done, and of how many.
type Look<'a> = &'a (dyn Fn(u64, u64) -> Result<()> + Send + Sync);

pub(super) struct Watched<'a> {
    encoder: &'a dyn ChartEncoder,
    look: Look<'a>,
    done: AtomicU64,
    total: u64,
    /// Why it was stopped.
    stopped: Mutex<Option<Error>>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(encoder: &'a dyn ChartEncoder, total: u64, look: Look<'a>) -> Self {
        Self {
            encoder,
            look,
            done: AtomicU64::new(0),
            total,
            stopped: Mutex::new(None),
        }
    }

    /// # Errors
    /// Why it was stopped, if it was.
    pub(super) fn stopped(&self) -> Result<()> {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.clone().map_or(Ok(()), Err)
    }

    /// Says that all is done.
    pub(super) fn done(&self) -> Result<()> {
        (self.look)(self.total, self.total)
    }

    fn count(&self, windows: usize) -> Result<()> {
        self.stopped()?;
        let before = self.done.fetch_add(windows as u64, Ordering::Relaxed);
        // The end is told once.
        let done = before.min(self.total.saturating_sub(1));
        (self.look)(done, self.total).inspect_err(|why| {
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            stopped.get_or_insert_with(|| why.clone());
        })
    }
}

impl ChartEncoder for Watched<'_> {
    fn spec(&self) -> &EncoderSpec {
        self.encoder.spec()
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        self.count(1)?;
        self.encoder.encode_window(bars)
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        let dim = self.spec().dim as usize;
        let mut all = Embeddings::with_capacity(dim, ends.len());
        for part in ends.chunks(PART) {
            self.count(part.len())?;
            let rows = self.encoder.encode_series(stretch, part)?;
            all.dim = rows.dim;
            all.values.extend(rows.values);
            all.defined.extend(rows.defined);
        }
        match ends.is_empty() {
            true => self.encoder.encode_series(stretch, ends),
            false => Ok(all),
        }
    }
}
