//! What the graph of an ONNX file may hold: looked at before the library that runs it, which trusts some of it.

use std::collections::HashSet;

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::type_proto::Value as Kind;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use super::OnnxConfig;
use crate::error::excerpt;

/// Operators that give the same for the same input, and of which shapes follow from those of their inputs.
pub(super) const OPERATORS: [&str; 82] = [
    "Abs",
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Celu",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "Cos",
    "Div",
    "Dropout",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Greater",
    "GreaterOrEqual",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "Not",
    "PRelu",
    "Pad",
    "Pow",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Where",
];

/// Versions of the operators.
const OPSETS: std::ops::RangeInclusive<i64> = 9..=22;
const MOST_NODES: usize = 10_000;
/// The most numbers of one tensor.
const MOST_NUMBERS: u64 = 1 << 24;
/// The most dimensions of a tensor.
pub(super) const MOST_DIMS: usize = 8;
/// The most that a kernel, stride, dilation or padding may be.
const LONGEST: i64 = 1 << 14;

/// What is wrong with a file, after "found that".
type Found<T> = Result<T, String>;

/// Checks a file's graph against what is declared.
pub(super) fn check(model: &ModelProto, config: &OnnxConfig) -> Found<()> {
    let graph = model.graph.as_ref().ok_or("it has no graph")?;
    let standard = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    let opset = model.opset_import.iter().find(|o| standard(&o.domain));
    let opset = opset.map_or(0, |o| o.version);
    if !OPSETS.contains(&opset) {
        return Err(format!(
            "its operators are of version {opset}; export it with an `opset_version` of {} to {}, like 17",
            OPSETS.start(),
            OPSETS.end()
        ));
    }
    if !(1..=MOST_NODES).contains(&graph.node.len()) {
        return Err(format!(
            "it has {} operators, where 1 to {MOST_NODES} are read",
            graph.node.len()
        ));
    }
    for tensor in &graph.initializer {
        check_tensor(tensor)?;
    }
    let mut names: HashSet<&str> = HashSet::new();
    for tensor in &graph.initializer {
        if !names.insert(&tensor.name) {
            return Err(format!(
                "two tensors have the name {}",
                excerpt(&tensor.name)
            ));
        }
    }
    let input = only_input(graph, &names)?;
    check_input(input, config)?;
    names.insert(&input.name);
    for node in &graph.node {
        check_node(node, &mut names, standard)?;
    }
    let [output] = graph.output.as_slice() else {
        return Err(format!(
            "it gives {} tensors; export it with one output, the embedding",
            graph.output.len()
        ));
    };
    if !names.contains(output.name.as_str()) {
        return Err(format!(
            "no operator gives its output {}",
            excerpt(&output.name)
        ));
    }
    Ok(())
}

/// The input that no initializer fills.
fn only_input<'a>(graph: &'a GraphProto, filled: &HashSet<&str>) -> Found<&'a ValueInfoProto> {
    let mut open = graph
        .input
        .iter()
        .filter(|i| !filled.contains(i.name.as_str()));
    match (open.next(), open.count()) {
        (Some(input), 0) => Ok(input),
        (first, more) => Err(format!(
            "it has {} inputs; export it with one, the bars of shape (batch, channels, window)",
            usize::from(first.is_some()) + more
        )),
    }
}

fn check_input(input: &ValueInfoProto, config: &OnnxConfig) -> Found<()> {
    let expected = format!(
        "where floats of the shape (batch, {}, {}) are declared: that many channels and bars",
        config.channels.len(),
        config.window
    );
    let Some(Kind::TensorType(tensor)) = input.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err(format!("its input has no type, {expected}"));
    };
    if tensor.elem_type != DataType::Float as i32 {
        return Err(format!("its input is not of 32-bit floats, {expected}"));
    }
    let dims: Vec<Option<i64>> = match &tensor.shape {
        None => return Err(format!("its input has no shape, {expected}")),
        Some(shape) => shape
            .dim
            .iter()
            .map(|d| match &d.value {
                Some(Dim::DimValue(n)) => Some(*n),
                Some(Dim::DimParam(_)) | None => None,
            })
            .collect(),
    };
    let is = |dim: Option<i64>, expected: usize| dim.is_none_or(|n| n == expected as i64);
    match dims.as_slice() {
        &[batch, channels, window]
            if is(batch, 1)
                && is(channels, config.channels.len())
                && is(window, config.window as usize) =>
        {
            Ok(())
        }
        _ => {
            let shown: Vec<String> = dims
                .iter()
                .take(MOST_DIMS)
                .map(|d| d.map_or_else(|| "any".to_owned(), |n| n.to_string()))
                .collect();
            Err(format!(
                "its input has the shape ({}), {expected}",
                shown.join(", ")
            ))
        }
    }
}

fn check_node<'a>(
    node: &'a NodeProto,
    names: &mut HashSet<&'a str>,
    standard: impl Fn(&str) -> bool,
) -> Found<()> {
    let op = node.op_type.as_str();
    if !standard(&node.domain) || !OPERATORS.contains(&op) {
        return Err(format!(
            "it has the operator {}, which is not one of those that run here (docs/encoders.md lists them)",
            excerpt(&node.op_type)
        ));
    }
    for input in node.input.iter().filter(|i| !i.is_empty()) {
        if !names.contains(input.as_str()) {
            return Err(format!(
                "the operator {op} reads {}, which nothing before it gives",
                excerpt(input)
            ));
        }
    }
    let mut given = 0;
    for output in node.output.iter().filter(|o| !o.is_empty()) {
        given += 1;
        if !names.insert(output) {
            return Err(format!("{} is given twice", excerpt(output)));
        }
    }
    if given == 0 {
        return Err(format!("the operator {op} gives nothing"));
    }
    let mut seen = HashSet::new();
    for attribute in &node.attribute {
        if !seen.insert(attribute.name.as_str()) {
            return Err(format!(
                "the operator {op} has the attribute {} twice",
                excerpt(&attribute.name)
            ));
        }
        check_attribute(op, attribute)?;
    }
    Ok(())
}

fn check_attribute(op: &str, attribute: &AttributeProto) -> Found<()> {
    if let Some(tensor) = &attribute.t {
        check_tensor(tensor)?;
    }
    let name = attribute.name.as_str();
    let least = match name {
        "kernel_shape" | "strides" | "dilations" => 1,
        "pads" => 0,
        "group" | "num_groups" if !(1..=LONGEST).contains(&attribute.i) => {
            return Err(format!("the operator {op} has {} groups", attribute.i));
        }
        _ => return Ok(()),
    };
    match attribute
        .ints
        .iter()
        .find(|n| !(least..=LONGEST).contains(n))
    {
        None => Ok(()),
        Some(n) => Err(format!(
            "the operator {op} has {name} of {n}, where {least} to {LONGEST} are read"
        )),
    }
}

/// Checks that a tensor holds as many finite numbers as its shape says.
fn check_tensor(tensor: &TensorProto) -> Found<()> {
    let name = excerpt(&tensor.name);
    let elsewhere = tensor.data_location == Some(DataLocation::External as i32);
    if elsewhere || !tensor.external_data.is_empty() {
        return Err(format!(
            "the numbers of the tensor {name} are in another file; export it with `external_data=False`"
        ));
    }
    let negative = tensor.dims.iter().any(|&d| d < 0);
    let count = tensor
        .dims
        .iter()
        .try_fold(1_u64, |n, &d| n.checked_mul(d.unsigned_abs()))
        .filter(|n| *n <= MOST_NUMBERS && !negative && tensor.dims.len() <= MOST_DIMS);
    let Some(count) = count else {
        return Err(format!(
            "the tensor {name} has a shape of more than {MOST_DIMS} dimensions or {MOST_NUMBERS} numbers"
        ));
    };
    let raw = tensor.raw_data.as_slice();
    let (size, listed) = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) => (4, tensor.float_data.len()),
        Ok(DataType::Double) => (8, tensor.double_data.len()),
        Ok(DataType::Int64) => (8, tensor.int64_data.len()),
        Ok(DataType::Int32) => (4, tensor.int32_data.len()),
        Ok(DataType::Bool) => (1, tensor.int32_data.len()),
        _ => {
            return Err(format!(
                "the tensor {name} is not of 32-bit or 64-bit numbers; export it in 32-bit floats"
            ));
        }
    };
    let held = if raw.is_empty() {
        listed as u64
    } else if raw.len().is_multiple_of(size) && listed == 0 {
        (raw.len() / size) as u64
    } else {
        u64::MAX
    };
    if held != count || tensor.segment.is_some() {
        return Err(format!(
            "the tensor {name} does not hold the {count} numbers of its shape"
        ));
    }
    if is_finite(tensor) {
        Ok(())
    } else {
        Err(format!(
            "the tensor {name} has a number that is not finite: the training has diverged"
        ))
    }
}

fn is_finite(tensor: &TensorProto) -> bool {
    let raw = tensor.raw_data.as_slice();
    match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) => {
            let mut raw = raw.as_chunks::<4>().0.iter();
            raw.all(|&b| f32::from_le_bytes(b).is_finite())
                && tensor.float_data.iter().all(|x| x.is_finite())
        }
        Ok(DataType::Double) => {
            let mut raw = raw.as_chunks::<8>().0.iter();
            raw.all(|&b| f64::from_le_bytes(b).is_finite())
                && tensor.double_data.iter().all(|x| x.is_finite())
        }
        _ => true,
    }
}
