//! What a sentence tells `search` and `similar` besides its meaning: a large move, and symbols.

use serde_json::Value;

use crate::words::weights;
use crate::world::{HOUR, START, World, closes, csv};

/// Two coins and a stock, each with a fall by two fifths over 32 hours from bar 400 on.
fn market() -> World {
    let world = World::new();
    for (seed, path) in [
        (5, "in/crypto/binance/BTCUSDT-1h.csv"),
        (6, "in/crypto/binance/ETHUSDT-1h.csv"),
        (7, "in/crypto/binance/FB-1h.csv"),
    ] {
        let mut prices = closes(600, seed);
        for (i, price) in prices.iter_mut().enumerate() {
            let fallen = i.saturating_sub(400).min(32) as f64 / 32.0;
            *price *= (-0.5 * fallen).exp();
        }
        world.file(path, csv(START, HOUR, &prices));
    }
    let news = "time,headline,symbols\n2021-01-05T10:00:00Z,Prices crash,BTCUSDT\n2021-01-06T10:00:00Z,Prices crash,FB\n";
    world.file("news.csv", news);
    world.file("clip.safetensors", weights(serde_json::Value::Null).bytes());
    let bars = ["ingest", "bars", "in", "--spaces", "shape"];
    world.rhyme(&bars).ok();
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let embed = ["embed", "--space", "clip", "--encoder", "clip.safetensors"];
    world.rhyme(&embed).ok();
    world
}

fn json(world: &World, args: &[&str]) -> Value {
    world.rhyme(&[args, &["--format", "json"]].concat()).json()
}

#[test]
fn a_large_move_is_recognised_and_said() {
    let world = market();
    let search = ["search", "the coin crashes", "-k", "3", "--exact"];
    let told = json(&world, &search);
    assert_eq!(told["ranked_by"], "words and size");
    assert_eq!(told["large_moves"]["word"], "crashes");
    assert_eq!(told["large_moves"]["direction"], "down");
    assert_eq!(told["large_moves"]["large"], 3);
    for hit in told["charts"].as_array().unwrap() {
        assert!(hit["move_sd"].as_f64().unwrap() <= -1.5, "{hit}");
    }
    let table = world.rhyme(&search).ok();
    let said = "ranked by words and size: “crashes” means a large move down, and 3 of 3 hits";
    assert!(table.contains(said), "{table}");
    // More than there are: the rest is said.
    let many = world
        .rhyme(&["search", "the coin crashes", "-k", "60", "--exact"])
        .ok();
    assert!(
        many.contains("are the largest moves among the nearest"),
        "{many}"
    );

    let plain = [&search[..], &["--by-words"]].concat();
    let by_words = json(&world, &plain);
    assert_eq!(by_words["ranked_by"], "similarity");
    assert_eq!(by_words["large_moves"], Value::Null);
    let table = world.rhyme(&plain).ok();
    assert!(!table.contains("words and size"), "{table}");
    let denied = json(&world, &["search", "the coin does not crash"]);
    assert_eq!(denied["large_moves"], Value::Null);

    // `similar` with a sentence answers alike.
    let similar = ["similar", "text:the coin crashes", "-k", "3", "--exact"];
    let found = json(&world, &similar);
    assert_eq!(found["hits"], told["charts"]);
    assert_eq!(found["ranked_by"], "words and size");
    assert!(world.rhyme(&similar).ok().contains(said));
    let outcomes = [&similar[..], &["--outcome", "4h"]].concat();
    assert!(
        world
            .rhyme(&outcomes)
            .ok()
            .contains("“crashes” means a large move down")
    );
}

#[test]
fn named_symbols_narrow_and_say_so() {
    let world = market();
    let symbols = |answer: &Value| {
        let hits = answer["charts"].as_array().unwrap().iter();
        let mut all: Vec<String> = hits
            .map(|h| h["symbol"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let search = ["search", "Bitcoin and FB crash", "-k", "30", "--exact"];
    let told = json(&world, &search);
    assert_eq!(told["narrowed_to"], serde_json::json!(["BTCUSDT", "FB"]));
    assert_eq!(symbols(&told), ["BTCUSDT", "FB"]);
    let table = world.rhyme(&search).ok();
    let said = "narrowed to BTCUSDT, FB, which the sentence names; --all-symbols searches all";
    assert!(table.contains(said), "{table}");

    let all = json(&world, &[&search[..], &["--all-symbols"]].concat());
    assert_eq!(all["narrowed_to"], serde_json::json!([]));
    assert_eq!(symbols(&all), ["BTCUSDT", "ETHUSDT", "FB"]);
    let chosen = json(&world, &[&search[..], &["--symbol", "ETHUSDT"]].concat());
    assert_eq!(symbols(&chosen), ["ETHUSDT"]);
    let one = json(&world, &["search", "bitcoin falls"]);
    assert_eq!(one["headlines"].as_array().unwrap().len(), 1);
    let both = [&search[..], &["--symbol", "FB", "--all-symbols"]].concat();
    world.rhyme(&both).fails(2, "--all-symbols");
}
