use clap::ValueEnum;

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs: one JSON value
    Json,
    /// For programs: comma-separated values with a header
    Csv,
}
