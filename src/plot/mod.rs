//! Pictures of answers: SVG, PNG and HTML files that need nothing but themselves.
//!
//! A picture is made of plain data, so any program can draw what it has found: [`Analogs`] are
//! windows side by side, a [`Fan`] is what followed them, a [`Timeline`] is a price with scores and
//! bands, a [`Matrix`] compares things with one another, a [`Scatter`] is a map of points,
//! [`Growth`] is how quantities grow with a size, an [`Account`] is what a rule would have done, and a
//! [`Report`] is a table with a chart for each row. Each becomes a [`Picture`], which is written by [`Picture::write`] in the format that the file's ending
//! says:
//!
//! - `.svg` follows what its viewer prefers, light or dark.
//! - `.png` has its own font, so it looks the same on machines without fonts.
//! - `.html` is one file that loads nothing: the pointer asks for values, the legend shows and
//!   hides, and a narrow window gets a narrow layout.
//!
//! The same data gives the same bytes.
//!
//! ```
//! use rhymedb::plot::{Extent, Matrix, MatrixCell, Picture, PlotOptions};
//! let cell = |value: f64| Some(MatrixCell { value, hint: format!("{value} of 1") });
//! let picture = Picture::from(Matrix {
//!     title: "How alike two markets are".to_owned(),
//!     subtitle: String::new(),
//!     note: "1: each window has a partner".to_owned(),
//!     names: vec!["crypto".to_owned(), "equity".to_owned()],
//!     cells: vec![vec![None, cell(0.4)], vec![cell(0.4), None]],
//!     range: Extent::new(0.0, 1.0),
//! });
//! let dir = tempfile::tempdir()?;
//! picture.write(&dir.path().join("alike.png"), &PlotOptions::default())?;
//! assert!(picture.svg(&PlotOptions::default())?.starts_with("<svg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod analogs;
mod candles;
mod edge_charts;
mod fan;
mod file;
mod flag_labels;
mod frame;
mod growth;
mod html;
mod matrix;
mod palette;
mod png;
mod report;
mod scale;
mod scatter;
mod scene;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod time;
mod timeline;
mod track;
mod tracks;

use std::path::Path;

pub use account::{Account, AccountChance, AccountTrade, AccountValue};
pub use analogs::{Analogs, Chart};
pub use edge_charts::ScatterExample;
pub use fan::{Fan, FanPath, FanStep};
pub use file::PictureFormat;
pub use growth::{Growth, GrowthCurve, GrowthPanel, GrowthPoint};
pub use matrix::{Matrix, MatrixCell};
pub use report::{Report, ReportEntry};
pub use scale::Extent;
pub use scatter::{Scatter, ScatterGroup, ScatterPoint};
pub use theme::Theme;
pub use timeline::{Lean, Timeline};
pub use tracks::{Band, Flag, Score, Scores, Track};

use crate::error::{Error, Result};
use scene::Scene;

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlotOptions {
    /// The colours. Default: [`Theme::Auto`].
    pub theme: Theme,
    /// The width of the page in CSS pixels, 320 to 4,000; a PNG has twice as many. The height follows
    /// from what there is to show. Default: 1,200.
    pub width: u32,
}

impl Default for PlotOptions {
    fn default() -> Self {
        Self {
            theme: Theme::Auto,
            width: 1_200,
        }
    }
}

impl PlotOptions {
    fn page(&self) -> Result<f64> {
        if (320..=4_000).contains(&self.width) {
            return Ok(f64::from(self.width));
        }
        Err(Error::invalid(format!(
            "expected a picture's width of 320 to 4000 pixels, found {}",
            self.width
        )))
    }
}

/// A picture of one of the kinds there are.
#[expect(
    clippy::large_enum_variant,
    reason = "a picture is made once and moved a few times"
)]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Picture {
    /// What a rule would have done to an account.
    Account(Account),
    /// Windows side by side.
    Analogs(Analogs),
    /// What followed, as a fan.
    Fan(Fan),
    /// Prices over time, with scores and bands.
    Timeline(Timeline),
    /// Things compared with one another.
    Matrix(Matrix),
    /// A map of points.
    Scatter(Scatter),
    /// How quantities grow with a size.
    Growth(Growth),
    /// A table with a chart and sentences for its rows; in formats other than HTML the charts alone.
    Report(Report),
}

macro_rules! is_a_picture {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Picture {
            fn from(data: $kind) -> Self {
                Self::$kind(data)
            }
        }
    )*};
}

is_a_picture!(
    Account, Analogs, Fan, Timeline, Matrix, Scatter, Growth, Report
);

impl Picture {
    fn scene(&self, width: f64) -> Scene {
        match self {
            Self::Account(data) => data.scene(width),
            Self::Analogs(data) => data.scene(width),
            Self::Fan(data) => data.scene(width),
            Self::Timeline(data) => data.scene(width),
            Self::Matrix(data) => data.scene(width),
            Self::Scatter(data) => data.scene(width),
            Self::Growth(data) => data.scene(width),
            Self::Report(data) => data.scene(width),
        }
    }

    /// The picture as an SVG document.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the width is out of range.
    pub fn svg(&self, options: &PlotOptions) -> Result<String> {
        Ok(svg::document(&self.scene(options.page()?), options.theme))
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the width is out of range, or if the image would have more than 100
    /// million pixels.
    pub fn png(&self, options: &PlotOptions) -> Result<Vec<u8>> {
        png::bytes(&self.scene(options.page()?), options.theme.fixed())
    }

    /// The picture as an HTML page.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the width is out of range.
    pub fn html(&self, options: &PlotOptions) -> Result<String> {
        let width = options.page()?;
        if let Self::Report(report) = self {
            return Ok(report.page(options.theme));
        }
        let wide = self.scene(width);
        let narrow = self.scene(html::NARROW);
        html::page(&wide, &narrow, options.theme)
    }

    /// Writes the picture into a file, in the format that its ending says. The file gets its name
    /// when it is whole; one that is there already stays until then and is replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the ending says none of the formats, and those of [`Self::svg`],
    /// [`Self::png`] and [`Self::html`]; [`Error::Io`] if the file cannot be written.
    pub fn write(&self, path: &Path, options: &PlotOptions) -> Result<()> {
        let bytes = match PictureFormat::of(path)? {
            PictureFormat::Svg => self.svg(options)?.into_bytes(),
            PictureFormat::Png => self.png(options)?,
            PictureFormat::Html => self.html(options)?.into_bytes(),
        };
        file::replace(path, &bytes)
    }
}
