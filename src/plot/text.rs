//! The widths and outlines of text in the font that comes with the program, so that pictures need no
//! fonts of the machine.

use std::sync::LazyLock;

use ttf_parser::Face;

static REGULAR: LazyLock<Face<'static>> =
    LazyLock::new(|| read(include_bytes!("font/Inter-Regular.otf")));
static BOLD: LazyLock<Face<'static>> =
    LazyLock::new(|| read(include_bytes!("font/Inter-SemiBold.otf")));

#[allow(
    clippy::expect_used,
    reason = "the bytes are part of the program, and a test reads them"
)]
fn read(bytes: &'static [u8]) -> Face<'static> {
    Face::parse(bytes, 0).expect("the font that comes with the program")
}

pub(super) fn face(bold: bool) -> &'static Face<'static> {
    if bold { &BOLD } else { &REGULAR }
}

/// The width of a character in units of the font; one that the font has not is a box.
pub(super) fn advance(face: &Face<'_>, c: char) -> f64 {
    let glyph = face.glyph_index(c).unwrap_or_default();
    f64::from(face.glyph_hor_advance(glyph).unwrap_or_default())
}

/// The width of a line of text in pixels.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let face = face(bold);
    let units: f64 = text.chars().map(|c| advance(face, c)).sum();
    units * size / f64::from(face.units_per_em())
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub(super) fn fit(text: &str, most: f64, size: f64, bold: bool) -> String {
    if width(text, size, bold) <= most {
        return text.to_owned();
    }
    let mut cut = text.to_owned();
    while cut.pop().is_some() {
        let shown = format!("{}…", cut.trim_end());
        if width(&shown, size, bold) <= most {
            return shown;
        }
    }
    String::new()
}

/// The text in lines no longer than `most`, broken between words.
pub(super) fn wrap(text: &str, most: f64, size: f64, bold: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(last)) if width(&longer, size, bold) <= most => *last = longer,
            _ => lines.push(fit(word, most, size, bold)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_have_what_pictures_say() {
        for bold in [false, true] {
            let face = face(bold);
            for c in "0123456789 %+−–…→·×≤Az Ä ß ž Ж α € ?".chars() {
                assert!(face.glyph_index(c).is_some(), "{c}");
            }
        }
        assert!(width("WWW", 10.0, false) > 2.0 * width("iii", 10.0, false));
        assert!(width("abc", 10.0, true) > width("abc", 10.0, false));
    }

    #[test]
    fn long_text_is_cut_or_broken() {
        assert_eq!(fit("short", 100.0, 12.0, false), "short");
        let cut = fit("a sentence that does not fit", 100.0, 12.0, false);
        assert!(
            cut.ends_with('…') && width(&cut, 12.0, false) <= 100.0,
            "{cut}"
        );
        assert_eq!(fit("abc", 1.0, 12.0, false), "");
        let lines = wrap("one two three four five six", 60.0, 12.0, false);
        assert!(lines.len() > 2 && lines.join(" ") == "one two three four five six");
        assert!(wrap("  ", 60.0, 12.0, false).is_empty());
    }
}
