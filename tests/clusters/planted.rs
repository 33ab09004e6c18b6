//! Assets whose returns have a market and a group in common.

use rhymedb::data::Calendar;
use rhymedb::query::ClustersAnswer;
use rhymedb::{Bar, Interval, SeriesBars, SeriesKey, Timestamp};

use crate::oracle::{DAY, Lcg, START, gauss};

/// `groups` times `each` daily series A00, A01, ... of a venue, dealt out to the groups in turn; with no group they
/// have the market alone in common.
pub(crate) fn planted(
    venue: &str,
    groups: usize,
    each: usize,
    days: usize,
    seed: u64,
) -> Vec<SeriesBars> {
    let mut random = Lcg(seed.wrapping_mul(7_919).wrapping_add(13));
    let n = groups.max(1) * each;
    let mut closes = vec![vec![100.0]; n];
    for _ in 1..days {
        let market = 0.01 * gauss(&mut random);
        let of_group: Vec<f64> = (0..groups).map(|_| 0.01 * gauss(&mut random)).collect();
        for (i, closes) in closes.iter_mut().enumerate() {
            let group = of_group.get(i % groups.max(1)).copied().unwrap_or(0.0);
            let slope = 0.8 + 0.4 * (i as f64 / n as f64);
            let step = slope * market + group + 0.01 * gauss(&mut random);
            closes.push(closes[closes.len() - 1] * step.exp());
        }
    }
    let series = closes.into_iter().enumerate();
    series
        .map(|(i, closes)| of_closes(venue, i, &closes))
        .collect()
}

/// Daily series that have a market in common, calm and wild times, and nothing else.
pub(crate) fn wild(venue: &str, n: usize, days: usize, seed: u64) -> Vec<SeriesBars> {
    let mut random = Lcg(seed.wrapping_mul(6_421).wrapping_add(29));
    let mut closes = vec![vec![100.0]; n];
    let mut size = 0.01_f64;
    for _ in 1..days {
        // Times of a month or so, up to ten times as wild as others.
        size =
            (0.01 * (size / 0.01).powf(0.95) * (0.25 * gauss(&mut random)).exp()).clamp(0.001, 0.1);
        let market = size * gauss(&mut random);
        for closes in &mut closes {
            let step = market + size * gauss(&mut random);
            closes.push(closes[closes.len() - 1] * step.exp());
        }
    }
    let series = closes.into_iter().enumerate();
    series
        .map(|(i, closes)| of_closes(venue, i, &closes))
        .collect()
}

/// Daily bars with these closes.
pub(crate) fn of_closes(venue: &str, i: usize, closes: &[f64]) -> SeriesBars {
    let bar = |(day, two): (usize, &[f64])| Bar {
        time: Timestamp::from_millis(START + day as i64 * DAY),
        open: two[0],
        high: two[0].max(two[1]),
        low: two[0].min(two[1]),
        close: two[1],
        volume: 1.0,
    };
    let before = [&closes[..1], closes].concat();
    SeriesBars {
        key: SeriesKey::new("crypto", venue, &format!("A{i:02}"), Interval::days(1)).unwrap(),
        calendar: Calendar::Continuous,
        bars: before.windows(2).enumerate().map(bar).collect(),
    }
}

/// The number of groups, each of which has the members of one planted group and all of them; 0 if one has not.
pub(crate) fn groups(answer: &ClustersAnswer) -> usize {
    let n = answer.assets.len();
    let k = answer.groups.len();
    let planted = |symbol: &str| symbol[1..].parse::<usize>().unwrap() % k;
    for group in 1..=k {
        let members = answer.assets.iter().filter(|a| a.group == group);
        let mut of: Vec<usize> = members.map(|a| planted(&a.series.symbol)).collect();
        let size = of.len();
        of.dedup();
        if of.len() != 1 || size != n / k {
            return 0;
        }
    }
    k
}
