//! What comes after news that foretells nothing.

use rand::RngExt;
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
use rhymedb::query::Horizon;
use rhymedb::{Control, Timestamp};

use crate::world::{HOUR, START, clusters, long, random, share_below};

const SERIES: usize = 6;

/// Random weights: what matters is that equal words are equal.
fn weights() -> Weights {
    let mut chart = ChartConfig::multiscale(16, 16);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 4096,
        ..TextConfig::new(16)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 6).unwrap()
}

/// News at random times, half of it about the wildest series: its moves are large and say nothing.
#[test]
fn a_wild_stock_with_half_of_the_news_is_no_reaction() {
    let (seeds, questions, bars) = if long() {
        (6, 100, 2272)
    } else {
        (1, 80, 1300)
    };
    let mut all: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for seed in 0..seeds {
        let world = clusters(seed, SERIES, bars);
        let control = Control::new();
        world
            .db
            .create_space_of_weights("clip", &weights(), 1, control)
            .unwrap();
        let mut random = random(seed, 4000);
        // Words that no other question has: numbers and names may be masked.
        let letter = |i: usize| char::from(b'a' + (i % 26) as u8);
        let sentence = |q: usize| format!("{0}{1}ork {1}{0}umble", letter(q), letter(q / 26));
        let mut headlines = Vec::new();
        for question in 0..questions {
            for i in 0..20 {
                let series = match i % 2 {
                    0 => SERIES - 1,
                    _ => random.random_range(0..SERIES - 1),
                };
                let hour = random.random_range(100..bars as i64 - 30);
                headlines.push(Headline {
                    time: Timestamp::from_millis(START + hour * HOUR),
                    precision: TimePrecision::Second,
                    text: sentence(question),
                    source: format!("{question} {i}"),
                    symbols: vec![world.series[series].key.symbol.clone()],
                });
            }
        }
        world.db.ingest_headlines(&headlines).unwrap();
        let view = world.db.now();
        for (horizon, all) in [1, 5].into_iter().zip(&mut all) {
            for question in 0..questions {
                let reaction = view.reaction(sentence(question)).k(20);
                let answer = reaction.horizon(Horizon::bars(horizon)).run().unwrap();
                all.extend(answer.p_value.ok());
            }
        }
    }
    for (horizon, p) in [1, 5].iter().zip(&all) {
        let (five, one) = (share_below(p, 0.05), share_below(p, 0.01));
        println!(
            "reaction H {horizon}: {} questions, p < .05 {five:.3}, p < .01 {one:.3}",
            p.len()
        );
        assert!(p.len() > 40, "{}", p.len());
        if long() {
            assert!(
                (0.02..=0.065).contains(&five) && one <= 0.02,
                "{five} {one}"
            );
        } else {
            assert!(five <= 0.13 && one <= 0.05, "{five} {one}");
        }
    }
}
