//! The commands about charts and words.

use rhymedb::encode::{Bank, ChartConfig, Embeddings, TextConfig, Weights, WeightsConfig};
use serde_json::Value;

use crate::world::World;

/// Random weights of charts and headlines, with a bank that says nothing in particular.
pub(crate) fn weights(training: Value) -> Weights {
    let mut chart = ChartConfig::multiscale(32, 8);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 256,
        ..TextConfig::new(8)
    };
    let mut config = WeightsConfig::clip(chart, text, 0.1);
    config.training = training;
    let weights = Weights::random(&config, 1).unwrap();
    let mut charts = Embeddings::with_capacity(8, 8);
    for i in 0..8 {
        let mut axis = [0.0_f32; 8];
        axis[i] = if i == 0 { -1.0 } else { 1.0 };
        charts.push(Some(&axis)).unwrap();
    }
    let encoder = weights.text_encoder().unwrap();
    let texts = [
        "shares fall",
        "quiet trading",
        "record high",
        "miners sell",
        "banks rise",
    ];
    let texts = encoder.encode_texts(&texts).unwrap();
    weights
        .with_bank(&Bank::measure(&charts, &texts).unwrap())
        .unwrap()
}

const NEWS: &str = "time,headline,symbols
2021-01-05T10:00:00Z,Miners sell as prices plunge,AAAUSDT
2021-01-05T10:30:00Z,Miners sell as prices plunge,AAAUSDT
2021-01-06T03:00:00Z,Prices surge to a record,BBBUSDT
2021-01-07T05:00:00Z,Quiet trading,AAAUSDT
2021-01-08T05:00:00Z,Exchange halts withdrawals,BBBUSDT
2021-01-12T05:00:00Z,Buyers come back,AAAUSDT
";

pub(crate) fn market() -> World {
    trained_market(Value::Null)
}

/// The same with weights that say what they were trained on.
pub(crate) fn trained_market(training: Value) -> World {
    let world = World::with_market();
    world.file("clip.safetensors", weights(training).bytes());
    world.file("news.csv", NEWS);
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let embed = ["embed", "--space", "clip", "--encoder", "clip.safetensors"];
    world.rhyme(&embed).ok();
    world
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap()
}

#[test]
fn a_sentence_finds_charts_and_headlines() {
    let world = market();
    let search = [
        "search",
        "miners sell as prices plunge",
        "-k",
        "3",
        "--exact",
    ];
    let json = world
        .rhyme(&[&search[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(list(&json, "charts").len(), 3);
    assert_eq!(json["headlines"][0]["text"], "Miners sell as prices plunge");
    assert_eq!(json["headlines"][0]["score"], 1.0);
    assert_eq!(json["query"]["space"], "clip");
    assert_eq!(json["searched"]["headlines"], 6);
    assert!(json["expressiveness"]["deviation"].as_f64().unwrap() > 0.0);
    let low = json["expressiveness"]["percentile"].as_f64().unwrap() < 50.0;
    assert_eq!(json["warning"].is_string(), low);
    let run = world.rhyme(&search);
    assert_eq!(
        run.err
            .contains("note: the sentence says little about charts"),
        low
    );
    let table = run.ok();
    assert!(table.starts_with("expressiveness 0."), "{table}");
    assert!(table.contains("6 headlines searched"), "{table}");
    let csv = world
        .rhyme(&[&search[..], &["--format", "csv"]].concat())
        .ok();
    let kinds: Vec<&str> = csv.lines().map(|l| l.split(',').next().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "kind", "chart", "chart", "chart", "headline", "headline", "headline"
        ]
    );
    let then = [&search[..], &["--as-of", "2021-01-06", "--format", "json"]].concat();
    let json = world.rhyme(&then).json();
    assert_eq!(list(&json, "headlines").len(), 2, "two were known then");
    // Not one sentence of a database without words.
    let plain = World::with_market();
    plain.rhyme(&search).fails(3, "rhyme embed --space clip");
    world
        .rhyme(&["search", "..."])
        .fails(1, "a word or a number");
    world
        .rhyme(&["search", "a", "--latency", "soon"])
        .fails(2, "90m, 4h or 3d");
}

#[test]
fn a_chart_finds_its_news_and_their_context() {
    let world = market();
    let target = "AAAUSDT@2021-01-05T12:00";
    let news = ["news", target, "--within", "1d", "--format", "json"];
    let json = world.rhyme(&news).json();
    assert_eq!(list(&json, "headlines").len(), 2);
    assert_eq!(json["about"]["symbol"], "AAAUSDT");
    assert_eq!(json["known_by"], Value::Null, "--within says until when");
    let json = world.rhyme(&[&news[..], &["--any-symbol"]].concat()).json();
    assert_eq!(list(&json, "headlines").len(), 3);
    assert_eq!(json["about"], Value::Null);
    assert_eq!(json["query"]["window"]["end"], "2021-01-05T12:00:00Z");
    let of_other = ["news", target, "--symbol", "BBBUSDT", "--format", "csv"];
    let one = world.rhyme(&of_other).ok();
    assert_eq!(one.lines().count(), 1, "none was known yet: {one}");
    let one = world.rhyme(&[&of_other[..], &["--any-time"]].concat()).ok();
    assert_eq!(one.lines().count(), 3, "{one}");
    // Nothing but the target: its own symbol, and nothing from after it. The market's, if there is no
    // headline of the symbol.
    let table = world.rhyme(&["news", target]).ok();
    let told = "headlines of AAAUSDT (--any-symbol has all), known by 2021-01-05T12:00:00Z";
    assert!(table.contains(told), "{table}");
    assert!(
        !table.contains("Quiet") && !table.contains("record"),
        "{table}"
    );
    let other = world.rhyme(&["news", "BBBUSDT@2021-01-05T12:00"]).ok();
    let told = "headlines of the market crypto, as none names the symbol";
    assert!(other.contains(told) && other.contains("Miners"), "{other}");
    world
        .rhyme(&[&of_other[..], &["--any-symbol"]].concat())
        .fails(2, "--symbol");
    world
        .rhyme(&["news", "text:plunge", "--within", "1d"])
        .fails(1, "a stored window");
    let context = world
        .rhyme(&["context", target, "--after", "2d", "--format", "json"])
        .json();
    let texts: Vec<_> = list(&context, "headlines")
        .iter()
        .map(|l| l["text"].clone())
        .collect();
    assert_eq!(
        texts,
        [
            "Miners sell as prices plunge",
            "Miners sell as prices plunge",
            "Quiet trading"
        ]
    );
    let table = world.rhyme(&["context", target]).ok();
    assert!(
        table.contains("Miners sell as prices plunge") && !table.contains("Quiet"),
        "{table}"
    );
    let early = world
        .rhyme(&["context", target, "--as-of", "2021-01-05T10:00"])
        .ok();
    assert_eq!(early.matches("Miners").count(), 1, "{early}");
}

#[test]
fn reactions_are_printed_as_a_distribution() {
    let world = market();
    let reaction = ["reaction", "miners sell", "--horizon", "4"];
    let json = world
        .rhyme(&[&reaction[..], &["--format", "json"]].concat())
        .json();
    assert_eq!(
        list(&json, "outcomes").len(),
        5,
        "twins are one piece of news"
    );
    assert_eq!(json["summary"]["n"], 5);
    assert!(json["base"]["n"].as_u64().unwrap() > 100 && json["p_value"].is_number());
    assert_eq!(json["query"]["interval"], "1h");
    let twins = list(&json, "outcomes")
        .iter()
        .find(|o| o["headlines"] == 2)
        .unwrap();
    assert_eq!(
        (&twins["start"], &twins["end"]),
        (
            &Value::from("2021-01-05T10:00:00Z"),
            &Value::from("2021-01-05T14:00:00Z"),
        )
    );
    let table = world.rhyme(&reaction).ok();
    assert!(
        table.contains("the news") && table.contains("a sample of all"),
        "{table}"
    );
    let csv = world.rhyme(
        &[
            &reaction[..],
            &["--as-of", "2021-01-05T13:00", "--format", "csv"],
        ]
        .concat(),
    );
    assert_eq!(csv.ok().lines().count(), 1, "no outcome had ended");
    world
        .rhyme(&["reaction", "a", "--horizon", "0"])
        .fails(1, "a horizon of 1 to 10000 bars");
}

#[test]
fn charts_are_classified_by_any_labels() {
    let world = market();
    let labels = [
        "--labels",
        "shares surge",
        "shares plunge",
        "--format",
        "json",
    ];
    let json = world
        .rhyme(&[&["classify", "AAAUSDT", "--abstain", "0"], &labels[..]].concat())
        .json();
    let sum: f64 = list(&json, "labels")
        .iter()
        .map(|l| l["probability"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-5);
    assert_eq!(json["chosen"], json["labels"][0]["label"]);
    let sets = r#"{"a": {"up": "rise", "down": "fall"}, "b": {"x": "y", "z": ["v", "w"]}}"#;
    world.file("sets.json", sets);
    let classify = ["classify", "AAAUSDT", "--sets", "sets.json"];
    world.rhyme(&classify).fails(3, "use one of: a, b");
    let table = world
        .rhyme(&[&classify[..], &["--set", "b", "--abstain", "1"]].concat())
        .ok();
    assert!(table.contains("\nundecided, "), "{table}");
    world
        .rhyme(&[&classify[..], &["--set", "c"]].concat())
        .fails(3, "there are: a, b");
    world
        .rhyme(&["classify", "AAAUSDT", "--set", "c"])
        .fails(3, "there are: regimes");
    world.rhyme(&["classify"]).fails(2, "TARGET");
    let history = [
        "classify",
        "--history",
        "BBBUSDT",
        "--set",
        "patterns",
        "--format",
        "json",
    ];
    let runs = world.rhyme(&history).json();
    let windows: u64 = list(&runs, "runs")
        .iter()
        .map(|r| r["windows"].as_u64().unwrap())
        .sum();
    // The drawings are compared at every bar from the 36th on.
    assert_eq!(windows, 300 - 35);
    let part = [
        &history[..],
        &["--from", "2021-01-10", "--to", "2021-01-10"],
    ]
    .concat();
    assert_eq!(world.rhyme(&part).json()["runs"][0]["windows"], 1);
    // A label that has to be confirmed changes less often, and says so from the same moments on.
    let runs = |confirm: &str| {
        let runs = world.rhyme(&[&history[..], &["--confirm", confirm, "--abstain", "0"]].concat());
        list(&runs.json(), "runs").len()
    };
    assert!(runs("5") < runs("1"));
    world
        .rhyme(&[&history[..], &["--confirm", "0"]].concat())
        .fails(1, "windows that confirm a label from 1");
    world
        .rhyme(&["classify", "AAAUSDT", "--confirm", "3"])
        .fails(1, "--confirm together with --history");
}

#[test]
fn anomalies_tell_how_well_words_fit() {
    let world = market();
    let anomaly = ["anomaly", "AAAUSDT", "--space", "clip", "-k", "2"];
    let measures = |args: &[&str]| {
        let json = world.rhyme(&[&anomaly[..], args, &["--format", "json"]].concat());
        list(&json.json(), "measures").to_vec()
    };
    let plain = measures(&[]);
    assert_eq!(plain[4]["measure"], "alignment");
    let value = |m: &[Value]| m[4]["value"].as_f64().unwrap();
    let labelled = measures(&["--labels", "prices surge", "prices plunge"]);
    assert!(value(&labelled) <= value(&plain));
    let unknown = measures(&["--latency", "52w"]);
    assert_eq!(unknown.len(), 4, "no headline was known");
    let scan = [
        "anomaly",
        "--scan",
        "AAAUSDT",
        "--space",
        "clip",
        "--neighbours",
        "2",
        "--by",
        "alignment",
        "--level",
        "0.5",
        "--set",
        "sentiment",
        "--format",
    ];
    let csv = world.rhyme(&[&scan[..], &["csv"]].concat()).ok();
    let (header, rows) = csv.split_once('\n').unwrap();
    assert!(header.ends_with("alignment,alignment_p"), "{header}");
    assert!(!rows.is_empty());
    world
        .rhyme(&["anomaly", "AAAUSDT", "--labels", "a", "b"])
        .fails(1, "a space of charts and headlines");
    world
        .rhyme(&["anomaly", "--scan", "AAAUSDT", "--by", "alignment"])
        .fails(1, "to decide by alignment, found shape");
}

/// Every question says what was known at a time, and can be asked to look at everything.
#[test]
fn every_question_takes_a_time_and_exactness() {
    let world = market();
    let questions: [&[&str]; 13] = [
        &["similar", "AAAUSDT"],
        &["similar", "AAAUSDT", "--outcome", "4"],
        &["search", "prices plunge"],
        &["news", "AAAUSDT"],
        &["context", "AAAUSDT"],
        &["reaction", "prices plunge"],
        &["transfer", "AAAUSDT", "--to", "BBBUSDT"],
        &["transfer-matrix", "--by", "symbol"],
        &["anomaly", "AAAUSDT", "-k", "2"],
        &["classify", "AAAUSDT"],
        &["divergence", "AAAUSDT"],
        &["axis", "down", "up", "AAAUSDT"],
        &["combine", "AAAUSDT", "+", "prices plunge"],
    ];
    for question in questions {
        let as_of = ["--as-of", "2021-01-12T06:00", "--exact"];
        let then = world.rhyme(&[question, &as_of].concat()).ok();
        assert!(!then.contains("2021-01-13"), "{question:?}: {then}");
        let format = ["--format", "json"];
        let json = world.rhyme(&[question, &as_of, &format].concat()).json();
        assert!(json.is_object() || json.is_array());
        world
            .rhyme(&[question, &["--as-of", "soon"]].concat())
            .fails(2, "--as-of");
    }
}

#[test]
fn directions_and_divergence_run_along_time() {
    let world = market();
    let axis = ["axis", "bearish panic", "bullish rally"];
    let points = world.rhyme(&[&axis[..], &["AAAUSDT", "BBBUSDT", "--format", "json"]].concat());
    let points = points.json();
    assert_eq!(list(&points, "points").len(), 2);
    assert!(points["points"][0]["deviations"].is_number());
    let history = world.rhyme(&[&axis[..], &["--history", "AAAUSDT", "--format", "csv"]].concat());
    assert_eq!(history.ok().lines().count(), 1 + 300 - 96);
    let lines = world
        .rhyme(&[&axis[..], &["--headlines", "BBBUSDT"]].concat())
        .ok();
    assert!(lines.contains("Prices surge to a record"), "{lines}");
    world.rhyme(&axis).fails(2, "TARGETS");
    world
        .rhyme(&["axis", "a", "a", "AAAUSDT"])
        .fails(1, "the same one twice");

    let divergence = ["divergence", "AAAUSDT", "--history", "1", "--below", "100"];
    let episodes = world
        .rhyme(&[&divergence[..], &["--format", "json"]].concat())
        .json();
    let episodes = list(&episodes, "episodes");
    assert!((1..=3).contains(&episodes.len()), "{episodes:?}");
    for episode in episodes {
        let sign = episode["sign"].as_str().unwrap();
        let (price, news) = sign.split_once(", ").unwrap();
        assert!(["price rises", "price falls"].contains(&price), "{sign}");
        assert!(["news bullish", "news bearish"].contains(&news), "{sign}");
        assert!(episode["first"].as_str() <= episode["last"].as_str());
    }
    let divergence = [&divergence[..], &["--moments"]].concat();
    let json = world
        .rhyme(&[&divergence[..], &["--format", "json"]].concat())
        .json();
    let moments = list(&json, "moments");
    // Two within one hour are two moments: at 10:00, and in the bar up to 11:00.
    assert_eq!(moments.len(), 4);
    assert_eq!(moments[0]["flagged"], true);
    assert_eq!(moments[3]["percentile"], Value::Null);
    let table = world.rhyme(&divergence).ok();
    assert!(table.contains("Quiet trading"), "{table}");
    world
        .rhyme(&["divergence", "AAAUSDT", "--below", "101"])
        .fails(1, "0 to 100");
}

#[test]
fn meanings_are_combined_and_kept() {
    let world = market();
    let add = [
        "prototype",
        "add",
        "mine",
        "AAAUSDT@2021-01-08",
        "BBBUSDT@2021-01-09",
    ];
    let saved = world.rhyme(&[&add[..], &["--space", "clip", "--format", "json"]].concat());
    assert_eq!(list(&saved.json(), "windows").len(), 2);
    world.rhyme(&add).fails(1, "a prototype mine already");
    let listed = world.rhyme(&["prototype", "list"]).ok();
    assert!(
        listed.contains("mine") && listed.contains("BBBUSDT:1h@2021-01-09"),
        "{listed}"
    );
    let none = world
        .rhyme(&["prototype", "list", "--as-of", "2021-01-08"])
        .ok();
    assert_eq!(none, "no prototype is stored yet\n");

    let combine = [
        "combine",
        "AAAUSDT",
        "-",
        "a sharp correction",
        "+",
        "prototype:mine",
    ];
    let json = world
        .rhyme(&[&combine[..], &["-k", "4", "--format", "json"]].concat())
        .json();
    assert_eq!(list(&json, "hits").len(), 4);
    assert_eq!(json["query"]["space"], "clip");
    let same = world
        .rhyme(&["similar", "prototype:mine", "-k", "2", "--format", "json"])
        .json();
    assert_eq!(list(&same, "hits").len(), 2);
    let elsewhere = |args: &[&str]| {
        let run = world.rhyme(&[args, &["--venue", "nowhere"]].concat());
        run.fails(3, "no venue nowhere");
    };
    elsewhere(&combine);
    elsewhere(&["search", "prices plunge"]);
    elsewhere(&["map", "--space", "shape"]);
    let period = ["--from", "2021-02-01", "--to", "2021-01-01"];
    world
        .rhyme(&[&combine[..], &period[..]].concat())
        .fails(1, "expected a start before the end");
    world
        .rhyme(&["combine", "AAAUSDT", "-"])
        .fails(1, "nothing after \"-\"");
    world
        .rhyme(&["combine", "AAAUSDT", "x", "y"])
        .fails(1, "in place of a sign");
    world
        .rhyme(&["similar", "prototype:mine", "--as-of", "2021-01-08"])
        .fails(1, "not known at");

    world
        .rhyme(&["prototype", "delete", "mine"])
        .fails(1, "needs --yes");
    world.rhyme(&["prototype", "delete", "mine", "--yes"]).ok();
    world
        .rhyme(&["prototype", "delete", "mine"])
        .fails(3, "no prototype \"mine\"");
    world.rhyme(&["verify"]).ok();
}
