//! How like the found price paths are, against the exact search by correlation over all candidates.

use rayon::prelude::*;

use super::charts::ChartWindow;
use super::estimate::Clusters;
use super::ground::Ground;
use super::held_out::Part;
use super::report::{EvalReport, EvalSection, Row};
use super::vectors::Vectors;
use crate::db::Stage;
use crate::error::Result;
use crate::numeric::dot::dot;

/// Windows among which is searched.
const CANDIDATES: usize = 20_000;
/// Windows that are asked about.
const QUERIES: usize = 100;
/// Episodes that are looked for.
pub(super) const K: usize = 10;

/// The section `shape`: for each encoder the mean correlation of log-price paths between a window
/// and the 10 distinct windows nearest to it, beside the most that any search could find.
pub(super) fn shape(ground: &Ground<'_>, report: &mut EvalReport) -> Result<()> {
    let section = EvalSection::Shape;
    let mut places = Vec::new();
    for part in [Part::Before, Part::Later, Part::Symbols] {
        places.extend(ground.windows(part, 0, CANDIDATES, 4));
    }
    places.sort_unstable();
    let places = ground.draw(places, CANDIDATES, 5);
    let models: Vec<_> = ground.models.iter().collect();
    let encoded = ground.encode(&models, &places)?;
    if encoded.places.len() < 10 * K {
        let why = format!(
            "expected at least {} windows, found {}",
            10 * K,
            encoded.places.len()
        );
        report.left_out(section, &why);
        return Ok(());
    }
    let queries = ground.draw((0..encoded.places.len()).collect(), QUERIES, 6);
    let paths = paths(ground, &encoded.places);
    let ends: Vec<_> = queries
        .iter()
        .filter_map(|&q| encoded.places.get(q).map(|p| ground.end(*p)))
        .collect();
    let clusters = Clusters::weeks(&ends, ground.seed);
    let search = |vectors: &Vectors| -> Vec<Vec<usize>> {
        let find = |&query: &usize| nearest(vectors, &encoded.places, query, ground.window);
        queries.par_iter().map(find).collect()
    };
    let exact = search(&paths);
    let named = ground.models.iter().map(|m| m.name.as_str());
    let contestants = named
        .zip(&encoded.vectors)
        .chain([("exact search", &paths)]);
    let total = encoded.vectors.len() as u64 + 1;
    for (done, (name, vectors)) in contestants.enumerate() {
        ground.control.report(Stage::Ask, done as u64, total)?;
        let (mut likeness, mut shared) = (Vec::new(), Vec::new());
        for ((&query, found), best) in queries.iter().zip(search(vectors)).zip(&exact) {
            let correlations = found.iter().map(|&i| dot(paths.row(query), paths.row(i)));
            let count = found.len().max(1) as f64;
            likeness.push(correlations.map(f64::from).sum::<f64>() / count);
            shared.push(found.iter().filter(|i| best.contains(i)).count() as f64 / count);
        }
        let row = Row {
            section,
            part: "all windows",
            model: name,
            setting: "top 10",
            count: queries.len(),
        };
        report.push(row, "true correlation", clusters.mean(&likeness));
        report.push(row, "shared with the exact search", clusters.mean(&shared));
    }
    ground.control.report(Stage::Ask, total, total)
}

/// The log closes of windows, less their mean and at unit length: the product of two is their
/// correlation.
fn paths(ground: &Ground<'_>, places: &[ChartWindow]) -> Vectors {
    let mut paths = Vectors::new(ground.window);
    for place in places {
        let first = (place.bar + 1).saturating_sub(ground.window);
        let closes = ground.chart(*place).map(|c| &c.bars.close);
        let closes = closes.and_then(|c| c.get(first..=place.bar)).unwrap_or(&[]);
        let mean = closes.iter().map(|c| c.ln()).sum::<f64>() / closes.len().max(1) as f64;
        paths.push_all(closes.iter().map(|c| (c.ln() - mean) as f32));
    }
    paths.units()
}

/// The [`K`] rows nearest to the row `query`, no two of one series within a quarter of a window of
/// one another or of the query.
fn nearest(vectors: &Vectors, places: &[ChartWindow], query: usize, window: usize) -> Vec<usize> {
    let scores: Vec<f32> = vectors.iter().map(|v| dot(vectors.row(query), v)).collect();
    let score = |i: usize| scores.get(i).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..vectors.len()).filter(|&i| i != query).collect();
    order.sort_unstable_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
    distinct(order.into_iter(), places, places.get(query), window)
}

/// The first [`K`] that are episodes of their own.
fn distinct(
    order: impl Iterator<Item = usize>,
    places: &[ChartWindow],
    query: Option<&ChartWindow>,
    window: usize,
) -> Vec<usize> {
    let mut taken: Vec<ChartWindow> = query.copied().into_iter().collect();
    let mut found = Vec::with_capacity(K);
    for i in order {
        let Some(&place) = places.get(i) else {
            continue;
        };
        let near =
            |t: &ChartWindow| t.series == place.series && t.bar.abs_diff(place.bar) < window / 4;
        if !taken.iter().any(near) {
            taken.push(place);
            found.push(i);
        }
        if found.len() == K {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn episodes_are_distinct() {
        let places: Vec<ChartWindow> = (0..40)
            .map(|i| ChartWindow {
                series: i / 20,
                bar: 10 * (i % 20),
            })
            .collect();
        // Windows of 100 bars: a quarter is 25, so every third of a series.
        let found = distinct(0..40, &places, places.first(), 100);
        assert_eq!(found, [3, 6, 9, 12, 15, 18, 20, 23, 26, 29]);
    }
}
