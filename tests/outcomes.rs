//! What happened after the hits of a search, and searches that are refined or drawn, beside plain
//! computations from the bars.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "outcomes/entries.rs"]
mod entries;
#[path = "outcomes/horizons.rs"]
mod horizons;
#[path = "outcomes/net.rs"]
mod net;
mod oracle;
#[path = "outcomes/sums.rs"]
mod sums;

use oracle::worlds::{database, days, hours, market, open, other_future, refused, target};
use oracle::{DAY, HOUR, START, W, crypto};
use rhymedb::data::Calendar;
use rhymedb::encode::chart_encoder_by_name;
use rhymedb::query::{HitOutcome, Horizon, LeftOut, OutcomeAnswer, Refine};
use rhymedb::{Control, Database, Filter, Query, SeriesBars, Timestamp, Window};

/// Change, best, worst and volatility of the `horizon` bars after the bar `last`.
fn plain_outcome(series: &SeriesBars, last: usize, horizon: usize, now: i64) -> Option<[f64; 4]> {
    let bars = &series.bars;
    let until = last + horizon;
    if until >= bars.len() {
        return None;
    }
    let open = Timestamp::from_millis(bars.time[until]);
    if series.key.interval.close_of(open).millis() > now {
        return None;
    }
    let from = bars.close[last];
    let highs = bars.high[last + 1..=until].iter().copied();
    let lows = bars.low[last + 1..=until].iter().copied();
    let squares: f64 = (last + 1..=until)
        .map(|i| (bars.close[i] / bars.close[i - 1]).ln().powi(2))
        .sum();
    Some([
        bars.close[until] / from - 1.0,
        (highs.fold(f64::MIN, f64::max) / from - 1.0).max(0.0),
        (lows.fold(f64::MAX, f64::min) / from - 1.0).min(0.0),
        (squares / horizon as f64).sqrt(),
    ])
}

/// How many bars after the bar `last` reach the first close at or after its own close and a time.
fn bars_within(series: &SeriesBars, last: usize, time: i64) -> usize {
    let close = |i: usize| {
        let open = Timestamp::from_millis(series.bars.time[i]);
        series.key.interval.close_of(open).millis()
    };
    let after = (last + 1..series.bars.len()).find(|&i| close(i) >= close(last) + time);
    after.unwrap_or(series.bars.len()) - last
}

fn last_bar(all: &[SeriesBars], window: &Window) -> (usize, usize) {
    let series = all.iter().position(|s| s.key == window.series).unwrap();
    let open = window.series.interval.open_of(window.end).millis();
    let bars = &all[series].bars;
    (series, bars.time.iter().position(|&t| t == open).unwrap())
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} against {b}");
}

#[test]
fn outcomes_agree_with_the_bars() {
    let all = market();
    let (_dir, db) = database(&all);
    let now = hours(500);
    let view = db.at(now);
    let search = view
        .similar(target("AAA", hours(480)))
        .k(40)
        .exclusion(4)
        .exact(true);
    let answer = search.outcomes(&[5, 30]).run().unwrap();
    let hits = answer.similar.hits.len();
    assert!(
        answer.similar.entries && (15..=60).contains(&hits),
        "{hits}"
    );
    let (mut closed, mut open) = (0, 0);
    for after in &answer.horizons {
        let mut changes = Vec::new();
        let Horizon::Bars(horizon) = after.horizon else {
            panic!("{after:?}");
        };
        let with_bars = answer.similar.hits.iter().zip(&after.hits);
        for ((hit, outcome), left_out) in with_bars.zip(&answer.left_out) {
            let (series, last) = last_bar(&all, &hit.window);
            // Bars are those of the question, and of days the time that they take.
            let horizon = match series {
                2 => bars_within(&all[2], last, i64::from(horizon) * HOUR),
                _ => horizon as usize,
            };
            let overlaps = hit.window.end > hours(416) && hit.window.start < hours(480);
            let expected = match (series, overlaps) {
                (2, _) => Some(LeftOut::OtherInterval),
                (_, true) => Some(LeftOut::SameMoment),
                _ => None,
            };
            assert_eq!(*left_out, expected, "{}", hit.window);
            match plain_outcome(&all[series], last, horizon, now.millis()) {
                Some(expected) => {
                    let found = outcome.closed().unwrap();
                    let got = [found.change, found.best, found.worst, found.volatility];
                    got.iter().zip(expected).for_each(|(a, b)| close(*a, b));
                    assert!(found.closed <= now);
                    changes.extend(left_out.is_none().then_some(found.change));
                    closed += 1;
                }
                None => {
                    assert_eq!(*outcome, HitOutcome::Open);
                    open += 1;
                }
            }
        }
        let summary = after.summary.as_ref().unwrap();
        assert_eq!(summary.n, changes.len());
        close(
            summary.mean,
            changes.iter().sum::<f64>() / changes.len() as f64,
        );
        let rises = changes.iter().filter(|&&c| c > 0.0).count();
        close(summary.hit_rate, rises as f64 / changes.len() as f64);
        assert!(summary.effective_n <= changes.len() as f64 + 1e-9);
        // All hits are of one month: those after 30 hours hardly differ in time.
        match after.p_value {
            Ok(p) => assert!((0.0..=1.0).contains(&p)),
            Err(why) => assert!(why.to_string().contains("needs"), "{why}"),
        }
    }
    assert!(closed > 10 && open > 0, "{closed} closed, {open} open");
}

#[test]
fn the_base_rate_is_that_of_all_windows() {
    let all = market();
    let (_dir, db) = database(&all);
    let now = START + 20 * DAY;
    let view = db.at(Timestamp::from_millis(now));
    let search = view
        .similar(target("AAA", hours(300)))
        .filter(Filter::new().market("crypto"));
    let answer = search.outcomes(&[24]).sample(100_000).run().unwrap();
    let mut changes: Vec<f64> = Vec::new();
    let mut windows = 0;
    for series in &all[..2] {
        for last in W - 1..series.bars.len() {
            if series.bars.time[last] + HOUR <= now {
                windows += 1;
                changes.extend(plain_outcome(series, last, 24, now).map(|o| o[0]));
            }
        }
    }
    changes.sort_by(f64::total_cmp);
    let base = answer.horizons[0].base.as_ref().unwrap();
    assert_eq!(answer.horizons[0].base_windows, windows);
    assert_eq!(base.n, changes.len());
    close(
        base.mean,
        changes.iter().sum::<f64>() / changes.len() as f64,
    );
    let middle = (changes[(changes.len() - 1) / 2] + changes[changes.len() / 2]) / 2.0;
    close(base.quantiles[2], middle);
    assert!(base.quantiles.is_sorted());
    // All outcomes of a market overlap: from the first window's end to now, in spans of a day.
    let covered = (now - (START + W as i64 * HOUR)) as f64 / DAY as f64;
    close(base.effective_n, covered);
}

#[test]
fn a_sample_stands_for_all_windows() {
    let (_dir, db) = open();
    db.ingest_bars(&[crypto("AAA", 9000, 5), crypto("BBB", 9000, 6)])
        .unwrap();
    let view = db.now();
    let ask = |sample: usize, seed: u64| {
        let search = view.similar(target("AAA", hours(4000)));
        search
            .outcomes(&[12])
            .sample(sample)
            .seed(seed)
            .run()
            .unwrap()
    };
    let base = |answer: OutcomeAnswer| answer.horizons[0].base.clone().unwrap();
    let (some, all) = (base(ask(1000, 3)), base(ask(100_000, 3)));
    assert!((1000..3000).contains(&some.n), "{}", some.n);
    assert_eq!(all.n, 2 * (9000 - W + 1 - 12));
    let error = all.volatility * 12f64.sqrt() / (some.n as f64 / 12.0).sqrt();
    assert!((some.mean - all.mean).abs() < 4.0 * error);
    assert!((some.volatility / all.volatility - 1.0).abs() < 0.05);
    assert_ne!(some, base(ask(1000, 4)), "another seed is another sample");
    assert_eq!(some, base(ask(1000, 3)));
}

/// Everything but how long it took.
fn bytes(answer: &OutcomeAnswer) -> String {
    let similar = &answer.similar;
    format!(
        "{:?} {:?} {:?} {:?}",
        similar.hits, similar.query, similar.searched, answer.horizons
    )
}

#[test]
fn the_future_changes_nothing() {
    let all = market();
    let as_of = days(20);
    let other = other_future(&all, as_of, crypto("LATE", 300, 9), 1);
    let (_a, known) = database(&all);
    let (_b, changed) = database(&other);
    let mut differ = 0;
    for hour in [200, 300, 400, 470, 480] {
        for refine in [None, Some(Refine::Correlation), Some(Refine::Dtw)] {
            let ask = |db: &Database, view: rhymedb::View| {
                let mut search = view.similar(target("AAA", hours(hour))).exact(true);
                if let Some(refine) = refine {
                    search = search.refine(refine);
                }
                let answer = search.outcomes(&[3, 24]).sample(200).run().unwrap();
                drop(db.now());
                bytes(&answer)
            };
            // What a later view worked out before must not show either.
            let later = [ask(&known, known.now()), ask(&changed, changed.now())];
            differ += usize::from(later[0] != later[1]);
            assert_eq!(
                ask(&known, known.at(as_of)),
                ask(&changed, changed.at(as_of))
            );
        }
    }
    assert!(differ > 10);
}

#[test]
fn refined_searches_agree_with_the_bars() {
    let all = market();
    let (_dir, db) = database(&all);
    let standard = |closes: &[f64]| -> Vec<f64> {
        let logs: Vec<f64> = closes.iter().map(|c| c.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let spread = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / logs.len() as f64;
        logs.iter().map(|x| (x - mean) / spread.sqrt()).collect()
    };
    let windows = oracle::windows(&all);
    let path = |w: &oracle::Window| standard(&all[w.series].bars.close[w.last + 1 - W..=w.last]);
    let query = &windows[300];
    let wanted = path(query);
    let far = |w: &oracle::Window| w.series != query.series || w.last.abs_diff(query.last) >= 16;
    let mut scored: Vec<(f64, &oracle::Window)> = windows
        .iter()
        .filter(|w| far(w))
        .map(|w| {
            let sum: f64 = path(w).iter().zip(&wanted).map(|(a, b)| a * b).sum();
            (sum / W as f64, w)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: Vec<(f64, &oracle::Window)> = Vec::new();
    for (value, w) in scored {
        let near = |o: &oracle::Window| o.series == w.series && o.last.abs_diff(w.last) < 16;
        if !best.iter().any(|b| near(b.1)) {
            best.push((value, w));
        }
    }
    let at = target(
        &all[query.series].key.to_string(),
        Timestamp::from_millis(query.end),
    );
    let view = db.now();
    let ask = |refine| {
        let search = view.similar(at.clone()).k(6).ef(100_000).refine(refine);
        search.run().unwrap().hits
    };
    let hits = ask(Refine::Correlation);
    assert_eq!(hits.len(), 6);
    for (hit, (value, window)) in hits.iter().zip(&best) {
        close(hit.refined.unwrap(), *value);
        assert_eq!(hit.window.end.millis(), window.end);
    }
    let hits = ask(Refine::Dtw);
    let values: Vec<f64> = hits.iter().map(|h| h.refined.unwrap()).collect();
    assert!(values.is_sorted() && values[0] > 0.0, "{values:?}");
    let itself = view
        .similar(at.clone())
        .k(1)
        .exclusion(0)
        .refine(Refine::Dtw)
        .run()
        .unwrap();
    assert_eq!(itself.hits[0].refined, Some(0.0));
    assert!(view.similar(at).run().unwrap().hits[0].refined.is_none());
}

/// The mean cosine of two windows: nothing in common is about 0, of any number of windows.
#[test]
fn cohesion_does_not_depend_on_how_many_windows_there_are() {
    let all = vec![crypto("AAA", 9_000, 1)];
    let (_dir, db) = database(&all);
    let windows = oracle::windows(&all);
    let mut means = Vec::new();
    for n in [2, 4, 16] {
        let mut sum = 0.0;
        for i in 0..8 {
            let hour = |j: i64| 200 + 97 * (i * n + j) % 8_700;
            let targets: Vec<_> = (0..n).map(|j| target("AAA", hours(hour(j)))).collect();
            let name = format!("p{n}-{i}");
            let saved = db.save_prototype(&name, None, &targets).unwrap();
            let cohesion = saved.cohesion.unwrap();
            let vectors: Vec<&[f64]> = (0..n)
                .map(|j| {
                    let end = hours(hour(j)).millis();
                    let found = windows.iter().find(|w| w.end == end).unwrap();
                    found.vector.as_slice()
                })
                .collect();
            let mut cosines = Vec::new();
            for (a, x) in vectors.iter().enumerate() {
                for y in &vectors[..a] {
                    cosines.push(x.iter().zip(*y).map(|(p, q)| p * q).sum::<f64>());
                }
            }
            // Vectors are stored in 32 bits.
            let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
            assert!((cohesion - mean).abs() < 1e-6, "{cohesion} {mean}");
            sum += cohesion;
        }
        means.push(sum / 8.0);
    }
    // The length of the mean vector, which was shown before, is .71, .5 and .25 here.
    assert!(means.iter().all(|m| m.abs() < 0.35), "{means:?}");
    let one = db.save_prototype("one", None, &[target("AAA", hours(300))]);
    assert_eq!(one.unwrap().cohesion, None);
}

#[test]
fn drawn_paths_find_what_they_draw() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    let closes = &all[1].bars.close[200..200 + W];
    let answer = view
        .similar(Query::Path(closes.to_vec()))
        .k(1)
        .exact(true)
        .run()
        .unwrap();
    assert!(answer.hits[0].score > 0.9999, "{:?}", answer.hits);
    assert_eq!(answer.hits[0].window.end, hours(200 + W as i64));
    assert_eq!((&answer.query, &answer.query_bars), (&None, &None));
    // Another length, level and size of moves.
    let rough: Vec<f64> = closes
        .iter()
        .step_by(3)
        .map(|c| 9.0 * c.powf(2.5))
        .collect();
    let search = view.similar(Query::Path(rough)).k(1).exact(true);
    let found = search.refine(Refine::Correlation).run().unwrap();
    let hit = &found.hits[0];
    assert!(
        hit.window
            .end
            .millis()
            .abs_diff(hours(200 + W as i64).millis())
            <= 2 * HOUR as u64
    );
    assert!(hit.refined.unwrap() > 0.9);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    let search = || view.similar(target("AAA", hours(300)));
    refused(
        search().outcomes::<u32>(&[]).run(),
        "expected 1 to 16 horizons, found 0",
    );
    refused(
        search().outcomes(&[0]).run(),
        "expected a horizon of 1 to 10000 bars, or a time like 24h or 5d, found 0 bars",
    );
    refused(
        search().outcomes(&[5]).sample(0).run(),
        "expected a sample from 1 to",
    );
    let path = |points: &[f64]| view.similar(Query::Path(points.to_vec())).run();
    refused(
        path(&[1.0, 2.0, 3.0]),
        "expected a path of at least 4 prices, found 3",
    );
    refused(
        path(&[1.0, 2.0, -3.0, 1.0]),
        "expected a finite price above 0, found -3",
    );
    refused(path(&[2.0; 9]), "flat");
    let vector = view.similar(vec![1.0; 48]).refine(Refine::Dtw).run();
    refused(vector, "expected a query with bars to refine by");
    let encoder = chart_encoder_by_name("stats", 64, None).unwrap();
    db.create_space("stats", &encoder, 1, Control::new())
        .unwrap();
    let now = db.now();
    let other = now
        .similar(Query::Path(vec![1.0, 3.0, 2.0, 5.0]))
        .space("stats");
    refused(other.run(), "expected a space of the encoder shape");
}

#[test]
fn gaps_are_missing_outcomes() {
    let (_dir, db) = open();
    let mut series = crypto("GAP", 400, 5);
    let mut bars = series.bars.slice(0..200);
    bars.extend(&series.bars.slice(203..400));
    series.bars = bars;
    assert_eq!(series.calendar, Calendar::Continuous);
    db.ingest_bars(&[series.clone(), crypto("AAA", 300, 6)])
        .unwrap();
    let view = db.now();
    let search = view
        .similar(target("AAA", hours(250)))
        .filter(Filter::new().symbol("GAP"))
        .k(100)
        .exclusion(1);
    let answer = search.outcomes(&[10]).run().unwrap();
    let mut missing = 0;
    for (hit, outcome) in answer.similar.hits.iter().zip(&answer.horizons[0].hits) {
        let end = hit.window.end.millis();
        let gap = end > START + 190 * HOUR && end <= START + 200 * HOUR;
        assert_eq!(*outcome == HitOutcome::Missing, gap, "{}", hit.window);
        missing += usize::from(gap);
    }
    assert_eq!(missing, 10);
}
