//! Rows that stand in for OOD rows, made from validation rows alone.

use std::collections::BTreeSet;
use std::ops::Range;

use ndarray::Array2;

use super::error::TuneError;
use crate::dump::Dump;
use crate::numeric::noise;
use crate::rows::matrix::{Cow2, Matrix};
use crate::rows::{ArrayKind, Head, RowBlock, Rows, Split};

/// How a stand-in is made from row i of n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// `(f_i + f_j)/2` with a row j of another class.
    Mixed,
    /// Each feature from a row of its own: `f_{(i + s_d) mod n, d}` with a shift `s_d` for every feature d.
    Shuffled,
}

/// As many stand-ins of each kind as a split has rows.
///
/// The split is read where it lies if it is one array of native numbers; else its features or logits are held in memory.
pub struct Outliers<'a> {
    rows: usize,
    features: Option<Rows<'a>>,
    logits: Option<Rows<'a>>,
    head: Option<&'a Head>,
    distances: bool,
    /// The other row of each mixture.
    partners: Vec<usize>,
}

impl<'a> Outliers<'a> {
    /// Stand-ins made from the rows of a split. Classes are their labels, or what the largest logit predicts where there are none.
    ///
    /// # Errors
    /// [`TuneError::NoClasses`] without labels and logits, [`TuneError::OneClass`].
    pub fn new(dump: &'a Dump, split: &'a Split) -> Result<Self, TuneError> {
        let head = dump.head.as_ref();
        let classes = classes(split, head).ok_or_else(|| TuneError::NoClasses { place: split.place.clone() })?;
        let partners = partners(&classes).ok_or_else(|| TuneError::OneClass { place: split.place.clone() })?;
        let whole = |matrix: &'a Matrix| matrix.block(0..split.rows);
        let (features, logits) = (split.features.as_ref().map(whole), split.logits.as_ref().map(whole));
        Ok(Self { rows: split.rows, features, logits, head, distances: dump.logits_are_distances(), partners })
    }

    /// Why there are no stand-ins of a kind with these arrays, if so.
    ///
    /// Logits are those that the head gives for the stand-in's features. Without head or features, logits of mixtures are mixed themselves: for a
    /// linear head that is the same, since `W (f + g)/2 + b = ((W f + b) + (W g + b))/2`; for distances it is not.
    #[must_use]
    pub fn lacking(&self, kind: StandIn, wanted: &BTreeSet<ArrayKind>) -> Option<String> {
        wanted.iter().find_map(|array| match array {
            ArrayKind::Features if self.features.is_none() => Some("it needs id/val/features.npy".to_owned()),
            ArrayKind::Features => None,
            ArrayKind::Logits if self.has_head_logits() => None,
            ArrayKind::Logits if self.logits.is_none() => Some("it needs id/val/logits.npy".to_owned()),
            ArrayKind::Logits if kind == StandIn::Shuffled || self.distances => {
                Some("it needs id/val/features.npy and head/, to make logits".to_owned())
            }
            ArrayKind::Logits => None,
            ArrayKind::Labels
            | ArrayKind::Layer(_)
            | ArrayKind::Score(_)
            | ArrayKind::Variant(_)
            | ArrayKind::Gram(_) => Some(format!("stand-ins have no {}", array.file_stem())),
        })
    }

    fn has_head_logits(&self) -> bool {
        self.head.is_some() && self.features.is_some()
    }

    /// Some consecutive stand-ins, with the arrays wanted.
    #[must_use]
    pub fn block(&self, kind: StandIn, range: Range<usize>, wanted: &BTreeSet<ArrayKind>) -> RowBlock<'a> {
        let wants_logits = wanted.contains(&ArrayKind::Logits);
        let by_head = wants_logits && self.has_head_logits();
        let make = |rows: &Option<Rows<'a>>, wanted: bool| {
            rows.as_ref().filter(|_| wanted).map(|rows| Rows::F64(Cow2::Owned(self.make(kind, rows, range.clone()))))
        };
        let features = make(&self.features, by_head || wanted.contains(&ArrayKind::Features));
        RowBlock::new(range.len(), make(&self.logits, wants_logits && !by_head), features, self.head)
    }

    fn make(&self, kind: StandIn, rows: &Rows<'_>, range: Range<usize>) -> Array2<f64> {
        let columns = match rows {
            Rows::F32(rows) => rows.view().ncols(),
            Rows::F64(rows) => rows.view().ncols(),
        };
        let element = |row: usize, column: usize| match rows {
            Rows::F32(rows) => f64::from(rows.view()[[row, column]]),
            Rows::F64(rows) => rows.view()[[row, column]],
        };
        let shifts: Vec<usize> = (0..columns).map(|column| noise::at(column as u64) as usize % self.rows).collect();
        Array2::from_shape_fn((range.len(), columns), |(i, column)| {
            let row = range.start + i;
            match kind {
                // Halves first: the sum of two finite values need not be finite.
                StandIn::Mixed => element(row, column) / 2.0 + element(self.partners[row], column) / 2.0,
                StandIn::Shuffled => element((row + shifts[column]) % self.rows, column),
            }
        })
    }
}

fn classes(split: &Split, head: Option<&Head>) -> Option<Vec<i64>> {
    if let Some(labels) = &split.labels {
        return Some(labels.block(0..split.rows));
    }
    let wanted = match (&split.logits, &split.features, head) {
        (Some(_), _, _) => ArrayKind::Logits,
        (None, Some(_), Some(_)) => ArrayKind::Features,
        _ => return None,
    };
    let wanted = BTreeSet::from([wanted]);
    let predicted = |range: Range<usize>| {
        let block = split.block(range, &wanted, head);
        block.tops().iter().map(|top| top.index as i64).collect::<Vec<_>>()
    };
    Some(split.block_ranges().into_iter().flat_map(predicted).collect())
}

/// For every row one of another class, each equally likely by a fixed hash of the row's number; `None` if there is one class.
fn partners(classes: &[i64]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&row| classes[row]);
    let partner = |row: usize| {
        let start = order.partition_point(|&other| classes[other] < classes[row]);
        let end = order.partition_point(|&other| classes[other] <= classes[row]);
        let others = classes.len() - (end - start);
        let pick = (noise::at(row as u64) % others.max(1) as u64) as usize;
        (others > 0).then(|| order[if pick < start { pick } else { pick + (end - start) }])
    };
    (0..classes.len()).map(partner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_are_of_other_classes_and_all_of_them_come_up() {
        let classes: Vec<i64> = (0..300).map(|row| [5, 2, 9, 2][row % 4]).collect();
        let partners = partners(&classes).unwrap();
        assert!((0..300).all(|row| classes[partners[row]] != classes[row]));
        let of = |class: i64, other: i64| {
            (0..300).filter(|&row| classes[row] == class && classes[partners[row]] == other).count()
        };
        // Two thirds of the rows that are not of class 5 are of class 2: 50 of 75, give or take three standard deviations of 4.1.
        assert!((38..=62).contains(&of(5, 2)), "{}", of(5, 2));
        assert_eq!(of(5, 2) + of(5, 9), 75);
        assert_eq!(super::partners(&[3, 3]), None);
        assert_eq!(super::partners(&[0, 1]), Some(vec![1, 0]));
    }
}
