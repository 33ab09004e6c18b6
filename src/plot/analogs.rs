//! Windows side by side: the one that was asked about and those that were found.

use super::candles::{self, Places, folded};
use super::fan::Fan;
use super::frame::{self, MARGIN, SMALL};
use super::scale::{Extent, Scale, percent, price, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Point, Probe, Scene, Text};
use super::{text, time};
use crate::model::{Bar, Bars, Interval};

/// The most charts that are drawn.
const MOST: usize = 60;
/// Charts whose ranges differ by more than this have scales of their own.
const UNLIKE: f64 = 6.0;
const NARROWEST: f64 = 240.0;
const GAP: f64 = 18.0;
const PLOT: f64 = 132.0;
const CHART: f64 = PLOT + 62.0;
/// Around a chart that stands alone.
const EDGE: f64 = 8.0;

/// Windows as small candle charts, in percent from the last close of each, all on one scale (or, where
/// that would leave some of them flat, each on its own, and the picture says so).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analogs {
    /// The heading.
    pub title: String,
    /// What was asked and as of when.
    pub subtitle: String,
    /// What a reader should know, below the charts.
    pub note: String,
    /// The window that was asked about, if it has bars.
    pub query: Option<Chart>,
    /// The windows that were found, best first. The first sixty are drawn.
    pub found: Vec<Chart>,
    /// What followed them all.
    pub fan: Option<Fan>,
}

/// A window.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its name: `BTCUSDT 1h`.
    pub name: String,
    /// What stands at the right of the name: rank and score.
    pub label: String,
    /// The length of its bars; `None` where they have no time, like a drawn path.
    pub interval: Option<Interval>,
    /// Its bars.
    pub bars: Bars,
    /// The bars after it, as far as they are known.
    pub later: Bars,
    /// Whether it is the asked event itself on another chart: a window of the same time.
    pub same_moment: bool,
}

impl Chart {
    /// The chart alone, on a scale of its own; `None` if it has no bars.
    pub(super) fn alone(&self, width: f64) -> Option<Scene> {
        let group = folding(self.bars.len() + self.later.len(), width);
        let drawn = Drawn::new(self, group)?;
        let sheet = Sheet {
            bars: drawn.bars.len(),
            later: drawn.later.len(),
            range: None,
            width: width - 2.0 * EDGE,
        };
        let mut scene = Scene::new(width, &format!("{} {}", self.name, self.label));
        let key = "hit-1".to_owned();
        draw(&mut scene, &drawn, &sheet, (EDGE, EDGE), (false, key));
        scene.height = CHART + 2.0 * EDGE;
        Some(scene)
    }
}

/// How many bars become one candle, so that a candle is two pixels or wider.
fn folding(bars: usize, wide: f64) -> usize {
    let most = ((wide - 60.0) / 2.0).max(16.0) as usize;
    bars.div_ceil(most).max(1)
}

/// A chart's bars as they are drawn: some folded into one.
struct Drawn<'a> {
    chart: &'a Chart,
    bars: Vec<Bar>,
    later: Vec<Bar>,
    first: f64,
    last: f64,
}

impl<'a> Drawn<'a> {
    /// `None` if there is nothing to draw.
    fn new(chart: &'a Chart, group: usize) -> Option<Self> {
        let finite = |bar: &Bar| {
            let prices = [bar.open, bar.high, bar.low, bar.close];
            prices.iter().all(|p| p.is_finite() && *p > 0.0)
        };
        let bars: Vec<Bar> = chart.bars.iter().filter(finite).collect();
        let later: Vec<Bar> = chart.later.iter().filter(finite).collect();
        Some(Self {
            chart,
            first: bars.first()?.open,
            last: bars.last()?.close,
            bars: folded(&bars, group),
            later: folded(&later, group),
        })
    }

    /// The move of the window, from its first open to its last close.
    fn moved(&self) -> String {
        percent(self.last / self.first - 1.0, 1)
    }

    /// The least and the greatest change from the last close.
    fn range(&self) -> Extent {
        let bars = self.bars.iter().chain(&self.later);
        let changes = bars
            .flat_map(|b| [b.low, b.high])
            .map(|p| p / self.last - 1.0);
        range(changes).unwrap_or_default()
    }
}

/// What all charts share.
struct Sheet {
    /// Bars of a window and after it.
    bars: usize,
    later: usize,
    /// `None` if each has its own.
    range: Option<Extent>,
    width: f64,
}

impl Analogs {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let room = width - 2.0 * MARGIN;
        let columns = ((room + GAP) / (NARROWEST + GAP)).floor().max(1.0);
        let wide = (room - GAP * (columns - 1.0)) / columns;
        let group = self.group(wide);
        let all = self.query.iter().chain(self.found.iter().take(MOST));
        let all: Vec<Drawn<'_>> = all.filter_map(|c| Drawn::new(c, group)).collect();
        let sheet = Sheet {
            bars: all.iter().map(|d| d.bars.len()).max().unwrap_or(0),
            later: all.iter().map(|d| d.later.len()).max().unwrap_or(0),
            range: shared_range(&all),
            width: wide,
        };
        let mut y = frame::heading(&mut scene, &self.title, &self.subtitle) + 8.0;
        let query = self.query.as_ref();
        for (i, drawn) in all.iter().enumerate() {
            let column = i % columns as usize;
            if i > 0 && column == 0 {
                y += CHART + GAP;
            }
            let x = MARGIN + column as f64 * (wide + GAP);
            let own = query.is_some_and(|q| std::ptr::eq(q, drawn.chart));
            let key = format!("hit-{}", i + usize::from(query.is_none()));
            draw(&mut scene, drawn, &sheet, (x, y), (own, key));
        }
        y += if all.is_empty() { 0.0 } else { CHART + 8.0 };
        if let Some(fan) = &self.fan {
            y = frame::section(&mut scene, y + 14.0, &fan.title);
            y = fan.draw(&mut scene, y, 300.0);
        }
        frame::finish(&mut scene, y, &self.full_note(&sheet, group));
        scene
    }

    /// How many bars become one candle.
    fn group(&self, wide: f64) -> usize {
        let all = self.query.iter().chain(&self.found);
        let longest = all.map(|c| c.bars.len() + c.later.len()).max();
        folding(longest.unwrap_or(1), wide)
    }

    fn full_note(&self, sheet: &Sheet, group: usize) -> String {
        let mut note = "Bold percent: the move of the window, from its first open to its last close. At the axis: percent from the last close".to_owned();
        note.push_str(match sheet.range {
            Some(_) => ", all on one scale.",
            None => ", each on its own scale, since one would leave some flat.",
        });
        if self.found.iter().take(MOST).any(|chart| chart.same_moment) {
            note.push_str(" A dashed line above a name: the asked event itself, on another chart.");
        }
        if sheet.later > 0 {
            note.push_str(" Right of the line, shaded: what came after the window; ? where that is not known yet.");
        }
        if group > 1 {
            note.push_str(&format!(" A candle is {group} bars."));
        }
        if self.found.len() > MOST {
            note.push_str(&format!(
                " The first {MOST} of {} are drawn.",
                self.found.len()
            ));
        }
        format!("{note} {}", self.note)
    }
}

/// The range of all charts, unless some would be flat on it.
fn shared_range(all: &[Drawn<'_>]) -> Option<Extent> {
    let ranges: Vec<Extent> = all.iter().map(Drawn::range).collect();
    let lengths = || ranges.iter().map(|range| range.length());
    let longest = lengths().fold(0.0, f64::max);
    let shortest = lengths().fold(f64::INFINITY, f64::min);
    let whole = range(ranges.iter().flat_map(|r| [r.low, r.high]))?;
    (longest <= UNLIKE * shortest).then(|| whole.widened(0.04))
}

fn draw(
    scene: &mut Scene,
    drawn: &Drawn<'_>,
    sheet: &Sheet,
    (x, y): Point,
    (own, key): (bool, String),
) {
    head(scene, drawn, sheet.width, (x, y), own);
    let (top, bottom) = (y + 40.0, y + 40.0 + PLOT);
    let span = sheet.range.unwrap_or_else(|| drawn.range().widened(0.04));
    let scale = Scale::linear(span, bottom, top);
    let labels = frame::labels(&scale, 6, |v, d| percent(v, d.saturating_sub(2)));
    let left = frame::gutter(&labels).max(44.0);
    let area = Area {
        x: x + left,
        y: top,
        width: sheet.width - left,
        height: PLOT,
    };
    let step = area.width / (sheet.bars + sheet.later).max(1) as f64;
    let line = area.x + step * sheet.bars as f64;
    if sheet.later > 0 {
        scene.add(Mark::boxed(
            line,
            top,
            area.right() - line,
            PLOT,
            Ink::Later,
        ));
    }
    frame::rows(scene, area, &scale, &labels);
    let places = Places {
        first: line - step * (drawn.bars.len() as f64 - 0.5),
        step,
        scale: &scale,
        from: Some(drawn.last),
    };
    let after = Places {
        first: line + step / 2.0,
        ..places
    };
    let mut marks = candles::marks(&drawn.bars, &places, 1.0);
    marks.extend(candles::marks(&drawn.later, &after, 0.5));
    if sheet.later > 0 {
        marks.push(Mark::dashed(
            vec![(line, top), (line, bottom)],
            Ink::Text,
            1.0,
        ));
    }
    scene.add(Mark::Group(Group {
        key: format!("chart-{key}"),
        toggles: false,
        hint: hint(drawn),
        marks,
    }));
    if sheet.later > 0 && drawn.later.is_empty() {
        let at = ((line + area.right()) / 2.0, (top + bottom) / 2.0 + 7.0);
        let mark = Text::new(at, "?", 20.0).ink(Ink::Muted);
        scene.text(mark.anchor(Anchor::Middle));
    }
    axis(scene, drawn, area, &places);
    scene.probes.push(probe(drawn, area, &places, key));
}

/// Name and label; below them dates and move.
fn head(scene: &mut Scene, drawn: &Drawn<'_>, wide: f64, (x, y): Point, own: bool) {
    let chart = drawn.chart;
    let ink = if own { Ink::Found } else { Ink::Text };
    let taken = text::width(&chart.label, 13.0, true) + 10.0;
    let name = Text::new((x, y + 14.0), chart.name.clone(), 13.0);
    scene.text(name.bold().ink(ink).within(wide - taken));
    let label = Text::new((x + wide, y + 14.0), chart.label.clone(), 13.0);
    scene.text(label.bold().ink(Ink::Found).anchor(Anchor::End));
    let moved = drawn.moved();
    let taken = text::width(&moved, 12.0, true) + 8.0;
    let moved = Text::new((x + wide, y + 31.0), moved, 12.0).bold();
    scene.text(moved.anchor(Anchor::End));
    if let Some(dates) = period(chart) {
        let dates = Text::new((x, y + 31.0), dates, 11.5).ink(Ink::Muted);
        scene.text(dates.within(wide - taken));
    }
    let rule = vec![(x, y - 3.0), (x + wide, y - 3.0)];
    scene.add(match (own, chart.same_moment) {
        (true, _) => Mark::line(rule, Ink::Found, 2.5),
        (false, true) => Mark::dashed(rule, Ink::Found, 2.5),
        (false, false) => Mark::line(rule, Ink::Grid, 1.0),
    });
}

/// From the first open to the last close of a window.
fn period(chart: &Chart) -> Option<String> {
    let interval = chart.interval?;
    let (first, last) = (chart.bars.get(0)?, chart.bars.time.last()?);
    let first = time::moment(first.time, interval);
    let last = time::closed(*last, interval);
    // The year once, if it is the same.
    let year = first.get(..5).unwrap_or_default();
    let last = last.strip_prefix(year).unwrap_or(&last);
    Some(format!("{first} → {last}"))
}

fn hint(drawn: &Drawn<'_>) -> String {
    let chart = drawn.chart;
    let later = drawn.later.last().map(|bar| {
        let change = percent(bar.close / drawn.last - 1.0, 1);
        format!("; {} bars later {change}", chart.later.len())
    });
    format!(
        "{} {}\n{}, {}{}",
        chart.name,
        chart.label,
        period(chart).unwrap_or_default(),
        drawn.moved(),
        later.unwrap_or_default()
    )
}

fn axis(scene: &mut Scene, drawn: &Drawn<'_>, area: Area, places: &Places<'_>) {
    if drawn.chart.interval.is_none() {
        let end = Text::new((area.x, area.bottom() + 16.0), "bars", SMALL);
        scene.text(end.ink(Ink::Muted));
        frame::columns(scene, area, &[]);
        return;
    }
    let bars = drawn.bars.iter().chain(&drawn.later);
    let times: Vec<i64> = bars.map(|bar| bar.time.millis()).collect();
    frame::dates(scene, area, &times, |i| places.x(i));
}

fn probe(drawn: &Drawn<'_>, area: Area, places: &Places<'_>, key: String) -> Probe {
    let all = drawn.bars.iter().chain(&drawn.later).enumerate();
    let label = |(i, bar): (usize, &Bar)| {
        let when = drawn.chart.interval.map_or_else(
            || format!("bar {}", i + 1),
            |interval| time::moment(bar.time, interval),
        );
        let place = if i < drawn.bars.len() {
            ""
        } else {
            ", after the window"
        };
        format!(
            "{}  {}\n{when}{place}\nopen {}  high {}  low {}  close {}\n{} from the last close",
            drawn.chart.name,
            drawn.chart.label,
            price(bar.open),
            price(bar.high),
            price(bar.low),
            price(bar.close),
            percent(bar.close / drawn.last - 1.0, 2)
        )
    };
    let points = all.map(|(i, bar)| ((places.x(i), places.y(bar.close)), label((i, bar))));
    Probe {
        area,
        points: points.collect(),
        along: true,
        key: Some(key),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn chart(day: &str, closes: &[f64]) -> Chart {
        let start: crate::model::Timestamp = day.parse().unwrap();
        let bar = |(i, close): (usize, &f64)| Bar {
            time: start.plus_millis(i as i64 * 86_400_000),
            open: 100.0,
            high: close.max(100.0),
            low: close.min(100.0),
            close: *close,
            volume: 1.0,
        };
        Chart {
            name: "AAA 1d".to_owned(),
            label: "1 · 0.9".to_owned(),
            interval: Some(Interval::days(1)),
            bars: closes.iter().enumerate().map(bar).collect(),
            later: Bars::default(),
            same_moment: false,
        }
    }

    fn texts(picture: &Analogs) -> Vec<String> {
        let scene = picture.scene(1_200.0);
        let text = |mark: &Mark| match mark {
            Mark::Text(text) => Some(text.text.clone()),
            _ => None,
        };
        scene.marks.iter().filter_map(text).collect()
    }

    #[test]
    fn a_chart_says_its_move_and_the_picture_its_scale() {
        let mut picture = Analogs {
            found: vec![
                chart("2021-12-30", &[99.0, 98.0, 87.5]),
                chart("2021-05-01", &[101.0, 103.0]),
            ],
            ..Analogs::default()
        };
        let said = texts(&picture);
        for part in [
            "−12.5 %",
            "+3.0 %",
            "2021-12-30 → 2022-01-02",
            "2021-05-01 → 05-03",
            "AAA 1d",
        ] {
            assert!(said.iter().any(|text| text == part), "{part}: {said:?}");
        }
        let note = |picture: &Analogs| texts(picture).concat();
        assert!(note(&picture).contains("all on one scale"));
        assert!(!note(&picture).contains("asked event itself"));
        if let Some(first) = picture.found.first_mut() {
            first.same_moment = true;
        }
        assert!(note(&picture).contains("asked event itself"));
        // On one scale with this one the others would be flat.
        picture.found.push(chart("2021-05-01", &[100.0, 700.0]));
        assert!(note(&picture).contains("each on its own scale"));
    }
}
