//! Groups of assets that move together.

use clap::Args as ClapArgs;
use rhymedb::ask::{AgreementRow, ClusterRow, ClustersReply, ClustersRequest};
use rhymedb::query::{ClusterBy, ClusterMethod};
use serde_json::{Value, json};

use super::assets::{Assets, left_out};
use super::shown::{self, rounded};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
Two assets are alike by the correlation of their log returns over the bars that both have, after
what the market did was taken off: the mean return of the assets, times the slope of each asset on
it. Groups are those of a tree (average linkage), cut where the silhouette is largest unless
--groups says how many there are.

`inside` and `outside` are mean correlations of two assets of a group, and of one with one of
another group. `found again` is the share of a group that comes back where the days are drawn
anew: above 0.75 it lasts, below 0.5 it does not. p is how often groups are as much apart where
the signs of each asset's returns are drawn anew, week by week, so that nothing connects the
assets. --compare sector says how well the groups agree with an attribute of the symbols.

Example: rhyme market clusters --interval 1h --plot groups.html
Example: rhyme market clusters --interval 1h --groups 2 --as-of 2021-05-01";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    assets: Assets,
    /// How many of the latest returns count [default: 504, or all since --from]
    #[arg(long, value_name = "N")]
    returns: Option<usize>,
    /// What makes two assets alike: returns, vectors (of their latest windows in a space), or both
    #[arg(long, default_value = "returns", value_name = "WHAT")]
    by: ClusterBy,
    /// The space of the vectors [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// How groups are made: average, ward or complete (trees), or k-means
    #[arg(long, default_value = "average", value_name = "METHOD")]
    method: ClusterMethod,
    /// How many groups there are [default: those with the largest silhouette]
    #[arg(long, value_name = "N")]
    groups: Option<usize>,
    /// Leave in the returns what the market did
    #[arg(long)]
    keep_market: bool,
    /// How many times the days are drawn anew, and worlds by chance: 19 to 1000; 0 leaves both away
    #[arg(long, default_value_t = 50, value_name = "N")]
    draws: usize,
    /// The seed of the draws and of k-means
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Compare the groups with an attribute of the symbols, like sector
    #[arg(long, value_name = "ATTRIBUTE")]
    compare: Option<String>,
    /// Give the tree too, in JSON
    #[arg(long)]
    tree: bool,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = ClustersRequest::default();
    request.filter = args.assets.filter()?;
    (request.returns, request.as_of) = (args.returns, args.assets.as_of);
    (request.by, request.method, request.groups) = (args.by, args.method, args.groups);
    request.space.clone_from(&args.space);
    request.compare.clone_from(&args.compare);
    (request.keep_market, request.tree) = (args.keep_market, args.tree);
    (request.draws, request.seed) = (args.draws, args.seed);
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.assets.as_of);
    let drawn = || Ok(picture::clusters(view, &answer));
    args.plot.write(global, drawn)?;
    print(global.format, &reply, args)
}

const ASSET_COLUMNS: [Column; 9] = [
    column("group", "group"),
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("to_group", "to group"),
    column("nearest", "nearest"),
    column("to_nearest", "to nearest"),
    column("value", "value"),
];

const GROUP_COLUMNS: [Column; 7] = [
    column("group", "group"),
    column("n", "assets"),
    column("typical", "typical"),
    column("inside", "inside"),
    column("outside", "outside"),
    column("stability", "found again"),
    column("members", "members"),
];

fn print(format: Format, reply: &ClustersReply, args: &Args) -> Outcome {
    let rows = shown::rows(&reply.assets)?;
    output::keep(&ASSET_COLUMNS, &rows);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &ASSET_COLUMNS, &rows, ""),
        Format::Table => table(reply, args),
    }
}

fn table(reply: &ClustersReply, args: &Args) -> Outcome {
    output::prose(&format!("{}\n", told(reply, args)))?;
    if let Some(agreement) = &reply.agreement {
        output::prose(&format!("{}\n", compared(agreement)))?;
    }
    let mut columns = GROUP_COLUMNS.to_vec();
    if reply.agreement.is_some() {
        columns.insert(6, column("value", "mostly"));
    }
    let rows: Vec<Value> = reply.groups.iter().map(group).collect();
    let decimals = ["inside", "outside", "stability"].map(|key| (key, 2));
    output::listing(Format::Table, &columns, &rounded(rows, &decimals), "")?;
    left_out(&reply.left_out)
}

/// What was compared, and whether there are groups at all.
fn told(reply: &ClustersReply, args: &Args) -> String {
    let by = match reply.by {
        ClusterBy::Vectors => "the vectors of their latest windows",
        ClusterBy::Both => "returns and vectors",
        _ => "returns",
    };
    let market = match (reply.by, args.keep_market) {
        (ClusterBy::Vectors, _) => "",
        (_, true) => ", the market left in",
        (_, false) => ", less the market",
    };
    let p = reply.p_value.map_or(String::new(), |p| {
        format!(
            "; chance reaches that with p = {p:.3} ({} draws)",
            args.draws
        )
    });
    format!(
        "{} assets in {} groups by {by}: {} returns of {} to {}{market}; silhouette {:.3}{p}",
        grouped(reply.assets.len() as u64),
        reply.groups.len(),
        grouped(reply.returns as u64),
        reply.interval,
        reply.until,
        reply.silhouette,
    )
}

fn compared(found: &AgreementRow) -> String {
    legible(&format!(
        "{} of {} assets with {} values: adjusted Rand index {:.2}; of the {} most similar to an asset {:.0} % have its value (chance: {:.0} %)",
        found.attribute,
        grouped(found.n as u64),
        found.values,
        found.adjusted_rand,
        found.neighbours,
        100.0 * found.precision,
        100.0 * found.precision_by_chance,
    ))
}

/// A row of the table: with a few members, the first of the list.
fn group(row: &ClusterRow) -> Value {
    const SHOWN: usize = 8;
    let mut members: Vec<&str> = row.members.iter().map(String::as_str).collect();
    let more = members.len().saturating_sub(SHOWN);
    members.truncate(SHOWN);
    let mut members = members.join(" ");
    if more > 0 {
        members.push_str(&format!(" and {more} more"));
    }
    let value = row.value.as_ref().zip(row.value_share);
    let value = value.map(|(value, share)| format!("{value} {:.0} %", 100.0 * share));
    json!({
        "group": row.group,
        "n": row.n,
        "typical": row.typical,
        "inside": row.inside,
        "outside": row.outside,
        "stability": row.stability,
        "value": value,
        "members": members,
    })
}
