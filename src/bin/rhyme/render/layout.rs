/// Columns that `line` takes on a terminal: its characters without ANSI escape sequences. Every
/// other character counts as one column.
pub(crate) fn visible_width(line: &str) -> usize {
    let mut width = 0;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            width += 1;
        } else if rest.next() == Some('[') {
            // A control sequence ends with a byte of 0x40 to 0x7e.
            rest.by_ref().find(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
    }
    width
}

/// Two pictures beside one another, with `gap` columns between the widest line of the left one
/// and the right one. The result has as many lines as the taller picture.
pub(crate) fn beside(left: &[String], right: &[String], gap: usize) -> Vec<String> {
    let left_width = left.iter().map(|line| visible_width(line)).max();
    let column = left_width.map_or(0, |width| width + gap);
    let lines = (0..left.len().max(right.len())).map(|i| {
        let mut line = left.get(i).cloned().unwrap_or_default();
        if let Some(other) = right.get(i).filter(|other| !other.is_empty()) {
            line.extend(std::iter::repeat_n(' ', column - visible_width(&line)));
            line.push_str(other);
        }
        line
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn escape_sequences_take_no_room() {
        assert_eq!(visible_width(""), 0);
        assert_eq!(visible_width("\u{1b}[1;32m┃│\u{1b}[0m 12"), 5);
        assert_eq!(visible_width("cut off \u{1b}["), 8);
    }

    #[test]
    fn pictures_of_any_height_line_up() {
        let left = picture(&["\u{1b}[31m█\u{1b}[0m", "abc"]);
        let right = picture(&["1", "2", "", "4"]);
        let expected = picture(&["\u{1b}[31m█\u{1b}[0m    1", "abc  2", "", "     4"]);
        assert_eq!(beside(&left, &right, 2), expected);
        assert_eq!(beside(&[], &right, 2), right);
        assert_eq!(beside(&left, &[], 2), left);
    }
}
