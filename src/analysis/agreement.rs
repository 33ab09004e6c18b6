//! How well groups agree with what is said of their members elsewhere.

use super::linkage::numbered;
use super::similarities::Similarities;

/// How well groups agree with an attribute of their members, like the sector.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClusterAgreement {
    /// The attribute.
    pub attribute: String,
    /// Assets that have it; the others do not count.
    pub assets: usize,
    /// Its different values among them.
    pub values: usize,
    /// The adjusted Rand index (Hubert and Arabie 1985): 1 if groups and values are the same, near 0 if they have
    /// nothing to do with one another.
    pub adjusted_rand: f64,
    /// How many of the assets most similar to one are looked at.
    pub neighbours: usize,
    /// The share of those neighbours that have the value of the asset, over all assets. It depends on the
    /// similarities alone and not on the groups.
    pub precision: f64,
    /// The share of all others that have it: what `precision` would be by chance.
    pub precision_by_chance: f64,
}

/// The most similar assets that are looked at.
const NEIGHBOURS: usize = 10;

/// `None` where fewer than three assets have a value.
pub(super) fn agreement(
    attribute: &str,
    (similarities, labels): (&Similarities, &[usize]),
    values: &[Option<String>],
) -> Option<ClusterAgreement> {
    let with: Vec<usize> = (0..values.len())
        .filter(|&i| values.get(i).is_some_and(Option::is_some))
        .collect();
    if with.len() < 3 {
        return None;
    }
    let said: Vec<Option<&String>> = with
        .iter()
        .map(|&i| values.get(i).and_then(Option::as_ref))
        .collect();
    let said = numbered(&said);
    let ours: Vec<usize> = with
        .iter()
        .filter_map(|&i| labels.get(i).copied())
        .collect();
    let neighbours = NEIGHBOURS.min(with.len() - 1);
    let (mut same, mut same_of_all) = (0, 0);
    for (i, own) in with.iter().zip(&said) {
        let others = with.iter().zip(&said).filter(|(j, _)| *j != i);
        let mut others: Vec<(f64, bool)> = others
            .map(|(&j, value)| (similarities.get(*i, j), value == own))
            .collect();
        same_of_all += others.iter().filter(|(_, same)| *same).count();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        same += others
            .iter()
            .take(neighbours)
            .filter(|(_, same)| *same)
            .count();
    }
    let n = with.len() as f64;
    Some(ClusterAgreement {
        attribute: attribute.to_owned(),
        assets: with.len(),
        values: said.iter().max().map_or(0, |last| last + 1),
        adjusted_rand: adjusted_rand(&ours, &said),
        neighbours,
        precision: same as f64 / (n * neighbours as f64),
        precision_by_chance: same_of_all as f64 / (n * (n - 1.0)),
    })
}

/// The adjusted Rand index of two groupings of the same things; 1 where both have one group, or as many as things.
fn adjusted_rand(a: &[usize], b: &[usize]) -> f64 {
    let groups = |of: &[usize]| of.iter().max().map_or(0, |last| last + 1);
    let (k, m) = (groups(a), groups(b));
    let mut cells = vec![0.0; k * m];
    let (mut rows, mut columns) = (vec![0.0; k], vec![0.0; m]);
    let count = |cells: &mut [f64], at: usize| {
        if let Some(slot) = cells.get_mut(at) {
            *slot += 1.0;
        }
    };
    for (&x, &y) in a.iter().zip(b) {
        count(&mut cells, x * m + y);
        count(&mut rows, x);
        count(&mut columns, y);
    }
    let pairs = |of: &[f64]| of.iter().map(|n| n * (n - 1.0) / 2.0).sum::<f64>();
    let n = a.len() as f64;
    let by_chance = pairs(&rows) * pairs(&columns) / (n * (n - 1.0) / 2.0);
    let most = f64::midpoint(pairs(&rows), pairs(&columns));
    if most - by_chance <= 0.0 {
        return 1.0;
    }
    (pairs(&cells) - by_chance) / (most - by_chance)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Values that scikit-learn gives.
    #[test]
    fn the_index_is_that_of_hubert_and_arabie() {
        let near = |a: &[usize], b: &[usize], expected: f64| {
            let found = adjusted_rand(a, b);
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        };
        near(&[0, 0, 1, 1], &[0, 0, 1, 1], 1.0);
        near(&[0, 0, 1, 1], &[1, 1, 0, 0], 1.0);
        near(&[0, 0, 1, 2], &[0, 0, 1, 1], 0.571_428_571_4);
        near(&[0, 0, 0, 0], &[0, 1, 2, 3], 0.0);
        near(&[0, 0, 1, 1], &[0, 1, 0, 1], -0.5);
        near(&[0, 0, 0], &[0, 0, 0], 1.0);
    }

    #[test]
    fn assets_without_a_value_do_not_count() {
        let points = [
            vec![1.0, 0.0],
            vec![0.8, 0.6],
            vec![0.0, 1.0],
            vec![0.6, 0.8],
            vec![-1.0, 0.0],
        ];
        let similarities = Similarities::of(&points);
        let values = ["a", "a", "b", "b", ""].map(|v| (!v.is_empty()).then(|| v.to_owned()));
        let found = agreement("sector", (&similarities, &[0, 0, 1, 1, 2]), &values).unwrap();
        assert_eq!((found.assets, found.values, found.neighbours), (4, 2, 3));
        assert_eq!(found.adjusted_rand, 1.0);
        assert!(
            (found.precision - 1.0 / 3.0).abs() < 1e-12,
            "all others are looked at"
        );
        assert_eq!(found.precision, found.precision_by_chance);
        assert!(agreement("sector", (&similarities, &[0; 5]), &[None, None, None]).is_none());
    }
}
