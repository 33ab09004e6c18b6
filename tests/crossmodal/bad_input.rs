//! What cannot be asked is refused with what was expected, what came and what to do.

use std::time::Duration;

use rhymedb::query::LabelSet;
use rhymedb::{Error, Filter, OpenOptions, Query, Target, Timestamp};

use crate::oracle::crypto;
use crate::oracle::worlds::refused;
use crate::world::{weights, world};

fn aaa() -> Target {
    "AAA:1h".parse().unwrap()
}

#[test]
fn a_database_without_words_says_how_to_get_some() {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    let set = LabelSet::built_in_named("sentiment").unwrap();
    for bars in [0, 100] {
        if bars > 0 {
            db.ingest_bars(&[crypto("AAA", bars, 1)]).unwrap();
        }
        let view = db.now();
        for error in [
            view.search("shares fall").run().unwrap_err(),
            view.news(aaa()).run().unwrap_err(),
            view.context(aaa()).run().unwrap_err(),
            view.reaction("shares fall").run().unwrap_err(),
            view.classify(aaa(), &set).run().unwrap_err(),
            view.regimes(aaa(), &set).run().unwrap_err(),
            view.divergence(aaa()).run().unwrap_err(),
            view.alignment(aaa()).run().unwrap_err(),
            view.axis(Query::text("a"), Query::text("b"))
                .of(aaa())
                .unwrap_err(),
            view.similar(Query::text("shares fall")).run().unwrap_err(),
        ] {
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
            assert!(
                error.to_string().contains("rhyme embed --space clip"),
                "{error}"
            );
        }
    }
    let view = db.now();
    refused(
        view.search("shares fall").space("shape").run(),
        "reads no text",
    );
    refused(
        view.similar(Query::text("a")).space("shape").run(),
        "reads no text",
    );
}

#[test]
fn several_spaces_of_words_have_to_be_told_apart() {
    let world = world();
    let control = rhymedb::Control::new;
    world
        .db
        .create_space_of_weights("more", &weights(), 2, control())
        .unwrap();
    // The usual one goes without saying.
    assert_eq!(world.db.now().news(aaa()).run().unwrap().space, "clip");
    world
        .db
        .create_space_of_weights("other", &weights(), 3, control())
        .unwrap();
    world.db.drop_space("clip").unwrap();
    refused(world.db.now().news(aaa()).run(), "use one of: more, other");
    assert_eq!(
        world
            .db
            .now()
            .news(aaa())
            .space("other")
            .run()
            .unwrap()
            .space,
        "other"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one refusal after another")]
fn options_out_of_range_are_refused() {
    let world = world();
    let view = world.db.now();
    let set = LabelSet::built_in_named("regimes").unwrap();
    let (early, late) = (Timestamp::from_millis(0), Timestamp::from_millis(1));
    refused(view.search("... !").run(), "a word or a number");
    refused(view.search("fall").k(0).run(), "k from 1 to 10000");
    refused(
        view.search("fall")
            .filter(Filter::new().symbol("NOPE"))
            .run(),
        "no symbol NOPE",
    );
    refused(view.news(aaa()).k(10_001).run(), "k from 1 to 10000");
    refused(
        view.news(aaa()).from(late).until(early).run(),
        "expected a start before the end",
    );
    let within = view
        .news(Query::text("fall"))
        .within(Duration::from_secs(1));
    refused(within.run(), "a stored window");
    refused(
        view.news("NOPE".parse::<Target>().unwrap()).run(),
        "no series NOPE",
    );
    refused(view.news(vec![1.0; 3]).run(), "a vector of 16 numbers");
    refused(
        view.context("NOPE".parse().unwrap()).run(),
        "no series NOPE",
    );
    refused(
        view.reaction("fall").horizon(0).run(),
        "a horizon of 1 to 10000 bars",
    );
    refused(
        view.reaction("fall").same_news(1.5).run(),
        "a cosine from 0 to 1",
    );
    refused(
        view.reaction("fall").market("nope").run(),
        "of that market and interval",
    );
    refused(
        view.classify(aaa(), &set).centred(true).run(),
        "centred scores only for labels in words",
    );
    refused(
        view.regimes(aaa(), &set).space("clip").run(),
        "a space only for labels in words",
    );
    refused(
        view.classify(Query::text("fall"), &set).run(),
        "a stored window like",
    );
    refused(
        view.classify(crypto("AAA", 63, 1).bars, &set).run(),
        "at least 64 bars to tell the regime, found 63",
    );
    let patterns = LabelSet::built_in_named("patterns").unwrap();
    refused(
        view.classify(crypto("AAA", 35, 1).bars, &patterns).run(),
        "at least 36 bars, found 35",
    );
    refused(view.pattern("wedge").run(), "there are: double bottom");
    refused(
        view.pattern("flag").space("clip").run(),
        "a space of the encoder shape",
    );
    refused(
        view.classify(aaa(), &set).abstain_below(-0.1).run(),
        "a margin from 0 to 1",
    );
    refused(
        view.regimes(aaa(), &set).abstain_below(1.1).run(),
        "a margin from 0 to 1",
    );
    refused(
        view.regimes(aaa(), &set).confirm(0).run(),
        "windows that confirm a label from 1 to 10000",
    );
    refused(
        view.regimes("NOPE".parse().unwrap(), &set).run(),
        "no series NOPE",
    );
    refused(
        view.divergence("NOPE".parse().unwrap()).run(),
        "no series NOPE",
    );
    let blank = LabelSet::of_sentences("s", &["...", "!!"]).unwrap();
    refused(view.classify(aaa(), &blank).run(), "a word or a number");
    refused(
        view.anomaly(aaa()).space("clip").labels(&blank).run(),
        "a word or a number",
    );
    refused(
        view.alignment("NOPE".parse::<Target>().unwrap()).run(),
        "no series NOPE",
    );
    refused(
        view.divergence(aaa()).below(101.0).run(),
        "a percentile from 0 to 100",
    );
    let axis = view.axis(Query::text("fall"), Query::text("fall"));
    refused(axis.of(aaa()), "the same one twice");
    let nothing = Query::from(aaa()).minus(aaa());
    refused(
        view.similar(nothing).space("clip").run(),
        "cancel each other out",
    );
    let weight = Query::Sum(vec![(f32::NAN, Query::text("fall"))]);
    refused(view.similar(weight).run(), "finite weights");
    let before = world
        .db
        .at(Timestamp::from_millis(crate::oracle::START - 1));
    refused(before.alignment(Query::text("fall")).run(), "found neither");
}
