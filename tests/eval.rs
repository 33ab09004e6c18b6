//! Evaluations: perfect encoders are found perfect, random ones are found random, and nothing that
//! comes later changes a figure.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use rhymedb::data::{Calendar, Headline, TimePrecision};
use rhymedb::encode::{
    ChartConfig, ChartEncoder, EncoderSpec, Modality, Shape, Sharing, TextConfig, TextEncoder,
    Weights, WeightsConfig, is_held_out,
};
use rhymedb::eval::{EvalMeasure, EvalReport, EvalSection};
use rhymedb::query::PairOptions;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{
    Bar, Bars, Control, Database, Error, Interval, OpenOptions, Result, SeriesBars, SeriesKey,
    Timestamp,
};
use serde_json::json;

const HOUR: i64 = 3_600_000;
const DIM: usize = 16;
const WINDOW: usize = 16;

/// Numbers of a small generator, -1 to 1.
fn noise(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f64 / (1_u64 << 23) as f64 - 1.0
    })
}

/// The direction that a number stands for.
fn direction(code: u64) -> Vec<f32> {
    let values: Vec<f64> = noise(code + 1).skip(5).take(DIM).collect();
    let norm = values.iter().map(|x| x * x).sum::<f64>().sqrt();
    values.iter().map(|x| (x / norm) as f32).collect()
}

fn spec(modality: Modality) -> EncoderSpec {
    let window = match modality {
        Modality::Chart => WINDOW as u32,
        _ => 0,
    };
    EncoderSpec {
        id: "oracle/1".to_owned(),
        modality,
        dim: DIM as u32,
        channels: 1,
        window,
        receptive_field: window,
        warm_up: 0,
        sharing: Sharing::None,
        causal: true,
        normaliser: "none".to_owned(),
        weights_hash: 0,
    }
}

/// Reads the number that the volume of the last bar is.
struct ReadsVolume(EncoderSpec);

impl ChartEncoder for ReadsVolume {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        Ok(bars.volume.last().map(|&v| direction(v as u64)))
    }
}

/// Reads the number at the end of the text.
struct ReadsNumber(EncoderSpec);

impl TextEncoder for ReadsNumber {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode_text(&self, text: &str) -> Result<Option<Vec<f32>>> {
        let word = text.rsplit(' ').next().unwrap();
        Ok(word.parse().ok().map(direction))
    }
}

fn key(symbol: &str) -> SeriesKey {
    SeriesKey::new("crypto", "x", symbol, Interval::hours(1)).unwrap()
}

/// A walk whose volumes are numbers of their own, and a headline in each bar that says its number.
fn numbered(symbol: &str, first: u64, bars: usize) -> (SeriesBars, Vec<Headline>) {
    let mut close = 100.0;
    let mut moves = noise(first);
    let mut series = Bars::default();
    let mut headlines = Vec::new();
    for i in 0..bars {
        let open = close;
        close *= 1.0 + 0.01 * moves.next().unwrap();
        let time = Timestamp::from_millis(i as i64 * HOUR);
        let code = first + i as u64;
        series.push(Bar {
            time,
            open,
            high: open.max(close) * 1.001,
            low: open.min(close) * 0.999,
            close,
            volume: code as f64,
        });
        headlines.push(Headline {
            time: time.plus_millis(HOUR / 2),
            precision: TimePrecision::Second,
            text: format!("Something happened, number {code}"),
            source: "test".to_owned(),
            symbols: vec![symbol.to_owned()],
        });
    }
    let series = SeriesBars {
        key: key(symbol),
        calendar: Calendar::Continuous,
        bars: series,
    };
    (series, headlines)
}

fn database(series: &[SeriesBars], headlines: &[Headline]) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    db.ingest_bars(series).unwrap();
    db.ingest_headlines(headlines).unwrap();
    (dir, db)
}

fn synthetic(seed: u64) -> (Vec<SeriesBars>, Vec<Headline>) {
    made(SyntheticConfig::small(seed))
}

/// A market with some hundreds of headlines.
fn eventful(seed: u64) -> (Vec<SeriesBars>, Vec<Headline>) {
    made(SyntheticConfig {
        crypto_symbols: 12,
        crypto_bars: 5000,
        ..SyntheticConfig::small(seed)
    })
}

fn made(config: SyntheticConfig) -> (Vec<SeriesBars>, Vec<Headline>) {
    let market = SyntheticMarket::new(config).unwrap();
    (market.series(), market.headlines())
}

fn clip(seed: u64, training: serde_json::Value) -> Weights {
    let mut chart = ChartConfig::multiscale(16, 16);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 1024,
        width: 16,
        ..TextConfig::new(16)
    };
    let mut config = WeightsConfig::clip(chart, text, 0.1);
    config.training = training;
    Weights::random(&config, seed).unwrap()
}

#[track_caller]
fn find<'a>(
    report: &'a EvalReport,
    section: EvalSection,
    model: &str,
    setting: &str,
    measure: &str,
) -> &'a EvalMeasure {
    let found = report.find(section, "later", model, setting, measure);
    found.unwrap_or_else(|| {
        let rows = report.measures.iter();
        let rows: Vec<_> = rows
            .map(|m| (&m.part, &m.model, &m.setting, &m.measure))
            .collect();
        panic!(
            "no {model}, {setting}, {measure} in {rows:?} {:?}",
            report.notes
        )
    })
}

#[test]
fn a_perfect_pair_of_encoders_is_found_perfect() {
    let (a, mut headlines) = numbered("AAA", 10_000, 1200);
    let (b, more) = numbered("BBB", 20_000, 1200);
    let (c, most) = numbered("CCC", 30_000, 1200);
    headlines.extend(more);
    headlines.extend(most);
    let (_dir, db) = database(&[a, b, c], &headlines);
    let view = db.now();
    let text = Arc::new(ReadsNumber(spec(Modality::Headline)));
    let chart = Arc::new(ReadsVolume(spec(Modality::Chart)));
    let eval = view.eval().encoders("oracle", chart, Some(text)).seed(5);
    let eval = eval.only(&[EvalSection::Retrieval]);
    let report = eval.run(&Control::new()).unwrap();
    let section = EvalSection::Retrieval;
    for pool in ["100", "1000", "all", "30 of one asset", "30 of one day"] {
        let setting = format!("{pool}, both ways");
        for (measure, expected) in [
            ("R@1", 1.0),
            ("R@10", 1.0),
            ("median rank", 1.0),
            ("MRR", 1.0),
            ("AUC", 1.0),
        ] {
            let found = find(&report, section, "oracle", &setting, measure);
            assert_eq!(
                (found.value, found.low, found.high),
                (expected, Some(expected), Some(expected)),
                "{pool} {measure}"
            );
        }
        let auc = find(&report, section, "shuffled pairs", &setting, "AUC");
        assert!((auc.value - 0.5).abs() < 0.05, "{pool}: {auc:?}");
        for baseline in [
            "stats + linear",
            "five + linear",
            "pca + linear",
            "shape + linear",
        ] {
            let auc = find(&report, section, baseline, &setting, "AUC");
            assert!((auc.value - 0.5).abs() < 0.06, "{pool}: {auc:?}");
            let behind = find(
                &report,
                section,
                baseline,
                &setting,
                "R@10 behind the model",
            );
            assert!(behind.value > 0.5 && behind.low > Some(0.4), "{behind:?}");
        }
    }
    // 30 % of the bars lie after the date, which is when bar 840 closes; windows have 16.
    let found = find(&report, section, "oracle", "all, text to chart", "R@1");
    assert_eq!(found.count, 3 * (1200 - 856));
    let chance = find(&report, section, "chance", "100, both ways", "R@10");
    assert_eq!((chance.value, chance.low), (0.1, None));
    // The same question has the same answer, on one thread too.
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(one.install(|| eval.run(&Control::new())).unwrap(), report);
}

#[test]
fn random_weights_are_found_random() {
    let (series, headlines) = eventful(7);
    let (_dir, db) = database(&series, &headlines);
    let view = db.now();
    let weights = clip(3, json!(null));
    let judged = [
        EvalSection::Retrieval,
        EvalSection::Expressiveness,
        EvalSection::Regimes,
    ];
    let eval = view.eval().weights(&weights).reaction(4).only(&judged);
    let error = eval.run(&Control::new()).unwrap_err();
    assert!(error.to_string().contains("--from"), "{error}");
    let from: Timestamp = "2015-01-15".parse().unwrap();
    let report = eval.clone().from(from).run(&Control::new()).unwrap();
    let section = EvalSection::Retrieval;
    for model in ["clip/1", "shuffled pairs"] {
        let auc = find(&report, section, model, "100, both ways", "AUC");
        assert!((auc.value - 0.5).abs() < 0.1, "{auc:?}");
        assert!(auc.low < Some(0.55) && auc.high > Some(0.45), "{auc:?}");
        let found = find(&report, section, model, "100, both ways", "R@10");
        assert!((found.value - 0.1).abs() < 0.08, "{found:?}");
    }
    let sections: BTreeSet<_> = report.measures.iter().map(|m| m.section).collect();
    assert_eq!(sections, judged.into(), "{:?}", report.notes);
    assert!(report.measures.iter().all(|m| m.value.is_finite()));
}

#[test]
fn only_what_was_kept_apart_is_judged() {
    let (series, headlines) = eventful(7);
    let (_dir, db) = database(&series, &headlines);
    let view = db.now();
    let record = json!({"config": {
        "split": {"test_from": "2015-02-15", "hold_out": 3, "embargo": 6},
        "data": [{"kind": "database", "market": "crypto", "reaction": 2}],
    }});
    let weights = clip(3, record);
    let eval = view.eval().weights(&weights);
    let report = eval
        .only(&[EvalSection::Retrieval])
        .run(&Control::new())
        .unwrap();
    let from: Timestamp = "2015-02-15".parse().unwrap();
    assert_eq!(report.from, Some(from));
    let symbols = series.iter().filter(|s| s.key.market == "crypto");
    let symbols = symbols.map(|s| s.key.symbol.clone());
    let held: BTreeSet<String> = symbols.filter(|s| is_held_out(s, 3)).collect();
    assert!(report.symbols_held_out.iter().eq(&held), "{held:?}");

    let spec = weights.chart_encoder().unwrap();
    let spec = spec.spec();
    let options = PairOptions::of(spec).market("crypto").reaction(2);
    let pairs = view.pairs(&options).unwrap();
    let reach = i64::from(spec.window + spec.warm_up + 6);
    let mut judged: Vec<_> = pairs
        .list
        .iter()
        .filter(|p| !is_held_out(&pairs.series[p.series].symbol, 3))
        .filter(|p| p.end.millis() - reach * HOUR >= from.millis())
        .map(|p| (p.series, p.bar))
        .collect();
    judged.sort_unstable();
    judged.dedup();
    let found = find(
        &report,
        EvalSection::Retrieval,
        "clip/1",
        "all, both ways",
        "R@1",
    );
    assert_eq!(found.count, judged.len());
    assert!(judged.len() > 20, "{}", judged.len());
}

#[test]
fn what_comes_later_changes_no_figure() {
    let as_of: Timestamp = "2015-03-10T05:00:00Z".parse().unwrap();
    let (series, headlines) = synthetic(4);
    let crypto: Vec<SeriesBars> = series
        .into_iter()
        .filter(|s| s.key.market == "crypto")
        .collect();
    let other: Vec<SeriesBars> = crypto
        .iter()
        .map(|one| {
            let known = |&t: &i64| t + HOUR <= as_of.millis();
            let past = one.bars.time.partition_point(known);
            assert!((1000..1900).contains(&past), "{past}");
            let mut bars = one.bars.slice(0..past);
            let future = one.bars.slice(past..one.bars.len() - 3);
            let tripled = future.iter().map(|mut bar| {
                for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                    *price *= 3.0;
                }
                bar
            });
            bars.extend(&tripled.collect());
            SeriesBars {
                bars,
                ..one.clone()
            }
        })
        .collect();
    let mut fewer = headlines.clone();
    fewer.retain(|h| h.known_from() <= as_of);
    fewer.push(Headline {
        time: as_of.plus_millis(HOUR),
        precision: TimePrecision::Second,
        text: "Something else".to_owned(),
        source: "test".to_owned(),
        symbols: vec![crypto[0].key.symbol.clone()],
    });
    let weights = clip(3, json!(null));
    let from: Timestamp = "2015-02-01".parse().unwrap();
    let judge = |series: &[SeriesBars], headlines: &[Headline]| {
        let (_dir, db) = database(series, headlines);
        let view = db.at(as_of);
        let trained = view.eval().weights(&weights).from(from);
        let shape = Arc::new(Shape::new(WINDOW, 8).unwrap());
        let plain = view.eval().encoders("shape-8", shape, None);
        [trained, plain].map(|eval| eval.run(&Control::new()).unwrap())
    };
    let seen = judge(&crypto, &headlines);
    for (report, model) in seen.iter().zip(["clip/1", "shape-8"]) {
        find(report, EvalSection::Analogs, model, "top 10", "CRPS");
        find(
            report,
            EvalSection::Anomaly,
            model,
            "max |z|, beyond 99 %",
            "AUROC",
        );
    }
    assert_eq!(judge(&other, &fewer), seen);
}

#[test]
fn all_coefficients_find_what_the_exact_search_finds() {
    let (series, _) = synthetic(2);
    let (_dir, db) = database(&series, &[]);
    let view = db.now();
    let shape = Arc::new(Shape::new(WINDOW, WINDOW - 1).unwrap());
    let eval = view.eval().encoders("all", shape, None);
    let report = eval
        .only(&[EvalSection::Shape])
        .run(&Control::new())
        .unwrap();
    let value = |model: &str, measure: &str| {
        let found = report
            .measures
            .iter()
            .find(|m| m.model == model && m.measure == measure);
        found.unwrap().value
    };
    let exact = value("exact search", "true correlation");
    assert!((value("all", "true correlation") - exact).abs() < 1e-5);
    assert!(value("all", "shared with the exact search") > 0.97);
    assert!(value("stats", "true correlation") < exact);
}

#[test]
fn evaluations_stop_when_asked() {
    let (series, headlines) = synthetic(2);
    let (_dir, db) = database(&series, &headlines);
    let control = Control::new();
    control.stop();
    let view = db.now();
    let stopped = view.eval().run(&control);
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    let none = view.eval().space("none").run(&Control::new());
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
}
