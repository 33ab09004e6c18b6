//! Chart patterns as they are drawn: the turns of the price.

/// A turn of a drawn pattern.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// How long the way to it is, beside the other ways: least and most.
    way: (f64, f64),
    /// Its height: 0 is the low of the pattern and 1 the high, about: least and most.
    height: (f64, f64),
}

/// A way to draw a pattern. Every turn may come a little earlier or later, higher or lower.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawing {
    /// Whether it is drawn upside down.
    mirrored: bool,
    /// Its turns. No way leads to the first.
    turns: &'static [Turn],
}

/// A pattern: its name and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    /// Its name.
    pub(super) name: &'static str,
    /// Other names of it.
    pub(super) also: &'static [&'static str],
    /// The similarity that chance alone reaches: of random walks and of real windows one in 100 to
    /// 200 is nearer to this pattern.
    pub(super) chance: f64,
    pub(super) drawings: &'static [Drawing],
}

const fn turn(way: (f64, f64), height: (f64, f64)) -> Turn {
    Turn { way, height }
}

/// Two lows at one level, a peak between them, and a rise to the peak's height or above.
const TWO_LOWS: &[Turn] = &[
    turn((0.0, 0.0), (0.55, 1.2)),
    turn((0.7, 1.4), (-0.05, 0.05)),
    turn((0.7, 1.4), (0.35, 0.75)),
    turn((0.7, 1.4), (-0.08, 0.08)),
    turn((0.6, 1.4), (0.6, 1.15)),
];
/// A low between two lows that are higher than it, and peaks of about one height between them.
const THREE_LOWS: &[Turn] = &[
    turn((0.0, 0.0), (0.65, 1.15)),
    turn((0.7, 1.3), (0.3, 0.55)),
    turn((0.7, 1.3), (0.7, 1.0)),
    turn((0.7, 1.3), (-0.05, 0.05)),
    turn((0.7, 1.3), (0.7, 1.0)),
    turn((0.7, 1.3), (0.3, 0.55)),
    turn((0.6, 1.3), (0.8, 1.15)),
];
/// Highs at one level and two lows that rise towards it.
const RISING_LOWS: &[Turn] = &[
    turn((0.0, 0.0), (-0.1, 0.25)),
    turn((0.9, 1.6), (0.95, 1.05)),
    turn((0.7, 1.2), (0.25, 0.5)),
    turn((0.7, 1.2), (0.95, 1.05)),
    turn((0.5, 1.0), (0.55, 0.75)),
    turn((0.5, 1.0), (0.93, 1.15)),
];
/// The same with a third low.
const RISING_LOWS_LONG: &[Turn] = &[
    turn((0.0, 0.0), (-0.1, 0.2)),
    turn((1.0, 1.8), (0.95, 1.05)),
    turn((0.8, 1.2), (0.2, 0.45)),
    turn((0.8, 1.2), (0.95, 1.05)),
    turn((0.6, 1.0), (0.5, 0.7)),
    turn((0.6, 1.0), (0.95, 1.05)),
    turn((0.3, 0.7), (0.7, 0.88)),
    turn((0.3, 0.7), (0.93, 1.15)),
];
/// The same, beginning at the high.
const RISING_LOWS_FROM_HIGH: &[Turn] = &[
    turn((0.0, 0.0), (0.9, 1.05)),
    turn((0.9, 1.5), (-0.1, 0.1)),
    turn((0.9, 1.4), (0.95, 1.05)),
    turn((0.7, 1.1), (0.25, 0.5)),
    turn((0.7, 1.1), (0.95, 1.05)),
    turn((0.4, 0.9), (0.5, 0.75)),
    turn((0.4, 0.9), (0.93, 1.15)),
];
/// A steep rise and a channel that leans against it, with two lows.
const POLE_AND_CHANNEL: &[Turn] = &[
    turn((0.0, 0.0), (-0.05, 0.05)),
    turn((3.0, 5.0), (1.0, 1.0)),
    turn((1.0, 1.6), (0.68, 0.85)),
    turn((1.0, 1.5), (0.8, 0.96)),
    turn((1.0, 1.6), (0.58, 0.78)),
    turn((0.7, 1.6), (0.68, 0.95)),
];
/// The same with three lows.
const POLE_AND_LONG_CHANNEL: &[Turn] = &[
    turn((0.0, 0.0), (-0.05, 0.05)),
    turn((3.0, 5.5), (1.0, 1.0)),
    turn((0.8, 1.2), (0.7, 0.85)),
    turn((0.8, 1.2), (0.85, 0.97)),
    turn((0.8, 1.2), (0.62, 0.78)),
    turn((0.8, 1.2), (0.74, 0.9)),
    turn((0.8, 1.2), (0.54, 0.72)),
    turn((0.0, 1.2), (0.6, 0.8)),
];
/// A steep rise and a pullback in one go.
const POLE_AND_PULLBACK: &[Turn] = &[
    turn((0.0, 0.0), (-0.05, 0.05)),
    turn((3.0, 5.5), (1.0, 1.0)),
    turn((3.0, 5.0), (0.55, 0.8)),
];
/// A rounded low back to the height at which it began, and a small pullback.
const CUP_AND_HANDLE: &[Turn] = &[
    turn((0.0, 0.0), (0.95, 1.08)),
    turn((0.6, 1.0), (0.5, 0.68)),
    turn((0.8, 1.1), (0.18, 0.32)),
    turn((1.0, 1.3), (0.02, 0.1)),
    turn((1.2, 1.6), (-0.03, 0.03)),
    turn((1.2, 1.6), (0.02, 0.1)),
    turn((1.0, 1.3), (0.18, 0.32)),
    turn((0.8, 1.1), (0.5, 0.68)),
    turn((0.6, 1.0), (0.92, 1.08)),
    turn((0.8, 1.5), (0.62, 0.84)),
    turn((0.8, 1.5), (0.8, 1.08)),
];

const TRIANGLE: [&[Turn]; 3] = [RISING_LOWS, RISING_LOWS_LONG, RISING_LOWS_FROM_HIGH];

/// All patterns, in the order of the built-in set of labels.
pub(super) const PATTERNS: [Pattern; 8] = [
    Pattern {
        name: "double bottom",
        also: &["double bottoms", "w bottom"],
        chance: 0.84,
        drawings: &[upright(TWO_LOWS)],
    },
    Pattern {
        name: "double top",
        also: &["double tops", "m top"],
        chance: 0.84,
        drawings: &[mirrored(TWO_LOWS)],
    },
    Pattern {
        name: "head and shoulders",
        also: &[
            "head-and-shoulders",
            "head & shoulders",
            "head and shoulders top",
        ],
        chance: 0.8,
        drawings: &[mirrored(THREE_LOWS)],
    },
    Pattern {
        name: "inverse head and shoulders",
        also: &[
            "inverse head-and-shoulders",
            "inverse head & shoulders",
            "inverted head and shoulders",
            "head and shoulders bottom",
        ],
        chance: 0.8,
        drawings: &[upright(THREE_LOWS)],
    },
    Pattern {
        name: "ascending triangle",
        also: &["ascending triangles", "rising triangle"],
        chance: 0.825,
        drawings: &[
            upright(TRIANGLE[0]),
            upright(TRIANGLE[1]),
            upright(TRIANGLE[2]),
        ],
    },
    Pattern {
        name: "descending triangle",
        also: &["descending triangles", "falling triangle"],
        chance: 0.825,
        drawings: &[
            mirrored(TRIANGLE[0]),
            mirrored(TRIANGLE[1]),
            mirrored(TRIANGLE[2]),
        ],
    },
    Pattern {
        name: "flag",
        also: &["bull flag", "bull flags", "flag pattern"],
        chance: 0.89,
        drawings: &[
            upright(POLE_AND_CHANNEL),
            upright(POLE_AND_LONG_CHANNEL),
            upright(POLE_AND_PULLBACK),
        ],
    },
    Pattern {
        name: "cup and handle",
        also: &["cup-and-handle", "cup with handle", "cup & handle"],
        chance: 0.845,
        drawings: &[upright(CUP_AND_HANDLE)],
    },
];

const fn upright(turns: &'static [Turn]) -> Drawing {
    Drawing {
        mirrored: false,
        turns,
    }
}

const fn mirrored(turns: &'static [Turn]) -> Drawing {
    Drawing {
        mirrored: true,
        turns,
    }
}

/// Numbers from 0 to 1 that fill the unit interval evenly, a sequence for each prime (Halton 1960).
fn halton(mut index: u32, prime: u32) -> f64 {
    let (mut share, mut sum) = (1.0, 0.0);
    while index > 0 {
        share /= f64::from(prime);
        sum += share * f64::from(index % prime);
        index /= prime;
    }
    sum
}

const PRIMES: [u32; 22] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79,
];

impl Drawing {
    /// One way to draw it: heights at `points` times that are equally far apart.
    pub(super) fn drawn(&self, variant: u32, points: usize) -> Vec<f64> {
        let index = variant.wrapping_mul(17).wrapping_add(20);
        let mut numbers = PRIMES.iter().map(|&prime| halton(index, prime));
        let mut between =
            |(least, most): (f64, f64)| least + (most - least) * numbers.next().unwrap_or(0.5);
        let mut turns: Vec<(f64, f64)> = Vec::with_capacity(self.turns.len());
        let mut time = 0.0;
        for turn in self.turns {
            if turn.way.1 > 0.0 {
                time += between(turn.way);
            }
            let height = between(turn.height);
            turns.push((time, if self.mirrored { 1.0 - height } else { height }));
        }
        let at = |i: usize| {
            let t = time * (i as f64 + 0.5) / points as f64;
            let mut ways = turns.array_windows::<2>();
            let way = ways.find(|[_, to]| t <= to.0);
            way.map_or(0.0, |[from, to]| {
                from.1 + (to.1 - from.1) * (t - from.0) / (to.0 - from.0).max(1e-9)
            })
        };
        (0..points).map(at).collect()
    }
}
