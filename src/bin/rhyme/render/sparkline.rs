use super::Style;

const UNICODE: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ',', '-', '~', '=', '*', '#'];

/// A series of values as one line of at most `width` columns. Where there are more values than
/// columns, a column shows the last of its values, as the close of a longer bar would be. A flat
/// series is a line at half height; values that are no finite numbers are left out.
pub(crate) fn sparkline(values: &[f64], width: usize, style: Style) -> String {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let group = finite.len().div_ceil(width.max(1)).max(1);
    let last_of = |part: &[f64]| part.last().copied();
    let shown: Vec<f64> = finite.chunks(group).filter_map(last_of).collect();
    let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let high = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let glyphs = if style.unicode { UNICODE } else { ASCII };
    let glyph_of = |value: &f64| {
        let part = if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        };
        let level = (part * 7.0).round() as usize;
        glyphs.get(level).copied().unwrap_or(' ')
    };
    shown.iter().map(glyph_of).collect()
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
    fn odd_inputs_have_a_picture() {
        assert_eq!(sparkline(&[], 5, PLAIN), "");
        assert_eq!(sparkline(&[4.0, 4.0], 5, PLAIN), "▅▅");
        assert_eq!(sparkline(&[1.0, f64::NAN, 2.0], 5, PLAIN), "▁█");
        assert_eq!(sparkline(&[1.0, 2.0], 0, PLAIN), "▅");
    }
}
