//! What the graph of an ONNX file may hold: looked at before the library that runs it, which trusts some of it.

use std::collections::HashSet;

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::type_proto::Value as Kind;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto,
    ValueInfoProto,
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
/// The most numbers of one tensor of a network over bars.
const MOST_NUMBERS: u64 = 1 << 24;
/// The most numbers of one tensor of a network over texts: the table of a large vocabulary.
const MOST_OF_TEXTS: u64 = 1 << 27;
/// The most dimensions of a tensor.
pub(super) const MOST_DIMS: usize = 8;
/// The most that a kernel, stride, dilation or padding may be.
const LONGEST: i64 = 1 << 14;

/// What is wrong with a file, after "found that".
type Found<T> = Result<T, String>;

/// Operators of networks over texts beside [`OPERATORS`].
pub(super) const OF_TEXTS: [&str; 6] = ["And", "GatherND", "IsNaN", "Or", "Range", "Tile"];

/// What a kind of network may hold.
struct Rules {
    operators: &'static [&'static str],
    /// Of one tensor.
    numbers: u64,
    /// Whether weights may be bytes that operators turn into floats.
    bytes: bool,
}

const OF_BARS: Rules = Rules {
    operators: &[],
    numbers: MOST_NUMBERS,
    bytes: false,
};
const TEXTS: Rules = Rules {
    operators: &OF_TEXTS,
    numbers: MOST_OF_TEXTS,
    bytes: true,
};

/// Checks a file's graph against what is declared.
pub(super) fn check(model: &ModelProto, config: &OnnxConfig) -> Found<()> {
    let graph = check_graph(model, &OF_BARS, |graph, filled| {
        let input = only_input(graph, filled)?;
        check_input(input, config)?;
        Ok(vec![input])
    })?;
    match graph.output.len() {
        1 => Ok(()),
        n => Err(format!(
            "it gives {n} tensors; export it with one output, the embedding"
        )),
    }
}

/// What an input of a network over texts reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextInput {
    /// The numbers of the tokens.
    Ids,
    /// 1 for a token of the text, 0 for one that fills up.
    Mask,
    /// Which of two texts a token is of: all are of the first.
    Types,
}

/// The inputs of a network over texts.
pub(super) struct TextInputs {
    pub(super) inputs: Vec<TextInput>,
    /// Whether it was exported for one number of tokens.
    pub(super) fixed: bool,
}

/// Checks the graph of a network over texts of at most so many tokens.
pub(super) fn check_text(model: &ModelProto, most: usize) -> Found<TextInputs> {
    let mut found = TextInputs {
        inputs: Vec::new(),
        fixed: false,
    };
    let graph = check_graph(model, &TEXTS, |graph, filled| {
        let open = graph.input.iter();
        let open: Vec<_> = open.filter(|i| !filled.contains(i.name.as_str())).collect();
        for input in &open {
            found.inputs.push(text_input(input)?);
            found.fixed |= check_tokens(input, most)?;
        }
        let count = |kind| found.inputs.iter().filter(|i| **i == kind).count();
        match (count(TextInput::Ids), count(TextInput::Mask), count(TextInput::Types)) {
            (1, 1, 0 | 1) => Ok(open),
            _ => Err("it needs one input `input_ids` and one `attention_mask`; export it with both, and with the axes of batch and tokens dynamic".to_owned()),
        }
    })?;
    match graph.output.is_empty() {
        true => Err("it gives nothing".to_owned()),
        false => Ok(found),
    }
}

fn text_input(input: &ValueInfoProto) -> Found<TextInput> {
    match input.name.as_str() {
        "input_ids" => Ok(TextInput::Ids),
        "attention_mask" => Ok(TextInput::Mask),
        "token_type_ids" => Ok(TextInput::Types),
        other => Err(format!(
            "it has the input {}, where input_ids, attention_mask and token_type_ids are given; export it without",
            excerpt(other)
        )),
    }
}

/// Whether an input of tokens was exported for one number of tokens.
fn check_tokens(input: &ValueInfoProto, most: usize) -> Found<bool> {
    let name = excerpt(&input.name);
    let expected = "where whole numbers of 64 bits of the shape (batch, tokens) are given";
    let kind = input.r#type.as_ref().and_then(|t| t.value.as_ref());
    let Some(Kind::TensorType(tensor)) = kind else {
        return Err(format!("its input {name} has no type, {expected}"));
    };
    if tensor.elem_type != DataType::Int64 as i32 {
        return Err(format!("its input {name} is of another type, {expected}"));
    }
    let dims = dims_of(tensor.shape.as_ref());
    match dims.as_slice() {
        &[batch, tokens] if batch.is_none_or(|n| n == 1) => match tokens {
            None => Ok(false),
            Some(n) if n == most as i64 => Ok(true),
            Some(n) => Err(format!(
                "its input {name} has {n} tokens, where max_tokens = {most} is declared; declare `max_tokens = {n}`, or export it with that axis dynamic"
            )),
        },
        _ => Err(format!(
            "its input {name} has the shape ({}), {expected}: the batch of any size or 1",
            shown(&dims)
        )),
    }
}

/// Checks what any kind of network has, with the inputs that `inputs` finds.
fn check_graph<'a>(
    model: &'a ModelProto,
    rules: &Rules,
    inputs: impl FnOnce(&'a GraphProto, &HashSet<&str>) -> Found<Vec<&'a ValueInfoProto>>,
) -> Found<&'a GraphProto> {
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
        check_tensor(tensor, rules)?;
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
    for input in inputs(graph, &names)? {
        if !names.insert(&input.name) {
            return Err(format!("two inputs have the name {}", excerpt(&input.name)));
        }
    }
    for node in &graph.node {
        check_node(node, &mut names, (rules, &standard))?;
    }
    let missing = graph
        .output
        .iter()
        .find(|o| !names.contains(o.name.as_str()));
    match missing {
        None => Ok(graph),
        Some(output) => Err(format!(
            "no operator gives its output {}",
            excerpt(&output.name)
        )),
    }
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
    if tensor.shape.is_none() {
        return Err(format!("its input has no shape, {expected}"));
    }
    let dims = dims_of(tensor.shape.as_ref());
    let is = |dim: Option<i64>, expected: usize| dim.is_none_or(|n| n == expected as i64);
    match dims.as_slice() {
        &[batch, channels, window]
            if is(batch, 1)
                && is(channels, config.channels.len())
                && is(window, config.window as usize) =>
        {
            Ok(())
        }
        _ => Err(format!(
            "its input has the shape ({}), {expected}",
            shown(&dims)
        )),
    }
}

/// The sizes of the axes of a tensor; `None` is any.
fn dims_of(shape: Option<&TensorShapeProto>) -> Vec<Option<i64>> {
    let dims = shape.map_or(&[][..], |s| s.dim.as_slice());
    let size = |value: &Option<Dim>| match value {
        Some(Dim::DimValue(n)) => Some(*n),
        Some(Dim::DimParam(_)) | None => None,
    };
    dims.iter().map(|d| size(&d.value)).collect()
}

fn shown(dims: &[Option<i64>]) -> String {
    let dims = dims.iter().take(MOST_DIMS);
    let shown = dims.map(|d| d.map_or_else(|| "any".to_owned(), |n| n.to_string()));
    shown.collect::<Vec<_>>().join(", ")
}

fn check_node<'a>(
    node: &'a NodeProto,
    names: &mut HashSet<&'a str>,
    (rules, standard): (&Rules, &dyn Fn(&str) -> bool),
) -> Found<()> {
    let op = node.op_type.as_str();
    let known = OPERATORS.contains(&op) || rules.operators.contains(&op);
    if !standard(&node.domain) || !known {
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
        check_attribute(op, attribute, rules)?;
    }
    Ok(())
}

fn check_attribute(op: &str, attribute: &AttributeProto, rules: &Rules) -> Found<()> {
    if let Some(tensor) = &attribute.t {
        check_tensor(tensor, rules)?;
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
fn check_tensor(tensor: &TensorProto, rules: &Rules) -> Found<()> {
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
        .filter(|n| *n <= rules.numbers && !negative && tensor.dims.len() <= MOST_DIMS);
    let Some(count) = count else {
        return Err(format!(
            "the tensor {name} has a shape of more than {MOST_DIMS} dimensions or {} numbers",
            rules.numbers
        ));
    };
    let raw = tensor.raw_data.as_slice();
    let (size, listed) = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) => (4, tensor.float_data.len()),
        Ok(DataType::Double) => (8, tensor.double_data.len()),
        Ok(DataType::Int64) => (8, tensor.int64_data.len()),
        Ok(DataType::Int32) => (4, tensor.int32_data.len()),
        Ok(DataType::Bool) => (1, tensor.int32_data.len()),
        Ok(DataType::Int8 | DataType::Uint8) if rules.bytes => (1, tensor.int32_data.len()),
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
    // Masks of attention are made of one number without end.
    if is_finite(tensor) || rules.bytes && count == 1 {
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
