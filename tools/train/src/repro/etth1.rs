//! ETTh1: the load and oil temperature of a transformer by the hour (Zhou et al. 2021), as the papers on
//! representations of series use it.

use rhymedb::{Error, Result};

use super::ridge::{Ridge, Table};

/// Properties of the time of a row, and its series.
pub const TIMES: usize = 7;
/// See [`TIMES`].
pub const SERIES: usize = 7;
/// Where the parts end, in rows: 12, 4 and 4 months of 30 days.
pub const ENDS: [usize; 3] = [8640, 11_520, 14_400];
/// How far the papers look ahead.
pub const HORIZONS: [usize; 5] = [24, 48, 168, 336, 720];
/// Rows at the start of each part of whose representations nothing is made.
const SKIPPED: usize = 200;
/// What the penalty of the regression is chosen from, on the validation part.
const PENALTIES: [f64; 13] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0,
];

/// Rows of numbers at mean 0 and deviation 1 over the training part: properties of the time, then series.
#[derive(Clone, Debug, PartialEq)]
pub struct Etth1 {
    /// `TIMES + SERIES` numbers a row.
    pub rows: Vec<f32>,
}

impl Etth1 {
    /// Numbers of a row.
    pub const WIDTH: usize = TIMES + SERIES;

    /// Reads the text of the published file.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the line that is not of that form.
    pub fn parse(text: &str) -> Result<Self> {
        let mut rows = Vec::new();
        let lines = text.lines().enumerate();
        for (i, line) in lines.skip(1).take(ENDS.iter().max().copied().unwrap_or(0)) {
            let row = row(line).ok_or_else(|| {
                Error::Invalid(format!(
                    "expected the file ETTh1.csv, whose lines have a time like 2016-07-01 00:00:00 and {SERIES} numbers, found another line {}",
                    i + 1
                ))
            })?;
            rows.extend(row);
        }
        let count = rows.len() / Self::WIDTH;
        let [train, _, all] = ENDS;
        if count < all {
            return Err(Error::Invalid(format!(
                "expected the file ETTh1.csv with {all} hours, found {count}"
            )));
        }
        for column in 0..Self::WIDTH {
            let of = rows.iter().skip(column).step_by(Self::WIDTH);
            let known: Vec<f64> = of.take(train).copied().collect();
            let mean = known.iter().sum::<f64>() / train as f64;
            let squares = known.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            let deviation = (squares / train as f64).sqrt();
            let deviation = if deviation > 0.0 { deviation } else { 1.0 };
            for x in rows.iter_mut().skip(column).step_by(Self::WIDTH) {
                *x = (*x - mean) / deviation;
            }
        }
        Ok(Self {
            rows: rows.iter().map(|&x| x as f32).collect(),
        })
    }

    /// The rows of the training part.
    pub fn train(&self) -> &[f32] {
        let [train, _, _] = ENDS;
        self.rows.get(..train * Self::WIDTH).unwrap_or(&self.rows)
    }

    /// The mean squared error on the test part of a ridge regression from the representation of each
    /// row, `width` numbers, to the series of the `horizon` rows after it; and the penalty.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are not as many representations as rows, or the regression has no solution.
    pub fn judge(
        &self,
        representations: &[f32],
        width: usize,
        horizon: usize,
    ) -> Result<(f64, f64)> {
        let [train, validation, test] = ENDS;
        let part = |from: usize, to: usize| Pairs {
            data: self,
            representations,
            width,
            horizon,
            rows: from..to.saturating_sub(horizon),
        };
        // As in the public code, only the first part begins without a past.
        let (known, choosing) = (part(SKIPPED, train), part(train, validation));
        let judged = part(validation, test);
        let ridge = Ridge::new(&known.inputs()?, &known.outputs()?)?;
        let (inputs, outputs) = (choosing.inputs()?, choosing.outputs()?);
        let mut best = (f64::INFINITY, 0.0, None);
        for penalty in PENALTIES {
            let map = ridge.solve(penalty)?;
            let (squared, absolute) = map.errors(&inputs, &outputs)?;
            let cost = squared.sqrt() + absolute;
            if cost < best.0 {
                best = (cost, penalty, Some(map));
            }
        }
        let Some(map) = best.2 else {
            return Err(Error::Invalid(
                "the regression gives no finite numbers".to_owned(),
            ));
        };
        let (squared, _) = map.errors(&judged.inputs()?, &judged.outputs()?)?;
        Ok((squared, best.1))
    }
}

/// Representations with what comes after them.
struct Pairs<'a> {
    data: &'a Etth1,
    representations: &'a [f32],
    width: usize,
    horizon: usize,
    rows: std::ops::Range<usize>,
}

impl Pairs<'_> {
    fn inputs(&self) -> Result<Table> {
        let range = self.rows.start * self.width..self.rows.end * self.width;
        let values = self.representations.get(range);
        Table::new(
            self.width,
            values.unwrap_or_default().to_vec(),
            self.rows.len(),
        )
    }

    fn outputs(&self) -> Result<Table> {
        let mut values = Vec::with_capacity(self.rows.len() * self.horizon * SERIES);
        for row in self.rows.clone() {
            let next = self.data.rows.chunks_exact(Etth1::WIDTH);
            for row in next.skip(row + 1).take(self.horizon) {
                values.extend(row.iter().skip(TIMES));
            }
        }
        Table::new(self.horizon * SERIES, values, self.rows.len())
    }
}

/// A line: properties of its time, and its series.
fn row(line: &str) -> Option<Vec<f64>> {
    let mut fields = line.split(',');
    let (date, time) = fields.next()?.split_once(' ')?;
    let mut date = date.split('-').map(|x| x.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.split(':').map(|x| x.parse::<i64>().ok());
    let (hour, minute) = (time.next()??, time.next()??);
    let number = days(year, month, day);
    // 1970-01-01 was a Thursday; Monday is 0.
    let weekday = (number + 3).rem_euclid(7);
    let of_year = number - days(year, 1, 1) + 1;
    // The week has the number that its Thursday has among those of its year.
    let thursday = number - weekday + 3;
    let first = (year - 1..=year + 1)
        .rev()
        .map(|y| days(y, 1, 1))
        .find(|d| *d <= thursday)?;
    let week = (thursday - first) / 7 + 1;
    let times = [minute, hour, weekday, day, of_year, month, week];
    let mut row: Vec<f64> = times.map(|x| x as f64).to_vec();
    for field in fields {
        row.push(field.trim().parse().ok()?);
    }
    (row.len() == Etth1::WIDTH && row.iter().all(|x| x.is_finite())).then_some(row)
}

/// Days since 1970-01-01 (Gregorian).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// For tests: the properties of a line's time.
#[doc(hidden)]
pub fn times_of(line: &str) -> Option<Vec<f64>> {
    row(line).map(|row| row.into_iter().take(TIMES).collect())
}
