use clap::Args;
use std::io::{self, BufRead, IsTerminal, Write};

use rhymedb::{Error, Target, Timestamp};

use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::opening::{check_period, open, open_to_write, view_at};
use crate::output::{self, column};

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The series, like BTCUSDT:1h
    #[arg(required_unless_present = "headlines")]
    pub(crate) series: Option<String>,
    /// Delete headlines instead of a series
    #[arg(long, conflicts_with = "series")]
    pub(crate) headlines: bool,
    /// Only what opened, or was published, at or after this time
    #[arg(long)]
    pub(crate) from: Option<Timestamp>,
    /// Only what opened, or was published, at or before this time
    #[arg(long, alias = "to")]
    pub(crate) until: Option<Timestamp>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DropSpace {
    /// The name of the space
    pub(crate) space: String,
    /// Forget the vectors of texts that services were paid for, too, of all spaces; they stay else, so that nobody
    /// pays twice
    #[arg(long)]
    pub(crate) forget_paid: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

pub(crate) fn run(global: &Global, args: &Delete) -> Outcome {
    check_period(args.from, args.until)?;
    let start = args.from.unwrap_or(Timestamp::from_millis(i64::MIN));
    let end = args.until.unwrap_or(Timestamp::from_millis(i64::MAX));
    let part = match (args.from, args.until) {
        (None, None) => String::new(),
        (Some(a), None) => format!(" from {a}"),
        (None, Some(b)) => format!(" up to {b}"),
        (Some(a), Some(b)) => format!(" from {a} to {b}"),
    };
    let report = if let Some(name) = &args.series {
        let target: Target = name.parse()?;
        if target.time.is_some() {
            return Err(Error::Invalid(format!(
                "expected a series like BTCUSDT:1h, found {name} with a time; use --from and --to"
            ))
            .into());
        }
        // Others can write for as long as somebody thinks about it.
        let key = view_at(global, &open(global)?, None).series_of(&target)?;
        confirm(args.yes, &format!("Delete {key}{part}?"))?;
        let whole = args.from.is_none() && args.until.is_none();
        open_to_write(global)?.delete_bars(&key, (!whole).then_some(start..=end))?
    } else {
        open(global)?;
        confirm(args.yes, &format!("Delete all headlines{part}?"))?;
        open_to_write(global)?.delete_headlines(start..=end)?
    };
    let row = output::value(&report)?;
    let mut columns = vec![
        column("bars", "bars deleted"),
        column("windows", "windows deleted"),
        column("headlines", "headlines deleted"),
    ];
    if report.bars_made > 0 {
        columns.push(column("bars_made", "bars changed that are made of them"));
    }
    output::record(global.format, &columns, &row)
}

pub(crate) fn space(global: &Global, args: &DropSpace) -> Outcome {
    let spaces = open(global)?.now().spaces()?;
    // A name that is none is said before anybody is asked.
    if spaces.iter().any(|s| s.space.name == args.space) {
        confirm(args.yes, &format!("Delete the space {}?", args.space))?;
    }
    let db = open_to_write(global)?;
    let mut row = output::value(&db.drop_space(&args.space)?)?;
    let mut columns = vec![
        column("rows", "rows deleted"),
        column("headline_rows", "headlines taken out"),
        column("segments", "segments deleted"),
        column("bytes", "bytes of segments"),
        column("weights_bytes", "bytes of weights"),
    ];
    if args.forget_paid
        && let Some(row) = row.as_object_mut()
    {
        let forgotten = db.forget_text_vectors()?;
        row.insert("paid_vectors".to_owned(), forgotten.into());
        columns.push(column("paid_vectors", "paid vectors forgotten"));
    }
    output::record(global.format, &columns, &row)
}

/// Asks on a terminal; elsewhere `--yes` is needed.
pub(super) fn confirm(yes: bool, question: &str) -> Outcome {
    if yes {
        return Ok(());
    }
    let refused =
        |what: &str| Failure::from(Error::Invalid(format!("{what}; nothing was deleted")));
    if !io::stdin().is_terminal() {
        return Err(refused(
            "deleting needs --yes when there is no terminal to ask",
        ));
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        Ok(())
    } else {
        Err(refused("not confirmed"))
    }
}
