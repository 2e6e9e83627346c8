//! Curves over two shares in a square: what PR, DET, risk–coverage and reliability plots have in common.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, DashedPathElement};
use plotters::prelude::{Color, DrawingBackend, WHITE};
use plotters::style::text_anchor::HPos;

use super::axes::{Place, draw_axes, label_area_height, label_area_width};
use super::axis::Axis;
use super::canvas::{self, Drawing};
use super::legend::{Key, Legend};
use super::line::draw_curve;
use super::style::{DOTTED, GAP, INK, LABEL, MARGIN, REFERENCE, ROC_SIDE, SMALL_GAP, THIN, TITLE, curve};
use super::thin::thinned;
use super::unit::dots;
use super::{Format, PlotError};

const MARK_RADIUS: i32 = dots(1.8);
const MARK_RING: i32 = dots(2.6);

/// One curve.
pub(super) struct Line {
    /// For the legend.
    pub(super) name: String,
    /// In the order in which they are joined.
    pub(super) vertices: Vec<(f64, f64)>,
    /// Vertices that are marked.
    pub(super) marks: Vec<(f64, f64)>,
}

/// The plot.
pub(super) struct Square<'a> {
    pub(super) title: &'a str,
    pub(super) names: [&'a str; 2],
    pub(super) axes: [Axis; 2],
    pub(super) lines: Vec<Line>,
    /// Dotted lines to read the curves by.
    pub(super) references: Vec<[(f64, f64); 2]>,
    /// What the marks are, if there are any.
    pub(super) mark: Option<&'a str>,
}

/// An axis of shares from 0 to `most`.
pub(super) fn shares(most: f64) -> Result<Axis, PlotError> {
    Axis::horizontal(0.0..most, ROC_SIDE)
}

impl Square<'_> {
    /// The plot as a file.
    pub(super) fn render(self, format: Format) -> Result<Vec<u8>, PlotError> {
        if self.lines.is_empty() {
            return Err(PlotError::Nothing { plot: self.title.to_owned(), part: "curve" });
        }
        canvas::encode(&Measured::new(self)?, format)
    }
}

struct Measured<'a> {
    square: Square<'a>,
    title: Vec<String>,
    legend: Legend,
    plot: Place,
    size: (i32, i32),
}

impl<'a> Measured<'a> {
    fn new(mut square: Square<'a>) -> Result<Self, PlotError> {
        let [x, y] = &square.axes;
        let side = f64::from(ROC_SIDE);
        let map = |(a, b): (f64, f64)| (x.share(a).clamp(0.0, 1.0) * side, y.share(b).clamp(0.0, 1.0) * side);
        square.lines.iter_mut().for_each(|line| line.vertices = thinned(&line.vertices, map));
        let left = MARGIN + LABEL.line_height() + SMALL_GAP + label_area_width(y.widest_label()?);
        let width = left + ROC_SIDE + 2 * GAP;
        let title = TITLE.wrap(square.title, width - 2 * MARGIN)?;
        let keys = square.lines.iter().enumerate().map(|(index, line)| (Key::Curve(curve(index)), line.name.clone()));
        let legend = Legend::new(keys.chain(square.mark.map(|mark| (Key::Mark, mark.to_owned()))), width - 2 * MARGIN)?;
        let plot = Place { x: left, y: MARGIN + TITLE.height(&title) + GAP / 2, width: ROC_SIDE, height: ROC_SIDE };
        let below = label_area_height() + LABEL.line_height() + SMALL_GAP + legend.height() + MARGIN;
        Ok(Self { square, title, legend, plot, size: (width, plot.y + plot.height + below) })
    }
}

impl Drawing for Measured<'_> {
    fn size(&self) -> (i32, i32) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let Square { names: [x_name, y_name], axes: [x, y], lines, references, .. } = &self.square;
        let middle = self.size.0 / 2;
        TITLE.draw(area, &self.title, (middle, MARGIN), HPos::Center, INK)?;
        let mut plot = draw_axes(area, self.plot, (x, y))?;
        for line in references {
            let dotted = DashedPathElement::new(*line, DOTTED.0, DOTTED.1, REFERENCE.stroke_width(THIN));
            plot.draw_series(std::iter::once(dotted))?;
        }
        for (index, line) in lines.iter().enumerate() {
            draw_curve(&mut plot, &line.vertices, curve(index))?;
        }
        for (index, line) in lines.iter().enumerate() {
            for mark in &line.marks {
                plot.draw_series([
                    Circle::new(*mark, MARK_RING, WHITE.filled()),
                    Circle::new(*mark, MARK_RADIUS, curve(index).colour.filled()),
                ])?;
            }
        }
        let (centre, height) = self.plot.centre();
        let below = self.plot.y + self.plot.height + label_area_height();
        LABEL.draw(area, &[(*x_name).to_owned()], (centre, below), HPos::Center, INK)?;
        LABEL.draw_upwards(area, &[(*y_name).to_owned()], (MARGIN, height), INK)?;
        self.legend.draw(area, (middle, below + LABEL.line_height() + SMALL_GAP))
    }
}
