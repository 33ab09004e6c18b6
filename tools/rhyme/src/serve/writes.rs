//! What can be written, and the command that does it: a request becomes the words that would be typed.

use serde::Deserialize;

use super::refusal::Refusal;

/// One thing that can be written.
pub(super) struct Write {
    pub(super) method: &'static str,
    pub(super) what: &'static str,
    /// The name under which it is counted, and that of the operation.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    command: &'static [&'static str],
    pub(super) body: Body,
    pub(super) options: &'static [Given],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// A file as the command reads it.
    File,
    Prototype,
    None,
}

/// What a URL may say.
pub(super) enum Given {
    /// An option with a value: `time_of=close` is `--time-of=close`.
    Option(&'static str),
    /// An option without one: `widen=true` is `--widen`.
    Flag(&'static str),
    /// An argument that has to be there.
    Needed(&'static str),
    /// An argument that may be there.
    Argument(&'static str),
}

impl Given {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Option(name) | Self::Flag(name) | Self::Needed(name) | Self::Argument(name) => {
                name
            }
        }
    }
}

use Given::{Argument, Flag, Needed, Option as Value};

pub(super) const WRITES: [Write; 10] = [
    Write {
        method: "POST",
        what: "bars",
        name: "write-bars",
        about: "Store the bars of a file (CSV, JSON, Parquet, Feather; plain, gzip or zip), as `rhyme ingest bars` does.",
        command: &["ingest", "bars"],
        body: Body::File,
        options: &[
            Value("market"),
            Value("venue"),
            Value("symbol"),
            Value("interval"),
            Value("calendar"),
            Value("map"),
            Value("dates"),
            Value("zone"),
            Value("time_of"),
            Flag("widen"),
            Flag("adjusted"),
            Flag("decimal_comma"),
            Value("scale"),
            Value("on_conflict"),
            Value("on_error"),
            Value("also"),
            Value("spaces"),
        ],
    },
    Write {
        method: "POST",
        what: "headlines",
        name: "write-headlines",
        about: "Store the headlines of a file (CSV, JSON; plain, gzip or zip), as `rhyme ingest headlines` does.",
        command: &["ingest", "headlines"],
        body: Body::File,
        options: &[
            Value("map"),
            Value("dates"),
            Value("zone"),
            Value("on_error"),
        ],
    },
    Write {
        method: "POST",
        what: "tags",
        name: "write-tags",
        about: "Tag windows by a CSV file with the columns symbol, time and tag, as `rhyme tag import` does.",
        command: &["tag", "import"],
        body: Body::File,
        options: &[Value("interval")],
    },
    Write {
        method: "POST",
        what: "attributes",
        name: "write-attributes",
        about: "Store the attributes of a CSV file with a column symbol, as `rhyme attribute import` does.",
        command: &["attribute", "import"],
        body: Body::File,
        options: &[],
    },
    Write {
        method: "POST",
        what: "prototypes",
        name: "write-prototypes",
        about: "Store the average of chosen windows under a name, as `rhyme prototype add` does.",
        command: &["prototype", "add"],
        body: Body::Prototype,
        options: &[],
    },
    Write {
        method: "DELETE",
        what: "bars",
        name: "delete-bars",
        about: "Delete a series, or the bars of it that opened in a period.",
        command: &["delete", "--yes"],
        body: Body::None,
        options: &[Needed("series"), Value("from"), Value("until")],
    },
    Write {
        method: "DELETE",
        what: "headlines",
        name: "delete-headlines",
        about: "Delete all headlines, or those that were published in a period.",
        command: &["delete", "--headlines", "--yes"],
        body: Body::None,
        options: &[Value("from"), Value("until")],
    },
    Write {
        method: "DELETE",
        what: "tags",
        name: "delete-tags",
        about: "Forget the tags of a name, or that of one window.",
        command: &["tag", "remove", "--yes"],
        body: Body::None,
        options: &[Needed("name"), Argument("window")],
    },
    Write {
        method: "DELETE",
        what: "attributes",
        name: "delete-attributes",
        about: "Forget an attribute of all symbols, or of one.",
        command: &["attribute", "remove", "--yes"],
        body: Body::None,
        options: &[Needed("name"), Value("symbol")],
    },
    Write {
        method: "DELETE",
        what: "prototypes",
        name: "delete-prototypes",
        about: "Forget a prototype.",
        command: &["prototype", "delete", "--yes"],
        body: Body::None,
        options: &[Needed("name")],
    },
];

/// A prototype as a body names it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPrototype {
    name: String,
    windows: Vec<String>,
    space: Option<String>,
}

/// The words of a command: what stands before its arguments, and those.
#[derive(Debug)]
pub(super) struct Words {
    options: Vec<String>,
    arguments: Vec<String>,
}

impl Words {
    /// With one more argument.
    pub(super) fn and(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// All of them. Nothing that a client says is read as an option that it may not give.
    pub(super) fn all(self) -> Vec<String> {
        let mut all = self.options;
        all.push("--".to_owned());
        all.extend(self.arguments);
        all
    }
}

impl Write {
    pub(super) fn find(method: &str, what: &str) -> Result<&'static Self, Refusal> {
        let mut of_method = WRITES.iter().filter(|w| w.method == method);
        let found = of_method.clone().find(|w| w.what == what);
        found.ok_or_else(|| {
            let known: Vec<&str> = of_method.by_ref().map(|w| w.what).collect();
            Refusal::not_found(format!(
                "expected {method} /v1/write/ and one of {}, found {what:?}",
                known.join(", ")
            ))
        })
    }

    /// The command with what the URL says.
    pub(super) fn words(&self, query: &str) -> Result<Words, Refusal> {
        let mut words = Words {
            options: self.command.iter().map(|w| (*w).to_owned()).collect(),
            arguments: Vec::new(),
        };
        let mut said: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if said.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::bad_request(format!("expected {name} once")));
            }
            if !self.options.iter().any(|given| given.name() == name) {
                return Err(Refusal::bad_request(self.no_option(&name)));
            }
            said.push((name.into_owned(), value.into_owned()));
        }
        for given in self.options {
            let value = said.iter().find(|(name, _)| name == given.name());
            let value = value.map(|(_, value)| value.as_str());
            let flag = format!("--{}", given.name().replace('_', "-"));
            match (given, value) {
                (Given::Option(_), Some(value)) => words.options.push(format!("{flag}={value}")),
                (Given::Flag(_), Some("true" | "")) => words.options.push(flag),
                (Given::Flag(_), Some("false")) => {}
                (Given::Flag(name), Some(value)) => {
                    return Err(Refusal::bad_request(format!(
                        "expected {name}=true or {name}=false, found {value:?}"
                    )));
                }
                (Given::Needed(_) | Given::Argument(_), Some(value)) => {
                    words.arguments.push(value.to_owned());
                }
                (Given::Needed(name), None) => {
                    return Err(Refusal::bad_request(format!(
                        "expected {name} in the URL: {} /v1/write/{}?{name}=...",
                        self.method, self.what
                    )));
                }
                (_, None) => {}
            }
        }
        Ok(words)
    }

    fn no_option(&self, name: &str) -> String {
        let known: Vec<&str> = self.options.iter().map(Given::name).collect();
        match known.is_empty() {
            true => format!("expected no options, found {name:?}"),
            false => format!("no option {name:?}; there are: {}", known.join(", ")),
        }
    }

    /// A message of the command, with its options as they are called in the URL.
    pub(super) fn as_in_the_url(&self, message: &str) -> String {
        let mut text = message.to_owned();
        let mut names: Vec<&str> = self.options.iter().map(Given::name).collect();
        // `--on-conflict` before a shorter one that it begins with.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in names {
            text = text.replace(&format!("--{}", name.replace('_', "-")), name);
        }
        text
    }
}

/// The command that stores a prototype.
pub(super) fn prototype(words: Words, body: &[u8]) -> Result<Words, Refusal> {
    let read: NewPrototype = serde_json::from_slice(body).map_err(|e| {
        Refusal::bad_request(format!(
            "expected a prototype like {{\"name\": \"capitulation\", \"windows\": [\"BTCUSDT:1h@2021-05-19T14:00\"]}}, found: {e}"
        ))
    })?;
    if read.windows.is_empty() {
        return Err(Refusal::bad_request(
            "expected at least one window, found none",
        ));
    }
    let mut words = words;
    let space = read.space.map(|space| format!("--space={space}"));
    words.options.extend(space);
    let words = words.and(read.name);
    Ok(read.windows.into_iter().fold(words, Words::and))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn words(method: &str, what: &str, query: &str) -> Result<Vec<String>, String> {
        let write = Write::find(method, what).map_err(|r| r.message)?;
        let words = write.words(query).map_err(|r| r.message)?;
        Ok(words.all())
    }

    #[test]
    fn a_url_becomes_the_command_that_would_be_typed() {
        for (method, what, query, typed) in [
            ("POST", "bars", "", "ingest bars --"),
            (
                "POST",
                "bars",
                "symbol=X&time_of=close&widen=true&adjusted=false",
                "ingest bars --symbol=X --time-of=close --widen --",
            ),
            (
                "DELETE",
                "bars",
                "until=2021-02-01&series=A%3A1h",
                "delete --yes --until=2021-02-01 -- A:1h",
            ),
            (
                "DELETE",
                "tags",
                "window=A%3A1h%402021-02-01&name=long",
                "tag remove --yes -- long A:1h@2021-02-01",
            ),
            // What a client says is a value, whatever it looks like.
            (
                "DELETE",
                "bars",
                "series=--headlines&from=--db%3D/etc",
                "delete --yes --from=--db=/etc -- --headlines",
            ),
        ] {
            assert_eq!(words(method, what, query).unwrap().join(" "), typed);
        }
        for (method, what, query, message) in [
            (
                "POST",
                "bars",
                "db=/etc",
                "no option \"db\"; there are: market",
            ),
            ("POST", "bars", "time-of=close", "no option \"time-of\""),
            ("POST", "bars", "symbol=A&symbol=B", "expected symbol once"),
            ("POST", "bars", "widen=yes", "expected widen=true"),
            ("POST", "attributes", "x=1", "expected no options"),
            ("DELETE", "bars", "", "DELETE /v1/write/bars?series=..."),
            ("POST", "space", "", "one of bars, headlines"),
        ] {
            let refused = words(method, what, query).unwrap_err();
            assert!(refused.contains(message), "{refused}");
        }
    }

    #[test]
    fn a_prototype_is_read_from_json() {
        let of = |body: &str| {
            let write = Write::find("POST", "prototypes").map_err(|r| r.message)?;
            let words = write.words("").map_err(|r| r.message)?;
            let words = prototype(words, body.as_bytes()).map_err(|r| r.message)?;
            Ok::<_, String>(words.all().join(" "))
        };
        let body = r#"{"name": "--x", "windows": ["A:1h@2021", "B"], "space": "shape"}"#;
        assert_eq!(
            of(body).unwrap(),
            "prototype add --space=shape -- --x A:1h@2021 B"
        );
        for (body, message) in [
            ("", "EOF"),
            (r#"{"name": "x", "windows": []}"#, "at least one window"),
            (
                r#"{"name": "x", "windows": ["A"], "k": 1}"#,
                "unknown field `k`",
            ),
        ] {
            assert!(of(body).unwrap_err().contains(message), "{body}");
        }
    }

    #[test]
    fn messages_name_options_as_the_url_has_them() {
        let bars = Write::find("POST", "bars").unwrap();
        assert_eq!(
            bars.as_in_the_url("say --time-of close, or --dates day-first; see `rhyme --help`"),
            "say time_of close, or dates day-first; see `rhyme --help`"
        );
    }
}
