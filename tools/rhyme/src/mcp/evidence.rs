//! What an answer rests on, in sentences before it: how many, as of when, the base rate and the p-value.

use serde_json::Value;

/// Lists that are no rows of the answer.
const NO_ROWS: [&str; 2] = ["notes", "narrowed_to"];

pub(super) fn of(name: &str, answer: &Value, lengths: &[(String, usize)]) -> Vec<String> {
    let counted = lengths
        .iter()
        .filter(|(list, _)| !NO_ROWS.contains(&list.as_str()));
    let counted: Vec<String> = counted.map(|(list, n)| format!("{n} {list}")).collect();
    let counted = if counted.is_empty() {
        String::new()
    } else {
        format!(": {}", counted.join(", "))
    };
    let mut said = vec![format!("{name}{counted}; {}", as_of(answer))];
    said.extend(outcomes(answer));
    said.extend(measures(answer));
    said.extend(scan(answer));
    if name == "similar" && outcomes(answer).is_empty() {
        said.push(
            "no outcomes were asked: `outcome` (like [\"24h\", 5]) gives what came after, beside the base rate and with a p-value"
                .to_owned(),
        );
    }
    said
}

fn as_of(answer: &Value) -> String {
    let at = |holder: Option<&Value>| {
        let time = holder?.get("as_of")?;
        Some(time.as_str().map(str::to_owned))
    };
    match at(Some(answer)).or_else(|| at(answer.get("query"))) {
        Some(Some(time)) => format!("as of {time}: nothing later was used"),
        _ => "as of everything that is stored".to_owned(),
    }
}

/// A line for each horizon.
fn outcomes(answer: &Value) -> Vec<String> {
    let lists = ["outcomes", "horizons"];
    let lists = lists
        .iter()
        .filter_map(|list| answer.get(*list)?.as_array());
    let rows = lists
        .flatten()
        .filter(|row| row.get("base_windows").is_some());
    let mut said: Vec<String> = rows.map(|row| outcome(row, row.get("hits"))).collect();
    // A reaction has one horizon.
    if answer.get("base_windows").is_some() {
        said.push(outcome(answer, answer.get("summary")));
    }
    said
}

fn outcome(row: &Value, hits: Option<&Value>) -> String {
    let horizon = row
        .get("horizon")
        .or_else(|| row.get("query")?.get("horizon"));
    let horizon = horizon.map_or_else(String::new, |h| match h {
        Value::String(text) => format!(" within {text}"),
        bars => format!(" within {bars} bars"),
    });
    let (n, mean) = (number(hits, "n"), percent(hits, "mean"));
    let base = row.get("base");
    let (base_n, base_mean) = (number(base, "n"), percent(base, "mean"));
    let p = match row.get("p_value").and_then(Value::as_f64) {
        Some(p) => format!("p {p}"),
        None => {
            let why = row.get("no_p_value").and_then(Value::as_str);
            format!("no p-value ({})", why.unwrap_or("unknown"))
        }
    };
    let rate = |of| percent(of, "hit_rate");
    format!(
        "outcome{horizon}: n {n} (effective {}), mean {mean}, rose {}; base rate: n {base_n}, mean {base_mean}, rose {}; {p}",
        number(hits, "effective_n"),
        rate(hits),
        rate(base),
    )
}

/// The measures of an anomaly.
fn measures(answer: &Value) -> Vec<String> {
    let rows = answer.get("measures").and_then(Value::as_array);
    let rows = rows.into_iter().flatten().map(|row| {
        let measure = row.get("measure").and_then(Value::as_str);
        format!(
            "{}: percentile {} of earlier windows, p {}",
            measure.unwrap_or("measure"),
            number(Some(row), "percentile"),
            number(Some(row), "p_value")
        )
    });
    let ranked = number(Some(answer), "history");
    let mut said: Vec<String> = rows.collect();
    if !said.is_empty() {
        said.push(format!("n: {ranked} windows had ended before it began"));
    }
    said
}

/// What a scan found beside what chance finds.
fn scan(answer: &Value) -> Option<String> {
    answer.get("by_chance")?;
    let value = |key| number(Some(answer), key);
    Some(format!(
        "of {} windows {} are below p {}; {} would be by chance",
        value("scanned"),
        value("unusual"),
        value("level"),
        value("by_chance")
    ))
}

fn number(of: Option<&Value>, key: &str) -> String {
    let value = of.and_then(|of| of.get(key)).filter(|v| v.is_number());
    value.map_or_else(|| "none".to_owned(), Value::to_string)
}

fn percent(of: Option<&Value>, key: &str) -> String {
    let value = of.and_then(|of| of.get(key)?.as_f64());
    value.map_or_else(|| "none".to_owned(), |v| format!("{:.2} %", 100.0 * v))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_led_by_what_they_rest_on() {
        let summary =
            |mean: f64| json!({"n": 8, "effective_n": 6.5, "mean": mean, "hit_rate": 0.5});
        let similar = json!({
            "query": {"as_of": "2021-05-19T00:00:00Z"}, "hits": [{}, {}], "notes": ["a"],
            "outcomes": [{"horizon": "24h", "hits": summary(0.0123), "base": summary(-0.001),
                "base_windows": 900, "p_value": 0.31, "no_p_value": null}],
        });
        let lengths = [("hits".to_owned(), 2), ("notes".to_owned(), 1)];
        let said = of("similar", &similar, &lengths);
        assert_eq!(
            said[0],
            "similar: 2 hits; as of 2021-05-19T00:00:00Z: nothing later was used"
        );
        assert_eq!(
            said[1],
            "outcome within 24h: n 8 (effective 6.5), mean 1.23 %, rose 50.00 %; base rate: n 8, mean -0.10 %, rose 50.00 %; p 0.31"
        );
        assert_eq!(said.len(), 2);

        let reaction = json!({
            "query": {"as_of": null, "horizon": 5}, "summary": null, "base": summary(0.0),
            "base_windows": 9, "p_value": null, "no_p_value": "too few", "outcomes": [],
        });
        let said = of("reaction", &reaction, &[]);
        assert_eq!(said[0], "reaction; as of everything that is stored");
        assert!(
            said[1].starts_with("outcome within 5 bars: n none"),
            "{}",
            said[1]
        );
        assert!(said[1].ends_with("no p-value (too few)"), "{}", said[1]);

        let bare = json!({"query": {"as_of": null}, "hits": []});
        assert!(of("similar", &bare, &[])[1].contains("`outcome`"));
    }
}
