//! Quotas of windows, beside the whole ranking.

use rhymedb::query::{Per, Refine};
use rhymedb::{Filter, SeriesBars, Target, Timestamp};

use crate::oracle::Lcg;
use crate::oracle::worlds::database;
use crate::world::{
    assert_ranks, groups, market, ranking, some_per, some_target, told, walked, world,
};

#[test]
fn quotas_are_those_of_a_walk_along_the_ranking() {
    let (mut short, mut of_several) = (0, 0);
    for seed in 0..3 {
        let (_dir, db) = world(100 * seed);
        let mut random = Lcg(seed + 7);
        for _ in 0..25 {
            let target = some_target(&mut random);
            let view = match random.next() < 0.5 {
                true => db.now(),
                false => db.at("2016-10-01".parse().unwrap()),
            };
            let per = some_per(&mut random);
            let zone = [0, 5, 16, 40][(random.next() * 4.0) as usize];
            let k = 1 + (random.next() * 40.0) as usize;
            let question = view.similar(target.clone()).k(k).exclusion(zone);
            let answer = question.clone().per(per).exact(random.next() < 0.5);
            let answer = answer.run().unwrap();
            let (expected, counts) =
                walked(&ranking(&question), answer.query.as_ref(), (k, zone, per));
            let of = format!("seed {seed}: {target}, k {k}, zone {zone}, {per:?}");
            assert_eq!(told(&answer.hits), told(&expected), "{of}");
            assert_ranks(&answer);
            let reached = expected.len() < k && counts.full();
            assert_eq!(answer.quota_reached, reached, "{of}");
            short += usize::from(reached);
            let kinds = [per.symbol, per.year, per.market];
            of_several += usize::from(kinds.iter().flatten().count() > 1);
        }
    }
    assert!(short > 5 && of_several > 5, "{short}, {of_several}");
}

#[test]
fn a_list_is_filled_from_other_groups() {
    let (_dir, db) = world(1);
    let target: Target = "east/AAA:1d@2015-03-01".parse().unwrap();
    let all = || db.now().similar(target.clone()).k(5);
    let plain = all().run().unwrap();
    let one = all().per(Per::new().symbol(1)).run().unwrap();
    assert_ne!(plain.hits, one.hits);
    assert!(!plain.quota_reached && !one.quota_reached);
    let mut symbols: Vec<_> = one
        .hits
        .iter()
        .map(|h| groups(&h.window)[0].clone())
        .collect();
    symbols.sort();
    symbols.dedup();
    // AAA of the one market is not AAA of the other.
    assert_eq!(symbols.len(), 5);
    let more = all().k(6).per(Per::new().symbol(1)).run().unwrap();
    assert_eq!(more.hits, one.hits);
    assert!(more.quota_reached, "five symbols are stored");
    let few = all().k(6).filter(
        Filter::new()
            .symbol("DDD")
            .until("2014-09-01".parse().unwrap()),
    );
    let few = few.per(Per::new().symbol(5)).run().unwrap();
    assert!(few.hits.len() < 5 && !few.quota_reached, "there is no more");
}

/// The nearest are all of one market, and the search goes on in the others.
#[test]
fn a_list_is_as_long_where_the_nearest_are_all_of_one_group() {
    let mut all = market(3);
    // The same walk in ten symbols of one market, which are nearer than all else.
    let copy = |i: usize| {
        let mut copy = all[0].clone();
        copy.key.market = "copies".to_owned();
        copy.key.symbol = format!("COPY{i}");
        copy.bars = copy.bars.iter().take(300).collect();
        copy
    };
    let copies: Vec<SeriesBars> = (0..10).map(copy).collect();
    all.extend(copies);
    let (_dir, db) = database(&all);
    let target: Target = "east/AAA:1d@2015-03-01".parse().unwrap();
    let question = db.now().similar(target).k(10).exact(false);
    let plain = question.run().unwrap();
    assert!(
        plain
            .hits
            .iter()
            .all(|h| h.window.series.market == "copies")
    );
    let per = Per::new().market(4);
    let spread = question.clone().per(per).run().unwrap();
    let (expected, _) = walked(&ranking(&question), spread.query.as_ref(), (10, 16, per));
    assert_eq!(told(&spread.hits), told(&expected));
    assert_eq!(spread.hits.len(), 10);
    assert_eq!(spread.searched.windows, plain.searched.windows);
}

/// What is not known yet takes no place of a quota.
#[test]
fn the_future_changes_no_quota() {
    let all = market(9);
    let as_of: Timestamp = "2016-04-10".parse().unwrap();
    let known: Vec<SeriesBars> = all
        .iter()
        .map(|series| {
            let mut known = series.clone();
            let close = |time: i64| {
                let open = Timestamp::from_millis(time);
                known.key.interval.close_of(open)
            };
            let times = series.bars.time.iter();
            let bars = times.take_while(|time| close(**time) <= as_of).count();
            known.bars = series.bars.iter().take(bars).collect();
            known
        })
        .collect();
    let ((_a, whole), (_b, past)) = (database(&all), database(&known));
    let target: Target = "east/AAA:1d@2016-04-01".parse().unwrap();
    for per in [
        Per::new().symbol(1),
        Per::new().year(2),
        Per::new().market(1).year(1),
    ] {
        for diverse in [None, Some(0.4)] {
            let asked = |db: &rhymedb::Database| {
                let question = db.at(as_of).similar(target.clone()).k(6).per(per);
                let question = match diverse {
                    Some(lambda) => question.diverse(lambda),
                    None => question,
                };
                let answer = question.run().unwrap();
                (told(&answer.hits), answer.quota_reached)
            };
            assert_eq!(asked(&whole), asked(&past), "{per}, {diverse:?}");
        }
    }
}

#[test]
fn quotas_hold_where_hits_are_refined_and_in_batches() {
    let (_dir, db) = world(4);
    let per = Per::new().symbol(1).year(2);
    let targets = ["east/AAA:1d@2015-03-01", "west/CCC:1d@2015-06-01"];
    let view = db.now();
    let batch = view
        .similar_batch(targets)
        .with(|q| q.k(4).per(per).diverse(0.3));
    for (target, many) in targets.iter().zip(batch.run().unwrap()) {
        let one = view
            .similar(*target)
            .k(4)
            .per(per)
            .diverse(0.3)
            .run()
            .unwrap();
        assert_eq!(
            (&one.hits, one.quota_reached),
            (&many.hits, many.quota_reached)
        );
        assert_eq!(many.hits.len(), 4);
        let refined = view.similar(*target).k(4).refine(Refine::Correlation);
        let refined = refined.per(per).run().unwrap();
        let mut counts = crate::world::Counts::new(per);
        for hit in &refined.hits {
            let groups = groups(&hit.window);
            assert!(counts.room(&groups), "{:?}", refined.hits);
            counts.add(&groups);
        }
        assert_eq!(refined.hits.len(), 4);
        let values: Vec<f64> = refined.hits.iter().map(|h| h.refined.unwrap()).collect();
        assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    }
}

#[test]
fn quotas_of_transfers_are_more_than_those_of_symbols() {
    let (_dir, db) = world(5);
    let view = db.now();
    let target: Target = "east/AAA:1d@2015-03-01".parse().unwrap();
    let asked = || view.transfer(target.clone()).to("west").k(6);
    let usual = asked().run().unwrap();
    assert_eq!(usual.hits.len(), 6);
    let per = Per::new().year(1);
    let yearly = asked().per(per).run().unwrap();
    let mut counts = crate::world::Counts::new(per.symbol(3));
    for hit in &yearly.hits {
        assert!(counts.room(&groups(&hit.window)));
        counts.add(&groups(&hit.window));
    }
    assert_eq!(yearly.fewer, Some(rhymedb::query::Fewer::Quota));
    assert!((3..=4).contains(&yearly.hits.len()), "2014 to 2017");
    let six = asked().per(Per::new().symbol(6)).run().unwrap();
    assert_eq!(six.quota, 6);
    let by_quota = asked().quota(6).run().unwrap();
    assert_eq!(told_transfer(&six), told_transfer(&by_quota));
    let near = asked().diverse(1.0).run().unwrap();
    assert_eq!(told_transfer(&near), told_transfer(&usual));
    let different = asked().diverse(0.1).run().unwrap();
    assert_eq!(different.hits.len(), 6);
    assert_ne!(told_transfer(&different), told_transfer(&usual));
}

fn told_transfer(answer: &rhymedb::query::TransferAnswer) -> Vec<String> {
    let hits = answer.hits.iter();
    hits.map(|hit| hit.window.to_string()).collect()
}
