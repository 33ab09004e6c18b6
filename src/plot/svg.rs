//! Scenes as SVG. Colours are classes, so that the picture can follow what its viewer prefers, and
//! programs that know no media queries still show the light one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::palette::{Shade, colour};
use super::scene::{Anchor, Group, Ink, Mark, Point, Scene, Text, each};
use super::text;
use super::theme::Theme;

/// Inter is the font whose widths the layout knows; others of its kind are about as wide.
pub(super) const FONTS: &str =
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/// A whole document.
pub(super) fn document(scene: &Scene, theme: Theme) -> String {
    let style = format!(
        "text{{font-family:{FONTS};white-space:pre}}{}",
        style(&[scene], theme)
    );
    element(scene, &format!("<style>{style}</style>"), "")
}

/// One `svg` element, with `inside` before its marks and attributes of its own.
pub(super) fn element(scene: &Scene, inside: &str, attributes: &str) -> String {
    let (w, h) = (number(scene.width), number(scene.height));
    let title = escaped(&scene.title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"{title}\"{attributes}>\n<title>{title}</title>\n{inside}\n"
    );
    let page = Mark::boxed(0.0, 0.0, scene.width, scene.height, Ink::Page);
    write(&mut out, &page);
    for mark in &scene.marks {
        write(&mut out, mark);
    }
    out.push_str("</svg>\n");
    out
}

/// The rules for the inks of some scenes.
pub(super) fn style(scenes: &[&Scene], theme: Theme) -> String {
    let mut inks = BTreeSet::from([Ink::Page]);
    for scene in scenes {
        each(&scene.marks, &mut |mark| match mark {
            Mark::Boxes { fill, .. } | Mark::Area { fill, .. } | Mark::Dots { fill, .. } => {
                inks.insert(*fill);
            }
            Mark::Lines { ink, .. } => {
                inks.insert(*ink);
            }
            Mark::Text(text) => {
                inks.insert(text.ink);
            }
            Mark::Group(_) => {}
        });
    }
    let rules = |shade| {
        let rule = |ink: &Ink| {
            let [r, g, b] = colour(*ink, shade);
            let name = name(*ink);
            format!(
                ".f{name}{{fill:#{r:02x}{g:02x}{b:02x}}}.s{name}{{stroke:#{r:02x}{g:02x}{b:02x}}}"
            )
        };
        inks.iter().map(rule).collect::<String>()
    };
    match theme {
        Theme::Auto => format!(
            "{}@media(prefers-color-scheme:dark){{{}}}",
            rules(Shade::Light),
            rules(Shade::Dark)
        ),
        fixed => rules(fixed.fixed()),
    }
}

fn name(ink: Ink) -> String {
    match ink {
        Ink::Group(i) => format!("-g{i}"),
        Ink::Heat(i) => format!("-h{i}"),
        Ink::OnHeat(i) => format!("-o{i}"),
        other => format!("-{other:?}").to_lowercase(),
    }
}

fn write(out: &mut String, mark: &Mark) {
    match mark {
        Mark::Boxes {
            boxes,
            fill,
            opacity,
        } => {
            let _ = write!(
                out,
                "<path class=\"f{}\"{} d=\"",
                name(*fill),
                faint(*opacity)
            );
            for [x, y, w, h] in boxes {
                let (x, y, w, h) = (number(*x), number(*y), number(*w), number(*h));
                let _ = write!(out, "M{x} {y}h{w}v{h}h-{w}z");
            }
            out.push_str("\"/>\n");
        }
        Mark::Lines { .. } => lines(out, mark),
        Mark::Area {
            points,
            fill,
            opacity,
        } => {
            let _ = writeln!(
                out,
                "<path class=\"f{}\"{} d=\"{}z\"/>",
                name(*fill),
                faint(*opacity),
                path(points)
            );
        }
        Mark::Dots {
            centres,
            radius,
            fill,
            opacity,
        } => {
            let (r, d) = (number(*radius), number(2.0 * radius));
            let _ = write!(
                out,
                "<path class=\"f{}\"{} d=\"",
                name(*fill),
                faint(*opacity)
            );
            for (x, y) in centres {
                let (x, y) = (number(x - radius), number(*y));
                let _ = write!(out, "M{x} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z");
            }
            out.push_str("\"/>\n");
        }
        Mark::Text(text) => line_of_text(out, text),
        Mark::Group(group) => in_group(out, group),
    }
}

fn lines(out: &mut String, mark: &Mark) {
    let Mark::Lines {
        lines,
        ink,
        width,
        dashed,
        opacity,
    } = mark
    else {
        return;
    };
    let dashes = if *dashed {
        " stroke-dasharray=\"4 3\""
    } else {
        ""
    };
    let d: String = lines.iter().map(|points| path(points)).collect();
    let _ = writeln!(
        out,
        "<path class=\"s{}\" fill=\"none\" stroke-width=\"{}\" stroke-linejoin=\"round\"{dashes}{} d=\"{d}\"/>",
        name(*ink),
        number(*width),
        faint(*opacity)
    );
}

fn line_of_text(out: &mut String, text: &Text) {
    let (x, y) = (number(text.at.0), number(text.at.1));
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let bold = if text.bold {
        " font-weight=\"600\""
    } else {
        ""
    };
    let turned = if text.turned {
        format!(" transform=\"rotate(-90 {x} {y})\"")
    } else {
        String::new()
    };
    // Where Inter is not, other fonts are as long as it is.
    let long = number(text::width(&text.text, text.size, text.bold));
    let _ = writeln!(
        out,
        "<text class=\"f{}\" x=\"{x}\" y=\"{y}\" font-size=\"{}\" textLength=\"{long}\" lengthAdjust=\"spacingAndGlyphs\"{anchor}{bold}{turned}>{}</text>",
        name(text.ink),
        number(text.size),
        escaped(&text.text)
    );
}

fn in_group(out: &mut String, group: &Group) {
    let kind = if group.toggles {
        "data-toggles=\"1\" tabindex=\"0\" "
    } else {
        ""
    };
    let _ = writeln!(out, "<g {kind}data-key=\"{}\">", escaped(&group.key));
    if !group.hint.is_empty() {
        let _ = writeln!(out, "<title>{}</title>", escaped(&group.hint));
    }
    for mark in &group.marks {
        write(out, mark);
    }
    out.push_str("</g>\n");
}

fn path(points: &[Point]) -> String {
    let mut d = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let to = if i == 0 { 'M' } else { 'L' };
        let _ = write!(d, "{to}{} {}", number(*x), number(*y));
    }
    d
}

fn faint(opacity: f64) -> String {
    if opacity < 1.0 {
        format!(" opacity=\"{}\"", number(opacity))
    } else {
        String::new()
    }
}

/// Two decimals at most: a hundredth of a pixel is seen by nobody.
pub(super) fn number(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// Text for XML and HTML; characters that XML has not are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(1.0), "1");
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(12.345), "12.35");
        assert_eq!(number(-0.5), "-0.5");
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(
            escaped("a<b> & \"c\"\u{1b}\n"),
            "a&lt;b&gt; &amp; &quot;c&quot;  "
        );
        let mut scene = Scene::new(100.0, "</title><script>");
        scene.text(Text::new((1.0, 2.0), "</text><script>", 12.0));
        let svg = document(&scene, Theme::Auto);
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains("prefers-color-scheme:dark"));
        assert!(!document(&scene, Theme::Dark).contains("prefers-color-scheme"));
    }
}
