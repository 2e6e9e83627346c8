//! From a layout to the bytes of a file.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::prelude::{DrawingBackend, SVGBackend, WHITE};

use tiny_skia::{Color, Pixmap};

use super::raster::{self, Raster};
use super::unit::{DOTS_PER_INCH, POINTS_PER_INCH};
use super::{Format, PlotError};

/// A plot that is laid out, with everything checked and measured.
pub(super) trait Drawing {
    /// Width and height in dots.
    fn size(&self) -> (i32, i32);

    /// Draws onto a white area of that size.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError>;
}

/// The file.
pub(super) fn encode(drawing: &impl Drawing, format: Format) -> Result<Vec<u8>, PlotError> {
    let (width, height) = drawing.size();
    let size = (width.max(1) as u32, height.max(1) as u32);
    match format {
        Format::Png => {
            let mut pixels = Pixmap::new(size.0, size.1)
                .ok_or_else(|| PlotError::drawing(format_args!("{width} x {height} pixels are too many")))?;
            pixels.fill(Color::WHITE);
            drawing.draw(&Raster(pixels.as_mut()).into_drawing_area())?;
            raster::encode(pixels.as_ref())
        }
        Format::Svg => {
            let mut text = String::new();
            {
                let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
                area.fill(&WHITE)?;
                drawing.draw(&area)?;
                area.present()?;
            }
            Ok(sized_in_points(text, size).into_bytes())
        }
    }
}

/// plotters makes every unit of an SVG a pixel of the screen; the units stay, but get the size of the plot on paper.
fn sized_in_points(svg: String, (width, height): (u32, u32)) -> String {
    let points = |dots: u32| f64::from(dots * POINTS_PER_INCH) / f64::from(DOTS_PER_INCH);
    svg.replacen(
        &format!("<svg width=\"{width}\" height=\"{height}\""),
        &format!("<svg width=\"{}pt\" height=\"{}pt\"", points(width), points(height)),
        1,
    )
}
