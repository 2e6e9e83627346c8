//! Rows between the classes, made from validation rows.

use std::collections::BTreeSet;
use std::ops::Range;

use ndarray::Array2;

use super::error::TuneError;
use crate::dump::matrix::{Cow2, Matrix};
use crate::dump::{ArrayKind, Dump, Head, RowBlock, Rows, Split};

/// For every row of a split the middle between it and a row of another class.
pub struct Mixtures<'a> {
    split: &'a Split,
    head: Option<&'a Head>,
    /// The other row of each.
    partners: Vec<usize>,
}

impl<'a> Mixtures<'a> {
    /// Mixtures of the rows of a split. Classes are their labels, or what the largest logit predicts where there are none.
    ///
    /// # Errors
    /// [`TuneError::NoClasses`] without labels and logits, [`TuneError::OneClass`].
    pub fn new(dump: &'a Dump, split: &'a Split) -> Result<Self, TuneError> {
        let head = dump.head.as_ref();
        let classes = classes(split, head).ok_or_else(|| TuneError::NoClasses { place: split.place.clone() })?;
        let partners = partners(&classes).ok_or_else(|| TuneError::OneClass { place: split.place.clone() })?;
        Ok(Self { split, head, partners })
    }

    /// Why mixtures do not have these arrays, if so.
    ///
    /// Logits are those of the mixed features where there is a head. Without one they are mixed themselves: for a linear head that is the same,
    /// since `W (f + g)/2 + b = ((W f + b) + (W g + b))/2`; for distances it is not.
    #[must_use]
    pub fn lacking(&self, dump: &Dump, wanted: &BTreeSet<ArrayKind>) -> Option<String> {
        wanted.iter().find_map(|kind| match kind {
            ArrayKind::Features if self.split.features.is_none() => Some("it needs id/val/features.npy".to_owned()),
            ArrayKind::Logits if self.has_head_logits() => None,
            ArrayKind::Logits if self.split.logits.is_none() => Some("it needs id/val/logits.npy".to_owned()),
            ArrayKind::Logits if dump.logits_are_distances() => Some(
                "mixtures have no logits: distances cannot be mixed, and features or head are not there".to_owned(),
            ),
            ArrayKind::Features | ArrayKind::Logits => None,
            ArrayKind::Labels | ArrayKind::Layer(_) => Some(format!("mixtures have no {}", kind.file_stem())),
        })
    }

    fn has_head_logits(&self) -> bool {
        self.head.is_some() && self.split.features.is_some()
    }

    /// Some consecutive mixtures, with the arrays wanted.
    #[must_use]
    pub fn block(&self, range: Range<usize>, wanted: &BTreeSet<ArrayKind>) -> RowBlock<'a> {
        let wants_logits = wanted.contains(&ArrayKind::Logits);
        let by_head = wants_logits && self.has_head_logits();
        let mix = |matrix: &Option<Matrix>, wanted: bool| {
            matrix.as_ref().filter(|_| wanted).map(|matrix| Rows::F64(Cow2::Owned(self.mix(matrix, range.clone()))))
        };
        let features = mix(&self.split.features, by_head || wanted.contains(&ArrayKind::Features));
        RowBlock::new(range.len(), mix(&self.split.logits, wants_logits && !by_head), features, self.head)
    }

    fn mix(&self, matrix: &Matrix, range: Range<usize>) -> Array2<f64> {
        let mut rows = matrix.block(range.clone()).to_f64();
        for (mut row, &partner) in rows.rows_mut().into_iter().zip(&self.partners[range]) {
            let other = matrix.block(partner..partner + 1).to_f64();
            // Halves first: the sum of two finite values need not be finite.
            row.zip_mut_with(&other.row(0), |value, other| *value = *value / 2.0 + other / 2.0);
        }
        rows
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
        let pick = (hash(row as u64) % others.max(1) as u64) as usize;
        (others > 0).then(|| order[if pick < start { pick } else { pick + (end - start) }])
    };
    (0..classes.len()).map(partner).collect()
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
fn hash(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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
