//! `rhyme today`: the latest window of every series, the most unusual first.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;
use clap::builder::ValueHint;
use rhymedb::ask::{Span, TodayReply, TodayRequest};
use rhymedb::plot::Report;
use rhymedb::query::Horizon;
use rhymedb::{Error, Interval, Timestamp, View};

use super::today_saved::{self, Asked};
use super::today_table;
use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::opening::{known, open, view_of};
use crate::picture::{self, PlotArgs};
use crate::progress::{self, notice};
use crate::text::legible;
use crate::today_words::{moment, name};

pub(crate) const HELP: &str = "\
Of each series the latest window: how large its moves are among earlier ones, its regime and since when,
what followed the charts most like it beside what follows any (with the p), the news of the last day, and
whether they disagree with the chart. The most unusual comes first; sentences below the table tell of
those alone that are. A series that ended before others of its market and interval is told as stale.

With --alarm 0.99 the exit code is 6 if the moves of a series are larger than 99 % of earlier ones; it is 5
if nothing could be measured, and else 0:
  rhyme today --file watchlist.txt --alarm 0.99 --html today.html || mail ...

Example: rhyme today BTCUSDT ETHUSDT:1h";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Series like BTCUSDT:1h, or symbols and markets, all series of which are meant [default: all that
    /// is stored]
    series: Vec<String>,
    /// A file that names series, one a line or with commas; what follows # is a remark; - is standard input
    #[arg(long, value_name = "LIST", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Only series of these intervals
    #[arg(long, value_delimiter = ',')]
    interval: Vec<Interval>,
    /// How many similar charts say what followed
    #[arg(short, default_value_t = 20, value_name = "N")]
    k: usize,
    /// How far what followed reaches [default: 1d where bars are shorter than a day, else 5 bars]
    #[arg(long)]
    horizon: Option<Horizon>,
    /// How long before the last close news count
    #[arg(long, default_value = "1d", value_name = "TIME")]
    news: Span,
    /// Exit with 6 if the size of a series has this rank or a higher one, like 0.99
    #[arg(long, value_name = "RANK")]
    alarm: Option<f64>,
    /// A series is stale if others of its market and interval have more bars than this after its last
    #[arg(long, default_value_t = 3, value_name = "BARS")]
    stale: usize,
    /// Also ask the saved questions, as of the same time: `rhyme help save`
    #[arg(long)]
    saved: bool,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// Also write the report as one HTML file, with a chart of each series
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "plot")]
    html: Option<PathBuf>,
    #[command(flatten)]
    plot: PlotArgs,
}

/// `saved` asks the saved questions as of a time.
pub(crate) fn run(
    global: &Global,
    args: &Args,
    saved: impl FnOnce(Option<Timestamp>) -> Outcome<Vec<Asked>>,
) -> Outcome {
    let mut request = TodayRequest::default();
    request.series.clone_from(&args.series);
    if let Some(file) = &args.file {
        request.series.extend(names_in(file)?);
    }
    request.interval.clone_from(&args.interval);
    (request.k, request.horizon, request.stale) = (args.k, args.horizon, args.stale);
    (request.news, request.alarm, request.as_of) = (args.news, args.alarm, args.as_of);
    if args.saved {
        today_saved::check(global, args.html.is_some())?;
    }
    let db = open(global)?;
    let view = view_of(global, &db);
    let reply = request.ask_watched(&view, &progress::control_of_long_work(global))?;
    progress::notes(global, &reply.notes);
    let view = known(&view, args.as_of);
    if args.as_of.is_none() {
        tell_age(global, &reply);
    }
    let asked = match args.saved {
        true => Some(saved(args.as_of)?),
        false => None,
    };
    let drawn = || -> Outcome<Report> {
        let mut report = picture::today(&view, &reply)?;
        report.texts = asked.as_deref().map(today_saved::texts).unwrap_or_default();
        Ok(report)
    };
    args.plot.write(global, drawn)?;
    if let Some(path) = &args.html {
        PlotArgs::write_page(global, path, drawn)?;
    }
    today_table::print(global.format, &view, &reply, asked.as_deref())?;
    let saved = asked.as_deref().map_or(Ok(()), today_saved::ended);
    match (ended(&reply, &view), saved) {
        // The alarm decides how it ends.
        (Err(alarm), Err(Failure::Partly(failed))) => {
            progress::say(&format!("rhyme: {}", legible(&failed)));
            Err(alarm)
        }
        (ended, saved) => ended.and(saved),
    }
}

/// The names in a file.
fn names_in(path: &Path) -> Outcome<Vec<String>> {
    /// More than a list of every symbol there is.
    const MOST: u64 = 16 << 20;
    let fault = |source| Error::Io {
        action: "read",
        path: path.to_path_buf(),
        source: Arc::new(source),
    };
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(MOST).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(path).map_err(fault)?;
        file.take(MOST).read_to_string(&mut text).map_err(fault)?;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text
        .lines()
        .map(|line| line.split_once('#').map_or(line, |(before, _)| before));
    let names = lines.flat_map(|line| line.split(','));
    let names: Vec<String> = names
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return Err(Error::Invalid(format!(
            "expected the names of series in {}, one a line, found none",
            path.display()
        ))
        .into());
    }
    Ok(names)
}

/// Says that the newest bars are old: a feed that died raises no alarm by itself.
fn tell_age(global: &Global, reply: &TodayReply) {
    const DAYS: i64 = 4 * 24 * 3_600_000;
    let newest = reply.series.iter().filter_map(|row| row.end).max();
    let Some(newest) = newest else { return };
    let bar = reply.series.iter().filter_map(|row| row.series.as_ref());
    let bar = bar.map(|s| s.interval.nominal_millis()).min().unwrap_or(0);
    let age = Timestamp::now().millis().saturating_sub(newest.millis());
    if age > bar.saturating_mul(3).saturating_add(DAYS) {
        notice(
            global,
            &format!(
                "note: the newest bar closed at {}, days ago: bring newer ones in, or say --as-of to mean it",
                moment(newest)
            ),
        );
    }
}

/// How the command ends: with an alarm, with nothing measured, or well.
fn ended(reply: &TodayReply, view: &View) -> Outcome {
    if reply.measured == 0 {
        let what = match view.series()?.is_empty() {
            true => "no series is stored; `rhyme ingest bars FILE` brings some in".to_owned(),
            false => format!(
                "none of {} series has enough history, and is still going on",
                reply.series.len()
            ),
        };
        return Err(Failure::Short(format!("nothing could be measured: {what}")));
    }
    let alarms = reply.series.iter().filter(|row| row.alarm);
    let named: Vec<String> = alarms.map(name).collect();
    match (reply.alarm, named.is_empty()) {
        (Some(level), false) => Err(Failure::Alarm(legible(&format!(
            "{} of {} series at rank {level} or above: {}",
            named.len(),
            reply.measured,
            named.join(", ")
        )))),
        _ => Ok(()),
    }
}
