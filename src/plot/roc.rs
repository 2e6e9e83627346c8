//! ROC curves, ID as the positive class.
//!
//! # Formula
//!
//! ```text
//! x(t) = share of OOD with score ≥ t   (false positive rate)
//! y(t) = share of ID with score ≥ t    (true positive rate)
//! ```
//!
//! for every distinct score t from the highest downwards, joined by straight lines from (0, 0): where ID and OOD share a score the line is
//! diagonal, so the area under the curve counts a tied pair half. The marked point is the highest threshold that accepts at least 95 % of
//! ID; its x is `fpr_at_tpr95_id_positive` of [`crate::metric::id_positive`].
//!
//! Curves are thinned to what the dots of the plot can show.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, roc::{Curve, Roc}};
//! let curve = Curve { name: "SVHN, entropy".to_owned(), id: vec![3.0, 2.0, 2.0], ood: vec![2.0, 1.0] };
//! let plot = Roc { title: "IsoMax+".to_owned(), curves: vec![curve] };
//! let svg = String::from_utf8(plot.render(Format::Svg).unwrap()).unwrap();
//! // All ID scores are accepted from 2 on, as is one of the two OOD scores.
//! assert!(svg.contains("SVHN, entropy: 50.0 %"));
//! ```

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
use super::{Format, PlotError, samples};
use crate::metric::tie_groups::descending;

const X_NAME: &str = "OOD accepted (false positive rate)";
const Y_NAME: &str = "ID accepted (true positive rate)";
const OPERATING_TPR: f64 = 0.95;
const MARK_RADIUS: i32 = dots(2.2);
const MARK_RING: i32 = dots(3.0);

/// The scores behind one curve, higher = more in-distribution.
#[derive(Clone, Debug)]
pub struct Curve {
    /// For the legend, such as score and OOD set.
    pub name: String,
    /// Scores of the ID sample, in any order.
    pub id: Vec<f64>,
    /// Scores of the OOD sample, in any order.
    pub ood: Vec<f64>,
}

/// ROC curves in one plot.
#[derive(Clone, Debug)]
pub struct Roc {
    /// Stands above the plot; may be empty.
    pub title: String,
    /// The curves, in the order of the legend.
    pub curves: Vec<Curve>,
}

impl Roc {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for no curves, for a sample that is empty or holds NaN or infinities, and for failures of drawing.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        canvas::encode(&Measured::new(self)?, format)
    }
}

/// The vertices of a curve from (0, 0) to (1, 1), and the one at the operating point.
fn vertices(id: &[f64], ood: &[f64]) -> (Vec<(f64, f64)>, (f64, f64)) {
    let (mut accepted_id, mut accepted_ood) = (0, 0);
    let mut vertices = vec![(0.0, 0.0)];
    let mut operating = None;
    for group in descending(id, ood) {
        accepted_id += group.id;
        accepted_ood += group.ood;
        let vertex = (accepted_ood as f64 / ood.len() as f64, accepted_id as f64 / id.len() as f64);
        vertices.push(vertex);
        if vertex.1 >= OPERATING_TPR {
            operating.get_or_insert(vertex);
        }
    }
    (vertices, operating.unwrap_or((1.0, 1.0)))
}

/// Places a vertex in a square of so many dots.
fn on_side(side: i32) -> impl Fn((f64, f64)) -> (f64, f64) {
    move |(x, y)| (x * f64::from(side), y * f64::from(side))
}

#[derive(Debug)]
struct MeasuredCurve {
    vertices: Vec<(f64, f64)>,
    operating: (f64, f64),
}

#[derive(Debug)]
struct Measured {
    title: Vec<String>,
    curves: Vec<MeasuredCurve>,
    legend: Legend,
    axis: Axis,
    plot: Place,
    size: (i32, i32),
}

impl Measured {
    fn new(roc: &Roc) -> Result<Self, PlotError> {
        if roc.curves.is_empty() {
            return Err(PlotError::Nothing { plot: roc.title.clone(), part: "curve" });
        }
        let mut curves = Vec::with_capacity(roc.curves.len());
        let mut entries = Vec::with_capacity(roc.curves.len() + 1);
        for (index, Curve { name, id, ood }) in roc.curves.iter().enumerate() {
            let (id, ood) = samples(name, id, ood)?;
            let (vertices, operating) = vertices(id.ascending(), ood.ascending());
            entries.push((Key::Curve(curve(index)), format!("{name}: {:.1} %", 100.0 * operating.0)));
            curves.push(MeasuredCurve { vertices: thinned(&vertices, on_side(ROC_SIDE)), operating });
        }
        entries.push((Key::Mark, "FPR at the first threshold with TPR ≥ 95 %".to_owned()));

        let axis = Axis::horizontal(0.0..1.0, ROC_SIDE)?;
        let left = MARGIN + LABEL.line_height() + SMALL_GAP + label_area_width(axis.widest_label()?);
        let width = left + ROC_SIDE + 2 * GAP;
        let title = TITLE.wrap(&roc.title, width - 2 * MARGIN)?;
        let legend = Legend::new(entries, width - 2 * MARGIN)?;
        let plot = Place { x: left, y: MARGIN + TITLE.height(&title) + GAP / 2, width: ROC_SIDE, height: ROC_SIDE };
        let below = label_area_height() + LABEL.line_height() + SMALL_GAP + legend.height() + MARGIN;
        Ok(Self { title, curves, legend, axis, plot, size: (width, plot.y + plot.height + below) })
    }
}

impl Drawing for Measured {
    fn size(&self) -> (i32, i32) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let middle = self.size.0 / 2;
        TITLE.draw(area, &self.title, (middle, MARGIN), HPos::Center, INK)?;
        let mut plot = draw_axes(area, self.plot, (&self.axis, &self.axis))?;
        for line in [[(0.0, 0.0), (1.0, 1.0)], [(0.0, OPERATING_TPR), (1.0, OPERATING_TPR)]] {
            let dotted = DashedPathElement::new(line, DOTTED.0, DOTTED.1, REFERENCE.stroke_width(THIN));
            plot.draw_series(std::iter::once(dotted))?;
        }
        for (index, measured) in self.curves.iter().enumerate() {
            draw_curve(&mut plot, &measured.vertices, curve(index))?;
        }
        for (index, &MeasuredCurve { operating, .. }) in self.curves.iter().enumerate() {
            plot.draw_series([
                Circle::new(operating, MARK_RING, WHITE.filled()),
                Circle::new(operating, MARK_RADIUS, curve(index).colour.filled()),
            ])?;
        }
        let (x, y) = self.plot.centre();
        let below = self.plot.y + self.plot.height + label_area_height();
        LABEL.draw(area, &[X_NAME.to_owned()], (x, below), HPos::Center, INK)?;
        LABEL.draw_upwards(area, &[Y_NAME.to_owned()], (MARGIN, y), INK)?;
        self.legend.draw(area, (middle, below + LABEL.line_height() + SMALL_GAP))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(mut scores: Vec<f64>) -> Vec<f64> {
        scores.sort_by(f64::total_cmp);
        scores
    }

    fn few_values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((0..6).prop_map(f64::from), 1..30).prop_map(sorted)
    }

    proptest! {
        #[test]
        fn every_vertex_is_a_threshold(id in few_values(), ood in few_values()) {
            let share = |scores: &[f64], t: f64| scores.iter().filter(|&&s| s >= t).count() as f64 / scores.len() as f64;
            let mut thresholds = sorted([id.clone(), ood.clone()].concat());
            thresholds.dedup();
            thresholds.reverse();
            let mut expected = vec![(0.0, 0.0)];
            expected.extend(thresholds.iter().map(|&t| (share(&ood, t), share(&id, t))));
            let (found, operating) = vertices(&id, &ood);
            prop_assert_eq!(&found, &expected);
            let accepting: Vec<_> = expected.iter().filter(|vertex| vertex.1 >= 0.95).collect();
            prop_assert_eq!(&operating, accepting[0]);
        }

        #[test]
        fn the_area_under_the_vertices_counts_ties_half(id in few_values(), ood in few_values()) {
            let pairs = id.iter().flat_map(|i| ood.iter().map(move |o| if i > o { 1.0 } else if i == o { 0.5 } else { 0.0 }));
            let expected = pairs.sum::<f64>() / (id.len() * ood.len()) as f64;
            let (found, _) = vertices(&id, &ood);
            let area: f64 = found.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
            prop_assert!((area - expected).abs() < 1e-12, "{} {}", area, expected);
        }
    }
}
