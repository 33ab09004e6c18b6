//! The page of `rhyme --help`: the commands by what people want to do.

use std::fmt::Write as _;

use clap::Command;

/// What people want to do, whether its commands only read, and the commands.
const GROUPS: [(&str, bool, &[&str]); 9] = [
    ("Begin", false, &["demo", "shell", "doctor", "completions"]),
    (
        "Bring in",
        false,
        &[
            "ingest",
            "import",
            "merge",
            "embed",
            "resample",
            "prototype",
            "attribute",
            "tag",
            "save",
        ],
    ),
    (
        "Ask",
        true,
        &[
            "similar",
            "search",
            "news",
            "context",
            "reaction",
            "outcomes",
            "classify",
            "combine",
            "axis",
            "divergence",
            "anomaly",
            "transfer",
            "transfer-matrix",
            "map",
            "market",
            "ask",
        ],
    ),
    ("Decide", true, &["today", "signal", "backtest", "watch"]),
    (
        "See",
        true,
        &[
            "series",
            "bars",
            "headlines",
            "spaces",
            "attributes",
            "tags",
            "stats",
            "eval",
        ],
    ),
    ("Take out", true, &["export"]),
    ("Serve", false, &["serve", "mcp"]),
    (
        "Look after",
        false,
        &[
            "verify",
            "repair",
            "compact",
            "backup",
            "restore",
            "adjust",
            "delete",
            "drop-space",
        ],
    ),
    // Of the shell alone.
    ("Shell", false, &["let", "as", "last", "exit"]),
];
/// For commands that no group names.
const OTHER: &str = "Other";
const WIDTH: usize = 80;

/// The group of a command.
fn group_of(name: &str) -> &'static str {
    let group = GROUPS.iter().find(|(_, _, names)| names.contains(&name));
    group.map_or(OTHER, |(title, ..)| title)
}

/// Whether a command tells of what is stored and changes nothing.
pub(crate) fn only_reads(name: &str) -> bool {
    if name == "watch" {
        return false; // It stores what it asks about.
    }
    let group = GROUPS.iter().find(|(_, _, names)| names.contains(&name));
    group.is_some_and(|(_, reads, _)| *reads)
}

/// Whether a command answers and writes nothing by itself.
pub(crate) fn only_answers(name: &str) -> bool {
    only_reads(name) && name != "export"
}

/// Puts the page in the place of clap's own.
pub(crate) fn grouped(command: Command) -> Command {
    let page = format!(
        "{{about}}\n{}{{usage-heading}} {{usage}}\n\n{}\nOptions: {}",
        start(&command),
        commands(&command),
        options(&command),
    );
    let command = command.help_template(page);
    // Written out, it is the same for `-h` and `--help`.
    let written = command.clone().render_help();
    command.override_help(written)
}

/// Three commands to start with, and where to read on.
const START: [(&str, &str); 4] = [
    ("rhyme demo", "a made-up market, and questions to it"),
    (
        "rhyme ingest bars FILE",
        "your own candles, into ./market.rhyme",
    ),
    (
        "rhyme similar BTCUSDT:1h",
        "what looked like the latest window?",
    ),
    ("rhyme help COMMAND", "all about a command, with an example"),
];

fn start(command: &Command) -> String {
    let header = command.get_styles().get_header();
    let literal = command.get_styles().get_literal();
    let mut page = String::new();
    let mut heading = "Start with";
    for (typed, about) in START {
        let _ = writeln!(
            page,
            "{header}{heading:<10}{header:#}  {literal}{typed:<24}{literal:#}  {about}"
        );
        heading = "";
    }
    page
}

fn commands(command: &Command) -> String {
    let shown = || command.get_subcommands().filter(|c| !c.is_hide_set());
    let titles = GROUPS.iter().map(|(title, ..)| *title).chain([OTHER]);
    let mut page = String::new();
    let header = command.get_styles().get_header();
    let literal = command.get_styles().get_literal();
    for title in titles {
        let mut heading = title;
        let ordered = order(title, shown().filter(|c| group_of(c.get_name()) == title));
        for sub in ordered {
            let name = sub.get_name();
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            // The names of groups and commands are short enough; padding sees no styles.
            let _ = writeln!(
                page,
                "{header}{heading:<10}{header:#}  {literal}{name:<15}{literal:#}  {about}"
            );
            heading = "";
        }
    }
    page
}

/// The commands of a group in the order in which it names them.
fn order<'a>(title: &str, of_group: impl Iterator<Item = &'a Command>) -> Vec<&'a Command> {
    let names = GROUPS.iter().find(|(t, ..)| *t == title).map(|g| g.2);
    let place = |c: &Command| names?.iter().position(|name| *name == c.get_name());
    let mut all: Vec<&Command> = of_group.collect();
    all.sort_by_key(|c| place(c));
    all
}

/// The options that every command takes, in a line or two.
fn options(command: &Command) -> String {
    let mut lines = vec![String::new()];
    for arg in command.get_arguments() {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let Some(mut text) = long else { continue };
        if let Some(short) = arg.get_short() {
            text = format!("-{short}, {text}");
        }
        let values = arg.get_possible_values();
        if arg.get_action().takes_values() {
            let names: Vec<&str> = values.iter().map(|v| v.get_name()).collect();
            let name = arg.get_value_names().and_then(|n| n.first());
            let name = name.map_or(String::new(), ToString::to_string);
            let choice = if names.is_empty() {
                name
            } else {
                names.join("|")
            };
            let _ = write!(text, " {choice}");
        }
        let full = |line: &String| line.len() + text.len() + 2 > WIDTH - "Options: ".len();
        if lines.last().is_some_and(full) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(&text);
        }
    }
    lines.join("\n         ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use clap::CommandFactory;

    use super::*;
    use crate::args::Args;
    use crate::shell::line_command;

    #[test]
    fn every_command_is_in_one_group() {
        let mut named: Vec<&str> = GROUPS.iter().flat_map(|g| g.2.iter().copied()).collect();
        let command = line_command();
        let real: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        for name in &real {
            assert_ne!(group_of(name), OTHER, "{name} is in no group of help.rs");
        }
        named.retain(|name| !real.contains(name));
        if cfg!(not(feature = "serve")) {
            named.retain(|name| *name != "serve");
        }
        assert!(named.is_empty(), "there are no such commands: {named:?}");
        let all: Vec<&str> = GROUPS.iter().flat_map(|g| g.2.iter().copied()).collect();
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "a command is in two groups");
    }

    #[test]
    fn the_page_fits_a_screen() {
        let page = grouped(Args::command()).render_help().to_string();
        let wide: Vec<&str> = page.lines().filter(|l| l.chars().count() > WIDTH).collect();
        assert!(wide.is_empty(), "{wide:?}");
        assert!(page.lines().count() <= 62, "{page}");
        // No sentence is cut.
        assert!(!page.contains("..."), "{page}");
        assert!(!page.contains("Shell "), "{page}");
    }

    #[test]
    fn options_that_take_a_list_take_it_with_commas() {
        // Lines of a script, and sentences, which have commas of their own; the values of an attribute stand
        // with commas behind its name; a quota is a pair.
        const OTHERS: [&str; 4] = ["command", "labels", "attribute", "per"];
        fn check(command: &Command) {
            for arg in command.get_arguments() {
                let many = matches!(arg.get_action(), clap::ArgAction::Append);
                let name = arg.get_id().as_str();
                if many && !arg.is_positional() && !OTHERS.contains(&name) {
                    let with = arg.get_value_delimiter();
                    assert_eq!(with, Some(','), "{}: {name}", command.get_name());
                }
            }
            command.get_subcommands().for_each(check);
        }
        check(&Args::command());
    }

    #[test]
    fn the_page_begins_with_commands_that_are_understood() {
        let page = grouped(Args::command()).render_help().to_string();
        let usage = page.find("Usage:").unwrap();
        for (typed, _) in START {
            assert!(page.find(typed).unwrap() < usage, "{page}");
            let words = typed.replace("COMMAND", "similar");
            let parsed = Args::command().try_get_matches_from(words.split(' '));
            let help = |e: &clap::Error| e.kind() == clap::error::ErrorKind::DisplayHelp;
            assert!(
                parsed.as_ref().is_ok() || parsed.is_err_and(|e| help(&e)),
                "{typed}"
            );
        }
    }
}
