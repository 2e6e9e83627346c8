//! Reliability: whether rows that are predicted with confidence c are classified rightly in a share c.
//!
//! # Formula
//!
//! Rows fall into [`BINS`] bins of confidence of equal width, open on the left: bin b holds confidences in `((b − 1)/15, b/15]`, 0 falls into the first.
//!
//! ```text
//! x_b = mean confidence of bin b      y_b = share of its rows classified rightly      ECE = Σ n_b/n·|y_b − x_b|
//! ```
//!
//! Bins without rows have no point.
//!
//! Source: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017, with its 15 bins.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, reliability::{Calibration, Reliability}};
//! // Two bins: 0.9 with half of its rows right, 0.5 with all: ECE = ⅔·0.4 + ⅓·0.5.
//! let curve = Calibration { name: "run".to_owned(), confidence: vec![0.9, 0.9, 0.5], right: vec![true, false, true] };
//! let plot = Reliability { title: String::new(), curves: vec![curve] };
//! assert!(String::from_utf8(plot.render(Format::Svg)?).unwrap().contains("run: ECE 43.3 %"));
//! # Ok::<(), oodbench::plot::PlotError>(())
//! ```

use super::square::{Line, Square, shares};
use super::{Format, PlotError};
use crate::metric::reliability::calibration::{Bin, Binning, Norm, bins, of_bins};
use crate::metric::sample::finite;

/// Bins of confidence.
pub const BINS: usize = 15;

/// The rows behind one curve.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// For the legend.
    pub name: String,
    /// Probabilities of the predicted classes, from 0 to 1.
    pub confidence: Vec<f64>,
    /// Whether each row is classified rightly.
    pub right: Vec<bool>,
}

/// Reliability curves in one plot.
#[derive(Clone, Debug)]
pub struct Reliability {
    /// Stands above the plot; may be empty.
    pub title: String,
    /// The curves, in the order of the legend.
    pub curves: Vec<Calibration>,
}

impl Reliability {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for no curves, for one without rows or with NaN or infinities, and for failures of drawing.
    ///
    /// # Panics
    /// If a curve has not as many confidences as predictions.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        let mut lines = Vec::with_capacity(self.curves.len());
        for curve in &self.curves {
            finite(&curve.confidence).map_err(|reason| PlotError::Sample {
                part: curve.name.clone(),
                sample: "in-distribution",
                reason,
            })?;
            assert_eq!(curve.confidence.len(), curve.right.len(), "a prediction for each confidence");
            let (vertices, error) = vertices(curve);
            let name = format!("{}: ECE {:.1} %", curve.name, 100.0 * error);
            lines.push(Line { name, marks: vertices.clone(), vertices });
        }
        Square {
            title: &self.title,
            names: ["confidence: probability of the predicted class", "share classified rightly"],
            axes: [shares(1.0)?, shares(1.0)?],
            lines,
            references: vec![[(0.0, 0.0), (1.0, 1.0)]],
            mark: Some("bins of confidence, 15 of equal width"),
        }
        .render(format)
    }
}

/// The point of every bin that has rows, and the expected calibration error.
fn vertices(curve: &Calibration) -> (Vec<(f64, f64)>, f64) {
    let rows: Vec<(f64, bool)> = curve.confidence.iter().copied().zip(curve.right.iter().copied()).collect();
    let bins = bins(&rows, Binning::Width(BINS));
    let point = |bin: &Bin| (bin.confidence / bin.rows, bin.right / bin.rows);
    (bins.iter().map(point).collect(), of_bins(&bins, Norm::Absolute))
}
