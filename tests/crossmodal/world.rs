//! A small market with headlines, in a space of both with random weights.

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{Bank, ChartConfig, Embeddings, TextConfig, Weights, WeightsConfig};
use rhymedb::{Bars, Control, Database, OpenOptions, SeriesBars, Timestamp};

use serde_json::Value;

use crate::oracle::{DAY, HOUR, Lcg, START, crypto, equity};

pub const W: usize = 16;
/// When the look-ahead tests ask: in the middle of everything.
pub const MIDDLE: i64 = START + 250 * HOUR;

pub struct World {
    pub dir: tempfile::TempDir,
    pub db: Database,
    pub weights: Weights,
    pub series: Vec<SeriesBars>,
    pub headlines: Vec<Headline>,
}

pub fn plain_weights() -> Weights {
    trained_on(Value::Null)
}

fn trained_on(training: Value) -> Weights {
    let mut chart = ChartConfig::multiscale(W as u32, 16);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 1024,
        ..TextConfig::new(16)
    };
    let mut config = WeightsConfig::clip(chart, text, 0.1);
    config.training = training;
    Weights::random(&config, 6).unwrap()
}

/// Random weights with a bank of charts and sentences that are in no database.
pub fn weights() -> Weights {
    with_bank(&plain_weights())
}

fn with_bank(weights: &Weights) -> Weights {
    let encoder = weights.chart_encoder().unwrap();
    let bars = crypto("BANK", 400, 77).bars;
    let reach = (encoder.spec().window + encoder.spec().warm_up) as usize;
    let ends: Vec<usize> = (reach - 1..400).collect();
    let charts = encoder.encode_series(&bars, &ends).unwrap();
    let mut random = Lcg(5);
    let texts: Vec<String> = (0..200).map(|_| sentence(&mut random)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let texts: Embeddings = weights
        .text_encoder()
        .unwrap()
        .encode_texts(&texts)
        .unwrap();
    weights
        .with_bank(&Bank::measure(&charts, &texts).unwrap())
        .unwrap()
}

fn sentence(random: &mut Lcg) -> String {
    const WORDS: [&str; 16] = [
        "shares", "fall", "rise", "record", "profit", "warning", "bank", "quiet", "trading",
        "surge", "plunge", "miners", "sell", "buy", "forecast", "cut",
    ];
    let n = 3 + (random.next() * 4.0) as usize;
    let word = |random: &mut Lcg| WORDS[(random.next() * 16.0) as usize % 16];
    (0..n).map(|_| word(random)).collect::<Vec<_>>().join(" ")
}

/// Headlines over 400 hours, of every precision; some say the same again, some say nothing.
pub fn headlines(n: usize) -> Vec<Headline> {
    let mut random = Lcg(11);
    let mut all: Vec<Headline> = Vec::new();
    for i in 0..n {
        let precision = [
            TimePrecision::Second,
            TimePrecision::Minute,
            TimePrecision::Day,
        ][i % 3];
        let time = START + (random.next() * 400.0 * HOUR as f64) as i64;
        let time = match precision {
            TimePrecision::Day => time - time.rem_euclid(DAY),
            _ => time - time.rem_euclid(60_000),
        };
        let mut text = sentence(&mut random);
        if i % 9 == 8 {
            text = all[i - 1].text.clone();
        } else if i % 31 == 30 {
            text = format!("... {}", "!".repeat(i));
        }
        let symbols = match i % 5 {
            0 => vec![],
            1 => vec!["AAA".to_owned(), "BBB".to_owned()],
            2 => vec!["AAA".to_owned()],
            3 => vec!["BBB".to_owned()],
            _ => vec!["AAA".to_owned(), "CCC".to_owned()],
        };
        all.push(Headline {
            time: Timestamp::from_millis(time),
            precision,
            text,
            source: format!("s{i}"),
            symbols,
        });
    }
    all
}

pub fn series() -> Vec<SeriesBars> {
    vec![
        crypto("AAA", 400, 1),
        crypto("BBB", 400, 2),
        equity("DDD", 60, 3),
    ]
}

pub fn of(series: Vec<SeriesBars>, headlines: Vec<Headline>) -> World {
    with(series, headlines, weights())
}

/// The same with weights of the same numbers that say what they were trained on.
pub fn trained(series: Vec<SeriesBars>, headlines: Vec<Headline>, training: Value) -> World {
    with(series, headlines, with_bank(&trained_on(training)))
}

fn with(series: Vec<SeriesBars>, headlines: Vec<Headline>, weights: Weights) -> World {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    db.ingest_bars(&series).unwrap();
    db.create_space_of_weights("clip", &weights, 1, Control::new())
        .unwrap();
    db.ingest_headlines(&headlines).unwrap();
    World {
        dir,
        db,
        weights,
        series,
        headlines,
    }
}

pub fn world() -> World {
    of(series(), headlines(150))
}

/// When a headline is known.
pub fn known(headline: &Headline) -> i64 {
    headline.time.millis()
        + match headline.precision {
            TimePrecision::Second => 0,
            TimePrecision::Minute => 60_000,
            TimePrecision::Day => DAY,
        }
}

pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| f64::from(*x) * f64::from(*y))
        .sum()
}

pub fn unit(v: &[f64]) -> Vec<f32> {
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| (x / norm) as f32).collect()
}

pub fn assert_near(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() < 2e-4, "{what}: {a} {b}");
}

impl World {
    pub fn text(&self, text: &str) -> Option<Vec<f32>> {
        self.weights
            .text_encoder()
            .unwrap()
            .encode_text(text)
            .unwrap()
    }

    /// Ends and vectors of the windows of a series, each encoded alone.
    pub fn windows(&self, series: usize) -> Vec<(i64, Vec<f32>)> {
        let encoder = self.weights.chart_encoder().unwrap();
        let reach = (encoder.spec().window + encoder.spec().warm_up) as usize;
        let SeriesBars { key, bars, .. } = &self.series[series];
        let close = |open: i64| key.interval.close_of(Timestamp::from_millis(open)).millis();
        let alone = |bars: &Bars| encoder.encode_window(bars).unwrap();
        (reach - 1..bars.len())
            .filter_map(|last| {
                let vector = alone(&bars.slice(last + 1 - reach..last + 1))?;
                Some((close(bars.time[last]), vector))
            })
            .collect()
    }

    /// The vector of the last window of a series that closed at or before a time.
    pub fn window_at(&self, series: usize, time: i64) -> (i64, Vec<f32>) {
        self.windows(series)
            .into_iter()
            .rfind(|(end, _)| *end <= time)
            .unwrap()
    }
}
