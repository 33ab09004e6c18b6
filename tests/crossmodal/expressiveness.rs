//! What a sentence says about charts is told with it.

use rhymedb::Control;
use rhymedb::query::Expressiveness;

use crate::world::{assert_near, plain_weights, world};

#[test]
fn sentences_and_headlines_come_with_their_expressiveness() {
    let world = world();
    let bank = world.weights.bank().unwrap();
    let view = world.db.now();
    for text in [
        "shares plunge after a warning",
        "quiet trading",
        "record profit forecast",
    ] {
        let answer = view.search(text).k(5).run().unwrap();
        let told = answer.expressiveness.unwrap();
        let deviation = bank.expressiveness(&world.text(text).unwrap());
        assert_eq!(told.deviation, deviation);
        assert_eq!(told.percentile, bank.percentile(deviation));
        assert_eq!(told.is_low(), told.percentile < Expressiveness::LOW);
        assert_eq!(answer.warning().is_some(), told.is_low());
        if let Some(warning) = answer.warning() {
            assert!(warning.contains("says little about charts"), "{warning}");
        }
    }
    let hits = view.headlines_like("clip", &[0.25; 16], 10_000).unwrap();
    for hit in &hits {
        let told = hit.expressiveness.unwrap();
        let expected = bank.expressiveness(&world.text(&hit.headline.text).unwrap());
        assert_near(
            f64::from(told.deviation),
            f64::from(expected),
            &hit.headline.text,
        );
    }
    let low = hits
        .iter()
        .filter(|h| h.expressiveness.unwrap().is_low())
        .count();
    assert!(low > 0 && low < hits.len());
    world.db.verify(&Control::new()).unwrap();
}

#[test]
fn weights_without_a_bank_say_nothing_of_it() {
    let world = world();
    world.db.drop_space("clip").unwrap();
    let weights = plain_weights();
    world
        .db
        .create_space_of_weights("words", &weights, 1, Control::new())
        .unwrap();
    let answer = world.db.now().search("quiet trading").k(5).run().unwrap();
    assert_eq!(answer.charts.space, "words");
    assert_eq!((answer.expressiveness, answer.warning()), (None, None));
    assert!(answer.headlines.iter().all(|h| h.expressiveness.is_none()));
    let target = "AAA:1h".parse::<rhymedb::Target>().unwrap();
    let set = rhymedb::query::LabelSet::built_in_named("sentiment").unwrap();
    let error = world
        .db
        .now()
        .classify(target, &set)
        .centred(true)
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("bank of charts"), "{error}");
    world.db.verify(&Control::new()).unwrap();
}
