//! The axes of a plot, drawn at a place in a drawing.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{Cartesian2d, Color, DrawingBackend};
use plotters::style::text_anchor::{HPos, VPos};

use super::PlotError;
use super::axis::Axis;
use super::style::{GRID, INK, SMALL_GAP, THIN, TICK, TICK_LENGTH};

/// A place in a drawing, in dots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Place {
    pub(super) fn centre(self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }
}

/// From the left edge of the widest label to the plot, in dots.
pub(super) fn label_area_width(widest_label: i32) -> i32 {
    widest_label + 2 * TICK_LENGTH
}

/// From the plot to the lower edge of the labels, in dots.
pub(super) fn label_area_height() -> i32 {
    2 * TICK_LENGTH + TICK.line_height()
}

/// A plot with its two axes.
pub(super) type Plot<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

/// Draws the axes of the plot at `place`, their numbers outside of it.
pub(super) fn draw_axes<'a, DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    place: Place,
    (x, y): (&Axis, &Axis),
) -> Result<Plot<'a, DB>, PlotError> {
    // Labels may extend over the area they stand in, so its size only has to hold the ticks.
    let outside = 2 * TICK_LENGTH + SMALL_GAP;
    let with_labels =
        area.clone().shrink((place.x - outside, place.y), (place.width + outside, place.height + outside));
    let mut plot = ChartBuilder::on(&with_labels)
        .y_label_area_size(outside)
        .x_label_area_size(outside)
        .build_cartesian_2d(x.clone(), y.clone())?;
    plot.configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID.stroke_width(THIN))
        .axis_style(INK.stroke_width(THIN))
        .label_style(TICK.style(INK, HPos::Center, VPos::Center))
        .set_all_tick_mark_size(TICK_LENGTH)
        .draw()?;
    Ok(plot)
}
