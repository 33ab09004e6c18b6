#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;

use super::*;
use crate::model::{Bar, Timestamp};

/// A bar from four numbers of 0..1 around a close; each step moves the close by up to 2 %.
fn market(numbers: &[[f64; 4]], first: f64) -> Bars {
    let mut close = first;
    let mut next = |n: &[f64; 4]| {
        let open = close;
        close *= (0.04 * (n[0] - 0.5)).exp();
        Bar {
            time: Timestamp::from_millis(0),
            open,
            high: open.max(close) * (1.0 + 0.01 * n[1]),
            low: open.min(close) * (1.0 - 0.01 * n[2]),
            close,
            volume: 5.0 * n[3],
        }
    };
    numbers.iter().map(&mut next).collect()
}

fn numbers(len: usize) -> impl Strategy<Value = Vec<[f64; 4]>> {
    prop::collection::vec(prop::array::uniform4(0.0..1.0_f64), len)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn versus(a: f64, b: f64) -> f64 {
    (0.5 * (a / b).ln()).tanh()
}

/// The table of the module, computed from the bars of one window without any of its code; only
/// the constants are shared.
fn table_of(bars: &Bars) -> Vec<f64> {
    let w = bars.len();
    let returns: Vec<f64> = bars.close.windows(2).map(|p| (p[1] / p[0]).ln()).collect();
    let part = |s: usize| -> Vec<f64> {
        let n = (w >> s).min(w - 1);
        returns[returns.len() - n..].to_vec()
    };
    let vol = |r: &[f64]| mean(&r.iter().map(|x| x * x).collect::<Vec<_>>()).sqrt();
    let last = |s: usize| bars.slice(w - (w >> s)..w);
    let column = |b: &Bars, f: fn(&Bar) -> f64| b.iter().map(|x| f(&x)).collect::<Vec<_>>();
    let range = |b: &Bars| column(b, |x| (x.high / x.low).ln());
    let top = |b: &Bars| b.high.iter().copied().fold(0.0, f64::max);
    let bottom = |b: &Bars| b.low.iter().copied().fold(f64::INFINITY, f64::min);
    let mut out = Vec::new();
    out.extend((0..4).map(|s| mean(&part(s)) / vol(&part(s)) * (part(s).len() as f64).sqrt()));
    out.extend((1..4).map(|s| versus(vol(&part(s)), vol(&part(s - 1)))));
    let sizes = |r: &[f64]| r.iter().map(|x| x.abs()).collect::<Vec<_>>();
    out.extend([0, 2].map(|s| mean(&sizes(&part(s))) / vol(&part(s))));
    out.extend([0, 2].map(|s| versus(mean(&range(&last(s))), vol(&part(s)))));
    out.extend([0, 1, 2].map(|s| {
        let path = (top(&last(s)) / bottom(&last(s))).ln();
        path / vol(&part(s)) / (part(s).len() as f64).sqrt()
    }));
    let now = bars.close[w - 1];
    out.extend(
        [0, 1, 2].map(|s| versus((now / bottom(&last(s))).ln(), (top(&last(s)) / now).ln())),
    );
    out.extend([0, 2].map(|s| {
        mean(&column(&last(s), |x| (x.close / x.open).ln().abs())) / mean(&range(&last(s)))
    }));
    out.extend([0, 2].map(|s| {
        let lower = mean(&column(&last(s), |x| (x.open.min(x.close) / x.low).ln()));
        let upper = mean(&column(&last(s), |x| (x.high / x.open.max(x.close)).ln()));
        (lower - upper) / mean(&range(&last(s))) * (last(s).len() as f64).sqrt()
    }));
    let r = part(0);
    let n = r.len() as f64;
    let rising = r.iter().filter(|x| **x > 0.0).count() as f64;
    let falling = r.iter().filter(|x| **x < 0.0).count() as f64;
    out.push((rising - falling) / n.sqrt());
    out.extend([0, 1].map(|s| {
        let n = part(s).len();
        let from = returns.len() - n;
        let products = (from.max(1)..returns.len()).map(|i| returns[i] * returns[i - 1]);
        (n as f64).sqrt() * products.sum::<f64>() / (vol(&part(s)).powi(2) * n as f64)
    }));
    out.push(r.iter().map(|x| x.powi(3)).sum::<f64>() / n / vol(&r).powi(3));
    out.extend((1..4).map(|s| versus(mean(&last(s).volume), mean(&last(s - 1).volume))));
    let volumes = |s: usize| bars.volume[w - part(s).len()..].to_vec();
    let weighted = |s: usize, r: &[f64]| volumes(s).iter().zip(r).map(|(v, x)| v * x).sum::<f64>();
    out.extend([0, 2].map(|s| {
        let sizes = sizes(&part(s));
        let bars = (w >> s) as f64;
        versus(
            weighted(s, &sizes) / bars,
            mean(&last(s).volume) * sizes.iter().sum::<f64>() / bars,
        )
    }));
    out.extend([0, 2].map(|s| {
        let n = part(s).len() as f64;
        n.sqrt() * weighted(s, &part(s)) / weighted(s, &sizes(&part(s)))
    }));
    out
}

fn unit_of_table(bars: &Bars) -> Vec<f64> {
    let bounded: Vec<f64> = table_of(bars)
        .iter()
        .zip(features::TABLE)
        .map(|(raw, f)| (raw - f.centre) / f.spread)
        .map(|z| z / (1.0 + z * z).sqrt())
        .collect();
    let norm = bounded.iter().map(|x| x * x).sum::<f64>().sqrt();
    bounded.iter().map(|x| x / norm).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn both_paths_equal_the_table(
        window in 16_usize..150,
        numbers in numbers(160),
        first in prop::sample::select(vec![1e-6, 1.0, 60_000.0]),
    ) {
        let bars = market(&numbers, first);
        let stats = Stats::new(window).unwrap();
        let ends = [159, window - 1, 155];
        let rows = stats.encode_series(&bars, &ends).unwrap();
        for (i, end) in ends.into_iter().enumerate() {
            let expected = unit_of_table(&bars.slice(end + 1 - window..end + 1));
            prop_assert_eq!(expected.len(), Stats::DIM);
            let alone = stats.encode_window(&bars.slice(0..end + 1)).unwrap().unwrap();
            for (j, x) in expected.into_iter().enumerate() {
                let shared = f64::from(rows.row(i).unwrap()[j]);
                prop_assert!((shared - x).abs() < 1e-6, "feature {j}: {shared} for {x}");
                prop_assert!((f64::from(alone[j]) - x).abs() < 1e-6, "feature {j}");
            }
        }
    }

    #[test]
    fn units_of_price_and_volume_change_nothing(
        numbers in numbers(64),
        price in 1e-4..1e4_f64,
        volume in 1e-4..1e4_f64,
    ) {
        let bars = market(&numbers, 100.0);
        let scaled = bars.iter().map(|b| Bar {
            open: b.open * price,
            high: b.high * price,
            low: b.low * price,
            close: b.close * price,
            volume: b.volume * volume,
            ..b
        });
        let stats = Stats::new(64).unwrap();
        let a = stats.encode_window(&bars).unwrap().unwrap();
        let b = stats.encode_window(&scaled.collect()).unwrap().unwrap();
        prop_assert!(a.iter().zip(&b).all(|(x, y)| (x - y).abs() < 1e-6));
    }

    /// Sums do not depend on what came before, unlike prefix sums: the same bits anywhere.
    #[test]
    fn a_series_has_the_same_bits_wherever_it_is_cut(
        numbers in numbers(120),
        cut in 1_usize..50,
    ) {
        let bars = market(&numbers, 100.0);
        let stats = Stats::new(40).unwrap();
        let ends: Vec<usize> = (cut + 39..120).collect();
        let later: Vec<usize> = ends.iter().map(|e| e - cut).collect();
        let whole = stats.encode_series(&bars, &ends).unwrap();
        let part = stats.encode_series(&bars.slice(cut..120), &later).unwrap();
        prop_assert_eq!(whole, part);
    }
}

#[test]
fn blocks_of_a_long_stretch_join_without_a_seam() {
    let wave = |i: u32| [0.0, 1.3, 2.1, 4.7].map(|p| (f64::from(i).powf(1.1) + p).sin().abs());
    let rows: Vec<[f64; 4]> = (0..7000).map(wave).collect();
    let bars = market(&rows, 100.0);
    let stats = Stats::new(50).unwrap();
    let ends: Vec<usize> = (49..7000).rev().step_by(3).collect();
    let blocks = blocks(&ends, BLOCK.max(stats.spec.window as usize));
    assert_eq!(blocks.len(), 4);
    assert_eq!(
        blocks.iter().map(ExactSizeIterator::len).sum::<usize>(),
        ends.len()
    );
    let rows = stats.encode_series(&bars, &ends).unwrap();
    for (i, &end) in ends.iter().enumerate().step_by(7) {
        let alone = stats.encode_series(&bars, &[end]).unwrap();
        assert_eq!(rows.row(i).unwrap(), alone.row(0).unwrap(), "end {end}");
    }
}

#[test]
fn small_moves_after_a_jump_are_not_lost() {
    let mut rows = vec![[0.7, 0.5, 0.5, 0.5]; 80];
    rows[3][0] = 500.0;
    let mut bars = market(&rows, 100.0);
    for i in 10..80 {
        let close = bars.close[9] * (1.0 + 1e-9 * ((i * i) as f64).sin());
        for column in [
            &mut bars.open,
            &mut bars.high,
            &mut bars.low,
            &mut bars.close,
        ] {
            column[i] = close;
        }
    }
    let stats = Stats::new(32).unwrap();
    let rows = stats
        .encode_series(&bars, &[3, 50, 79].map(|e: usize| e.max(31)))
        .unwrap();
    for (i, end) in [31, 50, 79].into_iter().enumerate() {
        let alone = stats
            .encode_window(&bars.slice(0..end + 1))
            .unwrap()
            .unwrap();
        let shared = rows.row(i).unwrap();
        assert!(
            alone.iter().zip(shared).all(|(a, b)| (a - b).abs() < 1e-6),
            "end {end}"
        );
    }
}

#[test]
fn steady_rise_and_fall_are_mirror_images_in_direction() {
    let rise: Bars = market(&vec![[1.0, 0.0, 0.0, 0.5]; 64], 100.0);
    let fall: Bars = market(&vec![[0.0, 0.0, 0.0, 0.5]; 64], 100.0);
    let stats = Stats::new(64).unwrap();
    let [up, down] = [rise, fall].map(|b| stats.encode_window(&b).unwrap().unwrap());
    for i in [0, 1, 2, 3, 14, 15, 16, 21, 24, 30, 31] {
        assert!(up[i] > 0.0 && (up[i] + down[i]).abs() < 1e-6, "feature {i}");
    }
    for i in [4, 5, 6, 7, 8, 17, 22, 25, 28] {
        assert!((up[i] - down[i]).abs() < 1e-6, "feature {i}");
    }
}

#[test]
fn windows_that_do_not_move_or_are_not_traded() {
    let mut rows = vec![[0.5, 0.9, 0.4, 0.3]; 64];
    let stats = Stats::new(32).unwrap();
    let flat = market(&rows, 7.0);
    assert_eq!(stats.encode_window(&flat).unwrap(), None);
    let all = stats.encode_series(&flat, &[31, 63]).unwrap();
    assert_eq!(all.defined, [false, false]);
    assert!(all.values.iter().all(|&x| x == 0.0));
    for row in &mut rows[..40] {
        row[0] = 0.8;
    }
    let mut untraded = market(&rows, 7.0);
    untraded.volume.fill(0.0);
    let vector = stats.encode_window(&untraded).unwrap().unwrap();
    assert!(vector[25..].iter().all(|&x| x == 0.0), "{vector:?}");
    // The last half is flat: all volatility is before it, and its drift and tails say nothing.
    for i in [1, 2, 3, 5, 6, 8] {
        assert_eq!(vector[i], 0.0, "feature {i}");
    }
    assert!(vector[0] > 0.0 && vector[4] < 0.0);
}

#[test]
fn bad_bars_and_lengths_are_errors() {
    let stats = Stats::new(16).unwrap();
    let good = market(&[[0.6, 0.5, 0.5, 0.5]; 20], 10.0);
    let spoil: [fn(&mut Bars); 5] = [
        |b| b.close[18] = f64::NAN,
        |b| b.volume[18] = -1.0,
        |b| b.high[18] = b.low[18] / 2.0,
        |b| b.open[18] = 0.0,
        |b| b.low[18] = f64::INFINITY,
    ];
    for change in spoil {
        let mut bars = good.clone();
        change(&mut bars);
        let text = stats.encode_window(&bars).unwrap_err().to_string();
        assert!(text.contains("at index 18"), "{text}");
        let text = stats.encode_series(&bars, &[19]).unwrap_err().to_string();
        assert!(text.contains("at index 18"), "{text}");
        assert!(stats.encode_series(&bars, &[15, 17]).is_ok());
    }
    let mut ragged = good;
    ragged.volume.pop();
    assert!(stats.encode_window(&ragged).is_err());
    assert!(Stats::new(15).is_err() && Stats::new(16_385).is_err());
}
