//! A plotters backend over tiny-skia: anti-aliased shapes in memory.
//!
//! plotters' own bitmap backend has no anti-aliasing of thick lines, sets every letter at a whole pixel, and text higher than its SVG backend does;
//! here a text stands where the SVG has it.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, PixmapMut, PixmapRef, Rect, Stroke, Transform};

use super::PlotError;
use super::text::{self, EM_TO_SIZE};
use super::unit::DOTS_PER_INCH;

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
        self.fill(Rect::from_xywh(x as f32, y as f32, 1.0, 1.0).map(PathBuilder::from_rect), colour);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.stroke(lines([from, to], false), style);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        let path = Rect::from_ltrb(from.0 as f32, from.1 as f32, to.0 as f32, to.1 as f32).map(PathBuilder::from_rect);
        if fill {
            self.fill(path, style.color())
        } else {
            self.stroke(path, style)
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.stroke(lines(path, false), style);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        let path = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, radius as f32);
        if fill {
            self.fill(path, style.color())
        } else {
            self.stroke(path, style)
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.fill(lines(path, true), style.color());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let Some(glyphs) = text::glyphs(text, matches!(style.style(), FontStyle::Bold)) else { return Ok(()) };
        let em = (style.size() / EM_TO_SIZE) as f32;
        let start = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -glyphs.width / 2.0,
            HPos::Right => -glyphs.width,
        };
        // Where plotters' SVG has the baseline, in em below the anchor; an ex of DejaVu Sans is 0.547 em.
        let baseline = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.5 * 0.547,
            VPos::Bottom => -0.5 * 0.547,
        };
        let degrees = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 90.0,
            FontTransform::Rotate180 => 180.0,
            FontTransform::Rotate270 => 270.0,
        };
        let place = Transform::from_translate(start, baseline)
            .post_scale(em, em)
            .post_concat(Transform::from_rotate(degrees))
            .post_translate(x as f32, y as f32);
        self.fill(glyphs.outline.and_then(|outline| outline.transform(place)), style.color());
        Ok(())
    }
}
