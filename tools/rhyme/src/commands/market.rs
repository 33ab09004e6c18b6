//! Many assets at one time.

use clap::Subcommand;

use super::{clusters, correlation, lead_lag, portfolio};
use crate::failure::Outcome;
use crate::global::Global;

#[derive(Debug, Subcommand)]
pub(crate) enum Args {
    /// Groups of assets that move together
    #[command(after_help = clusters::HELP)]
    Clusters(clusters::Args),
    /// How much assets move together, and which do otherwise than they used to
    #[command(after_help = correlation::HELP)]
    Correlation(correlation::Args),
    /// Which assets move first, if any
    #[command(after_help = lead_lag::HELP)]
    LeadLag(lead_lag::Args),
    /// How to share out money among assets, by several rules
    #[command(after_help = portfolio::HELP)]
    Portfolio(portfolio::Args),
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    match args {
        Args::Clusters(args) => clusters::run(global, args),
        Args::Correlation(args) => correlation::run(global, args),
        Args::LeadLag(args) => lead_lag::run(global, args),
        Args::Portfolio(args) => portfolio::run(global, args),
    }
}
