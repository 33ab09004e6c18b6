//! Similar windows elsewhere, and how alike markets are.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::collections::HashMap;

use oracle::{DAY, HOUR, START, W, crypto, equity};
use rhymedb::{Database, Error, OpenOptions, SeriesBars, Target, Timestamp, View};

fn open() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    (dir, db)
}

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

fn hours(n: i64) -> Timestamp {
    Timestamp::from_millis(START + n * HOUR)
}

fn target(text: &str, at: Timestamp) -> Target {
    format!("{text}@{at}").parse().unwrap()
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 2e-4, "{a} against {b}");
}

#[test]
fn the_same_shape_is_found_elsewhere() {
    let (_dir, db) = open();
    let all = market();
    db.ingest_bars(&all).unwrap();
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
        .market("equity")
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

#[test]
fn quotas_symbols_and_episodes_hold() {
    let (_dir, db) = open();
    db.ingest_bars(&market()).unwrap();
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
    let until = Timestamp::from_millis(START + 300 * DAY);
    let early = ask().to("equity").until(until).run().unwrap();
    assert!(early.hits.iter().all(|h| h.window.end <= until));
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
    let as_of = Timestamp::from_millis(START + 150 * DAY);
    let mut other = all.clone();
    for series in &mut other {
        for i in 0..series.bars.len() {
            let open = Timestamp::from_millis(series.bars.time[i]);
            if series.key.interval.close_of(open) > as_of {
                series.bars.high[i] *= 3.0;
                series.bars.close[i] *= 1.0 + 0.9 * ((i * 7) % 5) as f64 / 5.0;
            }
        }
    }
    let mut late = equity("LATE", 300, 9);
    late.bars.time.iter_mut().for_each(|t| *t += 210 * DAY);
    other.push(late);
    other[3].bars = other[3].bars.slice(0..300);
    let (_a, known) = open();
    known.ingest_bars(&all).unwrap();
    let (_b, changed) = open();
    changed.ingest_bars(&other).unwrap();
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

#[test]
fn matrices_agree_with_every_pair_compared() {
    let (_dir, db) = open();
    let all = market();
    db.ingest_bars(&all).unwrap();
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
    assert_eq!((pair.n_a, pair.n_b), (a.len(), b.len()));
    let (mutual, similarity) = compare(&a, &b);
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

fn refused(result: Result<impl std::fmt::Debug, Error>, message: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (_dir, db) = open();
    db.ingest_bars(&market()).unwrap();
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
        view.transfer_matrix().market("moon").run(),
        "no market moon",
    );
    let none = view.transfer_matrix().from(hours(1_000_000)).run().unwrap();
    assert_eq!((none.groups.len(), none.pairs.len()), (0, 0));
}
