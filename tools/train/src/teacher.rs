//! What a larger model says about texts, from a file that `tools/train/teacher/run` writes: a table of
//! hashed words learns from it what words mean that stand beside no chart.

use std::collections::BTreeSet;
use std::path::Path;

use rhymedb::{Error, Result};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::data::Dataset;

/// Where the file's record stands.
const KEY: &str = "rhyme-teacher";

/// Texts with their vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Teacher {
    /// The texts, each once.
    pub texts: Vec<String>,
    /// Numbers of a vector.
    pub width: usize,
    /// The vectors at unit length, one after the other.
    pub vectors: Vec<f32>,
    /// Which model they come from and what it read.
    pub record: Value,
    /// A hash of the texts and vectors.
    pub hash: u64,
}

impl Teacher {
    /// Texts with vectors, which are brought to unit length.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no texts, or not `width` finite numbers for each.
    pub fn new(texts: Vec<String>, mut vectors: Vec<f32>, record: Value) -> Result<Self> {
        let width = vectors.len() / texts.len().max(1);
        if width == 0 || width * texts.len() != vectors.len() {
            return Err(Error::Invalid(format!(
                "expected a vector for each of the teacher's texts, found {} numbers for {} texts",
                vectors.len(),
                texts.len()
            )));
        }
        for row in vectors.chunks_exact_mut(width) {
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            if !(length.is_finite() && length > 0.0) {
                return Err(Error::Invalid(
                    "expected finite vectors other than 0 from the teacher; make its file again"
                        .to_owned(),
                ));
            }
            row.iter_mut().for_each(|x| *x /= length);
        }
        let mix = |h: u64, x: u64| (h ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        let letters = texts.iter().flat_map(|t| t.bytes()).map(u64::from);
        let numbers = vectors.iter().map(|x| u64::from(x.to_bits()));
        let hash = letters.chain(numbers).fold(texts.len() as u64, mix);
        Ok(Self {
            texts,
            width,
            vectors,
            record,
            hash,
        })
    }

    /// Reads a file: the tensors `texts` (bytes, one text a line) and `vectors` (f32, a row a text).
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Input`] if it is another file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source: std::sync::Arc::new(source),
        })?;
        Self::parse(&bytes).map_err(|what| Error::Input {
            file: path.to_owned(),
            line: None,
            message: format!(
                "expected a teacher's file, found {what}; make it with tools/train/teacher/run"
            ),
        })
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let record = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
        let record = record.ok_or("another kind of safetensors file")?;
        let record = serde_json::from_str(record).map_err(|e| e.to_string())?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let tensor = |name: &str, dtype: Dtype| {
            let view = file.tensor(name).map_err(|e| e.to_string())?;
            match view.dtype() == dtype {
                true => Ok(view.data().to_vec()),
                false => Err(format!("numbers of type {:?} in {name}", view.dtype())),
            }
        };
        let texts = String::from_utf8(tensor("texts", Dtype::U8)?).map_err(|e| e.to_string())?;
        let vectors = tensor("vectors", Dtype::F32)?;
        let vectors = vectors.as_chunks::<4>().0.iter();
        let vectors = vectors.map(|&b| f32::from_le_bytes(b)).collect();
        let texts = texts.lines().map(str::to_owned).collect();
        Self::new(texts, vectors, record).map_err(|e| e.to_string())
    }

    /// The vector of a text.
    pub fn vector(&self, i: usize) -> &[f32] {
        let row = self.vectors.get(i * self.width..(i + 1) * self.width);
        row.unwrap_or_default()
    }
}

/// The headlines of the training part, each once, in the order of the samples.
pub fn training_texts(data: &Dataset) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for sample in data.parts.train.iter().filter_map(|&i| data.samples.get(i)) {
        let text = sample.text.and_then(|t| data.texts.get(t));
        let text = text.map(|t| t.text.split_whitespace().collect::<Vec<_>>().join(" "));
        if let Some(text) = text.filter(|t| !t.is_empty())
            && seen.insert(text.clone())
        {
            texts.push(text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use safetensors::tensor::TensorView;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_read_back_and_another_is_refused() {
        let numbers: Vec<u8> = [3.0_f32, 4.0, 0.0, -2.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let texts = b"shares fall\nshares rise";
        let views = [
            (
                "texts",
                TensorView::new(Dtype::U8, vec![texts.len()], texts),
            ),
            ("vectors", TensorView::new(Dtype::F32, vec![2, 2], &numbers)),
        ];
        let views = views.map(|(name, view)| (name, view.unwrap()));
        let record = [(KEY.to_owned(), r#"{"model":"m"}"#.to_owned())];
        let file = |record| safetensors::serialize(views.clone(), record).unwrap();
        let read = Teacher::parse(&file(Some(record.into_iter().collect()))).unwrap();
        assert_eq!(read.texts, ["shares fall", "shares rise"]);
        assert_eq!(
            (read.vector(0), read.vector(1)),
            (&[0.6, 0.8][..], &[0.0, -1.0][..])
        );
        assert_eq!(read.record, json!({"model": "m"}));
        let error = Teacher::parse(&file(None)).err().unwrap();
        assert!(error.contains("another kind"), "{error}");
    }

    #[test]
    fn vectors_that_do_not_fit_their_texts_are_refused() {
        let texts = || vec!["a".to_owned(), "b".to_owned()];
        for vectors in [vec![], vec![1.0; 3], vec![1.0, f32::NAN], vec![1.0, 0.0]] {
            let error = Teacher::new(texts(), vectors, json!(null)).err().unwrap();
            assert!(error.to_string().contains("teacher"), "{error}");
        }
    }
}
