//! The tensors of a weights file: what a config asks for, and whether the file has just that.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};

use crate::error::{Error, Result, excerpt, shortened};

/// How a tensor is filled at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fill {
    /// Uniform with the variance `2 / n`, for `n` inputs.
    Random(usize),
    /// Uniform between -0.05 and 0.05.
    Small,
    /// All 1.
    Ones,
    /// Bytes of -127..=127.
    Bytes,
    /// All 1/128: the scale of bytes.
    Scale,
    /// 1/n on the diagonal of an n x n matrix, else 0.
    Identity,
    /// From 0 to 1 in even steps.
    Ascending,
}

/// A tensor that a config asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) fill: Fill,
}

impl Declared {
    pub(crate) fn new(name: String, shape: &[usize], fill: Fill) -> Self {
        Self {
            name,
            shape: shape.to_vec(),
            fill,
        }
    }

    fn dtype(&self) -> Dtype {
        match self.fill {
            Fill::Bytes => Dtype::I8,
            _ => Dtype::F32,
        }
    }

    /// Whether a tensor of that shape serves: a scale is one number, or one a row.
    fn fits(&self, shape: &[usize]) -> bool {
        shape == self.shape || (self.fill == Fill::Scale && shape == [1])
    }
}

/// The text under which a file's header stands in its `__metadata__`.
const KEY: &str = "rhymedb";

/// A parsed file.
pub(super) struct Tensors<'a> {
    file: SafeTensors<'a>,
    pub(super) header: String,
}

impl<'a> Tensors<'a> {
    /// Parses the container and finds the header.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        let broken = |e: safetensors::SafeTensorError| {
            Error::invalid(format!(
                "expected a whole safetensors file, or an ONNX file, found {} bytes that are none ({}); fetch or export the weights again",
                bytes.len(),
                shortened(&e.to_string())
            ))
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let header = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
        let header = header.cloned().ok_or_else(|| {
            Error::invalid(format!(
                "expected weights of RhymeDB, with {KEY:?} in the file's __metadata__, found none; export the weights with a tool that writes it"
            ))
        })?;
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        Ok(Self { file, header })
    }

    /// Checks that the file has the tensors of `declared`, each of its shape and finite, and no
    /// other.
    pub(super) fn check(&self, declared: &[Declared]) -> Result<()> {
        for tensor in declared {
            let view = self.view(&tensor.name)?;
            if !tensor.fits(view.shape()) || view.dtype() != tensor.dtype() {
                return Err(Error::invalid(format!(
                    "expected the tensor {} to be {:?} of shape {:?}, found {:?} of {:?}; the weights do not belong to their config",
                    tensor.name,
                    tensor.dtype(),
                    tensor.shape,
                    view.dtype(),
                    view.shape()
                )));
            }
            if tensor.dtype() == Dtype::F32
                && let Some(i) = floats(view.data()).position(|x| !x.is_finite())
            {
                return Err(Error::invalid(format!(
                    "expected finite numbers in the tensor {}, found another at {i}; the training has diverged, or the file is damaged",
                    tensor.name
                )));
            }
        }
        let surplus = self
            .file
            .names()
            .into_iter()
            .filter(|name| !declared.iter().any(|d| d.name == *name));
        match surplus.min() {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!(
                "expected only the tensors that the config asks for, found {} too; the weights do not belong to their config",
                excerpt(name)
            ))),
        }
    }

    fn view(&self, name: &str) -> Result<TensorView<'a>> {
        self.file.tensor(name).map_err(|_| {
            Error::invalid(format!(
                "expected the tensor {name}, which the config asks for, found none of that name; the weights do not belong to their config"
            ))
        })
    }

    /// The numbers of a tensor.
    pub(super) fn floats(&self, name: &str) -> Result<Vec<f32>> {
        Ok(floats(self.view(name)?.data()).collect())
    }

    /// The numbers of a tensor of either type.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f32>> {
        match self.view(name)?.dtype() {
            Dtype::I8 => Ok(self.bytes(name)?.into_iter().map(f32::from).collect()),
            _ => self.floats(name),
        }
    }

    /// The bytes of a tensor.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<i8>> {
        let data = self.view(name)?.data();
        Ok(data.iter().map(|&b| i8::from_le_bytes([b])).collect())
    }
}

fn floats(data: &[u8]) -> impl Iterator<Item = f32> {
    data.as_chunks::<4>()
        .0
        .iter()
        .map(|&b| f32::from_le_bytes(b))
}

/// Tensors with their bytes, as a file.
pub(super) fn write(header: &str, tensors: &[(Declared, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut views = Vec::with_capacity(tensors.len());
    for (declared, data) in tensors {
        let view = TensorView::new(declared.dtype(), declared.shape.clone(), data);
        let view = view.map_err(|e| {
            Error::invalid(format!(
                "the tensor {} cannot be written: {e}",
                declared.name
            ))
        })?;
        views.push((declared.name.as_str(), view));
    }
    let metadata = [(KEY.to_owned(), header.to_owned())];
    serialize(views, Some(metadata.into_iter().collect()))
        .map_err(|e| Error::invalid(format!("the weights cannot be written: {e}")))
}

/// The bytes of a tensor with the numbers given.
pub(super) fn filled(mut declared: Declared, numbers: &[f32]) -> Result<(Declared, Vec<u8>)> {
    if declared.fill == Fill::Scale && numbers.len() == 1 {
        declared.shape = vec![1];
    }
    let wrong = |found: String| {
        Error::invalid(format!(
            "expected {:?} finite numbers for the tensor {}, found {found}",
            declared.shape, declared.name
        ))
    };
    if numbers.len() != declared.shape.iter().product::<usize>() {
        return Err(wrong(format!("{}", numbers.len())));
    }
    if let Some(bad) = numbers.iter().find(|x| !x.is_finite()) {
        return Err(wrong(bad.to_string()));
    }
    let bytes = if declared.fill == Fill::Bytes {
        if let Some(bad) = numbers.iter().find(|x| x.fract() != 0.0 || x.abs() > 127.0) {
            return Err(wrong(format!(
                "{bad}, which is no whole number of -127 to 127"
            )));
        }
        let byte = |x: &f32| (*x as i8).to_le_bytes();
        numbers.iter().flat_map(byte).collect()
    } else {
        numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
    };
    Ok((declared, bytes))
}

/// The bytes of a tensor filled at random.
pub(super) fn random(declared: &Declared, random: &mut ChaCha8Rng) -> Vec<u8> {
    let count = declared.shape.iter().product();
    let mut within = |limit: f32| {
        (0..count)
            .flat_map(|_| random.random_range(-limit..limit).to_le_bytes())
            .collect()
    };
    match declared.fill {
        Fill::Random(inputs) => within((6.0 / inputs.max(1) as f32).sqrt()),
        Fill::Small => within(0.05),
        Fill::Ones => 1_f32.to_le_bytes().repeat(count),
        Fill::Scale => (1_f32 / 128.0).to_le_bytes().repeat(count),
        Fill::Identity => {
            let n = declared.shape.first().copied().unwrap_or(1).max(1);
            let at = |i: usize| {
                if i / n == i % n {
                    1.0 / n as f32
                } else {
                    0.0_f32
                }
            };
            (0..count).flat_map(|i| at(i).to_le_bytes()).collect()
        }
        Fill::Ascending => {
            let step = 1.0 / count.saturating_sub(1).max(1) as f32;
            (0..count)
                .flat_map(|i| (i as f32 * step).to_le_bytes())
                .collect()
        }
        Fill::Bytes => (0..count)
            .flat_map(|_| random.random_range(-127_i8..=127).to_le_bytes())
            .collect(),
    }
}

/// The random numbers of a seed.
pub(super) fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}
