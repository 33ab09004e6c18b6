//! Groups of assets, as a field of colours: each two assets, or each two groups where there are many.

use rhymedb::View;
use rhymedb::plot::{Extent, Matrix, MatrixCell};
use rhymedb::query::{ClusterBy, ClustersAnswer};

use super::names::{as_of, when};
use crate::text::grouped;

/// Of more assets the groups are drawn.
const MOST_ASSETS: usize = 80;

pub(crate) fn clusters(view: &View, answer: &ClustersAnswer) -> Matrix {
    let by_asset = answer.assets.len() <= MOST_ASSETS;
    let (names, cells) = if by_asset {
        of_assets(answer)
    } else {
        of_groups(answer)
    };
    let values = || cells.iter().flatten().flatten().map(|cell| cell.value);
    let low = values().fold(0.0, f64::min);
    let high = values().fold(low + 0.1, f64::max);
    let what = match answer.by {
        ClusterBy::Vectors => "cosine of the vectors of the latest windows",
        ClusterBy::Both => "mean of the correlation of returns and the cosine of vectors",
        _ => "correlation of returns over the same bars",
    };
    let space = answer.space.as_ref();
    let space = space.map_or(String::new(), |space| format!(" · space {space}"));
    let order = if by_asset {
        "Assets stand group by group."
    } else {
        "Each cell is the mean over the assets of two groups, or within one."
    };
    let p = answer.p.map_or(String::new(), |p| format!(" · p {p:.3}"));
    Matrix {
        title: "Assets that move together".to_owned(),
        subtitle: format!(
            "{} assets in {} groups · {} returns of {} to {} · silhouette {:.3}{p}{space}{}",
            grouped(answer.assets.len() as u64),
            answer.groups.len(),
            grouped(answer.returns as u64),
            answer.interval,
            when(answer.until),
            answer.silhouette,
            as_of(view),
        ),
        note: format!("Colour: the {what}. {order}"),
        names,
        cells,
        range: Extent::new(low, high),
    }
}

type Field = (Vec<String>, Vec<Vec<Option<MatrixCell>>>);

fn of_assets(answer: &ClustersAnswer) -> Field {
    let assets = &answer.assets;
    let name = |i: usize| {
        let asset = assets.get(i);
        asset.map_or(String::new(), |a| {
            format!("{} {}", a.group, a.series.symbol)
        })
    };
    let cell = |i: usize, j: usize| {
        let value = answer.similarity(i, j).filter(|_| i != j)?;
        Some(MatrixCell {
            value,
            hint: format!("{} and {}: {value:.2}", name(i), name(j)),
        })
    };
    let n = assets.len();
    let row = |i: usize| (0..n).map(|j| cell(i, j)).collect();
    ((0..n).map(name).collect(), (0..n).map(row).collect())
}

fn of_groups(answer: &ClustersAnswer) -> Field {
    let members: Vec<Vec<usize>> = answer
        .groups
        .iter()
        .map(|group| {
            let all = answer.assets.iter().enumerate();
            let of = all.filter(|(_, asset)| asset.group == group.number);
            of.map(|(i, _)| i).collect()
        })
        .collect();
    let names = answer.groups.iter().map(|group| {
        let typical = answer.assets.get(group.typical);
        let typical = typical.map_or("", |a| a.series.symbol.as_str());
        format!("{}: {typical} and {} more", group.number, group.size - 1)
    });
    let names: Vec<String> = names.collect();
    let cell = |(a, x): (usize, &Vec<usize>), (b, y): (usize, &Vec<usize>)| {
        let pairs = x.iter().flat_map(|&i| y.iter().map(move |&j| (i, j)));
        let values = pairs.filter(|(i, j)| i != j);
        let values: Vec<f64> = values
            .filter_map(|(i, j)| answer.similarity(i, j))
            .collect();
        if values.is_empty() {
            return None;
        }
        let value = values.iter().sum::<f64>() / values.len() as f64;
        let (one, other) = (names.get(a)?, names.get(b)?);
        Some(MatrixCell {
            value,
            hint: match a == b {
                true => format!("within {one}: {value:.3}"),
                false => format!("{one}\n{other}\n{value:.3}"),
            },
        })
    };
    let row = |one| {
        let others = members.iter().enumerate();
        others.map(|other| cell(one, other)).collect()
    };
    let cells = members.iter().enumerate().map(row).collect();
    (names, cells)
}
