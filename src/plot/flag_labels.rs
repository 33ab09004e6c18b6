//! Where the labels of flags stand: above the price, inside its frame, in as many lines as they need.

use super::frame::SMALL;
use super::text;
use super::tracks::Flag;

const LINE: f64 = 14.0;
/// Labels that find no room in so many lines are left out.
const MOST_LINES: usize = 4;

/// Where the label of each flag stands: its middle and how far above the price; `None` where it has none
/// or no room. The first flags come first. `span` says from where to where a flag goes.
pub(super) fn places(
    flags: &[Flag],
    (left, right): (f64, f64),
    span: impl Fn(&Flag) -> (f64, f64),
) -> Vec<Option<(f64, f64)>> {
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    let place = |flag: &Flag| {
        if flag.label.is_empty() {
            return None;
        }
        let half = text::width(&flag.label, SMALL, true) / 2.0 + 3.0;
        let (a, b) = span(flag);
        let middle = f64::midpoint(a, b).max(left + half).min(right - half);
        if middle - half < left {
            return None;
        }
        let own = (middle - half, middle + half);
        let free = |line: &Vec<(f64, f64)>| line.iter().all(|(a, b)| own.1 <= *a || own.0 >= *b);
        let line = lines.iter().position(free).unwrap_or(lines.len());
        if line >= MOST_LINES {
            return None;
        }
        match lines.get_mut(line) {
            Some(taken) => taken.push(own),
            None => lines.push(vec![own]),
        }
        Some((middle, 4.0 + LINE * line as f64))
    };
    flags.iter().map(place).collect()
}

/// How high the lines are.
pub(super) fn room(places: &[Option<(f64, f64)>]) -> f64 {
    let highest = places.iter().flatten().map(|(_, above)| *above);
    highest.fold(0.0, |most, above| f64::max(most, above + LINE - 4.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn labels_stand_inside_and_apart() {
        let flag = |at: i64| Flag {
            first: Timestamp::from_millis(at),
            last: Timestamp::from_millis(at),
            label: "price falls, news bullish".to_owned(),
            hint: String::new(),
        };
        let flags: Vec<Flag> = [100, 101, 180, 899, 105, 103, 102, 400].map(flag).to_vec();
        let at = |f: &Flag| (f.first.millis() as f64, f.last.millis() as f64);
        let found = places(&flags, (100.0, 900.0), at);
        let half = text::width(&flags[0].label, SMALL, true) / 2.0;
        let boxes: Vec<(f64, f64)> = found.iter().flatten().copied().collect();
        assert_eq!(boxes.len(), 6, "two find no room: {found:?}");
        for (i, (x, above)) in boxes.iter().enumerate() {
            assert!(x - half >= 100.0 && x + half <= 900.0, "{x}");
            let apart = |(a, b): &(f64, f64)| b != above || (a - x).abs() > 2.0 * half;
            assert!(boxes[i + 1..].iter().all(apart), "{boxes:?}");
        }
        assert!((room(&found) - 4.0 * LINE).abs() < 1e-9);
        assert!(room(&[None]).abs() < 1e-9);
    }
}
