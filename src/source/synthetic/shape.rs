//! The shapes of events: paths through a few random knots.
//!
//! Time runs from 0 to 1 over the event, and the level is the log price since the bar before it,
//! in units of the event's amplitude. Every path ends at +1 or -1, and a first knot away from 0 is
//! a gap at the open of the first bar.

use super::event::EventKind;
use super::random::Stream;

/// One bar of an event, for one symbol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EventBar {
    /// Log return of this bar in amplitudes, the gap included.
    pub(super) step: f64,
    /// The part of `step` between the last close and this open.
    pub(super) gap: f64,
    /// How much of the ordinary return remains.
    pub(super) noise: f64,
    /// How much wider than usual the bar is.
    pub(super) range: f64,
    /// How much more than usual is traded.
    pub(super) volume: f64,
}

/// The course of one event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// The log return of the whole event, always positive.
    pub(super) amplitude: f64,
    /// Its bars.
    pub(super) bars: Vec<EventBar>,
}

type Knots = Vec<(f64, f64)>;

impl Shape {
    /// Draws the course of an event of `kind` over `bars` bars.
    pub(super) fn draw(kind: EventKind, bars: usize, stream: &mut Stream) -> Self {
        let (low, high) = amplitudes(kind);
        let amplitude = stream.between(low, high);
        let knots = path(kind, stream);
        let start = knots.first().map_or(0.0, |knot| knot.1);
        let mut before = 0.0;
        let course = pace(bars, stream).into_iter().enumerate().map(|(i, end)| {
            let level = level_at(&knots, end);
            let step = level - before;
            before = level;
            let gap = if i == 0 { start } else { 0.0 };
            let (noise, range, volume) = texture(kind, end, step * bars as f64);
            EventBar {
                step,
                gap,
                noise,
                range,
                volume,
            }
        });
        Self {
            amplitude,
            bars: course.collect(),
        }
    }
}

/// The shortest and the longest event of a kind, in bars.
pub(super) fn durations(kind: EventKind) -> (usize, usize) {
    match kind {
        EventKind::Pump => (12, 28),
        EventKind::Crash => (8, 20),
        EventKind::ShortSqueeze => (20, 44),
        EventKind::Rally => (28, 48),
        EventKind::Dump => (20, 48),
        EventKind::EarningsBeat => (10, 24),
        EventKind::RateHike => (8, 14),
        EventKind::SectorRally => (16, 32),
        EventKind::CeoScandal => (10, 24),
    }
}

fn amplitudes(kind: EventKind) -> (f64, f64) {
    match kind {
        EventKind::Pump => (0.10, 0.24),
        EventKind::Crash => (0.12, 0.32),
        EventKind::ShortSqueeze => (0.12, 0.26),
        EventKind::Rally | EventKind::Dump => (0.12, 0.28),
        EventKind::EarningsBeat => (0.08, 0.20),
        EventKind::RateHike => (0.05, 0.10),
        EventKind::SectorRally => (0.08, 0.18),
        EventKind::CeoScandal => (0.12, 0.35),
    }
}

/// Noise, range and volume of a bar that ends at `end`, where the price moves by `speed`
/// amplitudes an event length.
fn texture(kind: EventKind, end: f64, speed: f64) -> (f64, f64, f64) {
    let speed = speed.abs();
    match kind {
        EventKind::Crash => (0.9, 1.5, 1.5 + 1.2 * speed),
        EventKind::Pump | EventKind::ShortSqueeze => (0.7, 1.3, 1.0 + 0.9 * speed),
        EventKind::Dump => (0.7, 1.3, 1.0 + 0.6 * speed),
        EventKind::Rally | EventKind::SectorRally => (0.7, 1.1, 1.3),
        EventKind::RateHike => (0.5, 1.9, 2.5 - 1.3 * end),
        EventKind::EarningsBeat => (0.6, 1.1, 1.2 + 3.0 * (1.0 - end) * (1.0 - end)),
        EventKind::CeoScandal => (0.7, 1.5, 1.3 + 4.0 * (1.0 - end) * (1.0 - end)),
    }
}

fn path(kind: EventKind, stream: &mut Stream) -> Knots {
    match kind {
        EventKind::Pump => pump(stream),
        EventKind::Crash => crash(stream),
        EventKind::ShortSqueeze => short_squeeze(stream),
        EventKind::Rally | EventKind::SectorRally => climb(stream),
        EventKind::Dump => stairs_down(stream),
        EventKind::EarningsBeat => {
            let gap = stream.between(0.5, 0.75);
            let middle = gap + (1.0 - gap) * stream.between(0.5, 0.8);
            vec![(0.0, gap), (0.5, middle), (1.0, 1.0)]
        }
        EventKind::RateHike => {
            let gap = -stream.between(0.35, 0.55);
            let bottom = stream.between(0.55, 0.75);
            vec![(0.0, gap), (bottom, -1.2), (1.0, -1.0)]
        }
        EventKind::CeoScandal => {
            let gap = -stream.between(0.4, 0.6);
            let middle = gap - (1.0 + gap) * stream.between(0.4, 0.65);
            vec![(0.0, gap), (0.5, middle), (1.0, -1.0)]
        }
    }
}

fn pump(stream: &mut Stream) -> Knots {
    let peak_at = stream.between(0.22, 0.38);
    let fade = stream.between(0.30, 0.50);
    let peak = 1.0 / (1.0 - fade);
    vec![
        (0.0, 0.0),
        (peak_at * 0.6, peak * stream.between(0.35, 0.5)),
        (peak_at, peak),
        (peak_at + (1.0 - peak_at) * 0.4, peak - (peak - 1.0) * 0.75),
        (1.0, 1.0),
    ]
}

fn crash(stream: &mut Stream) -> Knots {
    let bottom_at = stream.between(0.30, 0.50);
    let bottom = -1.0 / (1.0 - stream.between(0.12, 0.28));
    vec![
        (0.0, 0.0),
        (bottom_at * 0.5, bottom * stream.between(0.35, 0.5)),
        (bottom_at, bottom),
        (bottom_at + (1.0 - bottom_at) * 0.4, -1.0),
        (1.0, -1.0),
    ]
}

fn short_squeeze(stream: &mut Stream) -> Knots {
    let turn_at = stream.between(0.60, 0.75);
    let bottom = -stream.between(0.30, 0.50);
    vec![
        (0.0, 0.0),
        (turn_at, bottom),
        (turn_at + (1.0 - turn_at) * 0.7, 1.1),
        (1.0, 1.0),
    ]
}

fn climb(stream: &mut Stream) -> Knots {
    vec![
        (0.0, 0.0),
        (0.25, stream.between(0.18, 0.30)),
        (0.50, stream.between(0.42, 0.56)),
        (0.75, stream.between(0.68, 0.82)),
        (1.0, 1.0),
    ]
}

/// Three to five steps; each is a fall and then a rest with a small bounce.
fn stairs_down(stream: &mut Stream) -> Knots {
    let steps = stream.whole(3, 5);
    let width = 1.0 / steps as f64;
    let mut knots = vec![(0.0, 0.0)];
    for step in 0..steps {
        let start = step as f64 * width;
        let level = -(step as f64 + 1.0) * width;
        knots.push((start + width * 0.3, level - width * 0.2));
        knots.push((start + width, level));
    }
    knots
}

/// When each bar of an event ends, on the time from 0 to 1: some bars cover more of the path than
/// others, so that no climb is a ruler's line.
fn pace(bars: usize, stream: &mut Stream) -> Vec<f64> {
    let spans: Vec<f64> = (0..bars).map(|_| stream.between(0.3, 1.7)).collect();
    let total: f64 = spans.iter().sum();
    let mut covered = 0.0;
    let ends = spans.iter().enumerate().map(|(i, span)| {
        covered += span;
        // The last bar ends at 1, and not a rounding error before it.
        if i + 1 < bars { covered / total } else { 1.0 }
    });
    ends.collect()
}

fn level_at(knots: &[(f64, f64)], time: f64) -> f64 {
    let mut last = (0.0, 0.0);
    for &(at, level) in knots {
        if time <= at {
            let width = at - last.0;
            let part = if width > 0.0 {
                (time - last.0) / width
            } else {
                1.0
            };
            return last.1 + (level - last.1) * part;
        }
        last = (at, level);
    }
    last.1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::super::market_kind::MarketKind;
    use super::super::random::Purpose;
    use super::*;

    fn levels(shape: &Shape) -> Vec<f64> {
        let mut level = 0.0;
        let steps = shape.bars.iter().map(|bar| {
            level += bar.step;
            level
        });
        steps.collect()
    }

    #[test]
    fn every_path_ends_one_amplitude_away_in_its_direction() {
        let mut stream = Stream::new(1, Purpose::Prices, MarketKind::Crypto, 0);
        for kind in EventKind::ALL {
            let (shortest, longest) = durations(kind);
            assert!(8 <= shortest && longest <= 48);
            for bars in shortest..=longest {
                let shape = Shape::draw(kind, bars, &mut stream);
                let sign = if kind.is_upward() { 1.0 } else { -1.0 };
                assert_eq!(shape.bars.len(), bars);
                assert!((levels(&shape)[bars - 1] - sign).abs() < 1e-9, "{kind}");
                assert!(shape.amplitude > 0.0);
                assert!(
                    shape
                        .bars
                        .iter()
                        .all(|b| b.volume >= 1.0 && b.noise > 0.0 && b.range >= 1.0)
                );
            }
        }
    }

    #[test]
    fn shapes_do_what_their_names_say() {
        let mut stream = Stream::new(2, Purpose::Prices, MarketKind::Crypto, 0);
        let mut draw = |kind| Shape::draw(kind, 24, &mut stream);
        let pump = levels(&draw(EventKind::Pump));
        let peak = pump.iter().cloned().fold(f64::MIN, f64::max);
        assert!(
            peak > 1.25 && pump[..12].contains(&peak),
            "the rise is quick and fades"
        );
        let squeeze = levels(&draw(EventKind::ShortSqueeze));
        assert!(squeeze[11] < -0.15 && squeeze[22] > 0.9);
        let scandal = draw(EventKind::CeoScandal);
        assert!(scandal.bars[0].gap < -0.35 && scandal.bars.iter().all(|b| b.step < 0.0));
        let crash = draw(EventKind::Crash);
        let volume = |part: &[EventBar]| part.iter().map(|b| b.volume).sum::<f64>();
        assert!(volume(&crash.bars[..8]) > 2.0 * volume(&crash.bars[16..]));
    }
}
