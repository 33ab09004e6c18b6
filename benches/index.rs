//! Kernels, scan, search and build of the index.
//!
//! The rows are windows of random walks as the `shape` encoder sees them. Their number and
//! dimension come from `RHYME_BENCH_ROWS` (100000) and `RHYME_BENCH_DIM` (48), the builders from
//! `RHYME_BENCH_BUILDERS` (`partition`; `hnsw` is the one that uses hnsw_rs).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark"
)]

use std::sync::LazyLock;
use std::time::Instant;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::index::{
    BuildParams, Builder, BuiltGraph, Graph, Kernel, Plane, Query, RowSet, Rows, RowsBuilder,
    Scratch, build, build_bounds, scan, search,
};

const WALKS: usize = 16;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Cosine coefficients 1 to `dim` of the windows of random walks, one walk after another.
fn windows(n: usize, dim: usize, seed: u64) -> RowsBuilder {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let bars = 64.max(dim + dim / 3);
    let basis: Vec<f32> = (1..=dim)
        .flat_map(|k| {
            (0..bars).map(move |t| {
                let angle = std::f64::consts::PI * k as f64 / bars as f64;
                (angle * (t as f64 + 0.5)).cos() as f32
            })
        })
        .collect();
    let mut rows = RowsBuilder::new(dim).unwrap();
    let each = n.div_ceil(WALKS);
    while rows.len() < n {
        let mut level = 0f32;
        let path: Vec<f32> = (0..each + bars)
            .map(|_| {
                level += (0..4).map(|_| rng.random_range(-1f32..1.0)).sum::<f32>();
                level
            })
            .collect();
        for window in path.windows(bars).take(each.min(n - rows.len())) {
            let vector: Vec<f32> = basis
                .chunks_exact(bars)
                .map(|b| b.iter().zip(window).map(|(x, y)| x * y).sum())
                .collect();
            rows.push(&vector).unwrap();
        }
    }
    rows
}

struct Data {
    rows: RowsBuilder,
    queries: Vec<Query>,
    graphs: Vec<(Builder, BuiltGraph)>,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    let n = setting("RHYME_BENCH_ROWS", 100_000);
    let dim = setting("RHYME_BENCH_DIM", 48);
    let rows = windows(n, dim, 1);
    let others = windows(500 * 40, dim, 2);
    let queries = (0..500)
        .map(|i| others.view().query(i * 40).unwrap())
        .collect();
    let wanted = std::env::var("RHYME_BENCH_BUILDERS").unwrap_or("partition".into());
    let builders = wanted.split(',').map(|name| match name {
        "partition" => Builder::Partition,
        "hnsw" => Builder::Hnsw,
        _ => panic!("expected partition or hnsw, found {name}"),
    });
    let graphs = builders
        .map(|builder| (builder, timed_build(&rows.view(), builder)))
        .collect();
    Data {
        rows,
        queries,
        graphs,
    }
});

fn timed_build(rows: &Rows<'_>, builder: Builder) -> BuiltGraph {
    let params = BuildParams {
        builder,
        ..BuildParams::default()
    };
    let start = Instant::now();
    let graph = build(rows, &params, &|_| Ok(())).unwrap();
    let took = start.elapsed().as_secs_f64();
    let (n, dim) = (rows.len(), rows.dim());
    let bytes: usize = graph.sections().iter().map(Vec::len).sum();
    println!(
        "{builder:?}: {n} rows of {dim} in {took:.1} s, {:.0} rows/s, {} linked in by the repair, {:.1} bytes a row",
        n as f64 / took,
        graph.repaired(),
        bytes as f64 / n as f64
    );
    graph
}

fn main() {
    let rows = DATA.rows.view();
    let all = RowSet::all(rows.len() as u32);
    let mut scratch = Scratch::new();
    let start = Instant::now();
    let truth: Vec<f32> = DATA
        .queries
        .iter()
        .map(|q| scan(&rows, q, 10, &all, &mut scratch).unwrap()[9].score)
        .collect();
    let took = start.elapsed().as_secs_f64();
    let scanned = (rows.len() * DATA.queries.len()) as f64;
    println!("scan: {:.1} million rows/s", scanned / took / 1e6);
    for (builder, graph) in &DATA.graphs {
        for ef in [16, 32, 64, 128, 256, 512] {
            let (recall, rate) = measure(&rows, &graph.view(), ef, &truth, &mut scratch);
            println!("{builder:?} ef {ef:4}: recall@10 {recall:.4}, {rate:.0} searches/s");
        }
    }
    divan::main();
}

/// The share of the true best 10 found, and searches a second, the best of three rounds.
fn measure(
    rows: &Rows<'_>,
    graph: &Graph<'_>,
    ef: usize,
    truth: &[f32],
    scratch: &mut Scratch,
) -> (f64, f64) {
    let all = RowSet::all(rows.len() as u32);
    let mut found = 0;
    let mut fastest = f64::INFINITY;
    for _ in 0..3 {
        found = 0;
        let start = Instant::now();
        for (query, &least) in DATA.queries.iter().zip(truth) {
            let hits = search(graph, rows, query, ef, &all, scratch).unwrap();
            found += hits.iter().take(10).filter(|h| h.score >= least).count();
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    let searches = DATA.queries.len() as f64;
    (found as f64 / (10.0 * searches), searches / fastest)
}

fn kernel(name: &str) -> &'static Kernel {
    let mut all = Kernel::all().into_iter();
    all.find(|k| k.name() == name).unwrap()
}

/// A query, and 256 rows.
fn plane() -> (Vec<i8>, Vec<i8>) {
    let dim = setting("RHYME_BENCH_DIM", 48);
    let plane: Vec<i8> = (0..256 * dim).map(|i| i as i8).collect();
    (plane[..dim].to_vec(), plane)
}

#[divan::bench(args = Kernel::all().into_iter().map(Kernel::name))]
fn dots(bencher: Bencher<'_, '_>, name: &str) {
    let (kernel, (query, plane)) = (kernel(name), plane());
    let rows: Vec<u32> = (0..256).collect();
    let mut out = [0; 256];
    bencher.counter(ItemsCount::new(256usize)).bench_local(|| {
        assert!(kernel.dots(Plane::new(black_box(&query)), &plane, &rows, &mut out));
        out
    });
}

#[divan::bench(args = Kernel::all().into_iter().map(Kernel::name))]
fn dots_of_run(bencher: Bencher<'_, '_>, name: &str) {
    let (kernel, (query, plane)) = (kernel(name), plane());
    let mut out = [0; 256];
    bencher.counter(ItemsCount::new(256usize)).bench_local(|| {
        assert!(kernel.dots_of_run(Plane::new(black_box(&query)), &plane, &mut out));
        out
    });
}

#[divan::bench(args = Kernel::all().into_iter().map(Kernel::name))]
fn dot16(bencher: Bencher<'_, '_>, name: &str) {
    let dim = setting("RHYME_BENCH_DIM", 48);
    let kernel = kernel(name);
    let values: Vec<i8> = (0..dim).map(|i| i as i8).collect();
    let query = [Plane::new(&values); 2];
    bencher.bench_local(|| kernel.dot16(black_box(query), black_box([&values, &values])));
}

#[divan::bench(args = [10, 100])]
fn scan_all(bencher: Bencher<'_, '_>, limit: usize) {
    scans(bencher, &DATA.rows.view(), limit);
}

/// The same with the bounds that a segment keeps.
#[divan::bench(args = [10, 100])]
fn scan_bounded(bencher: Bencher<'_, '_>, limit: usize) {
    let plain = DATA.rows.view();
    let section = build_bounds(&plain).unwrap().unwrap();
    scans(bencher, &plain.with_bounds(&section).unwrap(), limit);
}

fn scans(bencher: Bencher<'_, '_>, rows: &Rows<'_>, limit: usize) {
    let all = RowSet::all(rows.len() as u32);
    let mut scratch = Scratch::new();
    let mut queries = DATA.queries.iter().cycle();
    bencher
        .counter(ItemsCount::new(rows.len()))
        .bench_local(|| scan(rows, queries.next().unwrap(), limit, &all, &mut scratch));
}

#[divan::bench(args = [16, 32, 64, 128, 256, 512])]
fn search_all(bencher: Bencher<'_, '_>, ef: usize) {
    let rows = DATA.rows.view();
    let graph = DATA.graphs[0].1.view();
    let all = RowSet::all(rows.len() as u32);
    let mut scratch = Scratch::new();
    let mut queries = DATA.queries.iter().cycle();
    bencher.bench_local(|| {
        search(
            &graph,
            &rows,
            queries.next().unwrap(),
            ef,
            &all,
            &mut scratch,
        )
        .unwrap()
    });
}
