use clap::Args;
use rhymedb::{MapAnswer, Timestamp, View};
use serde_json::{Map as Object, Value, json};

use super::moves;
use super::which::Which;
use super::window_columns::window_row;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{check_period, note_pending, open, view_at};
use crate::output::{self, column};
use crate::picture::{self, MapColour, PlotArgs};
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
    check_period(args.which.from, args.which.until)?;
    let db = open(global)?;
    let view = view_at(global, &db, args.as_of);
    note_pending(global, &view)?;
    let mut map = view.map().sample(args.sample).seed(args.seed);
    say!(map, args, names: space);
    map = map.filter(args.which.filter());
    let answer = map.run()?;
    let drawn = || picture::map(&view, args.color, &answer);
    args.plot.write(global, drawn)?;
    print(global.format, &view, args, &answer)
}

/// Rows that a table shows; a map is read as a picture or by a program.
const SHOWN: usize = 10;

fn print(format: Format, view: &View, args: &Map, answer: &MapAnswer) -> Outcome {
    let rows = answer.points.iter().map(|point| row(view, point));
    let rows = rows.collect::<Outcome<Vec<Value>>>()?;
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
    let [x, y] = answer.explained.map(rounded);
    match format {
        Format::Json => output::json(&json!({
            "space": answer.space,
            "as_of": view.as_of().map(|t| t.to_string()),
            "windows": answer.windows,
            "explained": [x, y],
            "points": rows,
            "took_us": answer.took.as_micros() as u64,
        })),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            output::lines(&format!(
                "{} of {} windows of the space {}; the map shows {:.1} % of the variance, in {:.1} ms\n",
                grouped(rows.len() as u64),
                grouped(answer.windows),
                legible(&answer.space),
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

fn row(view: &View, point: &rhymedb::MapPoint) -> Outcome<Value> {
    let mut row = Object::new();
    row.insert("x".to_owned(), json!(rounded(point.x)));
    row.insert("y".to_owned(), json!(rounded(point.y)));
    row.extend(window_row(&point.window));
    moves::with_move(Format::Json, view, &point.window, Value::Object(row))
}

fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
