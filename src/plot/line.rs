//! Lines over a common x: losses and accuracies per epoch, latencies per batch size.
//!
//! A line is broken where a value is NaN or infinite, as after a diverged epoch.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, line::{LinePlot, Series}};
//! let loss = Series { name: "train".to_owned(), points: vec![(1.0, 2.3), (2.0, 1.1), (3.0, 0.7)] };
//! let plot = LinePlot { title: "IsoMax+".to_owned(), x: "epoch".to_owned(), y: "loss".to_owned(), series: vec![loss] };
//! assert!(plot.render(Format::Png).unwrap().starts_with(b"\x89PNG"));
//! ```

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, DashedPathElement, PathElement};
use plotters::prelude::{Color, DrawingBackend};
use plotters::style::text_anchor::HPos;

use super::axes::{Place, Plot, draw_axes, label_area_height, label_area_width};
use super::axis::{Axis, drawable_range};
use super::canvas::{self, Drawing};
use super::legend::{Key, Legend};
use super::style::{CurveStyle, GAP, INK, LABEL, LINE_PLOT, MARGIN, SMALL_GAP, THICK, TITLE, curve};
use super::{Format, PlotError};

/// Room above and below the lines, as a share of their range.
const HEADROOM: f64 = 0.04;

/// One line.
#[derive(Clone, Debug)]
pub struct Series {
    /// For the legend.
    pub name: String,
    /// (x, y), in the order in which they are joined.
    pub points: Vec<(f64, f64)>,
}

/// Lines in one plot.
#[derive(Clone, Debug)]
pub struct LinePlot {
    /// Stands above the plot; may be empty.
    pub title: String,
    /// Name of the horizontal axis.
    pub x: String,
    /// Name of the vertical axis.
    pub y: String,
    /// The lines, in the order of the legend.
    pub series: Vec<Series>,
}

impl LinePlot {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] where no series has a finite point, and for failures of drawing.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        canvas::encode(&Measured::new(self)?, format)
    }
}

/// Draws a curve in its colour and dash; a single point becomes a dot.
pub(super) fn draw_curve<DB: DrawingBackend>(
    plot: &mut Plot<DB>,
    points: &[(f64, f64)],
    CurveStyle { colour, dash }: CurveStyle,
) -> Result<(), PlotError> {
    let style = colour.stroke_width(THICK);
    match (points, dash) {
        ([point], _) => {
            plot.draw_series(std::iter::once(Circle::new(*point, THICK as i32, colour.filled())))?;
        }
        (_, None) => {
            plot.draw_series(std::iter::once(PathElement::new(points, style)))?;
        }
        (_, Some((dash, gap))) => {
            let dashed = DashedPathElement::new(points.iter().copied(), dash, gap, style);
            plot.draw_series(std::iter::once(dashed))?;
        }
    }
    Ok(())
}

#[derive(Debug)]
struct Measured<'a> {
    series: &'a [Series],
    title: Vec<String>,
    names: (Vec<String>, Vec<String>),
    legend: Legend,
    axes: (Axis, Axis),
    plot: Place,
    size: (i32, i32),
}

fn is_finite(&(x, y): &(f64, f64)) -> bool {
    x.is_finite() && y.is_finite()
}

/// The range of numbers; none is a range from 0 to 1.
fn extent(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers
        .fold(None, |range: Option<(f64, f64)>, v| Some(range.map_or((v, v), |(a, b)| (a.min(v), b.max(v)))))
        .unwrap_or((0.0, 1.0))
}

impl<'a> Measured<'a> {
    fn new(LinePlot { title, x, y, series }: &'a LinePlot) -> Result<Self, PlotError> {
        let points = || series.iter().flat_map(|series| &series.points).filter(|point| is_finite(point));
        if points().next().is_none() {
            return Err(PlotError::Nothing { plot: title.clone(), part: "finite point" });
        }
        let (width, height) = LINE_PLOT;
        let (left, right) = extent(points().map(|point| point.0));
        let (low, high) = extent(points().map(|point| point.1));
        let headroom = high * HEADROOM - low * HEADROOM;
        let x_axis = Axis::horizontal(drawable_range(left, right), width)?;
        let y_axis = Axis::vertical(drawable_range(low - headroom, high + headroom), height);

        let x_name = LABEL.wrap(&format!("{x}{}", x_axis.unit()), width)?;
        let y_name = LABEL.wrap(&format!("{y}{}", y_axis.unit()), height)?;
        let x = MARGIN + LABEL.height(&y_name) + SMALL_GAP + label_area_width(y_axis.widest_label()?);
        let full_width = x + width + 2 * GAP;
        let title = TITLE.wrap(title, full_width - 2 * MARGIN)?;
        let entries = series.iter().enumerate().map(|(index, series)| (Key::Curve(curve(index)), series.name.clone()));
        let legend = Legend::new(entries, full_width - 2 * MARGIN)?;
        let plot = Place { x, y: MARGIN + TITLE.height(&title) + GAP / 2, width, height };
        let below = label_area_height() + LABEL.height(&x_name) + SMALL_GAP + legend.height() + MARGIN;
        Ok(Self {
            series,
            title,
            names: (x_name, y_name),
            legend,
            axes: (x_axis, y_axis),
            plot,
            size: (full_width, plot.y + height + below),
        })
    }
}

impl Drawing for Measured<'_> {
    fn size(&self) -> (i32, i32) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let middle = self.size.0 / 2;
        TITLE.draw(area, &self.title, (middle, MARGIN), HPos::Center, INK)?;
        let mut plot = draw_axes(area, self.plot, (&self.axes.0, &self.axes.1))?;
        for (index, series) in self.series.iter().enumerate() {
            for part in series.points.split(|point| !is_finite(point)).filter(|part| !part.is_empty()) {
                draw_curve(&mut plot, part, curve(index))?;
            }
        }
        let (x, y) = self.plot.centre();
        let below = self.plot.y + self.plot.height + label_area_height();
        LABEL.draw(area, &self.names.0, (x, below), HPos::Center, INK)?;
        LABEL.draw_upwards(area, &self.names.1, (MARGIN, y), INK)?;
        self.legend.draw(area, (middle, below + LABEL.height(&self.names.0) + SMALL_GAP))
    }
}
