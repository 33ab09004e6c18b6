//! Headlines with quotas and apart from one another, beside the whole ranking.

use std::sync::LazyLock;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::query::{FoundHeadline, HeadlineHit, HeadlinesBy, News, Per};
use rhymedb::{Database, Query, Timestamp};

use crate::oracle::{DAY, Lcg};
use crate::world::{Counts, series, some_per};

const WORDS: [&str; 12] = [
    "shares", "plunge", "surge", "profit", "warning", "record", "merger", "bank", "oil", "chief",
    "lawsuit", "dividend",
];

/// 400 headlines of four years: of no symbol, of one or of two, some of no stored market.
static NEWS: LazyLock<(tempfile::TempDir, Database)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    let bars = [("east", "AAA", 1), ("east", "BBB", 2), ("west", "CCC", 3)];
    let bars = bars.map(|(market, symbol, seed)| series(market, symbol, 200, seed));
    db.ingest_bars(&bars).unwrap();
    let mut random = Lcg(5);
    let mut any = |n: usize| (random.next() * n as f64) as usize;
    let mut all = Vec::new();
    for i in 0..400 {
        let words: Vec<&str> = (0..5).map(|_| WORDS[any(WORDS.len())]).collect();
        let names = ["AAA", "BBB", "CCC", "ELSEWHERE"];
        let symbols = (0..any(3)).map(|_| names[any(4)].to_owned());
        let mut symbols: Vec<String> = symbols.collect();
        symbols.dedup();
        let days = 16_500 + any(1_500) as i64;
        all.push(Headline {
            time: Timestamp::from_millis(days * DAY + i),
            precision: TimePrecision::Second,
            text: format!("{} {i}", words.join(" ")),
            source: String::new(),
            symbols,
        });
    }
    db.ingest_headlines(&all).unwrap();
    (dir, db)
});

fn groups(hit: &HeadlineHit) -> Vec<(&'static str, String)> {
    groups_of(&hit.headline)
}

fn groups_of(headline: &Headline) -> Vec<(&'static str, String)> {
    let mut groups = vec![("year", headline.time.to_string()[..4].to_owned())];
    for symbol in &headline.symbols {
        groups.push(("symbol", symbol.clone()));
        let market = match symbol.as_str() {
            "AAA" | "BBB" => "east",
            "CCC" => "west",
            _ => continue,
        };
        groups.push(("market", market.to_owned()));
    }
    groups.sort();
    groups.dedup();
    groups
}

fn told(hits: &[HeadlineHit]) -> Vec<(usize, &str, f32)> {
    let told = |hit: &'_ HeadlineHit| (hit.rank, hit.score);
    let texts = hits.iter().map(|hit| hit.headline.text.as_str());
    texts
        .zip(hits.iter().map(told))
        .map(|(t, (r, s))| (r, t, s))
        .collect()
}

fn found(hits: Vec<HeadlineHit>) -> Vec<FoundHeadline> {
    hits.into_iter().map(FoundHeadline::from).collect()
}

/// The nearest that the quotas allow.
fn walked(ranking: &[HeadlineHit], k: usize, per: Per) -> (Vec<HeadlineHit>, bool) {
    let mut counts = Counts::new(per);
    let mut taken: Vec<HeadlineHit> = Vec::new();
    for hit in ranking {
        if taken.len() < k && counts.room(&groups(hit)) {
            counts.add(&groups(hit));
            let mut next = hit.clone();
            next.rank = taken.len() + 1;
            taken.push(next);
        }
    }
    let fewer = taken.len() < k && counts.full();
    (taken, fewer)
}

#[test]
fn quotas_of_headlines_are_those_of_a_walk_along_the_ranking() {
    let view = NEWS.1.now();
    let mut random = Lcg(1);
    let mut short = 0;
    for round in 0..40 {
        let words = ["shares plunge", "record profit", "merger of banks"][round % 3];
        let (view, per) = match random.next() < 0.3 {
            true => (
                NEWS.1.at("2016-09-01".parse().unwrap()),
                some_per(&mut random),
            ),
            false => (view.clone(), some_per(&mut random)),
        };
        let k = 1 + (random.next() * 60.0) as usize;
        let all = view.news(Query::text(words)).k(10_000).run().unwrap();
        assert_eq!(all.hits.len() as u64, all.searched);
        let (expected, fewer) = walked(&all.hits, k, per);
        let news = view.news(Query::text(words)).k(k).per(per).run().unwrap();
        assert_eq!(told(&news.hits), told(&expected), "{words}, k {k}, {per:?}");
        assert_eq!((news.quota_reached, news.searched), (fewer, all.searched));
        let search = view
            .search(words)
            .k(k)
            .all_symbols(true)
            .headlines_by(HeadlinesBy::Meaning)
            .per(per)
            .run()
            .unwrap();
        assert_eq!(search.headlines, found(expected));
        assert_eq!(search.headline_quota_reached, fewer);
        short += usize::from(fewer);
    }
    assert!(short > 3, "{short}");
}

/// By words alone and by both: the list without quotas, walked from the best on.
#[test]
fn quotas_hold_where_words_count() {
    let view = NEWS.1.now();
    let mut short = 0;
    for (by, text) in [
        (HeadlinesBy::Both, "shares plunge after a lawsuit"),
        (HeadlinesBy::Both, "bank merger 17"),
        (HeadlinesBy::Words, "oil dividend"),
        (HeadlinesBy::Words, "chief 250"),
    ] {
        let search = |k: usize| {
            let search = view.search(text).all_symbols(true).headlines_by(by);
            search.k(k)
        };
        let all = search(10_000).run().unwrap();
        for per in [Per::new().symbol(3), Per::new().year(4).market(5)] {
            let mut counts = Counts::new(per);
            let mut expected: Vec<&str> = Vec::new();
            for hit in &all.headlines {
                let groups = groups_of(&hit.headline);
                if expected.len() < 40 && counts.room(&groups) {
                    counts.add(&groups);
                    expected.push(&hit.headline.text);
                }
            }
            let some = search(40).per(per).run().unwrap();
            let texts: Vec<&str> = some
                .headlines
                .iter()
                .map(|h| h.headline.text.as_str())
                .collect();
            assert_eq!(texts, expected, "{text} {per:?}");
            let fewer = expected.len() < 40 && counts.full();
            assert_eq!(some.headline_quota_reached, fewer);
            short += usize::from(fewer);
        }
        let apart = search(10).diverse(0.3).run().unwrap();
        let nearest = search(10).diverse(1.0).run().unwrap();
        assert_eq!(apart.headlines[0], nearest.headlines[0]);
        assert_ne!(apart.headlines, nearest.headlines);
        assert_eq!(nearest.headlines, all.headlines[..10]);
    }
    assert!(short > 1, "{short}");
}

fn diverse(news: News, lambda: f64) -> Vec<HeadlineHit> {
    news.diverse(lambda).run().unwrap().hits
}

/// By the vectors that are stored, with the definition.
#[test]
fn headlines_that_differ_are_those_of_the_definition() {
    let view = NEWS.1.now();
    let mut vectors = std::collections::BTreeMap::new();
    let each = |batch: rhymedb::ingest::HeadlineVectors| {
        let dim = batch.values.len() / batch.headlines.len();
        for (headline, row) in batch.headlines.iter().zip(batch.values.chunks(dim)) {
            vectors.insert(headline.text.clone(), row.to_vec());
        }
        Ok(())
    };
    view.headline_vectors(None, None, None, None, each).unwrap();
    let cosine = |a: &HeadlineHit, b: &HeadlineHit| {
        let (a, b) = (&vectors[&a.headline.text], &vectors[&b.headline.text]);
        let terms = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
        terms.sum::<f64>()
    };
    let news = || view.news(Query::text("shares plunge"));
    let all = news().k(10_000).run().unwrap().hits;
    for (lambda, per) in [
        (0.5, Per::new()),
        (0.2, Per::new()),
        (0.0, Per::new().year(2)),
        (0.7, Per::new().symbol(1)),
    ] {
        let k = 8;
        let wider = Per::new();
        let wider = per.year.map_or(wider, |n| wider.year(5 * n));
        let wider = per.symbol.map_or(wider, |n| wider.symbol(5 * n));
        let (pool, _) = walked(&all, 5 * k, wider);
        let hits = diverse(news().k(k).per(per), lambda);
        assert_eq!(hits.len(), k);
        let mut counts = Counts::new(per);
        for (i, hit) in hits.iter().enumerate() {
            let worth = |of: &HeadlineHit| {
                let like = hits[..i].iter().map(|h| cosine(h, of));
                let like = like.reduce(f64::max).unwrap_or(0.0);
                lambda * f64::from(of.score) - (1.0 - lambda) * like
            };
            let open = |of: &&HeadlineHit| {
                hits[..i].iter().all(|h| h.headline != of.headline) && counts.room(&groups(of))
            };
            let best = pool.iter().filter(open).map(worth).reduce(f64::max);
            assert!(best.unwrap() <= worth(hit) + 1e-5, "lambda {lambda}, {i}");
            assert!(counts.room(&groups(hit)));
            assert!(
                pool.iter()
                    .any(|p| p.headline == hit.headline && p.score == hit.score)
            );
            assert_eq!(hit.rank, i + 1);
            counts.add(&groups(hit));
        }
    }
    let plain = news().k(8).run().unwrap().hits;
    assert_eq!(told(&diverse(news().k(8), 1.0)), told(&plain));
    assert_ne!(told(&diverse(news().k(8), 0.2)), told(&plain));
}

#[test]
fn bad_values_are_refused_of_headlines_too() {
    let view = NEWS.1.now();
    let refused = |error: rhymedb::Error, part: &str| {
        let why = error.to_string();
        assert!(why.contains(part), "{why}");
    };
    let news = || view.news(Query::text("shares plunge"));
    let search = || view.search("shares plunge");
    let zero = Per::new().symbol(0);
    refused(
        news().per(zero).run().unwrap_err(),
        "hits per symbol, found 0",
    );
    refused(
        search().per(zero).run().unwrap_err(),
        "hits per symbol, found 0",
    );
    refused(news().diverse(2.0).run().unwrap_err(), "diverse from 0");
    refused(search().diverse(-1.0).run().unwrap_err(), "diverse from 0");
    refused(
        search().k(2000).diverse(0.5).run().unwrap_err(),
        "1 to 1000",
    );
}

/// A sentence about a large move fills its list with the largest of the nearest, under the same quotas.
#[test]
fn quotas_hold_where_a_sentence_tells_of_a_large_move() {
    let view = NEWS.1.now();
    for lambda in [None, Some(0.4)] {
        let ask = |k: usize, per: Per| {
            let question = view.similar(Query::text("panic selling")).k(k).per(per);
            let question = match lambda {
                Some(lambda) => question.diverse(lambda),
                None => question,
            };
            question.exclusion(4).run().unwrap()
        };
        let plain = ask(6, Per::new());
        assert!(
            plain.large_moves.is_some() && plain.hits.len() == 6,
            "{plain:?}"
        );
        let one = ask(6, Per::new().symbol(1));
        let symbols = one.hits.iter().map(|h| h.window.series.symbol.as_str());
        let mut symbols: Vec<&str> = symbols.collect();
        symbols.sort_unstable();
        assert_eq!(symbols, ["AAA", "BBB", "CCC"], "{lambda:?}");
        assert!(one.quota_reached);
    }
}
