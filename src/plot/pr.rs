//! Precision–recall curves, either class positive.
//!
//! # Formula
//!
//! For every distinct score t, ID positive (OOD positive: all of ≤ t and the classes swapped):
//!
//! ```text
//! recall(t) = share of ID with score ≥ t        precision(t) = ID with score ≥ t / all rows with score ≥ t
//! ```
//!
//! drawn as steps at the height of the next threshold, so that the area below is the number in the legend: the average precision, as `openood` measures
//! it, `Σ (R_i − R_{i−1})·P_i`. Straight lines would lie above what can be reached. The dotted line is what scores without information give, the share of
//! positive rows.
//!
//! Source: J. Davis, M. Goadrich, The Relationship Between Precision-Recall and ROC Curves, ICML 2006.
//!
//! # Example
//!
//! ```
//! use oodbench::metric::precision_recall::Positive;
//! use oodbench::plot::{Format, pr::PrecisionRecall, roc::Curve};
//! let curve = Curve { name: "mds".to_owned(), id: vec![3.0, 1.0], ood: vec![2.0, 0.0] };
//! let plot = PrecisionRecall { title: String::new(), positive: Positive::In, curves: vec![curve] };
//! let svg = String::from_utf8(plot.render(Format::Svg)?).unwrap();
//! // ½·1 for the row at 3, ½·2/3 for the one at 1.
//! assert!(svg.contains("mds: AP 83.3 %"));
//! # Ok::<(), oodbench::plot::PlotError>(())
//! ```

use super::roc::Curve;
use super::square::{Line, Square, shares};
use super::{Format, PlotError, samples};
use crate::metric::Ranking;
use crate::metric::precision_recall::{Positive, average_precision};
use crate::metric::tie_groups::groups;

/// Precision–recall curves in one plot.
#[derive(Clone, Debug)]
pub struct PrecisionRecall {
    /// Stands above the plot; may be empty.
    pub title: String,
    /// The positive class.
    pub positive: Positive,
    /// The curves, in the order of the legend.
    pub curves: Vec<Curve>,
}

impl PrecisionRecall {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for no curves, for a sample that is empty or holds NaN or infinities, and for failures of drawing.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        let mut lines = Vec::with_capacity(self.curves.len());
        let mut chance = None;
        for Curve { name, id, ood } in &self.curves {
            let (id, ood) = samples(name, id, ood)?;
            let ranking = Ranking::new(&id, &ood);
            let positive = match self.positive {
                Positive::In => ranking.id(),
                Positive::Out => ranking.ood(),
            };
            chance.get_or_insert(positive as f64 / (ranking.id() + ranking.ood()) as f64);
            let area = average_precision(&ranking, self.positive);
            let vertices = steps(&vertices(&ranking, self.positive));
            lines.push(Line { name: format!("{name}: AP {:.1} %", 100.0 * area), vertices, marks: Vec::new() });
        }
        let names = match self.positive {
            Positive::In => ["recall of ID (ID positive)", "precision"],
            Positive::Out => ["recall of OOD (OOD positive)", "precision"],
        };
        let references = chance.map(|share| [(0.0, share), (1.0, share)]).into_iter().collect();
        let axes = [shares(1.0)?, shares(1.0)?];
        Square { title: &self.title, names, axes, lines, references, mark: None }.render(format)
    }
}

/// (recall, precision) at every distinct threshold, recall rising.
fn vertices(ranking: &Ranking, positive: Positive) -> Vec<(f64, f64)> {
    let all = match positive {
        Positive::In => ranking.id(),
        Positive::Out => ranking.ood(),
    } as f64;
    let (mut right, mut seen) = (0, 0);
    let vertex = |group: crate::metric::tie_groups::Group| {
        right += if positive == Positive::In { group.id } else { group.ood };
        seen += group.id + group.ood;
        (right as f64 / all, right as f64 / seen as f64)
    };
    groups(ranking, positive).map(vertex).collect()
}

/// The outline of the steps: each threshold's precision from the recall before on.
fn steps(vertices: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let before = std::iter::once(0.0).chain(vertices.iter().map(|vertex| vertex.0));
    before.zip(vertices).flat_map(|(recall, vertex)| [(recall, vertex.1), *vertex]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Sample;

    #[test]
    fn the_area_below_the_steps_is_the_average_precision() {
        let sample = |values: &[f64]| Sample::new(values.to_vec()).unwrap();
        let ranking = Ranking::new(&sample(&[5.0, 4.0, 2.0, 2.0, 0.0]), &sample(&[4.5, 2.0, 1.0, 1.0]));
        for positive in [Positive::In, Positive::Out] {
            let outline = steps(&vertices(&ranking, positive));
            let area: f64 = outline.windows(2).map(|two| (two[1].0 - two[0].0) * (two[0].1 + two[1].1) / 2.0).sum();
            assert!((area - average_precision(&ranking, positive)).abs() < 1e-12, "{outline:?}");
        }
    }

    #[test]
    fn ties_are_one_vertex_and_either_class_may_be_positive() {
        let ranking = Ranking::new(&Sample::new(vec![3.0, 2.0]).unwrap(), &Sample::new(vec![2.0, 1.0]).unwrap());
        assert_eq!(vertices(&ranking, Positive::In), [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
        assert_eq!(vertices(&ranking, Positive::Out), [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
    }
}
