//! Distance kernels: RhymeDB's own against those of simsimd and diskann, on the same rows.
//!
//! `in a row` reads a table from its start to its end, as a scan does; `scattered` reads rows in a
//! random order, 32 at a time, as a walk on a graph does. Nanoseconds a row, best of several runs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use diskann_quantization::bits::{BitSlice, Unsigned};
use diskann_quantization::distances::{InnerProduct, MathematicalResult};
use diskann_vector::PureDistanceFunction;
use diskann_vector::distance::{Distance, Metric};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::index::{Kernel, Plane};
use simsimd::SpatialSimilarity;

const ROWS: usize = 200_000;
/// Rows handed to a kernel at once where it takes several: the links of a node.
const BATCH: usize = 32;
const RUNS: usize = 7;

/// Rows of numbers, and the order to read them in.
struct Table<'a, T> {
    dim: usize,
    values: &'a [T],
    order: &'a [u32],
}

impl<T> Table<'_, T> {
    fn row(&self, row: u32) -> &[T] {
        &self.values[row as usize * self.dim..(row as usize + 1) * self.dim]
    }

    /// Nanoseconds a row of a function of query and row.
    fn each(&self, mut f: impl FnMut(&[T], &[T]) -> f32) -> f64 {
        let query = self.row(0);
        self.best(|| {
            let mut sum = 0f32;
            for &row in self.order {
                sum += f(black_box(query), self.row(row));
            }
            black_box(sum);
        })
    }

    fn best(&self, mut run: impl FnMut()) -> f64 {
        let mut best = Duration::MAX;
        for _ in 0..RUNS {
            let start = Instant::now();
            run();
            best = best.min(start.elapsed());
        }
        best.as_nanos() as f64 / self.order.len() as f64
    }
}

type Measured = Vec<(String, f64)>;

pub fn table() -> Result<()> {
    println!("| D | kernel | in a row, ns | scattered, ns |");
    println!("|---|---|---|---|");
    for dim in [48, 64, 128] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let bytes: Vec<i8> = (0..ROWS * dim)
            .map(|_| rng.random_range(-127..=127))
            .collect();
        let floats: Vec<f32> = bytes.iter().map(|&b| f32::from(b) / 127.0).collect();
        let in_a_row: Vec<u32> = (0..ROWS as u32).collect();
        let mut scattered = in_a_row.clone();
        scattered.shuffle(&mut rng);
        let measure = |order: &[u32]| -> Result<Measured> {
            let mut all = codes(&Table {
                dim,
                values: &bytes,
                order,
            })?;
            all.extend(full(&Table {
                dim,
                values: &floats,
                order,
            })?);
            Ok(all)
        };
        for ((name, near), (_, far)) in measure(&in_a_row)?.into_iter().zip(measure(&scattered)?) {
            println!("| {dim} | {name} | {near:.2} | {far:.2} |");
        }
    }
    Ok(())
}

/// Dot products of 8-bit numbers, after a check that all agree.
fn codes(table: &Table<'_, i8>) -> Result<Measured> {
    let mut all = Vec::new();
    let query = table.row(0);
    let mut out = [0; BATCH];
    for kernel in Kernel::all() {
        let ns = table.best(|| {
            for rows in table.order.chunks(BATCH) {
                let done = kernel.dots(Plane::new(black_box(query)), table.values, rows, &mut out);
                assert!(black_box(done));
            }
        });
        all.push((format!("rhymedb i8 {}", kernel.name()), ns));
    }
    let theirs: Distance<i8, i8> = Distance::new(Metric::InnerProduct, Some(table.dim));
    let expected = f64::from(rhymedb::index::dot_i8(query, table.row(1)));
    let simsimd = i8::dot(query, table.row(1)).context("simsimd: lengths differ")?;
    ensure!(
        simsimd == expected,
        "simsimd gives {simsimd}, expected {expected}"
    );
    let diskann = f64::from(theirs.call(query, table.row(1)));
    ensure!(
        diskann.abs() == expected.abs(),
        "diskann gives {diskann}, expected {expected}"
    );
    let ns = table.each(|a, b| i8::dot(a, b).unwrap_or(f64::NAN) as f32);
    all.push(("simsimd i8".to_owned(), ns));
    all.push((
        "diskann-vector i8".to_owned(),
        table.each(|a, b| theirs.call(a, b)),
    ));
    let own = unsigned(query, table.row(1)).context("diskann-quantization: lengths differ")?;
    ensure!(own > 0, "diskann-quantization gives 0");
    let ns = table.each(|a, b| unsigned(a, b).map_or(f32::NAN, |p| p as f32));
    all.push(("diskann-quantization u8".to_owned(), ns));
    Ok(all)
}

/// Of unsigned codes: a signed dot product needs the sums of both sides on top.
fn unsigned(a: &[i8], b: &[i8]) -> Option<u32> {
    let a = BitSlice::<8, Unsigned>::new(bytemuck::cast_slice::<i8, u8>(a), a.len()).ok()?;
    let b = BitSlice::<8, Unsigned>::new(bytemuck::cast_slice::<i8, u8>(b), b.len()).ok()?;
    let product: MathematicalResult<u32> = InnerProduct::evaluate(a, b);
    Some(product.ok()?.into_inner())
}

/// Dot products of 32-bit floats, and of the two planes that take their place here.
fn full(table: &Table<'_, f32>) -> Result<Measured> {
    let mut all = Vec::new();
    let high: Vec<i8> = table.values.iter().map(|x| (x * 127.0) as i8).collect();
    let planes = Table {
        dim: table.dim,
        values: &high,
        order: table.order,
    };
    let query = [Plane::new(planes.row(0)); 2];
    let kernel = Kernel::best();
    let ns = planes.each(|_, row| kernel.dot16(black_box(query), [row, row]).unwrap_or(0) as f32);
    all.push((format!("rhymedb 16 bit {}", kernel.name()), ns));
    let ns = table.each(|a, b| f32::dot(a, b).unwrap_or(f64::NAN) as f32);
    all.push(("simsimd f32".to_owned(), ns));
    let theirs: Distance<f32, f32> = Distance::new(Metric::InnerProduct, Some(table.dim));
    all.push((
        "diskann-vector f32".to_owned(),
        table.each(|a, b| theirs.call(a, b)),
    ));
    Ok(all)
}
