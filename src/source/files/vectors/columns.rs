//! Which columns of a table hold the numbers of a vector.

use std::collections::BTreeMap;

use super::super::columns::Columns;
use super::meta::VECTOR;
use crate::error::shortened;

/// What the columns of single numbers are called before their number, like `vector0` or `dim_12`; nothing in a
/// table that pandas made of a matrix.
const STEMS: [&str; 15] = [
    "vector",
    "embedding",
    "emb",
    "dim",
    "component",
    "feature",
    "latent",
    "d",
    "e",
    "f",
    "v",
    "x",
    "z",
    "pc",
    "",
];

/// Where the numbers of a vector are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VectorColumns {
    /// All in one column.
    One(usize),
    /// One each, in the order of the numbers.
    Each(Vec<usize>),
}

impl VectorColumns {
    /// The column that is mapped or called `vector`, else the columns that are numbered.
    pub(super) fn resolve(columns: &Columns<'_>, names: &[String]) -> Result<Self, String> {
        match (columns.find(&VECTOR)?, numbered(names)?) {
            (Some(one), _) => Ok(Self::One(one)),
            (None, Some(each)) => Ok(Self::Each(each)),
            (None, None) => columns.need(&VECTOR).map(Self::One),
        }
    }
}

/// The columns that differ in their number alone, in its order.
fn numbered(names: &[String]) -> Result<Option<Vec<usize>>, String> {
    let mut groups: BTreeMap<usize, Vec<(u32, usize)>> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let plain = plain.to_ascii_lowercase();
        let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = plain
            .get(stem.len()..)
            .and_then(|digits| digits.parse().ok());
        let rank = STEMS.iter().position(|known| *known == stem);
        if let (Some(number), Some(rank)) = (number, rank) {
            groups.entry(rank).or_default().push((number, at));
        }
    }
    let longest = groups.into_values().rev().max_by_key(Vec::len);
    let Some(mut columns) = longest.filter(|columns| columns.len() > 1) else {
        return Ok(None);
    };
    columns.sort_unstable();
    let start = columns.first().map_or(0, |(number, _)| *number);
    for (wanted, (number, at)) in (start..).zip(&columns) {
        if *number != wanted || start > 1 {
            let name = names.get(*at).map(|n| shortened(n)).unwrap_or_default();
            return Err(format!(
                "expected columns numbered from 0 or 1 without a gap, found {name} in the place of number {}",
                if start > 1 { 0 } else { wanted }
            ));
        }
    }
    Ok(Some(columns.into_iter().map(|(_, at)| at).collect()))
}

/// The numbers in a text like `[0.1, 0.2]`; NaN where there is none.
pub(super) fn numbers_of(text: &str) -> Vec<f32> {
    let between = |c: char| c.is_whitespace() || ";,|[](){}\"'".contains(c);
    let parts = text.split(between).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap_or(f32::NAN)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::source::files::vectors::meta::FIELDS;

    fn resolve(names: &str, map: &[(&str, &str)]) -> Result<VectorColumns, String> {
        let names: Vec<String> = names.split(',').map(str::to_owned).collect();
        let map: Vec<(String, String)> = map
            .iter()
            .map(|(field, column)| ((*field).to_owned(), (*column).to_owned()))
            .collect();
        VectorColumns::resolve(&Columns::new(&names, &map, &FIELDS)?, &names)
    }

    #[test]
    fn one_column_or_one_for_each_number() {
        use VectorColumns::{Each, One};
        for (names, expected) in [
            ("time,embedding", One(1)),
            ("time,vector0,vector1", Each(vec![1, 2])),
            ("time,dim_1,dim_0", Each(vec![2, 1])),
            ("0,1,2,time", Each(vec![0, 1, 2])),
            ("e01,e02,symbol", Each(vec![0, 1])),
            ("Feature 1,Feature 2,d0", Each(vec![0, 1])),
            ("x0,x1,vector", One(2)),
        ] {
            assert_eq!(resolve(names, &[]), Ok(expected), "{names}");
        }
        let many: Vec<String> = (0..12).map(|i| format!("v{i}")).collect();
        let each = Each((0..12).collect());
        assert_eq!(resolve(&many.join(","), &[]), Ok(each));
        assert_eq!(
            resolve("a,v0,v1", &[("vector", "a")]),
            Ok(VectorColumns::One(0))
        );
    }

    #[test]
    fn a_gap_would_lose_numbers() {
        for names in ["vector0,vector2", "v1,v3", "d2,d3", "v0,v0,v1"] {
            let refused = resolve(names, &[]).unwrap_err();
            assert!(refused.contains("numbered from 0 or 1"), "{refused}");
        }
        let refused = resolve("time,a,b", &[]).unwrap_err();
        assert!(refused.contains("no column for the vector"), "{refused}");
        assert!(resolve("time,v0", &[]).is_err());
    }

    #[test]
    fn texts_of_many_programs() {
        for text in [
            "[0.5, -1, 2e0]",
            "0.5;-1;2",
            "[ 0.5 -1.\n  2. ]",
            "(0.5,-1.0,2.0)",
            "{0.5,-1,2}",
        ] {
            assert_eq!(numbers_of(text), [0.5, -1.0, 2.0], "{text}");
        }
        assert!(numbers_of("[0.5, x]").iter().any(|v| v.is_nan()));
        assert!(numbers_of("[]").is_empty());
    }
}
