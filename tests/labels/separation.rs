//! Words that do not tell charts apart are not believed without a word of warning.

use rhymedb::query::LabelSet;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Database, Query, SeriesBars, Target};

fn market() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    let config = SyntheticConfig {
        crypto_bars: 1200,
        equity_days: 400,
        ..SyntheticConfig::small(1)
    };
    let market = SyntheticMarket::new(config).unwrap();
    db.ingest_bars(&market.series()).unwrap();
    (dir, db)
}

const TELLING: [&str; 2] = ["shares plunge in a panic", "shares surge to a record high"];
/// Two sentences of one meaning, and two without any about prices.
const MUTE: [[&str; 2]; 2] = [
    [
        "the company named a new director",
        "a new director was named by the company",
    ],
    ["the cat sat on the sofa", "the violin is on the shelf"],
];

#[test]
fn words_that_tell_nothing_are_told() {
    let (_dir, db) = market();
    let view = db.now();
    let target: Target = "NOVAUSDT:1h".parse().unwrap();
    let classify = |words: &[&str]| {
        let set = LabelSet::of_sentences("mine", words).unwrap();
        let single = view.classify(target.clone(), &set).run().unwrap();
        let history = view.regimes(target.clone(), &set).run().unwrap();
        assert_eq!(single.warning, history.warning);
        single.warning
    };
    let axis = |[low, high]: [&str; 2]| {
        let axis = view.axis(Query::text(low), Query::text(high));
        axis.warning().unwrap()
    };
    let combine = |text: &str| {
        let query = Query::from(target.clone()).plus(Query::text(text));
        view.similar(query).warning().unwrap()
    };
    assert_eq!(classify(&TELLING), None);
    assert_eq!(axis(TELLING), None);
    assert_eq!(combine(TELLING[0]), None);
    for words in MUTE {
        let told = classify(&words).unwrap_or_else(|| panic!("{words:?} is believed"));
        assert!(told.contains("do not tell charts apart"), "{told}");
        assert_eq!(axis(words), Some(told));
    }
    assert!(combine(MUTE[1][0]).is_some());
    // Charts alone need no words.
    let charts = Query::from(target.clone()).plus(Query::from(target.clone()));
    assert_eq!(view.similar(charts).warning().unwrap(), None);
    let measured = LabelSet::built_in_named("regimes").unwrap();
    assert_eq!(
        view.classify(target, &measured).run().unwrap().warning,
        None
    );
    let pairs = [
        ["bear market", "bull market"],
        ["bearish", "bullish"],
        ["bearish panic", "bullish rally"],
    ];
    for pair in pairs {
        println!("{pair:?}: {:?}", axis(pair));
    }
}

#[test]
fn the_warning_knows_nothing_later() {
    let (_dir, db) = market();
    let now = db.now();
    let key = now.series_of(&"NOVAUSDT:1h".parse().unwrap()).unwrap();
    let times = now.bars(&key, None, None, None).unwrap().bars.time;
    let middle = rhymedb::Timestamp::from_millis(times[times.len() / 2]);
    let axis = |db: &Database| {
        let view = db.at(middle);
        let axis = view.axis(Query::text(MUTE[0][0]), Query::text(MUTE[0][1]));
        axis.warning().unwrap()
    };
    let cut_dir = tempfile::tempdir().unwrap();
    let cut = Database::open(cut_dir.path().join("market.rhyme")).unwrap();
    for info in now.series().unwrap() {
        let bars = db
            .at(middle)
            .bars(&info.key, None, None, None)
            .unwrap()
            .bars;
        cut.ingest_bars(&[SeriesBars {
            key: info.key,
            calendar: info.calendar,
            bars,
        }])
        .unwrap();
    }
    assert!(axis(&db).is_some());
    assert_eq!(axis(&db), axis(&cut));
}
