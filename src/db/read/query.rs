//! What a question compares with, and the vector that it means in a space.

use super::answer::Hit;
use crate::model::{Bar, Bars, SeriesKey, Target, Window};

/// What to compare with.
///
/// A sum is how meanings are combined: this window, less what corrections look like, and more of
/// what trends look like.
///
/// ```
/// use rhymedb::{Query, Target};
/// let target: Target = "BTCUSDT:1h@2021-05-19".parse()?;
/// let query = Query::from(target)
///     .minus(Query::text("a correction after a long rise"))
///     .plus(Query::text("a strong and steady trend"));
/// assert!(matches!(&query, Query::Sum(terms) if terms.len() == 3));
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// A stored window.
    Target(Target),
    /// The latest window of a stored series, or the one at a time, with a bar after it that has not closed
    /// yet. Nothing of the bar is stored, and answers keep away from the window.
    Open(Target, Bar),
    /// Bars of the caller's own; the last window of them counts.
    Bars(Bars),
    /// A vector of the space's dimension.
    Vector(Vec<f32>),
    /// A drawn path, for spaces of the encoder `shape`: at least 4 prices above 0 at equal
    /// distances in time. Neither their number nor their level nor the size of their moves
    /// matters; see [`crate::encode::Shape::encode_path`].
    Path(Vec<f64>),
    /// A sentence, in a space whose weights read text.
    Text(String),
    /// A stored prototype, by its name: see [`crate::Database::save_prototype`].
    Prototype(String),
    /// All windows of a tag that are known: the mean of their unit vectors. Those that are flat, or begin before
    /// their series, have none. See [`crate::Database::add_tags`].
    Tag(String),
    /// A weighted sum of unit vectors, brought to unit length. Answers keep away from the windows of
    /// all its terms, and it has no bars of its own to refine by.
    Sum(Vec<(f32, Query)>),
}

impl From<Target> for Query {
    fn from(target: Target) -> Self {
        Self::Target(target)
    }
}

impl From<Bars> for Query {
    fn from(bars: Bars) -> Self {
        Self::Bars(bars)
    }
}

impl From<Vec<f32>> for Query {
    fn from(vector: Vec<f32>) -> Self {
        Self::Vector(vector)
    }
}

impl From<&Target> for Query {
    fn from(target: &Target) -> Self {
        Self::Target(target.clone())
    }
}

impl From<&Window> for Query {
    fn from(window: &Window) -> Self {
        Self::Target(window.into())
    }
}

impl From<Window> for Query {
    fn from(window: Window) -> Self {
        Self::from(&window)
    }
}

/// The window of a hit.
impl From<&Hit> for Query {
    fn from(hit: &Hit) -> Self {
        Self::from(&hit.window)
    }
}

/// The newest window of a series.
impl From<SeriesKey> for Query {
    fn from(key: SeriesKey) -> Self {
        Self::Target(key.into())
    }
}

/// A target if the text is one and has a `:` or an `@` in its first word, like `BTCUSDT:1h`; else a sentence.
impl From<&str> for Query {
    fn from(text: &str) -> Self {
        let first = text.split_whitespace().next().unwrap_or_default();
        match text.parse() {
            Ok(target) if first.contains([':', '@']) => Self::Target(target),
            _ => Self::text(text),
        }
    }
}

impl From<&[f32]> for Query {
    fn from(vector: &[f32]) -> Self {
        Self::Vector(vector.to_vec())
    }
}

impl Query {
    /// A sentence.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The latest window of a series, with a bar that has not closed yet.
    ///
    /// ```
    /// use rhymedb::{Bar, Database, Query, Target};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let view = db.now();
    /// let last = view.bars(&view.series_of(&target)?, None, None, Some(1))?.bars.get(0).unwrap();
    /// let price = last.close;
    /// let bar = Bar { time: last.time.plus_millis(3_600_000), open: price, high: price * 1.01, low: price, close: price * 1.01, volume: 5.0 };
    /// let answer = view.similar(Query::open(target, bar)).k(3).run()?;
    /// assert_eq!(answer.open_bar, Some(bar));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(target: Target, bar: Bar) -> Self {
        Self::Open(target, bar)
    }

    /// A stored prototype.
    pub fn prototype(name: impl Into<String>) -> Self {
        Self::Prototype(name.into())
    }

    /// The windows of a tag.
    pub fn tag(name: impl Into<String>) -> Self {
        Self::Tag(name.into())
    }

    /// This and the other.
    #[must_use]
    pub fn plus(self, other: impl Into<Query>) -> Self {
        self.with(1.0, other.into())
    }

    /// This without the other.
    #[must_use]
    pub fn minus(self, other: impl Into<Query>) -> Self {
        self.with(-1.0, other.into())
    }

    fn with(self, weight: f32, other: Self) -> Self {
        let mut terms = match self {
            Self::Sum(terms) => terms,
            one => vec![(1.0, one)],
        };
        terms.push((weight, other));
        Self::Sum(terms)
    }

    pub(in crate::db) fn reads_text(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Sum(terms) => terms.iter().any(|(_, q)| q.reads_text()),
            _ => false,
        }
    }

    /// The bar that has not closed yet, if it is asked with one.
    pub(in crate::db) fn open_bar(&self) -> Option<Bar> {
        match self {
            Self::Open(_, bar) => Some(*bar),
            _ => None,
        }
    }

    pub(in crate::db) fn first_prototype(&self) -> Option<&str> {
        match self {
            Self::Prototype(name) => Some(name),
            Self::Sum(terms) => terms.iter().find_map(|(_, q)| q.first_prototype()),
            _ => None,
        }
    }
}
