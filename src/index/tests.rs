//! The engine as a whole, against brute force in f64.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::cell::RefCell;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::anchors::coherent_stride;
use super::kernel_choice::tests::with_kernel;
use super::*;
use crate::error::Error;

const QUIET: Progress<'static> = &|_| Ok(());
const BUILDERS: [Builder; 2] = [Builder::Partition, Builder::Hnsw];

/// Parameters for quick, poor graphs.
fn small(builder: Builder, m: usize, ef_construction: usize, seed: u64) -> BuildParams {
    BuildParams {
        builder,
        m,
        ef_construction,
        seed,
        stride_log2: Some(0),
    }
}

/// Steps of a random walk: sums of uniform numbers are normal enough.
fn steps(rng: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    (0..n)
        .map(|_| (0..4).map(|_| rng.random_range(-1.0..1.0)).sum())
        .collect()
}

/// The first `dim` cosine coefficients of every window of a random walk, in time order: what the
/// shape encoder makes of prices.
fn windows(n: usize, window: usize, dim: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut level = 0.0;
    let path: Vec<f64> = steps(&mut rng, n + window)
        .into_iter()
        .map(|s| {
            level += s;
            level
        })
        .collect();
    let basis: Vec<Vec<f64>> = (1..=dim)
        .map(|k| {
            let angle = std::f64::consts::PI * k as f64 / window as f64;
            (0..window)
                .map(|t| (angle * (t as f64 + 0.5)).cos())
                .collect()
        })
        .collect();
    let coefficient =
        |w: &[f64], b: &Vec<f64>| w.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() as f32;
    path.windows(window)
        .take(n)
        .map(|w| basis.iter().map(|b| coefficient(w, b)).collect())
        .collect()
}

/// Tight clusters, one after another: what slow encoders make of calm markets.
fn clusters(n: usize, each: usize, dim: usize, spread: f32, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut centre = vec![0.0; dim];
    (0..n)
        .map(|i| {
            if i % each == 0 {
                centre = (0..dim).map(|_| rng.random_range(-1f32..1.0)).collect();
            }
            let near = |c: &f32| c + spread * rng.random_range(-1f32..1.0);
            centre.iter().map(near).collect()
        })
        .collect()
}

fn stored(vectors: &[Vec<f32>]) -> RowsBuilder {
    let mut builder = RowsBuilder::new(vectors.first().map_or(8, Vec::len)).unwrap();
    for v in vectors {
        builder.push(v).unwrap();
    }
    builder
}

/// The nearest allowed rows by the vectors that were pushed, in f64.
fn oracle(vectors: &[Vec<f32>], query: &[f32], limit: usize, allowed: &RowSet) -> Vec<(u32, f64)> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&x, &y)| f64::from(x) * f64::from(y))
            .sum()
    };
    let mut all: Vec<(u32, f64)> = (0u32..)
        .zip(vectors)
        .filter(|(row, _)| allowed.contains(*row))
        .map(|(row, v)| (row, dot(v, query) / (dot(v, v) * dot(query, query)).sqrt()))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}

/// The share of the true best 10 that a search of `ef` 128 returns, over some queries beside
/// stored vectors.
fn recall(vectors: &[Vec<f32>], graph: &Graph<'_>, rows: &Rows<'_>, allowed: &RowSet) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(99);
    let mut scratch = Scratch::new();
    let (mut found, mut wanted) = (0, 0);
    for _ in 0..100 {
        let near = &vectors[rng.random_range(0..vectors.len())];
        let noise = 0.1 * near.iter().map(|x| x.abs()).sum::<f32>() / near.len() as f32;
        let query: Vec<f32> = near
            .iter()
            .map(|x| x + noise * rng.random_range(-1f32..1.0))
            .collect();
        let truth = oracle(vectors, &query, 10, allowed);
        let query = Query::new(&query).unwrap();
        let pool = plan::pool(rows.len(), allowed.len(), 128, 10);
        let pool = search(graph, rows, &query, pool, allowed, &mut scratch).unwrap();
        assert!(pool.iter().all(|hit| allowed.contains(hit.row)));
        // Rows as good as the tenth are as good an answer.
        let least = truth.last().map_or(0.0, |t| t.1) - 1e-5;
        let good = |hit: &&Scored| f64::from(hit.score) >= least;
        found += pool.iter().take(10).filter(good).count();
        wanted += truth.len();
    }
    found as f64 / wanted as f64
}

fn check_recall(name: &str, vectors: &[Vec<f32>], builder: Builder) {
    let stored = stored(vectors);
    let rows = stored.view();
    let params = BuildParams {
        builder,
        ..BuildParams::default()
    };
    let built = build(&rows, &params, QUIET).unwrap();
    for (percent, allowed) in [
        (100, RowSet::all(4000)),
        (
            50,
            RowSet::from_ranges((0..20).map(|i| i * 200..i * 200 + 100)),
        ),
        (10, RowSet::from_ranges([700..900, 3100..3300])),
        (1, RowSet::from_ranges((0..8).map(|i| i * 500..i * 500 + 5))),
    ] {
        let share = recall(vectors, &built.view(), &rows, &allowed);
        assert!(
            share >= 0.97,
            "{name}, {builder:?}, {percent} %: recall {share}"
        );
    }
}

#[test]
fn a_graph_over_windows_finds_what_brute_force_finds() {
    let vectors = windows(4000, 64, 32, 1);
    for builder in BUILDERS {
        check_recall("windows", &vectors, builder);
    }
}

#[test]
fn a_graph_over_clusters_finds_what_brute_force_finds() {
    let vectors = clusters(4000, 40, 24, 0.2, 2);
    for builder in BUILDERS {
        check_recall("clusters", &vectors, builder);
    }
}

#[test]
fn a_graph_over_tight_clusters_finds_what_brute_force_finds() {
    let vectors = clusters(4000, 100, 24, 0.01, 3);
    for builder in BUILDERS {
        check_recall("tight clusters", &vectors, builder);
    }
}

/// Rows that creep: each is nearly the one before, and other moments are far away.
fn creeping(n: usize, dim: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut at: Vec<f32> = (0..dim).map(|_| rng.random_range(-1f32..1.0)).collect();
    (0..n)
        .map(|_| {
            for x in &mut at {
                *x = 0.9998 * *x + 0.004 * rng.random_range(-1f32..1.0);
            }
            at.clone()
        })
        .collect()
}

#[test]
fn rows_that_creep_are_found_over_anchors() {
    let vectors = creeping(20_000, 24, 4);
    let stored = stored(&vectors);
    let rows = stored.view();
    let mut shares = Vec::new();
    for builder in BUILDERS {
        for stride_log2 in [Some(0), None] {
            let params = BuildParams {
                stride_log2,
                ..small(builder, 8, 48, 0)
            };
            let built = build(&rows, &params, QUIET).unwrap();
            let info = built.info();
            assert_eq!(info.stride_log2 > 1, stride_log2.is_none(), "{info:?}");
            assert_eq!(info.nodes(), 20_000usize.div_ceil(1 << info.stride_log2));
            for allowed in [
                RowSet::all(20_000),
                RowSet::from_ranges((0..20).map(|i| i * 1000 + 7..i * 1000 + 513)),
            ] {
                let share = recall(&vectors, &built.view(), &rows, &allowed);
                shares.push((builder, info.stride_log2, share));
                assert!(share >= 0.97, "{shares:?}");
            }
            let everything = RowSet::all(20_000);
            let query = Query::new(&vectors[9]).unwrap();
            let mut scratch = Scratch::new();
            let ef = info.nodes();
            let all = search(&built.view(), &rows, &query, ef, &everything, &mut scratch).unwrap();
            assert_eq!(all.len(), 20_000, "all anchors give all rows");
        }
    }
}

#[test]
fn windows_feel_their_phase_and_get_no_anchors() {
    let vectors = windows(20_000, 64, 24, 5);
    let stored = stored(&vectors);
    assert_eq!(coherent_stride(&stored.view()).unwrap(), 0);
}

/// Runs a test on graphs of all kinds of awkward rows.
fn for_awkward_rows(check: impl Fn(&str, &[Vec<f32>])) {
    check("none", &[]);
    check("one", &windows(1, 16, 8, 4));
    check("two", &windows(2, 16, 8, 4));
    check("equal", &vec![vec![0.5, -1.0, 0.25]; 500]);
    let mut copies = clusters(300, 1, 12, 0.0, 5);
    copies.extend(vec![copies[7].clone(); 300]);
    check("copies of one", &copies);
    check("random walk", &windows(1500, 32, 16, 6));
    check(
        "tight clusters in time order",
        &clusters(2000, 200, 16, 0.001, 7),
    );
    check("one dimension", &clusters(100, 1, 1, 0.0, 8));
}

#[test]
fn every_row_can_be_reached_and_read_back() {
    for_awkward_rows(|name, vectors| {
        let stored = stored(vectors);
        for builder in BUILDERS {
            let built = build(&stored.view(), &small(builder, 4, 24, 11), QUIET).unwrap();
            check_reach(&format!("{name}, {builder:?}"), &stored.view(), &built);
        }
    });
}

fn check_reach(name: &str, rows: &Rows<'_>, built: &BuiltGraph) {
    let n = rows.len();
    let sections = built.sections();
    let bytes = [&sections[0][..], &sections[1], &sections[2]];
    let graph = Graph::new(Path::new("x.seg"), n, bytes).unwrap();
    assert_eq!(graph.info(), built.info());
    assert_eq!(reachable(&graph), n, "{name}");
    let mut scratch = Scratch::new();
    let all = RowSet::all(n as u32);
    for row in (0..n as u32).step_by(331) {
        let query = rows.query(row).unwrap();
        let mut pool = search(&graph, rows, &query, n, &all, &mut scratch).unwrap();
        let exact = scan(rows, &query, n, &all, &mut scratch).unwrap();
        assert_eq!(pool, exact, "{name}");
        pool.sort_by_key(|hit| hit.row);
        assert!(pool.iter().map(|hit| hit.row).eq(0..n as u32), "{name}");
    }
}

fn reachable(graph: &Graph<'_>) -> usize {
    let n = graph.info().rows;
    let mut seen = vec![false; n];
    let mut open: Vec<u32> = (0..n.min(1)).map(|_| graph.info().entry).collect();
    while let Some(row) = open.pop() {
        if !std::mem::replace(&mut seen[row as usize], true) {
            open.extend(graph.links0().of(row).unwrap());
        }
    }
    seen.iter().filter(|s| **s).count()
}

#[test]
fn a_scan_is_exact() {
    for_awkward_rows(|name, vectors| {
        let builder = stored(vectors);
        let rows = builder.view();
        let n = rows.len() as u32;
        let mut scratch = Scratch::new();
        let some = RowSet::from_ranges((0..n / 10).map(|i| i * 10..i * 10 + i % 10));
        for allowed in [RowSet::all(n), some, RowSet::default()] {
            for query in vectors.iter().step_by(150) {
                let parsed = Query::new(query).unwrap();
                let hits = scan(&rows, &parsed, 10, &allowed, &mut scratch).unwrap();
                let truth = oracle(vectors, query, 10, &allowed);
                assert_eq!(hits.len(), truth.len(), "{name}");
                for (hit, (_, cosine)) in hits.iter().zip(&truth) {
                    let gap = (f64::from(hit.score) - cosine).abs();
                    assert!(gap < 1e-4, "{name}: {} {cosine}", hit.score);
                }
                // No pruning can be seen: all rows, scored one by one, give the same bits.
                let mut every: Vec<Scored> = (0..n)
                    .filter(|&row| allowed.contains(row))
                    .map(|row| Scored {
                        row,
                        score: rows.exact(&parsed, row).unwrap(),
                    })
                    .collect();
                every.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
                every.truncate(10);
                assert_eq!(hits, every, "{name}");
            }
        }
    });
}

#[test]
fn equal_seeds_give_equal_bytes_on_any_number_of_threads() {
    let stored = stored(&windows(1200, 32, 16, 9));
    for builder in BUILDERS {
        let graph = |seed: u64, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| {
                build(&stored.view(), &small(builder, 8, 32, seed), QUIET)
                    .unwrap()
                    .sections()
            })
        };
        assert_eq!(graph(1, 1), graph(1, 3));
        assert_ne!(graph(1, 1), graph(2, 1));
    }
}

/// The graph over some rows, and what a scan and walks find in it.
fn everything(vectors: &[Vec<f32>]) -> (Vec<Vec<u8>>, Vec<Vec<Scored>>) {
    let stored = stored(vectors);
    let rows = stored.view();
    let mut scratch = Scratch::new();
    let mut found = Vec::new();
    let mut graphs = Vec::new();
    for builder in BUILDERS {
        let built = build(&rows, &small(builder, 6, 24, 3), QUIET).unwrap();
        for allowed in [
            RowSet::all(rows.len() as u32),
            RowSet::from_ranges([3..40, 90..333]),
        ] {
            for query in vectors.iter().step_by(97) {
                let query = Query::new(query).unwrap();
                let walk = search(&built.view(), &rows, &query, 40, &allowed, &mut scratch);
                found.push(walk.unwrap());
                found.push(scan(&rows, &query, 9, &allowed, &mut scratch).unwrap());
            }
        }
        graphs.extend(built.sections());
    }
    (graphs, found)
}

#[test]
fn every_kernel_builds_the_same_graph_and_finds_the_same_rows() {
    for (dim, n) in [(48, 500), (23, 360), (1, 340)] {
        let vectors = windows(n, 64, dim, 21);
        let mut kernels = Kernel::all();
        let scalar = kernels.pop().unwrap();
        let expected = with_kernel(scalar, || everything(&vectors));
        for kernel in kernels {
            let found = with_kernel(kernel, || everything(&vectors));
            assert!(found == expected, "{} at {dim}", kernel.name());
        }
    }
}

#[test]
fn a_build_can_be_watched_and_stopped() {
    let stored = stored(&windows(3000, 32, 16, 9));
    for builder in BUILDERS {
        let params = small(builder, 4, 8, 0);
        let calls = RefCell::new(Vec::new());
        let watch = |done| {
            calls.borrow_mut().push(done);
            Ok(())
        };
        build(&stored.view(), &params, &watch).unwrap();
        let calls = calls.into_inner();
        assert_eq!((calls[0], *calls.last().unwrap()), (0, 3000));
        assert!(calls.is_sorted() && calls.len() >= 3, "{calls:?}");
        let stop = |done| (done < 500).then_some(()).ok_or(Error::Interrupted);
        let stopped = build(&stored.view(), &params, &stop);
        assert!(matches!(stopped, Err(Error::Interrupted)));
    }
}

#[test]
fn bad_parameters_are_refused() {
    let builder = stored(&windows(3, 16, 8, 1));
    for (m, ef_construction) in [(1, 10), (129, 10), (4, 0), (4, 65536)] {
        let params = small(Builder::Hnsw, m, ef_construction, 0);
        let error = build(&builder.view(), &params, QUIET).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
}

/// Whatever byte of a graph is damaged, opening and searching end with an answer or an error.
#[test]
fn damaged_graphs_never_panic() {
    let vectors = windows(300, 32, 16, 10);
    let builder = stored(&vectors);
    let rows = builder.view();
    let params = small(Builder::Partition, 2, 8, 3);
    let sections = build(&rows, &params, QUIET).unwrap().sections();
    let all = RowSet::all(300);
    let mut scratch = Scratch::new();
    let mut refused = [0; 3];
    for (which, section) in sections.iter().enumerate() {
        for at in (0..section.len()).step_by(if which == 0 { 1 } else { 7 }) {
            let mut damaged = sections.clone();
            damaged[which][at] ^= 0x81;
            let bytes = [&damaged[0][..], &damaged[1], &damaged[2]];
            let answer = Graph::new(Path::new("x.seg"), 300, bytes).and_then(|graph| {
                let query = Query::new(&vectors[at % 300])?;
                search(&graph, &rows, &query, 300, &all, &mut scratch)
            });
            match answer {
                Ok(hits) => assert!(hits.iter().all(|hit| hit.row < 300)),
                Err(Error::Corrupt { .. }) => refused[which] += 1,
                Err(other) => panic!("{other}"),
            }
        }
        for cut in [0, 1, section.len() / 2, section.len() - 1] {
            let mut damaged = sections.clone();
            damaged[which].truncate(cut);
            let bytes = [&damaged[0][..], &damaged[1], &damaged[2]];
            let error = Graph::new(Path::new("x.seg"), 300, bytes).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
    }
    assert!(refused.iter().all(|&count| count > 10), "{refused:?}");
    let bytes = [&sections[0][..], &sections[1], &sections[2]];
    assert!(Graph::new(Path::new("x.seg"), 299, bytes).is_err());
}

#[test]
fn the_entry_point_picks_the_plan() {
    let vectors = windows(6000, 32, 8, 12);
    let builder = stored(&vectors);
    let rows = builder.view();
    let params = small(Builder::Partition, 6, 24, 0);
    let built = build(&rows, &params, QUIET).unwrap();
    let index = Index {
        rows,
        graph: Some(built.view()),
    };
    let all = RowSet::all(6000);
    let few = RowSet::from_ranges([100..160, 5000..5040]);
    let query = Query::new(&vectors[120]).unwrap();
    let mut scratch = Scratch::new();
    let mut nearest = |query: &Query, limit, ef, allowed, exact| {
        let wanted = Wanted {
            limit,
            needed: limit,
            ef,
            allowed,
            exact,
        };
        index.nearest(query, &wanted, &mut scratch)
    };
    let walked = nearest(&query, 3, 20, &all, false).unwrap();
    let scanned = nearest(&query, 3, 20, &all, true).unwrap();
    assert_eq!((walked.plan, scanned.plan), (Plan::Graph, Plan::Scan));
    assert_eq!(walked.hits, scanned.hits);
    assert_eq!(walked.hits[0].row, 120);
    let narrow = nearest(&query, 200, 20, &few, false).unwrap();
    assert_eq!((narrow.plan, narrow.hits.len()), (Plan::Scan, 100));
    let wrong = Query::new(&[1.0; 9]).unwrap();
    let error = nearest(&wrong, 3, 20, &all, false);
    assert!(matches!(error, Err(Error::Invalid(_))));
}
