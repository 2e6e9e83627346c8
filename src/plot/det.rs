//! Detection error trade-off: how much ID is rejected for how much OOD is accepted, both on normal-deviate axes.
//!
//! # Formula
//!
//! ```text
//! x(t) = Φ⁻¹(share of OOD with score ≥ t)      y(t) = Φ⁻¹(share of ID with score < t)
//! ```
//!
//! for every distinct score t. Normal scores of either class give a straight line, and small error rates, which a ROC plot presses into a corner, are spread
//! out. Rates below 0.1 % and above 99 % are drawn at the edge. The marked point is where both rates are equal, to one threshold; the legend
//! says their mean there (equal error rate).
//!
//! Source: A. Martin et al., The DET Curve in Assessment of Detection Task Performance, Eurospeech 1997.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, det::Det, roc::Curve};
//! let curve = Curve { name: "mds".to_owned(), id: vec![4.0, 3.0, 1.0], ood: vec![2.0, 0.0, -1.0] };
//! let plot = Det { title: String::new(), curves: vec![curve] };
//! // At 2 a third of OOD is accepted, and a third of ID rejected.
//! assert!(String::from_utf8(plot.render(Format::Svg)?).unwrap().contains("mds: EER 33.3 %"));
//! # Ok::<(), oodbench::plot::PlotError>(())
//! ```

use super::axis::Axis;
use super::roc::Curve;
use super::square::{Line, Square};
use super::{Format, PlotError, samples};
use crate::metric::tie_groups::descending;
use crate::stats::normal::quantile;

/// DET curves in one plot.
#[derive(Clone, Debug)]
pub struct Det {
    /// Stands above the plot; may be empty.
    pub title: String,
    /// The curves, in the order of the legend.
    pub curves: Vec<Curve>,
}

/// The range of both axes.
const LEAST: f64 = 0.001;
const MOST: f64 = 0.99;

impl Det {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for no curves, for a sample that is empty or holds NaN or infinities, and for failures of drawing.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        let mut lines = Vec::with_capacity(self.curves.len());
        for Curve { name, id, ood } in &self.curves {
            let (id, ood) = samples(name, id, ood)?;
            let rates = rates(id.ascending(), ood.ascending());
            let equal = equal(&rates);
            let on_axes = |(x, y): (f64, f64)| (deviate(x), deviate(y));
            lines.push(Line {
                name: format!("{name}: EER {:.1} %", 50.0 * (equal.0 + equal.1)),
                vertices: rates.iter().copied().map(on_axes).collect(),
                marks: vec![on_axes(equal)],
            });
        }
        let axis = Axis::deviates(LEAST, MOST);
        let diagonal = [(deviate(LEAST), deviate(LEAST)), (deviate(MOST), deviate(MOST))];
        Square {
            title: &self.title,
            names: ["OOD accepted, % (normal deviates)", "ID rejected, % (normal deviates)"],
            axes: [axis.clone(), axis],
            lines,
            references: vec![diagonal],
            mark: Some("where both rates are the most alike"),
        }
        .render(format)
    }
}

fn deviate(share: f64) -> f64 {
    quantile(share.clamp(LEAST, MOST))
}

/// (OOD accepted, ID rejected) from the highest threshold, above all scores, downwards.
fn rates(id: &[f64], ood: &[f64]) -> Vec<(f64, f64)> {
    let (mut accepted_id, mut accepted_ood) = (0, 0);
    let mut rates = vec![(0.0, 1.0)];
    for group in descending(id, ood) {
        accepted_id += group.id;
        accepted_ood += group.ood;
        rates.push((accepted_ood as f64 / ood.len() as f64, (id.len() - accepted_id) as f64 / id.len() as f64));
    }
    rates
}

/// The threshold at which the rates differ least; of several the first.
fn equal(rates: &[(f64, f64)]) -> (f64, f64) {
    let apart = |(x, y): (f64, f64)| (x - y).abs();
    rates.iter().copied().reduce(|best, one| if apart(one) < apart(best) { one } else { best }).unwrap_or((0.5, 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_counted_at_every_distinct_score() {
        let found = rates(&[1.0, 3.0, 4.0], &[-1.0, 0.0, 1.0]);
        let expected = [(0.0, 1.0), (0.0, 2.0 / 3.0), (0.0, 1.0 / 3.0), (1.0 / 3.0, 0.0), (2.0 / 3.0, 0.0), (1.0, 0.0)];
        assert_eq!(found, expected);
        assert_eq!(equal(&[(0.0, 0.3), (0.2, 0.1), (0.9, 0.0)]), (0.2, 0.1));
    }
}
