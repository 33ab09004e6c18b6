//! What was worked out about a snapshot, kept for the next question and the next snapshot.
//!
//! Each value says up to which moment it looked. A commit that changes nothing up to that moment
//! leaves it as true as it was, so the snapshot after the commit goes on with it: a database that
//! follows a market works out little after each bar.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::place::Place;
use crate::error::Result;

/// Values that are kept before all of them are dropped: it bounds what a database costs that is
/// asked a different question each time.
const MOST: usize = 1024;
/// The same for the entries of one [`ByWindow`].
const MOST_WINDOWS: usize = 1 << 17;

/// Values that follow from a snapshot and from a key alone, whoever asks for them. A value that
/// depends on the time of a view has that time in its key, or holds only what does not.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    kept: Mutex<HashMap<(TypeId, Vec<u64>), Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    /// Of the type that its key names.
    value: Arc<dyn Any + Send + Sync>,
    /// What is left of it where all that is later than a moment may have changed.
    until: Until,
}

#[derive(Clone, Copy)]
enum Until {
    /// All of it if that moment is this one or a later one, and else nothing.
    Whole(i64),
    /// A part, that is cut out by this function.
    Part(fn(&(dyn Any + Send + Sync), i64) -> Arc<dyn Any + Send + Sync>),
}

impl std::fmt::Debug for Until {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(until) => write!(f, "until {until}"),
            Self::Part(_) => f.write_str("in part"),
        }
    }
}

impl Memo {
    /// The value of that type and key, made if it is not there: together with the last moment that
    /// it looked at, in milliseconds UTC, or `i64::MAX` if no commit leaves it as it is.
    pub(crate) fn get<T: Any + Send + Sync>(
        &self,
        key: Vec<u64>,
        make: impl FnOnce() -> Result<(T, i64)>,
    ) -> Result<Arc<T>> {
        self.get_or(key, || {
            let (value, until) = make()?;
            Ok((value, Until::Whole(until)))
        })
    }

    /// The table of values by window that has that key.
    pub(crate) fn by_window<T: Copy + Send + Sync + 'static>(
        &self,
        key: Vec<u64>,
    ) -> Result<Arc<ByWindow<T>>> {
        self.get_or(key, || {
            let part = Until::Part(|table, moment| match table.downcast_ref::<ByWindow<T>>() {
                Some(table) => Arc::new(table.until(moment)),
                None => Arc::new(ByWindow::<T>::default()),
            });
            Ok((ByWindow::default(), part))
        })
    }

    fn get_or<T: Any + Send + Sync>(
        &self,
        key: Vec<u64>,
        make: impl FnOnce() -> Result<(T, Until)>,
    ) -> Result<Arc<T>> {
        let key = (TypeId::of::<T>(), key);
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).map(|kept| Arc::clone(&kept.value));
        if let Some(Ok(known)) = known.map(Arc::downcast) {
            return Ok(known);
        }
        // Without the lock, since making one may need others. Two threads may make the same one.
        let (made, until) = make()?;
        let made = Arc::new(made);
        let mut kept = lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        let value = Arc::clone(&made) as Arc<dyn Any + Send + Sync>;
        kept.insert(key, Kept { value, until });
        Ok(made)
    }

    /// What is still so where nothing up to `moment` has changed.
    pub(super) fn until(&self, moment: i64) -> Self {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let still = kept.iter().filter_map(|(key, kept)| {
            let still = match kept.until {
                Until::Whole(until) => {
                    (until <= moment && until < i64::MAX).then(|| kept.clone())?
                }
                Until::Part(cut) => Kept {
                    value: cut(kept.value.as_ref(), moment),
                    until: kept.until,
                },
            };
            Some((key.clone(), still))
        });
        Self {
            kept: Mutex::new(still.collect()),
        }
    }
}

/// Values by window, each with the last moment that it looked at.
#[derive(Debug)]
pub(crate) struct ByWindow<T>(RwLock<HashMap<Place, (T, i64)>>);

impl<T> Default for ByWindow<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Copy> ByWindow<T> {
    /// The value of a window, made as those of [`Memo::get`] are.
    pub(crate) fn get(&self, place: Place, make: impl FnOnce() -> Result<(T, i64)>) -> Result<T> {
        let read = || self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = read().get(&place).map(|(value, _)| *value);
        if let Some(known) = known {
            return Ok(known);
        }
        let made = make()?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_WINDOWS {
            all.clear();
        }
        all.insert(place, made);
        Ok(made.0)
    }

    fn until(&self, moment: i64) -> Self {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let still = all
            .iter()
            .filter(|(_, (_, until))| *until <= moment && *until < i64::MAX);
        Self(RwLock::new(still.map(|(k, v)| (*k, *v)).collect()))
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
        assert_eq!(*memo.get(vec![1], || Ok((5u32, 0))).unwrap(), 5);
        assert_eq!(*memo.get(vec![1], || Ok((6u32, 0))).unwrap(), 5);
        assert_eq!(*memo.get(vec![2], || Ok((7u32, 0))).unwrap(), 7);
        assert_eq!(*memo.get(vec![1], || Ok((8u64, 0))).unwrap(), 8);
        let fails = memo.get(vec![3], || Err::<(u32, i64), _>(Error::invalid("no")));
        assert!(fails.is_err());
        assert_eq!(*memo.get(vec![3], || Ok((9u32, 0))).unwrap(), 9);
        for i in 0..2 * MOST as u64 {
            memo.get(vec![10, i], || Ok((i, 0))).unwrap();
        }
        assert!(memo.kept.lock().unwrap().len() <= MOST);
    }

    #[test]
    fn a_commit_leaves_what_it_did_not_touch() {
        let memo = Memo::default();
        for until in [5, 6, 7, i64::MAX] {
            memo.get(vec![until.cast_unsigned()], || Ok((until, until)))
                .unwrap();
        }
        let at = |end| Place { end, series: 1 };
        let windows = memo.by_window::<i64>(vec![1]).unwrap();
        for until in [5, 6, 7, i64::MAX] {
            assert_eq!(
                windows.get(at(until), || Ok((until, until))).unwrap(),
                until
            );
        }
        let later = memo.until(6);
        let again = |until: i64| {
            let made = later.get(vec![until.cast_unsigned()], || Ok((-1i64, 0)));
            *made.unwrap()
        };
        assert_eq!([5, 6, 7, i64::MAX].map(again), [5, 6, -1, -1]);
        let windows = later.by_window::<i64>(vec![1]).unwrap();
        let again = |until| windows.get(at(until), || Ok((-1, 0))).unwrap();
        assert_eq!([5, 6, 7, i64::MAX].map(again), [5, 6, -1, -1]);
        assert_eq!(memo.until(i64::MAX).kept.lock().unwrap().len(), 4);
        let nothing = memo.until(i64::MIN);
        assert_eq!(nothing.kept.lock().unwrap().len(), 1, "the empty table");
        // The snapshot before goes on with what it had.
        assert_eq!(*memo.get(vec![7], || Ok((-1i64, 0))).unwrap(), 7);
    }
}
