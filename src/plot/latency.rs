//! Costs on a logarithmic axis: one row per score, one panel per number of classes, a reference as a vertical line.
//!
//! A filled dot is the whole cost, a ring what is added where some of the work is done already; a line joins the two.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, latency::{CostPair, LatencyPlot, CostPanel, CostSeries}};
//! let costs = vec![Some(CostPair { whole: 40.0, added: Some(2.0) })];
//! let panel = CostPanel { title: "10 classes".to_owned(), series: vec![CostSeries { reference: Some(38.0), costs }] };
//! let plot = LatencyPlot {
//!     title: "Detection cost".to_owned(),
//!     rows: vec!["Minimum distance".to_owned()],
//!     series: vec!["batch 1".to_owned()],
//!     reference: "arg max".to_owned(),
//!     panels: vec![panel],
//! };
//! assert!(plot.render(Format::Png).unwrap().starts_with(b"\x89PNG"));
//! ```

use std::ops::RangeInclusive;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, DashedPathElement, PathElement, Rectangle};
use plotters::prelude::{Color, DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use super::axes::Place;
use super::canvas::{self, Drawing};
use super::legend::{Key, Legend};
use super::style::{
    CurveStyle, GAP, GRID, INK, LABEL, MARGIN, PAGE_WIDTH, PANEL_TITLE, SMALL_GAP, THIN, TICK, TICK_LABEL_GAP,
    TICK_LENGTH, TITLE, curve,
};
use super::unit::dots;
use super::{Format, PlotError};

const ROW_HEIGHT: i32 = dots(11.0);
const RADIUS: i32 = dots(1.9);
const RING_HOLE: i32 = dots(1.1);
/// Least width of a panel, whatever the width of the labels.
const LEAST_PANEL: i32 = dots(80.0);
/// Shades every second row.
const STRIPE: RGBColor = RGBColor(246, 246, 246);
const X_NAME: &str = "time per sample (logarithmic)";

/// Two costs in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostPair {
    /// Of everything.
    pub whole: f64,
    /// Of what is not done anyway.
    pub added: Option<f64>,
}

/// One kind of measurement of all rows.
#[derive(Clone, Debug)]
pub struct CostSeries {
    /// The cost that all are compared with.
    pub reference: Option<f64>,
    /// Costs in the order of the rows, where there are any.
    pub costs: Vec<Option<CostPair>>,
}

/// One panel.
#[derive(Clone, Debug)]
pub struct CostPanel {
    /// Stands above it.
    pub title: String,
    /// In the order of the names in [`LatencyPlot::series`].
    pub series: Vec<CostSeries>,
}

/// Panels side by side over common rows.
#[derive(Clone, Debug)]
pub struct LatencyPlot {
    /// Stands above all; may be empty.
    pub title: String,
    /// Names of the rows, from above.
    pub rows: Vec<String>,
    /// Names of the series.
    pub series: Vec<String>,
    /// What the reference is.
    pub reference: String,
    /// The panels, from the left.
    pub panels: Vec<CostPanel>,
}

impl LatencyPlot {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] where there is no positive cost, and for failures of drawing.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        canvas::encode(&Measured::new(self)?, format)
    }
}

/// A cost that a logarithmic axis can show.
fn is_drawable(cost: &f64) -> bool {
    cost.is_finite() && *cost > 0.0
}

/// Whole powers of ten, in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
struct Decades {
    powers: RangeInclusive<i32>,
    /// Every so many powers a label.
    step: i32,
}

impl Decades {
    /// The powers around all costs; as many labels as have room on `length` dots.
    fn around(costs: impl Iterator<Item = f64>, length: i32) -> Result<Option<Self>, PlotError> {
        let range = costs.filter(is_drawable).fold(None, |range: Option<(f64, f64)>, cost| {
            Some(range.map_or((cost, cost), |(low, high)| (low.min(cost), high.max(cost))))
        });
        let Some((low, high)) = range else { return Ok(None) };
        let first = low.log10().floor() as i32;
        let last = (high.log10().ceil() as i32).max(first + 1);
        let mut decades = Self { powers: first..=last, step: 1 };
        // Three powers of ten are from one unit to the next.
        for step in [1, 3, 6, 9] {
            decades.step = step;
            if decades.labels_fit(length)? {
                break;
            }
        }
        Ok(Some(decades))
    }

    fn labelled(&self) -> impl Iterator<Item = i32> {
        self.powers.clone().filter(|power| power.rem_euclid(self.step) == 0)
    }

    fn labels_fit(&self, length: i32) -> Result<bool, PlotError> {
        let mut free_from = i32::MIN;
        for power in self.labelled() {
            let (centre, half) = (self.dot(10_f64.powi(power), length), TICK.width(&duration(power))? / 2);
            if centre - half < free_from {
                return Ok(false);
            }
            free_from = centre + half + TICK_LABEL_GAP;
        }
        Ok(true)
    }

    /// How far right of the start of an axis of so many dots a cost stands.
    fn dot(&self, cost: f64, length: i32) -> i32 {
        let (first, last) = (f64::from(*self.powers.start()), f64::from(*self.powers.end()));
        (f64::from(length) * (cost.log10() - first) / (last - first)).round() as i32
    }
}

/// A power of ten nanoseconds in the unit that makes it shortest.
fn duration(power: i32) -> String {
    let (unit, name) = match power {
        ..3 => (0, "ns"),
        3..6 => (3, "µs"),
        6..9 => (6, "ms"),
        9.. => (9, "s"),
    };
    if power < unit {
        return format!("{:.*} {name}", (unit - power) as usize, 10_f64.powi(power - unit));
    }
    format!("{:.0} {name}", 10_f64.powi(power - unit))
}

#[derive(Debug)]
struct Measured<'a> {
    plot: &'a LatencyPlot,
    title: Vec<String>,
    rows: Vec<Vec<String>>,
    titles: Vec<Vec<String>>,
    legend: Legend,
    decades: Decades,
    places: Vec<Place>,
    size: (i32, i32),
}

impl<'a> Measured<'a> {
    fn new(plot: &'a LatencyPlot) -> Result<Self, PlotError> {
        let count = plot.panels.len().max(1) as i32;
        let most_label = PAGE_WIDTH - 2 * MARGIN - count * (LEAST_PANEL + GAP);
        let widest = plot.rows.iter().try_fold(0, |w, row| Ok::<_, PlotError>(LABEL.width(row)?.max(w)))?;
        let label = widest.min(most_label).max(LEAST_PANEL);
        let rows = plot.rows.iter().map(|row| shortened(row, label)).collect::<Result<Vec<_>, _>>()?;
        let left = MARGIN + label + SMALL_GAP;
        let width = (PAGE_WIDTH - MARGIN - left - (count - 1) * GAP - GAP / 2) / count;

        let series = || plot.panels.iter().flat_map(|panel| &panel.series);
        let costs = series().flat_map(|series| series.costs.iter().flatten());
        let costs = costs.flat_map(|costs| [Some(costs.whole), costs.added]).chain(series().map(|s| s.reference));
        let nothing = || PlotError::Nothing { plot: plot.title.clone(), part: "positive cost" };
        let decades = Decades::around(costs.flatten(), width)?.ok_or_else(nothing)?;

        let title = TITLE.wrap(&plot.title, PAGE_WIDTH - 2 * MARGIN)?;
        let titles = plot.panels.iter().map(|p| PANEL_TITLE.wrap(&p.title, width)).collect::<Result<Vec<_>, _>>()?;
        let title_height = titles.iter().map(|lines| PANEL_TITLE.height(lines)).max().unwrap_or(0);
        let top = MARGIN + TITLE.height(&title) + GAP / 2 + title_height + SMALL_GAP;
        let height = ROW_HEIGHT * plot.rows.len() as i32;
        let place = |index: i32| Place { x: left + index * (width + GAP), y: top, width, height };

        let names = plot.series.iter().enumerate();
        let names = names.map(|(index, name)| (Key::Dot(curve(index).colour), name.clone()));
        let reference = CurveStyle { colour: INK, dash: None };
        let explained = [
            (Key::Dot(INK), "alone".to_owned()),
            (Key::Ring(INK), format!("added to the {}", plot.reference)),
            (Key::Curve(reference), plot.reference.clone()),
        ];
        let entries = names.chain(explained);
        let legend = Legend::new(entries, PAGE_WIDTH - 2 * MARGIN)?;
        let below = 2 * TICK_LENGTH + TICK.line_height() + LABEL.line_height() + SMALL_GAP + legend.height() + MARGIN;
        Ok(Self {
            plot,
            title,
            rows,
            titles,
            legend,
            decades,
            places: (0..plot.panels.len() as i32).map(place).collect(),
            size: (PAGE_WIDTH, top + height + below),
        })
    }

    /// The middle of a row.
    fn row(&self, place: Place, row: usize) -> i32 {
        place.y + ROW_HEIGHT * row as i32 + ROW_HEIGHT / 2
    }

    fn draw_background<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        place: Place,
    ) -> Result<(), PlotError> {
        let (right, bottom) = (place.x + place.width, place.y + place.height);
        for row in (0..self.rows.len()).step_by(2) {
            let y = self.row(place, row);
            let corners = [(place.x, y - ROW_HEIGHT / 2), (right, y + ROW_HEIGHT / 2)];
            area.draw(&Rectangle::new(corners, STRIPE.filled()))?;
        }
        let at = |power: i32| place.x + self.decades.dot(10_f64.powi(power), place.width);
        for power in self.decades.powers.clone() {
            let ends = vec![(at(power), place.y), (at(power), bottom)];
            area.draw(&PathElement::new(ends, GRID.stroke_width(THIN)))?;
        }
        area.draw(&PathElement::new(vec![(place.x, bottom), (right, bottom)], INK.stroke_width(THIN)))?;
        for power in self.decades.labelled() {
            let ends = vec![(at(power), bottom), (at(power), bottom + TICK_LENGTH)];
            area.draw(&PathElement::new(ends, INK.stroke_width(THIN)))?;
            TICK.draw(area, &[duration(power)], (at(power), bottom + 2 * TICK_LENGTH), HPos::Center, INK)?;
        }
        Ok(())
    }

    fn draw_series<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        place: Place,
        series: &CostSeries,
        index: usize,
    ) -> Result<(), PlotError> {
        let colour = curve(index).colour;
        let x = |cost: f64| place.x + self.decades.dot(cost, place.width);
        // Series stand under each other within a row, so none hides another.
        let step = ROW_HEIGHT / (self.plot.series.len() as i32 + 1);
        for (row, costs) in series.costs.iter().enumerate() {
            let Some(costs) = costs.filter(|costs| is_drawable(&costs.whole)) else { continue };
            let y = self.row(place, row) - ROW_HEIGHT / 2 + step * (index as i32 + 1);
            if let Some(added) = costs.added.filter(is_drawable) {
                let ends = vec![(x(added), y), (x(costs.whole), y)];
                area.draw(&PathElement::new(ends, colour.mix(0.5).stroke_width(THIN)))?;
                area.draw(&Circle::new((x(added), y), RADIUS, colour.filled()))?;
                area.draw(&Circle::new((x(added), y), RING_HOLE, WHITE.filled()))?;
            }
            area.draw(&Circle::new((x(costs.whole), y), RADIUS, colour.filled()))?;
        }
        Ok(())
    }
}

/// A name cut to one line of a width.
fn shortened(name: &str, width: i32) -> Result<Vec<String>, PlotError> {
    let mut lines = LABEL.wrap(name, width)?;
    if lines.len() > 1 {
        lines = LABEL.wrap(name, width - LABEL.width("…")?)?;
        lines.truncate(1);
        lines.iter_mut().for_each(|line| line.push('…'));
    }
    Ok(lines)
}

impl Drawing for Measured<'_> {
    fn size(&self) -> (i32, i32) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        TITLE.draw(area, &self.title, (self.size.0 / 2, MARGIN), HPos::Center, INK)?;
        let mut bottom = 0;
        for ((panel, place), title) in self.plot.panels.iter().zip(&self.places).zip(&self.titles) {
            let (middle, _) = place.centre();
            let above = place.y - SMALL_GAP - PANEL_TITLE.height(title);
            PANEL_TITLE.draw(area, title, (middle, above), HPos::Center, INK)?;
            self.draw_background(area, *place)?;
            bottom = place.y + place.height;
            for (index, series) in panel.series.iter().enumerate() {
                if let Some(reference) = series.reference.filter(is_drawable) {
                    let x = place.x + self.decades.dot(reference, place.width);
                    let style = curve(index);
                    let ends = [(x, place.y), (x, bottom)];
                    let stroke = style.colour.stroke_width(THIN);
                    match style.dash {
                        None => area.draw(&PathElement::new(ends.to_vec(), stroke))?,
                        Some((dash, gap)) => area.draw(&DashedPathElement::new(ends, dash, gap, stroke))?,
                    }
                }
            }
            for (index, series) in panel.series.iter().enumerate() {
                self.draw_series(area, *place, series, index)?;
            }
        }
        if let Some(first) = self.places.first() {
            for (row, name) in self.rows.iter().enumerate() {
                let top = self.row(*first, row) - LABEL.line_height() / 2;
                LABEL.draw(area, name, (first.x - SMALL_GAP, top), HPos::Right, INK)?;
            }
        }
        let (left, right) = (self.places.first().map_or(0, |p| p.x), self.size.0 - MARGIN);
        let below = bottom + 2 * TICK_LENGTH + TICK.line_height();
        LABEL.draw(area, &[X_NAME.to_owned()], ((left + right) / 2, below), HPos::Center, INK)?;
        self.legend.draw(area, (self.size.0 / 2, below + LABEL.line_height() + SMALL_GAP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(costs: &[f64], panels: usize) -> LatencyPlot {
        let row = |&whole: &f64| Some(CostPair { whole, added: Some(whole / 50.0) });
        let series = CostSeries { reference: costs.first().copied(), costs: costs.iter().map(row).collect() };
        let name = |row: usize| format!("score {row} with a name that is {}long", "very ".repeat(row));
        LatencyPlot {
            title: "Cost <&>".to_owned(),
            rows: (0..costs.len()).map(name).collect(),
            series: vec!["batch 1".to_owned(), "batch 256".to_owned()],
            reference: "arg max".to_owned(),
            panels: vec![CostPanel { title: "10 classes".to_owned(), series: vec![series.clone(), series] }; panels],
        }
    }

    #[test]
    fn decades_are_labelled_in_units() {
        assert_eq!([-1, 0, 2, 3, 7, 9, 10].map(duration), ["0.1 ns", "1 ns", "100 ns", "1 µs", "10 ms", "1 s", "10 s"]);
        let decades = |length| Decades::around([3.0, 2e7].into_iter(), length).unwrap().unwrap();
        assert_eq!((decades(5000).powers, decades(5000).step), (0..=8, 1));
        assert_eq!(decades(dots(100.0)).labelled().collect::<Vec<_>>(), [0, 3, 6]);
        assert_eq!((decades(800).dot(1.0, 800), decades(800).dot(1e4, 800)), (0, 400));
    }

    #[test]
    fn any_number_of_panels_fits_the_page() {
        for panels in 1..=4 {
            let svg = String::from_utf8(plot(&[3.0, 40.0, 2e6], panels).render(Format::Svg).unwrap()).unwrap();
            assert!(svg.starts_with("<svg width=\"504pt\""), "{}", &svg[..60]);
            assert_eq!(svg.matches("10 classes").count(), panels);
            assert!(svg.contains("added to the arg max") && svg.contains("Cost &lt;&amp;&gt;"));
        }
        assert!(plot(&[1.0], 1).render(Format::Png).unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn costs_that_have_no_logarithm_are_left_out() {
        let dots = |costs: &[f64]| {
            let svg = plot(costs, 1).render(Format::Svg).unwrap();
            String::from_utf8(svg).unwrap().matches("<circle").count()
        };
        // Per series and row two dots and the hole of the ring.
        assert_eq!(dots(&[5.0, 7.0]) - dots(&[5.0, 0.0]), 6);
        assert_eq!(dots(&[5.0, 7.0]) - dots(&[5.0, f64::NAN]), 6);
        let error = plot(&[0.0], 1).render(Format::Svg).unwrap_err();
        assert_eq!(error.to_string(), "Cost <&>: found no positive cost, expected at least one");
        assert!(plot(&[], 0).render(Format::Svg).is_err());
    }
}
