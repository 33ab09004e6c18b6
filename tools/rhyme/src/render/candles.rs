//! Candle charts. A row of text has two levels, and box-drawing characters tell for each level of
//! a candle whether it is body, wick or nothing:
//!
//! ```text
//!   ╷ ┃  12.4      rising:  a thin body ┃, green where there are colours
//!   █ ┃ ◂12.2      falling: a full body █, or a thin one in red
//!   ▀╷╿  11.0
//!   2024-01-03
//! ```
//!
//! Colours tell up from down, so both bodies are thin then: full red ones would shout. Without
//! colours the shape has to tell.

use rhymedb::{Bar, Bars};

use super::Style;
use super::axis::{Scale, dates};

/// The narrowest plot beside which price labels still make sense.
const NARROWEST: usize = 8;

/// What a candle shows at one of the two levels of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    None,
    Wick,
    Body,
}

/// A column of a chart.
enum Column {
    /// A candle of the chart itself.
    Candle(Bar),
    /// The line behind which is what came afterwards.
    Line,
    /// A candle of what came afterwards.
    After(Bar),
}

/// Draws `bars` as candles in at most `width` columns and `height` lines, price labels at the
/// right (high, low, and the last close behind a mark) and the open times of the first and the
/// last bar in the last line included. Where there are more bars than columns, a candle is several
/// bars folded into one, the same number each.
pub(crate) fn candles(bars: &Bars, width: usize, height: usize, style: Style) -> Vec<String> {
    candles_and_after(bars, &Bars::default(), width, height, style)
}

/// As [`candles`], and behind a line what came `after`, dimmed where there are colours. The scale
/// is of both; the marked close and the times are those of `bars`.
pub(crate) fn candles_and_after(
    bars: &Bars,
    after: &Bars,
    width: usize,
    height: usize,
    style: Style,
) -> Vec<String> {
    let (bars, after) = (drawable(bars), drawable(after));
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return vec!["no bars".to_owned()];
    };
    let rows = height.saturating_sub(1).max(1);
    let scale = Scale::of(bars.iter().chain(&after), rows);
    let mut labels = scale.labels(last.close, style);
    let label_width = labels.iter().map(|label| label.chars().count()).max();
    let mut plot = width.saturating_sub(label_width.map_or(0, |label| label + 1));
    if plot < NARROWEST {
        plot = width.max(1);
        labels = Vec::new();
    }
    let (columns, known) = columns(&bars, &after, plot);
    let stride = if columns.len() * 2 <= plot + 1 { 2 } else { 1 };
    let mut lines: Vec<String> = (0..rows)
        .map(|row| {
            let label = labels.get(row).map_or("", String::as_str);
            line(&columns, &scale, row, stride, label, style)
        })
        .collect();
    let drawn = (known - 1) * stride + 1;
    lines.push(dates(first.time, last.time, drawn, width));
    lines
}

/// The bars that have a place on a scale.
fn drawable(bars: &Bars) -> Vec<Bar> {
    let finite = |bar: &Bar| {
        let prices = [bar.open, bar.high, bar.low, bar.close];
        prices.iter().all(|price| price.is_finite())
    };
    bars.iter().filter(finite).collect()
}

/// The columns of a chart, at most `most`, and how many of them are of `bars`. Every candle stands
/// for the same number of bars; the last of `bars` and the last of `after` may stand for fewer. What
/// came after is left out where there is no room for it.
fn columns(bars: &[Bar], after: &[Bar], most: usize) -> (Vec<Column>, usize) {
    if after.is_empty() || most < 4 {
        let folded = fold(bars, bars.len().div_ceil(most).max(1));
        let known = folded.len();
        return (folded.into_iter().map(Column::Candle).collect(), known);
    }
    // Two groups may be cut short, and one column is the line.
    let mut group = (bars.len() + after.len()).div_ceil(most - 1).max(1);
    while bars.len().div_ceil(group) + after.len().div_ceil(group) > most - 1 {
        group += 1;
    }
    let folded = fold(bars, group);
    let known = folded.len();
    let candles = folded.into_iter().map(Column::Candle);
    let later = fold(after, group).into_iter().map(Column::After);
    let columns = candles.chain([Column::Line]).chain(later);
    (columns.collect(), known)
}

/// Every `group` bars become one; the last may stand for fewer.
fn fold(bars: &[Bar], group: usize) -> Vec<Bar> {
    bars.chunks(group).filter_map(Bar::merged).collect()
}

fn line(
    columns: &[Column],
    scale: &Scale,
    row: usize,
    stride: usize,
    label: &str,
    style: Style,
) -> String {
    const RESET: &str = "\u{1b}[0m";
    let mut text = String::new();
    let mut present = RESET;
    for (i, column) in columns.iter().enumerate() {
        let (glyph, colour) = match column {
            Column::Candle(bar) if rises(bar) => (glyph(bar, scale, row, style), "\u{1b}[32m"),
            Column::Candle(bar) => (glyph(bar, scale, row, style), "\u{1b}[31m"),
            Column::Line => (if style.unicode { '┊' } else { ':' }, "\u{1b}[0;2m"),
            Column::After(bar) if rises(bar) => (glyph(bar, scale, row, style), "\u{1b}[2;32m"),
            Column::After(bar) => (glyph(bar, scale, row, style), "\u{1b}[2;31m"),
        };
        if style.colour && glyph != ' ' && colour != present {
            text.push_str(colour);
            present = colour;
        }
        text.push(glyph);
        if i + 1 < columns.len() {
            text.extend(std::iter::repeat_n(' ', stride - 1));
        }
    }
    if label.is_empty() {
        text.truncate(text.trim_end().len());
    }
    if present != RESET {
        text.push_str(RESET);
    }
    if !label.is_empty() {
        text.push(' ');
        text.push_str(label);
    }
    text
}

fn rises(bar: &Bar) -> bool {
    bar.close >= bar.open
}

fn glyph(bar: &Bar, scale: &Scale, row: usize, style: Style) -> char {
    let wick = scale.level(bar.high)..=scale.level(bar.low);
    let body = scale.level(bar.open.max(bar.close))..=scale.level(bar.open.min(bar.close));
    let ink = |level| {
        if body.contains(&level) {
            Ink::Body
        } else if wick.contains(&level) {
            Ink::Wick
        } else {
            Ink::None
        }
    };
    let cell = (ink(2 * row), ink(2 * row + 1));
    if !style.unicode {
        ascii(cell, rises(bar))
    } else if style.colour || rises(bar) {
        thin(cell)
    } else {
        full(cell)
    }
}

fn thin(cell: (Ink, Ink)) -> char {
    match cell {
        (Ink::None, Ink::None) => ' ',
        (Ink::None, Ink::Wick) => '╷',
        (Ink::None, Ink::Body) => '╻',
        (Ink::Wick, Ink::None) => '╵',
        (Ink::Wick, Ink::Wick) => '│',
        (Ink::Wick, Ink::Body) => '╽',
        (Ink::Body, Ink::None) => '╹',
        (Ink::Body, Ink::Wick) => '╿',
        (Ink::Body, Ink::Body) => '┃',
    }
}

/// No character joins half a block to half a line, so there the line is left out.
fn full(cell: (Ink, Ink)) -> char {
    match cell {
        (Ink::Body, Ink::Body) => '█',
        (Ink::Body, _) => '▀',
        (_, Ink::Body) => '▄',
        wick => thin(wick),
    }
}

fn ascii(cell: (Ink, Ink), rises: bool) -> char {
    match cell {
        (Ink::None, Ink::None) => ' ',
        (Ink::Body, _) | (_, Ink::Body) if rises => 'o',
        (Ink::Body, _) | (_, Ink::Body) => '#',
        _ => '|',
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use rhymedb::Timestamp;

    use super::super::layout::visible_width;
    use super::*;

    const PLAIN: Style = Style {
        colour: false,
        unicode: true,
    };
    const COLOUR: Style = Style {
        colour: true,
        unicode: true,
    };
    const ASCII: Style = Style {
        colour: false,
        unicode: false,
    };

    /// Bars an hour apart from (open, high, low, close).
    fn hourly(prices: &[(f64, f64, f64, f64)]) -> Bars {
        let start: Timestamp = "2024-01-03".parse().unwrap();
        let bar = |(i, &(open, high, low, close)): (usize, &(f64, f64, f64, f64))| Bar {
            time: start.plus_millis(i as i64 * 3_600_000),
            open,
            high,
            low,
            close,
            volume: 1.0,
        };
        prices.iter().enumerate().map(bar).collect()
    }

    fn sample() -> Bars {
        hourly(&[
            (10.0, 12.0, 10.0, 12.0),
            (12.0, 17.0, 11.0, 16.0),
            (16.0, 16.0, 13.0, 14.0),
            (14.0, 15.0, 10.0, 10.0),
            (10.0, 13.0, 10.0, 13.0),
        ])
    }

    fn drawn(bars: &Bars, width: usize, height: usize, style: Style) -> String {
        candles(bars, width, height, style).join("\n")
    }

    #[test]
    fn shapes_tell_without_colour() {
        let expected = [
            "  ╽ ▄      17.00",
            "  ┃ █ ▄",
            "╻ ┃ ╵ █ ┃ ◂13.00",
            "┃ ╵   █ ┃  10.00",
            "2024-01-03 00:00  2024-01-03 04:00",
        ];
        assert_eq!(drawn(&sample(), 34, 5, PLAIN), expected.join("\n"));
    }

    #[test]
    fn colours_change_where_the_direction_does() {
        let expected = [
            "  \x1b[32m╽ \x1b[31m╻    \x1b[0m  17.00",
            "  \x1b[32m┃ \x1b[31m┃ ╽\x1b[0m",
            "\x1b[32m╻ ┃ \x1b[31m╵ ┃ \x1b[32m┃\x1b[0m ◂13.00",
            "\x1b[32m┃ ╵   \x1b[31m┃ \x1b[32m┃\x1b[0m  10.00",
            "2024-01-03",
        ];
        let drawn = drawn(&sample(), 33, 5, COLOUR);
        assert_eq!(drawn, expected.join("\n"));
    }

    #[test]
    fn ascii_is_enough() {
        let expected = [
            "  o #      17.00",
            "  o # #",
            "o o | # o <13.00",
            "o |   # o  10.00",
            "2024-01-03",
        ];
        assert_eq!(drawn(&sample(), 20, 5, ASCII), expected.join("\n"));
    }

    #[test]
    fn folding_keeps_open_extremes_and_close() {
        let bars: Vec<Bar> = sample().iter().collect();
        let folded = fold(&bars, 2);
        let prices: Vec<_> = folded
            .iter()
            .map(|b| (b.open, b.high, b.low, b.close, b.volume))
            .collect();
        let expected = [
            (10.0, 17.0, 10.0, 16.0, 2.0),
            (16.0, 16.0, 10.0, 10.0, 2.0),
            (10.0, 13.0, 10.0, 13.0, 1.0),
        ];
        assert_eq!(prices, expected);
        assert_eq!(folded.last().unwrap().time, bars.last().unwrap().time);
        assert_eq!(fold(&bars, 1), bars);
    }

    #[test]
    fn what_came_afterwards_stands_behind_a_line() {
        let (bars, after) = (sample().slice(0..3), sample().slice(3..5));
        let picture = |style| candles_and_after(&bars, &after, 34, 5, style).join("\n");
        let expected = [
            "  ╽ ▄ ┊      17.00",
            "  ┃ █ ┊ ▄   ◂14.00",
            "╻ ┃ ╵ ┊ █ ┃",
            "┃ ╵   ┊ █ ┃  10.00",
            "2024-01-03 00:00  2024-01-03 02:00",
        ];
        assert_eq!(picture(PLAIN), expected.join("\n"));
        let coloured = picture(COLOUR);
        let first = coloured.lines().next().unwrap();
        assert_eq!(first, "  \x1b[32m╽ \x1b[31m╻ \x1b[0;2m┊    \x1b[0m  17.00");
        assert!(coloured.contains("\x1b[2;31m") && coloured.contains("\x1b[2;32m"));
        assert!(picture(ASCII).contains(" : "));
    }

    #[test]
    fn one_bar_and_a_flat_market_have_a_picture() {
        let one = hourly(&[(1.0, 1.5, 0.5, 1.25)]);
        let expected = ["╽  1.50", "┃ ◂1.25", "│  0.50", "2024-01-03"];
        assert_eq!(drawn(&one, 20, 4, PLAIN), expected.join("\n"));
        let flat = hourly(&[(2.0, 2.0, 2.0, 2.0); 3]);
        let expected = ["       2.0000", "╻ ╻ ╻ ◂2.0000", "       2.0000"];
        assert!(drawn(&flat, 20, 4, PLAIN).starts_with(&expected.join("\n")));
        assert_eq!(drawn(&Bars::default(), 20, 4, PLAIN), "no bars");
    }

    proptest! {
        #[test]
        fn pictures_keep_to_their_frame(
            prices in prop::collection::vec((0.01_f64..1e6, 0.01_f64..1e6, 0.0_f64..9.0), 1..90),
            known in 1_usize..90,
            width in 10_usize..120,
            height in 0_usize..30,
            colour: bool,
            unicode: bool,
        ) {
            let bar = |&(open, close, reach): &(f64, f64, f64)| {
                let (high, low) = (open.max(close), open.min(close));
                (open, high * (1.0 + reach), low / (1.0 + reach), close)
            };
            let bars = hourly(&prices.iter().map(bar).collect::<Vec<_>>());
            let style = Style { colour, unicode };
            let known = known.min(bars.len());
            let (bars, after) = (bars.slice(0..known), bars.slice(known..bars.len()));
            let picture = candles_and_after(&bars, &after, width, height, style);
            prop_assert_eq!(picture.len(), height.max(2));
            for line in &picture {
                prop_assert!(visible_width(line) <= width, "{}", line);
                prop_assert!(unicode || line.is_ascii());
                prop_assert!(colour || !line.contains('\x1b'));
            }
        }
    }
}
