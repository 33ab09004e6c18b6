use super::Style;

const UNICODE: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ',', '-', '~', '=', '*', '#'];

/// What stands between a window and what came afterwards: in ASCII, in Unicode.
pub(crate) const AFTERWARDS: [char; 2] = ['|', '│'];

/// A series of values as one line of at most `width` columns. Where there are more values than
/// columns, a column shows the last of its values, as the close of a longer bar would be. A flat
/// series is a line at half height; values that are no finite numbers are left out.
pub(crate) fn sparkline(values: &[f64], width: usize, style: Style) -> String {
    let group = group(values, width);
    let shown = shown(values, group);
    drawn(&shown, &shown, style)
}

/// As [`sparkline`], and behind a line what came `after`. The scale is that of the values, so that
/// their shape stays what it is; what leaves it later stands at its edge.
pub(crate) fn sparkline_and_after(
    values: &[f64],
    after: &[f64],
    width: usize,
    style: Style,
) -> String {
    let group = group(values, width);
    let (before, after) = (shown(values, group), shown(after, group));
    let mut text = drawn(&before, &before, style);
    if !after.is_empty() {
        let [ascii, unicode] = AFTERWARDS;
        text.push(if style.unicode { unicode } else { ascii });
        text.push_str(&drawn(&after, &before, style));
    }
    text
}

/// How many values stand in one column.
fn group(values: &[f64], width: usize) -> usize {
    let finite = values.iter().filter(|v| v.is_finite()).count();
    finite.div_ceil(width.max(1)).max(1)
}

/// The last of every `group` values.
fn shown(values: &[f64], group: usize) -> Vec<f64> {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let last_of = |part: &[f64]| part.last().copied();
    finite.chunks(group).filter_map(last_of).collect()
}

/// A column a value, on the scale of `of`.
fn drawn(values: &[f64], of: &[f64], style: Style) -> String {
    let low = of.iter().copied().fold(f64::INFINITY, f64::min);
    let high = of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let glyphs = if style.unicode { UNICODE } else { ASCII };
    let glyph_of = |value: &f64| {
        let part = match *value {
            above if above > high => 1.0,
            below if below < low => 0.0,
            within if high > low => (within - low) / (high - low),
            _ => 0.5,
        };
        let level = (part * 7.0).round() as usize;
        glyphs.get(level).copied().unwrap_or(' ')
    };
    values.iter().map(glyph_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        colour: false,
        unicode: true,
    };

    #[test]
    fn levels_run_from_the_lowest_to_the_highest() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1.0];
        assert_eq!(sparkline(&values, 20, PLAIN), "▁▂▃▄▅▆▇█▁");
        let ascii = Style {
            unicode: false,
            ..PLAIN
        };
        assert_eq!(sparkline(&values, 20, ascii), "_.,-~=*#_");
    }

    #[test]
    fn columns_hold_the_last_of_their_values() {
        let values = [9.0, 1.0, 5.0, 2.0, 0.0, 3.0, 8.0];
        assert_eq!(sparkline(&values, 4, PLAIN), "▁▂▃█");
    }

    #[test]
    fn what_came_afterwards_does_not_change_the_shape() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let after = [8.0, 1.0, 3.0];
        let drawn = |width| sparkline_and_after(&values, &after, width, PLAIN);
        assert_eq!(drawn(9), "▁▃▆█│█▁▆");
        assert_eq!(drawn(2), "▁█│▁▅");
        assert_eq!(sparkline_and_after(&values, &[], 9, PLAIN), "▁▃▆█");
        assert_eq!(
            sparkline_and_after(&[2.0], &[1.0, 2.0, 3.0], 9, PLAIN),
            "▅│▁▅█"
        );
        let ascii = Style {
            unicode: false,
            ..PLAIN
        };
        assert_eq!(sparkline_and_after(&values, &after, 9, ascii), "_,=#|#_=");
    }

    #[test]
    fn odd_inputs_have_a_picture() {
        assert_eq!(sparkline(&[], 5, PLAIN), "");
        assert_eq!(sparkline(&[4.0, 4.0], 5, PLAIN), "▅▅");
        assert_eq!(sparkline(&[1.0, f64::NAN, 2.0], 5, PLAIN), "▁█");
        assert_eq!(sparkline(&[1.0, 2.0], 0, PLAIN), "▅");
    }
}
