//! Similar windows elsewhere, and how alike markets are.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::collections::HashMap;

use oracle::matrices::{roots, shrunk, times};
use oracle::worlds::{database, days, hours, other_future, refused, target};
use oracle::{DAY, HOUR, W, crypto, equity};
use rhymedb::query::Fewer;
use rhymedb::{Filter, SeriesBars, View};

/// Two markets; CCC has the shape of AAA's window that ends at hour 400, at another price.
fn market() -> Vec<SeriesBars> {
    let mut all = vec![
        crypto("AAA", 700, 1),
        crypto("BBB", 650, 2),
        equity("CCC", 500, 3),
        equity("DDD", 480, 4),
    ];
    for i in 0..W {
        let close = all[0].bars.close[400 - W + i] / 7.0;
        let bars = &mut all[2].bars;
        let at = 100 + i;
        bars.open[at] = close;
        bars.close[at] = close;
        bars.high[at] = close;
        bars.low[at] = close;
    }
    all
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 2e-4, "{a} against {b}");
}

#[test]
fn the_same_shape_is_found_elsewhere() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    let answer = view
        .transfer(target("AAA", hours(400)))
        .to("equity")
        .exact(true)
        .run()
        .unwrap();
    let best = &answer.hits[0];
    assert_eq!(best.window.series, all[2].key);
    let last = all[2].bars.time[100 + W - 1];
    assert_eq!(best.window.end.millis(), last + DAY);
    near(best.raw, 1.0);
    assert!(answer.shift > 0.0);
    assert_eq!(answer.searched.windows, (500 - 63) + (480 - 63));

    // Raw scores are those of a similarity search; other scores are what they say.
    let search = view
        .similar(target("AAA", hours(400)))
        .filter(Filter::new().market("equity"))
        .exact(true);
    let similar = search.k(10_000).exclusion(0).run().unwrap();
    let raw: HashMap<_, _> = similar.hits.iter().map(|h| (&h.window, h.score)).collect();
    assert_eq!(raw.len(), similar.hits.len());
    for (i, hit) in answer.hits.iter().enumerate() {
        assert_eq!(hit.rank, i + 1);
        near(hit.raw, f64::from(raw[&hit.window]));
        assert!((-1.0..=1.0).contains(&hit.similarity));
        assert!(hit.score <= 2.0 * hit.similarity + 2.0);
    }
    assert!(answer.hits.is_sorted_by(|a, b| a.score >= b.score));
    for symbol in ["CCC", "DDD"] {
        let of_one = answer
            .hits
            .iter()
            .filter(|h| h.window.series.symbol == symbol);
        assert_eq!(of_one.count(), 3, "the default quota");
    }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(p, q)| p * q).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn mean_of_best(mut values: Vec<f64>) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    values[..10].iter().sum::<f64>() / 10.0
}

/// The windows of a side that its moments are taken from: the last ones may be left out.
fn drawn<'a>(windows: &'a [oracle::Window], series: &[usize]) -> Vec<&'a oracle::Window> {
    let mut side: Vec<_> = windows
        .iter()
        .filter(|w| series.contains(&w.series))
        .collect();
    side.sort_by_key(|w| (w.end, w.series));
    let unit = 1 << (side.len() / 16).max(1).ilog2();
    side.truncate(side.len() / unit * unit);
    side
}

/// Every window of the other side by its corrected score, best first.
fn plain_transfer<'a>(
    windows: &'a [oracle::Window],
    query: &oracle::Window,
    there: &[usize],
) -> Vec<(f64, f64, &'a oracle::Window)> {
    let (from, to) = (drawn(windows, &[0, 1]), drawn(windows, there));
    let moments = |side: &[&oracle::Window]| {
        let vectors: Vec<&[f64]> = side.iter().map(|w| w.vector.as_slice()).collect();
        let (mean, covariance, _) = shrunk(&vectors);
        (mean, roots(&covariance))
    };
    let (mean_from, (_, back)) = moments(&from);
    let (mean_to, (forth, _)) = moments(&to);
    let less = |x: &[f64], m: &[f64]| -> Vec<f64> { x.iter().zip(m).map(|(x, m)| x - m).collect() };
    let across = |x: &[f64]| times(&forth, &times(&back, &less(x, &mean_from)));
    let asked = across(&query.vector);
    let step = from.len().div_ceil(512);
    let bank: Vec<_> = from
        .iter()
        .step_by(step)
        .map(|w| across(&w.vector))
        .collect();
    let others = windows.iter().filter(|w| there.contains(&w.series));
    let seen: Vec<_> = others
        .map(|w| {
            let arrived = less(&w.vector, &mean_to);
            let crowding = bank.iter().map(|b| cosine(b, &arrived)).collect();
            (cosine(&asked, &arrived), mean_of_best(crowding), w)
        })
        .collect();
    let around = mean_of_best(seen.iter().map(|s| s.0).collect());
    let mut scored: Vec<_> = seen
        .into_iter()
        .map(|(similarity, crowding, w)| (2.0 * similarity - around - crowding, similarity, w))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored
}

#[test]
fn corrected_scores_agree_with_their_definition() {
    let all = market();
    let (_dir, db) = database(&all);
    let windows = oracle::windows(&all);
    for hour in [300, 400, 555] {
        let at = hours(hour);
        let query = windows
            .iter()
            .find(|w| w.series == 0 && w.end == at.millis())
            .unwrap();
        let expected = plain_transfer(&windows, query, &[2, 3]);
        let view = db.now();
        let question = view
            .transfer(target("AAA", at))
            .to("equity")
            .k(107)
            .quota(107);
        let answer = question.exact(true).exclusion(0).run().unwrap();
        assert_eq!(answer.hits.len(), 107);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 2e-3, "{a} against {b}");
        for (hit, (score, ..)) in answer.hits.iter().zip(&expected) {
            close(hit.score, *score);
            let same = |w: &&oracle::Window| {
                all[w.series].key == hit.window.series && w.end == hit.window.end.millis()
            };
            let own = expected.iter().find(|(.., w)| same(w)).unwrap();
            close(hit.score, own.0);
            close(hit.similarity, own.1);
        }
    }
}

#[test]
fn quotas_symbols_and_episodes_hold() {
    let (_dir, db) = database(&market());
    let view = db.now();
    let ask = || view.transfer(target("AAA", hours(400))).exact(true);
    let one = ask().to("equity").quota(1).run().unwrap();
    assert_eq!(one.hits.len(), 2);
    // Its own market: everything but the symbol itself.
    let own = ask().to("crypto").quota(50).k(30).run().unwrap();
    assert!(!own.hits.is_empty());
    assert!(own.hits.iter().all(|h| h.window.series.symbol == "BBB"));
    for (i, a) in own.hits.iter().enumerate() {
        for b in &own.hits[..i] {
            let apart = (a.window.end.millis() - b.window.end.millis()).abs();
            assert!(apart >= 16 * HOUR);
        }
    }
    let two = ask().to("BBB").to("DDD").run();
    // Names of one kind are any of them.
    let symbols: Vec<String> = two
        .unwrap()
        .hits
        .iter()
        .map(|h| h.window.series.symbol.clone())
        .collect();
    assert!(symbols.contains(&"BBB".to_owned()) && symbols.contains(&"DDD".to_owned()));
    let until = days(300);
    let early = ask()
        .to("equity")
        .filter(Filter::new().until(until))
        .run()
        .unwrap();
    assert!(early.hits.iter().all(|h| h.window.end <= until));
}

/// The work grows with what the quota allows, not with the windows of a symbol.
#[test]
fn a_search_stops_at_what_the_quota_allows() {
    let all = vec![
        crypto("AAA", 700, 1),
        equity("MANY", 4_000, 3),
        equity("FEW", 67, 4),
    ];
    let (_dir, db) = database(&all);
    let view = db.now();
    for exact in [false, true] {
        let ask = || view.transfer(target("AAA", hours(400))).exact(exact);
        let answer = ask().to("MANY").run().unwrap();
        assert_eq!((answer.hits.len(), answer.k), (3, 10));
        assert_eq!(answer.fewer, Some(Fewer::Quota));
        assert_eq!(answer.searched.windows, 4_000 - 63);
        assert!(answer.compared <= 128, "{} of 3,937", answer.compared);
        let three = ask().to("MANY").k(3).run().unwrap();
        assert_eq!((&three.hits, three.fewer), (&answer.hits, None));

        // The four windows of FEW are one moment, so it has one hit of its three; MANY is not
        // looked through for the others.
        let both = ask().to("equity").run().unwrap();
        let symbols: Vec<&str> = both
            .hits
            .iter()
            .map(|h| h.window.series.symbol.as_str())
            .collect();
        assert_eq!(symbols.iter().filter(|s| **s == "MANY").count(), 3);
        assert_eq!(symbols.iter().filter(|s| **s == "FEW").count(), 1);
        assert_eq!(both.fewer, Some(Fewer::Quota));
        assert!(both.compared <= 132, "{}", both.compared);

        let few = ask().to("FEW").exclusion(1).k(9).quota(9);
        assert!(
            few.run()
                .unwrap_err()
                .to_string()
                .contains("at least 30 windows")
        );
        let all_of_it = ask().to("MANY").k(1_000).quota(1_000).run().unwrap();
        assert_eq!(all_of_it.fewer, Some(Fewer::Episodes));
        assert!(all_of_it.hits.len() < 300 && all_of_it.compared == 3_937);
        for (i, a) in all_of_it.hits.iter().enumerate() {
            for b in &all_of_it.hits[..i] {
                let apart = (a.window.end.millis() - b.window.end.millis()).abs();
                assert!(apart >= 16 * DAY, "{} and {}", a.window, b.window);
            }
        }
    }
}

fn asked(view: &View, hour: i64) -> String {
    let question = view
        .transfer(target("AAA", hours(hour)))
        .to("equity")
        .exact(true);
    let answer = question.run().unwrap();
    assert!(!answer.hits.is_empty());
    format!("{:?} {} {:?}", answer.hits, answer.shift, answer.searched)
}

fn matrix(view: &View) -> String {
    let mut all = String::new();
    for by_symbol in [false, true] {
        for exact in [false, true] {
            let question = view
                .transfer_matrix()
                .by_symbol(by_symbol)
                .exact(exact)
                .sample(50);
            let answer = question.run().unwrap();
            all += &format!("{:?} {:?}", answer.groups, answer.pairs);
        }
    }
    all
}

#[test]
fn the_future_changes_nothing() {
    let all: Vec<SeriesBars> = vec![
        crypto("AAA", 5000, 1),
        crypto("BBB", 4000, 2),
        equity("CCC", 500, 3),
        equity("DDD", 480, 4),
    ];
    let as_of = days(150);
    let other = other_future(&all, as_of, equity("LATE", 300, 9), 3);
    let (_a, known) = database(&all);
    let (_b, changed) = database(&other);
    assert_ne!(matrix(&known.now()), matrix(&changed.now()));
    assert_eq!(matrix(&known.at(as_of)), matrix(&changed.at(as_of)));
    for hour in [1000, 2000, 3500] {
        assert_ne!(asked(&known.now(), hour), asked(&changed.now(), hour));
        assert_eq!(
            asked(&known.at(as_of), hour),
            asked(&changed.at(as_of), hour)
        );
    }
}

/// `n` of these windows, evenly spread in time.
fn thinned(mut all: Vec<&oracle::Window>, n: usize) -> Vec<&oracle::Window> {
    all.sort_by_key(|w| (w.end, w.series));
    (0..n).map(|i| all[i * all.len() / n]).collect()
}

#[test]
fn matrices_agree_with_every_pair_compared() {
    let all = market();
    let (_dir, db) = database(&all);
    let windows = oracle::windows(&all);
    let of = |series: &[usize]| -> Vec<&oracle::Window> {
        windows
            .iter()
            .filter(|w| series.contains(&w.series))
            .collect()
    };
    let compare = |a: &[&oracle::Window], b: &[&oracle::Window]| -> (f64, f64) {
        let dot = |x: &oracle::Window, y: &oracle::Window| -> f64 {
            x.vector.iter().zip(&y.vector).map(|(p, q)| p * q).sum()
        };
        let best = |x: &oracle::Window, ys: &[&oracle::Window]| -> (usize, f64) {
            let scores = ys.iter().map(|y| dot(x, y)).enumerate();
            scores.max_by(|p, q| p.1.total_cmp(&q.1)).unwrap()
        };
        let of_a: Vec<_> = a.iter().map(|x| best(x, b)).collect();
        let of_b: Vec<_> = b.iter().map(|y| best(y, a)).collect();
        let mutual = of_a
            .iter()
            .enumerate()
            .filter(|(i, (j, _))| of_b[*j].0 == *i)
            .count();
        let sum: f64 = of_a.iter().chain(&of_b).map(|x| x.1).sum();
        (
            mutual as f64 / a.len().min(b.len()) as f64,
            sum / (a.len() + b.len()) as f64,
        )
    };
    let view = db.now();
    let answer = view.transfer_matrix().exact(true).run().unwrap();
    let [pair] = &answer.pairs[..] else {
        panic!("{:?}", answer.pairs);
    };
    let (a, b) = (of(&[0, 1]), of(&[2, 3]));
    assert_eq!((pair.a.as_str(), pair.b.as_str()), ("crypto", "equity"));
    // As many of each, evenly spread.
    let n = a.len().min(b.len());
    assert_eq!(pair.n, n);
    let (mutual, similarity) = compare(&thinned(a, n), &thinned(b, n));
    near(pair.similarity, similarity);
    assert!(
        (pair.mutual - mutual).abs() < 0.01,
        "{} against {mutual}",
        pair.mutual
    );

    let answer = view
        .transfer_matrix()
        .by_symbol(true)
        .sample(100)
        .run()
        .unwrap();
    let names: Vec<&str> = answer.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(
        names,
        ["crypto/AAA", "crypto/BBB", "equity/CCC", "equity/DDD"]
    );
    assert_eq!(answer.pairs.len(), 6);
    assert!(answer.groups.iter().all(|g| g.n == 100 && g.windows > 400));
    assert!(
        answer.pairs.iter().all(|p| (0.1..0.9).contains(&p.mutual)),
        "{:?}",
        answer.pairs
    );
}

/// Walks of one kind are as alike as the value beside them says, whatever the size of the groups; it is
/// not a half.
#[test]
fn a_matrix_stands_beside_what_one_kind_would_give() {
    let all = vec![
        crypto("AAA", 9_000, 1),
        crypto("BBB", 9_000, 2),
        crypto("SMALL", 2_500, 3),
        equity("CCC", 9_000, 4),
    ];
    let (_dir, db) = database(&all);
    let view = db.now();
    for sample in [100, 300] {
        let question = view.transfer_matrix().by_symbol(true).sample(sample);
        let answer = question.run().unwrap();
        assert_eq!(answer.pairs.len(), 6);
        for pair in &answer.pairs {
            assert_eq!(pair.n, sample, "{pair:?}");
            let (mutual, similarity) = (pair.mutual_null.unwrap(), pair.similarity_null.unwrap());
            // Three standard errors of a share of `sample`.
            let near = 3.0 * (0.2 / sample as f64).sqrt();
            assert!((pair.mutual - mutual).abs() < near, "{pair:?}");
            assert!((pair.similarity - similarity).abs() < 0.03, "{pair:?}");
            assert!((0.1..0.4).contains(&mutual), "{pair:?}");
        }
        let again = view.transfer_matrix().by_symbol(true).sample(sample);
        assert_eq!(again.run().unwrap().pairs, answer.pairs);
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (_dir, db) = database(&market());
    let view = db.now();
    let ask = || view.transfer(target("AAA", hours(400)));
    refused(
        ask().run(),
        "expected a market or a symbol to look in, found none",
    );
    refused(ask().to("moon").run(), "no market or symbol moon");
    refused(
        ask().to("equity").k(0).run(),
        "expected k from 1 to 1000, found 0",
    );
    refused(
        ask().to("equity").quota(0).run(),
        "expected a quota from 1 to 1000, found 0",
    );
    let early = db.at(hours(80));
    let few = early.transfer(target("AAA", hours(80))).to("equity");
    refused(few.run(), "expected at least 30 windows in the market of");
    refused(
        view.transfer_matrix().sample(0).run(),
        "expected a sample from 1 to 20000",
    );
    refused(
        view.transfer_matrix()
            .filter(Filter::new().market("moon"))
            .run(),
        "no market moon",
    );
    let none = view
        .transfer_matrix()
        .filter(Filter::new().from(hours(1_000_000)))
        .run()
        .unwrap();
    assert_eq!((none.groups.len(), none.pairs.len()), (0, 0));
}
