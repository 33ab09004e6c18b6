//! Whether to walk the graph or to look at every allowed row.

/// A way to find the nearest rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Every allowed row is compared: exact.
    Scan,
    /// The graph is walked: approximate.
    Graph,
}

/// What a place in the pool of a walk costs, in rows of a scan. Measured on a million rows of 48
/// numbers: a walk of `ef` 128 takes 104 to 111 us and a scanned row 2.5 to 4 ns, which makes 200 to 350.
/// The lower end, because a scan is exact.
const WALK_COST: f64 = 192.0;

/// The same where rows have bounds. On 840,000 real rows of 48 numbers (Xeon, AVX-512 and AVX2; by a throw-away
/// program) a walk of 128 places took 104 to 126 us, and a row of a scan of a tenth of them 1.4 to 3.3 ns.
const BOUNDED_WALK_COST: f64 = 400.0;

/// For each row that is needed, the places in the pool of a walk with a filter. With 1.1 a tenth of tight
/// clusters was searched at a recall of 0.949; the tests ask for 0.97.
const RESERVE: f64 = 2.0;

/// The places in the pool of a walk, which holds allowed rows alone.
///
/// A walk meets allowed rows only as often as they occur, so with a pool as large as without a filter it would have
/// to go on `rows / allowed` times as long. What a pool of `ef` is for, though, is that the walk does not end
/// too early, and all rows that it meets serve that. So the pool has the share of `ef` that are allowed rows, and
/// room for those that are needed.
pub(super) fn pool(rows: usize, allowed: usize, ef: usize, needed: usize) -> usize {
    let ef = ef.max(needed);
    let share = allowed as f64 / rows.max(1) as f64;
    let places = share * ef as f64 + RESERVE * needed as f64;
    ef.min(places.ceil() as usize)
}

/// Picks the cheaper way.
///
/// A scan costs one unit an allowed row. A walk costs [`WALK_COST`] for each place of its pool, and goes on
/// `rows / allowed` times as long to fill it; of rows with bounds more are scanned in that time. Where the two cost the same, the scan is taken, because it is exact: so narrow filters never cost
/// recall.
pub(super) fn choose(rows: usize, allowed: usize, pool: usize, bounded: bool) -> Plan {
    let share = allowed as f64 / rows.max(allowed).max(1) as f64;
    let place = if bounded {
        BOUNDED_WALK_COST
    } else {
        WALK_COST
    };
    if allowed <= pool || allowed as f64 * share <= place * pool as f64 {
        Plan::Scan
    } else {
        Plan::Graph
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(rows: usize, allowed: usize, ef: usize) -> Plan {
        choose(rows, allowed, pool(rows, allowed, ef, ef.min(20)), false)
    }

    #[test]
    fn rows_with_bounds_are_scanned_more_often() {
        for (allowed, with, without) in [
            (12_000, Plan::Scan, Plan::Scan),
            (40_000, Plan::Scan, Plan::Graph),
            (60_000, Plan::Graph, Plan::Graph),
        ] {
            assert_eq!(choose(allowed, allowed, 128, true), with);
            assert_eq!(choose(allowed, allowed, 128, false), without);
        }
    }

    #[test]
    fn few_rows_are_scanned_and_many_are_walked() {
        assert_eq!(plan(0, 0, 64), Plan::Scan);
        assert_eq!(plan(1000, 1000, 64), Plan::Scan);
        assert_eq!(plan(1_000_000, 1_000_000, 64), Plan::Graph);
        assert_eq!(plan(1_000_000, 10_000, 64), Plan::Scan);
        assert_eq!(plan(1_000_000, 500_000, 64), Plan::Graph);
        assert_eq!(plan(100, 100, usize::MAX), Plan::Scan);
    }

    #[test]
    fn a_pool_has_its_share_of_ef_and_what_is_needed() {
        assert_eq!(pool(1000, 1000, 64, 10), 64);
        assert_eq!(pool(1000, 1000, 64, 100), 100);
        assert_eq!(pool(1000, 500, 96, 10), 68);
        assert_eq!(pool(1000, 100, 96, 20), 50);
        assert_eq!(pool(1000, 100, 96, 90), 96);
        assert_eq!(pool(0, 0, usize::MAX, usize::MAX), usize::MAX);
    }

    proptest! {
        /// A narrower filter or a wider pool can only turn a walk into a scan.
        #[test]
        fn the_choice_is_monotone(
            rows in 1usize..10_000_000, allowed in 0usize..10_000_000, ef in 1usize..5000
        ) {
            let allowed = allowed.min(rows);
            if plan(rows, allowed, ef) == Plan::Scan {
                prop_assert_eq!(plan(rows, allowed / 2, ef), Plan::Scan);
                prop_assert_eq!(plan(rows, allowed, 2 * ef), Plan::Scan);
            }
        }
    }
}
