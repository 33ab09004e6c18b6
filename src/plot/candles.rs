//! Candles: a thin line from low to high and a body from open to close.

use super::scale::Scale;
use super::scene::{Ink, Mark};
use crate::model::Bar;

/// Where candles stand: the middle of the first, from one to the next, and what a price is shown as.
pub(super) struct Places<'a> {
    pub(super) first: f64,
    pub(super) step: f64,
    pub(super) scale: &'a Scale,
    /// Prices are shown as simple returns from this one, if there is one.
    pub(super) from: Option<f64>,
}

impl Places<'_> {
    pub(super) fn x(&self, i: usize) -> f64 {
        self.first + i as f64 * self.step
    }

    pub(super) fn y(&self, price: f64) -> f64 {
        self.scale
            .at(self.from.map_or(price, |from| price / from - 1.0))
    }
}

/// One path for the bars that rose and one for those that fell.
pub(super) fn marks(bars: &[Bar], places: &Places<'_>, opacity: f64) -> Vec<Mark> {
    let thick = (places.step * 0.68).clamp(1.0, 14.0);
    let thin = (places.step * 0.18).clamp(0.6, 1.4);
    let boxes = |rising: bool| {
        let mut boxes = Vec::new();
        for (i, bar) in bars.iter().enumerate() {
            if (bar.close >= bar.open) != rising {
                continue;
            }
            let x = places.x(i);
            let (high, low) = (places.y(bar.high), places.y(bar.low));
            let (a, b) = (places.y(bar.open), places.y(bar.close));
            let tall = (a - b).abs().max(1.0);
            boxes.push([x - thin / 2.0, high, thin, low - high]);
            boxes.push([x - thick / 2.0, (a + b) / 2.0 - tall / 2.0, thick, tall]);
        }
        boxes
    };
    let mark = |rising, fill| Mark::Boxes {
        boxes: boxes(rising),
        fill,
        opacity,
    };
    let both = [mark(true, Ink::Rise), mark(false, Ink::Fall)];
    let drawn = |m: &Mark| !matches!(m, Mark::Boxes { boxes, .. } if boxes.is_empty());
    both.into_iter().filter(drawn).collect()
}

/// Every `group` bars as one; the last may stand for fewer.
pub(super) fn folded(bars: &[Bar], group: usize) -> Vec<Bar> {
    bars.chunks(group.max(1)).filter_map(Bar::merged).collect()
}
