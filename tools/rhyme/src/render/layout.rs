use super::Style;

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

/// Text in lines of at most `width` columns, broken between words; a longer word has a line of its
/// own.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let mut filled = 0;
        for (j, word) in line.split(' ').enumerate() {
            let needed = visible_width(word);
            if j > 0 && filled + 1 + needed > width {
                // The blanks between two lines are the line break.
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                filled = 0;
            } else if j > 0 {
                out.push(' ');
                filled += 1;
            }
            out.push_str(word);
            filled += needed;
        }
    }
    out
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

/// Plain text in at most `width` columns; what does not fit is cut off behind a mark.
pub(crate) fn cut(text: &str, width: usize, style: Style) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mark = if style.unicode { "…" } else { "~" };
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(mark.chars()).collect()
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
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("one two three\nfour", 8), "one two\nthree\nfour");
        assert_eq!(
            wrapped("a window  \u{1b}[2m▂▄█\u{1b}[0m", 9),
            "a window\n\u{1b}[2m▂▄█\u{1b}[0m"
        );
        assert_eq!(
            wrapped("incomprehensible it is", 6),
            "incomprehensible\nit is"
        );
        assert_eq!(wrapped("one  two\n", 80), "one  two\n");
    }

    #[test]
    fn long_titles_are_cut() {
        let style = |unicode| Style {
            colour: false,
            unicode,
        };
        assert_eq!(cut("crypto", 6, style(true)), "crypto");
        assert_eq!(cut("crypto", 5, style(true)), "cryp…");
        assert_eq!(cut("crypto", 5, style(false)), "cryp~");
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
