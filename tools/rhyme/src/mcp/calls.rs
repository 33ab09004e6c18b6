//! Calls of tools.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rhymedb::ask::Question;
use rhymedb::{Control, Database, Error};
use serde_json::{Map, Value, json};

use super::{cut, evidence, message, tools};

/// A call that waits for its answer.
pub(super) struct Call {
    id: Value,
    name: &'static str,
    arguments: Map<String, Value>,
    control: Control,
}

pub(super) struct Calls {
    db: Database,
    timeout: Duration,
    /// Those that wait or run, with what stops them.
    open: Mutex<Vec<(Value, Control)>>,
}

/// The options that say how many rows are wanted, and the most that are given. All means the most.
const COUNTS: [&str; 2] = ["k", "last"];

impl Calls {
    pub(super) fn new(db: Database, timeout: Duration) -> Self {
        let open = Mutex::default();
        Self { db, timeout, open }
    }

    fn open(&self) -> MutexGuard<'_, Vec<(Value, Control)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Understands the parameters of `tools/call`.
    pub(super) fn call(&self, id: Value, params: &Value) -> Result<Call, String> {
        let name = params.get("name").and_then(Value::as_str);
        let name = name.ok_or("expected the name of a tool under `name`")?;
        let known = Question::NAMES.iter().find(|known| **known == name);
        let name = known.ok_or_else(|| format!("no tool {name:?}; `tools/list` has them"))?;
        let arguments = match params.get("arguments") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) => arguments.clone(),
            Some(_) => return Err("expected an object under `arguments`".to_owned()),
        };
        let control = Control::new();
        self.open().push((id.clone(), control.clone()));
        Ok(Call {
            id,
            name,
            arguments,
            control,
        })
    }

    /// Stops the call of that id; it gets no answer.
    pub(super) fn cancel(&self, id: &Value) {
        let open = self.open();
        let controls = open.iter().filter(|(of, _)| of == id);
        controls.for_each(|(_, control)| control.stop());
    }

    /// Answers a call, unless it was cancelled.
    pub(super) fn answer(&self, call: Call) -> Option<Value> {
        let Call {
            id,
            name,
            mut arguments,
            control,
        } = call;
        let lowered = lower_counts(name, &mut arguments);
        let timed = control.clone().time_limit(self.timeout);
        let answered = self.ask(name, arguments, &timed);
        self.open().retain(|(of, _)| *of != id);
        if control.is_stopped() {
            return None;
        }
        let result = match answered {
            Ok(mut answer) => {
                let cut = cut::to_fit(&mut answer);
                let mut said = evidence::of(name, &answer, &cut.lengths);
                said.extend(lowered.into_iter().chain(cut.said));
                said.push(tools::caution(name).to_owned());
                json!({ "content": [
                    { "type": "text", "text": said.join("\n") },
                    { "type": "text", "text": answer.to_string() },
                ]})
            }
            Err(error) => json!({
                "content": [{ "type": "text", "text": error.to_string() }],
                "isError": true,
            }),
        };
        Some(message::result(&id, &result))
    }

    fn ask(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        control: &Control,
    ) -> rhymedb::Result<Value> {
        control.check()?;
        let read = Question::read(name, Value::Object(arguments));
        let unknown = || Error::Invalid(format!("no tool {name:?}"));
        let question = read.ok_or_else(unknown)?.map_err(|e| {
            Error::Invalid(format!(
                "{e}, in the arguments of {name}; its inputSchema describes them"
            ))
        })?;
        let answer = question.ask(&self.db.now().controlled(control))?;
        let broken = |e| Error::Internal(format!("an answer as JSON: {e}"));
        serde_json::to_value(&answer).map_err(broken)
    }
}

/// Lowers what asks for more rows than an answer has.
fn lower_counts(name: &str, arguments: &mut Map<String, Value>) -> Option<String> {
    let (count, value) = arguments
        .iter_mut()
        .find(|(key, _)| COUNTS.contains(&key.as_str()))?;
    let asked = value.as_u64()?;
    let all = asked == 0 && count == "last";
    if asked <= cut::ROWS as u64 && !all {
        return None;
    }
    *value = cut::ROWS.into();
    let asked = if all {
        "all".to_owned()
    } else {
        asked.to_string()
    };
    Some(format!(
        "cut: {name} was asked with {count} {} instead of {asked}; narrow the question for others",
        cut::ROWS
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn no_more_rows_are_asked_for_than_are_given() {
        for (arguments, after) in [
            (json!({"k": 51}), json!({"k": 50})),
            (json!({"last": 0}), json!({"last": 50})),
            (json!({"last": 1000}), json!({"last": 50})),
        ] {
            let mut map = arguments.as_object().unwrap().clone();
            assert!(lower_counts("bars", &mut map).unwrap().contains("50"));
            assert_eq!(Value::Object(map), after);
        }
        for arguments in [
            json!({"k": 50}),
            json!({"k": 0}),
            json!({"k": "x"}),
            json!({}),
        ] {
            let mut map = arguments.as_object().unwrap().clone();
            assert_eq!(lower_counts("bars", &mut map), None);
            assert_eq!(Value::Object(map), arguments);
        }
    }
}
