//! Numbers in and out of burn's tensors.

use burn_tensor::{Device, Tensor, TensorData};
use rhymedb::{Error, Result};

/// The processor, with gradients.
pub fn device() -> Device {
    Device::flex().autodiff()
}

/// A tensor of the numbers given, in row-major order.
pub fn tensor<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Result<Tensor<D>> {
    if shape.iter().product::<usize>() != values.len() {
        return Err(Error::Invalid(format!(
            "expected numbers for a tensor of shape {shape:?}, found {}",
            values.len()
        )));
    }
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}

/// The numbers of a tensor in row-major order.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor
        .try_into_vec_as::<f32>()
        .map_err(|e| Error::Invalid(format!("a tensor cannot be read: {e:?}")))
}
