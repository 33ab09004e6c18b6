//! From trained numbers to a weights file.

use std::collections::BTreeSet;

use rhymedb::encode::{Trained, Weights};
use rhymedb::{Error, Result};
use serde_json::Value;

use crate::config::Config;
use crate::net::Stack;
use crate::params::{Param, Params, SCALE, TABLE};

/// The weights file of parameters, an ONNX file for a stack of layers. The table is rounded to bytes, each row by its
/// own scale.
///
/// # Errors
/// [`Error::Invalid`] if a number is not finite or a tensor is missing.
pub fn weights(
    config: &Config,
    params: &Params,
    names: &BTreeSet<String>,
    temperature: f32,
    training: Value,
) -> Result<Weights> {
    if let Some(stack) = config.backbone.stack()? {
        return onnx(&stack, params, &training);
    }
    let mut header = config.weights(names.clone(), temperature)?;
    header.training = training;
    Weights::from_values(&header, |name, _| {
        let missing = || Error::Invalid(format!("the parameters have no tensor {name}"));
        match name.rsplit('.').next() {
            Some(TABLE) => {
                let table = params.get(name).ok_or_else(missing)?;
                let bytes = rows(table).flat_map(|row| {
                    let scale = scale(row);
                    row.iter().map(move |x| (x / scale).round())
                });
                Ok(bytes.collect())
            }
            Some(SCALE) => {
                let table = format!("{}{TABLE}", name.strip_suffix(SCALE).unwrap_or_default());
                let table = params.get(&table).ok_or_else(missing)?;
                Ok(rows(table).map(scale).collect())
            }
            _ => Ok(params.get(name).ok_or_else(missing)?.values.clone()),
        }
    })
}

/// The ONNX file of a stack of layers, with the record of its training.
fn onnx(stack: &Stack, params: &Params, training: &Value) -> Result<Weights> {
    let trained = Trained::read(training)?.declared();
    let file = stack.to_onnx(trained, &training.to_string(), &|name| {
        let param = params.get(name);
        let missing = || Error::Invalid(format!("the parameters have no tensor {name}"));
        Ok(param.ok_or_else(missing)?.values.clone())
    })?;
    Weights::from_bytes(file)
}

fn rows(table: &Param) -> impl Iterator<Item = &[f32]> {
    let width = table.shape.last().copied().unwrap_or(1);
    table.values.chunks_exact(width)
}

/// What the bytes of a row are multiplied by.
fn scale(row: &[f32]) -> f32 {
    let largest = row.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    (largest / 127.0).max(f32::MIN_POSITIVE)
}

/// Rounds the table of parameters as the weights file does.
pub fn round_table(params: &mut Params) {
    for param in params.list.iter_mut().filter(|p| p.is_table()) {
        let width = param.shape.last().copied().unwrap_or(1);
        for row in param.values.chunks_exact_mut(width) {
            let scale = scale(row);
            row.iter_mut()
                .for_each(|x| *x = (*x / scale).round() * scale);
        }
    }
}
