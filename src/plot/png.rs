//! Scenes as PNG, with the font that comes with the program.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash,
    Transform,
};
use ttf_parser::OutlineBuilder;

use super::palette::{Shade, colour};
use super::scene::{Anchor, Ink, Mark, Point, Scene, Text};
use super::text::{advance, face, width};
use crate::error::{Error, Result};

/// Pixels of the image for a pixel of the page: screens of today show two.
const PIXELS: f32 = 2.0;
/// The most pixels of an image; four bytes each.
const MOST: f64 = 100e6;

/// The bytes of a PNG file.
pub(super) fn bytes(scene: &Scene, shade: Shade) -> Result<Vec<u8>> {
    let (w, h) = (
        scene.width * f64::from(PIXELS),
        scene.height * f64::from(PIXELS),
    );
    let too_large = || {
        Error::invalid(format!(
            "the picture would be {w:.0} by {h:.0} pixels; show less of it, or write .svg or .html"
        ))
    };
    if w * h > MOST {
        return Err(too_large());
    }
    let mut canvas = Canvas {
        pixels: Pixmap::new(w.ceil() as u32, h.ceil() as u32).ok_or_else(too_large)?,
        shade,
    };
    canvas.pixels.fill(canvas.colour(Ink::Page, 1.0));
    for mark in &scene.marks {
        canvas.draw(mark);
    }
    encoded(&canvas.pixels)
        .map_err(|e| Error::invalid(format!("the picture cannot be written as PNG: {e}")))
}

/// The page covers everything, so no pixel needs its opacity.
fn encoded(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let mut colours = Vec::with_capacity(pixels.pixels().len() * 3);
    for pixel in pixels.pixels() {
        colours.extend([pixel.red(), pixel.green(), pixel.blue()]);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colours)?;
    writer.finish()?;
    Ok(bytes)
}

struct Canvas {
    pixels: Pixmap,
    shade: Shade,
}

impl Canvas {
    fn colour(&self, ink: Ink, opacity: f64) -> Color {
        let [r, g, b] = colour(ink, self.shade);
        let alpha = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        Color::from_rgba8(r, g, b, alpha)
    }

    fn paint(&self, ink: Ink, opacity: f64) -> Paint<'static> {
        let mut paint = Paint::default();
        paint.set_color(self.colour(ink, opacity));
        paint.anti_alias = true;
        paint
    }

    fn draw(&mut self, mark: &Mark) {
        match mark {
            Mark::Boxes {
                boxes,
                fill,
                opacity,
            } => {
                let mut path = PathBuilder::new();
                for [x, y, w, h] in boxes {
                    let corners = [(*x, *y), (x + w, *y), (x + w, y + h), (*x, y + h)];
                    polygon(&mut path, &corners);
                    path.close();
                }
                self.fill(path, *fill, *opacity);
            }
            Mark::Area {
                points,
                fill,
                opacity,
            } => {
                let mut path = PathBuilder::new();
                polygon(&mut path, points);
                path.close();
                self.fill(path, *fill, *opacity);
            }
            Mark::Dots {
                centres,
                radius,
                fill,
                opacity,
            } => {
                let mut path = PathBuilder::new();
                for (x, y) in centres {
                    path.push_circle(*x as f32, *y as f32, *radius as f32);
                }
                self.fill(path, *fill, *opacity);
            }
            Mark::Lines { .. } => self.lines(mark),
            Mark::Text(text) => self.text(text),
            Mark::Group(group) => group.marks.iter().for_each(|mark| self.draw(mark)),
        }
    }

    fn fill(&mut self, path: PathBuilder, ink: Ink, opacity: f64) {
        // A path of nothing has no inside.
        if let Some(path) = path.finish() {
            self.fill_path(&path, ink, opacity, Transform::from_scale(PIXELS, PIXELS));
        }
    }

    fn fill_path(&mut self, path: &Path, ink: Ink, opacity: f64, place: Transform) {
        let paint = self.paint(ink, opacity);
        self.pixels
            .fill_path(path, &paint, FillRule::Winding, place, None);
    }

    fn lines(&mut self, mark: &Mark) {
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
        let mut path = PathBuilder::new();
        for points in lines {
            polygon(&mut path, points);
        }
        let Some(path) = path.finish() else { return };
        let stroke = Stroke {
            width: *width as f32,
            line_cap: LineCap::Butt,
            line_join: LineJoin::Round,
            dash: dashed
                .then(|| StrokeDash::new(vec![4.0, 3.0], 0.0))
                .flatten(),
            ..Stroke::default()
        };
        let paint = self.paint(*ink, *opacity);
        let place = Transform::from_scale(PIXELS, PIXELS);
        self.pixels.stroke_path(&path, &paint, &stroke, place, None);
    }

    fn text(&mut self, text: &Text) {
        let face = face(text.bold);
        let scale = (text.size / f64::from(face.units_per_em())) as f32;
        let long = width(&text.text, text.size, text.bold) as f32;
        let mut along = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -long / 2.0,
            Anchor::End => -long,
        };
        let (x, y) = (text.at.0 as f32, text.at.1 as f32);
        let origin = Transform::from_scale(PIXELS, PIXELS).pre_translate(x, y);
        let origin = if text.turned {
            origin.pre_concat(Transform::from_rotate(-90.0))
        } else {
            origin
        };
        for c in text.text.chars() {
            let mut outline = Outline(PathBuilder::new());
            face.outline_glyph(face.glyph_index(c).unwrap_or_default(), &mut outline);
            if let Some(path) = outline.0.finish() {
                let place = origin.pre_translate(along, 0.0).pre_scale(scale, -scale);
                self.fill_path(&path, text.ink, 1.0, place);
            }
            along += advance(face, c) as f32 * scale;
        }
    }
}

fn polygon(path: &mut PathBuilder, points: &[Point]) {
    for (i, (x, y)) in points.iter().enumerate() {
        let (x, y) = (*x as f32, *y as f32);
        if i == 0 {
            path.move_to(x, y);
        } else {
            path.line_to(x, y);
        }
    }
}

struct Outline(PathBuilder);

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
