//! What a network makes of the rows of a batch, and its sizes.

use burn_tensor::Tensor;

/// One side of a batch: row `i` of the left side belongs to row `i` of the right one.
pub struct Side {
    /// Embeddings at unit length (rows, D).
    pub embeddings: Tensor<2>,
    /// What the layers made of each step (rows, steps, width), where the objective asks for it.
    pub steps: Option<Tensor<3>>,
}

/// The sizes of a network that a head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Steps of a window.
    pub steps: usize,
    /// Numbers of a step.
    pub inputs: usize,
    /// Steps that the layers give, the last ones if fewer.
    pub given: usize,
    /// Numbers of those.
    pub width: usize,
    /// Numbers of an embedding.
    pub dim: usize,
}
