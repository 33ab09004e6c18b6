//! What a network makes of the rows of a batch.

use burn_tensor::Tensor;

/// One side of a batch: row `i` of the left side belongs to row `i` of the right one.
pub struct Side {
    /// Embeddings at unit length (rows, D).
    pub embeddings: Tensor<2>,
    /// What the layers made of each step (rows, steps, width), where the objective asks for it.
    pub steps: Option<Tensor<3>>,
}
