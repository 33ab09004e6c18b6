use clap::Args;
use rhymedb::OnError;

/// How the rows of input files are read.
#[derive(Debug, Args)]
pub(crate) struct Rows {
    /// Columns by name: time=Date,open=o,...; a time in two columns: time=Day+Hour
    #[arg(long, value_name = "FIELD=COLUMN,...", value_parser = columns)]
    map: Option<Columns>,
    /// What to do with rows that cannot be stored: refuse the file, or skip them
    #[arg(long, value_parser = on_error, default_value = "refuse", value_name = "refuse|skip")]
    pub(crate) on_error: OnError,
}

impl Rows {
    /// Pairs of field and column.
    pub(crate) fn map(&self) -> Vec<(String, String)> {
        self.map.as_ref().map_or_else(Vec::new, |c| c.0.clone())
    }
}

/// What `--map` says. A type of its own, because a list would make clap expect several values.
#[derive(Clone, Debug)]
struct Columns(Vec<(String, String)>);

fn columns(text: &str) -> Result<Columns, String> {
    rhymedb::parse_map(text)
        .map(Columns)
        .map_err(|e| e.to_string())
}

fn on_error(text: &str) -> Result<OnError, String> {
    text.parse().map_err(|e: rhymedb::Error| e.to_string())
}
