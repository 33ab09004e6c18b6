mod audit;
mod figures;
mod kept;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use rhymedb::ask::{ReplayReply, ReplayRequest};
use rhymedb::decide::{Audit, ReplayAnswer, Rule};
use rhymedb::{Control, Error, Target, Timestamp, View};
use serde_json::{Value, json};

use self::figures::{TRADES, trade_rows};
use self::kept::{Kept, State};
use super::rule_file;
use super::shown::joined;
use super::trials::Trials;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{db_path, known, open, view_of};
use crate::output;
use crate::picture::{self, PlotArgs};
use crate::progress::{self, notice};
use crate::text::grouped;

pub(crate) const HELP: &str = "\
At each close the rule is asked as `rhyme signal` asks it, of what was known then, and what it wants is done at the next
open. `rhyme help signal` shows a rule. Beside the account stand buying and holding, random positions of the same sides,
sizes and lengths, and the same positions at other times: a rule that is no better than those says nothing.

Every rule that is tried on a series is counted in trials.jsonl in the folder of the database: the best of many looks
good by luck, and the deflated Sharpe ratio takes that off.

--audit makes a database of its own in the folder for temporary files (TMPDIR), of what was known at a close and nothing
else, embeds its windows again and asks the rule there. That takes about as long as bringing in the bars did.

--plot FILE draws one series: the price with entries and exits, the account beside buying and holding and the band of the
random ones, and how far it was below its highest value.

Ctrl-C loses nothing: what was asked is kept in the folder of the database, and the same command goes on there, unless the
database changed.

Example: rhyme backtest analogs.toml BTCUSDT:1h --from 2021-05-20 --to 2021-05-25";

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// A file of the rule, TOML or JSON
    rule: PathBuf,
    /// Stored series
    #[arg(required = true)]
    series: Vec<Target>,
    /// Only closes at this time or later
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only closes at this time or earlier
    #[arg(long, alias = "to")]
    until: Option<Timestamp>,
    /// The share of what is traded that is paid, at entry and again at exit
    #[arg(long, default_value_t = 0.001, value_name = "SHARE")]
    fee: f64,
    /// By what share a price is worse than the one that is stored
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    slippage: f64,
    /// How many random accounts to compare with
    #[arg(long, default_value_t = 100, value_name = "N")]
    draws: usize,
    /// The seed of the random accounts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Replay a rule whose encoder was trained on part of the period all the same
    #[arg(long)]
    allow_trained: bool,
    /// Print the trades
    #[arg(long)]
    trades: bool,
    /// Prove that the rule did not look ahead: compare its signals at N closes with those of a database that ends
    /// there [default: 20]
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        default_missing_value = "20",
        value_parser = closes
    )]
    audit: Option<usize>,
    #[command(flatten)]
    plot: PlotArgs,
    /// Nothing that was not known at this time
    #[arg(long)]
    as_of: Option<Timestamp>,
}

fn closes(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok();
    let number = number.filter(|n| (1..=10_000).contains(n));
    number.ok_or_else(|| {
        "expected 1 to 10000 closes; if it was meant as the rule, put --audit after the series"
            .to_owned()
    })
}

/// A replay of one series, and what an audit of it found.
struct Replayed {
    reply: ReplayReply,
    audit: Option<Audit>,
}

pub(crate) fn run(global: &Global, args: &Args) -> Outcome {
    if let (true, [first, _, ..]) = (args.plot.is_wanted(), args.series.as_slice()) {
        return Err(Error::Invalid(format!(
            "expected one series with --plot, which draws one replay, found {}; draw each with a command of its own, like `rhyme backtest {} {first} --plot picture.png`",
            args.series.len(),
            args.rule.display()
        ))
        .into());
    }
    let rule = rule_file::read(&args.rule)?;
    let db = open(global)?;
    let stamp = kept::catalog_stamp(&db_path(global));
    let view = view_of(global, &db);
    let state = match stamp {
        Ok(stamp) => Some(State::new(&view, stamp)?),
        Err(_) => None,
    };
    if let Some(state) = state.as_ref().filter(|_| !global.read_only) {
        kept::sweep(&db_path(global), state);
    }
    let (mut replays, mut done) = (Vec::new(), Vec::new());
    for series in &args.series {
        let key = view.series_of(series)?.to_string();
        let request = request(global, args, (&rule, series, &key));
        let kept = state
            .as_ref()
            .map(|state| Kept::new(&db_path(global), state, (&key, &request)));
        let kept = kept.map(Arc::new);
        replays.push(replay(
            global,
            args,
            &view,
            (&request, &key, kept.as_ref()),
        )?);
        done.extend(kept);
    }
    // What holds for all of them is said once.
    let mut notes: Vec<String> = Vec::new();
    let unseen = |r: &Replayed| r.audit.iter().flat_map(audit::notes).collect::<Vec<_>>();
    for note in replays
        .iter()
        .flat_map(|r| r.reply.notes.iter().cloned().chain(unseen(r)))
    {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    progress::notes(global, &notes);
    print(global, args, (&replays, &notes))?;
    for kept in done.iter().filter(|_| !global.read_only) {
        if let Err(e) = kept.remove() {
            let text = format!("what was kept to go on from cannot be removed: {e}");
            notice(global, &text);
        }
    }
    Ok(())
}

/// The question, with the trials of other rules on the series.
fn request(
    global: &Global,
    args: &Args,
    (rule, series, key): (&Rule, &Target, &str),
) -> ReplayRequest {
    let mut request = ReplayRequest::new(series.clone(), rule.clone());
    (request.from, request.until) = (args.from, args.until);
    (request.fee, request.slippage) = (args.fee, args.slippage);
    (request.draws, request.seed) = (args.draws, args.seed);
    request.allow_trained = args.allow_trained;
    request.as_of = args.as_of;
    match Trials::of(&db_path(global)).others(key, rule) {
        Ok(others) => request.trials = others,
        Err(e) => notice(
            global,
            &format!(
                "earlier trials cannot be read, so the deflated Sharpe ratio knows of none: {e}"
            ),
        ),
    }
    request
}

/// Runs it, from where it was interrupted before, and keeps how far it came if it is interrupted now.
fn ask(
    global: &Global,
    (view, request): (&View, &ReplayRequest),
    (control, kept): (&Control, Option<&Arc<Kept>>),
) -> Outcome<(ReplayReply, ReplayAnswer)> {
    let Some(kept) = kept else {
        return Ok(request.ask_in_full(view, control)?);
    };
    let before = kept.load();
    if let Some(before) = &before {
        let text = format!(
            "going on where this replay was interrupted: {} closes were asked then",
            grouped(before.closes as u64)
        );
        notice(global, &text);
    }
    let (hears, writes) = (Arc::clone(kept), !global.read_only);
    let asked = request.ask_with(view, |replay| {
        let mut replay = replay.control(control.clone());
        if let Some(before) = before {
            hears.begin(&before);
            replay = replay.resume(before);
        }
        replay.on_asked(move |so_far| hears.note(so_far, writes))
    });
    if let (Err(Error::Interrupted | Error::TimedOut { .. }), true) = (&asked, writes) {
        keep(global, kept);
    }
    Ok(asked?)
}

/// Writes how far a replay came, and says so.
fn keep(global: &Global, kept: &Kept) {
    match kept.save() {
        Ok(0) => {}
        Ok(closes) => notice(
            global,
            &format!(
                "{} closes were asked and are kept: the same command goes on there",
                grouped(closes as u64)
            ),
        ),
        Err(e) => notice(
            global,
            &format!("what was asked cannot be kept, so the same command begins again: {e}"),
        ),
    }
}

fn replay(
    global: &Global,
    args: &Args,
    view: &View,
    (request, key, kept): (&ReplayRequest, &str, Option<&Arc<Kept>>),
) -> Outcome<Replayed> {
    let control = progress::control_of_long_work(global);
    let (reply, answer) = ask(global, (view, request), (&control, kept))?;
    // What comes after it may be interrupted, too.
    let more = args.audit.is_some() || args.series.len() > 1;
    if let Some(kept) = kept.filter(|_| more && !global.read_only)
        && let Err(e) = kept.save()
    {
        notice(global, &format!("what was asked cannot be kept: {e}"));
    }
    if let Some(sharpe) = answer.sharpe_a_bar
        && !global.read_only
        && let Err(e) = Trials::of(&db_path(global)).note(key, &request.rule, sharpe)
    {
        notice(
            global,
            &format!("this trial cannot be counted for later ones: {e}"),
        );
    }
    let replay = request.replay(view).control(control);
    let audit = args
        .audit
        .map(|closes| audit::run(&replay, &answer, closes))
        .transpose()?;
    let view = known(view, args.as_of);
    args.plot
        .write(global, || picture::account(&view, &answer))?;
    Ok(Replayed { reply, audit })
}

fn print(global: &Global, args: &Args, (replays, notes): (&[Replayed], &[String])) -> Outcome {
    match global.format {
        Format::Json => {
            let all: Vec<Value> = replays.iter().map(as_json).collect::<Outcome<_>>()?;
            output::json(&json!({ "replays": all, "notes": notes }))
        }
        Format::Csv => {
            for audit in replays.iter().filter_map(|r| r.audit.as_ref()) {
                notice(global, &audit::sentence(audit));
            }
            let rows = trade_rows(replays.iter().map(|r| &r.reply))?;
            output::listing(global.format, &TRADES, &rows, "")
        }
        Format::Table => replays.iter().try_for_each(|replayed| {
            figures::print(&replayed.reply, args.trades)?;
            replayed.audit.as_ref().map_or(Ok(()), |audit| {
                output::prose(&format!("{}\n", audit::sentence(audit)))
            })
        }),
    }
}

fn as_json(replayed: &Replayed) -> Outcome<Value> {
    let value = output::value(&replayed.reply)?;
    Ok(match &replayed.audit {
        None => value,
        Some(audit) => joined(value, json!({ "audit": audit::value(audit) })),
    })
}
