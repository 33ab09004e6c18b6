//! The demo's questions in words. Each is a command as a user types it, and runs as one.

use rhymedb::View;
use rhymedb::synthetic::{EventKind, SyntheticMarket};

use crate::dispatch;
use crate::failure::Outcome;
use crate::global::Global;
use crate::output::lines;

/// A question and the words of its command.
struct Question {
    text: &'static str,
    command: Vec<String>,
}

/// Asks, one after the other. `global` holds the open database, `prefix` is how a command begins.
pub(super) fn ask(global: &Global, prefix: &str, view: &View, market: &SyntheticMarket) -> Outcome {
    for question in questions(view, market)? {
        lines(&format!(
            "── {}\n\n   {prefix} {}\n",
            question.text,
            typed(&question.command)
        ))?;
        let (global, command) = dispatch::parse(&question.command, global)?;
        dispatch::run(&global, command)?;
        lines("")?;
    }
    Ok(())
}

fn questions(view: &View, market: &SyntheticMarket) -> Outcome<Vec<Question>> {
    let search = "panic selling hammers the coin, price down 10%";
    let mut all = vec![Question {
        text: "In words: charts and headlines of panic",
        command: words(&["search", search, "--market", "crypto", "-k", "3"]),
    }];
    let events = market.events();
    let scandals = events
        .iter()
        .rev()
        .filter(|e| e.kind == EventKind::CeoScandal);
    // The last one may still be going on when the market ends.
    let Some(event) = scandals.take(2).last() else {
        return Ok(all);
    };
    let Some(series) = event.series.first() else {
        return Ok(all);
    };
    let target = format!("{series}@{}", event.end);
    all.push(Question {
        text: "A stock slid: which headlines of the weeks around it fit the chart?",
        command: words(&["news", &target, "--within", "30d", "-k", "4"]),
    });
    all.push(Question {
        text: "What kind of event does the chart look like?",
        command: words(&["classify", &target, "--set", "stock-events"]),
    });
    let told = view.headlines(Some(&series.symbol), Some(event.time), Some(event.end), 1)?;
    if let Some(headline) = told.first() {
        let options = ["--market", "equity", "--horizon", "10", "-k", "8"];
        let command = [&["reaction", headline.text.as_str()][..], &options[..]].concat();
        all.push(Question {
            text: "What did stocks do in the ten days after headlines like this one?",
            command: words(&command),
        });
    }
    Ok(all)
}

fn words(of: &[&str]) -> Vec<String> {
    of.iter().map(|&word| word.to_owned()).collect()
}

/// A command as it is typed.
fn typed(command: &[String]) -> String {
    let quoted = command.iter().map(|word| {
        if word.contains(char::is_whitespace) {
            format!("\"{word}\"")
        } else {
            word.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
