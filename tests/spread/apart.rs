//! Hits that differ from one another, beside the definition.

use std::collections::BTreeMap;

use rhymedb::query::Per;
use rhymedb::{Hit, View};

use crate::oracle::Lcg;
use crate::world::{
    Counts, assert_ranks, groups, ranking, some_per, some_target, told, walked, world,
};

/// The stored vector of each window, by its name.
fn vectors(view: &View) -> BTreeMap<(String, i64), Vec<f32>> {
    let mut all = BTreeMap::new();
    let each = |one: rhymedb::ingest::SeriesVectors| {
        let rows = one.values.chunks(one.values.len() / one.ends.len());
        for (end, row) in one.ends.iter().zip(rows) {
            all.insert((one.series.to_string(), end.millis()), row.to_vec());
        }
        Ok(())
    };
    view.vectors(None, &[], None, None, each).unwrap();
    all
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let terms = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
    terms.sum()
}

/// Each hit has the most of what a hit is chosen by, of all of the pool that may still be chosen.
#[test]
fn a_choice_is_that_of_the_definition() {
    for seed in 0..2 {
        let (_dir, db) = world(50 + seed);
        let view = db.now();
        let vectors = vectors(&view);
        let vector = |hit: &Hit| {
            let window = &hit.window;
            &vectors[&(window.series.to_string(), window.end.millis())]
        };
        let mut random = Lcg(seed + 70);
        for _ in 0..20 {
            let target = some_target(&mut random);
            let per = some_per(&mut random);
            let k = 1 + (random.next() * 12.0) as usize;
            let lambda = (random.next() * 11.0).floor() / 10.0;
            let question = view.similar(target.clone()).k(k);
            let answer = question.clone().per(per).diverse(lambda).run().unwrap();
            assert_ranks(&answer);
            let times = |quota: Option<usize>| quota.map(|n| 5 * n);
            let mut wider = Per::new();
            (wider.symbol, wider.year) = (times(per.symbol), times(per.year));
            wider.market = times(per.market);
            let pool = (5 * k, 16, wider);
            let (pool, _) = walked(&ranking(&question), answer.query.as_ref(), pool);
            let mut counts = Counts::new(per);
            let mut chosen: Vec<&Hit> = Vec::new();
            let worth = |hit: &Hit, chosen: &[&Hit]| {
                let like = chosen.iter().map(|c| cosine(vector(c), vector(hit)));
                let like = like.reduce(f64::max).unwrap_or(0.0);
                lambda * f64::from(hit.score) - (1.0 - lambda) * like
            };
            let of = format!("seed {seed}: {target}, k {k}, lambda {lambda}, {per:?}");
            for hit in &answer.hits {
                let same = |c: &&Hit| c.window == hit.window;
                let in_pool = pool.iter().find(same);
                assert_eq!(in_pool.map(|c| c.score), Some(hit.score), "{of}: {hit:?}");
                let groups_of_hit = groups(&hit.window);
                assert!(counts.room(&groups_of_hit), "{of}: {hit:?}");
                let mine = worth(hit, &chosen);
                for other in &pool {
                    let open = !chosen.iter().any(|c| c.window == other.window);
                    if open && counts.room(&groups(&other.window)) {
                        let theirs = worth(other, &chosen);
                        assert!(theirs <= mine + 1e-5, "{of}: {theirs} of {other:?}, {mine}");
                    }
                }
                counts.add(&groups_of_hit);
                chosen.push(hit);
            }
            let open = |c: &&Hit| !chosen.iter().any(|h| h.window == c.window);
            let more = pool.iter().filter(open);
            let more = more.filter(|c| counts.room(&groups(&c.window))).count();
            assert!(chosen.len() == k || more == 0, "{of}");
            let fewer = chosen.len() < k && counts.full();
            assert_eq!(answer.quota_reached, fewer, "{of}");
        }
    }
}

#[test]
fn hits_that_differ_are_less_alike() {
    let (_dir, db) = world(60);
    let view = db.now();
    let vectors = vectors(&view);
    let vector = |hit: &Hit| {
        let window = &hit.window;
        &vectors[&(window.series.to_string(), window.end.millis())]
    };
    let question = view.similar("east/AAA:1d@2015-03-01").k(8);
    let plain = question.run().unwrap();
    let same = question.clone().diverse(1.0).run().unwrap();
    assert_eq!(told(&same.hits), told(&plain.hits), "the order of nearness");
    let alike = |hits: &[Hit]| {
        let pairs = hits.iter().enumerate().flat_map(|(i, a)| {
            let rest = hits[..i].iter();
            rest.map(move |b| cosine(vector(a), vector(b)))
        });
        pairs.sum::<f64>()
    };
    let different = question.clone().diverse(0.5).run().unwrap();
    assert_eq!(different.hits.len(), 8);
    assert_eq!(different.hits[0].window, plain.hits[0].window);
    let (before, after) = (alike(&plain.hits), alike(&different.hits));
    assert!(after < before - 1.0, "{after} of {before}");
    let again = question.diverse(0.5).run().unwrap();
    assert_eq!(again.hits, different.hits);
}
