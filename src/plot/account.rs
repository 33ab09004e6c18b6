//! What a rule would have done to an account: the price with its trades, the account beside others, and its falls.

use super::frame::{self, Entry, MARGIN, SMALL, Swatch};
use super::scale::{Extent, Scale, number, percent, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Point, Probe, Scene, Text};
use super::time;
use super::track::{self, Axis};
use super::tracks::Track;
use crate::model::{Bars, Interval, Timestamp};

/// An account that traded one series, in three panels: the price with entries and exits; the account beside buying and
/// holding and the band of accounts by chance; and how far the account was below its highest value.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The heading.
    pub title: String,
    /// What was replayed, and how.
    pub subtitle: String,
    /// What a reader should know, below the panels.
    pub note: String,
    /// The series: `BTCUSDT 1h`.
    pub name: String,
    /// The length of its bars.
    pub interval: Interval,
    /// Its bars, those that were replayed.
    pub bars: Bars,
    /// Its trades.
    pub trades: Vec<AccountTrade>,
    /// The account and others, ascending in time.
    pub values: Vec<AccountValue>,
    /// Accounts by chance at some of these closes, ascending in time; may be empty.
    pub chance: Vec<AccountChance>,
}

/// A position from entry to exit.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountTrade {
    /// Whether it gains from rising prices.
    pub long: bool,
    /// When the bar of the entry closed, and the price.
    pub entry: (Timestamp, f64),
    /// When the bar of the exit closed, and the price.
    pub exit: (Timestamp, f64),
    /// More about it, said where a reader asks.
    pub hint: String,
}

/// Accounts at a close; each was 1 before the first bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountValue {
    /// The close.
    pub end: Timestamp,
    /// The account.
    pub value: f64,
    /// The account of buying at the first open and holding.
    pub hold: f64,
}

/// Accounts by chance at a close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountChance {
    /// The close.
    pub end: Timestamp,
    /// The values below which lie 5, 50 and 95 % of them.
    pub quantiles: [f64; 3],
}

const PRICE: f64 = 260.0;
const VALUES: f64 = 190.0;
const FALLS: f64 = 100.0;
const BETWEEN: f64 = 40.0;
/// With more trades than this they have no arrows, which would hide one another.
const ARROWS: usize = 200;
/// What an axis shows where there is no value.
const UNIT: Extent = Extent::new(0.9, 1.1);

impl Account {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let y = frame::heading(&mut scene, &self.title, &self.subtitle);
        let y = frame::legend(&mut scene, y, self.entries());
        let track = Track {
            name: self.name.clone(),
            interval: self.interval,
            bars: self.bars.clone(),
            bands: Vec::new(),
            flags: Vec::new(),
            scores: None,
        };
        let falls = self.falls();
        let panels = self.panels((&track, &falls), (width, y + 20.0));
        for panel in &panels {
            panel.frame(&mut scene);
        }
        let [upper, middle, lower] = &panels;
        let axis = Axis::new(&track, upper.area.x, upper.area.width);
        if !axis.is_empty() {
            track::draw_price(&mut scene, &axis, upper.area, &upper.scale);
            self.draw_trades(&mut scene, &axis, &upper.scale);
            let probe = track::price_probe(&axis, upper.area, &upper.scale, &[]);
            scene.probes.push(probe);
            self.draw_values(&mut scene, &axis, (middle.area, &middle.scale));
            draw_falls(&mut scene, &axis, (lower.area, &lower.scale), &falls);
            let whole = Area {
                height: lower.area.bottom() - upper.area.y,
                ..upper.area
            };
            axis.dates(&mut scene, whole);
        }
        frame::finish(&mut scene, lower.area.bottom() + 34.0, &self.note);
        scene
    }

    /// The three panels, one below the other from `top` on, with one axis of time.
    fn panels(
        &self,
        (track, falls): (&Track, &[(Timestamp, f64)]),
        (width, top): (f64, f64),
    ) -> [Panel; 3] {
        let middle = top + PRICE + BETWEEN;
        let below = middle + VALUES + BETWEEN;
        let deepest = falls.iter().map(|(_, fall)| *fall).fold(-0.01, f64::min);
        let deepest = Extent::new(1.05 * deepest, 0.0);
        let change = |v: f64, d: usize| percent(v, d.saturating_sub(2));
        let panel = |y: f64, height: f64, scale: Scale, labels, title: &str| Panel {
            area: Area {
                x: MARGIN,
                y,
                width: width - 2.0 * MARGIN,
                height,
            },
            scale,
            labels,
            title: title.to_owned(),
        };
        let prices = track::price_scale(track, top, top + PRICE);
        let values = self.value_scale(middle);
        let depths = Scale::linear(deepest, below + FALLS, below);
        let price_labels = frame::labels(&prices, 6, number);
        let value_labels = frame::labels(&values, 6, |v, d| change(v - 1.0, d));
        let depth_labels = frame::labels(&depths, 4, change);
        let name = format!("{} · price", self.name);
        let mut panels = [
            panel(top, PRICE, prices, price_labels, &name),
            panel(middle, VALUES, values, value_labels, "account"),
            panel(
                below,
                FALLS,
                depths,
                depth_labels,
                "below its highest value",
            ),
        ];
        let gutters = panels.iter().map(|panel| frame::gutter(&panel.labels));
        let gutter = gutters.fold(0.0, f64::max);
        for panel in &mut panels {
            panel.area.x += gutter;
            panel.area.width -= gutter;
        }
        panels
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |key: &str, label: &str, ink, swatch| Entry {
            key: key.to_owned(),
            label: label.to_owned(),
            ink,
            swatch,
        };
        let mut all = Vec::new();
        for (key, label, long, ink) in [
            ("long", "long, from entry to exit", true, Ink::Rise),
            ("short", "short", false, Ink::Fall),
        ] {
            if self.trades.iter().any(|t| t.long == long) {
                all.push(entry(key, label, ink, Swatch::Line));
            }
        }
        all.push(entry("account", "the account", Ink::Found, Swatch::Line));
        all.push(entry("hold", "buy and hold", Ink::Text, Swatch::Dashes));
        if !self.chance.is_empty() {
            let label = "random positions of the same turnover: 5 to 95 %, median";
            all.push(entry("chance", label, Ink::Base, Swatch::Box));
        }
        all
    }

    /// How far the account is below its highest value until then, from 0 down to -1.
    fn falls(&self) -> Vec<(Timestamp, f64)> {
        let mut highest = 1.0_f64;
        let fall = |v: &AccountValue| {
            highest = highest.max(v.value);
            (v.end, v.value / highest - 1.0)
        };
        self.values.iter().map(fall).collect()
    }

    fn value_scale(&self, top: f64) -> Scale {
        let own = self.values.iter().flat_map(|v| [v.value, v.hold]);
        let chance = self.chance.iter().flat_map(|c| c.quantiles);
        let found = range(own.chain(chance).chain([1.0])).unwrap_or(UNIT);
        let flat = found.length() < 1e-9;
        let mut span = if flat { UNIT } else { found.widened(0.05) };
        if found.low > 0.0 {
            // A logarithm needs more than 0.
            span.low = span.low.max(0.5 * found.low);
        }
        Scale::of_prices(span, top + VALUES, top)
    }

    /// A line from entry to exit, and an arrow at the entry that says which way.
    fn draw_trades(&self, scene: &mut Scene, axis: &Axis<'_>, scale: &Scale) {
        let place = |(end, price): (Timestamp, f64)| (axis.at(axis.number(end)), scale.at(price));
        for (key, long, ink) in [("long", true, Ink::Rise), ("short", false, Ink::Fall)] {
            let mut marks = Vec::new();
            for trade in self.trades.iter().filter(|t| t.long == long) {
                let (a, b) = (place(trade.entry), place(trade.exit));
                let mut parts = vec![Mark::line(vec![a, b], ink, 2.0)];
                if self.trades.len() <= ARROWS {
                    parts.push(arrow(a, long, ink));
                    parts.push(Mark::Dots {
                        centres: vec![b],
                        radius: 2.6,
                        fill: ink,
                        opacity: 1.0,
                    });
                }
                marks.push(group("trade", &trade.hint, parts));
            }
            if !marks.is_empty() {
                scene.add(group(key, "", marks));
            }
        }
    }

    fn draw_values(&self, scene: &mut Scene, axis: &Axis<'_>, (area, scale): (Area, &Scale)) {
        let one = scale.at(1.0);
        let start = vec![(area.x, one), (area.right(), one)];
        scene.add(Mark::line(start, Ink::Axis, 1.0));
        let x = |end: Timestamp| axis.at(axis.number(end));
        let of_chance = |i: usize| -> Vec<Point> {
            let at = |c: &AccountChance| {
                let value = c.quantiles.get(i).copied().unwrap_or(1.0);
                (x(c.end), scale.at(value))
            };
            self.chance.iter().map(at).collect()
        };
        if !self.chance.is_empty() {
            let mut band = of_chance(0);
            band.extend(of_chance(2).into_iter().rev());
            let median = Mark::dashed(of_chance(1), Ink::Base, 1.2);
            let marks = vec![Mark::area(band, Ink::Base, 0.25), median];
            scene.add(group("chance", "", marks));
        }
        let kept = per_pixel(axis, &self.values);
        let line = |of: fn(&AccountValue) -> f64| -> Vec<Point> {
            kept.iter().map(|v| (x(v.end), scale.at(of(v)))).collect()
        };
        let hold = Mark::dashed(line(|v| v.hold), Ink::Text, 1.2);
        scene.add(group("hold", "", vec![hold]));
        let own = Mark::line(line(|v| v.value), Ink::Found, 2.0);
        scene.add(group("account", "", vec![own]));
        let label = |v: &&AccountValue| {
            let when = time::moment(v.end, self.interval);
            let (own, hold) = (percent(v.value - 1.0, 1), percent(v.hold - 1.0, 1));
            let before = self.chance.partition_point(|c| c.end <= v.end);
            let chance = before.checked_sub(1).and_then(|i| self.chance.get(i));
            let chance = chance.map_or(String::new(), |c| {
                let [low, _, high] = c.quantiles.map(|q| percent(q - 1.0, 1));
                format!("\nnine in ten by chance {low} to {high}")
            });
            let text = format!("{when}\naccount {own}\nbuy and hold {hold}{chance}");
            ((x(v.end), scale.at(v.value)), text)
        };
        scene.probes.push(Probe {
            area,
            points: kept.iter().map(label).collect(),
            along: true,
            key: None,
        });
    }
}

fn group(key: &str, hint: &str, marks: Vec<Mark>) -> Mark {
    Mark::Group(Group {
        key: key.to_owned(),
        toggles: false,
        hint: hint.to_owned(),
        marks,
    })
}

/// A part of the picture.
struct Panel {
    area: Area,
    scale: Scale,
    labels: Vec<(f64, String)>,
    title: String,
}

impl Panel {
    fn frame(&self, scene: &mut Scene) {
        let (area, above) = (self.area, self.area.y - 8.0);
        let text = Text::new((area.x, above), self.title.clone(), 13.0).bold();
        scene.text(text.within(area.width));
        frame::rows(scene, area, &self.scale, &self.labels);
        if self.scale.is_of_ratios() {
            let text = Text::new((area.right(), above), "logarithmic", SMALL);
            scene.text(text.ink(Ink::Muted).anchor(Anchor::End));
        }
    }
}

/// A triangle that points up below a price, or down above it.
fn arrow((x, y): Point, up: bool, ink: Ink) -> Mark {
    let down = if up { 1.0 } else { -1.0 };
    let base = y + down * 11.0;
    Mark::area(
        vec![(x, y + down * 3.0), (x - 4.5, base), (x + 4.5, base)],
        ink,
        1.0,
    )
}

/// Of the values in one pixel the last, the least and the greatest.
fn per_pixel<'a>(axis: &Axis<'_>, values: &'a [AccountValue]) -> Vec<&'a AccountValue> {
    let pixel = |v: &AccountValue| axis.pixel(axis.number(v.end));
    let mut kept: Vec<&AccountValue> = Vec::new();
    for part in values.chunk_by(|a, b| pixel(a) == pixel(b)) {
        let least = part.iter().min_by(|a, b| a.value.total_cmp(&b.value));
        let greatest = part.iter().max_by(|a, b| a.value.total_cmp(&b.value));
        let mut some: Vec<&AccountValue> = [least, greatest, part.last()]
            .into_iter()
            .flatten()
            .collect();
        some.sort_by_key(|v| v.end);
        some.dedup_by_key(|v| v.end);
        kept.extend(some);
    }
    kept
}

/// In each pixel the deepest.
fn draw_falls(
    scene: &mut Scene,
    axis: &Axis<'_>,
    (area, scale): (Area, &Scale),
    falls: &[(Timestamp, f64)],
) {
    let pixel = |(end, _): &(Timestamp, f64)| axis.pixel(axis.number(*end));
    let deepest = |part: &[(Timestamp, f64)]| {
        let found = part.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        found.copied()
    };
    let parts = falls.chunk_by(|a, b| pixel(a) == pixel(b));
    let kept: Vec<(Timestamp, f64)> = parts.filter_map(deepest).collect();
    let x = |end: Timestamp| axis.at(axis.number(end));
    let line: Vec<Point> = kept
        .iter()
        .map(|(end, f)| (x(*end), scale.at(*f)))
        .collect();
    let mut shape = vec![(line.first().map_or(area.x, |p| p.0), area.y)];
    shape.extend(&line);
    shape.push((line.last().map_or(area.x, |p| p.0), area.y));
    scene.add(Mark::area(shape, Ink::Found, 0.25));
    scene.add(Mark::line(line, Ink::Found, 1.2));
    let label = |(end, fall): &(Timestamp, f64)| {
        let when = time::moment(*end, axis.interval());
        let text = format!(
            "{when}\n{} below the highest value",
            percent(-fall, 1).replace('+', "")
        );
        ((x(*end), scale.at(*fall)), text)
    };
    scene.probes.push(Probe {
        area,
        points: kept.iter().map(label).collect(),
        along: true,
        key: None,
    });
}

/// An account with everything, for tests.
#[cfg(test)]
pub(super) fn example(bars: Bars) -> Account {
    let interval = Interval::hours(1);
    let end = |i: usize| {
        let open = bars.time.get(i).copied().unwrap_or_default();
        interval.close_of(Timestamp::from_millis(open))
    };
    let close = |i: usize| bars.close.get(i).copied().unwrap_or(1.0);
    let trade = |long: bool, from: usize, to: usize| AccountTrade {
        long,
        entry: (end(from), close(from)),
        exit: (end(to), close(to)),
        hint: format!("trade {from}"),
    };
    let wave = |i: usize| 0.1 * (i as f64 / 7.0).sin();
    Account {
        title: "A rule on AAA 1h".to_owned(),
        subtitle: "with everything".to_owned(),
        note: "made up".to_owned(),
        name: "AAA 1h".to_owned(),
        interval,
        trades: vec![
            trade(true, 5, 12),
            trade(false, 20, 31),
            trade(true, 40, 58),
        ],
        values: (0..bars.len())
            .map(|i| AccountValue {
                end: end(i),
                value: 1.0 + wave(i),
                hold: close(i) / close(0),
            })
            .collect(),
        chance: (0..bars.len())
            .map(|i| AccountChance {
                end: end(i),
                quantiles: [-0.002, 0.0, 0.002].map(|q| 1.0 + q * i as f64),
            })
            .collect(),
        bars,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_are_measured_from_the_highest_value_and_from_the_beginning() {
        let value = |(i, value): (usize, &f64)| AccountValue {
            end: Timestamp::from_millis(i as i64),
            value: *value,
            hold: 1.0,
        };
        let account = Account {
            values: [0.5, 2.0, 1.0, 0.0].iter().enumerate().map(value).collect(),
            ..example(Bars::default())
        };
        let falls: Vec<f64> = account.falls().into_iter().map(|(_, f)| f).collect();
        assert_eq!(falls, [-0.5, 0.0, -0.5, -1.0]);
    }

    /// An account that is ruined, one that did not move, and one without bars have pictures.
    #[test]
    fn accounts_of_every_kind_are_drawn() {
        let of = |values: &[f64]| {
            let time = |i: usize| i as i64 * 3_600_000;
            let bar = |i: usize| crate::model::Bar {
                time: Timestamp::from_millis(time(i)),
                open: 2.0,
                high: 2.0,
                low: 2.0,
                close: 2.0,
                volume: 1.0,
            };
            let bars: Bars = (0..values.len()).map(bar).collect();
            let mut account = example(bars);
            for (point, value) in account.values.iter_mut().zip(values) {
                point.value = *value;
            }
            account.trades.clear();
            account.chance.clear();
            account.scene(640.0)
        };
        for values in [
            &[][..],
            &[1.0, 1.0, 1.0],
            &[1.0, 0.5, 0.0, 0.0],
            &[1.0, 50.0],
        ] {
            let scene = of(values);
            super::super::scene::each(&scene.marks, &mut |mark| {
                if let Mark::Lines { lines, .. } = mark {
                    let finite = |p: &Point| p.0.is_finite() && p.1.is_finite();
                    assert!(lines.iter().flatten().all(finite), "{values:?}");
                }
            });
        }
    }
}
