//! What was not known at t cannot reach an answer as of t: three databases that agree up to t give
//! the same answers, to the last bit.

use std::time::Duration;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::query::{LabelSet, Measure, ReactionAnswer};
use rhymedb::{Database, Query, SeriesBars, Target, Timestamp};

use crate::oracle::{HOUR, START, crypto, equity};
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
        *time += MIDDLE - START;
    }
    series
}

fn headline(symbols: &[&str], hour: i64, text: &str) -> Headline {
    Headline {
        time: Timestamp::from_millis(START + hour * HOUR),
        precision: TimePrecision::Second,
        text: text.to_owned(),
        source: format!("{symbols:?} {hour}"),
        symbols: symbols.iter().map(|&s| s.to_owned()).collect(),
    }
}

/// The prices of a series from an hour on, so much higher.
fn jump(series: &mut SeriesBars, hour: i64, factor: f64) {
    for i in 0..series.bars.len() {
        if series.bars.time[i] >= START + hour * HOUR {
            series.bars.open[i] *= factor;
            series.bars.high[i] *= factor;
            series.bars.low[i] *= factor;
            series.bars.close[i] *= factor;
        }
    }
}

fn change_of(answer: &ReactionAnswer, symbol: &str) -> Vec<(i64, f64)> {
    let all = answer.news.iter().flat_map(|n| &n.outcomes);
    let own = all.filter(|o| o.series.symbol == symbol);
    own.map(|o| ((o.start.millis() - START) / HOUR, o.outcome.change))
        .collect()
}

/// A company's reaction starts at its own news: names are masked, so another company's news of two days
/// before has the same words, and what this one did in between foretold nothing.
#[test]
fn twins_of_other_companies_are_other_news() {
    let text = "profit beats forecast";
    let mut series = [crypto("ACME", 400, 3), crypto("ZETA", 400, 4)];
    jump(&mut series[1], 190, 1.12);
    let world = of(
        series.to_vec(),
        vec![
            headline(&["ACME"], 150, text),
            headline(&["ZETA"], 198, text),
            headline(&["ZETA"], 204, text),
        ],
    );
    let view = world.db.now();
    let answer = view.reaction(text).horizon(20).run().unwrap();
    assert_eq!(answer.news.len(), 2, "{:?}", answer.news);
    let zeta = change_of(&answer, "ZETA");
    let bars = &world.series[1].bars;
    let expected = bars.close[217] / bars.close[197] - 1.0;
    assert_eq!(zeta, [(198, expected)]);
    assert!(zeta[0].1 < 0.1, "{zeta:?}");
    assert_eq!(change_of(&answer, "ACME")[0].0, 150);
    assert_eq!(answer.news.iter().map(|n| n.headlines).sum::<u64>(), 3);
}

/// One headline of two companies joins their news; each still starts at the first that names it.
#[test]
fn every_symbol_starts_at_its_own_first_headline() {
    let text = "profit beats forecast";
    let series = [crypto("ACME", 400, 3), crypto("ZETA", 400, 4)];
    let alone = [
        headline(&["ACME"], 150, text),
        headline(&["ZETA"], 190, text),
    ];
    let both = headline(&["ACME", "ZETA"], 200, text);
    let world = of(
        series.to_vec(),
        [&alone[..], std::slice::from_ref(&both)].concat(),
    );
    let answer = world.db.now().reaction(text).horizon(5).run().unwrap();
    assert_eq!(answer.news.len(), 1);
    assert_eq!(answer.news[0].headlines, 3);
    assert_eq!(answer.news[0].headline.symbols, ["ACME"]);
    assert_eq!(change_of(&answer, "ACME")[0].0, 150);
    assert_eq!(change_of(&answer, "ZETA")[0].0, 190);
    // Where only the headline of both names the second, it starts there.
    let world = of(series.to_vec(), vec![alone[0].clone(), both]);
    let answer = world.db.now().reaction(text).horizon(5).run().unwrap();
    assert_eq!(
        (answer.news.len(), change_of(&answer, "ZETA")[0].0),
        (1, 200)
    );
}

/// Two stories that move a series at one time are one observation of it.
#[test]
fn what_two_stories_moved_counts_once() {
    let series = vec![crypto("ACME", 400, 3), crypto("ZETA", 400, 4)];
    let news = vec![
        headline(&["ACME"], 150, "profit beats forecast"),
        headline(&["ACME"], 150, "miners sell record trading bank"),
        headline(&["ZETA"], 150, "profit beats forecast"),
    ];
    let world = of(series, news);
    let answer = world
        .db
        .now()
        .reaction("profit beats")
        .same_news(0.999)
        .run();
    let answer = answer.unwrap();
    assert_eq!(answer.news.len(), 3);
    let all: Vec<bool> = answer
        .news
        .iter()
        .flat_map(|n| &n.outcomes)
        .map(|o| o.repeated)
        .collect();
    assert_eq!(all.iter().filter(|&&repeated| repeated).count(), 1);
    assert_eq!(answer.summary.unwrap().n, 2);
}

/// A day of a session closes at midnight, hours after its last price: news of the evening starts with the
/// next bar's first price, not with the close from before it.
#[test]
fn news_of_the_evening_starts_with_the_next_session() {
    let mut day = equity("ACME", 60, 3);
    // A jump over the night from Wednesday to Thursday, when the news is out.
    jump(&mut day, 24 * 24, 1.3);
    let evening = headline(&["ACME"], 23 * 24 + 18, "profit beats forecast");
    let friday = headline(&["ACME"], 32 * 24 + 20, "profit beats forecast");
    let world = of(vec![day, crypto("BBB", 300, 2)], vec![evening, friday]);
    let answer = world
        .db
        .now()
        .reaction("profit beats")
        .horizon(2)
        .run()
        .unwrap();
    let found = change_of(&answer, "ACME");
    let bars = &world.series[0].bars;
    // 24 days are 18 weekdays and the Thursday after; the Friday's news starts on Monday.
    let at = |days: i64| {
        bars.time
            .iter()
            .position(|&t| t == START + days * 24 * HOUR)
            .unwrap()
    };
    for (start, change) in found {
        let first = at(start / 24);
        assert!([24, 35].contains(&(start / 24)), "{start}");
        let expected = bars.close[first + 1] / bars.open[first] - 1.0;
        assert!((change - expected).abs() < 1e-12, "{change} {expected}");
        assert!(change < 0.2);
    }
    let outcomes = answer.news.iter().flat_map(|n| &n.outcomes);
    assert!(outcomes.clone().count() == 2 && outcomes.clone().all(|o| o.price > 0.0));
}
