//! Generated candles: the truth that a download is compared with.

use rhymedb::bybit::BybitCategory;
use rhymedb::{Bar, Bars, Interval, Timestamp};

/// A candle as Bybit writes it: open time, four prices, volume, turnover.
pub(crate) type Row = [String; 7];

/// One instrument, its candles, and the server's time.
#[derive(Clone)]
pub(crate) struct Market {
    pub(crate) category: &'static str,
    pub(crate) symbol: &'static str,
    pub(crate) interval: Interval,
    pub(crate) code: &'static str,
    /// Ascending.
    pub(crate) opens: Vec<i64>,
    pub(crate) time: i64,
}

impl Market {
    /// `count` candles from `first` on. The last one is still open.
    pub(crate) fn new(interval: &str, code: &'static str, first: &str, count: usize) -> Self {
        let interval: Interval = interval.parse().unwrap();
        let mut open: Timestamp = first.parse().unwrap();
        let mut opens = Vec::new();
        for _ in 0..count {
            opens.push(open.millis());
            open = interval.close_of(open);
        }
        Self {
            category: "linear",
            symbol: "BTCUSDT",
            interval,
            code,
            opens,
            time: open.millis() - 1,
        }
    }

    /// Takes the candles of these positions out, as an outage of the exchange does.
    pub(crate) fn without(mut self, positions: std::ops::Range<usize>) -> Self {
        self.opens.drain(positions);
        self
    }

    pub(crate) fn category(&self) -> BybitCategory {
        self.category.parse().unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.time)
    }

    pub(crate) fn open(&self, position: usize) -> Timestamp {
        Timestamp::from_millis(self.opens[position])
    }

    pub(crate) fn close(&self, open: i64) -> i64 {
        let open = Timestamp::from_millis(open);
        self.interval.close_of(open).millis()
    }

    /// A candle that depends on its open time alone.
    pub(crate) fn row(&self, open: i64) -> Row {
        let mut state = open as u64;
        let mut draw = |below: u64| {
            // splitmix64
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % below
        };
        let (a, b) = (100_000 + draw(50_000), 100_000 + draw(50_000));
        let (high, low) = (a.max(b) + draw(900), a.min(b) - draw(900));
        let cents = |n: u64| format!("{}.{:02}", n / 100, n % 100);
        [
            open.to_string(),
            cents(a),
            cents(high),
            cents(low),
            cents(b),
            format!("{}.{:03}", draw(1000), draw(1000)),
            "1".to_owned(),
        ]
    }

    pub(crate) fn bar(&self, open: i64) -> Bar {
        let row = self.row(open);
        let number = |i: usize| row[i].parse::<f64>().unwrap();
        Bar {
            time: Timestamp::from_millis(open),
            open: number(1),
            high: number(2),
            low: number(3),
            close: number(4),
            volume: number(5),
        }
    }

    /// The closed candles that open in `start..=end`.
    pub(crate) fn truth(&self, start: Option<i64>, end: i64) -> Bars {
        self.opens
            .iter()
            .filter(|&&open| start.is_none_or(|start| start <= open) && open <= end)
            .filter(|&&open| self.close(open) <= self.time)
            .map(|&open| self.bar(open))
            .collect()
    }
}
