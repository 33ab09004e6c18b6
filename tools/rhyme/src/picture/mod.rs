//! Answers as pictures in files: what `--plot` draws. Data is fetched here, and drawn by the library.

mod account;
mod after;
mod clusters;
mod correlation;
mod fan;
mod lead_lag;
mod map;
mod matrix;
mod names;
mod of_question;
mod portfolio;
mod runs;
mod timeline;
mod today;
mod windows;

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use clap::builder::ValueHint;
use rhymedb::Error;
use rhymedb::plot::{Picture, PictureFormat, PlotOptions, Theme};

pub(crate) use account::account;
pub(crate) use clusters::clusters;
pub(crate) use correlation::correlation;
pub(crate) use lead_lag::lead_lag;
pub(crate) use map::{MapColour, map};
pub(crate) use matrix::matrix;
pub use of_question::picture_of;
pub(crate) use of_question::{combined, reaction, similar};
pub(crate) use portfolio::{portfolio, portfolio_replay};
pub(crate) use timeline::{anomalies, divergence, regimes};
pub(crate) use today::today;
pub(crate) use windows::{found, transferred};

use crate::failure::{Failure, Outcome};
use crate::global::Global;
use crate::progress;
use crate::sink;

/// Whether and how the answer is drawn.
#[derive(Debug, ClapArgs)]
pub(crate) struct PlotArgs {
    /// Also draw the answer into a file: .svg, .png or .html
    #[arg(long, value_name = "FILE", value_parser = file, value_hint = ValueHint::AnyPath)]
    pub(crate) plot: Option<PathBuf>,
    /// The colours of the picture; auto is what its viewer prefers, and light in PNG
    #[arg(long, value_name = "auto|light|dark", default_value = "auto", requires = "plot", value_parser = theme)]
    plot_theme: Theme,
    /// The width of the picture; a PNG has two dots a pixel
    #[arg(long, value_name = "PIXELS", default_value_t = 1200, requires = "plot")]
    #[arg(value_parser = clap::value_parser!(u32).range(320..=4000))]
    plot_width: u32,
}

/// A file whose ending says how a picture is written, refused before anything is asked.
fn file(text: &str) -> Result<PathBuf, String> {
    let of = PictureFormat::of(Path::new(text));
    of.map(|_| PathBuf::from(text)).map_err(|e| e.to_string())
}

fn theme(text: &str) -> Result<Theme, String> {
    text.parse().map_err(|e: rhymedb::Error| e.to_string())
}

impl PlotArgs {
    /// Whether a picture is wanted.
    pub(crate) fn is_wanted(&self) -> bool {
        self.plot.is_some()
    }

    /// Draws and writes the picture, if one is wanted.
    pub(crate) fn write<P: Into<Picture>>(
        &self,
        global: &Global,
        picture: impl FnOnce() -> Outcome<P>,
    ) -> Outcome {
        let Some(path) = &self.plot else {
            return Ok(());
        };
        let options = PlotOptions {
            theme: self.plot_theme,
            width: self.plot_width,
        };
        let picture: Picture = picture()?.into();
        if sink::is_dropped() {
            return Err(Failure::Cancelled);
        }
        picture.write(path, &options)?;
        progress::notice(global, &format!("drawn into {}", path.display()));
        Ok(())
    }

    /// Writes the picture as a page, into a file of any name that ends in .html.
    pub(crate) fn write_page<P: Into<Picture>>(
        global: &Global,
        path: &Path,
        picture: impl FnOnce() -> Outcome<P>,
    ) -> Outcome {
        if PictureFormat::of(path).ok() != Some(PictureFormat::Html) {
            return Err(Error::Invalid(format!(
                "expected a page's file that ends in .html, found {}",
                path.display()
            ))
            .into());
        }
        let args = Self {
            plot: Some(path.to_path_buf()),
            plot_theme: Theme::Auto,
            plot_width: 1200,
        };
        args.write(global, picture)
    }
}
