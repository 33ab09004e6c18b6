use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::error::Result;

/// Does `work` on every item, one at a time or on at most two at once, and returns what came of each in the order of
/// the items. After an error no item is begun.
///
/// For segments, whose rows and graphs take memory for as long as they are built: inside, the work
/// uses all threads, so that more at once would take more memory and save no time. Two if their memory
/// allows it, because the parts of it that one thread does alone fall together with other work of the other.
pub(in crate::db) fn two_at_once<T: Sync, R: Send>(
    items: &[T],
    two: bool,
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    if !two {
        return items.iter().map(work).collect();
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let lane = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else {
                break;
            };
            let result = work(item).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            done.push((i, result));
        }
        Ok(done)
    };
    let (left, right): (Result<Vec<_>>, Result<Vec<_>>) = rayon::join(lane, lane);
    let mut done = left?;
    done.extend(right?);
    done.sort_unstable_by_key(|(i, _)| *i);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rayon::prelude::*;

    use super::*;
    use crate::error::Error;

    #[test]
    fn never_more_than_two_are_under_way() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..40).collect();
        let work = |&i: &usize| {
            let under_way = now.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(under_way, Ordering::SeqCst);
            // Work inside it, that other threads may take part in.
            let sum: u64 = (0..20_000_u64).into_par_iter().map(|x| x % 7).sum();
            now.fetch_sub(1, Ordering::SeqCst);
            Ok((i, sum))
        };
        let done = pool
            .unwrap()
            .install(|| two_at_once(&items, true, work))
            .unwrap();
        let order: Vec<usize> = done.iter().map(|(i, _)| *i).collect();
        assert_eq!(order, items);
        let most = most.into_inner();
        assert!((1..=2).contains(&most), "{most} at once");
    }

    #[test]
    fn one_at_a_time_goes_in_order() {
        let seen = AtomicUsize::new(0);
        let work = |&i: &usize| Ok((i, seen.fetch_add(1, Ordering::SeqCst)));
        let done = two_at_once(&[0, 1, 2], false, work).unwrap();
        assert_eq!(done, [(0, 0), (1, 1), (2, 2)]);
        let fail = |&i: &usize| {
            if i == 1 {
                Err(Error::Interrupted)
            } else {
                work(&i)
            }
        };
        assert!(two_at_once(&[0, 1, 2], false, fail).is_err());
        assert_eq!(seen.into_inner(), 4);
    }

    #[test]
    fn an_error_ends_the_work() {
        let items: Vec<usize> = (0..1000).collect();
        let begun = AtomicUsize::new(0);
        let work = |&i: &usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            if i < 3 {
                Ok(())
            } else {
                Err(Error::Interrupted)
            }
        };
        assert!(two_at_once(&items, true, work).is_err());
        assert!(begun.into_inner() <= 5);
    }
}
