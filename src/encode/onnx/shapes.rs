//! The shapes of all that a network computes, known before anything is computed.
//!
//! The library computes what hangs on constants alone while it reads a graph, and sums of a column and a row of constants
//! can be larger than any memory. So it is asked for shapes first, operator by operator, and goes on only if all are
//! known and small.

use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::{DatumType, TractError};
use tract_onnx::tract_hir::internal::{Factoid, InferenceFact, InferenceModel, OutletId, TVec};

use super::graph::MOST_DIMS;
use crate::error::shortened;

/// The most numbers that a convolution may lay out: steps times taps times channels.
const MOST_UNFOLDED: u64 = 1 << 27;

/// How large a kind of network may be.
pub(super) struct Limits {
    /// What it reads at once, for messages.
    one: &'static str,
    /// The most numbers that all operators give together for one.
    numbers: u64,
    /// The most multiplications for one.
    work: u64,
    /// The most numbers of a tensor of whole numbers.
    whole: u64,
    /// The most of one of bytes, which become floats.
    bytes: u64,
}

/// Of networks over bars: 256 MB, some seconds.
pub(super) const OF_BARS: Limits = Limits {
    one: "window",
    numbers: 1 << 26,
    work: 1 << 31,
    whole: 1 << 16,
    bytes: 1 << 16,
};

/// Of networks over texts, at the most tokens: 2 GB, a minute.
pub(super) const OF_TEXTS: Limits = Limits {
    one: "text",
    numbers: 1 << 29,
    work: 1 << 36,
    whole: 1 << 20,
    bytes: 1 << 27,
};

type Shape = TVec<usize>;

/// What an error of the library says at its root.
pub(super) fn said(error: &TractError) -> String {
    shortened(&error.root_cause().to_string())
}

/// Tells all shapes, and what hangs on constants alone.
///
/// # Errors
/// Where a shape is not known or too large.
pub(super) fn settle(
    model: &mut InferenceModel,
    graph: &GraphProto,
    limits: &Limits,
) -> Result<(), String> {
    let first = model.nodes().len().saturating_sub(graph.node.len());
    let mut spent = Spent {
        limits,
        numbers: 0,
        work: 0,
    };
    for id in 0..model.nodes().len() {
        let node = id.checked_sub(first).and_then(|i| graph.node.get(i));
        settle_one(model, id, node, &mut spent)?;
    }
    Ok(())
}

struct Spent<'a> {
    limits: &'a Limits,
    numbers: u64,
    work: u64,
}

fn settle_one(
    model: &mut InferenceModel,
    id: usize,
    node: Option<&NodeProto>,
    spent: &mut Spent<'_>,
) -> Result<(), String> {
    let op = node.map_or("input", |n| n.op_type.as_str());
    let (inputs, outputs) = model.node_facts(id).map_err(|e| said(&e))?;
    let inputs: TVec<InferenceFact> = inputs.into_iter().cloned().collect();
    let outputs: TVec<InferenceFact> = outputs.into_iter().cloned().collect();
    let ins: TVec<&InferenceFact> = inputs.iter().collect();
    let outs: TVec<&InferenceFact> = outputs.iter().collect();
    let wrong = |e: &TractError| format!("the operator {op} does not fit its inputs: {}", said(e));
    let told = model
        .node_mut(id)
        .op
        .infer_facts(ins.clone(), outs.clone(), TVec::new());
    let (told_in, told_out, _) = told.map_err(|e| wrong(&e))?;
    let read = shapes(&told_in, op, spent.limits)?;
    let given = shapes(&told_out, op, spent.limits)?;
    spent.add(node, &read, &given)?;
    let settled = model.node_mut(id).op.infer(ins, outs, TVec::new());
    let (_, settled, _) = settled.map_err(|e| wrong(&e))?;
    for (slot, (fact, before)) in settled.iter().zip(&outputs).enumerate() {
        let fact = before.unify(fact).map_err(|e| wrong(&e))?;
        model
            .set_outlet_fact(OutletId::new(id, slot), fact)
            .map_err(|e| said(&e))?;
    }
    Ok(())
}

fn shapes(facts: &[InferenceFact], op: &str, limits: &Limits) -> Result<Vec<Shape>, String> {
    facts.iter().map(|fact| known(fact, op, limits)).collect()
}

/// The shape of a tensor, which has few dimensions, and few numbers if they are whole: those may be shapes of others.
fn known(fact: &InferenceFact, op: &str, limits: &Limits) -> Result<Shape, String> {
    let shape = fact.shape.as_concrete_finite().ok().flatten();
    let shape = shape.ok_or_else(|| {
        format!(
            "the shape of what the operator {op} reads or gives hangs on more than the input's; export the network for a {} of a fixed length",
            limits.one
        )
    })?;
    let most = match fact.datum_type.concretize() {
        Some(DatumType::F32 | DatumType::F64 | DatumType::Bool) => u64::MAX,
        Some(DatumType::I8 | DatumType::U8) => limits.bytes,
        _ => limits.whole,
    };
    if shape.len() > MOST_DIMS || volume(&shape) > most {
        return Err(format!(
            "the operator {op} reads or gives more than {MOST_DIMS} dimensions or {most} whole numbers"
        ));
    }
    Ok(shape)
}

fn volume(shape: &[usize]) -> u64 {
    let size = |n: u64, &d: &usize| n.saturating_mul(d as u64);
    shape.iter().fold(1, size)
}

impl Spent<'_> {
    fn add(
        &mut self,
        node: Option<&NodeProto>,
        read: &[Shape],
        given: &[Shape],
    ) -> Result<(), String> {
        let out = given.iter().map(|s| volume(s)).fold(0, u64::saturating_add);
        self.numbers = self.numbers.saturating_add(out);
        let Some(node) = node else {
            return self.check();
        };
        let taps = match (node.op_type.as_str(), read) {
            ("Conv", [input, kernel, ..]) => conv_taps(node, input, kernel)?,
            ("MatMul", [left, ..]) => left.last().map_or(1, |&n| n as u64),
            ("Gemm", [left, ..]) => left.iter().max().map_or(1, |&n| n as u64),
            ("AveragePool" | "MaxPool", _) => {
                let kernel = node.attribute.iter().find(|a| a.name == "kernel_shape");
                let taps = |n: u64, &k: &i64| n.saturating_mul(k.unsigned_abs());
                kernel.map_or(1, |k| k.ints.iter().fold(1, taps))
            }
            _ => 1,
        };
        let steps = match given {
            [shape, ..] if node.op_type == "Conv" => volume(shape.get(2..).unwrap_or(&[])),
            _ => 0,
        };
        if steps.saturating_mul(taps) > MOST_UNFOLDED {
            return Err(format!(
                "the operator Conv reads {taps} numbers for each of {steps} steps"
            ));
        }
        self.work = self.work.saturating_add(out.saturating_mul(taps));
        self.check()
    }

    fn check(&self) -> Result<(), String> {
        let limits = self.limits;
        if self.numbers > limits.numbers || self.work > limits.work {
            return Err(format!(
                "for one {} it computes {} numbers in {} multiplications, where {} and {} are the most",
                limits.one, self.numbers, self.work, limits.numbers, limits.work
            ));
        }
        Ok(())
    }
}

/// The numbers that one output of a convolution reads, whose parts have to fit each other.
fn conv_taps(node: &NodeProto, input: &[usize], kernel: &[usize]) -> Result<u64, String> {
    let ints = |name: &str| node.attribute.iter().find(|a| a.name == name);
    let group = ints("group").map_or(1, |a| a.i.unsigned_abs() as usize);
    let (Some(&channels), [outputs, inputs, taps @ ..]) = (input.get(1), kernel) else {
        return Err("the operator Conv reads no steps of channels".to_owned());
    };
    let space = taps.len();
    let long = |name: &str, times: usize| ints(name).is_none_or(|a| a.ints.len() == space * times);
    let fits = input.len() == kernel.len()
        && inputs.checked_mul(group) == Some(channels)
        && outputs.is_multiple_of(group.max(1))
        && ints("kernel_shape")
            .is_none_or(|a| a.ints.iter().map(|&n| n as usize).eq(taps.iter().copied()))
        && long("strides", 1)
        && long("dilations", 1)
        && (long("pads", 2) || ints("pads").is_some_and(|a| a.ints.is_empty()));
    if fits {
        Ok(volume(kernel.get(1..).unwrap_or(&[])))
    } else {
        Err(format!(
            "the operator Conv of shape {kernel:?} in {group} groups does not fit its input of shape {input:?}"
        ))
    }
}
