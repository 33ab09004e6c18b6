//! What has to be said beside a replay.

use crate::decide::{ExitReason, ReplayAnswer};

const ALLOWED: &str = "weights that were trained on the period were allowed: they may know what came later, and this proves nothing";
const MONITOR: &str = "a monitor of risk is judged by the size of the moves after its alarms, beside that of any moves, and not by what an account makes of it";

/// What has to be said beside a replay.
pub(super) fn notes(answer: &ReplayAnswer, allow_trained: bool) -> Vec<Option<String>> {
    let trades = answer.trades.len();
    if let Some(alarms) = answer.alarms.as_ref().filter(|_| trades == 0) {
        let none = (alarms.alarms == 0)
            .then(|| "there was no alarm in this period: there is nothing to judge".to_owned());
        let trained = allow_trained.then(|| ALLOWED.to_owned());
        return vec![none, trained, Some(MONITOR.to_owned())];
    }
    let none = (trades == 0)
        .then(|| "the rule never traded in this period: there is nothing to judge".to_owned());
    let few = (1..30)
        .contains(&trades)
        .then(|| format!("{trades} trades are few: figures of fewer than 30 say little of a rule"));
    let chance = answer.random.as_ref().filter(|r| r.p > 0.05).map(|r| {
        format!("random positions of the same sides, sizes and lengths do as well with p = {:.2}: this is what chance looks like", r.p)
    });
    let ruin = answer.trades.iter().any(|t| t.why == ExitReason::Ruin);
    let end = answer
        .trades
        .last()
        .is_some_and(|t| t.why == ExitReason::End);
    vec![
        none,
        few,
        chance,
        ruin.then(|| "the account was ruined, and traded no more".to_owned()),
        end.then(|| "the last trade was open at the end and is valued at the last close".to_owned()),
        holed(answer),
        ended(answer),
        allow_trained.then(|| ALLOWED.to_owned()),
        answer.alarms.as_ref().map(|_| MONITOR.to_owned()),
        Some("no interest, no funding and no cost of borrowing is counted".to_owned()),
        Some("direction has shown no edge in the data that this program was built on, while the size of moves has; a rule that did well was chosen from those that did not".to_owned()),
    ]
}

fn holed(answer: &ReplayAnswer) -> Option<String> {
    let holes = answer.holes?;
    let hours = holes.longest.as_secs_f64() / 3600.0;
    let longest = if hours < 48.0 {
        format!("{} hours", (10.0 * hours).round() / 10.0)
    } else {
        format!("{:.0} days", hours / 24.0)
    };
    Some(format!(
        "{} of {} trades met a time without bars, of up to {longest}: they were filled at the first price after it or held through it, which may not have been possible",
        holes.trades,
        answer.trades.len()
    ))
}

fn ended(answer: &ReplayAnswer) -> Option<String> {
    let until = answer.market_until?;
    Some(format!(
        "the bars of {} end at {}, while others of its market go on until {until}: if it was delisted, what its last holders lost or got is not counted",
        answer.series, answer.period.1
    ))
}
