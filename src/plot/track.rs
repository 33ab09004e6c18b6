//! One series of a timeline.

use super::candles::{self, Places};
use super::flag_labels;
use super::frame::{self, MARGIN, SMALL};
use super::scale::{Extent, Scale, number, price, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Probe, Scene, Text};
use super::time;
use super::tracks::{Flag, Kind, Score, Scores, Track};
use crate::model::{Bar, Interval, Timestamp};

pub(super) const FLAGGED: &str = "flagged";
const BETWEEN: f64 = 26.0;
const SCORES: f64 = 120.0;
/// The height of the strip in which bands have their full colour.
const STRIP: f64 = 8.0;

/// The groups of the bands with a label.
pub(super) fn band_key(label: Option<usize>) -> String {
    label.map_or("band".to_owned(), |i| format!("band-{i}"))
}

/// Bar by bar from left to right: nights and weekends take no room.
pub(super) struct Axis<'a> {
    track: &'a Track,
    bars: Vec<Bar>,
    closes: Vec<i64>,
    x: f64,
    width: f64,
}

impl<'a> Axis<'a> {
    pub(super) fn new(track: &'a Track, x: f64, width: f64) -> Self {
        let finite = |bar: &Bar| {
            let prices = [bar.open, bar.high, bar.low, bar.close];
            prices.iter().all(|p| p.is_finite())
        };
        let bars: Vec<Bar> = track.bars.iter().filter(finite).collect();
        let close = |bar: &Bar| track.interval.close_of(bar.time).millis();
        Self {
            track,
            closes: bars.iter().map(close).collect(),
            bars,
            x,
            width,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    pub(super) fn interval(&self) -> Interval {
        self.track.interval
    }

    /// Dates below an area that stands over the axis.
    pub(super) fn dates(&self, scene: &mut Scene, area: Area) {
        let times: Vec<i64> = self.bars.iter().map(|b| b.time.millis()).collect();
        frame::dates(scene, area, &times, |i| self.at(i));
    }

    fn step(&self) -> f64 {
        self.width / self.bars.len().max(1) as f64
    }

    pub(super) fn at(&self, i: usize) -> f64 {
        self.x + (i as f64 + 0.5) * self.step()
    }

    /// The number of the bar that closed at a time, or next after it.
    pub(super) fn number(&self, end: Timestamp) -> usize {
        let next = self.closes.partition_point(|c| *c < end.millis());
        next.min(self.bars.len().saturating_sub(1))
    }

    /// The pixel that a bar is in, counted from the left.
    pub(super) fn pixel(&self, i: usize) -> usize {
        (self.at(i) - self.x) as usize
    }

    /// The bars that are drawn in one pixel, one pixel after the other.
    fn parts(&self) -> Vec<(usize, &[Bar])> {
        let mut parts = Vec::new();
        let mut first = 0;
        while first < self.bars.len() {
            let pixel = self.pixel(first);
            let same = (first..self.bars.len()).take_while(|&i| self.pixel(i) == pixel);
            let end = first + same.count().max(1);
            parts.extend(self.bars.get(first..end).map(|part| (pixel, part)));
            first = end;
        }
        parts
    }

    /// Where the labels of its flags stand.
    fn flag_labels(&self) -> Vec<Option<(f64, f64)>> {
        let span = |flag: &Flag| self.span(flag.first, flag.last);
        flag_labels::places(&self.track.flags, (self.x, self.x + self.width), span)
    }

    /// From the left of one bar to the right of another; at least three pixels.
    fn span(&self, first: Timestamp, last: Timestamp) -> (f64, f64) {
        let half = self.step() / 2.0;
        let (a, b) = (self.number(first), self.number(last));
        let (left, right) = (self.at(a) - half, self.at(b) + half);
        let room = ((3.0 - (right - left)) / 2.0).max(0.0);
        (left - room, right + room)
    }
}

/// Draws a series. Returns where the rest begins.
pub(super) fn draw(
    scene: &mut Scene,
    y: f64,
    track: &Track,
    (kinds, alone): (&[Kind], bool),
) -> f64 {
    let title = y + 14.0;
    let y = frame::section(scene, y, &format!("{} · price", track.name));
    let height = if alone { 260.0 } else { 170.0 };
    let prices = frame::labels(&price_scale(track, y, y + height), 6, number);
    let values = |y: f64| {
        let scores = track.scores.as_ref();
        scores.map(|s| score_scale(s, y + height + BETWEEN))
    };
    let left = MARGIN + gutter(&prices, values(y).map(|(_, labels)| labels));
    let axis = Axis::new(track, left, scene.width - MARGIN - left);
    let labels = axis.flag_labels();
    let y = y + flag_labels::room(&labels);
    let (scale, values) = (price_scale(track, y, y + height), values(y));
    let area = Area {
        x: left,
        y,
        width: axis.width,
        height,
    };
    frame::rows(scene, area, &scale, &prices);
    if axis.bars.is_empty() {
        return area.bottom() + BETWEEN;
    }
    bands(scene, &axis, area, kinds);
    let mut bottom = area.bottom();
    if let Some((below, ticks)) = &values {
        let height = SCORES;
        let under = Area {
            y: area.bottom() + BETWEEN,
            height,
            ..area
        };
        frame::rows(scene, under, below, ticks);
        bottom = under.bottom();
        flags(scene, &axis, &labels, (area.y, bottom));
        if let Some(scores) = &track.scores {
            draw_scores(scene, &axis, under, (scores, below));
        }
    } else {
        flags(scene, &axis, &labels, (area.y, bottom));
    }
    draw_price(scene, &axis, area, &scale);
    scene.probes.push(price_probe(&axis, area, &scale, kinds));
    let whole = Area {
        height: bottom - area.y,
        ..area
    };
    axis.dates(scene, whole);
    if scale.is_of_ratios() {
        let at = (area.right(), title);
        let text = Text::new(at, "logarithmic", SMALL).ink(Ink::Muted);
        scene.text(text.anchor(Anchor::End));
    }
    bottom + BETWEEN + 8.0
}

/// What an axis shows where there is no value.
const UNIT: Extent = Extent::new(0.0, 1.0);

/// How much room the labels of prices and of scores need at the left.
fn gutter(prices: &[(f64, String)], scores: Option<Vec<(f64, String)>>) -> f64 {
    let scores = scores.unwrap_or_default();
    frame::gutter(prices).max(frame::gutter(&scores))
}

pub(super) fn price_scale(track: &Track, top: f64, bottom: f64) -> Scale {
    let lows = range(track.bars.low.iter().chain(&track.bars.high).copied());
    let mut span = lows.unwrap_or(UNIT).widened(0.04);
    if span.low <= 0.0 {
        span.low = lows.map_or(0.0, |l| l.low);
    }
    Scale::of_prices(span, bottom, top)
}

fn score_scale(scores: &Scores, top: f64) -> (Scale, Vec<(f64, String)>) {
    let values = scores
        .points
        .iter()
        .map(|p| p.value)
        .chain(scores.threshold);
    let own = || range(values).unwrap_or(UNIT).widened(0.06);
    let span = scores.range.unwrap_or_else(own);
    let scale = Scale::linear(span, top + SCORES, top);
    let labels = frame::labels(&scale, 6, number);
    (scale, labels)
}

/// In each pixel the band of most bars: faint behind the price, and full in a strip below it.
fn bands(scene: &mut Scene, axis: &Axis<'_>, area: Area, kinds: &[Kind]) {
    let mut counts = vec![vec![0_u32; kinds.len()]; area.width.ceil() as usize + 1];
    for band in &axis.track.bands {
        let Some(label) = band.label else { continue };
        for i in axis.number(band.first)..=axis.number(band.last) {
            let pixel = counts.get_mut(axis.pixel(i));
            if let Some(slot) = pixel.and_then(|labels| labels.get_mut(label)) {
                *slot += 1;
            }
        }
    }
    // Where a bar is wider than a pixel, the pixels up to the next bar are its own too.
    let reach = axis.step().ceil().max(1.0);
    for (label, kind) in kinds.iter().enumerate() {
        let most = |counts: &Vec<u32>| {
            let best = counts.iter().copied().max().unwrap_or(0);
            let first = counts.iter().position(|c| *c == best);
            best > 0 && first == Some(label)
        };
        let mut runs: Vec<(f64, f64)> = Vec::new();
        for (pixel, _) in counts.iter().enumerate().filter(|(_, c)| most(c)) {
            let left = (area.x + pixel as f64 - reach / 2.0).max(area.x);
            let right = (left + reach).min(area.right());
            match runs.last_mut() {
                Some(run) if left <= run.1 + 0.5 => run.1 = right.max(run.1),
                _ => runs.push((left, right)),
            }
        }
        let boxes = |y: f64, height: f64, opacity: f64| Mark::Boxes {
            boxes: runs.iter().map(|(a, b)| [*a, y, b - a, height]).collect(),
            fill: kind.ink,
            opacity,
        };
        if !runs.is_empty() {
            scene.add(Mark::Group(Group {
                key: band_key(Some(label)),
                toggles: false,
                hint: kind.label.clone(),
                marks: vec![
                    boxes(area.y, area.height - STRIP, 0.2),
                    boxes(area.bottom() - STRIP, STRIP, 1.0),
                ],
            }));
        }
    }
}

fn flags(
    scene: &mut Scene,
    axis: &Axis<'_>,
    labels: &[Option<(f64, f64)>],
    (top, bottom): (f64, f64),
) {
    for (flag, place) in axis.track.flags.iter().zip(labels) {
        let (left, right) = axis.span(flag.first, flag.last);
        let mut marks = vec![Mark::Boxes {
            boxes: vec![[left, top, right - left, bottom - top]],
            fill: Ink::Flag,
            opacity: 0.2,
        }];
        if let Some((middle, above)) = place {
            let text = Text::new((*middle, top - above), flag.label.clone(), SMALL).bold();
            marks.push(Mark::Text(text.ink(Ink::Flag).anchor(Anchor::Middle)));
        }
        scene.add(Mark::Group(Group {
            key: FLAGGED.to_owned(),
            toggles: false,
            hint: flag.hint.clone(),
            marks,
        }));
    }
}

/// Candles if they have room, else the closes over the range from low to high in each pixel.
pub(super) fn draw_price(scene: &mut Scene, axis: &Axis<'_>, area: Area, scale: &Scale) {
    let places = Places {
        first: axis.at(0),
        step: axis.step(),
        scale,
        from: None,
    };
    if axis.step() >= 3.0 {
        let marks = candles::marks(&axis.bars, &places, 1.0);
        marks.into_iter().for_each(|mark| scene.add(mark));
        return;
    }
    let (mut highs, mut lows, mut line) = (Vec::new(), Vec::new(), Vec::new());
    for part in axis.parts() {
        let x = area.x + part.0 as f64 + 0.5;
        let high = part.1.iter().map(|b| b.high).fold(f64::MIN, f64::max);
        let low = part.1.iter().map(|b| b.low).fold(f64::MAX, f64::min);
        highs.push((x, scale.at(high)));
        lows.push((x, scale.at(low)));
        line.extend(part.1.last().map(|b| (x, scale.at(b.close))));
    }
    highs.extend(lows.into_iter().rev());
    scene.add(Mark::area(highs, Ink::Muted, 0.35));
    scene.add(Mark::line(line, Ink::Text, 1.1));
}

pub(super) fn price_probe(axis: &Axis<'_>, area: Area, scale: &Scale, kinds: &[Kind]) -> Probe {
    let mut points = Vec::new();
    let mut seen = 0;
    for (_, part) in axis.parts() {
        seen += part.len();
        let i = seen - 1;
        let (Some(bar), Some(&close)) = (part.last(), axis.closes.get(i)) else {
            continue;
        };
        let close = Timestamp::from_millis(close);
        let mut label = format!(
            "{}\nclose {}",
            time::moment(close, axis.track.interval),
            price(bar.close)
        );
        let holds = |first: Timestamp, last: Timestamp| (first..=last).contains(&close);
        let mut bands = axis.track.bands.iter();
        let band = bands.find(|b| holds(b.first, b.last)).and_then(|b| b.label);
        if let Some(kind) = band.and_then(|i| kinds.get(i)) {
            label.push_str(&format!("\n{}", kind.label));
        }
        let mut flags = axis.track.flags.iter();
        if let Some(flag) = flags.find(|f| holds(f.first, f.last)) {
            label.push_str(&format!("\n{}", flag.hint));
        }
        points.push(((axis.at(i), scale.at(bar.close)), label));
    }
    Probe {
        area,
        points,
        along: true,
        key: None,
    }
}

fn draw_scores(scene: &mut Scene, axis: &Axis<'_>, area: Area, (scores, scale): (&Scores, &Scale)) {
    let title = Text::new((area.x, area.y - 6.0), scores.name.clone(), SMALL);
    scene.text(title.ink(Ink::Muted).within(area.width));
    let kept = per_pixel(axis, scores);
    let place = |p: &Score| (axis.at(axis.number(p.end)), scale.at(p.value));
    if let Some(threshold) = scores.threshold {
        let y = scale.at(threshold);
        scene.add(Mark::dashed(
            vec![(area.x, y), (area.right(), y)],
            Ink::Flag,
            1.0,
        ));
    }
    let dots = |flagged: bool, fill: Ink, radius: f64| Mark::Dots {
        centres: kept
            .iter()
            .filter(|p| p.flagged == flagged)
            .map(|p| place(p))
            .collect(),
        radius,
        fill,
        opacity: if flagged { 1.0 } else { 0.6 },
    };
    if scores.joined {
        let line = kept.iter().map(|p| place(p)).collect();
        scene.add(Mark::line(line, Ink::Found, 1.1));
    } else {
        scene.add(dots(false, Ink::Found, 2.4));
    }
    if kept.iter().any(|p| p.flagged) {
        scene.add(Mark::Group(Group {
            key: FLAGGED.to_owned(),
            toggles: false,
            hint: String::new(),
            marks: vec![dots(true, Ink::Flag, 3.0)],
        }));
    }
    let label = |p: &&Score| {
        let when = time::moment(p.end, axis.track.interval);
        let more = if p.hint.is_empty() {
            String::new()
        } else {
            format!("\n{}", p.hint)
        };
        (
            place(p),
            format!("{when}\n{} {}{more}", scores.name, number(p.value, 3)),
        )
    };
    scene.probes.push(Probe {
        area,
        points: kept.iter().map(label).collect(),
        along: true,
        key: None,
    });
}

/// Of the scores in one pixel the greatest and the least, and those that are flagged if they are few.
fn per_pixel<'a>(axis: &Axis<'_>, scores: &'a Scores) -> Vec<&'a Score> {
    let pixel = |p: &Score| axis.pixel(axis.number(p.end));
    let mut kept: Vec<&Score> = Vec::new();
    for part in scores.points.chunk_by(|a, b| pixel(a) == pixel(b)) {
        let greatest = part.iter().max_by(|a, b| a.value.total_cmp(&b.value));
        let least = part.iter().min_by(|a, b| a.value.total_cmp(&b.value));
        let flagged = part.iter().find(|p| p.flagged);
        let mut some: Vec<&Score> = [greatest, least, flagged].into_iter().flatten().collect();
        some.sort_by_key(|p| p.end);
        some.dedup_by_key(|p| p.end);
        kept.extend(some);
    }
    kept
}
