//! Risk–coverage curves: how many of the accepted ID rows are classified wrongly, from the most confident rows on.
//!
//! # Formula
//!
//! ```text
//! coverage(t) = share of ID rows with score ≥ t        risk(t) = share of these that are classified wrongly
//! ```
//!
//! for every distinct score t, so tied rows are accepted together. Left of the first threshold the risk stays what it is there. The area in the legend is
//! AURC as the procedure `misclassification` measures it.
//!
//! Source: Y. Geifman, R. El-Yaniv, Selective Classification for Deep Neural Networks, NeurIPS 2017.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, risk_coverage::{RiskCoverage, RiskCurve}};
//! // Half of the rows without an error, then one error in two rows: ½·0 + ½·(0 + ½)/2.
//! let curve = RiskCurve { name: "mps".to_owned(), scores: vec![0.9, 0.6], right: vec![true, false] };
//! let plot = RiskCoverage { title: String::new(), curves: vec![curve] };
//! assert!(String::from_utf8(plot.render(Format::Svg)?).unwrap().contains("mps: AURC 12.5 %"));
//! # Ok::<(), oodbench::plot::PlotError>(())
//! ```

use super::square::{Line, Square, shares};
use super::{Format, PlotError};
use crate::metric::Sample;

/// The rows behind one curve.
#[derive(Clone, Debug)]
pub struct RiskCurve {
    /// For the legend.
    pub name: String,
    /// Scores of the ID rows.
    pub scores: Vec<f64>,
    /// Whether each is classified rightly.
    pub right: Vec<bool>,
}

/// Risk–coverage curves in one plot.
#[derive(Clone, Debug)]
pub struct RiskCoverage {
    /// Stands above the plot; may be empty.
    pub title: String,
    /// The curves, in the order of the legend.
    pub curves: Vec<RiskCurve>,
}

impl RiskCoverage {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for no curves, for a sample that is empty or holds NaN or infinities, and for failures of drawing.
    ///
    /// # Panics
    /// If a curve has not as many scores as predictions.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        let mut lines = Vec::with_capacity(self.curves.len());
        let mut highest = 0.0_f64;
        for RiskCurve { name, scores, right } in &self.curves {
            let sample = Sample::with_predictions(scores.clone(), right).map_err(|reason| PlotError::Sample {
                part: name.clone(),
                sample: "in-distribution",
                reason,
            })?;
            let vertices = vertices(sample.ascending(), sample.wrong().unwrap_or_default());
            let area: f64 = vertices.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
            highest = vertices.iter().fold(highest, |highest, vertex| highest.max(vertex.1));
            lines.push(Line { name: format!("{name}: AURC {:.1} %", 100.0 * area), vertices, marks: Vec::new() });
        }
        let most = if highest > 0.0 { (highest * 1.05).min(1.0) } else { 0.01 };
        Square {
            title: &self.title,
            names: ["coverage: share of ID rows accepted", "risk: share of these classified wrongly"],
            axes: [shares(1.0)?, shares(most)?],
            lines,
            references: Vec::new(),
            mark: None,
        }
        .render(format)
    }
}

/// (coverage, risk) from 0 to all rows.
fn vertices(scores: &[f64], wrong: &[f64]) -> Vec<(f64, f64)> {
    let (mut kept, mut failing) = (0, 0);
    let mut vertices: Vec<(f64, f64)> = Vec::new();
    for group in crate::metric::tie_groups::descending(scores, wrong) {
        // Every wrong row is one of the scores, too.
        kept += group.id;
        failing += group.ood;
        let vertex = (kept as f64 / scores.len() as f64, failing as f64 / kept as f64);
        if vertices.is_empty() {
            vertices.push((0.0, vertex.1));
        }
        vertices.push(vertex);
    }
    vertices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metric::Ranking;
    use crate::metric::risk_coverage::{RiskCoverage as Areas, Rows};

    proptest! {
        #[test]
        fn the_area_is_that_of_the_procedure(rows in prop::collection::vec(((0..8).prop_map(f64::from), any::<bool>()), 1..40)) {
            let (scores, right): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
            let sample = Sample::with_predictions(scores, &right).unwrap();
            let expected = Areas::of(&Ranking::new(&sample, &Sample::new(vec![-1.0]).unwrap()), Rows::Id).aurc;
            let found = vertices(sample.ascending(), sample.wrong().unwrap());
            let area: f64 = found.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
            prop_assert!((area - expected).abs() < 1e-12, "{} {}", area, expected);
        }
    }
}
