//! One panel: the histograms of an ID and an OOD sample over shared bins.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{PathElement, Polygon};
use plotters::prelude::{Color, DrawingBackend, RGBColor};
use plotters::style::text_anchor::HPos;

use super::axes::{Place, draw_axes, label_area_height};
use super::axis::Axis;
use super::bins::{Bins, Counts};
use super::style::{FILL_OPACITY, ID, INK, LABEL, OOD, OOD_TEXT, PANEL_HEIGHT, PANEL_TITLE, SMALL_GAP, THIN, TICK};
use super::{PlotError, samples};

/// Room above the highest bin, as a share of it.
const HEADROOM: f64 = 0.06;
/// The same where scores beyond the axis are noted there.
const HEADROOM_FOR_NOTES: f64 = 0.3;

/// One ID and one OOD sample to compare.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Stands above the panel: as a rule the name of the OOD set.
    pub title: String,
    /// Name of the ID set, for the legend.
    pub id_name: String,
    /// Name of the OOD set, for the legend.
    pub ood_name: String,
    /// Values of the ID sample, in any order.
    pub id: Vec<f64>,
    /// Values of the OOD sample, in any order.
    pub ood: Vec<f64>,
}

/// The scores of a panel, counted.
#[derive(Debug)]
pub(super) struct Histograms {
    bins: Bins,
    id: Counts,
    ood: Counts,
    pub(super) y: Axis,
    /// Whether scores lie beyond the axis.
    pub(super) beyond: bool,
}

impl Histograms {
    pub(super) fn new(panel: &Panel) -> Result<Self, PlotError> {
        let (id, ood) = samples(&panel.title, &panel.id, &panel.ood)?;
        let bins = Bins::shared(id.ascending(), ood.ascending());
        let (id, ood) = (bins.count(id.ascending()), bins.count(ood.ascending()));
        let highest = id.within.iter().chain(&ood.within).copied().max().unwrap_or(0);
        let beyond = [&id, &ood].iter().any(|counts| counts.below + counts.above > 0);
        let y = Axis::counts(highest, if beyond { HEADROOM_FOR_NOTES } else { HEADROOM }, PANEL_HEIGHT);
        Ok(Self { bins, id, ood, y, beyond })
    }
}

/// A panel with everything measured.
#[derive(Debug)]
pub(super) struct Cell {
    histograms: Histograms,
    x: Axis,
    title: Vec<String>,
    quantity: Vec<String>,
}

impl Cell {
    /// Measures for a plot of so many dots' width.
    pub(super) fn new(histograms: Histograms, title: &str, quantity: &str, width: i32) -> Result<Self, PlotError> {
        let x = Axis::horizontal(histograms.bins.range.clone(), width)?;
        let quantity = LABEL.wrap(&format!("{quantity}{}", x.unit()), width)?;
        Ok(Self { histograms, x, title: PANEL_TITLE.wrap(title, width)?, quantity })
    }

    /// Height of the title over the plot, in dots.
    pub(super) fn height_above(&self) -> i32 {
        PANEL_TITLE.height(&self.title) + SMALL_GAP
    }

    /// Height of the numbers and the name of the axis under the plot, in dots.
    pub(super) fn height_below(&self) -> i32 {
        label_area_height() + LABEL.height(&self.quantity)
    }

    /// Draws the plot at `place`, title and numbers outside of it.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        place: Place,
    ) -> Result<(), PlotError> {
        let Self { histograms: Histograms { bins, id, ood, y, .. }, x, title, quantity } = self;
        let mut plot = draw_axes(area, place, (x, y))?;
        for (counts, colour) in [(id, ID), (ood, OOD)] {
            let fill = colour.mix(FILL_OPACITY);
            plot.draw_series(outlines(bins, counts).into_iter().map(|corners| Polygon::new(corners, fill)))?;
        }
        // Outlines last: neither sample hides where the other ends.
        for (counts, colour) in [(id, ID), (ood, OOD)] {
            let stroke = colour.stroke_width(THIN);
            plot.draw_series(outlines(bins, counts).into_iter().map(|corners| PathElement::new(corners, stroke)))?;
        }
        for (line, counts, colour) in [(0, id, ID), (1, ood, OOD_TEXT)] {
            draw_beyond(area, place, line, counts, colour)?;
        }
        let (middle, _) = place.centre();
        PANEL_TITLE.draw(area, title, (middle, place.y - self.height_above()), HPos::Center, INK)?;
        LABEL.draw(area, quantity, (middle, place.y + place.height + label_area_height()), HPos::Center, INK)
    }
}

/// The corners of each run of bins that are not empty, from its left to its right end on the axis.
fn outlines(bins: &Bins, counts: &Counts) -> Vec<Vec<(f64, f64)>> {
    let filled: Vec<usize> = (0..bins.count).filter(|&index| counts.within[index] > 0).collect();
    let runs = filled.chunk_by(|a, b| a + 1 == *b);
    runs.map(|run| {
        let (first, last) = (run[0], run[run.len() - 1]);
        let mut corners = vec![(bins.edge(first), 0.0)];
        for &index in run {
            let height = counts.within[index] as f64;
            corners.extend([(bins.edge(index), height), (bins.edge(index + 1), height)]);
        }
        corners.push((bins.edge(last + 1), 0.0));
        corners
    })
    .collect()
}

/// Notes how many scores are not shown, at the end of the axis beyond which they lie.
fn draw_beyond<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    place: Place,
    line: i32,
    counts: &Counts,
    colour: RGBColor,
) -> Result<(), PlotError> {
    let top = place.y + line * TICK.line_height();
    if counts.below > 0 {
        let note = format!("← {}", counts.below);
        TICK.draw(area, &[note], (place.x + SMALL_GAP, top), HPos::Left, colour)?;
    }
    if counts.above > 0 {
        let note = format!("{} →", counts.above);
        TICK.draw(area, &[note], (place.x + place.width, top), HPos::Right, colour)?;
    }
    Ok(())
}
