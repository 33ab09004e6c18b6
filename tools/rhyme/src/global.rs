//! The options that every command takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use rhymedb::data::Zone;

use crate::format::Format;
use crate::session::Session;

#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The database's folder [default: ./market.rhyme]
    #[arg(long, global = true, env = "RHYME_DB", value_name = "DIR")]
    pub(crate) db: Option<PathBuf>,
    /// Refuse commands that would change something
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// How answers are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// No progress and no notices, only answers and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Stop a question that takes longer than this, like 30s or 5m
    #[arg(long, global = true, value_name = "TIME", value_parser = time_limit)]
    pub(crate) timeout: Option<Duration>,
    /// The time zone in which tables show times, like Europe/Berlin [default: UTC]. JSON and CSV have UTC,
    /// and so have times that are typed without a zone
    #[arg(
        id = "print_zone",
        long = "print-zone",
        global = true,
        env = "RHYME_ZONE",
        value_name = "ZONE"
    )]
    pub(crate) zone: Option<Zone>,
    /// What the shell holds for the command, if the command is a line of it.
    #[arg(skip)]
    pub(crate) session: Option<Session>,
}

/// A time limit, like 500ms, 30s or 5m.
pub(crate) fn time_limit(text: &str) -> Result<Duration, String> {
    let start = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(start.unwrap_or(text.len()));
    let millis: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let limit = number.parse().ok().zip(millis);
    let limit = limit.and_then(|(n, unit): (u64, u64)| n.checked_mul(unit));
    limit
        .filter(|&millis| millis > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("expected a time like 500ms, 30s or 5m, found {text:?}"))
}

impl Global {
    /// The options that a line says, and those of `base` for the rest.
    pub(crate) fn over(self, base: &Self, line: &ArgMatches) -> Self {
        let said = |id: &str| line.value_source(id) == Some(ValueSource::CommandLine);
        Self {
            db: if said("db") { self.db } else { base.db.clone() },
            read_only: base.read_only || self.read_only,
            format: if said("format") {
                self.format
            } else {
                base.format
            },
            quiet: base.quiet || self.quiet,
            timeout: self.timeout.or(base.timeout),
            zone: if said("print_zone") {
                self.zone
            } else {
                base.zone.clone()
            },
            session: base.session.clone(),
        }
    }
}
