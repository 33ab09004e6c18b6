use clap::Args;
use rhymedb::files::{ClockZone, DateOrder, OnError};

/// How the rows of input files are read.
#[derive(Debug, Args)]
pub(crate) struct Rows {
    /// Columns by name or number: time=Date,open=#2,...; a time in two columns: time=Day+Hour;
    /// a name with a comma: open="Open, USD"
    #[arg(long, value_name = "FIELD=COLUMN,...", value_parser = columns)]
    map: Option<Columns>,
    /// What to do with rows that cannot be stored: refuse their file or, of bars, their
    /// symbol or member of a zip; or skip them
    #[arg(long, value_parser = on_error, default_value = "refuse", value_name = "refuse|skip")]
    pub(crate) on_error: OnError,
    /// Fail if anything was refused; else the rest goes in, and what was refused is told
    #[arg(long)]
    pub(crate) strict: bool,
}

impl Rows {
    /// Pairs of field and column.
    pub(crate) fn map(&self) -> Vec<(String, String)> {
        self.map.as_ref().map_or_else(Vec::new, |c| c.0.clone())
    }
}

/// How times are written that can be read in several ways.
#[derive(Debug, Args)]
pub(crate) struct Times {
    /// The order of dates like 31/01/2024, or that times are days of Excel
    #[arg(long, value_name = "day-first|month-first|year-first|excel")]
    pub(crate) dates: Option<DateOrder>,
    /// The clock of times without a zone, like Europe/Berlin [default: UTC]
    #[arg(long)]
    pub(crate) zone: Option<ClockZone>,
}

/// What `--map` says. A type of its own, because a list would make clap expect several values.
#[derive(Clone, Debug)]
struct Columns(Vec<(String, String)>);

fn columns(text: &str) -> Result<Columns, String> {
    rhymedb::files::parse_map(text)
        .map(Columns)
        .map_err(|e| e.to_string())
}

fn on_error(text: &str) -> Result<OnError, String> {
    text.parse().map_err(|e: rhymedb::Error| e.to_string())
}
