//! What is sometimes passed as logits.

use ndarray::Array2;

use super::block::RowBlock;
use super::head::Head;
use super::matrix::Matrix;
use super::split::Split;
use crate::numeric::softmax::softmax;

/// Something else than logits in an array of logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disguise {
    /// The softmax of logits: rows are not negative and sum to 1.
    Probabilities,
    /// Its logarithm: the log-sum-exp of every row is 0.
    LogProbabilities,
    /// Logits times a number, such as one over a temperature or an entropic scale: so many times what the head makes of the features.
    Scaled(f64),
    /// Not what the head makes of the features, nor a multiple of it: so far off, as a share of their size.
    OfAnotherHead(f64),
}

/// Rows looked at.
const SAMPLE: usize = 256;

/// Rows that the head is applied to, which costs classes × features each: a common factor shows in few.
const SCALE_SAMPLE: usize = 16;

/// The least deviation from 1 of a factor that is told.
const SCALE: f64 = 0.01;

/// The least share of the logits that the head does not explain and that is told. Features and weights in half precision leave a hundredth or two, a head of
/// another training leaves all.
const UNEXPLAINED: f64 = 0.1;

impl Disguise {
    /// What the first rows of a split say by themselves.
    #[must_use]
    pub fn of(split: &Split) -> Option<Self> {
        let logits = split.logits.as_ref()?;
        let rows = logits.block(0..logits.rows().min(SAMPLE)).to_f64();
        if rows.is_empty() {
            return None;
        }
        let half = logits.is_half_precision();
        // Half precision rounds each of C probabilities by up to 2⁻¹¹ relative, so their sum is off by at most that; logarithms by as much as they are large.
        let (of_sum, of_log) = if half { (2e-3, 2e-2) } else { (1e-4, 1e-4) };
        if logits.columns() > 1
            && rows.rows().into_iter().all(|row| row.iter().all(|&p| p >= 0.0) && (row.sum() - 1.0).abs() < of_sum)
        {
            return Some(Self::Probabilities);
        }
        let log_sum =
            |row: ndarray::ArrayView1<'_, f64>| row.to_slice().map_or(f64::NAN, |row| softmax(row).log_sum_exp());
        let is_logarithm = logits.columns() > 1 && rows.rows().into_iter().all(|row| log_sum(row).abs() < of_log);
        is_logarithm.then_some(Self::LogProbabilities)
    }

    /// What the first rows of a split with logits and features say beside what the head makes of the features.
    #[must_use]
    pub fn beside_head(split: &Split, head: &Head) -> Option<Self> {
        let logits = split.logits.as_ref()?;
        let rows = logits.block(0..logits.rows().min(SCALE_SAMPLE)).to_f64();
        let tolerance = if logits.is_half_precision() { 1e-2 } else { 1e-3 };
        compare(&rows, split.features.as_ref()?, head, tolerance)
    }
}

/// Whether logits are what the head makes of the features: another multiple of it that leaves next to nothing over, or too much over for any multiple.
fn compare(logits: &Array2<f64>, features: &Matrix, head: &Head, tolerance: f64) -> Option<Disguise> {
    let block = RowBlock::new(logits.nrows(), None, Some(features.block(0..logits.nrows())), Some(head));
    let of_head = block.logits().to_f64();
    if of_head.dim() != logits.dim() {
        return None;
    }
    let inner = |a: &Array2<f64>, b: &Array2<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let factor = inner(logits, &of_head) / inner(&of_head, &of_head);
    let left = logits - &(&of_head * factor);
    let share = (inner(&left, &left) / inner(logits, logits)).sqrt();
    if share > UNEXPLAINED || factor <= 0.0 {
        return Some(Disguise::OfAnotherHead(share));
    }
    (share <= tolerance && (factor - 1.0).abs() > SCALE).then_some(Disguise::Scaled(factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{ArrayKind, Role};
    use ndarray::array;

    fn split(logits: Array2<f64>) -> Split {
        Split::new(Role::Test, "test").with(ArrayKind::Logits, Matrix::of("logits", logits).unwrap()).unwrap()
    }

    #[test]
    fn softmax_and_its_logarithm_are_told_from_logits() {
        let logits = array![[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]];
        let p = Array2::from_shape_fn((2, 3), |(i, j)| {
            f64::exp(logits[[i, j]]) / logits.row(i).iter().map(|z: &f64| z.exp()).sum::<f64>()
        });
        assert_eq!(Disguise::of(&split(p.clone())), Some(Disguise::Probabilities));
        assert_eq!(Disguise::of(&split(p.mapv(f64::ln))), Some(Disguise::LogProbabilities));
        assert_eq!(Disguise::of(&split(logits)), None);
    }

    /// One row whose log-sum-exp is 0 by chance among others.
    #[test]
    fn one_row_is_no_evidence() {
        let half = 0.5_f64.ln();
        assert_eq!(Disguise::of(&split(array![[half, half], [2.0, 1.0]])), None);
    }

    #[test]
    fn a_scale_shows_where_the_head_is_there() {
        let head = Head::Linear { weight: array![[1.0, 0.0], [0.0, 2.0]], bias: array![0.5, 0.0] };
        let features = array![[1.0, 2.0], [-1.0, 3.0], [0.0, 0.5]];
        let logits = array![[1.5, 4.0], [-0.5, 6.0], [0.5, 1.0]];
        let with = |factor: f64| {
            let features = Matrix::of("features", features.clone()).unwrap();
            split(&logits * factor).with(ArrayKind::Features, features).unwrap()
        };
        assert_eq!(Disguise::beside_head(&with(1.0), &head), None);
        for factor in [10.0, 0.5] {
            let found = Disguise::beside_head(&with(factor), &head);
            assert!(matches!(found, Some(Disguise::Scaled(f)) if (f - factor).abs() < 1e-12), "{found:?}");
        }
        // Logits of another head are no multiple of its own.
        let other = Head::Linear { weight: array![[0.0, 1.0], [1.0, 0.0]], bias: array![0.0, 0.0] };
        let found = Disguise::beside_head(&with(1.0), &other);
        assert!(matches!(found, Some(Disguise::OfAnotherHead(share)) if share > 0.5), "{found:?}");
        // Nor is their negative.
        assert!(matches!(Disguise::beside_head(&with(-1.0), &head), Some(Disguise::OfAnotherHead(_))));
    }
}
