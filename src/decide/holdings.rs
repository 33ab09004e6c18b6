//! An account that holds many assets, and trades them at opens.

use super::account::Book;
use super::trade::Costs;

/// An asset without a bar for so many rows has ended.
pub(super) const SILENT: usize = 5;
/// Rounds in which costs and what is left after them settle.
const ROUNDS: usize = 60;

/// A row of a market: an open and a close for each asset, NaN where it has no bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct MarketRow<'a> {
    pub(super) opens: &'a [f64],
    pub(super) closes: &'a [f64],
}

/// What one asset is to the account.
#[derive(Clone, Copy, Debug, Default)]
struct Holding {
    units: f64,
    /// The last price that is known.
    price: f64,
    /// Rows since its last bar.
    silent: usize,
    /// The share of the account that it is to have as soon as it trades.
    order: Option<f64>,
}

/// An account of 1 at the beginning.
#[derive(Debug)]
pub(super) struct Holdings {
    cash: f64,
    assets: Vec<Holding>,
    cost: f64,
    pub(super) book: Book,
    /// What was paid, as shares of the account then.
    pub(super) paid: f64,
    /// Assets that ended while they were held.
    pub(super) ended: Vec<usize>,
}

impl Holdings {
    pub(super) fn new(assets: usize, costs: Costs) -> Self {
        Self {
            cash: 1.0,
            assets: vec![Holding::default(); assets],
            cost: costs.fee + costs.slippage,
            book: Book::default(),
            paid: 0.0,
            ended: Vec::new(),
        }
    }

    /// Wants these shares of the account, by asset, and nothing of the others.
    pub(super) fn order(&mut self, shares: &[f64]) {
        for (asset, share) in self.assets.iter_mut().zip(shares) {
            asset.order = (*share > 0.0 || asset.units > 0.0).then_some(*share);
        }
    }

    /// A row: orders are filled at its opens, and the account is valued at its closes.
    pub(super) fn step(&mut self, row: MarketRow<'_>) {
        for (asset, open) in self.assets.iter_mut().zip(row.opens) {
            if !open.is_nan() {
                asset.price = *open;
            }
        }
        self.fill(row.opens);
        let (invested, value) = (self.invested(), self.value());
        self.book
            .held
            .push(if value > 0.0 { invested / value } else { 0.0 });
        for (at, (asset, close)) in self.assets.iter_mut().zip(row.closes).enumerate() {
            if !close.is_nan() {
                (asset.price, asset.silent) = (*close, 0);
                continue;
            }
            asset.silent += 1;
            // What ended is worth its last close, and that lies in cash until it is shared out again.
            if asset.silent >= SILENT {
                asset.order = None;
                if asset.units > 0.0 {
                    self.cash += asset.units * asset.price;
                    asset.units = 0.0;
                    self.ended.push(at);
                }
            }
        }
        self.book.equity.push(self.value());
    }

    fn invested(&self) -> f64 {
        self.assets.iter().map(|a| a.units * a.price).sum()
    }

    fn value(&self) -> f64 {
        self.cash + self.invested()
    }

    /// Trades what has an order and an open. Costs are paid from the account, so that nothing is borrowed.
    fn fill(&mut self, opens: &[f64]) {
        let tradable = self.assets.iter().zip(opens);
        let tradable = tradable.map(|(a, open)| a.order.filter(|_| !open.is_nan()));
        let orders: Vec<Option<f64>> = tradable.collect();
        if orders.iter().all(Option::is_none) {
            return;
        }
        let value = self.value();
        let held = |a: &Holding| a.units * a.price;
        let pairs = || self.assets.iter().zip(&orders);
        // What does not trade now is not to be had.
        let room: f64 = self.cash
            + pairs()
                .filter(|(_, o)| o.is_some())
                .map(|(a, _)| held(a))
                .sum::<f64>();
        let wanted: f64 = orders.iter().flatten().sum();
        let (mut costs, mut scale) = (0.0, 0.0);
        for _ in 0..ROUNDS {
            scale = (value - costs).min((room - costs).max(0.0) / wanted.max(f64::MIN_POSITIVE));
            let moved = pairs().filter_map(|(a, order)| order.map(|share| share * scale - held(a)));
            let next = self.cost * moved.map(f64::abs).sum::<f64>();
            let settled = next == costs;
            costs = next;
            if settled {
                break;
            }
        }
        let mut traded = 0.0;
        for (asset, order) in self.assets.iter_mut().zip(&orders) {
            if let Some(share) = order {
                let (before, after) = (asset.units * asset.price, share * scale);
                traded += (after - before).abs();
                self.cash += before - after;
                (asset.units, asset.order) = (after / asset.price, None);
            }
        }
        let costs = self.cost * traded;
        self.cash -= costs;
        self.book.traded += traded / value;
        self.paid += costs / value;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} and {b}");
    }

    const GAP: f64 = f64::NAN;

    fn step(account: &mut Holdings, opens: [f64; 2], closes: [f64; 2]) {
        account.step(MarketRow {
            opens: &opens,
            closes: &closes,
        });
    }

    #[test]
    fn weights_drift_until_they_are_wanted_anew() {
        let mut account = Holdings::new(2, Costs::new(0.0, 0.0));
        account.order(&[0.5, 0.5]);
        step(&mut account, [10.0, 20.0], [20.0, 20.0]);
        near(account.book.equity[0], 1.5);
        // The first has two thirds now; halves again at the next open, where it fell to 10.
        account.order(&[0.5, 0.5]);
        step(&mut account, [10.0, 20.0], [10.0, 40.0]);
        near(account.book.equity[1], 1.5);
        near(account.book.traded, 1.0);
        near(account.paid, 0.0);
        account.order(&[0.0, 0.0]);
        step(&mut account, [10.0, 40.0], [99.0, 99.0]);
        near(account.book.equity[2], 1.5);
        near(account.book.held[2], 0.0);
    }

    /// By hand: all of 1 into one asset at a cost of 1 %: 1 / 1.01 is bought. Out again: 1 % of that is paid.
    #[test]
    fn costs_are_paid_from_the_account() {
        let mut account = Holdings::new(2, Costs::new(0.006, 0.004));
        account.order(&[1.0, 0.0]);
        step(&mut account, [10.0, 20.0], [10.0, 20.0]);
        near(account.book.equity[0], 1.0 / 1.01);
        near(account.cash, 0.0);
        account.order(&[0.0, 0.0]);
        step(&mut account, [10.0, 20.0], [10.0, 20.0]);
        near(account.book.equity[1], 0.99 / 1.01);
        near(account.paid, 0.01 / 1.01 + 0.01);
    }

    #[test]
    fn an_order_waits_for_a_bar_and_what_ended_is_cash() {
        let mut account = Holdings::new(2, Costs::new(0.0, 0.0));
        account.order(&[0.5, 0.5]);
        step(&mut account, [10.0, GAP], [10.0, GAP]);
        near(account.cash, 0.5);
        step(&mut account, [10.0, 8.0], [10.0, 8.0]);
        near(account.cash, 0.0);
        step(&mut account, [10.0, 8.0], [20.0, 8.0]);
        for _ in 0..SILENT {
            assert!(account.ended.is_empty());
            step(&mut account, [GAP, 8.0], [GAP, 8.0]);
        }
        assert_eq!(account.ended, [0]);
        near(account.cash, 1.0);
        near(*account.book.equity.last().unwrap(), 1.5);
        // It can be bought again if it comes back, and its order does not wait forever.
        account.order(&[0.5, 0.5]);
        for _ in 0..SILENT {
            step(&mut account, [GAP, 8.0], [GAP, 8.0]);
        }
        step(&mut account, [5.0, 8.0], [5.0, 8.0]);
        near(account.cash, 0.75);
        assert!(
            account
                .book
                .held
                .iter()
                .all(|h| (0.0..=1.0 + 1e-12).contains(h))
        );
    }

    /// A holding that does not trade is not spent twice.
    #[test]
    fn nothing_is_borrowed() {
        let mut account = Holdings::new(2, Costs::new(0.001, 0.0));
        account.order(&[1.0, 0.0]);
        step(&mut account, [10.0, 10.0], [10.0, 10.0]);
        account.order(&[0.0, 1.0]);
        step(&mut account, [GAP, 10.0], [GAP, 10.0]);
        assert!(account.cash >= -1e-12, "{}", account.cash);
        step(&mut account, [10.0, 10.0], [10.0, 10.0]);
        assert!(account.cash >= -1e-12 && account.assets[0].units == 0.0);
    }
}
