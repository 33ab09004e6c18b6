#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::model::{Bars, Calendar, SeriesKey, TimePrecision, Timestamp};

fn market(config: SyntheticConfig) -> SyntheticMarket {
    SyntheticMarket::new(config).unwrap()
}

fn check_bars(series: &[SeriesBars]) {
    for SeriesBars {
        key,
        calendar,
        bars,
    } in series
    {
        let step = key.interval.nominal_millis();
        assert_eq!(*calendar, Calendar::of_market(&key.market));
        for bar in bars.iter() {
            assert_eq!(bar.check(), Ok(()), "{key} {}", bar.time);
            assert_eq!(bar.time.millis() % step, 0, "{key} is off its grid");
        }
        for pair in bars.time.windows(2) {
            let hours = (pair[1] - pair[0]) / 3_600_000;
            match calendar {
                Calendar::Continuous => assert_eq!(hours, 1),
                Calendar::Session => assert!((24..=6 * 24).contains(&hours), "{hours} h"),
            }
        }
    }
}

/// Log return from the close before an event to the close of its last bar.
fn event_return(event: &MarketEvent, key: &SeriesKey, bars: &Bars) -> f64 {
    let first = bars.time.binary_search(&event.time.millis()).unwrap();
    let last = first + event.bars - 1;
    let end = key.interval.close_of(bars.get(last).unwrap().time);
    assert_eq!(end, event.end);
    (bars.close[last] / bars.close[first - 1]).ln()
}

fn check_headlines(market: &SyntheticMarket) {
    let headlines = market.headlines();
    assert!(
        headlines
            .windows(2)
            .all(|pair| pair[0].time <= pair[1].time)
    );
    let mut free: HashMap<(Vec<String>, i64), usize> = HashMap::new();
    for headline in &headlines {
        let day = TimePrecision::Day == headline.precision;
        assert!(!headline.symbols.is_empty());
        let bar = headline.time.millis().div_euclid(3_600_000) * 3_600_000;
        if day {
            assert_eq!(headline.time.millis() % 86_400_000, 0);
        }
        *free.entry((headline.symbols.clone(), bar)).or_default() += 1;
    }
    for event in market.events() {
        let symbols: Vec<String> = event.series.iter().map(|s| s.symbol.clone()).collect();
        let found = free.get(&(symbols, event.time.millis()));
        assert_eq!(
            found,
            Some(&1),
            "one headline in the first bar of {event:?}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_market() {
    let (one, two) = (
        market(SyntheticConfig::small(5)),
        market(SyntheticConfig::small(5)),
    );
    assert_eq!(one.series(), two.series());
    assert_eq!(one.headlines(), two.headlines());
    assert_eq!(one.events(), two.events());
    let other = market(SyntheticConfig::small(6));
    assert_ne!(one.series(), other.series());
    assert_ne!(one.events(), other.events());
}

/// The market of seed 1 as one number: it must not change by accident, nor by platform.
#[test]
fn the_small_market_of_seed_1_is_pinned() {
    let made = market(SyntheticConfig::small(1));
    let mut bytes = Vec::new();
    for SeriesBars { key, bars, .. } in made.series() {
        bytes.extend(key.to_string().bytes());
        for column in [&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume] {
            bytes.extend(column.iter().flat_map(|v| v.to_le_bytes()));
        }
    }
    for headline in made.headlines() {
        bytes.extend(headline.text.bytes());
        bytes.extend(headline.time.millis().to_le_bytes());
    }
    assert_eq!(xxhash_rust::xxh3::xxh3_64(&bytes), 961171130193806316);
}

#[test]
fn more_symbols_and_more_bars_change_nothing_before() {
    let small = market(SyntheticConfig::small(9));
    let large = market(SyntheticConfig {
        crypto_symbols: 5,
        equity_symbols: 10,
        crypto_bars: 2_500,
        equity_days: 700,
        ..SyntheticConfig::small(9)
    });
    let large_series: HashMap<_, _> = large
        .series()
        .into_iter()
        .map(|one| (one.key, one.bars))
        .collect();
    for SeriesBars { key, bars, .. } in small.series() {
        // An event of up to 48 bars that does not fit into the short history is not begun there.
        let same = bars.len() - 48;
        assert_eq!(
            large_series[&key].slice(0..same),
            bars.slice(0..same),
            "{key}"
        );
    }
    let planted = |market: &SyntheticMarket| -> HashSet<_> {
        let events = market.events().into_iter();
        events.map(|e| (e.kind, e.time, e.bars)).collect()
    };
    assert!(planted(&large).is_superset(&planted(&small)));
    let texts: HashSet<_> = large.headlines().into_iter().map(|h| h.text).collect();
    for headline in small.headlines() {
        assert!(texts.contains(&headline.text), "{}", headline.text);
    }
}

#[test]
fn wordings_change_the_words_alone() {
    let with = |wordings| {
        market(SyntheticConfig {
            wordings,
            ..SyntheticConfig::small(3)
        })
    };
    let (train, held_out) = (with(Wordings::Train), with(Wordings::HeldOut));
    assert_eq!(train.series(), held_out.series());
    assert_eq!(train.events(), held_out.events());
    let pairs = train.headlines().into_iter().zip(held_out.headlines());
    for (a, b) in pairs {
        assert_eq!(
            (a.time, a.precision, &a.symbols),
            (b.time, b.precision, &b.symbols)
        );
        assert_ne!(a.text, b.text);
    }
}

#[test]
fn the_default_market_is_as_described() {
    let made = market(SyntheticConfig::default());
    let series = made.series();
    check_bars(&series);
    check_headlines(&made);
    let windows: usize = series.iter().map(|one| one.bars.len() - 63).sum();
    assert!((450_000..550_000).contains(&windows), "{windows} windows");

    let by_key: HashMap<_, _> = series.iter().map(|one| (&one.key, &one.bars)).collect();
    let mut counts: HashMap<EventKind, usize> = HashMap::new();
    let mut right: HashMap<EventKind, (usize, usize)> = HashMap::new();
    for event in made.events() {
        *counts.entry(event.kind).or_default() += 1;
        assert!((8..=48).contains(&event.bars));
        for key in &event.series {
            assert_eq!(key.market, event.kind.market());
            let change = event_return(&event, key, by_key[key]);
            let (hits, all) = right.entry(event.kind).or_default();
            *hits += usize::from((change > 0.0) == event.kind.is_upward());
            *all += 1;
        }
        match event.kind {
            EventKind::RateHike => assert_eq!(event.series.len(), 60),
            EventKind::SectorRally => assert_eq!(event.series.len(), 20),
            _ => assert_eq!(event.series.len(), 1),
        }
    }
    for kind in EventKind::ALL {
        let (hits, all) = right[&kind];
        assert!(counts[&kind] >= 8, "{} events of {kind}", counts[&kind]);
        assert!(hits * 100 >= all * 95, "{kind}: {hits} of {all} go its way");
    }
}

#[test]
fn events_of_a_symbol_do_not_overlap() {
    let made = market(SyntheticConfig {
        equity_days: 2_500,
        ..SyntheticConfig::small(11)
    });
    let mut until: HashMap<SeriesKey, Timestamp> = HashMap::new();
    for event in made.events() {
        for key in &event.series {
            let free = until.insert(key.clone(), event.end);
            assert!(
                free.is_none_or(|free| free <= event.time),
                "{key} {event:?}"
            );
        }
    }
}

/// What a market does and a plain random walk does not.
#[test]
fn returns_have_the_facts_of_markets() {
    let made = market(SyntheticConfig {
        crypto_symbols: 4,
        equity_symbols: 6,
        crypto_bars: 20_000,
        equity_days: 2_500,
        ..SyntheticConfig::small(2)
    });
    let series = made.series();
    let returns = |bars: &Bars| -> Vec<f64> {
        let pairs = bars.close.windows(2);
        pairs.map(|pair| (pair[1] / pair[0]).ln()).collect()
    };
    for SeriesBars { key, bars, .. } in &series {
        let r = returns(bars);
        let (mean, variance) = moments(&r);
        let fourth = r.iter().map(|x| (x - mean).powi(4)).sum::<f64>() / r.len() as f64;
        assert!(fourth / (variance * variance) > 4.0, "{key}: fat tails");
        let size: Vec<f64> = r.iter().map(|x| x.abs()).collect();
        let clipped: Vec<f64> = size.iter().map(|x| x.min(3.0 * variance.sqrt())).collect();
        let at_lag = |lag| correlation(&clipped[lag..], &clipped[..clipped.len() - lag]);
        let memory = (1..=10).map(at_lag).sum::<f64>() / 10.0;
        assert!(memory > 0.05, "{key}: volatility clusters: {memory}");
        assert!(
            correlation(&r[1..], &r[..r.len() - 1]).abs() < 0.3,
            "{key}: little memory"
        );
        assert!(correlation(&size, &bars.volume[1..]) > 0.2, "{key}: volume");
    }
    let first = returns(&series[0].bars);
    let second = returns(&series[1].bars);
    let shared = correlation(&first, &second);
    assert!((0.15..0.85).contains(&shared), "a common factor: {shared}");
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(a), moments(b));
    let products = a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b));
    products.sum::<f64>() / a.len() as f64 / (var_a * var_b).sqrt()
}

#[test]
fn bad_configs_are_refused_with_a_reason() {
    let refuse = |config: SyntheticConfig, words: &str| {
        let error = SyntheticMarket::new(config).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let small = SyntheticConfig::small(1);
    let late = Timestamp::from_millis(3_600_000);
    refuse(
        SyntheticConfig {
            start: late,
            ..small.clone()
        },
        "midnight",
    );
    refuse(
        SyntheticConfig {
            crypto_symbols: 2_000,
            ..small.clone()
        },
        "found 2000",
    );
    let far = "9999-01-01".parse().unwrap();
    refuse(
        SyntheticConfig {
            start: far,
            ..small
        },
        "9999",
    );
}

#[test]
fn an_empty_market_is_empty() {
    let made = market(SyntheticConfig {
        crypto_symbols: 0,
        equity_symbols: 2,
        equity_days: 0,
        ..SyntheticConfig::small(1)
    });
    let series = made.series();
    assert!(series.len() == 2 && series.iter().all(|one| one.bars.is_empty()));
    assert!(made.headlines().is_empty() && made.events().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_seed_gives_valid_bars_and_headlines(
        seed in any::<u64>(),
        crypto_symbols in 0_usize..4,
        equity_symbols in 0_usize..8,
        crypto_bars in 0_usize..1_500,
        equity_days in 0_usize..600,
        days in -20_000_i64..30_000,
    ) {
        let made = market(SyntheticConfig {
            seed,
            crypto_symbols,
            equity_symbols,
            crypto_bars,
            equity_days,
            start: Timestamp::from_millis(days * 86_400_000),
            wordings: Wordings::All,
        });
        check_bars(&made.series());
        check_headlines(&made);
    }
}
