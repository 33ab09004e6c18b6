//! A report: a table, and a small chart with a few sentences for each of its rows, as one HTML page that loads nothing.
//! As a picture of other formats it is its charts side by side.

use std::fmt::Write as _;

use super::analogs::{Analogs, Chart};
use super::palette::{Shade, colour};
use super::scene::{Ink, Scene};
use super::svg::{FONTS, element, escaped, style};
use super::theme::Theme;

/// The most charts of a page.
const MOST: usize = 60;
/// The width of a chart.
const WIDE: f64 = 380.0;

const RULES: &str = include_str!("report.css");

/// A table of things, with a chart and sentences for those that have one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// What was asked and as of when.
    pub subtitle: String,
    /// What a reader should know, below everything.
    pub note: String,
    /// The titles of the columns.
    pub columns: Vec<String>,
    /// The rows, in order. The first sixty charts are drawn.
    pub entries: Vec<ReportEntry>,
    /// Texts below them, each with a title: columns in them stay columns.
    pub texts: Vec<(String, String)>,
}

/// A row of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportEntry {
    /// Its cells, one for each column.
    pub cells: Vec<String>,
    /// Whether it is to be noticed.
    pub flagged: bool,
    /// Its chart, if it has one.
    pub chart: Option<Chart>,
    /// What is said beside the chart.
    pub lines: Vec<String>,
}

impl Report {
    /// The charts alone.
    pub(super) fn scene(&self, width: f64) -> Scene {
        let charts = self.entries.iter().filter_map(|entry| entry.chart.clone());
        let charts = Analogs {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            note: self.note.clone(),
            query: None,
            found: charts.collect(),
            fan: None,
        };
        charts.scene(width)
    }

    pub(super) fn page(&self, theme: Theme) -> String {
        let drawn = |(i, entry): (usize, &ReportEntry)| {
            let scene = entry.chart.as_ref().and_then(|chart| chart.alone(WIDE));
            (i, scene)
        };
        let scenes = self.entries.iter().enumerate().map(drawn);
        let scenes = scenes.filter_map(|(i, scene)| Some((i, scene?)));
        let scenes: Vec<(usize, Scene)> = scenes.take(MOST).collect();
        let inks: Vec<&Scene> = scenes.iter().map(|(_, scene)| scene).collect();
        let scheme = match theme {
            Theme::Auto => "light dark",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let title = escaped(&self.title);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"{scheme}\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n\
             <style>body,text{{font-family:{FONTS}}}{}{}\n{RULES}</style>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n<p class=\"muted\">{}</p>\n{}{}{}<p class=\"muted\">{}</p>\n</main>\n</body>\n</html>\n",
            style(&inks, theme),
            page_colours(theme),
            escaped(&self.subtitle),
            self.table(&scenes),
            self.articles(&scenes),
            self.sections(),
            escaped(&self.note),
        )
    }

    fn sections(&self) -> String {
        let section = |(title, text): &(String, String)| {
            let lines: Vec<String> = text.lines().map(escaped).collect();
            let (title, text) = (escaped(title), lines.join("\n"));
            format!("<h2>{title}</h2>\n<div class=\"wide\"><pre>{text}</pre></div>\n")
        };
        self.texts.iter().map(section).collect()
    }

    /// All rows; those with a chart lead to it.
    fn table(&self, scenes: &[(usize, Scene)]) -> String {
        let mut out = "<div class=\"wide\"><table>\n<thead><tr>".to_owned();
        for column in &self.columns {
            let _ = write!(out, "<th>{}</th>", escaped(column));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for (i, entry) in self.entries.iter().enumerate() {
            out.push_str(match entry.flagged {
                true => "<tr class=\"flag\">",
                false => "<tr>",
            });
            let linked = scenes.iter().any(|(of, _)| *of == i);
            for (column, cell) in entry.cells.iter().enumerate() {
                let cell = escaped(cell);
                // The second cell is the name.
                let _ = match linked && column == 1 {
                    true => write!(out, "<td><a href=\"#row-{}\">{cell}</a></td>", i + 1),
                    false => write!(out, "<td>{cell}</td>"),
                };
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n");
        out
    }

    fn articles(&self, scenes: &[(usize, Scene)]) -> String {
        let mut out = "<div class=\"charts\">\n".to_owned();
        for (i, scene) in scenes {
            let Some(entry) = self.entries.get(*i) else {
                continue;
            };
            let _ = write!(
                out,
                "<article id=\"row-{}\"{}>\n{}<ul>\n",
                i + 1,
                if entry.flagged {
                    " class=\"flagged\""
                } else {
                    ""
                },
                element(scene, "", "")
            );
            for line in &entry.lines {
                let _ = writeln!(out, "<li>{}</li>", escaped(line));
            }
            out.push_str("</ul>\n</article>\n");
        }
        out.push_str("</div>\n");
        out
    }
}

/// The colours of what is no picture.
fn page_colours(theme: Theme) -> String {
    let rules = |shade| {
        let of = |ink| {
            let [r, g, b] = colour(ink, shade);
            format!("#{r:02x}{g:02x}{b:02x}")
        };
        format!(
            "body{{background:{};color:{}}}.muted,th{{color:{}}}.flag td,.flag a{{color:{}}}td,th,article{{border-color:{}}}.flagged{{border-color:{}}}",
            of(Ink::Page),
            of(Ink::Text),
            of(Ink::Muted),
            of(Ink::Flag),
            of(Ink::Grid),
            of(Ink::Flag),
        )
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Bar, Bars, Interval, Timestamp};

    #[test]
    fn a_page_holds_every_row_and_no_markup_of_others() {
        let evil = "<script>alert(1)</script>&\"x\"";
        let bars: Bars = (0..70)
            .map(|i| Bar {
                time: Timestamp::from_millis(i * 3_600_000),
                open: 100.0,
                high: 102.0,
                low: 99.0,
                close: 101.0,
                volume: 1.0,
            })
            .collect();
        let entry = |chart| ReportEntry {
            cells: vec!["1".to_owned(), evil.to_owned()],
            flagged: true,
            chart,
            lines: vec![evil.to_owned()],
        };
        let chart = Chart {
            name: evil.to_owned(),
            label: evil.to_owned(),
            interval: Some(Interval::hours(1)),
            bars,
            later: Bars::default(),
            same_moment: false,
        };
        let report = Report {
            title: evil.to_owned(),
            subtitle: evil.to_owned(),
            note: evil.to_owned(),
            columns: vec![evil.to_owned(), "name".to_owned()],
            entries: vec![entry(Some(chart)), entry(None)],
            texts: vec![(evil.to_owned(), evil.to_owned())],
        };
        for theme in [Theme::Auto, Theme::Dark] {
            let page = report.page(theme);
            assert!(!page.contains("<script"), "{page}");
            assert_eq!(page.matches("<tr class=\"flag\">").count(), 2);
            assert_eq!(page.matches("<article").count(), 1);
            assert_eq!(page.matches("href=\"#row-1\"").count(), 1);
            assert!(!page.contains("NaN") && !page.contains("url("));
            // The one address that stands there is the name of SVG.
            assert_eq!(
                page.matches("http://").count(),
                page.matches("http://www.w3.org/2000/svg").count()
            );
            assert!(!page.contains("https://") && !page.contains("src=\""));
        }
        assert!(report.scene(600.0).height > 0.0);
    }
}
