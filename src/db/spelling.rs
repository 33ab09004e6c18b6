use std::sync::Arc;

/// A name that was typed otherwise than it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spelling {
    /// As it was typed.
    pub typed: String,
    /// The stored name that it was taken for.
    pub stored: String,
}

/// Who hears of names that were typed otherwise.
pub(super) type Listener = Arc<dyn Fn(&Spelling) + Send + Sync>;
