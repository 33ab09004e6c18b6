//! Stretches of bars that are easy, hard or nasty to encode.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::model::{Bar, Bars, Timestamp};

/// A named stretch, for messages.
pub(super) struct Stretch {
    pub(super) name: &'static str,
    pub(super) bars: Bars,
}

/// How the closes of a stretch come about from a random number of -1..1 and the bar's index.
type Path = fn(&mut Walk, f64, usize) -> f64;

/// The state of a path: its last close and a countdown.
struct Walk {
    close: f64,
    hold: usize,
}

/// How many stretches there are.
pub(super) const STRETCHES: usize = 6;

/// All stretches, of `len` bars each. Their bars can all have happened.
pub(super) fn stretches(seed: u64, len: usize) -> Vec<Stretch> {
    let paths: [(&'static str, f64, Path); STRETCHES] = [
        ("smooth", 100.0, |_, _, i| {
            let t = i as f64;
            100.0 * (0.05 * (t / 9.0).sin() + 0.02 * (t / 4.1).cos()).exp()
        }),
        ("random walk", 250.0, |walk, step, _| {
            walk.close * (0.02 * step).exp()
        }),
        (
            "price of a million with tiny moves",
            1e6,
            |walk, step, _| walk.close + 0.01 * step,
        ),
        ("price of a millionth", 1e-6, |walk, step, _| {
            walk.close * (0.02 * step).exp()
        }),
        ("constant runs", 40.0, |walk, step, _| {
            if walk.hold == 0 {
                walk.hold = if step > 0.0 { 3 } else { 60 };
                walk.close * (0.03 * step).exp()
            } else {
                walk.hold -= 1;
                walk.close
            }
        }),
        ("jumps", 10.0, |walk, step, i| {
            if i % 37 == 20 {
                walk.close * if step > 0.0 { 20.0 } else { 0.05 }
            } else {
                walk.close * (0.001 * step).exp()
            }
        }),
    ];
    let mut streams = (seed..).map(ChaCha8Rng::seed_from_u64);
    let mut stretch = |(name, first, path): (&'static str, f64, Path)| {
        let mut random = streams.next()?;
        let mut walk = Walk {
            close: first,
            hold: 0,
        };
        let bars = (0..len).map(|i| next_bar(&mut walk, path, &mut random, i));
        Some(Stretch {
            name,
            bars: bars.collect(),
        })
    };
    paths.into_iter().filter_map(&mut stretch).collect()
}

fn next_bar(walk: &mut Walk, path: Path, random: &mut ChaCha8Rng, i: usize) -> Bar {
    let open = walk.close;
    let close = path(walk, random.random_range(-1.0..1.0), i);
    let move_size = (close - open).abs();
    walk.close = close;
    Bar {
        time: Timestamp::from_millis(i as i64 * 3_600_000),
        open,
        high: open.max(close) + move_size * random.random_range(0.0..1.0),
        // At most halfway down, so that a price stays above 0 after a jump.
        low: open.min(close) * (1.0 - 0.5 * (move_size / (open + close))),
        close,
        volume: 1000.0 * random.random_range(0.1..2.0),
    }
}

/// The same bar with its prices and its volume multiplied; it can have happened if `bar` can.
pub(super) fn scaled(bar: &Bar, prices: f64, volume: f64) -> Bar {
    Bar {
        time: bar.time,
        open: bar.open * prices,
        high: bar.high * prices,
        low: bar.low * prices,
        close: bar.close * prices,
        volume: bar.volume * volume,
    }
}

/// The same bars with those of `range` made different from what they were, each in its own way.
pub(super) fn disturbed(bars: &Bars, range: std::ops::Range<usize>) -> Bars {
    let change = |(i, bar): (usize, Bar)| {
        if range.contains(&i) {
            let wave = (i as f64 * 1.7).sin();
            scaled(&bar, (1.0 + 0.3 * wave).exp(), (2.0 * wave).exp())
        } else {
            bar
        }
    };
    bars.iter().enumerate().map(change).collect()
}
