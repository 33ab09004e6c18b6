//! Groups of real stocks beside their sectors, where the data is there.

use std::path::{Path, PathBuf};

use rhymedb::data::{Attribute, Calendar};
use rhymedb::files::{BarOptions, read_bars};
use rhymedb::query::ClusterBy;
use rhymedb::{Database, SeriesBars};

use crate::oracle::worlds::open;

/// Bars of each stock, the latest.
const BARS: usize = 580;

/// The folder with real data, or a note that the test is skipped.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("RHYME_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let there = folder.join("MANIFEST_ohlcv.csv").is_file();
    if !there {
        println!(
            "skipped: there is no MANIFEST_ohlcv.csv in {}",
            folder.display()
        );
    }
    there.then_some(folder)
}

/// The files of stocks whose source names a sector: symbol, sector and path.
fn stocks(folder: &Path) -> Vec<(String, String, PathBuf)> {
    let list = std::fs::read_to_string(folder.join("MANIFEST_ohlcv.csv")).unwrap();
    let row = |line: &str| {
        let mut fields = line.split(',');
        let (file, symbol) = (fields.next()?, fields.next()?);
        let sector = line.split(":SP500/").nth(1)?.split('/').next()?;
        let path = folder.join(file);
        let fits = file.starts_with("ohlcv/us_sp500/") && path.is_file();
        fits.then(|| (symbol.to_owned(), sector.to_owned(), path))
    };
    list.lines().filter_map(row).collect()
}

fn database(stocks: &[(String, String, PathBuf)]) -> (tempfile::TempDir, Database) {
    let options = BarOptions {
        market: Some("equity".to_owned()),
        ..BarOptions::default()
    };
    let read = |(_, _, path): &(String, String, PathBuf)| {
        let mut one: SeriesBars = read_bars(path, &options).unwrap().series.remove(0);
        one.calendar = Calendar::Session;
        let n = one.bars.len();
        one.bars = one.bars.slice(n.saturating_sub(BARS)..n);
        one
    };
    let all: Vec<SeriesBars> = stocks.iter().map(read).collect();
    let (dir, db) = open();
    db.ingest_bars(&all).unwrap();
    let sectors = all.iter().zip(stocks);
    let sectors =
        sectors.map(|(one, (_, sector, _))| Attribute::new(&one.key.symbol, "sector", sector));
    db.set_attributes(&sectors.collect::<Vec<_>>()).unwrap();
    (dir, db)
}

/// By default the groups agree with the sectors, which nobody told them; charts of the latest windows do not.
#[test]
fn groups_of_stocks_are_their_sectors() {
    let Some(folder) = data() else { return };
    let stocks = stocks(&folder);
    assert!(stocks.len() > 400, "{} stocks with a sector", stocks.len());
    let (_dir, db) = database(&stocks);
    let view = db.now();
    let question = view.clusters().compare("sector").draws(0);
    let answer = question.clone().run().unwrap();
    let found = answer.agreement.as_ref().unwrap();
    println!(
        "{} groups, silhouette {:.3}: {found:?}",
        answer.groups.len(),
        answer.silhouette
    );
    assert!(found.adjusted_rand >= 0.45, "{found:?}");
    assert!(found.precision >= 0.75, "{found:?}");
    let charts = question.by(ClusterBy::Vectors).groups(11).run().unwrap();
    let charts = charts.agreement.unwrap();
    println!("by vectors of the latest windows: {charts:?}");
    assert!(
        charts.adjusted_rand < 0.25 && charts.precision < found.precision - 0.2,
        "{charts:?}"
    );
}
