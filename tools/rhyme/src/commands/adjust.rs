use clap::Args as ClapArgs;
use rhymedb::data::Split;
use rhymedb::ingest::AdjustReport;
use rhymedb::{Target, Timestamp};
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::open_to_write;
use crate::output::{self, column};
use crate::progress;
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
Divides the prices of all bars that opened before the date by the split, multiplies their volumes,
and embeds their windows again. Only series whose bars show the split on that date are changed, so
a second time is refused. Bars that are brought in later have to be of the new shares: a file that
is read again because it changed, or by --reread, puts the old prices back. `rhyme doctor` says what
looks like a split.

Example: rhyme adjust AAPL --split 4:1 --on 2020-08-31";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A symbol with all its series, or one series like AAPL:1d
    #[arg(value_name = "SYMBOL")]
    target: Target,
    /// New shares for old ones: 4:1, or 1:10 for a reverse split
    #[arg(long, value_name = "NEW:OLD")]
    split: Split,
    /// When the first bar with the new price opened
    #[arg(long, value_name = "DATE")]
    on: Timestamp,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    let db = open_to_write(global)?;
    let control = progress::control(global);
    let report = db.adjust(&args.target, args.split, args.on, &control)?;
    for name in &report.unchanged {
        let text = format!("note: {name} does not show the split and stays as it is");
        progress::notice(global, &legible(&text));
    }
    print(global.format, args, &report)
}

fn print(format: Format, args: &Args, report: &AdjustReport) -> Outcome {
    let rows: Vec<Value> = report
        .adjusted
        .iter()
        .map(|one| {
            json!({
                "series": one.series,
                "bars": one.bars,
                "before": one.before,
                "adjusted": one.adjusted,
                "after": one.after,
            })
        })
        .collect();
    if format == Format::Json {
        return output::json(&json!({
            "split": args.split.to_string(),
            "on": args.on.to_string(),
            "adjusted": rows,
            "unchanged": report.unchanged,
            "windows_embedded": report.stored.windows_embedded,
        }));
    }
    let columns = [
        column("series", "series"),
        column("bars", "bars changed"),
        column("before", "last close before"),
        column("adjusted", "is now"),
        column("after", "first open after"),
    ];
    output::listing(format, &columns, &rows, "nothing was changed")?;
    if format == Format::Table {
        let windows = grouped(report.stored.windows_embedded);
        output::lines(&format!("{windows} windows embedded again"))?;
    }
    Ok(())
}
