use crate::sink;

/// What the reader's terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether to write ANSI colours.
    pub(crate) colour: bool,
    /// Whether to write characters beyond ASCII.
    pub(crate) unicode: bool,
}

impl Style {
    /// The style of what answers go to. Colours are off if it is no terminal, if `NO_COLOR` is set
    /// and not empty (<https://no-color.org>), or if `TERM` is `dumb`. The rest is ASCII unless
    /// the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set names UTF-8; Windows needs none.
    pub(crate) fn of_stdout() -> Self {
        Self::decide(
            |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
            sink::is_terminal(),
            cfg!(windows),
        )
    }

    /// A text that is less important, where there are colours.
    pub(crate) fn dim(self, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[2m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn decide(
        variable: impl Fn(&str) -> Option<String>,
        is_terminal: bool,
        always_unicode: bool,
    ) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let names_utf8 = |locale: String| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        };
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: is_terminal && set("NO_COLOR").is_none() && !dumb,
            unicode: always_unicode || locale.is_some_and(names_utf8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(variables: &[(&str, &str)], is_terminal: bool) -> (bool, bool) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let style = Style::decide(variable, is_terminal, false);
        (style.colour, style.unicode)
    }

    #[test]
    fn colour_needs_a_terminal_that_wants_it() {
        let utf8 = ("LANG", "C.UTF-8");
        assert_eq!(decide(&[utf8, ("TERM", "xterm")], true), (true, true));
        assert_eq!(decide(&[utf8], false), (false, true));
        assert_eq!(decide(&[utf8, ("NO_COLOR", "1")], true), (false, true));
        assert_eq!(decide(&[utf8, ("NO_COLOR", "")], true), (true, true));
        assert_eq!(decide(&[utf8, ("TERM", "dumb")], true), (false, true));
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        assert_eq!(decide(&[], true), (true, false));
        let german = ("LANG", "de_DE.utf8");
        assert_eq!(decide(&[german], true), (true, true));
        assert_eq!(decide(&[german, ("LC_ALL", "C")], true), (true, false));
        assert_eq!(decide(&[german, ("LC_ALL", "")], true), (true, true));
        assert_eq!(decide(&[("LC_CTYPE", "en_US.UTF-8")], true), (true, true));
    }

    #[test]
    fn windows_needs_no_locale() {
        assert!(Style::decide(|_| None, true, true).unicode);
    }
}
