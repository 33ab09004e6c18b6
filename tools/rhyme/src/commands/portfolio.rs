//! How to share out money among assets.

use clap::Args as ClapArgs;
use rhymedb::Control;
use rhymedb::ask::{PortfolioReplayReply, PortfolioReply, PortfolioRequest, PortfolioRow};
use rhymedb::query::{ClusterBy, ClusterMethod, PortfolioRule};
use serde_json::{Value, json};

use super::assets::{Assets, left_out};
use super::shown::{self, rounded, with_p};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::output::{self, Column, column};
use crate::picture::{self, PlotArgs};
use crate::progress;
use crate::text::grouped;

pub(crate) const HELP: &str = "\
equal             the same for each asset
inverse-variance  by the inverse of each asset's variance
hrp               hierarchical risk parity (López de Prado 2016), by a tree of what moves together
clusters          the same for each group of `rhyme market clusters`, and within a group for each asset
min-variance      the least variance
max-sharpe        the most mean by deviation: it believes the mean returns of the period, mostly chance

Nothing is borrowed or sold short. Correlations are drawn towards their mean, as much as so few
returns demand (Ledoit and Wolf 2004). `risk` is the share of the portfolio's variance that comes
from an asset, `effective` how many equal weights would be as concentrated. One --rule lists its assets.

--every N says what the rules would have earned from --from to --until: weights as of every N bars,
traded at the next open at the costs, beside equal weights. p is how often chance lets two Sharpe
ratios differ so much.

Example: rhyme market portfolio --interval 1h
Example: rhyme market portfolio --interval 1h --every 168 --fee 0.001 --plot accounts.html
Example: rhyme market portfolio --interval 1h --rule hrp --max-weight 0.4 --as-of 2021-05-01";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    assets: Assets,
    /// How many of the latest returns count [default: 252, or all since --from]
    #[arg(long, value_name = "N")]
    returns: Option<usize>,
    /// Which rules [default: all]
    #[arg(long, value_name = "RULE,...", value_delimiter = ',')]
    rule: Vec<PortfolioRule>,
    /// The least share of the money of each asset, like 0.01
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    min_weight: f64,
    /// The most share of the money of each asset, like 0.05
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    max_weight: f64,
    /// What makes two assets alike, for clusters: returns, vectors (of their latest windows in a space), or both
    #[arg(long, default_value = "returns", value_name = "WHAT")]
    by: ClusterBy,
    /// How the groups are made: average, ward or complete (trees), or k-means
    #[arg(long, default_value = "average", value_name = "METHOD")]
    method: ClusterMethod,
    /// How many groups there are [default: those with the largest silhouette]
    #[arg(long, value_name = "N")]
    groups: Option<usize>,
    /// The space of the vectors [default: shape]
    #[arg(long)]
    space: Option<String>,
    /// The seed of k-means
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Say what the rules would have earned, with weights asked for anew every so many bars
    #[arg(long, value_name = "BARS")]
    every: Option<usize>,
    /// The share of what is traded that is paid then
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.001,
        requires = "every"
    )]
    fee: f64,
    /// By what share a price is worse than the one that is stored
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, requires = "every")]
    slippage: f64,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let mut request = PortfolioRequest::default();
    request.filter = args.assets.filter()?;
    (request.returns, request.as_of) = (args.returns, args.assets.as_of);
    request.rules.clone_from(&args.rule);
    (request.min_weight, request.max_weight) = (args.min_weight, args.max_weight);
    (request.by, request.method, request.groups) = (args.by, args.method, args.groups);
    request.space.clone_from(&args.space);
    request.seed = args.seed;
    (request.every, request.fee, request.slippage) = (args.every, args.fee, args.slippage);
    let db = open(global)?;
    let view = view_of(global, &db);
    let control = match args.every {
        Some(_) => progress::control_of_long_work(global),
        None => Control::new(),
    };
    let (reply, answer, replay) = request.ask_in_full(&view, &control)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.assets.as_of);
    let drawn = || {
        Ok(match &replay {
            Some(replay) => picture::portfolio_replay(view, replay),
            None => picture::portfolio(view, &answer),
        })
    };
    args.plot.write(global, drawn)?;
    match &reply.replay {
        Some(replay) => print_replay(global.format, &reply, replay),
        None => print(global.format, &reply),
    }
}

const COLUMNS: [Column; 10] = [
    column("rule", "rule"),
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("weight", "weight"),
    column("risk", "risk"),
    column("volatility", "volatility"),
    column("mean", "mean"),
    column("group", "group"),
];

const RULE_COLUMNS: [Column; 7] = [
    column("rule", "rule"),
    column("n", "assets"),
    column("effective", "effective"),
    column("volatility", "volatility %"),
    column("mean", "mean %"),
    column("risk", "most risk %"),
    column("largest", "largest weights %"),
];

fn print(format: Format, reply: &PortfolioReply) -> Outcome {
    let rows = shown::rows(&reply.weights)?;
    output::keep(&COLUMNS, &rows);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &COLUMNS, &rows, ""),
        Format::Table => table(reply, rows),
    }
}

fn table(reply: &PortfolioReply, rows: Vec<Value>) -> Outcome {
    output::prose(&format!(
        "{} assets, {} returns of {} to {}: mean correlation {:.2}; single ones are drawn {:.0} % towards it\n",
        grouped(reply.assets as u64),
        grouped(reply.returns as u64),
        reply.interval,
        reply.until,
        reply.correlation,
        100.0 * reply.shrinkage,
    ))?;
    if let [only] = reply.portfolios.as_slice() {
        output::prose(&format!("{}\n", told(only)))?;
        let keys = ["weight", "risk", "volatility", "mean"];
        let grouped = only.rule == PortfolioRule::Clusters;
        let shown = |c: &&Column| c.key != "rule" && (grouped || c.key != "group");
        let columns = COLUMNS.iter().filter(shown);
        let columns = columns.map(|c| match keys.contains(&c.key) {
            true => column(c.key, percent(c.key)),
            false => *c,
        });
        let columns: Vec<Column> = columns.collect();
        let rows = rows.into_iter().map(|row| percents(row, &keys)).collect();
        output::listing(
            Format::Table,
            &columns,
            &rounded(rows, &keys.map(|k| (k, 1))),
            "",
        )?;
    } else {
        let each = reply.portfolios.iter().map(|rule| rule_row(reply, rule));
        let decimals = ["effective", "volatility", "mean", "risk"].map(|key| (key, 1));
        let rows = rounded(each.collect(), &decimals);
        output::listing(Format::Table, &RULE_COLUMNS, &rows, "")?;
    }
    left_out(&reply.left_out)
}

const REPLAY_COLUMNS: [Column; 15] = [
    column("rule", "rule"),
    column("total_return", "gain %"),
    column("annual_return", "a year %"),
    column("volatility", "volatility %"),
    column("drawdown", "fall %"),
    column("turnover", "turnover"),
    column("costs", "costs %"),
    column("sharpe", "Sharpe"),
    column("sharpe_low", "from"),
    column("sharpe_high", "to"),
    column("above_equal", "above equal"),
    column("above_low", "from"),
    column("above_high", "to"),
    column("p_value", "p"),
    column("in_cash", "in cash"),
];

/// What rules would have earned. Ends of intervals have the names of their figures in CSV alone.
fn print_replay(format: Format, reply: &PortfolioReply, replay: &PortfolioReplayReply) -> Outcome {
    let rows = shown::rows(&replay.rules)?;
    output::keep(&REPLAY_COLUMNS, &rows);
    match format {
        Format::Json => return output::json(&output::value(reply)?),
        Format::Csv => return output::listing(format, &REPLAY_COLUMNS, &rows, ""),
        Format::Table => {}
    }
    output::prose(&format!(
        "{} times from {} to {}, every {} bars of {}, {} to {} assets; {} of what is traded is paid\n",
        grouped(replay.rebalanced as u64),
        replay.from,
        replay.until,
        replay.every,
        reply.interval,
        grouped(replay.assets_first as u64),
        grouped(replay.assets_last as u64),
        format_args!("{:.2} %", 100.0 * replay.cost),
    ))?;
    let cash = replay.rules.iter().any(|rule| rule.in_cash > 0);
    let columns = REPLAY_COLUMNS.iter().filter(|c| cash || c.key != "in_cash");
    let columns: Vec<Column> = columns.copied().collect();
    let shares = [
        "total_return",
        "annual_return",
        "volatility",
        "drawdown",
        "costs",
    ];
    let rows = rows.into_iter().map(|row| percents(row, &shares)).collect();
    let mut decimals = shares.map(|key| (key, 1)).to_vec();
    decimals.push(("turnover", 1));
    for key in [
        "sharpe",
        "sharpe_low",
        "sharpe_high",
        "above_equal",
        "above_low",
        "above_high",
    ] {
        decimals.push((key, 2));
    }
    let rows = with_p(rounded(rows, &decimals));
    output::listing(Format::Table, &columns, &rows, "")
}

fn told(only: &PortfolioRow) -> String {
    if only.in_cash {
        return format!("{} holds nothing", only.rule);
    }
    format!(
        "{} holds {} assets, as concentrated as {:.1} equal ones: volatility {:.1} % a year",
        only.rule,
        grouped(only.n as u64),
        only.effective,
        100.0 * only.volatility,
    )
}

const fn percent(key: &str) -> &'static str {
    match key.as_bytes() {
        b"weight" => "weight %",
        b"risk" => "risk %",
        b"volatility" => "volatility %",
        _ => "mean %",
    }
}

/// A row with shares in percent.
fn percents(mut row: Value, keys: &[&str]) -> Value {
    for key in keys {
        let share = row.get(*key).and_then(Value::as_f64);
        if let (Some(share), Some(slot)) = (share, row.get_mut(*key)) {
            *slot = json!(100.0 * share);
        }
    }
    row
}

/// A rule in the table of rules: with the first of its list of weights.
fn rule_row(reply: &PortfolioReply, rule: &PortfolioRow) -> Value {
    const SHOWN: usize = 4;
    let own = || reply.weights.iter().filter(|w| w.rule == rule.rule);
    let largest = own().filter(|w| w.weight > 0.0).take(SHOWN);
    let largest = largest.map(|w| format!("{} {:.1}", w.series.symbol, 100.0 * w.weight));
    let most = own().map(|w| w.risk).fold(0.0, f64::max);
    json!({
        "rule": rule.rule,
        "n": rule.n,
        "effective": rule.effective,
        "volatility": 100.0 * rule.volatility,
        "mean": 100.0 * rule.mean,
        "risk": 100.0 * most,
        "largest": largest.collect::<Vec<String>>().join(", "),
    })
}
