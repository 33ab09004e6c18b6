//! Scenes as one HTML page that loads nothing. It holds the picture in two layouts, of which the
//! width of the window chooses one, and a script that answers the pointer.

use serde_json::{Value, json};

use super::palette::{Shade, colour};
use super::scene::{Ink, Probe, Scene};
use super::svg::{FONTS, element, escaped, style};
use super::theme::Theme;
use crate::error::{Error, Result};

/// The width of the narrow layout.
pub(super) const NARROW: f64 = 460.0;

const SCRIPT: &str = include_str!("page.js");
const RULES: &str = include_str!("page.css");

pub(super) fn page(wide: &Scene, narrow: &Scene, theme: Theme) -> Result<String> {
    let inks = style(&[wide, narrow], theme);
    let scheme = match theme {
        Theme::Auto => "light dark",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    let beside = beside(theme);
    let probes = json!([probes(wide), probes(narrow)]);
    let probes = serde_json::to_string(&probes)
        .map_err(|e| Error::invalid(format!("the picture cannot be written as HTML: {e}")))?;
    // In a script element the browser looks for nothing but its end.
    let probes = probes.replace('<', "\\u003c");
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"{scheme}\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n\
         <style>text,#tip{{font-family:{FONTS}}}{inks}{beside}\n{RULES}</style>\n</head>\n<body>\n<main>\n{}{}</main>\n\
         <div id=\"tip\" role=\"status\" hidden></div>\n\
         <script type=\"application/json\" id=\"probes\">{probes}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escaped(&wide.title),
        element(wide, "", " class=\"wide\""),
        element(narrow, "", " class=\"narrow\"")
    ))
}

/// What a browser paints beside the picture.
fn beside(theme: Theme) -> String {
    let rule = |shade| {
        let [r, g, b] = colour(Ink::Page, shade);
        format!("body{{background:#{r:02x}{g:02x}{b:02x}}}")
    };
    match theme {
        Theme::Auto => format!(
            "{}@media(prefers-color-scheme:dark){{{}}}",
            rule(Shade::Light),
            rule(Shade::Dark)
        ),
        fixed => rule(fixed.fixed()),
    }
}

fn probes(scene: &Scene) -> Value {
    let tenth = |x: f64| (x * 10.0).round() / 10.0;
    let one = |probe: &Probe| {
        let area = probe.area;
        let corners = [area.x, area.y, area.width, area.height].map(tenth);
        let points = probe
            .points
            .iter()
            .map(|((x, y), _)| [tenth(*x), tenth(*y)]);
        json!({
            "area": corners,
            "points": points.collect::<Vec<_>>(),
            "labels": probe.points.iter().map(|(_, label)| label).collect::<Vec<_>>(),
            "along": probe.along,
            "key": probe.key,
        })
    };
    scene.probes.iter().map(one).collect()
}
