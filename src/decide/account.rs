//! What a sequence of wishes does to an account: orders at the next open, costs, stops, and the value at every close.

use super::trade::{Costs, ExitReason, Side, Trade};
use crate::model::{Bars, Timestamp};

/// What is wanted at a close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) side: Side,
    /// The share of the account that is put in; not above the most that the caller allows.
    pub(super) size: f64,
}

impl Wish {
    /// A position, signed.
    pub(super) fn of(position: f64) -> Self {
        Self {
            side: if position < 0.0 {
                Side::Short
            } else {
                Side::Long
            },
            size: position.abs(),
        }
    }
}

/// When a position is left, besides a wish for the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Exits {
    /// After so many bars, unless the same side is wanted then. Without it a position is left as soon as nothing is
    /// wanted.
    pub(super) hold: Option<usize>,
    /// At this loss of the price.
    pub(super) stop: Option<f64>,
    /// At this gain of the price.
    pub(super) take: Option<f64>,
}

/// An account over some bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Book {
    /// The value at each close; 1 before the first.
    pub(super) equity: Vec<f64>,
    /// What was held over each bar, signed: at its open, or at its close before if nothing was done.
    pub(super) held: Vec<f64>,
    pub(super) trades: Vec<Trade>,
    /// The sum of what was traded, as shares of the account then.
    pub(super) traded: f64,
}

/// What is held.
#[derive(Clone, Copy, Debug)]
struct Position {
    wish: Wish,
    /// Units of the instrument, signed.
    units: f64,
    entry: f64,
    entered: Timestamp,
    /// The bar at whose open it was entered, and the account then, before costs.
    bar: usize,
    before: f64,
    /// Bars since the entry or since it was wanted again.
    age: usize,
}

/// Runs an account over `bars`. `wishes` has for each bar what is wanted at its close, which is done at the next open.
pub(super) fn run(bars: &Bars, wishes: &[Option<Wish>], exits: Exits, costs: Costs) -> Book {
    let mut account = Account {
        cash: 1.0,
        position: None,
        exits,
        costs,
        book: Book::default(),
    };
    let mut order: Option<Order> = None;
    let last = bars.len().saturating_sub(1);
    for (i, bar) in bars.iter().enumerate() {
        if let Some(order) = order.take() {
            account.fill(order, i, (bar.time, bar.open));
        }
        account.book.held.push(account.held());
        account.watch(i, (bar.time, bar.open), (bar.high, bar.low));
        if i == last {
            account.leave(i, (bar.time, bar.close), ExitReason::End);
        }
        account.mark(i, bar.time, bar.close);
        order = account.order(wishes.get(i).copied().flatten());
    }
    account.book
}

/// What is done at the next open.
#[derive(Clone, Copy, Debug)]
struct Order {
    leave: Option<ExitReason>,
    enter: Option<Wish>,
}

struct Account {
    cash: f64,
    position: Option<Position>,
    exits: Exits,
    costs: Costs,
    book: Book,
}

impl Account {
    fn held(&self) -> f64 {
        self.position
            .map_or(0.0, |p| p.wish.side.sign() * p.wish.size)
    }

    fn value(&self, price: f64) -> f64 {
        self.cash + self.position.map_or(0.0, |p| p.units * price)
    }

    /// What a wish at a close leads to.
    fn order(&mut self, wish: Option<Wish>) -> Option<Order> {
        let Some(position) = &mut self.position else {
            let enter = wish.filter(|w| w.size > 0.0)?;
            return Some(Order {
                leave: None,
                enter: Some(enter),
            });
        };
        let other = wish.filter(|w| w.side != position.wish.side && w.size > 0.0);
        if other.is_some() {
            return Some(Order {
                leave: Some(ExitReason::Rule),
                enter: other,
            });
        }
        let same = wish.is_some_and(|w| w.size > 0.0);
        position.age += 1;
        let over = match self.exits.hold {
            Some(hold) => position.age >= hold,
            None => !same,
        };
        if !over {
            return None;
        }
        if same {
            position.age = 0;
            return None;
        }
        let why = match self.exits.hold {
            Some(_) => ExitReason::Horizon,
            None => ExitReason::Rule,
        };
        Some(Order {
            leave: Some(why),
            enter: None,
        })
    }

    fn fill(&mut self, order: Order, i: usize, (time, price): (Timestamp, f64)) {
        if let Some(why) = order.leave {
            self.leave(i, (time, price), why);
        }
        if let Some(wish) = order.enter {
            self.enter(wish, i, (time, price));
        }
    }

    fn enter(&mut self, wish: Wish, i: usize, (time, price): (Timestamp, f64)) {
        let before = self.cash;
        if before <= 0.0 {
            return;
        }
        let sign = wish.side.sign();
        let entry = price * (1.0 + sign * self.costs.slippage);
        let amount = before * wish.size;
        let units = sign * amount / entry;
        self.cash -= units * entry + amount * self.costs.fee;
        self.book.traded += wish.size;
        self.position = Some(Position {
            wish,
            units,
            entry,
            entered: time,
            bar: i,
            before,
            age: 0,
        });
    }

    fn leave(&mut self, i: usize, (time, price): (Timestamp, f64), why: ExitReason) {
        let Some(position) = self.position.take() else {
            return;
        };
        let sign = position.wish.side.sign();
        let exit = price * (1.0 - sign * self.costs.slippage);
        let amount = position.units.abs() * exit;
        let value = self.cash + position.units * exit;
        self.book.traded += amount / value.max(f64::MIN_POSITIVE).max(position.before * 1e-9);
        self.cash = (value - amount * self.costs.fee).max(0.0);
        self.book.trades.push(Trade {
            side: position.wish.side,
            size: position.wish.size,
            entered: position.entered,
            entry: position.entry,
            exited: time,
            exit,
            bars: i - position.bar + usize::from(why.within_bar()),
            result: self.cash / position.before - 1.0,
            why,
        });
    }

    /// Leaves at the stop or the target if the bar reached it; the stop first, if it reached both. A bar that opens
    /// beyond is left at its open.
    fn watch(&mut self, i: usize, (time, open): (Timestamp, f64), (high, low): (f64, f64)) {
        let Some(position) = self.position else {
            return;
        };
        let sign = position.wish.side.sign();
        let (worst, best) = match position.wish.side {
            Side::Long => (low, high),
            Side::Short => (high, low),
        };
        let reached = |level: f64, price: f64, wanted: f64| wanted * sign * (price - level) >= 0.0;
        if let Some(stop) = self.exits.stop {
            let level = position.entry * (1.0 - sign * stop);
            if reached(level, worst, -1.0) {
                let price = if reached(level, open, -1.0) {
                    open
                } else {
                    level
                };
                return self.leave(i, (time, price), ExitReason::Stop);
            }
        }
        if let Some(take) = self.exits.take {
            let level = position.entry * (1.0 + sign * take);
            if reached(level, best, 1.0) {
                let price = if reached(level, open, 1.0) {
                    open
                } else {
                    level
                };
                self.leave(i, (time, price), ExitReason::Target);
            }
        }
    }

    /// Notes the value at a close. An account of which nothing is left trades no more.
    fn mark(&mut self, i: usize, time: Timestamp, close: f64) {
        if self.value(close) <= 0.0 {
            self.leave(i, (time, close), ExitReason::Ruin);
            self.cash = 0.0;
        }
        self.book.equity.push(self.value(close));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::model::Bar;

    /// Bars of one hour by open, high, low and close.
    fn bars(prices: &[[f64; 4]]) -> Bars {
        let bar = |(i, &[open, high, low, close]): (usize, &[f64; 4])| Bar {
            time: Timestamp::from_millis(i as i64 * 3_600_000),
            open,
            high,
            low,
            close,
            volume: 1.0,
        };
        prices.iter().enumerate().map(bar).collect()
    }

    fn flat(prices: &[f64]) -> Bars {
        let all: Vec<[f64; 4]> = prices.iter().map(|&p| [p; 4]).collect();
        bars(&all)
    }

    const FREE: Costs = Costs {
        fee: 0.0,
        slippage: 0.0,
    };
    const LONG: Option<Wish> = Some(Wish {
        side: Side::Long,
        size: 1.0,
    });
    const SHORT: Option<Wish> = Some(Wish {
        side: Side::Short,
        size: 1.0,
    });

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} and {b}");
    }

    #[test]
    fn a_wish_is_filled_at_the_next_open() {
        let bars = bars(&[
            [10.0, 10.0, 10.0, 10.0],
            [20.0, 20.0, 20.0, 22.0],
            [30.0, 30.0, 30.0, 33.0],
            [40.0, 40.0, 40.0, 40.0],
        ]);
        // Wanted at the first close alone: in at 20, out at 30.
        let book = run(&bars, &[LONG, None, None, None], Exits::default(), FREE);
        assert_eq!(book.held, [0.0, 1.0, 0.0, 0.0]);
        near(book.equity[0], 1.0);
        near(book.equity[1], 1.1);
        near(book.equity[2], 1.5);
        near(book.equity[3], 1.5);
        let trade = book.trades[0];
        assert_eq!((trade.entry, trade.exit, trade.bars), (20.0, 30.0, 1));
        assert_eq!(trade.why, ExitReason::Rule);
        // Wanted at the last close: nothing comes after it.
        let book = run(&bars, &[None, None, None, LONG], Exits::default(), FREE);
        assert_eq!((book.trades.len(), book.equity[3]), (0, 1.0));
    }

    #[test]
    fn costs_are_paid_twice() {
        let bars = flat(&[10.0, 10.0, 10.0, 10.0]);
        let costs = Costs::new(0.001, 0.002);
        let book = run(&bars, &[LONG, None, None, None], Exits::default(), costs);
        // The fee of the entry, and of what is left the price that is worse on both sides, less the fee of the exit.
        near(
            *book.equity.last().unwrap(),
            -0.001 + 9.98 / 10.02 * (1.0 - 0.001),
        );
        assert!((book.traded - 2.0).abs() < 0.01, "{}", book.traded);
        let short = run(&bars, &[SHORT, None, None, None], Exits::default(), costs);
        assert!(*short.equity.last().unwrap() < 1.0);
    }

    #[test]
    fn a_position_is_held_for_its_horizon_and_longer_if_it_is_wanted_again() {
        let bars = flat(&[1.0; 8]);
        let exits = Exits {
            hold: Some(2),
            ..Exits::default()
        };
        let mut wishes = [None; 8];
        wishes[0] = LONG;
        let once = run(&bars, &wishes, exits, FREE);
        assert_eq!(once.held, [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(once.trades[0].why, ExitReason::Horizon);
        wishes[2] = LONG;
        let again = run(&bars, &wishes, exits, FREE);
        assert_eq!(again.held, [0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(again.trades.len(), 1);
        // The other side turns it at once.
        wishes[1] = SHORT;
        let turned = run(&bars, &wishes, exits, FREE);
        assert_eq!(turned.held[..4], [0.0, 1.0, -1.0, 1.0]);
    }

    #[test]
    fn stops_and_targets_are_reached_within_a_bar() {
        let exits = Exits {
            hold: Some(9),
            stop: Some(0.1),
            take: Some(0.2),
        };
        let day = |bar: [f64; 4]| bars(&[[100.0; 4], [100.0; 4], bar, [100.0; 4]]);
        let of = |bar, wish| run(&day(bar), &[wish, None, None, None], exits, FREE).trades[0];
        let stopped = of([95.0, 101.0, 85.0, 99.0], LONG);
        assert_eq!((stopped.exit, stopped.why), (90.0, ExitReason::Stop));
        let gap = of([80.0, 101.0, 79.0, 99.0], LONG);
        assert_eq!((gap.exit, gap.why), (80.0, ExitReason::Stop));
        let both = of([100.0, 130.0, 85.0, 99.0], LONG);
        assert_eq!(both.why, ExitReason::Stop, "the worse of the two");
        let taken = of([100.0, 125.0, 99.0, 99.0], LONG);
        assert_eq!(
            (taken.exit, taken.why, taken.bars),
            (120.0, ExitReason::Target, 2)
        );
        let short = of([100.0, 111.0, 99.0, 99.0], SHORT);
        near(short.exit, 110.0);
        let short = of([100.0, 101.0, 75.0, 99.0], SHORT);
        assert_eq!((short.exit, short.why), (80.0, ExitReason::Target));
    }

    #[test]
    fn an_account_can_be_ruined_and_trades_no_more() {
        let bars = flat(&[1.0, 1.0, 3.0, 1.0, 1.0]);
        let hold = Exits {
            hold: Some(9),
            ..Exits::default()
        };
        let book = run(&bars, &[SHORT, None, LONG, LONG, None], hold, FREE);
        assert_eq!(book.equity[2..], [0.0, 0.0, 0.0]);
        assert_eq!(book.trades.len(), 1);
        assert_eq!(book.trades[0].why, ExitReason::Ruin);
    }

    #[test]
    fn the_last_close_ends_what_is_held() {
        let bars = flat(&[1.0, 1.0, 2.0]);
        let hold = Exits {
            hold: Some(9),
            ..Exits::default()
        };
        let book = run(&bars, &[LONG, None, None], hold, FREE);
        assert_eq!(
            (book.trades[0].why, book.trades[0].exit),
            (ExitReason::End, 2.0)
        );
        near(book.trades[0].result, 1.0);
        assert_eq!(run(&Bars::default(), &[], hold, FREE), Book::default());
    }
}
