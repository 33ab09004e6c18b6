//! Sentences about large moves, and about symbols, in a space whose vectors are random.

use std::collections::BTreeSet;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::query::MoveDirection;
use rhymedb::{Bars, Filter, Hit, Query, SeriesBars, Timestamp, View, Window};

use crate::oracle::{HOUR, START, crypto};
use crate::world::{W, World, of};

/// A walk with moves over 16 bars that grow: down at bar 300, up at 450, and so on.
fn planted(symbol: &str, seed: u64) -> SeriesBars {
    let mut series = crypto(symbol, 1500, seed);
    let mut level: f64 = 0.0;
    let bars = &mut series.bars;
    for i in 0..bars.len() {
        let before = level;
        if i >= 300 && i % 150 < 16 {
            let (which, down) = (i / 300, i % 300 < 150);
            let size = 0.1 + 0.05 * which as f64;
            level += if down { -size } else { size } / 16.0;
        }
        bars.open[i] *= before.exp();
        bars.close[i] *= level.exp();
        bars.high[i] = bars.open[i].max(bars.close[i]);
        bars.low[i] = bars.open[i].min(bars.close[i]);
    }
    series
}

fn headline(text: &str, symbol: &str) -> Headline {
    Headline {
        time: Timestamp::from_millis(START + 400 * HOUR),
        precision: TimePrecision::Second,
        text: text.to_owned(),
        source: String::new(),
        symbols: vec![symbol.to_owned()],
    }
}

fn market() -> World {
    let mut late = planted("DOGEUSDT", 9);
    late.bars = late.bars.slice(700..1500);
    let series = vec![planted("BTCUSDT", 1), planted("AAPL", 2), late];
    let headlines = vec![
        headline("prices crash", "BTCUSDT"),
        headline("prices crash today", "AAPL"),
        headline("prices plunge", "AAPL"),
    ];
    of(series, headlines)
}

/// The bars that opened before the grid of 16 hours in which a window begins, and those of the window.
fn past_and_own(series: &[SeriesBars], window: &Window) -> (Bars, Bars) {
    let found = series.iter().find(|s| s.key == window.series).unwrap();
    let bars = &found.bars;
    let start = window.start.millis();
    let until = start - start.rem_euclid(16 * HOUR);
    let past = bars.time.partition_point(|&t| t < until);
    let first = bars.time.partition_point(|&t| t < start);
    (bars.slice(0..past), bars.slice(first..first + W))
}

/// The definition of a large move, plainly.
fn is_large(view: &View, series: &[SeriesBars], window: &Window, sign: f64) -> bool {
    let (past, own) = past_and_own(series, window);
    let moved = |bars: &Bars, i: usize| sign * (bars.close[i + W - 1] / bars.open[i]).ln();
    if past.len() < W + 63 {
        return false;
    }
    let move_of_it = moved(&own, 0);
    let moves = 0..=past.len() - W;
    let all = past.len() - W + 1;
    let further = moves.filter(|&i| moved(&past, i) >= move_of_it).count();
    let size = view.size(window).unwrap();
    further <= all / 50 && size.is_some_and(|size| sign * size.window >= 1.5)
}

fn sized(view: &View, hit: &Hit, sign: f64) -> Option<f64> {
    view.size(&hit.window).unwrap().map(|s| sign * s.window)
}

#[test]
fn sentences_about_large_moves_find_them_in_their_direction() {
    let world = market();
    let view = world.db.now();
    for (text, word, direction, sign) in [
        ("a sudden crash", "crash", MoveDirection::Down, -1.0),
        ("prices soar", "soar", MoveDirection::Up, 1.0),
    ] {
        let answer = view.search(text).k(200).exact(true).run().unwrap().charts;
        let told = answer.large_moves.unwrap();
        assert_eq!((told.word.as_str(), told.direction), (word, direction));
        assert_eq!(answer.hits.len(), 200, "the rest is filled");
        assert!((10..100).contains(&told.large), "{told:?}");
        let (large, rest) = answer.hits.split_at(told.large);
        for hit in large {
            assert!(is_large(&view, &world.series, &hit.window, sign), "{hit:?}");
        }
        assert!(large.is_sorted_by(|a, b| a.score >= b.score));
        let sizes: Vec<_> = rest.iter().map(|h| sized(&view, h, sign)).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        let places: BTreeSet<String> = answer
            .hits
            .iter()
            .map(|hit| hit.window.to_string())
            .collect();
        assert_eq!(places.len(), 200, "none is there twice");

        // None is missing: what is large and is no hit lies in the zone of one.
        let vector = world.text(text).unwrap();
        let every = view.similar(vector.clone()).space("clip").exclusion(0);
        let every = every.k(10_000).exact(true).run().unwrap().hits;
        let mut found = 0;
        for hit in every {
            if !is_large(&view, &world.series, &hit.window, sign) {
                continue;
            }
            found += 1;
            let near = |h: &Hit| {
                let apart = h.window.end.millis() - hit.window.end.millis();
                h.window.series == hit.window.series && apart.abs() < 4 * HOUR
            };
            assert!(large.iter().any(near), "{hit:?}");
        }
        assert!(found >= told.large);

        // A few are the first of many, and entries are large moves too.
        let few = view.similar(Query::text(text)).k(6).exact(true);
        let few_found = few.clone().run().unwrap();
        assert_eq!(few_found.hits[..], answer.hits[..6]);
        let entries = few.entries(true).run().unwrap();
        assert_eq!(entries.large_moves.unwrap().large, entries.hits.len());
        assert!(!entries.hits.is_empty());
        for hit in &entries.hits {
            assert!(is_large(&view, &world.series, &hit.window, sign), "{hit:?}");
        }

        let words = view.search(text).by_words(true).exact(true);
        let words = words.run().unwrap().charts;
        let plain = view.similar(vector).space("clip").exact(true);
        assert_eq!(words.large_moves, None);
        assert_eq!(words.hits, plain.run().unwrap().hits);
    }
}

#[test]
fn denied_and_small_moves_rank_by_words() {
    let world = market();
    let view = world.db.now();
    for text in [
        "prices do not crash",
        "prices edge lower",
        "a slight plunge",
        "prices rebound from the crash",
    ] {
        let answer = view.search(text).exact(true).run().unwrap().charts;
        assert_eq!(answer.large_moves, None, "{text}");
        let words = view.search(text).by_words(true).exact(true);
        assert_eq!(answer.hits, words.run().unwrap().charts.hits);
    }
    // Neither a vector nor a chart tells of a move.
    let vector = view.similar(world.text("prices crash").unwrap());
    assert_eq!(vector.space("clip").run().unwrap().large_moves, None);
}

fn symbols(hits: &[Hit]) -> BTreeSet<&str> {
    hits.iter()
        .map(|h| h.window.series.symbol.as_str())
        .collect()
}

#[test]
fn symbols_in_a_sentence_narrow_it() {
    let world = market();
    let view = world.db.now();
    let ask = |text: &str| view.search(text).k(40).exact(true);
    for (text, wanted) in [
        ("bitcoin crashes", vec!["BTCUSDT"]),
        ("prices of $btc crash", vec!["BTCUSDT"]),
        ("quiet trading in Apple", vec!["AAPL"]),
        ("AAPL and BTC fall", vec!["AAPL", "BTCUSDT"]),
        ("microsoft crashes", vec![]),
        ("prices crash", vec![]),
    ] {
        let answer = ask(text).run().unwrap();
        assert_eq!(answer.charts.narrowed_to, wanted, "{text}");
        let all = vec!["AAPL", "BTCUSDT", "DOGEUSDT"];
        let expected = if wanted.is_empty() { all } else { wanted };
        let found: Vec<_> = symbols(&answer.charts.hits).into_iter().collect();
        assert_eq!(found, expected, "{text}");
        let about = |h: &str| expected.contains(&h);
        for hit in &answer.headlines {
            assert!(hit.headline.symbols.iter().any(|s| about(s)), "{text}");
        }
        assert!(!answer.headlines.is_empty());
    }
    let wide = ask("bitcoin crashes").all_symbols(true).run().unwrap();
    assert_eq!(wide.charts.narrowed_to, Vec::<String>::new());
    assert!(symbols(&wide.charts.hits).len() > 1);
    assert_eq!(wide.headlines.len(), 3);
    let said = ask("bitcoin crashes")
        .filter(Filter::new().symbol("AAPL"))
        .run()
        .unwrap();
    assert_eq!(said.charts.narrowed_to, Vec::<String>::new());
    assert_eq!(symbols(&said.charts.hits), BTreeSet::from(["AAPL"]));

    // What is not stored yet, or is of another market, does not narrow.
    let early = world.db.at(Timestamp::from_millis(START + 600 * HOUR));
    let answer = early.search("dogecoin crashes").exact(true).run().unwrap();
    assert_eq!(answer.charts.narrowed_to, Vec::<String>::new());
    assert!(!answer.charts.hits.is_empty());
    let answer = ask("dogecoin crashes").run().unwrap();
    assert_eq!(answer.charts.narrowed_to, ["DOGEUSDT"]);
    // No headline names it, so all are asked.
    assert_eq!(answer.headlines.len(), 3);

    // The base rate of outcomes is narrowed alike.
    let outcomes = |query: rhymedb::query::Similar| {
        let answer = query.exact(true).outcomes(&[4]).run().unwrap();
        (answer.similar.hits, answer.horizons[0].base_windows)
    };
    let text = || view.similar(Query::text("bitcoin crashes"));
    let (named, chosen) = (
        outcomes(text()),
        outcomes(text().filter(Filter::new().symbol("BTCUSDT"))),
    );
    assert_eq!(named, chosen);
    assert!(named.1 < outcomes(text().all_symbols(true)).1);
}
