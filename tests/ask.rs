//! Questions and answers as values: they go through JSON and come back, and fit their schemas.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "ask/schema.rs"]
mod schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use rhymedb::ask::{self, OutcomesRequest, Question, SimilarRequest, Subject};
use rhymedb::data::Attribute;
use rhymedb::ingest::NewTag;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Database, Error, View};
use serde_json::{Value, json};

static MARKET: LazyLock<(tempfile::TempDir, Database)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    let config = SyntheticConfig {
        crypto_bars: 600,
        equity_days: 200,
        ..SyntheticConfig::small(1)
    };
    let market = SyntheticMarket::new(config).unwrap();
    db.ingest_bars(&market.series()).unwrap();
    db.ingest_headlines(&market.headlines()).unwrap();
    let tag = |time: &str| NewTag {
        name: "long".to_owned(),
        target: format!("ORBUSDT:1h@{time}").parse().unwrap(),
        value: Some(-3.5),
        known: None,
    };
    db.add_tags(&[tag("2015-01-10"), tag("2015-01-15")])
        .unwrap();
    let sector = |symbol: &str, value: &str| Attribute::new(symbol, "sector", value);
    let dated = sector("ACME", "Energy; Mining").known("2015-01-10".parse().unwrap());
    db.set_attributes(&[dated, sector("NOVAUSDT", "Energy")])
        .unwrap();
    let windows = ["NOVAUSDT:1h@2015-01-10", "ORBUSDT:1h@2015-01-15"];
    let windows = windows.map(|window| window.parse().unwrap());
    db.save_prototype("mine", None, &windows).unwrap();
    (dir, db)
});

fn view() -> View {
    MARKET.1.now()
}

const TARGET: &str = "NOVAUSDT:1h@2015-01-20";

/// Each question with as little as it needs, and with much.
fn questions() -> Vec<Value> {
    let mut questions = deciding();
    questions.extend(markets());
    questions.extend(vec![
        json!({"question": "similar", "target": TARGET, "k": 3}),
        json!({"question": "similar", "target": TARGET, "k": 3, "outcome": ["24h", 12], "refine": "dtw",
            "filter": {"market": ["crypto"], "interval": ["1h"], "until": "2015-01-22"}, "as_of": "2015-01-24"}),
        json!({"question": "similar", "target": "text:bitcoin crashes", "k": 2}),
        json!({"question": "similar", "target": {"path": [1, 3, 2, 5, 4]}, "k": 2}),
        json!({"question": "pattern", "pattern": "double top", "k": 2}),
        json!({"question": "search", "text": "shares plunge after a profit warning", "k": 2, "latency": "5m"}),
        json!({"question": "combine", "k": 2, "terms": [{"plus": TARGET}, {"minus": "text:a sharp correction"}]}),
        json!({"question": "reaction", "text": "chief executive resigns", "horizon": "5d", "k": 3}),
        json!({"question": "outcomes", "horizon": ["1d", 3],
            "moments": ["NOVAUSDT:1h@2015-01-15", "NOVAUSDT:1h@2035-01-15"]}),
        json!({"question": "news", "target": TARGET, "k": 2, "within": "3d"}),
        json!({"question": "transfer", "target": TARGET, "to": ["equity"], "k": 2, "filter": {"interval": ["1d"]}}),
        json!({"question": "transfer-matrix", "sample": 50}),
        json!({"question": "anomaly", "target": TARGET, "neighbours": 2}),
        json!({"question": "anomaly", "target": TARGET, "space": "clip", "labels": ["shares fall",
            {"name": "up", "sentences": ["shares rise", "a rally"]}]}),
        json!({"question": "anomaly-scan", "scan": "NOVAUSDT", "level": 0.2, "by": "distance",
            "filter": {"from": "2015-01-20", "until": "2015-01-22"}}),
        json!({"question": "divergence", "series": "NOVAUSDT:1h", "history": 1, "below": 100}),
        json!({"question": "divergence", "series": "NOVAUSDT:1h", "history": 1, "moments": true}),
        json!({"question": "classify", "target": TARGET}),
        json!({"question": "classify", "target": TARGET, "labels": ["shares surge", "shares plunge"]}),
        json!({"question": "classify-history", "series": "NOVAUSDT:1h", "set": "patterns", "confirm": 2}),
        json!({"question": "classify-by-tags", "target": TARGET, "neighbours": 1}),
        json!({"question": "axis", "low": "bearish", "high": "bullish", "targets": [TARGET, "text:a crash"]}),
        json!({"question": "axis-history", "low": "bearish", "high": "bullish", "series": "NOVAUSDT:1h",
            "from": "2015-01-24"}),
        json!({"question": "axis-headlines", "low": "bearish", "high": "bullish", "symbol": "ACME"}),
        json!({"question": "map", "sample": 20}),
        json!({"question": "context", "target": TARGET, "before": "10d", "after": "10d"}),
        json!({"question": "similar", "target": "tag:long", "k": 2}),
        json!({"question": "series"}),
        json!({"question": "series", "text": "nova"}),
        json!({"question": "series", "text": "1h", "as_of": "2015-01-12"}),
        json!({"question": "spaces"}),
        json!({"question": "bars", "series": TARGET}),
        json!({"question": "bars", "series": "NOVAUSDT:1h", "from": "2015-01-03", "until": "2015-01-05",
            "as_of": "2015-01-04", "last": 0}),
        json!({"question": "headlines"}),
        json!({"question": "headlines", "symbol": "ACME", "from": "2015-01-03", "until": "2015-03-01",
            "as_of": "2015-02-01", "last": 2}),
        json!({"question": "stats"}),
        json!({"question": "tags"}),
        json!({"question": "tags", "name": "long", "as_of": "2015-01-12"}),
        json!({"question": "attributes"}),
        json!({"question": "attributes", "symbol": "ACME", "where": {"Sector": ["energy", "Metals"]},
            "as_of": "2015-01-12"}),
        json!({"question": "prototypes"}),
        json!({"question": "prototypes", "as_of": "2015-01-12"}),
        json!({"question": "similar", "target": TARGET, "k": 3, "per": {"symbol": 1}, "diverse": 0.5}),
        json!({"question": "pattern", "pattern": "double top", "k": 2, "per": {"year": 1}, "diverse": 1.0}),
        json!({"question": "search", "text": "shares plunge", "k": 2, "per": {"market": 1}, "diverse": 0.0}),
        json!({"question": "combine", "k": 2, "terms": [{"plus": TARGET}], "per": {"symbol": 1, "year": 2},
            "diverse": 0.3}),
        json!({"question": "news", "target": TARGET, "k": 2, "per": {"symbol": 1}, "diverse": 0.5}),
        json!({"question": "transfer", "target": TARGET, "to": ["equity"], "k": 2, "per": {"symbol": 1},
            "diverse": 0.5}),
    ]);
    questions
}

/// Those about many assets at one time.
fn markets() -> Vec<Value> {
    vec![
        json!({"question": "correlation", "filter": {"market": ["equity"], "interval": ["1d"]}}),
        json!({"question": "correlation", "filter": {"interval": ["1h"]}, "window": 30, "past": 10, "less_market": true,
            "k": 2, "history": true, "as_of": "2015-01-24"}),
        json!({"question": "lead-lag", "filter": {"market": ["equity"], "interval": ["1d"]}, "returns": 150}),
        json!({"question": "lead-lag", "filter": {"interval": ["1d"]}, "returns": 120, "lags": 2, "k": 2, "as_of": "2015-12-01"}),
        json!({"question": "clusters", "filter": {"market": ["equity"], "interval": ["1d"]}}),
        json!({"question": "clusters", "filter": {"interval": ["1h"], "from": "2015-01-05"}, "returns": 100, "by": "both",
            "space": "shape", "method": "k-means", "groups": 2, "keep_market": true, "draws": 19, "seed": 5,
            "compare": "sector", "tree": true, "as_of": "2015-01-24"}),
        json!({"question": "portfolio", "filter": {"market": ["equity"], "interval": ["1d"]}}),
        json!({"question": "portfolio", "filter": {"interval": ["1h"]}, "returns": 100, "rules": ["hrp", "max-sharpe",
            "clusters"], "min_weight": 0.01, "max_weight": 0.6, "by": "both", "space": "shape", "method": "k-means",
            "groups": 2, "seed": 5, "as_of": "2015-01-24"}),
        json!({"question": "portfolio", "filter": {"market": ["crypto"], "interval": ["1h"], "from": "2015-01-10",
            "until": "2015-01-22"}, "returns": 60, "every": 24, "fee": 0.002, "slippage": 0.001}),
    ]
}

/// Those about rules, and the report of today.
fn deciding() -> Vec<Value> {
    vec![
        json!({"question": "signal", "target": TARGET,
            "rule": {"name": "large", "when": {"kind": "anomaly", "p_below": 0.5}}}),
        json!({"question": "signal", "target": TARGET, "as_of": "2015-01-24", "rule": {"name": "analogs", "sides": "long",
            "hold": 6, "stop": 0.05, "take": 0.1, "size": {"kind": "kelly", "part": 0.3, "cap": 0.9},
            "when": {"kind": "analogs", "horizon": "6h", "k": 5, "outcomes": 2, "edge": 0.0, "hit_rate": 0.1, "p_below": 1.0}}}),
        json!({"question": "replay", "series": "NOVAUSDT:1h", "from": "2015-01-20", "until": "2015-01-22", "draws": 5,
            "rule": {"name": "analogs", "hold": 3, "when": {"kind": "analogs", "horizon": 3, "k": 5, "outcomes": 2}}}),
        json!({"question": "replay", "series": "NOVAUSDT:1h", "from": "2015-01-20", "until": "2015-01-21", "fee": 0.0,
            "slippage": 0.001, "draws": 0, "seed": 3, "allow_trained": true, "trials": [0.1], "as_of": "2015-01-24",
            "rule": {"name": "trends", "when": {"kind": "label", "set": "regimes", "long": ["bullish"]}}}),
        json!({"question": "signal", "target": TARGET, "rule": {"name": "storm", "when": {"kind": "risk", "size": 0.5,
            "fall": 0.01, "distance": 0.5, "needed": 1}}}),
        json!({"question": "replay", "series": "NOVAUSDT:1h", "from": "2015-01-20", "until": "2015-01-23", "draws": 5,
            "rule": {"name": "hedge", "when": {"kind": "risk", "fall": 0.01, "side": "short", "horizon": "6h"}}}),
        json!({"question": "today"}),
        json!({"question": "today", "series": ["NOVAUSDT:1h", "equity", "MOON"], "interval": ["1h", "1d"], "k": 3,
            "horizon": "6h", "news": "30d", "alarm": 0.5, "stale": 2, "as_of": "2015-01-24"}),
    ]
}

fn read(question: &Value) -> Question {
    serde_json::from_value(question.clone()).unwrap_or_else(|e| panic!("{question}: {e}"))
}

#[test]
fn every_kind_of_question_is_asked_here() {
    let kinds: BTreeSet<_> = ask::schemas().iter().map(|s| s.question).collect();
    let asked: BTreeSet<_> = questions().iter().map(|q| read(q).name()).collect();
    assert_eq!(asked, kinds);
}

#[test]
fn questions_come_back_from_json() {
    let schemas = ask::schemas();
    for typed in questions() {
        let question = read(&typed);
        let mut written = serde_json::to_value(&question).unwrap();
        assert_eq!(read(&written), question);
        assert_eq!(written["question"], question.name());
        let of = schemas.iter().find(|s| s.question == question.name());
        for mut value in [typed, written.take()] {
            value.as_object_mut().unwrap().remove("question");
            schema::check(&of.unwrap().request, &value);
        }
    }
    let short: SimilarRequest = serde_json::from_value(json!({"target": TARGET})).unwrap();
    assert_eq!(short, SimilarRequest::new(TARGET));
}

/// Every list of the nearest takes a quota and a diverse choice, says them again, and refuses what is none.
#[test]
fn every_list_of_hits_can_be_spread() {
    let names = |name: &str| -> Vec<&'static str> {
        let all = ask::schemas().into_iter();
        let with = all.filter(|s| s.request["properties"][name].is_object());
        with.map(|s| s.question).collect()
    };
    let lists = [
        "similar", "pattern", "search", "combine", "news", "transfer",
    ];
    assert_eq!(names("per"), lists);
    assert_eq!(names("diverse"), lists);
    for typed in questions() {
        if typed["per"].is_null() {
            continue;
        }
        let reply = serde_json::to_value(read(&typed).ask(&view()).unwrap()).unwrap();
        let echo = &reply["query"];
        assert_eq!(
            (&echo["per"], &echo["diverse"]),
            (&typed["per"], &typed["diverse"])
        );
        for (field, value, message) in [
            ("per", json!({"symbol": 0}), "per symbol, found 0"),
            ("diverse", json!(-1.0), "diverse from 0"),
        ] {
            let mut bad = typed.clone();
            bad[field] = value;
            let error = read(&bad).ask(&view()).unwrap_err().to_string();
            assert!(error.contains(message), "{bad}: {error}");
        }
        let mut bad = typed.clone();
        bad["per"] = json!({"colour": 2});
        let error = serde_json::from_value::<Question>(bad)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("unknown field `colour`, expected"),
            "{error}"
        );
    }
}

#[test]
fn answers_come_back_from_json_and_fit_their_schemas() {
    let schemas = ask::schemas();
    for typed in questions() {
        let question = read(&typed);
        let answer = question
            .ask(&view())
            .unwrap_or_else(|e| panic!("{typed}: {e}"));
        let value = serde_json::to_value(&answer).unwrap();
        let back = question.read_answer(&value).unwrap();
        assert_eq!(back, answer, "{typed}");
        assert_eq!(serde_json::to_value(&back).unwrap(), value, "{typed}");
        let of = schemas.iter().find(|s| s.question == question.name());
        schema::check(&of.unwrap().reply, &value);
        assert!(value["notes"].is_array(), "{typed}");
    }
}

#[test]
fn what_no_question_takes_is_refused() {
    for mut typed in questions() {
        typed["colour"] = json!("red");
        let error = serde_json::from_value::<Question>(typed).unwrap_err();
        let error = error.to_string();
        let told = ["expected ", "there are no fields"];
        let told = told.map(|rest| format!("unknown field `colour`, {rest}"));
        assert!(told.iter().any(|told| error.starts_with(told)), "{error}");
    }
    for (typed, message) in [
        (json!({"target": TARGET}), "missing field `question`"),
        (
            json!({"question": "oracle"}),
            "unknown variant `oracle`, expected one of `similar`",
        ),
        (json!({"question": "similar"}), "missing field `target`"),
        (
            json!({"question": "similar", "target": {"file": "x.csv"}}),
            "expected a target as text",
        ),
        (
            json!({"question": "similar", "target": TARGET, "outcome": ["soon"]}),
            "expected a horizon in bars",
        ),
        (
            json!({"question": "similar", "target": TARGET, "filter": {"markets": ["crypto"]}}),
            "unknown field `markets`, expected one of `market`",
        ),
    ] {
        let error = serde_json::from_value::<Question>(typed.clone()).unwrap_err();
        assert!(error.to_string().contains(message), "{typed}: {error}");
    }
}

#[test]
fn a_question_narrows_the_view_and_never_widens_it() {
    let may_know = |as_of: &str| MARKET.1.at(as_of.parse().unwrap());
    let mut request = SimilarRequest::new("NOVAUSDT:1h");
    request.k = 1;
    request.as_of = Some("2015-01-20".parse().unwrap());
    let reply = request.ask(&view()).unwrap();
    assert_eq!(reply.query.as_of, request.as_of);
    assert!(reply.query.window.unwrap().end <= request.as_of.unwrap());
    let earlier = request.ask(&may_know("2015-01-15")).unwrap();
    assert_eq!(earlier.query.as_of, Some("2015-01-15".parse().unwrap()));
}

#[test]
fn listings_are_of_what_the_view_knows() {
    let rows = |typed: Value, of: &View| {
        let list = typed["question"].as_str().unwrap().to_owned();
        let answer = read(&typed).ask(of).unwrap();
        let mut answer = serde_json::to_value(&answer).unwrap();
        serde_json::from_value::<Vec<Value>>(answer[list].take()).unwrap()
    };
    let early = MARKET.1.at("2015-01-12".parse().unwrap());
    for (question, now, before) in [
        (json!({"question": "tags"}), 2, 1),
        (json!({"question": "attributes"}), 2, 2),
        (
            json!({"question": "attributes", "where": {"sector": ["mining"]}}),
            1,
            1,
        ),
        (
            json!({"question": "attributes", "as_of": "2015-01-09"}),
            1,
            1,
        ),
        (json!({"question": "prototypes"}), 1, 0),
    ] {
        let counts = (
            rows(question.clone(), &view()).len(),
            rows(question.clone(), &early).len(),
        );
        assert_eq!(counts, (now, before), "{question}");
    }
    let bars = |last: usize| json!({"question": "bars", "series": "NOVAUSDT:1h", "last": last});
    let (three, all) = (rows(bars(3), &early), rows(bars(0), &early));
    assert_eq!(three, all[all.len() - 3..]);
    assert_eq!(three[2]["open_time"], "2015-01-11T23:00:00Z");
    let read = |of: &View| rows(json!({"question": "headlines", "last": 0}), of);
    let (now, middle) = (read(&view()), "2015-02-15T00:00:00Z");
    let known = read(&MARKET.1.at(middle.parse().unwrap()));
    assert!(!known.is_empty() && known.len() < now.len());
    let published = known.iter().map(|h| h["published"].as_str().unwrap());
    assert!(published.max().unwrap() < middle);
    let two = rows(json!({"question": "headlines", "last": 2}), &view());
    assert_eq!(two, now[now.len() - 2..]);
    let reversed = json!({"question": "bars", "series": "NOVAUSDT:1h", "from": "2015-02-01", "until": "2015-01-01"});
    let refused = serde_json::from_value::<Question>(reversed)
        .unwrap()
        .ask(&early);
    assert!(matches!(refused, Err(Error::Invalid(why)) if why.contains("a start before the end")));
}

#[test]
fn notes_say_what_a_reader_has_to_know() {
    let asked = |typed: Value| {
        let answer = read(&typed).ask(&view()).unwrap();
        serde_json::to_value(&answer).unwrap()["notes"].to_string()
    };
    let notes = asked(
        json!({"question": "similar", "target": "nova/usdt:1h@2015-01-20", "as_of": "2015-01-15",
        "filter": {"min_move": "900%"}}),
    );
    for part in [
        "is taken for crypto/synthetic/NOVAUSDT:1h",
        "later than the view",
        "0 of 10",
    ] {
        assert!(notes.contains(part), "{notes}");
    }
    let notes = asked(json!({"question": "bars", "series": "nova/usdt:1h"}));
    assert!(
        notes.contains("is taken for crypto/synthetic/NOVAUSDT:1h"),
        "{notes}"
    );
    let stats = read(&json!({"question": "stats"}));
    let early = stats
        .ask(&MARKET.1.at("2015-01-12".parse().unwrap()))
        .unwrap();
    let notes = serde_json::to_value(&early).unwrap()["notes"].to_string();
    assert!(
        notes.contains("also of what came after 2015-01-12"),
        "{notes}"
    );
    let notes = asked(json!({"question": "search", "text": "the violin"}));
    assert!(notes.contains("says little about charts"), "{notes}");
    let moments = vec!["NOVAUSDT:1h@2035-01-15".parse().unwrap()];
    let reply = OutcomesRequest::new(moments).ask(&view()).unwrap();
    assert!(
        reply.notes[0].contains("1 of 1 moments left out"),
        "{:?}",
        reply.notes
    );
}

#[test]
fn charts_of_the_askers_own_are_checked() {
    let bar = |time: &str, low: f64| json!({"open_time": time, "open": 2.0, "high": 3.0, "low": low, "close": 2.5});
    for (bars, message) in [
        (
            json!([bar("2021-01-02", 1.0), bar("2021-01-01", 1.0)]),
            "ascending by time",
        ),
        (json!([bar("2021-01-01", -1.0)]), "a price is not above 0"),
    ] {
        let subject: Subject = serde_json::from_value(json!({ "bars": bars })).unwrap();
        match subject.query() {
            Err(Error::Invalid(error)) => assert!(error.contains(message), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

/// The schemas that clients are written against; `RHYME_GOLDEN=write` writes them anew.
#[test]
fn the_schemas_are_those_that_are_committed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let write = std::env::var_os("RHYME_GOLDEN").is_some_and(|v| v == "write");
    let mut names = BTreeSet::new();
    for schema in ask::schemas() {
        let name = format!("{}.json", schema.question);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if write {
            fs::write(folder.join(&name), &text).unwrap();
        }
        let committed = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            committed.replace("\r\n", "\n") == text,
            "docs/schemas/{name} is not what the program takes and gives; RHYME_GOLDEN=write cargo test --test ask writes it"
        );
        names.insert(name);
    }
    let files = fs::read_dir(&folder).unwrap();
    let files: BTreeSet<String> = files
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, names, "a schema without a question");
}
