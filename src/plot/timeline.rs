//! Prices over time, with what was found out about them.

use super::frame::{self, Entry, Swatch};
use super::scene::{Ink, Scene};
use super::track;
use super::tracks::{Kind, Track};

/// One or more series, each a price with bands behind it, stretches that are flagged, and scores
/// below.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// The heading.
    pub title: String,
    /// What was asked and as of when.
    pub subtitle: String,
    /// What a reader should know, below the series.
    pub note: String,
    /// The labels that bands have, in the order of the legend. The first eight have a colour each.
    pub labels: Vec<String>,
    /// Which labels mean a rise, a fall or neither, in their order: these have the colours of rising and
    /// falling candles, or grey, and no other label has one like them. Labels beyond its end say nothing
    /// of that.
    pub leans: Vec<Option<Lean>>,
    /// The series.
    pub tracks: Vec<Track>,
}

/// What a label says of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lean {
    /// It rises.
    Rise,
    /// It falls.
    Fall,
    /// It rises slowly.
    SlowRise,
    /// It falls slowly.
    SlowFall,
    /// It goes nowhere, quietly.
    Calm,
    /// It goes nowhere, in large swings.
    Wild,
}

impl Lean {
    fn ink(self) -> Ink {
        match self {
            Self::Rise => Ink::Rise,
            Self::Fall => Ink::Fall,
            Self::SlowRise => Ink::SlowRise,
            Self::SlowFall => Ink::SlowFall,
            Self::Calm => Ink::Calm,
            Self::Wild => Ink::Wild,
        }
    }
}

/// The groups whose colours are not like those of rising and falling candles.
const APART: [usize; 6] = [0, 3, 4, 5, 6, 7];

impl Timeline {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let mut y = frame::heading(&mut scene, &self.title, &self.subtitle);
        let kinds = self.kinds();
        let entries = self.entries(&kinds);
        if !entries.is_empty() {
            y = frame::legend(&mut scene, y, entries);
        }
        for one in &self.tracks {
            y = track::draw(&mut scene, y, one, (&kinds, self.tracks.len() == 1));
        }
        frame::finish(&mut scene, y, &self.note);
        scene
    }

    fn kinds(&self) -> Vec<Kind> {
        let leaning = self.leans.iter().any(Option::is_some);
        let mut apart = APART.into_iter();
        let kind = |(i, label): (usize, &String)| Kind {
            label: label.clone(),
            ink: match self.leans.get(i).copied().flatten() {
                Some(lean) => lean.ink(),
                None if leaning => apart.next().map_or(Ink::Base, Ink::group),
                None => Ink::group(i),
            },
        };
        self.labels.iter().enumerate().map(kind).collect()
    }

    fn entries(&self, kinds: &[Kind]) -> Vec<Entry> {
        let entry = |(i, kind): (usize, &Kind)| Entry {
            key: track::band_key(Some(i)),
            label: kind.label.clone(),
            ink: kind.ink,
            swatch: Swatch::Box,
        };
        let mut entries: Vec<Entry> = kinds.iter().enumerate().map(entry).collect();
        let flags = self.tracks.iter().any(|t| !t.flags.is_empty());
        let scores = self.tracks.iter().filter_map(|t| t.scores.as_ref());
        if flags || scores.flat_map(|s| &s.points).any(|p| p.flagged) {
            entries.push(Entry {
                key: track::FLAGGED.to_owned(),
                label: "flagged".to_owned(),
                ink: Ink::Flag,
                swatch: Swatch::Box,
            });
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_and_falls_look_like_candles() {
        let names = ["bullish", "bearish", "range", "whipsaw"];
        let mut picture = Timeline {
            labels: names.map(str::to_owned).to_vec(),
            leans: vec![Some(Lean::Rise), Some(Lean::Fall)],
            ..Timeline::default()
        };
        let inks = |picture: &Timeline| -> Vec<Ink> {
            picture.kinds().iter().map(|kind| kind.ink).collect()
        };
        let apart = [Ink::Group(0), Ink::Group(3)];
        assert_eq!(
            inks(&picture),
            [&[Ink::Rise, Ink::Fall][..], &apart].concat()
        );
        picture.leans.extend([Some(Lean::Calm), Some(Lean::Wild)]);
        let four = [Ink::Rise, Ink::Fall, Ink::Calm, Ink::Wild];
        assert_eq!(inks(&picture), four);
        // Labels that mean neither have the colours of any kinds.
        picture.leans.clear();
        assert_eq!(inks(&picture), [0, 1, 2, 3].map(Ink::Group));
    }
}
