//! A chart encoder whose network is in an ONNX file.

use std::sync::Arc;

use super::OnnxConfig;
use super::plan::{Plan, Session};
use crate::encode::net::NetInput;
use crate::encode::stretch::{blocks, check_bars, check_ends, reach, span};
use crate::encode::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec};
use crate::numeric::dot::dot_wide;

/// Bars whose channels are computed together.
const BLOCK: usize = 2048;

/// Runs the network for each window alone, always in the same way: so on one machine a window has the same vector,
/// to the last bit, wherever it is encoded.
#[derive(Debug)]
pub(in crate::encode) struct OnnxNet {
    spec: EncoderSpec,
    input: NetInput,
    plan: Plan,
}

impl OnnxNet {
    /// The encoder of a file that declares `config`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file is none that can be run, or does not do what it declares.
    pub(in crate::encode) fn new(file: &[u8], config: &OnnxConfig, hash: u64) -> Result<Self> {
        let spec = config.spec(hash);
        Ok(Self {
            input: NetInput::new(&config.input(), &spec),
            plan: Plan::new(file, config)?,
            spec,
        })
    }

    fn failed(&self, message: String) -> Error {
        Error::Encoder {
            encoder: self.spec.id.clone(),
            at: Vec::new(),
            source: Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(message)),
        }
    }

    /// Encodes windows that lie close together.
    fn encode_block(
        &self,
        bars: &Bars,
        ends: &[usize],
        session: &mut Session,
        rows: &mut Embeddings,
    ) -> Result<()> {
        let Some(span) = span(&self.spec, ends) else {
            return Ok(());
        };
        let read = self.input.read(bars, &span)?;
        let (width, window) = (read.steps.width, self.spec.window as usize);
        let mut numbers = vec![0.0; width * window];
        for end in ends {
            let last = end - span.start - read.lead;
            let first = last + 1 - window;
            if !read.moves(first, last) {
                rows.push(None)?;
                continue;
            }
            let steps = read.steps.values.get(first * width..(last + 1) * width);
            for (t, step) in steps.unwrap_or(&[]).chunks_exact(width).enumerate() {
                for (channel, &x) in numbers.chunks_exact_mut(window).zip(step) {
                    if let Some(at) = channel.get_mut(t) {
                        *at = x;
                    }
                }
            }
            let vector = session
                .run(&numbers)
                .map_err(|said| self.failed(format!("the network cannot be run ({said})")))?;
            rows.push(self.unit(&vector)?.as_deref())?;
        }
        Ok(())
    }

    /// A vector at unit length; `None` for one of zeros.
    fn unit(&self, vector: &[f32]) -> Result<Option<Vec<f32>>> {
        let squared = dot_wide(vector, vector);
        if !squared.is_finite() {
            return Err(self.failed(
                "the network gives numbers that are not finite for these bars".to_owned(),
            ));
        }
        if squared == 0.0 {
            return Ok(None);
        }
        let scale = 1.0 / squared.sqrt();
        Ok(Some(
            vector
                .iter()
                .map(|&x| (f64::from(x) * scale) as f32)
                .collect(),
        ))
    }

    fn session(&self) -> Result<Session> {
        let session = self.plan.session();
        session.map_err(|said| self.failed(format!("the network cannot be started ({said})")))
    }
}

impl ChartEncoder for OnnxNet {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        check_bars(&self.spec, bars.len())?;
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, 1);
        let mut session = self.session()?;
        self.encode_block(bars, &[bars.len() - 1], &mut session, &mut rows)?;
        Ok(rows.row(0).map(<[f32]>::to_vec))
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        check_ends(&self.spec, stretch.len(), ends)?;
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, ends.len());
        let mut session = self.session()?;
        for block in blocks(ends, BLOCK.max(reach(&self.spec))) {
            let ends = ends.get(block).unwrap_or(&[]);
            self.encode_block(stretch, ends, &mut session, &mut rows)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
