//! The service that the environment names.

use std::sync::OnceLock;

use super::client::HttpEmbeddings;
use crate::error::{Error, Result};
use crate::model::{TextModel, TextService};

/// The service whose base URL stands in `RHYME_EMBEDDINGS_URL`, looked up when it is first asked. The address is not
/// taken from a database: who made that could have a key sent to wherever they like.
#[derive(Debug, Default)]
pub struct EmbeddingsOfEnv(OnceLock<Result<HttpEmbeddings>>);

impl EmbeddingsOfEnv {
    /// The name of the environment's variable that holds the base URL.
    pub const URL_VARIABLE: &'static str = "RHYME_EMBEDDINGS_URL";

    /// A service that nobody has asked yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl TextService for EmbeddingsOfEnv {
    fn vectors(&self, model: &TextModel, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let made = self.0.get_or_init(|| {
            let url = std::env::var(Self::URL_VARIABLE).unwrap_or_default();
            if url.is_empty() {
                return Err(Error::invalid(format!(
                    "expected the base URL of the service that runs the model {} in {}, found none; set it, like {}=https://api.openai.com/v1, and {} to the key of the service",
                    model.name,
                    Self::URL_VARIABLE,
                    Self::URL_VARIABLE,
                    HttpEmbeddings::KEY_VARIABLE
                )));
            }
            HttpEmbeddings::builder(url).build()
        });
        made.as_ref().map_err(Clone::clone)?.vectors(model, texts)
    }
}
