//! What was not known at t cannot reach an answer as of t: three databases that agree up to t give
//! the same answers, to the last bit.

use std::time::Duration;

use rhymedb::{Database, Headline, LabelSet, Measure, Query, SeriesBars, Target, Timestamp};

use crate::oracle::{HOUR, crypto};
use crate::world::{MIDDLE, World, headlines, known, of, series};

fn target_of(text: &str) -> Target {
    text.parse().unwrap()
}

/// Everything that can be asked, as of the middle.
fn answers(db: &Database) -> Vec<String> {
    let view = db.at(Timestamp::from_millis(MIDDLE));
    let target = target_of("AAA:1h");
    let text = "shares plunge after a warning";
    let set = LabelSet::built_in_named("sentiment").unwrap();
    let mut all = Vec::new();
    let mut search = view.search(text).k(40).exact(true).run().unwrap();
    (search.took, search.charts.took) = Default::default();
    all.push(format!("{search:?}"));
    for query in [
        Query::from(target.clone()),
        Query::text(text),
        Query::from(target.clone()).minus(Query::text("quiet")),
        Query::prototype("early"),
    ] {
        let mut news = view.news(query.clone()).space("clip").k(200).run().unwrap();
        news.took = Duration::ZERO;
        all.push(format!("{news:?}"));
        let similar = view.similar(query.clone()).space("clip").k(20).exact(true);
        all.push(format!("{:?}", similar.run().unwrap().hits));
        all.push(format!(
            "{:?}",
            view.classify(query.clone(), &set).run().unwrap()
        ));
        all.push(format!(
            "{:?}",
            view.alignment(query.clone()).labels(&set).run().unwrap()
        ));
        let axis = view.axis(Query::text("bad news"), Query::text("good news"));
        all.push(format!("{:?}", axis.of(query).unwrap()));
        all.push(format!("{:?}", axis.history(&target, None, None).unwrap()));
        all.push(format!("{:?}", axis.headlines("AAA", None, None).unwrap()));
    }
    let long = Duration::from_secs(1 << 30);
    let context = view
        .context(target.clone())
        .before(long)
        .after(long)
        .run()
        .unwrap();
    assert!(context.headlines.len() > 20);
    all.push(format!("{context:?}"));
    all.push(format!(
        "{:?}",
        view.regimes(target.clone(), &set).run().unwrap()
    ));
    let divergence = view.divergence(target).history(5).below(20.0);
    all.push(format!("{:?}", divergence.run().unwrap()));
    all.push(format!(
        "{:?}",
        view.reaction(text).horizon(4).k(100).run().unwrap()
    ));
    let mut anomaly = view.anomaly(target_of("AAA:1h"));
    anomaly = anomaly.space("clip").labels(&set).k(2).exact(true);
    let mut unusual = anomaly.run().unwrap();
    assert!(unusual.unusual.get(Measure::Alignment).is_some());
    unusual.took = Duration::ZERO;
    all.push(format!("{unusual:?}"));
    let scan = view.anomaly_scan().of("AAA").space("clip").k(2).exact(true);
    let mut scan = scan.by(Measure::Alignment).level(0.5).run().unwrap();
    assert!(!scan.episodes.is_empty());
    scan.took = Duration::ZERO;
    all.push(format!("{scan:?}"));
    all.push(format!(
        "{:?}",
        view.headlines_like("clip", &[0.25; 16], 500).unwrap()
    ));
    all
}

fn past(all: &[SeriesBars]) -> Vec<SeriesBars> {
    let until = |s: &SeriesBars| {
        let close = |t: &&i64| {
            s.key
                .interval
                .close_of(Timestamp::from_millis(**t))
                .millis()
        };
        s.bars
            .time
            .iter()
            .take_while(|t| close(t) <= MIDDLE)
            .count()
    };
    all.iter()
        .map(|s| SeriesBars {
            bars: s.bars.slice(0..until(s)),
            ..s.clone()
        })
        .collect()
}

fn with_prototype(world: World) -> World {
    let windows = ["AAA:1h@2020-01-10", "BBB:1h@2020-01-12"].map(|t| t.parse().unwrap());
    world
        .db
        .save_prototype("early", Some("clip"), &windows)
        .unwrap();
    world
}

#[test]
fn nothing_later_reaches_an_answer() {
    let (all, news) = (series(), headlines(150));
    let known_then = |h: &&Headline| known(h) <= MIDDLE;
    let early: Vec<Headline> = news.iter().filter(known_then).cloned().collect();
    assert!(early.len() > 50 && news.len() - early.len() > 20);
    let short = with_prototype(of(past(&all), early.clone()));
    let expected = answers(&short.db);

    // With all that came later, a series that begins later, and more headlines.
    let long = with_prototype(of(all.clone(), news));
    long.db.ingest_bars(&[future("CCC", 9)]).unwrap();
    assert_eq!(answers(&long.db), expected);

    // Another future, in the database that knew none.
    let other = past(&all)
        .into_iter()
        .zip(&all)
        .map(|(mut series, whole)| {
            let scaled = whole.bars.iter().skip(series.bars.len()).map(|mut bar| {
                bar.open *= 3.0;
                bar.high *= 5.0;
                bar.low *= 2.0;
                bar.close *= 4.0;
                bar
            });
            let scaled: Vec<_> = scaled.collect();
            scaled.into_iter().for_each(|bar| series.bars.push(bar));
            series
        })
        .collect::<Vec<_>>();
    short.db.ingest_bars(&other).unwrap();
    short
        .db
        .ingest_bars(&[future("CCC", 10), future("EEE", 11)])
        .unwrap();
    let mut late: Vec<Headline> = early[..40].to_vec();
    for (i, headline) in late.iter_mut().enumerate() {
        headline.time = Timestamp::from_millis(MIDDLE + 1 + i as i64 * HOUR);
        headline.symbols = vec!["AAA".to_owned(), "CCC".to_owned()];
    }
    assert_eq!(short.db.ingest_headlines(&late).unwrap().added, 40);
    assert_eq!(answers(&short.db), expected);
    short.db.compact(&rhymedb::Control::new()).unwrap();
    assert_eq!(answers(&short.db), expected);
    // The same questions of today have other answers.
    let text = "shares plunge after a warning";
    let now = short
        .db
        .now()
        .reaction(text)
        .horizon(4)
        .k(100)
        .run()
        .unwrap();
    assert!(!expected.contains(&format!("{now:?}")));
}

fn future(symbol: &str, seed: u64) -> SeriesBars {
    let mut series = crypto(symbol, 300, seed);
    for time in &mut series.bars.time {
        *time += MIDDLE - crate::oracle::START;
    }
    series
}
