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

/// How many times as many allowed rows as are needed a walk should find, if they are spread like the rest.
const RESERVE: f64 = 1.1;

/// How wide a walk is of which at least `needed` rows are to be allowed ones.
///
/// A walk that keeps rows of all kinds meets allowed ones as often as they occur. So it is as wide as
/// without a filter, and wider by as much as holds the rows that are needed.
pub(super) fn width(rows: usize, allowed: usize, ef: usize, needed: usize) -> usize {
    let ef = ef.max(needed);
    if allowed >= rows {
        return ef;
    }
    let a_needed_one = RESERVE * rows as f64 / allowed.max(1) as f64;
    ef.saturating_add((needed as f64 * a_needed_one).ceil() as usize)
}

/// Picks the cheaper way.
///
/// A scan costs one unit an allowed row. Where the two cost the same, the scan is taken, because it is
/// exact: so narrow filters never cost recall.
pub(super) fn choose(allowed: usize, width: usize) -> Plan {
    if allowed as f64 <= WALK_COST * width as f64 {
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
        choose(allowed, width(rows, allowed, ef, ef.min(20)))
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
    fn a_walk_is_as_wide_as_the_rows_that_are_needed() {
        assert_eq!(width(1000, 1000, 64, 10), 64);
        assert_eq!(width(1000, 1000, 64, 100), 100);
        assert_eq!(width(1000, 500, 96, 10), 118);
        assert_eq!(width(1000, 100, 96, 20), 316);
        assert_eq!(width(1000, 0, usize::MAX, usize::MAX), usize::MAX);
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
