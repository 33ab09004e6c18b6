//! Small networks, data and batches.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "tests"
)]

use rand::RngExt;
use rhyme_train::augment::Window;
use rhyme_train::backbone::{Backbone, ConvNext, Dilated, Transformer, TrendSeason};
use rhyme_train::batch::ask;
use rhyme_train::config::Config;
use rhyme_train::net::{Bag, StepPool};
use rhyme_train::params::Params;
use rhyme_train::random::seeded;
use rhyme_train::step::{Batch, Model, Partners, Windows};
use rhyme_train::task::Whole;
use rhymedb::data::Headline;
use rhymedb::encode::{Channel, ChartConfig, text_features};
use rhymedb::synthetic::SyntheticMarket;
use rhymedb::{Database, OpenOptions};

pub(crate) const TEXTS: [&str; 6] = [
    "Acme profit rises 5 pct",
    "Globex halts output after fire",
    "Medoria to buy Healix for $3 bln",
    "Regulator fines Zentrum",
    "Norvik shares slump on weak outlook",
    "No news from Tesselar",
];

/// A database of a market's bars and headlines, without spaces of headlines.
pub(crate) fn database(
    path: &std::path::Path,
    market: &SyntheticMarket,
    headlines: &[Headline],
) -> Database {
    let db = OpenOptions::new().clip_weights(None).open(path).unwrap();
    db.ingest_bars(&market.series()).unwrap();
    db.ingest_headlines(headlines).unwrap();
    db
}

/// Every kind of network, small.
pub(crate) fn backbones() -> Vec<Backbone> {
    let custom = |architecture: &str, chart: ChartConfig| Backbone::Custom {
        architecture: architecture.to_owned(),
        chart,
    };
    let mut tcn = ChartConfig::tcn(24, 8);
    tcn.layers.truncate(2);
    let mut path = ChartConfig::tcn_path(24, 8);
    path.layers.truncate(2);
    for layer in tcn.layers.iter_mut().chain(&mut path.layers) {
        layer.convolutions[0].width = 6;
    }
    tcn.head.hidden = vec![10];
    path.head.hidden = vec![10];
    let mut cnn = ChartConfig::cnn();
    cnn.window = 32;
    cnn.dim = 8;
    for (layer, width) in cnn.layers.iter_mut().zip([5, 7, 6]) {
        layer.convolutions[0].width = width;
    }
    let mut multiscale = ChartConfig::multiscale(24, 8);
    for convolution in &mut multiscale.layers[0].convolutions {
        convolution.width = 4;
    }
    let volatile = Backbone::Tcn {
        window: 24,
        dim: 8,
        width: 6,
        dilations: vec![1, 2],
    };
    vec![
        volatile,
        custom("tcn/1", tcn),
        custom("tcn/1", path),
        custom("cnn/1", cnn),
        custom("multiscale/1", multiscale),
    ]
}

/// A config around a backbone and an objective in TOML.
pub(crate) fn config(backbone: &Backbone, objective: &str, text: bool) -> Config {
    let crops = objective.contains("ts2vec");
    let tasks = ["masked", "forecast", "order", "direction", "outcome"];
    let text = if text {
        "[text]\nbuckets = 64\nwidth = 8\nstart = 0.5\n"
    } else if tasks.iter().any(|t| objective.contains(t)) {
        ""
    } else {
        "[[augment]]\nkind = \"jitter\"\n"
    };
    let kind = if objective.contains("\"cost\"") {
        "cost"
    } else {
        "cnn"
    };
    let rest = format!(
        "mode = \"market\"\ncrops = {crops}\n{text}[objective]\n{objective}\n[[data]]\nkind = \"synthetic\"\n[backbone]\nkind = \"{kind}\"\n"
    );
    // The sizes of the backbone named above do not matter, it is replaced.
    let mut config = Config::parse(&rest).unwrap();
    config.backbone = backbone.clone();
    config.training.chunk = 4;
    config
}

/// Stacks of layers, small; with layer scales that let gradients through.
pub(crate) fn stacks() -> Vec<Backbone> {
    use Channel::{Range, Return, Trend, Volume};
    let channels = vec![Return, Range, Volume, Trend];
    let conv_next = |dilated: bool| ConvNext {
        window: 16,
        dim: 8,
        widths: vec![6, 10],
        depths: vec![1, 2],
        dilated,
        drop_path: 0.3,
        layer_scale: 0.5,
        pools: vec![StepPool::Last, StepPool::Mean],
        channels: channels.clone(),
    };
    vec![
        Backbone::Ts2vec(Dilated {
            window: 16,
            dim: 8,
            hidden: 6,
            depth: 2,
            channels: channels.clone(),
        }),
        Backbone::ConvNext(conv_next(true)),
        Backbone::ConvNext(conv_next(false)),
        Backbone::Transformer(Transformer {
            window: 16,
            dim: 8,
            width: 8,
            heads: 2,
            layers: 2,
            pools: vec![StepPool::Mean, StepPool::Last],
            channels: channels.clone(),
        }),
        Backbone::Cost(TrendSeason {
            window: 16,
            dim: 8,
            hidden: 6,
            depth: 2,
            channels,
        }),
    ]
}

/// A model and numbers to start from.
pub(crate) fn model(config: &Config, seed: u64) -> (Model, Params) {
    Model::start(config, &Default::default(), seed).unwrap()
}

/// Windows of random steps.
pub(crate) fn windows(chart: &ChartConfig, rows: usize, steps: usize, seed: u64) -> Windows {
    let mut random = seeded(seed, 99, 0);
    let width = chart.input_width();
    let values = (0..rows * steps * width).map(|_| random.random_range(-1.5..1.5_f32));
    Windows {
        steps,
        width,
        values: values.collect(),
    }
}

/// The features of the texts.
pub(crate) fn bags(buckets: u32) -> Vec<Bag> {
    let none = Default::default();
    let features = TEXTS.iter().map(|t| text_features(t, &none, buckets));
    features.map(|f| Bag::new(&f)).collect()
}

/// A batch with as many rows as there are texts.
pub(crate) fn batch(config: &Config, seed: u64) -> Batch {
    let chart = config.backbone.reading();
    let steps = chart.window_steps();
    let rows = TEXTS.len();
    if let Some(task) = config.objective.build(&config.augment).task() {
        let ahead = task.ahead();
        let windows = windows(&chart, rows, steps + ahead, seed);
        let each = windows.values.chunks_exact((steps + ahead) * windows.width);
        let wholes = each.enumerate().map(|(row, values)| Whole {
            window: Window {
                width: windows.width,
                values: values.to_vec(),
            },
            outcome: 0.01 * (row as f64 - 2.5),
        });
        let wholes: Vec<Whole> = wholes.collect();
        let mut batch = ask(task, config, &wholes, seed, 0).unwrap();
        batch.noise = None;
        return batch;
    }
    let (left, right, overlap) = if config.crops {
        (steps - 3, steps - 2, steps - 5)
    } else {
        (steps, steps, steps)
    };
    let mut same = vec![false; rows * rows];
    for i in 0..rows {
        same[i * rows + i] = true;
    }
    // Rows 1 and 2 may mean the same.
    same[rows + 2] = true;
    same[2 * rows + 1] = true;
    Batch {
        windows: windows(&chart, rows, left, seed),
        partners: match &config.text {
            Some(text) => Partners::Texts(bags(text.buckets)),
            None => Partners::Windows(windows(&chart, rows, right, seed + 1)),
        },
        same,
        others: 0,
        overlap,
        noise: None,
    }
}
