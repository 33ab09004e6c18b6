//! An engine in a process of its own: one JSON request a line, one JSON answer a line. The Python
//! half (peers/serve.py) speaks the same.
//!
//! | request | answer |
//! |---|---|
//! | `build` | seconds to load and to build, KiB that the process grew by at its peak |
//! | `open` | seconds to open and answer once |
//! | `batch` ef, k, threads, out | seconds, queries; ids of the answers in the file `out` |
//! | `each` ef, k, filter, out | seconds of each query |
//! | `episodes` ef, k, out | as `batch` |
//! | `memory` | KiB that the process grew by since before `open` |

use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cpu_time::ProcessTime;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engines::{self, Answer, Engine};
use crate::npy;
use crate::sets::WINDOW;

/// Queries between two looks at the clock's limit.
const CHUNK: usize = 1000;
const LEAST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_millis(800);
/// Candidates fetched first by engines that know no episodes, and the most that are.
const FETCH: usize = 64;
const MOST_FETCHED: usize = 16384;

/// A filter: windows that end from `from` to `to`, of one group if it says which.
#[derive(Clone, Debug, Deserialize)]
pub struct Filter {
    pub name: String,
    pub group: Option<u32>,
    pub from: i64,
    pub to: i64,
}

/// A vector set without its vectors.
pub struct Set {
    pub folder: PathBuf,
    pub dim: usize,
    pub queries: Vec<f32>,
    pub series: Vec<u32>,
    pub group: Vec<u32>,
    pub end: Vec<i64>,
    pub step: Vec<i64>,
    pub names: Vec<String>,
    pub filters: Vec<Filter>,
}

impl Set {
    fn read(folder: &Path) -> Result<Self> {
        let json = |name: &str| fs::read_to_string(folder.join(name)).context(name.to_owned());
        let about: Value = serde_json::from_str(&json("about.json")?)?;
        let dim = about["dim"].as_u64().context("about.json: no dim")? as usize;
        Ok(Self {
            folder: folder.to_owned(),
            dim,
            queries: npy::read(&folder.join("queries.npy"))?,
            series: npy::read(&folder.join("series.npy"))?,
            group: npy::read(&folder.join("group.npy"))?,
            end: npy::read(&folder.join("end.npy"))?,
            step: npy::read(&folder.join("step.npy"))?,
            names: serde_json::from_str(&json("names.json")?)?,
            filters: serde_json::from_str(&json("filters.json")?)?,
        })
    }

    pub fn vectors(&self) -> Result<Vec<f32>> {
        npy::read(&self.folder.join("base.npy"))
    }

    pub fn passes(&self, filter: &Filter, row: usize) -> bool {
        let in_time = (filter.from..=filter.to).contains(&self.end[row]);
        in_time && filter.group.is_none_or(|g| g == self.group[row])
    }

    /// The first `k` of rows, best first, that are distinct moments.
    fn distinct(&self, rows: &[u32], k: usize) -> Vec<u32> {
        let zone = (WINDOW / 4) as i64;
        let mut taken: Vec<u32> = Vec::with_capacity(k);
        for &row in rows {
            let r = row as usize;
            let near = taken.iter().any(|&t| {
                let t = t as usize;
                let apart = (self.end[r] - self.end[t]).abs();
                self.group[r] == self.group[t] && apart < zone * self.step[r].max(self.step[t])
            });
            if !near {
                taken.push(row);
            }
            if taken.len() == k {
                break;
            }
        }
        taken
    }
}

#[derive(Deserialize)]
struct Request {
    r#do: String,
    #[serde(default)]
    ef: usize,
    #[serde(default)]
    k: usize,
    #[serde(default)]
    threads: usize,
    filter: Option<String>,
    #[serde(default)]
    out: PathBuf,
}

pub fn serve(engine: &str, set: &Path, work: &Path) -> Result<()> {
    let set = Set::read(set)?;
    let mut server = Server {
        name: engine,
        set: &set,
        work,
        open: None,
    };
    for line in std::io::stdin().lock().lines() {
        let answer = server.answer(&serde_json::from_str(&line?)?)?;
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

struct Server<'a> {
    name: &'a str,
    set: &'a Set,
    work: &'a Path,
    open: Option<(Box<dyn Engine + 'a>, u64)>,
}

impl Server<'_> {
    fn answer(&mut self, request: &Request) -> Result<Value> {
        match request.r#do.as_str() {
            "build" => self.build(),
            "open" => {
                let before = memory("VmRSS:")?;
                let start = Instant::now();
                let engine = engines::open(self.name, self.set, self.work)?;
                engine.nearest(&self.set.queries[..self.set.dim], 10, 64, None)?;
                let seconds = start.elapsed().as_secs_f64();
                self.open = Some((engine, before));
                Ok(json!({"seconds": seconds}))
            }
            other => {
                let (engine, before) = self.open.as_ref().context("expected open first")?;
                let asked = Asked {
                    set: self.set,
                    engine: engine.as_ref(),
                    request,
                };
                match other {
                    "batch" => asked.batch(),
                    "each" => asked.each(),
                    "episodes" => asked.episodes(),
                    "memory" => Ok(json!({"kib": memory("VmRSS:")?.saturating_sub(*before)})),
                    _ => bail!(
                        "expected build, open, batch, each, episodes or memory, found {other}"
                    ),
                }
            }
        }
    }

    fn build(&self) -> Result<Value> {
        let vectors = self.set.vectors()?;
        let before = memory("VmRSS:")?;
        // Resets the peak of the resident memory.
        fs::write("/proc/self/clear_refs", "5")?;
        let mut clock = Clock::default();
        let built = clock.time(|| engines::build(self.name, self.set, vectors, self.work))?;
        let peak = memory("VmHWM:")?.saturating_sub(before);
        let (load_s, build_s) = (built.load_s, built.build_s);
        let cpu_s = clock.cpu.as_secs_f64();
        Ok(json!({"load_s": load_s, "build_s": build_s, "cpu_s": cpu_s, "peak_kib": peak}))
    }
}

/// A line of /proc/self/status, in KiB.
fn memory(field: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with(field));
    let value = line.and_then(|l| l.split_whitespace().nth(1));
    Ok(value.context("no such field")?.parse()?)
}

/// Sums time that has passed, and CPU time of the whole process.
#[derive(Default)]
struct Clock {
    wall: Duration,
    cpu: Duration,
}

impl Clock {
    fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        let value = work();
        self.wall += wall.elapsed();
        self.cpu += cpu.elapsed();
        value
    }
}

/// How long the engine took over some queries, and the rows it gave to each.
type Asking = (Clock, Vec<Vec<u32>>);

/// A request to an open engine.
struct Asked<'a> {
    set: &'a Set,
    engine: &'a dyn Engine,
    request: &'a Request,
}

impl Asked<'_> {
    fn queries(&self) -> impl Iterator<Item = &[f32]> {
        self.set.queries.chunks_exact(self.set.dim)
    }

    /// Answers chunks of queries, again and again, until enough time has passed.
    fn timed(&self, chunk: &dyn Fn(&[&[f32]]) -> Result<Asking>) -> Result<Value> {
        let queries: Vec<&[f32]> = self.queries().collect();
        let mut rows = Vec::new();
        let (mut spent, mut answered) = (Clock::default(), 0);
        'all: loop {
            for part in queries.chunks(CHUNK) {
                let (took, found) = chunk(part)?;
                spent.wall += took.wall;
                spent.cpu += took.cpu;
                answered += part.len();
                if rows.len() < queries.len() {
                    rows.extend(found);
                }
                if spent.wall > MOST {
                    break 'all;
                }
            }
            if spent.wall > LEAST {
                break;
            }
        }
        self.write(&rows)?;
        let (wall, cpu) = (spent.wall.as_secs_f64(), spent.cpu.as_secs_f64());
        Ok(json!({"wall": wall, "cpu": cpu, "queries": answered}))
    }

    fn batch(&self) -> Result<Value> {
        let Request { k, ef, threads, .. } = *self.request;
        // Threads that live as long as the question: starting some takes as long as ten answers.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        self.timed(&|queries| {
            let ask = |query: &&[f32]| self.engine.nearest(query, k, ef, None);
            let mut took = Clock::default();
            let answers: Vec<Result<Answer>> = took.time(|| {
                if threads < 2 {
                    queries.iter().map(ask).collect()
                } else {
                    pool.install(|| queries.par_iter().with_min_len(8).map(ask).collect())
                }
            });
            let mut rows = Vec::with_capacity(queries.len());
            for answer in answers {
                rows.push(self.engine.rows(answer?));
            }
            Ok((took, rows))
        })
    }

    fn each(&self) -> Result<Value> {
        let named = |name: &String| self.set.filters.iter().position(|f| &f.name == name);
        let filter = match &self.request.filter {
            None => None,
            Some(name) => Some(named(name).context("no such filter")?),
        };
        if filter.is_some() && !self.engine.filters() {
            return Ok(json!({"unsupported": true}));
        }
        let Request { k, ef, .. } = *self.request;
        let mut times = Vec::new();
        let mut rows = Vec::new();
        for query in self.queries() {
            let start = Instant::now();
            let answer = self.engine.nearest(query, k, ef, filter)?;
            times.push(start.elapsed().as_secs_f64());
            rows.push(self.engine.rows(answer));
            if times.iter().sum::<f64>() > MOST.as_secs_f64() {
                break;
            }
        }
        self.write(&rows)?;
        Ok(json!({"seconds": times}))
    }

    fn episodes(&self) -> Result<Value> {
        let Request { k, ef, .. } = *self.request;
        self.timed(&|queries| {
            let mut spent = Clock::default();
            let mut rows = Vec::with_capacity(queries.len());
            for query in queries {
                let own = spent.time(|| self.engine.episodes(query, k, ef))?;
                if let Some(answer) = own {
                    rows.push(self.engine.rows(answer));
                    continue;
                }
                let mut fetch = FETCH;
                let found = loop {
                    let width = ef.max(fetch);
                    let answer = spent.time(|| self.engine.nearest(query, fetch, width, None))?;
                    // Thinning out is not on the clock: it is not the engine's work.
                    let found = self.set.distinct(&self.engine.rows(answer), k);
                    if found.len() == k || fetch >= MOST_FETCHED {
                        break found;
                    }
                    fetch *= 4;
                };
                rows.push(found);
            }
            Ok((spent, rows))
        })
    }

    /// Writes `k` ids a query; what is missing is the largest number.
    fn write(&self, rows: &[Vec<u32>]) -> Result<()> {
        let k = self.request.k;
        let mut ids = Vec::with_capacity(rows.len() * k);
        for row in rows {
            ids.extend(
                row.iter()
                    .copied()
                    .chain(std::iter::repeat(u32::MAX))
                    .take(k),
            );
        }
        fs::write(&self.request.out, bytemuck::cast_slice(&ids))?;
        Ok(())
    }
}
