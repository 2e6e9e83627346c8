//! A plotters backend over tiny-skia: anti-aliased shapes in memory.
//!
//! plotters' own bitmap backend has no anti-aliasing of thick lines and sets text higher than its SVG backend does; here a text stands where the
//! SVG has it.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use tiny_skia::{ColorU8, FillRule, Paint, Path, PathBuilder, PixmapMut, PixmapRef, Rect, Stroke, Transform};

use super::PlotError;
use super::style::DOTS_PER_INCH;
use super::text::EM_TO_SIZE;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Opaque pixels that shapes are drawn onto.
pub(super) struct Raster<'a>(pub(super) PixmapMut<'a>);

/// Opaque pixels as a PNG file that states its resolution.
pub(super) fn encode(pixels: PixmapRef) -> Result<Vec<u8>, PlotError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let per_metre = (f64::from(DOTS_PER_INCH) / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    let rgb: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

impl Raster<'_> {
    fn fill(&mut self, path: Option<Path>, colour: BackendColor) {
        if let Some(path) = path {
            self.0.fill_path(&path, &paint(colour), FillRule::Winding, Transform::identity(), None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, style: &impl BackendStyle) {
        if let Some(path) = path {
            let stroke = Stroke { width: style.stroke_width() as f32, ..Stroke::default() };
            self.0.stroke_path(&path, &paint(style.color()), &stroke, Transform::identity(), None);
        }
    }
}

fn paint(colour: BackendColor) -> Paint<'static> {
    let (red, green, blue) = colour.rgb;
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, (colour.alpha * 255.0).round() as u8);
    paint
}

fn lines(points: impl IntoIterator<Item = BackendCoord>, close: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (x, y) in points {
        let (x, y) = (x as f32, y as f32);
        if builder.is_empty() { builder.move_to(x, y) } else { builder.line_to(x, y) }
    }
    if close {
        builder.close();
    }
    builder.finish()
}

impl DrawingBackend for Raster<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.width(), self.0.height())
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        let (width, height) = self.get_size();
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return Ok(()) };
        if x >= width || y >= height {
            return Ok(());
        }
        let pixel = &mut self.0.pixels_mut()[y as usize * width as usize + x as usize];
        let opacity = colour.alpha.clamp(0.0, 1.0);
        let mixed = |below: u8, above: u8| (f64::from(below) * (1.0 - opacity) + f64::from(above) * opacity).round() as u8;
        let (red, green, blue) = colour.rgb;
        *pixel = ColorU8::from_rgba(mixed(pixel.red(), red), mixed(pixel.green(), green), mixed(pixel.blue(), blue), 255)
            .premultiply();
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.stroke(lines([from, to], false), style);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        let path = Rect::from_ltrb(from.0 as f32, from.1 as f32, to.0 as f32, to.1 as f32).map(PathBuilder::from_rect);
        if fill { self.fill(path, style.color()) } else { self.stroke(path, style) }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.stroke(lines(path, false), style);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let path = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, radius as f32);
        if fill { self.fill(path, style.color()) } else { self.stroke(path, style) }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.fill(lines(path, true), style.color());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        let font_error = |error: S::FontError| DrawingErrorKind::FontError(Box::new(error));
        let ((left, _), (right, _)) = style.layout_box(text).map_err(font_error)?;
        let start = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Center => (left - right) / 2,
            HPos::Right => left - right,
        };
        // Where plotters' SVG has the baseline, in em below the anchor; an ex of DejaVu Sans is 0.547 em.
        let baseline = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.5 * 0.547,
            VPos::Bottom => -0.5 * 0.547,
        };
        // plotters draws a text with its baseline half a size down.
        let down = (style.size() * (baseline / EM_TO_SIZE - 0.5)).round() as i32;
        let transform = style.transform();
        style
            .draw(text, (0, 0), |x, y, colour| {
                let (x, y) = transform.transform(x + start, y + down);
                self.draw_pixel((at.0 + x, at.1 + y), colour)
            })
            .map_err(font_error)?
    }
}
