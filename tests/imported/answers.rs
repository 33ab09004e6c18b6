//! Answers beside those of a search by hand, and as of a time.

use crate::oracle::{DAY, HOUR, Lcg, START};
use crate::world::{BARS, D, SPACE, World, at, cosine, refused, vector};
use rhymedb::ask::NewsRequest;
use rhymedb::data::Headline;
use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow};
use rhymedb::query::{FoundHeadline, HeadlinesBy, Measure};
use rhymedb::{Control, Target, View};

#[test]
fn charts_and_headlines_are_found_from_each_other_as_by_hand() {
    for seed in 1..4 {
        let world = World::new(seed);
        let db = world.whole();
        let mut random = Lcg(seed + 100);
        let times = [None, Some(START + 30 * HOUR), Some(START + 49 * HOUR + 1)];
        for known_at in times {
            let view = known_at.map_or_else(|| db.now(), |t| db.at(at(t)));
            let asked = vector(&mut random);
            world.check_charts(&view, &asked, known_at);
            let news = view.news(asked.as_slice()).space(SPACE).run().unwrap();
            assert_eq!(news.query, None);
            world.check_headlines(&news.hits, &asked, known_at);
            let liked = view.headlines_like(SPACE, &asked, 10).unwrap();
            assert_eq!(liked, news.hits);

            // From a chart to headlines of any symbol; the chart is known by its end.
            let (s, end, of_chart) = &world.of_charts[20];
            let target = Target {
                time: Some(at(*end)),
                ..Target::from(world.series[*s].key.clone())
            };
            let news = view.news(target).space(SPACE).any_symbol(true);
            let news = news.any_time(true).run().unwrap();
            assert_eq!(news.query.unwrap().end, at(*end));
            world.check_headlines(&news.hits, of_chart, known_at);
        }
    }
}

#[test]
fn a_vector_finds_charts_and_headlines_at_once() {
    let world = World::new(4);
    let db = world.whole();
    for (seed, known_at) in [(1, None), (2, Some(START + 40 * HOUR))] {
        let view = known_at.map_or_else(|| db.now(), |t| db.at(at(t)));
        let asked = vector(&mut Lcg(seed));
        let search = view.search_vector(asked.as_slice()).space(SPACE);
        let answer = search.exact(true).run().unwrap();
        let liked = view.headlines_like(SPACE, &asked, 10).unwrap();
        world.check_headlines(&liked, &asked, known_at);
        let liked: Vec<FoundHeadline> = liked.into_iter().map(FoundHeadline::from).collect();
        assert_eq!(answer.headlines, liked);
        assert_eq!(answer.headlines_by, HeadlinesBy::Meaning);
        let similar = view.similar(asked.as_slice()).space(SPACE).exact(true);
        assert_eq!(answer.charts.hits, similar.run().unwrap().hits);
        assert_eq!(
            (answer.text, answer.expressiveness, answer.pattern),
            (None, None, None)
        );
        assert_eq!(answer.charts.narrowed_to, Vec::<String>::new());
        let known = world.nearest_headlines(&asked, known_at).len() as u64;
        assert_eq!(answer.headlines_searched, known);
    }
    let short = db.now().search_vector([1.0, 2.0].as_slice()).space(SPACE);
    assert!(refused(short.run()).contains("expected a vector of 12 numbers"));
    let none = db.now().search_vector(vec![0.0; D]).space(SPACE);
    assert!(refused(none.run()).contains("not all zero"));
}

/// A space with an encoder holds vectors like any other.
#[test]
fn a_vector_is_asked_in_a_space_with_an_encoder_too() {
    let world = World::new(15);
    let db = world.ingested();
    let view = db.now();
    let key = &world.series[0].key;
    let mut stored = Vec::new();
    view.vectors(
        Some("shape"),
        std::slice::from_ref(key),
        None,
        None,
        |one| {
            stored = one.values[one.values.len() - 48..].to_vec();
            Ok(())
        },
    )
    .unwrap();
    let doubled: Vec<f32> = stored.iter().map(|x| 2.0 * x).collect();
    let answer = view.similar(doubled).exact(true).k(5).run().unwrap();
    let best = &answer.hits[0];
    assert!(best.score > 0.999, "{best:?}");
    assert_eq!(
        (&best.window.series, best.window.end),
        (key, at(START + BARS * HOUR))
    );
    // What came after is beside the base rate, as it is for a sentence: neither has a window.
    let outcomes = view
        .similar(stored.as_slice())
        .outcomes(&[rhymedb::query::Horizon::hours(6)]);
    let answer = outcomes.run().unwrap();
    assert_eq!(answer.similar.query, None);
    assert!(answer.horizons[0].base_windows > 0);
}

#[test]
fn of_a_chart_only_headlines_of_its_symbol_that_were_known_at_its_end() {
    let world = World::new(5);
    let db = world.whole();
    let target = |hours: i64| -> Target {
        format!("BBB:1h@{}", at(START + hours * HOUR))
            .parse()
            .unwrap()
    };
    let news = db.now().news(target(40)).space(SPACE).k(90).run().unwrap();
    assert!(!news.hits.is_empty());
    for hit in &news.hits {
        assert_eq!(hit.headline.symbols, ["BBB"]);
        assert!(hit.known <= at(START + 40 * HOUR), "{hit:?}");
    }
    let context = db.now().context(target(40)).space(SPACE).run().unwrap();
    assert!(!context.headlines.is_empty());
    for line in &context.headlines {
        let i: usize = line.headline.text["news number ".len()..].parse().unwrap();
        let of_chart = world.of_charts.iter();
        let mut of_chart = of_chart.filter(|(s, end, _)| (*s, *end) == (1, START + 40 * HOUR));
        let score = cosine(&world.of_headlines[i], &of_chart.next().unwrap().2);
        assert!((line.score.unwrap() - score).abs() < 1e-3);
    }
}

#[test]
fn vectors_come_in_any_order_and_in_parts() {
    let world = World::new(6);
    let db = world.ingested();
    let rows = world.rows();
    let import = |rows: &[HeadlineVectorRow<'_>]| {
        db.import_headline_vectors(SPACE, rows, HeadlineImportOptions::default())
            .unwrap()
    };
    let mut random = Lcg(9);
    let asked = vector(&mut random);
    let found = || db.now().headlines_like(SPACE, &asked, 10).unwrap();
    // The last ones first: those with lower numbers come in below the mark.
    let report = import(&rows[60..]);
    assert_eq!((report.vectors, report.without_vector), (30, 60));
    assert_eq!(found().len(), 10);
    import(&rows[..30]);
    let report = import(&rows[20..70]);
    assert_eq!(
        (report.vectors, report.replaced, report.without_vector),
        (50, 20, 0)
    );
    world.check_headlines(&found(), &asked, None);
    // Another vector of one headline, in a later import and twice in one: the last one counts.
    let other: Vec<f32> = asked.iter().map(|x| 3.0 * x).collect();
    let new = |vector| HeadlineVectorRow {
        headline: &world.headlines[7],
        vector,
    };
    let report = import(&[new(&world.of_headlines[7]), new(&other)]);
    assert_eq!((report.vectors, report.replaced), (1, 1));
    let best = &found()[0];
    assert_eq!(best.headline, world.headlines[7]);
    assert!(best.score > 0.999, "{best:?}");
    // Headlines that come later have no vector, and nobody takes one for them.
    let late = Headline {
        text: "late news".to_owned(),
        ..world.headlines[1].clone()
    };
    let report = db.ingest_headlines(std::slice::from_ref(&late)).unwrap();
    assert_eq!((report.added, report.without_vector), (1, 1));
    assert_eq!(db.now().spaces().unwrap()[1].headline_rows, 90);
    let all = db.now().headlines_like(SPACE, &asked, 200).unwrap();
    assert_eq!(all.len(), 90);
    assert!(all.iter().all(|hit| hit.headline != late));
    db.verify(&Control::new()).unwrap();
}

/// Nobody says until when the model was trained, so an answer as of a time may know what came later: it says
/// so, and an alignment is ranked among no others.
#[test]
fn an_answer_as_of_a_time_says_that_the_model_may_know_more() {
    let world = World::new(17);
    let db = world.whole();
    let target: Target = "AAA:1h".parse().unwrap();
    let asked = |view: &View| view.news(target.clone()).space(SPACE).run().unwrap();
    assert_eq!(asked(&db.now()).trained_until, None);
    let early = db.at(at(START + 80 * HOUR));
    let until = asked(&early).trained_until.unwrap();
    assert!(until > at(START + 10_000 * DAY), "{until}");
    let mut request = NewsRequest::new("AAA:1h");
    request.space = Some(SPACE.to_owned());
    let reply = request.ask(&early).unwrap();
    let told = "nobody says until when the model of the space mine was trained";
    assert!(
        reply.notes.iter().any(|note| note.starts_with(told)),
        "{reply:?}"
    );
    let anomaly = early
        .anomaly(target)
        .space(SPACE)
        .calibration(20)
        .run()
        .unwrap();
    assert!(anomaly.trained_until.is_some());
    let measures: Vec<_> = anomaly.unusual.measures.iter().map(|s| s.measure).collect();
    assert!(!measures.contains(&Measure::Alignment), "{measures:?}");
}
