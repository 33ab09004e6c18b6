//! ONNX files, written operator by operator.

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use super::{OnnxConfig, with_declaration};
use crate::encode::weights::Activation;
use crate::error::Result;

/// Of the operators; the first one with layer normalisation.
const OPSET: i64 = 17;
/// Of the file's own format.
const IR: i64 = 8;

/// The graph of an ONNX file that grows operator by operator; for tools that train networks.
///
/// Operators are those of version 17. They and tensors are named by what the functions return.
///
/// ```
/// use rhymedb::encode::{Channel, Memory, OnnxAttribute, OnnxConfig, OnnxNormaliser, OnnxWriter, Weights};
/// let mut graph = OnnxWriter::default();
/// // The embedding of a window is its returns and its ranges: (batch, 2, 16) to (batch, 32).
/// let flat = graph.op("Flatten", &[OnnxWriter::INPUT], &[OnnxAttribute::Int("axis", 1)]);
/// let memory = Memory { bars: 64, half_life: 16.0, lag: 1 };
/// let file = graph.finish(&flat, &OnnxConfig {
///     window: 16,
///     dim: 32,
///     causal: true,
///     channels: vec![Channel::Return, Channel::Range],
///     normaliser: OnnxNormaliser { volatility: memory, level: memory },
///     trained: Vec::new(),
/// })?;
/// assert_eq!(Weights::from_bytes(file)?.chart_encoder()?.spec().dim, 32);
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct OnnxWriter {
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
    notes: Vec<StringStringEntryProto>,
}

/// An attribute of an operator, by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum OnnxAttribute<'a> {
    /// A whole number.
    Int(&'a str, i64),
    /// Whole numbers.
    Ints(&'a str, &'a [i64]),
    /// A number.
    Float(&'a str, f32),
}

impl OnnxAttribute<'_> {
    fn proto(self) -> AttributeProto {
        let named = |name: &str, kind: AttributeType| AttributeProto {
            name: name.to_owned(),
            r#type: kind as i32,
            ..AttributeProto::default()
        };
        match self {
            Self::Int(name, i) => AttributeProto {
                i,
                ..named(name, AttributeType::Int)
            },
            Self::Ints(name, ints) => AttributeProto {
                ints: ints.to_vec(),
                ..named(name, AttributeType::Ints)
            },
            Self::Float(name, f) => AttributeProto {
                f,
                ..named(name, AttributeType::Float)
            },
        }
    }
}

/// A tensor of floats with a batch of any size.
fn of_batches(name: &str, dims: &[u32]) -> ValueInfoProto {
    let batch = dimension::Value::DimParam("batch".to_owned());
    let others = dims.iter().map(|&d| dimension::Value::DimValue(d.into()));
    let dim = std::iter::once(batch).chain(others).map(|value| Dimension {
        value: Some(value),
        ..Dimension::default()
    });
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(TensorShapeProto { dim: dim.collect() }),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

impl OnnxWriter {
    /// The input: (batch, channels, bars), the oldest bar first.
    pub const INPUT: &str = "bars";

    /// Adds an operator and returns the name of what it gives.
    pub fn op(&mut self, op: &str, inputs: &[&str], attributes: &[OnnxAttribute<'_>]) -> String {
        let output = format!("n{}", self.nodes.len());
        self.nodes.push(NodeProto {
            name: format!("{op}_{}", self.nodes.len()),
            op_type: op.to_owned(),
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.clone()],
            attribute: attributes.iter().map(|a| a.proto()).collect(),
            ..NodeProto::default()
        });
        output
    }

    /// Adds a tensor of numbers in row-major order and returns its name. No dims: one number.
    pub fn floats(&mut self, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes());
        self.tensor(dims, DataType::Float, bytes.collect())
    }

    /// Adds a tensor of whole numbers, such as a shape, and returns its name.
    pub fn whole(&mut self, dims: &[usize], values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes());
        self.tensor(dims, DataType::Int64, bytes.collect())
    }

    fn tensor(&mut self, dims: &[usize], kind: DataType, raw_data: Vec<u8>) -> String {
        let name = format!("t{}", self.tensors.len());
        self.tensors.push(TensorProto {
            name: name.clone(),
            dims: dims.iter().map(|&d| d as i64).collect(),
            data_type: kind as i32,
            raw_data,
            ..TensorProto::default()
        });
        name
    }

    /// Applies an activation.
    pub fn activation(&mut self, x: &str, activation: Activation) -> String {
        match activation {
            Activation::Identity => x.to_owned(),
            Activation::Relu => self.op("Relu", &[x], &[]),
            Activation::Gelu => {
                let root = self.floats(&[], &[std::f32::consts::FRAC_1_SQRT_2]);
                let one = self.floats(&[], &[1.0]);
                let half = self.floats(&[], &[0.5]);
                let scaled = self.op("Mul", &[x, &root], &[]);
                let erf = self.op("Erf", &[&scaled], &[]);
                let above = self.op("Add", &[&erf, &one], &[]);
                let product = self.op("Mul", &[x, &above], &[]);
                self.op("Mul", &[&product, &half], &[])
            }
        }
    }

    /// Adds a text to the file's metadata, under a key other than `rhymedb`, which declares the network.
    pub fn note(&mut self, key: &str, text: &str) {
        self.notes.push(StringStringEntryProto {
            key: key.to_owned(),
            value: text.to_owned(),
        });
    }

    /// The file, whose output is what `embedding` names: (batch, `config.dim`). It declares `config`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the declaration is wrong, or if the file is too large. Whether the graph
    /// can be run is seen by who reads it ([`Weights::from_bytes`](crate::encode::Weights::from_bytes)).
    pub fn finish(self, embedding: &str, config: &OnnxConfig) -> Result<Vec<u8>> {
        let channels = config.channels.len() as u32;
        let model = ModelProto {
            ir_version: IR,
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: OPSET,
            }],
            producer_name: "rhymedb".to_owned(),
            graph: Some(GraphProto {
                name: "chart".to_owned(),
                node: self.nodes,
                initializer: self.tensors,
                input: vec![of_batches(Self::INPUT, &[channels, config.window])],
                output: vec![of_batches(embedding, &[config.dim])],
                ..GraphProto::default()
            }),
            metadata_props: self.notes,
            ..ModelProto::default()
        };
        with_declaration(&model.encode_to_vec(), config)
    }
}
