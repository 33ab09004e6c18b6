//! Whether two databases can become one: what both say of the same thing has to be the same.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::merge_part::Part;
use crate::db::control::Control;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::text_models::is_same;
use crate::error::{Error, Result, excerpt};
use crate::model::{Bars, Modality, SeriesKey, Space, Timestamp};
use crate::store::{
    AttributeReads, BarReads, HeadlineReads, HeadlineRowReads, MadeReads, PrototypeReads, SeriesId,
    TagReads,
};

/// Refuses databases that contradict each other.
///
/// # Errors
/// [`Error::Invalid`] that says what each of them says; those of reading them.
pub(super) fn check_together(a: &Part, b: &Part, control: &Control) -> Result<()> {
    let both = Both {
        names: [&a.name, &b.name],
        a: a.view.snapshot()?,
        b: b.view.snapshot()?,
    };
    both.check_spaces()?;
    both.check_series(control)?;
    both.check_notes()?;
    for (x, y) in both.spaces() {
        if x.space().encoder.modality == Modality::Imported {
            both.check_vectors((a, b), x.space())?;
            both.check_headline_vectors(x, y)?;
        }
    }
    Ok(())
}

struct Both<'a> {
    names: [&'a str; 2],
    a: &'a Snapshot,
    b: &'a Snapshot,
}

/// A name that both use, and what they say of it.
type Said<'a, V> = (String, &'a V, &'a V);

impl Both<'_> {
    fn refuse(&self, what: &str, (a, b): (String, String), advice: &str) -> Error {
        let [first, second] = self.names;
        Error::invalid(format!(
            "expected databases that agree, found two that differ in {what}: {a} in {first}, and {b} in {second}; {advice}"
        ))
    }

    /// The spaces whose names both have.
    fn spaces(&self) -> Vec<(&SpaceState, &SpaceState)> {
        let of_b = |name: &str| self.b.spaces.iter().find(|s| s.space().name == name);
        let all = self.a.spaces.iter();
        all.filter_map(|x| Some((x, of_b(&x.space().name)?)))
            .collect()
    }

    fn check_spaces(&self) -> Result<()> {
        const ADVICE: &str = "make the space anew in one of them, by the same encoder";
        let told = |space: &Space| {
            let encoder = &space.encoder;
            format!(
                "{} with W = {}, D = {}, hop = {} and the weights {:016x}",
                encoder.id, encoder.window, encoder.dim, space.hop, encoder.weights_hash
            )
        };
        for (x, y) in self.spaces() {
            let (x_space, y_space) = (x.space(), y.space());
            let what = format!("the encoder of the space {}", x_space.name);
            if x_space != y_space {
                return Err(self.refuse(&what, (told(x_space), told(y_space)), ADVICE));
            }
            let models = (x.text_model()?, y.text_model()?);
            if let (Some((_, one)), Some((_, other))) = &models {
                let same = one.model == other.model
                    && one.dim() == other.dim()
                    && is_same(one, &other.probe);
                if !same {
                    let names = (one.model.name.clone(), other.model.name.clone());
                    let what = format!("the model of the space {}", x_space.name);
                    return Err(self.refuse(&what, names, ADVICE));
                }
            }
        }
        Ok(())
    }

    /// The series whose names both have.
    fn series(&self) -> impl Iterator<Item = (&SeriesKey, SeriesId, SeriesId)> {
        let all = self.a.series.iter();
        all.filter_map(|(&x, record)| {
            let (y, _) = self.b.id_of(&record.key)?;
            Some((&record.key, x, y))
        })
    }

    fn check_series(&self, control: &Control) -> Result<()> {
        let (made_a, made_b) = (self.a.txn.made_series()?, self.b.txn.made_series()?);
        for (key, x, y) in self.series() {
            control.check()?;
            let calendars = (self.a.record(x)?.calendar, self.b.record(y)?.calendar);
            if calendars.0 != calendars.1 {
                let told = (calendars.0.to_string(), calendars.1.to_string());
                let advice = "give both the same calendar";
                return Err(self.refuse(&format!("the calendar of {key}"), told, advice));
            }
            let source = |snapshot: &Snapshot, id: Option<&SeriesId>| match id {
                Some(id) => Ok(format!("made of {}", snapshot.record(*id)?.key)),
                None => Ok::<_, Error>("bars of its own".to_owned()),
            };
            let made = (
                source(self.a, made_a.get(&x))?,
                source(self.b, made_b.get(&y))?,
            );
            if made.0 != made.1 {
                let advice = "delete the series in one of them";
                return Err(self.refuse(&format!("how {key} is made"), made, advice));
            }
            // Made bars follow those that they are made of.
            if !made_a.contains_key(&x) {
                self.check_bars(key, x, y)?;
            }
        }
        Ok(())
    }

    fn check_bars(&self, key: &SeriesKey, x: SeriesId, y: SeriesId) -> Result<()> {
        let (Some(one), Some(other)) = (self.a.txn.bar_extent(x)?, self.b.txn.bar_extent(y)?)
        else {
            return Ok(());
        };
        let range = one.first.max(other.first)..=one.last.min(other.last);
        if range.is_empty() {
            return Ok(());
        }
        let read = |snapshot: &Snapshot, id, range: &RangeInclusive<i64>| {
            snapshot.txn.bars(id, range.clone())
        };
        let (one, other) = (read(self.a, x, &range)?, read(self.b, y, &range)?);
        let Some((first, count)) = different(&one, &other) else {
            return Ok(());
        };
        let (Some(mine), Some(theirs)) = (one.get(first.0), other.get(first.1)) else {
            return Err(Error::internal("a bar that differs is not there"));
        };
        let told = |bar: &crate::model::Bar| {
            format!(
                "open {}, high {}, low {}, close {}, volume {}",
                bar.open, bar.high, bar.low, bar.close, bar.volume
            )
        };
        let more = match count {
            1 => String::new(),
            n => format!(" and {} later ones", n - 1),
        };
        let what = format!("the bar of {key} that opened at {}{more}", mine.time);
        let advice = "ingest the right bars into one of them, or delete them there";
        Err(self.refuse(&what, (told(&mine), told(&theirs)), advice))
    }

    /// Tags, attributes and prototypes of one name that say something else.
    fn check_notes(&self) -> Result<()> {
        let tags = |snapshot: &Snapshot| {
            let all = snapshot.txn.tags(None)?.into_iter();
            let named = all.map(|t| {
                let name = format!("the tag {} of {} at {}", t.name, t.series, t.end);
                (name, (t.known, t.value))
            });
            Ok::<BTreeMap<_, _>, Error>(named.collect())
        };
        let told = |(known, value): &(Timestamp, Option<f64>)| match value {
            Some(value) => format!("{value}, known from {known}"),
            None => format!("no value, known from {known}"),
        };
        self.check_said(&tags(self.a)?, &tags(self.b)?, told, "remove one of them")?;

        let attributes = |snapshot: &Snapshot| {
            let all = snapshot.txn.attributes()?.into_iter();
            let named = all.map(|a| {
                let market = a.market.as_deref().unwrap_or("any market");
                let name = format!("the attribute {} of {} in {market}", a.name, a.symbol);
                (name, (a.value, a.known))
            });
            Ok::<BTreeMap<_, _>, Error>(named.collect())
        };
        let told = |(value, known): &(String, Option<Timestamp>)| match known {
            Some(known) => format!("{}, known from {known}", excerpt(value)),
            None => excerpt(value),
        };
        let (a, b) = (attributes(self.a)?, attributes(self.b)?);
        self.check_said(&a, &b, told, "remove one of them")?;

        let prototypes = |snapshot: &Snapshot| {
            let mut all = BTreeMap::new();
            for (name, record) in snapshot.txn.prototypes()? {
                let space = snapshot.space_by_id(record.space);
                let space = space.map(|s| s.space().name.clone());
                let said = (space, record.vector, record.windows);
                all.insert(format!("the prototype {name}"), said);
            }
            Ok::<_, Error>(all)
        };
        let told = |(space, _, windows): &(Option<String>, Vec<f32>, Vec<_>)| {
            let space = space.as_deref().unwrap_or_default();
            format!("{} windows in the space {space}", windows.len())
        };
        let (a, b) = (prototypes(self.a)?, prototypes(self.b)?);
        self.check_said(&a, &b, told, "remove one of them")
    }

    fn check_said<V: PartialEq>(
        &self,
        a: &BTreeMap<String, V>,
        b: &BTreeMap<String, V>,
        told: impl Fn(&V) -> String,
        advice: &str,
    ) -> Result<()> {
        let both = a
            .iter()
            .filter_map(|(name, x)| Some((name.clone(), x, b.get(name)?)));
        let mut differ = both.filter(|(_, x, y): &Said<'_, V>| x != y);
        match differ.next() {
            Some((what, x, y)) => Err(self.refuse(&what, (told(x), told(y)), advice)),
            None => Ok(()),
        }
    }

    /// Imported vectors of the same windows.
    fn check_vectors(&self, (a, b): (&Part, &Part), space: &Space) -> Result<()> {
        for (key, ..) in self.series() {
            let key = std::slice::from_ref(key);
            let mine = imported(a, space, key)?;
            let theirs = imported(b, space, key)?;
            let mut both = theirs
                .iter()
                .filter_map(|(end, y)| Some((end, mine.get(end)?, y)));
            if let Some((end, ..)) = both.find(|(_, x, y)| x != y) {
                let what = format!(
                    "the vector of {} that ends at {end} in the space {}",
                    key.first().map(ToString::to_string).unwrap_or_default(),
                    space.name
                );
                let told = ("one".to_owned(), "another".to_owned());
                return Err(self.refuse(&what, told, "import the right one into both"));
            }
        }
        Ok(())
    }

    /// Imported vectors of the same headlines.
    fn check_headline_vectors(&self, x: &SpaceState, y: &SpaceState) -> Result<()> {
        let mut theirs: Vec<(u64, Vec<u8>)> = Vec::new();
        self.b.txn.each_headline_row(y.id, |id, row| {
            theirs.push((id, row.to_vec()));
            Ok(())
        })?;
        for (id, row) in theirs {
            let headline = self.b.txn.headline(id)?;
            let Some(mine) = self.a.txn.headline_id_of(&headline)? else {
                continue;
            };
            let stored = self.a.txn.headline_row(x.id, mine)?;
            if stored.is_some_and(|stored| stored != row) {
                let what = format!(
                    "the vector of the headline {} of {} in the space {}",
                    excerpt(&headline.text),
                    headline.time,
                    x.space().name
                );
                let told = ("one".to_owned(), "another".to_owned());
                return Err(self.refuse(&what, told, "import the right one into both"));
            }
        }
        Ok(())
    }
}

/// The vectors of a series in a space, by their ends.
pub(super) fn imported(
    part: &Part,
    space: &Space,
    key: &[SeriesKey],
) -> Result<BTreeMap<Timestamp, Vec<f32>>> {
    let mut found = BTreeMap::new();
    let dim = space.encoder.dim as usize;
    let each = |one: crate::db::SeriesVectors| {
        let vectors = one.values.chunks_exact(dim).map(<[f32]>::to_vec);
        found.extend(one.ends.into_iter().zip(vectors));
        Ok(())
    };
    part.view
        .vectors(Some(&space.name), key, None, None, each)?;
    Ok(found)
}

/// Where bars of one time differ first, and how many do.
fn different(a: &Bars, b: &Bars) -> Option<((usize, usize), usize)> {
    let (mut first, mut count) = (None, 0);
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.time.get(i), b.time.get(j)) {
        if x == y {
            if a.get(i) != b.get(j) {
                first.get_or_insert((i, j));
                count += 1;
            }
            (i, j) = (i + 1, j + 1);
        } else if x < y {
            i += 1;
        } else {
            j += 1;
        }
    }
    first.map(|first| (first, count))
}
