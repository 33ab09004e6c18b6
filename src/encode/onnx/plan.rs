//! A network as the library `tract` runs it. All calls into that library stand here and in `shapes`, which is called
//! from here: it trusts some of what a file says, and where that makes it panic, the file is refused.

use std::sync::Arc;

use prost::Message;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{
    DatumExt, Framework, InferenceFact, InferenceModelExt, IntoRunnable, Tensor, TractError,
    TypedRunnableModel, TypedSimpleState, tvec,
};

use super::shapes::said;
use super::{OnnxConfig, broken, graph, shapes};
use crate::error::{Result, shortened, unpanicked};

/// A network that is ready to run, for one window at a time.
#[derive(Debug)]
pub(super) struct Plan {
    runnable: Arc<TypedRunnableModel>,
    /// Batch, channels, bars.
    shape: [usize; 3],
}

/// Calls into the library.
fn caught<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    unpanicked("its parts contradict each other", call)
}

impl Plan {
    /// Reads a file that declares what `config` says.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) that says what does not fit.
    pub(super) fn new(file: &[u8], config: &OnnxConfig) -> Result<Self> {
        let model = ModelProto::decode(file).map_err(|e| broken(&shortened(&e.to_string())))?;
        graph::check(&model, config).map_err(|found| broken(&found))?;
        let shape = [1, config.channels.len(), config.window as usize];
        let runnable = caught(|| Self::prepare(&model, shape, config.dim as usize));
        Ok(Self {
            runnable: runnable.map_err(|found| broken(&found))?,
            shape,
        })
    }

    fn prepare(
        model: &ModelProto,
        shape: [usize; 3],
        dim: usize,
    ) -> Result<Arc<TypedRunnableModel>, String> {
        let tract = |e: TractError| said(&e);
        let library = tract_onnx::onnx().with_ignore_value_info(true);
        let mut network = library.model_for_proto_model(model).map_err(tract)?;
        let input: InferenceFact = f32::fact(shape).into();
        network.set_input_fact(0, input).map_err(tract)?;
        let graph = model.graph.as_ref().ok_or("it has no graph")?;
        shapes::settle(&mut network, graph, &shapes::OF_BARS)?;
        let outlet = network.output_outlets().map_err(tract)?.first().copied();
        let outlet = outlet.ok_or("it has no output")?;
        let fact = network.outlet_fact(outlet).map_err(tract)?;
        let given = fact.shape.as_concrete_finite().map_err(tract)?;
        if given.as_deref() != Some([1, dim].as_slice()) {
            return Err(format!(
                "its output has the shape {:?} for one window, where (1, {dim}) is declared: batch and dim",
                given.unwrap_or_default()
            ));
        }
        let typed = network.into_optimized().map_err(tract)?;
        typed.into_runnable().map_err(tract)
    }

    /// A run of windows, one after the other.
    pub(super) fn session(&self) -> Result<Session, String> {
        let state = caught(|| self.runnable.spawn().map_err(|e| said(&e)))?;
        Ok(Session {
            state,
            shape: self.shape,
        })
    }
}

/// Buffers for windows that run one after the other. It is dropped after an error.
pub(super) struct Session {
    state: TypedSimpleState,
    shape: [usize; 3],
}

impl Session {
    /// What the network gives for one window, whose numbers stand channel by channel.
    pub(super) fn run(&mut self, window: &[f32]) -> Result<Vec<f32>, String> {
        caught(|| {
            let input = Tensor::from_shape(&self.shape, window).map_err(|e| said(&e))?;
            let given = self.state.run(tvec!(input.into())).map_err(|e| said(&e))?;
            let given = given.first().ok_or("it gave nothing")?;
            let numbers = given.to_plain_array_view::<f32>().map_err(|e| said(&e))?;
            Ok(numbers.iter().copied().collect())
        })
    }
}

/// A network over tokens that is ready to run, for one text of a fixed number of tokens at a time.
#[derive(Clone, Debug)]
pub(super) struct TextPlan {
    runnable: Arc<TypedRunnableModel>,
    tokens: usize,
}

impl TextPlan {
    /// Makes a plan of a graph that was checked, with so many inputs of `tokens` tokens. Of its outputs the one of the
    /// shape `given` is taken.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn new(
        model: ModelProto,
        inputs: usize,
        tokens: usize,
        given: &[usize],
    ) -> Result<Self, String> {
        let runnable = caught(|| Self::prepare(model, inputs, tokens, given))?;
        Ok(Self { runnable, tokens })
    }

    fn prepare(
        mut model: ModelProto,
        inputs: usize,
        tokens: usize,
        given: &[usize],
    ) -> Result<Arc<TypedRunnableModel>, String> {
        let tract = |e: TractError| said(&e);
        // A tokenizer, which nobody needs here.
        model.metadata_props.clear();
        let library = tract_onnx::onnx().with_ignore_value_info(true);
        let mut network = library.model_for_proto_model(&model).map_err(tract)?;
        for input in 0..inputs {
            let fact: InferenceFact = i64::fact([1, tokens]).into();
            network.set_input_fact(input, fact).map_err(tract)?;
        }
        let graph = model.graph.take().ok_or("it has no graph")?;
        shapes::settle(&mut network, &graph, &shapes::OF_TEXTS)?;
        drop((graph, model));
        let mut fits = Vec::new();
        let mut found = Vec::new();
        for outlet in network.output_outlets().map_err(tract)?.to_vec() {
            let fact = network.outlet_fact(outlet).map_err(tract)?;
            let shape = fact.shape.as_concrete_finite().map_err(tract)?;
            if shape.as_deref() == Some(given) {
                fits.push(outlet);
            }
            found.push(format!("{:?}", shape.unwrap_or_default()));
        }
        if fits.len() != 1 {
            return Err(format!(
                "of its outputs, of the shapes {} for one text of {tokens} tokens, {} have the shape {given:?} that its declaration asks for: (batch, tokens, dim) for the pooling mean and cls, (batch, dim) for none; correct `dim` and `pooling`, or export it with one output",
                found.join(", "),
                fits.len()
            ));
        }
        network.select_output_outlets(&fits).map_err(tract)?;
        let typed = network.into_optimized().map_err(tract)?;
        typed.into_runnable().map_err(tract)
    }

    /// A run of texts, one after the other.
    pub(super) fn session(&self) -> Result<TextSession, String> {
        let state = caught(|| self.runnable.spawn().map_err(|e| said(&e)))?;
        Ok(TextSession {
            state,
            tokens: self.tokens,
        })
    }
}

/// Buffers for texts that run one after the other. It is dropped after an error.
pub(super) struct TextSession {
    state: TypedSimpleState,
    tokens: usize,
}

impl TextSession {
    /// What the network gives for one text, of each of whose inputs there are as many numbers as tokens.
    pub(super) fn run(&mut self, inputs: Vec<Vec<i64>>) -> Result<Vec<f32>, String> {
        caught(|| {
            let shape = [1, self.tokens];
            let tensor = |numbers: Vec<i64>| Tensor::from_shape(&shape, &numbers);
            let inputs = inputs.into_iter().map(|n| tensor(n).map(Into::into));
            let inputs = inputs
                .collect::<Result<_, _>>()
                .map_err(|e: TractError| said(&e))?;
            let given = self.state.run(inputs).map_err(|e| said(&e))?;
            let given = given.first().ok_or("it gave nothing")?;
            let numbers = given.to_plain_array_view::<f32>().map_err(|e| said(&e))?;
            Ok(numbers.iter().copied().collect())
        })
    }
}
