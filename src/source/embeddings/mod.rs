//! Vectors of texts from a service with the interface of OpenAI's embeddings: `POST {base}/embeddings`.
//!
//! ```text
//! HttpEmbeddings ──> Attempts    retries, one rate limit for all clones
//!  batches of texts └──> Transport   one POST: deadline, size limit
//!                         answer      bytes not trusted -> vectors
//! ```
//!
//! Nothing that a server sends is believed: as many vectors as texts, each index once, one length, finite
//! numbers that are not all 0; anything else is an error. The key comes from the environment, is sent to the
//! address that the caller gave and nowhere else, and is taken out of what is shown.

mod answer;
mod client;
mod of_env;

pub use client::{HttpEmbeddings, HttpEmbeddingsBuilder};
pub use of_env::EmbeddingsOfEnv;
