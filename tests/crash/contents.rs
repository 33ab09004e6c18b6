//! Everything that a user can see of a database, to be compared.

use std::fmt;

use crate::disk::WRITER;
use rhymedb::data::{CommitChanges, Headline, SeriesInfo, Space};
use rhymedb::query::{HeadlineHit, Prototype};
use rhymedb::{Bars, Control, Database, Error, Hit, Query, Result, Target, Timestamp, View};

/// What a database answers.
#[derive(Clone, PartialEq)]
pub struct Contents {
    series: Vec<SeriesInfo>,
    bars: Vec<Bars>,
    headlines: Vec<Headline>,
    spaces: Vec<SpaceContents>,
    /// Without the time at which they were made.
    prototypes: Vec<Prototype>,
    answers: Vec<Answer>,
    /// Stored weights of encoders.
    weights: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct SpaceContents {
    space: Space,
    /// All headlines that have a vector, by their distance to one.
    near: Vec<HeadlineHit>,
    rows: u64,
    flat: u64,
    waiting: u64,
}

/// Windows that were searched and the best of them, or why there are none.
type Answer = (String, Result<(u64, Vec<Hit>), String>);

/// How a database is stored: segments, dead rows and fresh rows of each space.
pub type Layout = Vec<(u64, u64, u64)>;

/// Contents and layout: two databases of one state have taken the same steps.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub contents: Contents,
    pub layout: Layout,
    /// What commits changed since the first one; `None` if that is not kept, as after a repair.
    pub told: Option<Vec<CommitChanges>>,
}

impl State {
    /// Reads everything, and checks it.
    pub fn of(db: &Database) -> Result<Self> {
        let verified = db.verify(&Control::new())?;
        let view = db.now();
        let layout = view.spaces()?;
        let layout = layout
            .iter()
            .map(|s| (s.segments, s.dead_rows, s.fresh_rows));
        Ok(Self {
            contents: Contents {
                weights: verified.weights,
                ..Contents::of(&view)?
            },
            layout: layout.collect(),
            told: match view.position()?.commit() {
                0 => Some(Vec::new()),
                _ => match db.changes_since(format!("1-{WRITER:016x}").parse()?) {
                    Ok(since) => Some(since.commits),
                    Err(Error::ChangesNotKept { .. }) => None,
                    Err(other) => return Err(other),
                },
            },
        })
    }
}

impl Contents {
    /// The same, with scores up to what encoding a piece of a series and encoding all of it may
    /// differ by.
    pub fn is_like(&self, other: &Self) -> bool {
        let close = |(x, y): (&Hit, &Hit)| x.window == y.window && (x.score - y.score).abs() < 2e-5;
        let same = |((target, a), (other, b)): (&Answer, &Answer)| {
            let alike = match (a, b) {
                (Ok((n, a)), Ok((m, b))) => {
                    n == m && a.len() == b.len() && a.iter().zip(b).all(close)
                }
                (a, b) => a == b,
            };
            target == other && alike
        };
        let stored = |c: &Self| (c.series.clone(), c.bars.clone(), c.headlines.clone());
        stored(self) == stored(other)
            && self.spaces == other.spaces
            && self.prototypes == other.prototypes
            && self.weights == other.weights
            && self.answers.len() == other.answers.len()
            && self.answers.iter().zip(&other.answers).all(same)
    }

    fn of(view: &View) -> Result<Self> {
        let series = view.series()?;
        let bars = series
            .iter()
            .map(|s| Ok(view.bars(&s.key, None, None, None)?.bars))
            .collect::<Result<Vec<_>>>()?;
        let spaces = view.spaces()?;
        let mut answers = Vec::new();
        for space in &spaces {
            for (series, bars) in series.iter().zip(&bars) {
                for part in [2, 3] {
                    let open = bars.time[bars.len() * part / 3 - 1];
                    let at = Timestamp::from_millis(open);
                    let target = format!("{}@{}", series.key, series.key.interval.close_of(at));
                    answers.push(ask(view, &space.space.name, target)?);
                }
            }
        }
        let mut prototypes = view.prototypes()?;
        for prototype in &mut prototypes {
            prototype.created = Timestamp::from_millis(0);
            let query = Query::prototype(&prototype.name);
            let asked = view.similar(query).exact(true).k(4).run()?;
            let name = format!("prototype:{}", prototype.name);
            answers.push((name, Ok((asked.searched.windows, asked.hits))));
        }
        let spaces = spaces.into_iter().map(|s| {
            let vector = vec![0.5; s.space.encoder.dim as usize];
            let near = match view.headlines_like(&s.space.name, &vector, usize::MAX) {
                // A space of charts alone.
                Err(Error::Invalid(told)) if told.contains("of charts and headlines") => Vec::new(),
                near => near?,
            };
            Ok(SpaceContents {
                near,
                space: s.space,
                rows: s.rows,
                flat: s.flat_windows,
                waiting: s.pending_ranges,
            })
        });
        Ok(Self {
            bars,
            headlines: view.headlines(None, None, None, usize::MAX)?,
            spaces: spaces.collect::<Result<_>>()?,
            answers,
            prototypes,
            weights: 0,
            series,
        })
    }
}

/// The exact answer, which does not depend on the layout.
fn ask(view: &View, space: &str, target: String) -> Result<Answer> {
    let parsed: Target = target.parse()?;
    let asked = view.similar(parsed).space(space).exact(true).k(4).run();
    let answer = match asked {
        Ok(answer) => Ok((answer.searched.windows, answer.hits)),
        Err(e @ (Error::NotFound { .. } | Error::Invalid(_))) => Err(e.to_string()),
        Err(e) => return Err(e),
    };
    Ok((format!("{space}: {target}"), answer))
}

impl fmt::Debug for Contents {
    /// What tells two states apart at a glance.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (series, bars) in self.series.iter().zip(&self.bars) {
            let closes: f64 = bars.close.iter().sum();
            write!(f, "{} {} bars, closes {closes}; ", series.key, bars.len())?;
        }
        let (headlines, weights) = (self.headlines.len(), self.weights);
        let prototypes = self.prototypes.len();
        write!(
            f,
            "{headlines} headlines, {weights} weights, {prototypes} prototypes; "
        )?;
        for SpaceContents {
            space,
            near,
            rows,
            flat,
            waiting,
        } in &self.spaces
        {
            let (name, near) = (&space.name, near.len());
            write!(
                f,
                "{name}: {rows} rows, {flat} flat, {waiting} wait, {near} headlines; "
            )?;
        }
        for (target, answer) in &self.answers {
            let best = answer.as_ref().map(|(n, hits)| (n, hits.first()));
            write!(f, "\n  {target}: {best:?}")?;
        }
        Ok(())
    }
}
