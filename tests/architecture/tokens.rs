//! The words of a Rust file, without comments, texts and test code.

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) text: String,
}

impl Token {
    /// Whether this is a name or a word of the language.
    pub(crate) fn is_name(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The tokens of a file. Items under `#[cfg(test)]` are left out.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    without_tests(split(text))
}

fn split(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let end = next_token(&chars, at);
        let first = chars[at];
        let named = first.is_alphabetic() || first == '_';
        let kept = !first.is_whitespace() && first != '"' && first != '\'' && first != '$';
        let comment = first == '/' && end > at + 1;
        let quoted = named && chars[at..end].contains(&'"');
        if kept && !comment && !quoted {
            out.push(Token {
                text: chars[at..end].iter().collect(),
            });
        }
        at = end;
    }
    out
}

/// Where the token that begins at `at` ends: a space, comment, text, name, number or sign.
fn next_token(chars: &[char], at: usize) -> usize {
    let then = chars.get(at + 1).copied();
    match (chars[at], then) {
        ('/', Some('/')) => until(chars, at, |c| c == '\n'),
        ('/', Some('*')) => block_comment(chars, at),
        ('"', _) => quoted(chars, at),
        ('\'', _) => quote(chars, at),
        (':', Some(':')) => at + 2,
        (c, _) if c.is_alphanumeric() || c == '_' => {
            let end = until(chars, at, |c| !(c.is_alphanumeric() || c == '_'));
            let word: String = chars[at..end].iter().collect();
            let prefix = ["b", "r", "br", "c"].contains(&word.as_str());
            match chars.get(end) {
                Some('"') if prefix && word.contains('r') => raw(chars, end),
                Some('"') if prefix => quoted(chars, end),
                Some('#') if word.contains('r') && prefix => raw(chars, end),
                _ => end,
            }
        }
        _ => at + 1,
    }
}

fn until(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    let rest = chars[from..].iter().position(|c| stop(*c));
    rest.map_or(chars.len(), |n| from + n)
}

fn block_comment(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut i = at;
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn quoted(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// A raw text whose `#`s or quote begin at `at`.
fn raw(chars: &[char], at: usize) -> usize {
    let open = until(chars, at, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return open;
    }
    let hashes = open - at;
    let mut i = open + 1;
    while i < chars.len() {
        let closes = chars[i] == '"'
            && chars.len() > i + hashes
            && chars[i + 1..=i + hashes].iter().all(|c| *c == '#');
        if closes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    chars.len()
}

/// A character (`'x'`, `'\n'`) or a lifetime (`'x`).
fn quote(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => until(chars, at + 3, |c| c == '\'') + 1,
        (Some(_), Some('\'')) => at + 3,
        _ => until(chars, at + 1, |c| !(c.is_alphanumeric() || c == '_')),
    }
}

/// Drops each item behind `#[cfg(test)]`, up to its `;` or its closing brace.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let starts = |at: usize| {
        let end = tokens.len().min(at + CFG_TEST.len());
        let here = tokens[at..end].iter();
        here.map(|t| t.text.as_str()).eq(CFG_TEST)
    };
    let mut kept = vec![true; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        let end = if starts(at) {
            item_end(&tokens, at + CFG_TEST.len())
        } else {
            at + 1
        };
        if starts(at) {
            kept[at..end].fill(false);
        }
        at = end;
    }
    let both = tokens.into_iter().zip(kept);
    both.filter(|(_, kept)| *kept)
        .map(|(token, _)| token)
        .collect()
}

fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = token.text == ";" || token.text == "}";
        if depth == 0 && ends {
            return i + 1;
        }
    }
    tokens.len()
}
