//! Which columns of a table stand on a terminal that is too narrow for all of them.

/// What is left out first, by the keys of columns: what the rest of the row or another command tells
/// as well. Columns that are not named here stay.
const LEFT_OUT: [&str; 52] = [
    "venue",
    "start",
    "market",
    "created",
    "weights_hash",
    "flat_windows",
    "dead_rows",
    "fresh_rows",
    "headline_rows",
    "segments",
    "hop",
    "calendar",
    "precision",
    "source",
    "first",
    "windows",
    "mahalanobis",
    "mahalanobis_p",
    "largest_z",
    "largest_z_p",
    "distance",
    "distance_p",
    "volatility",
    "effective_n",
    "q05",
    "q95",
    "closed",
    "worst",
    "best",
    "q25",
    "q75",
    "n_a",
    "n_b",
    "raw",
    "volume",
    "open",
    "high",
    "low",
    "symbols",
    "interval",
    "similarity",
    "chart",
    "outcome",
    "rank",
    "move_percent",
    "size",
    "hit_rate",
    "p_value",
    "score",
    "move_sd",
    "size_p",
    "n",
];
/// Columns that mislead without one another: gains without losses, a mean without its spread and its
/// number. Where one is left out, all of them are.
const TOGETHER: [&[&str]; 5] = [
    &["best", "worst"],
    &["q05", "q95"],
    &["q25", "q75"],
    &["mean", "standard_error", "n"],
    &["mahalanobis", "mahalanobis_p"],
];
/// Columns whose texts may go over several lines, and the least width at which that can be read.
const PROSE: [&str; 5] = ["text", "symbols", "found", "advice", "of"];
const READABLE: usize = 16;
/// A blank at each side of a cell.
const PADDING: usize = 2;

/// A column as wide as its widest cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wide<'a> {
    pub(crate) key: &'a str,
    pub(crate) width: usize,
}

/// Whether a column may be broken into lines.
pub(crate) fn is_prose(key: &str) -> bool {
    PROSE.contains(&key)
}

/// The places of the columns that stand in `room`, in order, at least one; and whether they fit.
pub(crate) fn standing(columns: &[Wide<'_>], room: usize) -> (Vec<usize>, bool) {
    let need = |kept: &[usize]| -> usize {
        let kept = kept.iter().filter_map(|&i| columns.get(i));
        let least = |c: &Wide<'_>| match is_prose(c.key) {
            true => c.width.min(READABLE),
            false => c.width,
        };
        kept.map(|c| least(c) + PADDING).sum()
    };
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    for key in LEFT_OUT {
        if need(&kept) <= room {
            break;
        }
        let one = [key];
        let group = TOGETHER.iter().find(|group| group.contains(&key));
        let group = group.map_or(&one[..], |group| group);
        let others = |i: &usize| columns.get(*i).is_some_and(|c| !group.contains(&c.key));
        if kept.iter().any(others) {
            kept.retain(others);
        }
    }
    let fits = need(&kept) <= room;
    (kept, fits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;

    const HITS: [Wide<'_>; 11] = [
        wide("rank", 4),
        wide("score", 6),
        wide("market", 6),
        wide("venue", 7),
        wide("symbol", 7),
        wide("interval", 8),
        wide("start", 20),
        wide("end", 20),
        wide("move_percent", 6),
        wide("move_sd", 5),
        wide("chart", 22),
    ];

    const fn wide(key: &str, width: usize) -> Wide<'_> {
        Wide { key, width }
    }

    fn kept(columns: &[Wide<'_>], room: usize) -> Vec<String> {
        let kept = standing(columns, room).0.into_iter();
        kept.map(|i| columns[i].key.to_owned()).collect()
    }

    #[test]
    fn what_others_tell_goes_first() {
        assert_eq!(kept(&HITS, 200).len(), 11);
        let wanted = [
            "rank",
            "score",
            "market",
            "symbol",
            "interval",
            "end",
            "move_percent",
            "move_sd",
            "chart",
        ];
        assert_eq!(kept(&HITS, 105), wanted);
        let narrow = ["rank", "score", "symbol", "end", "move_percent", "move_sd"];
        assert_eq!(kept(&HITS, 60), narrow);
        assert_eq!(kept(&HITS, 40), ["symbol", "end", "move_sd"]);
        assert_eq!(kept(&HITS, 38), ["symbol", "end", "move_sd"]);
        assert_eq!(kept(&HITS, 1), ["symbol", "end"]);
        assert_eq!([40, 1].map(|room| standing(&HITS, room).1), [true, false]);
    }

    /// A summary on a narrow terminal has no gains without losses and no mean without its spread.
    #[test]
    fn columns_that_mislead_alone_go_together() {
        let keys = [
            "horizon",
            "of",
            "n",
            "effective_n",
            "mean",
            "standard_error",
            "q50",
            "q05",
            "q25",
            "q75",
            "q95",
            "hit_rate",
            "best",
            "worst",
            "volatility",
            "p_value",
        ];
        let columns: Vec<Wide<'_>> = keys.iter().map(|key| wide(key, 8)).collect();
        for room in 1..200 {
            let kept = kept(&columns, room);
            let has = |key: &str| kept.iter().any(|k| k == key);
            assert_eq!(has("best"), has("worst"), "{room}: {kept:?}");
            assert_eq!(has("q05"), has("q95"), "{room}: {kept:?}");
            assert_eq!(has("mean"), has("standard_error"), "{room}: {kept:?}");
            assert_eq!(has("mean"), has("n"), "{room}: {kept:?}");
        }
    }

    #[test]
    fn prose_needs_no_more_than_can_be_read() {
        let news = [wide("time", 20), wide("source", 10), wide("text", 300)];
        assert_eq!(kept(&news, 60).len(), 3);
        assert_eq!(kept(&news, 50), ["time", "text"]);
        assert_eq!(kept(&[wide("rank", 10)], 4), ["rank"]);
    }
}
