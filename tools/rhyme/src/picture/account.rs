//! What a rule would have done, as a picture.

use rhymedb::View;
use rhymedb::decide::{EquityPoint, ReplayAnswer, Trade};
use rhymedb::plot::{Account, AccountChance, AccountTrade, AccountValue};

use super::names::{as_of, name, when};
use crate::failure::Outcome;
use crate::text::grouped;

/// The price with entries and exits, the account beside others, and its falls.
pub(crate) fn account(view: &View, answer: &ReplayAnswer) -> Outcome<Account> {
    let key = &answer.series;
    let (open, last) = answer.period;
    let first = key.interval.close_of(open);
    let value = |p: &EquityPoint| AccountValue {
        end: p.at,
        value: p.equity,
        hold: p.hold,
    };
    let random = answer.random.as_ref();
    let chance = random.iter().flat_map(|random| &random.equity);
    let chance = chance.filter_map(|point| {
        Some(AccountChance {
            end: answer.equity.get(point.bar)?.at,
            quantiles: point.quantiles,
        })
    });
    let trade = |trade: &Trade| {
        let end = |opened| key.interval.close_of(opened);
        AccountTrade {
            long: trade.side == rhymedb::decide::Side::Long,
            entry: (end(trade.entered), trade.entry),
            exit: (end(trade.exited), trade.exit),
            hint: format!(
                "{} {:.0} % of the account, {} bars\n{} to {}: {}",
                trade.side,
                100.0 * trade.size,
                trade.bars,
                when(trade.entered),
                when(trade.exited),
                percent(trade.result)
            ),
        }
    };
    Ok(Account {
        title: format!("{} on {}", answer.rule, name(key)),
        subtitle: subtitle(view, answer),
        note: format!(
            "Entries and exits at the prices that were paid, slippage included; lines join them.{} A rule that did well was chosen from rules that did not. Times are UTC.",
            match random {
                Some(random) => format!(
                    " Grey: {} accounts with positions of the same sides, sizes and lengths at random times, at the same costs.",
                    random.draws
                ),
                None => String::new(),
            }
        ),
        name: name(key),
        interval: key.interval,
        bars: view.bars(key, Some(first), Some(last), None)?.bars,
        trades: answer.trades.iter().map(trade).collect(),
        values: answer.equity.iter().map(value).collect(),
        chance: chance.collect(),
    })
}

fn subtitle(view: &View, answer: &ReplayAnswer) -> String {
    let chance = answer.random.as_ref().map_or(String::new(), |random| {
        format!(" · random positions do as well with p = {:.2}", random.p)
    });
    format!(
        "{} to {} · {} trades · total return {}, buy and hold {}{chance} · fee {}, slippage {}{}",
        when(answer.period.0),
        when(answer.period.1),
        grouped(answer.trades.len() as u64),
        percent(answer.performance.total_return),
        percent(answer.hold.total_return),
        cost(answer.costs.fee),
        cost(answer.costs.slippage),
        as_of(view)
    )
}

fn percent(change: f64) -> String {
    format!("{:+.1} %", 100.0 * change).replace('-', "−")
}

fn cost(share: f64) -> String {
    format!("{} %", (1e6 * share).round() / 1e4)
}
