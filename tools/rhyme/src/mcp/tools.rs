//! The tools: one for each question.

use rhymedb::ask;
use serde_json::{Value, json};

use crate::schema_text::make_plain;

pub(super) fn list() -> Vec<Value> {
    let tools = ask::schemas().into_iter().map(|schema| {
        let name = schema.question;
        let mut input = schema.request;
        make_plain(&mut input);
        shorten(&mut input);
        with_plain_times(&mut input);
        // What a filter is for, each use of one says.
        let filter = input.pointer_mut("/$defs/Filter");
        if let Some(filter) = filter.and_then(Value::as_object_mut) {
            filter.remove("description");
        }
        if let Some(input) = input.as_object_mut() {
            // The tool says what it is for; what it is called in Rust helps nobody here.
            for key in ["$schema", "description", "title"] {
                input.remove(key);
            }
            let properties = input.entry("properties").or_insert_with(|| json!({}));
            if name == "replay" {
                // Said once: a list that is long fills the memory of an assistant.
                properties["rule"] = json!({
                    "type": "object",
                    "description": "A rule, like that of the tool `signal`.",
                });
                if let Some(defs) = input.get_mut("$defs").and_then(Value::as_object_mut) {
                    defs.retain(|name, _| !OF_RULES.contains(&name.as_str()));
                }
            }
        }
        json!({
            "name": name,
            "description": format!("{} {}", purpose(name), caution(name)),
            "inputSchema": input,
            "annotations": { "readOnlyHint": true, "openWorldHint": false },
        })
    });
    tools.collect()
}

/// Takes out of a schema what fills the memory of an assistant and tells it nothing: how wide numbers are, that they are
/// not below 0, that what may be left out may be null as well, and is then false or empty, and that a word that is no
/// option is refused.
fn shorten(schema: &mut Value) {
    match schema {
        Value::Object(rules) => {
            rules.values_mut().for_each(shorten);
            rules.retain(|key, value| match key.as_str() {
                "additionalProperties" => *value != json!(false),
                "default" => *value != json!(false) && *value != json!({}),
                _ => true,
            });
            let null = json!({ "type": "null" });
            if let Some(Value::Array(all)) = rules.get_mut("anyOf") {
                all.retain(|one| *one != null);
                if let [Value::Object(alone)] = all.as_slice() {
                    let alone = alone.clone();
                    rules.remove("anyOf");
                    for (key, rule) in alone {
                        // What is said here of its use goes before what is said of the type.
                        rules.entry(key).or_insert(rule);
                    }
                }
            }
            if let Some(Value::Array(types)) = rules.get_mut("type") {
                types.retain(|one| one != "null");
                if let [alone] = types.as_slice() {
                    let alone = alone.clone();
                    rules.insert("type".to_owned(), alone);
                }
            }
            if rules
                .get("type")
                .is_some_and(|t| t == "integer" || t == "number")
            {
                rules.remove("format");
                if rules.get("minimum").is_some_and(|least| least == 0) {
                    rules.remove("minimum");
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(shorten),
        _ => {}
    }
}

/// Times are said to be words, and how they are typed only where a question's own time is asked for: the type's own
/// description in every tool fills the memory of an assistant.
fn with_plain_times(input: &mut Value) {
    if let Some(defs) = input.get_mut("$defs").and_then(Value::as_object_mut) {
        defs.remove("Timestamp");
    }
    as_words(input);
    if let Some(Value::String(text)) = input.pointer_mut("/properties/as_of/description") {
        text.push_str(" UTC, like 2021-05-19 or 2021-05-19T12:00:00Z.");
    }
}

fn as_words(schema: &mut Value) {
    match schema {
        Value::Object(rules) => {
            if rules
                .get("$ref")
                .is_some_and(|of| of == "#/$defs/Timestamp")
            {
                rules.remove("$ref");
                rules.insert("type".to_owned(), json!("string"));
            }
            rules.values_mut().for_each(as_words);
        }
        Value::Array(all) => all.iter_mut().for_each(as_words),
        _ => {}
    }
}

/// The types that only rules are made of.
const OF_RULES: [&str; 8] = [
    "AfterAnomaly",
    "AtAlarm",
    "Horizon",
    "PositionSize",
    "Rule",
    "Side",
    "Sides",
    "When",
];

/// What a question is for.
fn purpose(question: &str) -> &'static str {
    match question {
        "similar" => {
            "Find the past windows that look most like a chart (`target`: SYMBOL:INTERVAL[@TIME], text:SENTENCE, or a drawn path), and with `outcome` (like [\"24h\", 5]) what came after them beside the base rate."
        }
        "pattern" => "Find windows that end with a chart pattern, like `double top`.",
        "search" => {
            "Find charts and headlines nearest to a sentence (`text`, like `shares plunge`), or to a `vector` of somebody's own model."
        }
        "combine" => "Find windows by adding and subtracting charts and sentences.",
        "reaction" => "Say what prices did after headlines like this one, beside the base rate.",
        "outcomes" => {
            "Say what happened after given moments (SYMBOL:INTERVAL@TIME), beside the base rate."
        }
        "news" => "Find the headlines nearest to a chart.",
        "context" => "List what was said about a symbol around a window.",
        "transfer" => "Find the windows of another market that are most like a chart.",
        "transfer-matrix" => "Say how alike markets or symbols are.",
        "anomaly" => "Say how unusual a window is for its own past and its market's.",
        "anomaly-scan" => "List the most unusual windows of a market or symbol.",
        "divergence" => "Find moments at which chart and news disagree.",
        "classify" => "Say which label (a regime, a pattern, or labels in words) fits a chart.",
        "classify-history" => "Say which label fits a series over time, as runs.",
        "classify-by-tags" => "Say which of the stored tags the windows nearest to a chart have.",
        "axis" => "Say where charts stand between two meanings in words.",
        "axis-history" => "Say where a series stands between two meanings over time.",
        "axis-headlines" => "Say where headlines of a symbol stand between two meanings.",
        "today" => {
            "Report the latest window of every series (or of `series`), the most unusual first: size of its moves, regime, what followed similar charts, news."
        }
        "signal" => {
            "Say what a `rule` (a question, the answers that count, sides, sizes and exits) says of a chart now, and why."
        }
        "replay" => {
            "Say what a `rule` would have done on a series: asked at each close, filled at the next open, beside chance."
        }
        "map" => "Put a sample of windows on a plane.",
        "clusters" => {
            "Group assets of one interval (`filter`) that move together, by the correlation of their returns less the market's."
        }
        "correlation" => {
            "Say how much assets of one interval (`filter`) move together now, and which pairs do otherwise than they used to."
        }
        "lead-lag" => {
            "Say which assets of one interval (`filter`) move first, and whether they do so in both halves of the period."
        }
        "portfolio" => {
            "Share out money among assets of one interval (`filter`) by several rules, as of a time: equal, inverse-variance, hrp, clusters, min-variance, max-sharpe."
        }
        "series" => "List the series that are stored, with their first and last bar.",
        "spaces" => "List the embedding spaces.",
        "bars" => "List the newest bars of a series, or those before a time.",
        "headlines" => "List headlines, of a symbol or of all.",
        "stats" => "Say what is stored and what it costs.",
        "tags" => "List the tags of windows.",
        "attributes" => "List the attributes of symbols, like their sector.",
        "prototypes" => "List the named averages of windows.",
        _ => "",
    }
}

/// What an answer does not mean.
pub(super) fn caution(question: &str) -> &'static str {
    match question {
        "similar" | "pattern" | "combine" => {
            "Not a forecast: similarity is of shape and ignores size, hits may be one event on several symbols, and a p-value above 0.05 says that what came after differs from any other moment by no more than chance."
        }
        "reaction" | "outcomes" => {
            "Not a cause and no forecast: it is what followed in the past, and a p-value above 0.05 says that it differs from any other moment by no more than chance. Many questions asked until one has a small p prove nothing."
        }
        "search" | "news" | "axis" | "axis-history" | "axis-headlines" => {
            "Words know little of charts: scores are of likeness, not of truth, and nothing is predicted."
        }
        "context" | "divergence" => {
            "What stands beside a chart need not have moved it, and nothing is predicted."
        }
        "transfer" | "transfer-matrix" => {
            "Likeness of shapes, not of causes; markets that look alike need not move together."
        }
        "anomaly" | "anomaly-scan" | "today" => {
            "Unusual is not bad and predicts no direction; of 100 windows 5 have a p-value of 0.05 or less by chance."
        }
        "classify" | "classify-history" | "classify-by-tags" => {
            "A label is the nearest of those that were offered and may be wrong; nothing is predicted."
        }
        "signal" | "replay" => {
            "No advice: a rule says what its conditions say. Random positions that do as well, few trades and many rules tried make a good past worth nothing."
        }
        "map" => "Distances on the plane are those in the space only in part.",
        "clusters" => {
            "Any assets fall into groups: a p-value above 0.05 says that chance makes as good ones, a stability below 0.5 that a group does not last. Assets that moved together need not go on to."
        }
        "correlation" => {
            "Correlation is no cause and changes; of many pairs some have a small p-value by chance, so look at q_value."
        }
        "lead-lag" => {
            "No forecast: most often nobody leads (`called` is 0), and who led seldom does for long (`stability`)."
        }
        "portfolio" => {
            "No advice: weights are of past returns. Means are mostly chance, so distrust max-sharpe; after costs rules seldom differ."
        }
        "bars" => "Closed bars as they are stored now; a later correction replaces a bar.",
        "headlines" => {
            "What was published, not what is true; precision says how exactly the time is known."
        }
        "tags" | "attributes" | "prototypes" => {
            "Said by the owner of the database, and not checked."
        }
        "series" | "spaces" | "stats" => "What is stored, which need not be all that happened.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rhymedb::ask::Question;

    use super::*;

    #[test]
    fn every_question_is_a_tool_that_says_what_it_does_not_mean() {
        for name in Question::NAMES {
            assert!(
                !purpose(name).is_empty(),
                "{name} has no purpose in tools.rs"
            );
            assert!(
                !caution(name).is_empty(),
                "{name} has no caution in tools.rs"
            );
        }
        let tools = list();
        assert_eq!(tools.len(), Question::NAMES.len());
        for tool in &tools {
            let schema = &tool["inputSchema"];
            assert_eq!(schema["type"], "object", "{tool}");
            assert!(schema["properties"].is_object(), "{tool}");
            assert!(!tool.to_string().contains("```"), "{tool}");
        }
        // A list that fills the memory of an assistant helps it with nothing.
        let text = serde_json::to_string(&tools).unwrap();
        for of_the_library in ["#/$defs/Timestamp", "crate::"] {
            let at = text.find(of_the_library).unwrap_or(text.len());
            assert_eq!(
                &text[at..],
                "",
                "after {}",
                &text[at.saturating_sub(200)..at]
            );
        }
        let size = text.len();
        assert!(size < 100_000, "{size}");
    }
}
