//! Whether a stretch of numbers is stationary: the test of Dickey and Fuller (1979), augmented by one lag.

/// Probabilities of statistics are those of MacKinnon (1994, 2010): the normal distribution at a polynomial, one below
/// `BEND` and one above.
const BEND: f64 = -1.61;
const BELOW: [f64; 3] = [2.1659, 1.4412, 0.038_269];
const ABOVE: [f64; 4] = [1.7339, 0.932_02, -0.127_45, -0.010_368];
/// Beyond these the probability is 0, or 1.
const ENDS: (f64, f64) = (-18.83, 2.74);

/// The statistic of the test with a constant and one lag: how far the share of the last value in the next change is
/// below 0, in standard errors. `None` if there are fewer than eight numbers, or if they do not move.
pub fn statistic(x: &[f64]) -> Option<f64> {
    if x.len() < 8 {
        return None;
    }
    // change = a + b last + c change before
    let rows: Vec<[f64; 4]> = x
        .array_windows::<3>()
        .map(|&[before, last, next]| [1.0, last, last - before, next - last])
        .collect();
    let mut system = [[0.0; 6]; 3];
    for row in &rows {
        for (i, line) in system.iter_mut().enumerate() {
            let own = row.get(i).copied()?;
            for (sum, x) in line.iter_mut().zip(row) {
                *sum += own * x;
            }
        }
    }
    // Beside the products of the regression stands a column that gives the variance of b.
    system.get_mut(1)?[4] = 1.0;
    eliminate(&mut system)?;
    let solution = |column: usize| system.map(|line| line.get(column).copied().unwrap_or(f64::NAN));
    let ([a, b, c], [_, variance, _]) = (solution(3), solution(4));
    let errors = rows
        .iter()
        .map(|[one, last, before, next]| (next - a * one - b * last - c * before).powi(2));
    let left = errors.sum::<f64>() / (rows.len() as f64 - 3.0);
    let found = b / (left * variance).sqrt();
    found.is_finite().then_some(found)
}

/// Brings the first three columns to the identity.
fn eliminate(system: &mut [[f64; 6]; 3]) -> Option<()> {
    for i in 0..3 {
        let best = (i..3).max_by(|&a, &b| {
            let size = |row: usize| {
                system
                    .get(row)
                    .and_then(|r| r.get(i))
                    .map_or(0.0, |x| x.abs())
            };
            size(a).total_cmp(&size(b))
        })?;
        system.swap(i, best);
        let pivot = *system.get(i)?.get(i)?;
        if pivot.abs() < 1e-12 {
            return None;
        }
        let line = system.get(i)?.map(|x| x / pivot);
        *system.get_mut(i)? = line;
        for (j, other) in system.iter_mut().enumerate() {
            if j != i {
                let share = *other.get(i)?;
                other
                    .iter_mut()
                    .zip(line)
                    .for_each(|(x, l)| *x -= share * l);
            }
        }
    }
    Some(())
}

/// The probability of a statistic at most so large for numbers that are not stationary.
pub fn probability(statistic: f64) -> f64 {
    if statistic < ENDS.0 {
        return 0.0;
    }
    if statistic > ENDS.1 {
        return 1.0;
    }
    let powers = |c: &[f64]| c.iter().rev().fold(0.0, |sum, c| sum * statistic + c);
    let at = if statistic <= BEND {
        powers(&BELOW)
    } else {
        powers(&ABOVE)
    };
    normal(at)
}

/// The normal distribution function, to 1e-7 (Abramowitz and Stegun 7.1.26 would give 1e-7 as well; this is the
/// continued fraction of Lentz beyond 3, and the series below).
fn normal(x: f64) -> f64 {
    let size = x.abs();
    let density = (-0.5 * size * size).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let beyond = if size < 3.0 {
        let (mut term, mut sum) = (size, size);
        for i in 1..60 {
            term *= size * size / (2.0 * f64::from(i) + 1.0);
            sum += term;
        }
        0.5 - density * sum
    } else {
        let mut fraction = 0.0;
        for i in (1..=60).rev() {
            fraction = f64::from(i) / (size + fraction);
        }
        density / (size + fraction)
    };
    if x > 0.0 { 1.0 - beyond } else { beyond }
}

/// How many windows far on both sides of a window its series stays stationary: 1 to `most`. `series` has the numbers of
/// `most` windows before the window, of the window and of `most` after it, as far as they are there; `middle` is
/// where the window's middle is in them. It grows as long as the mean probability over the channels is below 1 %.
pub fn reach(series: &[Vec<f64>], middle: usize, window: usize, most: usize) -> usize {
    let mut found = 1;
    for windows in 1..=most {
        let half = windows * window;
        let probabilities = series.iter().map(|channel| {
            let from = middle.saturating_sub(half);
            let some = channel.get(from..(middle + half).min(channel.len()));
            // What does not move says nothing against it, as in the public code.
            some.and_then(statistic).map_or(0.01, probability)
        });
        let mean = probabilities.sum::<f64>() / series.len().max(1) as f64;
        if mean > 0.01 {
            break;
        }
        found = windows;
    }
    found
}
