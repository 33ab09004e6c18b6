//! A line of the shell as words, and where its answer goes.

use rhymedb::Error;

use crate::failure::Outcome;

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Where it begins in the line, in bytes.
    pub(super) start: usize,
    /// Whether a part of it stood in quotes: then it means itself, and no name.
    pub(super) quoted: bool,
}

/// Where the answer of a line goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    None,
    /// `> FILE`
    File(String),
    /// `| COMMAND`, for the system's own shell.
    Pipe(String),
}

/// What a line holds. It may end in the middle of a word, as lines do that are being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) words: Vec<Word>,
    pub(super) redirect: Redirect,
    /// Where the file or the command of the redirection begins.
    pub(super) redirect_start: usize,
    /// A quote that does not end.
    pub(super) open_quote: Option<char>,
    /// Whether there is a space behind the last word.
    pub(super) between: bool,
}

/// Splits a line at spaces. `'...'` and `"..."` hold words together and mean what stands in them,
/// `#` at the start of a word begins a remark, `>` and `|` say where the answer goes.
pub(super) fn split(line: &str) -> Split {
    let mut split = Split {
        words: Vec::new(),
        redirect: Redirect::None,
        redirect_start: line.len(),
        open_quote: None,
        between: true,
    };
    let mut word: Option<Word> = None;
    for (at, c) in line.char_indices() {
        match (split.open_quote, c) {
            (Some(quote), c) if c == quote => split.open_quote = None,
            (Some(_), c) => push(&mut word, at, c, true),
            (None, '\'' | '"') => {
                split.open_quote = Some(c);
                word.get_or_insert_with(|| empty(at)).quoted = true;
            }
            (None, c) if c.is_whitespace() => split.words.extend(word.take()),
            (None, '#') if word.is_none() => return split,
            (None, '>' | '|') => {
                split.words.extend(word.take());
                let rest = line.get(at + 1..).unwrap_or_default();
                split.redirect_start = at + 1 + (rest.len() - rest.trim_start().len());
                split.redirect = if c == '>' {
                    Redirect::File(unquoted(rest.trim()))
                } else {
                    Redirect::Pipe(rest.trim().to_owned())
                };
                return split;
            }
            (None, c) => push(&mut word, at, c, false),
        }
    }
    split.between = word.is_none();
    split.words.extend(word);
    split
}

fn empty(start: usize) -> Word {
    Word {
        text: String::new(),
        start,
        quoted: false,
    }
}

fn push(word: &mut Option<Word>, at: usize, c: char, quoted: bool) {
    let word = word.get_or_insert_with(|| empty(at));
    word.text.push(c);
    word.quoted |= quoted;
}

/// The name of a file, out of its quotes.
fn unquoted(text: &str) -> String {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"')
        .or_else(|| inside('\''))
        .unwrap_or(text)
        .to_owned()
}

/// Splits a whole line.
pub(super) fn split_whole(line: &str) -> Outcome<Split> {
    let split = split(line);
    let wrong = |message: String| Err(Error::Invalid(message).into());
    if let Some(quote) = split.open_quote {
        let other = if quote == '"' { '\'' } else { '"' };
        return wrong(format!(
            "expected a closing {quote}, found the end of the line; close it, or put a text that contains {quote} between {other} and {other}"
        ));
    }
    match &split.redirect {
        Redirect::File(name) if name.is_empty() || name.starts_with('>') => wrong(
            "expected a file behind >; it is written anew each time, and there is no >>".to_owned(),
        ),
        Redirect::Pipe(command) if command.is_empty() => {
            wrong("expected a command behind |".to_owned())
        }
        Redirect::File(_) | Redirect::Pipe(_) if split.words.is_empty() => {
            wrong("expected a command before > or |".to_owned())
        }
        _ => Ok(split),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).words.into_iter().map(|w| w.text).collect()
    }

    #[test]
    fn words_end_at_spaces_outside_quotes() {
        assert_eq!(
            texts("  similar  BTC:1h\t-k 5 "),
            ["similar", "BTC:1h", "-k", "5"]
        );
        assert_eq!(texts("a 'b c'd \"e'f\" ''"), ["a", "b cd", "e'f", ""]);
        assert_eq!(texts("a#b # the rest > x"), ["a#b"]);
        assert!(texts("# nothing").is_empty());
        let quoted: Vec<bool> = split("x 'x' a\"x\"")
            .words
            .iter()
            .map(|w| w.quoted)
            .collect();
        assert_eq!(quoted, [false, true, true]);
        assert_eq!(split("ab  cd").words.last().map(|w| w.start), Some(4));
    }

    #[test]
    fn the_answer_goes_where_the_line_says() {
        let to = |line: &str| split(line).redirect;
        assert_eq!(to("stats"), Redirect::None);
        assert_eq!(
            to("stats > 'my file.csv' "),
            Redirect::File("my file.csv".to_owned())
        );
        assert_eq!(to("stats>a.csv"), Redirect::File("a.csv".to_owned()));
        let pipe = "grep '>' | wc -l".to_owned();
        assert_eq!(to("stats | grep '>' | wc -l"), Redirect::Pipe(pipe));
        assert_eq!(to("series '>' \"|\""), Redirect::None);
    }

    #[test]
    fn half_a_line_is_refused() {
        for line in ["a 'b", "a >", "a >> b", "a |", "> b", "| wc"] {
            assert!(split_whole(line).is_err(), "{line}");
        }
        assert!(split_whole("").unwrap().words.is_empty());
    }
}
