//! The colours of inks. Kinds are told apart by the palette of Okabe and Ito, which people who
//! cannot tell red from green can read too; amounts by steps that differ in lightness.

use super::scene::Ink;
use super::theme::Theme;

pub(super) type Rgb = [u8; 3];

/// Whether the page is dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    Light,
    Dark,
}

impl Theme {
    /// What a picture shows that cannot ask its viewer.
    pub(super) fn fixed(self) -> Shade {
        match self {
            Self::Auto | Self::Light => Shade::Light,
            Self::Dark => Shade::Dark,
        }
    }
}

const LIGHT_GROUPS: [Rgb; 8] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x7a, 0x52, 0xc7],
    [0x6b, 0x5b, 0x3e],
];

const DARK_GROUPS: [Rgb; 8] = [
    [0x4d, 0xa6, 0xff],
    [0xff, 0x8a, 0x3d],
    [0x2b, 0xc4, 0x98],
    [0xe8, 0x9a, 0xc7],
    [0xf2, 0xc1, 0x4e],
    [0x9a, 0xd8, 0xf7],
    [0xb3, 0x9d, 0xff],
    [0xc9, 0xb7, 0x8e],
];

/// From little to much: on a light page from ColorBrewer's yellow to blue, on a dark one viridis. In both
/// little fades into the page, and lightness alone tells the order.
const LIGHT_HEAT: [Rgb; 11] = [
    [0xf7, 0xfb, 0xd4],
    [0xe3, 0xf4, 0xb4],
    [0xc7, 0xe9, 0xb4],
    [0x9a, 0xd8, 0xb8],
    [0x6c, 0xc6, 0xbe],
    [0x41, 0xb6, 0xc4],
    [0x2a, 0x9c, 0xc1],
    [0x1d, 0x7f, 0xb7],
    [0x22, 0x5e, 0xa8],
    [0x20, 0x3f, 0x95],
    [0x08, 0x1d, 0x58],
];

const DARK_HEAT: [Rgb; 11] = [
    [0x44, 0x0f, 0x5e],
    [0x48, 0x2c, 0x77],
    [0x41, 0x47, 0x88],
    [0x35, 0x60, 0x8d],
    [0x2a, 0x78, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x22, 0xa8, 0x84],
    [0x44, 0xbf, 0x70],
    [0x7a, 0xd1, 0x51],
    [0xbd, 0xdf, 0x26],
    [0xfd, 0xe7, 0x25],
];

/// The colour of an ink.
pub(super) fn colour(ink: Ink, shade: Shade) -> Rgb {
    let (light, dark) = match ink {
        Ink::Page => ([0xff, 0xff, 0xff], [0x11, 0x15, 0x1c]),
        Ink::Later => ([0xf1, 0xf4, 0xf8], [0x1b, 0x21, 0x2b]),
        Ink::Text => ([0x19, 0x20, 0x2c], [0xe9, 0xed, 0xf3]),
        Ink::Muted => ([0x57, 0x61, 0x70], [0xa0, 0xab, 0xbb]),
        Ink::Grid => ([0xe4, 0xe8, 0xee], [0x29, 0x31, 0x3d]),
        Ink::Axis => ([0xa3, 0xad, 0xba], [0x5c, 0x68, 0x79]),
        Ink::Rise => ([0x00, 0x70, 0x5a], [0x5f, 0xe0, 0xb8]),
        Ink::Fall => ([0xd9, 0x62, 0x14], [0xee, 0x74, 0x2a]),
        Ink::SlowRise => ([0x6f, 0xb9, 0xa2], [0x2f, 0x8a, 0x70]),
        Ink::SlowFall => ([0xf3, 0xb5, 0x8c], [0x99, 0x4a, 0x1c]),
        Ink::Calm => ([0xd3, 0xd9, 0xe1], [0x36, 0x40, 0x4e]),
        Ink::Wild => ([0x8d, 0x97, 0xa8], [0x6e, 0x79, 0x8a]),
        Ink::Found => ([0x00, 0x72, 0xb2], [0x4d, 0xa6, 0xff]),
        Ink::Base => ([0x7d, 0x85, 0x92], [0x8d, 0x98, 0xa8]),
        Ink::Flag => ([0xc2, 0x3b, 0x6b], [0xff, 0x7e, 0xa8]),
        Ink::Group(i) => (of(&LIGHT_GROUPS, i), of(&DARK_GROUPS, i)),
        Ink::Heat(step) => (heat(&LIGHT_HEAT, step), heat(&DARK_HEAT, step)),
        Ink::OnHeat(step) => (on(heat(&LIGHT_HEAT, step)), on(heat(&DARK_HEAT, step))),
    };
    match shade {
        Shade::Light => light,
        Shade::Dark => dark,
    }
}

/// Every second step has a colour of its own, and those between are halfway.
fn heat(colours: &[Rgb], step: u8) -> Rgb {
    let [a, b] = [step / 2, step.div_ceil(2)].map(|i| of(colours, i));
    std::array::from_fn(|i| {
        let channel = |colour: &Rgb| colour.get(i).copied().unwrap_or_default();
        channel(&a).midpoint(channel(&b))
    })
}

fn of(colours: &[Rgb], i: u8) -> Rgb {
    colours.get(usize::from(i)).copied().unwrap_or_default()
}

/// What is easier to read on a colour: nearly black or white.
fn on(colour: Rgb) -> Rgb {
    if luminance(colour) > 0.2 {
        [0x0b, 0x10, 0x18]
    } else {
        [0xff, 0xff, 0xff]
    }
}

/// The relative luminance that WCAG 2 defines, 0 to 1.
fn luminance(colour: Rgb) -> f64 {
    let [r, g, b] = colour.map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 {
            v / 12.92
        } else {
            ((v + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::super::scene::{GROUPS, HEATS};
    use super::*;

    /// The contrast of two colours as WCAG 2 counts it, 1 to 21.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn inks_can_be_read_on_their_page() {
        for shade in [Shade::Light, Shade::Dark] {
            let page = colour(Ink::Page, shade);
            let on = |ink| contrast(colour(ink, shade), page);
            assert!(on(Ink::Text) > 12.0);
            assert!(on(Ink::Muted) > 5.5);
            for ink in [Ink::Rise, Ink::Fall, Ink::Found, Ink::Base, Ink::Flag] {
                assert!(on(ink) > 3.0, "{ink:?} {shade:?} {}", on(ink));
            }
            for i in 0..GROUPS {
                let found = on(Ink::group(i));
                assert!(found > 2.0, "{i} {shade:?} {found}");
            }
        }
    }

    /// Who cannot tell green from red tells them by lightness, and the slow from the fast.
    #[test]
    fn rises_and_falls_differ_in_lightness() {
        for shade in [Shade::Light, Shade::Dark] {
            let apart = |a, b| contrast(colour(a, shade), colour(b, shade));
            for (a, b) in [
                (Ink::Rise, Ink::Fall),
                (Ink::Rise, Ink::SlowRise),
                (Ink::Fall, Ink::SlowFall),
                (Ink::Calm, Ink::Wild),
                (Ink::Calm, Ink::Rise),
                (Ink::Calm, Ink::Fall),
            ] {
                assert!(apart(a, b) > 1.5, "{a:?} {b:?} {shade:?} {}", apart(a, b));
            }
        }
    }

    #[test]
    fn numbers_can_be_read_on_every_step() {
        for shade in [Shade::Light, Shade::Dark] {
            for step in 0..HEATS as u8 {
                let on = colour(Ink::OnHeat(step), shade);
                let found = contrast(on, colour(Ink::Heat(step), shade));
                assert!(found > 4.0, "{step} {shade:?} {found}");
            }
        }
    }
}
