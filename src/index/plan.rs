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

/// Picks the cheaper way.
///
/// A scan costs one unit an allowed row. A walk meets allowed rows only as often as they occur,
/// so to fill its pool of `ef` it must keep walking for `ef / selectivity` places. Where the two
/// cost the same, the scan is taken, because it is exact: so narrow filters never cost recall.
pub fn choose(rows: usize, allowed: usize, ef: usize) -> Plan {
    if allowed <= ef {
        return Plan::Scan;
    }
    let selectivity = allowed as f64 / rows.max(allowed) as f64;
    let walk = WALK_COST * ef as f64 / selectivity;
    if allowed as f64 <= walk {
        Plan::Scan
    } else {
        Plan::Graph
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_rows_are_scanned_and_many_are_walked() {
        assert_eq!(choose(0, 0, 64), Plan::Scan);
        assert_eq!(choose(1000, 1000, 64), Plan::Scan);
        assert_eq!(choose(1_000_000, 1_000_000, 64), Plan::Graph);
        assert_eq!(choose(1_000_000, 10_000, 64), Plan::Scan);
        assert_eq!(choose(1_000_000, 500_000, 64), Plan::Graph);
        assert_eq!(choose(100, 100, usize::MAX), Plan::Scan);
    }

    proptest! {
        /// A narrower filter or a wider pool can only turn a walk into a scan.
        #[test]
        fn the_choice_is_monotone(
            rows in 1usize..10_000_000, allowed in 0usize..10_000_000, ef in 1usize..5000
        ) {
            let allowed = allowed.min(rows);
            if choose(rows, allowed, ef) == Plan::Scan {
                prop_assert_eq!(choose(rows, allowed / 2, ef), Plan::Scan);
                prop_assert_eq!(choose(rows, allowed, 2 * ef), Plan::Scan);
            }
        }
    }
}
