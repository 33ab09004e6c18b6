//! As much of JSON Schema as the schemas of questions use.

use serde_json::Value;

/// Expects a value to fit a schema.
#[track_caller]
pub(crate) fn check(root: &Value, value: &Value) {
    if let Err(why) = fits(root, root, value, "") {
        panic!("{why}\nin {value:#}");
    }
}

/// The keywords that say nothing of a value.
const SILENT: [&str; 11] = [
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "format",
    "minimum",
    "maximum",
    "required",
    "minItems",
    "maxItems",
];

fn fits(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        let any = schema == &Value::Bool(true);
        return any
            .then_some(())
            .ok_or_else(|| format!("{at}: nothing fits"));
    };
    let wrong = |what: &str, rule: &Value| Err(format!("{at}: {what} of {rule} does not fit"));
    for (key, rule) in rules {
        let each = || rule.as_array().into_iter().flatten();
        match key.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                fits(root, root.pointer(pointer).unwrap(), value, at)?;
            }
            "type" => {
                let one = std::slice::from_ref(rule);
                let mut types = rule.as_array().map_or(one, Vec::as_slice).iter();
                if !types.any(|t| is(t.as_str().unwrap(), value)) {
                    return wrong("the type", rule);
                }
            }
            "enum" if !each().any(|v| v == value) => return wrong("the choice", rule),
            "const" if rule != value => return wrong("the value", rule),
            "enum" | "const" => {}
            "anyOf" | "oneOf" => {
                let errors: Vec<String> = each()
                    .filter_map(|s| fits(root, s, value, at).err())
                    .collect();
                if errors.len() == each().count() {
                    return Err(errors.join("\n"));
                }
            }
            "allOf" => each().try_for_each(|s| fits(root, s, value, at))?,
            "items" => {
                let items = value.as_array().into_iter().flatten();
                for (i, item) in items.enumerate() {
                    fits(root, rule, item, &format!("{at}[{i}]"))?;
                }
            }
            "properties" => object(root, rules, value, at)?,
            "additionalProperties" => {}
            silent => assert!(SILENT.contains(&silent), "{silent} is not checked here"),
        }
    }
    Ok(())
}

fn object(
    root: &Value,
    rules: &serde_json::Map<String, Value>,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    let properties = rules["properties"].as_object().unwrap();
    let required = rules.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten() {
        if !object.contains_key(name.as_str().unwrap()) {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    for (name, value) in object {
        match properties.get(name) {
            Some(rule) => fits(root, rule, value, &format!("{at}.{name}"))?,
            None if rules.get("additionalProperties") == Some(&Value::Bool(false)) => {
                return Err(format!("{at}: {name} is not foreseen"));
            }
            None => {}
        }
    }
    Ok(())
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}
