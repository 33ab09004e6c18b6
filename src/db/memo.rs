//! What was worked out about a snapshot, kept for the next question.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;

/// Values that are kept before all of them are dropped: it bounds what a database costs that is
/// asked a different question each time.
const MOST: usize = 1024;

/// Values that follow from a snapshot and from a key alone, whoever asks for them. A value that
/// depends on the time of a view has that time in its key, or holds only what does not.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    kept: Mutex<HashMap<(TypeId, Vec<u64>), Value>>,
}

/// Of the type that its key names.
type Value = Arc<dyn Any + Send + Sync>;

impl Memo {
    /// The value of that type and key, made if it is not there.
    pub(crate) fn get<T: Any + Send + Sync>(
        &self,
        key: Vec<u64>,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let key = (TypeId::of::<T>(), key);
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).cloned();
        if let Some(Ok(known)) = known.map(Arc::downcast) {
            return Ok(known);
        }
        // Without the lock, since making one may need others. Two threads may make the same one.
        let made = Arc::new(make()?);
        let mut kept = lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&made) as Value);
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::error::Error;

    #[test]
    fn values_are_made_once_a_key_and_type() {
        let memo = Memo::default();
        assert_eq!(*memo.get(vec![1], || Ok(5u32)).unwrap(), 5);
        assert_eq!(*memo.get(vec![1], || Ok(6u32)).unwrap(), 5);
        assert_eq!(*memo.get(vec![2], || Ok(7u32)).unwrap(), 7);
        assert_eq!(*memo.get(vec![1], || Ok(8u64)).unwrap(), 8);
        assert!(
            memo.get(vec![3], || Err::<u32, _>(Error::invalid("no")))
                .is_err()
        );
        assert_eq!(*memo.get(vec![3], || Ok(9u32)).unwrap(), 9);
        for i in 0..2 * MOST as u64 {
            memo.get(vec![10, i], || Ok(i)).unwrap();
        }
        assert!(memo.kept.lock().unwrap().len() <= MOST);
    }
}
