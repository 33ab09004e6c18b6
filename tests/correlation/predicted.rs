//! What says most of the correlation of two stocks over the next 20 days: returns of the past, or how alike their charts
//! look. On real stocks, where the data is there.

use std::path::{Path, PathBuf};

use rhymedb::data::Calendar;
use rhymedb::files::{BarOptions, read_bars};
use rhymedb::query::{ClosePanelAnswer, ClusterBy};
use rhymedb::{Database, SeriesBars, Timestamp};

/// Every so many stocks one, and so many of their latest bars.
const EACH: usize = 6;
const BARS: usize = 1_200;
/// Rows of the past, and of the time after.
const PAST: [usize; 2] = [63, 252];
const NEXT: usize = 20;

fn stocks() -> Option<Vec<SeriesBars>> {
    let folder = std::env::var_os("RHYME_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let folder = folder.join("ohlcv/us_sp500");
    let Ok(listed) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no folder {}", folder.display());
        return None;
    };
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let options = BarOptions {
        market: Some("equity".to_owned()),
        ..BarOptions::default()
    };
    let read = |path: &PathBuf| {
        let mut one: SeriesBars = read_bars(path, &options).unwrap().series.remove(0);
        one.calendar = Calendar::Session;
        let n = one.bars.len();
        one.bars = one.bars.slice(n.saturating_sub(BARS)..n);
        one
    };
    let all = paths.iter().step_by(EACH).map(read);
    Some(all.filter(|one| one.bars.len() == BARS).collect())
}

/// The correlation of two columns over the returns of rows.
fn plain(table: &ClosePanelAnswer, (a, b): (usize, usize), rows: std::ops::Range<usize>) -> f64 {
    let both = rows.filter_map(|row| table.log_return(row, a).zip(table.log_return(row, b)));
    pearson(&both.collect::<Vec<_>>())
}

fn pearson(both: &[(f64, f64)]) -> f64 {
    let n = both.len() as f64;
    let (x, y) = both
        .iter()
        .fold((0.0, 0.0), |s, p| (s.0 + p.0 / n, s.1 + p.1 / n));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in both {
        let (a, b) = (a - x, b - y);
        (xx, yy, xy) = (xx + a * a, yy + b * b, xy + a * b);
    }
    xy / (xx * yy).sqrt()
}

/// What a predictor says of pairs, and what came: date by date.
#[derive(Default)]
struct Said {
    name: &'static str,
    dates: Vec<Vec<(f64, f64)>>,
}

impl Said {
    /// R2 of all pairs and dates, as a line fitted on all of them has it.
    fn pooled(&self) -> f64 {
        pearson(&self.dates.concat()).powi(2)
    }

    /// R2 of the second half of the dates by a line that was fitted on the first; below 0 it is worse than the mean.
    fn later(&self) -> f64 {
        let (first, second) = self.dates.split_at(self.dates.len() / 2);
        let (first, second) = (first.concat(), second.concat());
        let n = first.len() as f64;
        let (x, y) = first
            .iter()
            .fold((0.0, 0.0), |s, p| (s.0 + p.0 / n, s.1 + p.1 / n));
        let slope = first.iter().map(|(a, b)| (a - x) * (b - y)).sum::<f64>()
            / first.iter().map(|(a, _)| (a - x).powi(2)).sum::<f64>();
        let mean = second.iter().map(|(_, b)| b).sum::<f64>() / second.len() as f64;
        let left = second
            .iter()
            .map(|(a, b)| (b - y - slope * (a - x)).powi(2));
        1.0 - left.sum::<f64>() / second.iter().map(|(_, b)| (b - mean).powi(2)).sum::<f64>()
    }

    /// R2 among the pairs of one date: its mean, and the error of that over dates.
    fn within(&self) -> (f64, f64) {
        let each: Vec<f64> = self.dates.iter().map(|d| pearson(d).powi(2)).collect();
        let n = each.len() as f64;
        let mean = each.iter().sum::<f64>() / n;
        let variance = each.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, (variance / n).sqrt())
    }
}

fn print(said: &[Said], table: &ClosePanelAnswer, n: usize) {
    let rows = table.times.len();
    let from = |t: Timestamp| t.to_string()[..10].to_owned();
    println!(
        "{n} stocks, {} dates from {} to {}",
        said[0].dates.len(),
        from(table.times[PAST[1]]),
        from(table.times[rows - 1])
    );
    for said in said {
        let (within, error) = said.within();
        println!(
            "| {} | {:.3} | {:.3} | {within:.3} ± {error:.3} |",
            said.name,
            said.pooled(),
            said.later()
        );
    }
}

#[test]
fn returns_say_more_of_the_next_correlation_than_charts_do() {
    let Some(all) = stocks() else { return };
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(&all).unwrap();
    let table = db.now().panel().run().unwrap();
    let (n, rows) = (table.series.len(), table.times.len());
    let named = [
        "returns of 63 days",
        "the same, best guess",
        "returns of 252 days",
        "charts in shape",
        "charts in clip",
    ];
    let mut said = named.map(|name| Said {
        name,
        ..Said::default()
    });
    for now in (PAST[1]..rows - NEXT).step_by(NEXT) {
        let view = db.at(table.times[now]);
        let correlation = view.correlation().window(PAST[0]).past(0).run().unwrap();
        let charts = ["shape", "clip"].map(|space| {
            let question = view.clusters().by(ClusterBy::Vectors).space(space);
            question.groups(2).draws(0).run().unwrap()
        });
        // The answers have an order of their own.
        let place = |of: &dyn Fn(usize) -> String| -> Vec<usize> {
            let name = |i: usize| table.series[i].to_string();
            (0..n)
                .map(|i| (0..n).find(|&j| of(j) == name(i)).unwrap())
                .collect()
        };
        let of_charts = charts
            .each_ref()
            .map(|c| place(&|j| c.assets[j].series.to_string()));
        for said in &mut said {
            said.dates.push(Vec::new());
        }
        for a in 0..n {
            for b in 0..a {
                let next = plain(&table, (a, b), now + 1..now + 1 + NEXT);
                let of = |i: usize| {
                    charts[i]
                        .similarity(of_charts[i][a], of_charts[i][b])
                        .unwrap()
                };
                let guesses = [
                    correlation.correlation(a, b).unwrap(),
                    correlation.shrunk(a, b).unwrap(),
                    plain(&table, (a, b), now + 1 - PAST[1]..now + 1),
                    of(0),
                    of(1),
                ];
                for (said, guess) in said.iter_mut().zip(guesses) {
                    said.dates.last_mut().unwrap().push((guess, next));
                }
            }
        }
    }
    print(&said, &table, n);
    let [rolling, _, year, shape, clip] = said.each_ref().map(|s| s.within().0);
    assert!(
        year > rolling && rolling > shape.max(clip),
        "{rolling} {year} {shape} {clip}"
    );
}
