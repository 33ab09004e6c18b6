use clap::Args;
use rhymedb::Timestamp;
use rhymedb::ask::{MapReply, MapRequest};
use rhymedb::query::MapAnswer;

use super::shown;
use super::which::Which;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, known, open, view_of};
use crate::output::{self, column};
use crate::picture::{self, MapColour, PlotArgs};
use crate::progress;
use crate::text::{grouped, legible};

pub(crate) const HELP: &str = "\
A sample of the space's windows, placed along the two principal components of their vectors. What is
far apart on the map is far apart in the space; what is near may not be near.

Example: rhyme map --space shape --market crypto --color year --plot map.html";

#[derive(Debug, Args)]
pub(crate) struct Map {
    /// The space [default: shape]
    #[arg(long)]
    space: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Nothing whose last bar closed after this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// The least number of windows on the map, if there are so many
    #[arg(long, default_value_t = 2000, value_name = "N")]
    sample: usize,
    /// The seed of the sample
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What the picture colours windows by
    #[arg(long, value_enum, default_value_t = MapColour::Market)]
    color: MapColour,
    #[command(flatten)]
    plot: PlotArgs,
}

pub(crate) fn run(global: &Global, args: &Map) -> Outcome {
    let mut request = MapRequest::default();
    request.space.clone_from(&args.space);
    request.filter = args.which.filter();
    request.as_of = args.as_of;
    (request.sample, request.seed) = (args.sample, args.seed);
    check_period(args.which.from, args.which.until)?;
    let db = open(global)?;
    let view = view_of(global, &db);
    let (reply, answer) = request.ask_in_full(&view)?;
    progress::notes(global, &reply.notes);
    let view = &known(&view, args.as_of);
    let drawn = || picture::map(view, args.color, &answer);
    args.plot.write(global, drawn)?;
    print(global.format, args, &reply, &answer)
}

/// Rows that a table shows; a map is read as a picture or by a program.
const SHOWN: usize = 10;

fn print(format: Format, args: &Map, reply: &MapReply, answer: &MapAnswer) -> Outcome {
    let rows = shown::rows(&reply.points)?;
    let columns = [
        "x",
        "y",
        "market",
        "venue",
        "symbol",
        "interval",
        "start",
        "end",
        "move_percent",
        "move_sd",
    ];
    let columns = columns.map(|key| column(key, key));
    output::keep(&columns, &rows);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            output::lines(&format!(
                "{} of {} windows of the space {}; the map shows {:.1} % of the variance, in {:.1} ms\n",
                grouped(rows.len() as u64),
                grouped(reply.windows),
                legible(&reply.space),
                100.0 * (answer.explained[0] + answer.explained[1]),
                answer.took.as_secs_f64() * 1e3,
            ))?;
            let shown = rows.get(..SHOWN.min(rows.len())).unwrap_or_default();
            output::listing(format, &columns, shown, "")?;
            if args.plot.plot.is_none() && rows.len() > SHOWN {
                output::lines("...\n--plot FILE draws all of them, and --format csv lists them")?;
            }
            Ok(())
        }
    }
}
