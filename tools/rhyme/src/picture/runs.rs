//! Runs of labels, so few that a picture can show them.

use rhymedb::plot::Band;

/// The most runs of a picture.
pub(super) const MOST_RUNS: usize = 60;

/// Bands and the windows of each.
pub(super) type Runs = Vec<(Band, u64)>;

/// At most so many runs: the shortest goes to the longer one of its neighbours, again and again. Returns
/// how many windows have another label then.
pub(super) fn fewer(runs: &mut Runs, most: usize) -> u64 {
    let mut changed = 0;
    while runs.len() > most.max(1) {
        let shortest = (0..runs.len()).min_by_key(|&i| length(runs, i));
        let Some(at) = shortest else { break };
        let before = at.checked_sub(1);
        let longer = before.filter(|&b| length(runs, b) >= length(runs, at + 1));
        let heir = longer.unwrap_or(if at + 1 < runs.len() { at + 1 } else { at - 1 });
        let label = runs.get(heir).and_then(|(band, _)| band.label);
        if let Some((band, windows)) = runs.get_mut(at) {
            band.label = label;
            changed += *windows;
        }
        join(runs, at);
        join(runs, at.saturating_sub(1));
    }
    changed
}

/// 0 where there is no run.
fn length(runs: &Runs, i: usize) -> u64 {
    runs.get(i).map_or(0, |(_, windows)| *windows)
}

/// Makes a run and the next one one, if they have one label.
fn join(runs: &mut Runs, at: usize) {
    let (Some((a, _)), Some(&(b, windows))) = (runs.get(at), runs.get(at + 1)) else {
        return;
    };
    if a.label != b.label {
        return;
    }
    if let Some((band, sum)) = runs.get_mut(at) {
        band.last = b.last;
        *sum += windows;
    }
    runs.remove(at + 1);
}

#[cfg(test)]
mod tests {
    use rhymedb::Timestamp;

    use super::*;

    fn runs(lengths: &[(usize, u64)]) -> Runs {
        let mut end = 0;
        let run = |&(label, windows): &(usize, u64)| {
            let first = end + 1;
            end += windows.cast_signed();
            let band = Band {
                first: Timestamp::from_millis(first),
                last: Timestamp::from_millis(end),
                label: Some(label),
            };
            (band, windows)
        };
        lengths.iter().map(run).collect()
    }

    #[test]
    fn the_shortest_go_to_the_longer_neighbour() {
        let mut found = runs(&[(0, 9), (1, 2), (0, 5), (2, 1), (1, 4)]);
        assert_eq!(fewer(&mut found, 5), 0);
        assert_eq!(fewer(&mut found, 3), 3);
        assert_eq!(found, runs(&[(0, 17), (1, 4)]), "two of one label are one");
        // The first and the last have one neighbour.
        let mut found = runs(&[(0, 1), (1, 5), (2, 7), (0, 1)]);
        assert_eq!(fewer(&mut found, 2), 2);
        assert_eq!(found, runs(&[(1, 6), (2, 8)]));
    }

    #[test]
    fn hundreds_become_tens_and_no_window_is_lost() {
        let lengths: Vec<(usize, u64)> =
            (0..900).map(|i| (i % 4, 1 + i as u64 * 37 % 101)).collect();
        let mut found = runs(&lengths);
        assert!(fewer(&mut found, MOST_RUNS) > 0);
        assert!(found.len() <= MOST_RUNS && found.len() > MOST_RUNS / 2);
        let sum = |runs: &Runs| runs.iter().map(|(_, windows)| windows).sum::<u64>();
        assert_eq!(sum(&found), sum(&runs(&lengths)));
        let whole = |pair: &[(Band, u64)]| {
            let [a, b] = pair else { return false };
            a.0.last.plus_millis(1) == b.0.first && a.0.label != b.0.label
        };
        assert!(found.windows(2).all(whole), "{found:?}");
    }
}
