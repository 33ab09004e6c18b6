//! Weights and their bank of charts.

use super::tensors::Tensors;
use super::{Bank, Weights, WeightsConfig};
use crate::error::Result;

impl Weights {
    /// The bank of charts, if the file has one.
    pub fn bank(&self) -> Option<&Bank> {
        self.bank.as_deref()
    }

    /// These weights with another bank of charts: what a trainer writes last, since a bank is
    /// measured with the trained encoders. Their hash is another one.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if they are not `clip/1`, or if the bank has another dimension.
    pub fn with_bank(&self, bank: &Bank) -> Result<Self> {
        let config = WeightsConfig {
            bank: Some(bank.config),
            ..self.config.as_ref().clone()
        };
        let tensors = Tensors::parse(&self.bytes)?;
        Self::from_values(&config, |name, _| match name {
            "bank.mean" => Ok(bank.mean.clone()),
            "bank.covariance" => Ok(bank.covariance.clone()),
            "bank.quantiles" => Ok(bank.quantiles.clone()),
            _ => tensors.numbers(name),
        })
    }
}
