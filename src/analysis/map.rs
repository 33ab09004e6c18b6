//! A map of a space: its windows on a plane.

use std::time::{Duration, Instant};

use super::moments::{centred, vectors};
use crate::db::{Filter, Past, View, setters, space_method, within};
use crate::error::{Error, Result};
use crate::model::{Attribute, SeriesKey, Window};
use crate::numeric::matrix::leading;

/// A question for a map of a space, made by [`View::map`].
#[derive(Clone, Debug)]
pub struct Map {
    view: View,
    space: Option<String>,
    filter: Filter,
    sample: usize,
    seed: u64,
    by: Option<String>,
}

/// A window on the map.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MapPoint {
    /// The window.
    pub window: Window,
    /// Its place along the direction in which the vectors differ most, from their mean, in units of
    /// the vectors, which have length 1.
    pub x: f64,
    /// Its place along the direction at right angles to that in which they differ next most.
    pub y: f64,
    /// What the attribute of [`Map::by`] is for its symbol; `None` where none was asked for or is stored.
    pub group: Option<String>,
}

/// The answer to [`View::map`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MapAnswer {
    /// The space.
    pub space: String,
    /// The windows on the map, ascending by their end.
    pub points: Vec<MapPoint>,
    /// The windows that they stand for.
    pub windows: u64,
    /// The shares of the vectors' variance that lie along x and along y, 0 to 1: what the map shows
    /// of them. What is far apart on the map is far apart in the space; what is near may not be near.
    pub explained: [f64; 2],
    /// How long it took.
    pub took: Duration,
}

impl View {
    /// Asks for a map of a space: an evenly spread, seeded sample of its windows, placed along the two
    /// principal components of their vectors (the eigenvectors of the covariance with the largest
    /// eigenvalues; Pearson 1901). Directions have the sign with which their largest number is positive.
    ///
    /// ```
    /// use rhymedb::Database;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let map = db.now().map().filter(rhymedb::Filter::new().market("crypto")).sample(200).run()?;
    /// for point in &map.points {
    ///     println!("{:+.3} {:+.3} {}", point.x, point.y, point.window);
    /// }
    /// println!("{:.0} % of the variance", 100.0 * (map.explained[0] + map.explained[1]));
    /// assert!(map.points.len() >= 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map(&self) -> Map {
        Map {
            view: self.clone(),
            space: None,
            filter: Filter::default(),
            sample: 2_000,
            seed: 0,
            by: None,
        }
    }
}

impl Map {
    space_method!(chart);
    setters! {
        /// Only windows that pass a filter; it replaces the one before. Default: any.
        fn filter(filter: crate::db::Filter);

        /// The least size of the sample. Default: 2,000; the sample is seldom twice as large, and holds
        /// all windows if there are fewer. At most 20,000.
        fn sample(windows: usize);

        /// The seed of the sample. Default: 0.
        fn seed(seed: u64);
    }

    /// Says of each window what an attribute of its symbol is, like `sector`: see
    /// [`crate::Database::set_attributes`]. Default: none.
    #[must_use]
    pub fn by(mut self, attribute: &str) -> Self {
        self.by = Some(Attribute::plain(attribute));
        self
    }

    /// Draws the sample and places it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such space, a name is that of nothing stored, or no window
    /// on the map has the attribute;
    /// [`Error::Invalid`] if the sample is out of range, or if fewer than three windows pass.
    pub fn run(&self) -> Result<MapAnswer> {
        within("a sample", self.sample, 20_000)?;
        self.filter.check()?;
        self.view
            .past(self.space.as_deref(), |past| self.answer(past))
    }

    fn answer(&self, past: &Past<'_>) -> Result<MapAnswer> {
        let start = Instant::now();
        let rows = past.rows(&self.filter)?;
        let sample = past.sample(&rows, self.sample, self.seed)?;
        let places = &past.moving(sample.places(), self.filter.min_move)?[..];
        if places.len() < 3 {
            return Err(Error::invalid(format!(
                "expected three windows or more for a map, found {}; loosen the filters",
                places.len()
            )));
        }
        let (xy, explained) = components(&vectors(past, places)?);
        let attributes = past.attributes()?;
        let group = |key: &SeriesKey| {
            let values: Vec<&str> = attributes.values(key, self.by.as_deref()?).collect();
            (!values.is_empty()).then(|| values.join("; "))
        };
        let mut points = Vec::with_capacity(places.len());
        for (&place, [x, y]) in places.iter().zip(xy) {
            let window = past.window(place)?;
            let group = group(&window.series);
            points.push(MapPoint {
                window,
                x,
                y,
                group,
            });
        }
        if let Some(name) = self
            .by
            .as_deref()
            .filter(|_| points.iter().all(|p| p.group.is_none()))
        {
            return Err(attributes.unknown(name));
        }
        Ok(MapAnswer {
            space: past.space().to_owned(),
            points,
            windows: sample.windows,
            explained,
            took: start.elapsed(),
        })
    }
}

/// Each vector along the two principal components, and their shares of the variance.
fn components(vectors: &[Vec<f32>]) -> (Vec<[f64; 2]>, [f64; 2]) {
    let d = vectors.first().map_or(0, Vec::len);
    let n = vectors.len() as f64;
    let mut mean = vec![0.0; d];
    for vector in vectors {
        for (m, &x) in mean.iter_mut().zip(vector) {
            *m += f64::from(x) / n;
        }
    }
    let mut covariance = vec![0.0; d * d];
    for vector in vectors {
        let x = centred(vector, &mean);
        for (row, &a) in covariance.chunks_exact_mut(d.max(1)).zip(&x) {
            for (slot, b) in row.iter_mut().zip(&x) {
                *slot += a * b / n;
            }
        }
    }
    let whole: f64 = covariance.iter().step_by(d + 1).sum();
    let found = leading(&covariance, d, 2);
    let direction = |i: usize| found.get(i).map(|(_, v)| v.as_slice()).unwrap_or_default();
    let share = |i: usize| {
        found
            .get(i)
            .map_or(0.0, |(value, _)| value / whole.max(f64::MIN_POSITIVE))
    };
    let along = |x: &[f64], v: &[f64]| x.iter().zip(v).map(|(a, b)| a * b).sum();
    let place = |vector: &Vec<f32>| {
        let x = centred(vector, &mean);
        [along(&x, direction(0)), along(&x, direction(1))]
    };
    (vectors.iter().map(place).collect(), [share(0), share(1)])
}
