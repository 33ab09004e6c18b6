//! Schemas of questions for readers who do not program in Rust.

use serde_json::Value;

/// What a request is for, without what only readers of the library understand.
#[cfg(feature = "serve")]
pub(crate) fn about(request: &Value) -> String {
    let text = request.get("description").and_then(Value::as_str);
    let text = text.unwrap_or_default().split("\n\n").next();
    let mut text = text.unwrap_or_default().replace('\n', " ");
    for reference in [": see [", " See ["] {
        text.truncate(text.find(reference).unwrap_or(text.len()));
    }
    format!("{}.", text.trim_end_matches('.'))
}

/// Takes the programs in Rust out of descriptions that the library's documentation has.
pub(crate) fn make_plain(value: &mut Value) {
    match value {
        Value::Object(rules) => {
            for (key, rule) in rules {
                match rule {
                    Value::String(text) if key == "description" => {
                        let words = text.split("\n\n```").next().unwrap_or_default();
                        *text = without_paths(&words.replace("[`", "`").replace("`]", "`"));
                    }
                    rule => make_plain(rule),
                }
            }
        }
        Value::Array(rules) => rules.iter_mut().for_each(make_plain),
        _ => {}
    }
}

/// Without what names a path in the library: ` (`crate::x`)` and ` See `crate::x`.`
fn without_paths(text: &str) -> String {
    let mut plain = text.to_owned();
    for (open, close) in [
        (" (`crate::", "`)"),
        (" See\n`crate::", "`."),
        (" See `crate::", "`."),
    ] {
        while let Some(start) = plain.find(open) {
            let rest = plain.get(start..).unwrap_or_default();
            let Some(length) = rest.find(close) else {
                break;
            };
            plain.replace_range(start..start + length + close.len(), "");
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_of_the_library_are_left_out() {
        let plain = super::without_paths;
        assert_eq!(
            plain("Tags (`crate::Database::add_tags`) known."),
            "Tags known."
        );
        assert_eq!(
            plain("By name. See\n`crate::Database::x`. More."),
            "By name. More."
        );
        assert_eq!(plain("An open (`crate::end"), "An open (`crate::end");
    }
}
