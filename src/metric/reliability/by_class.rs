#![doc = include_str!("by_class.md")]
//!
//! ```
//! use oodbench::metric::reliability::by_class::{Side, aurocs};
//! let found = aurocs(&[3.0, 1.0], &[2.0, 0.0], &[0, 1], Side::Id, 0.95);
//! assert_eq!(found.iter().map(|class| (class.class, class.auroc)).collect::<Vec<_>>(), [(0, 1.0), (1, 0.5)]);
//! ```

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::stats::delong::Components;
use crate::stats::normal::quantile;

/// The page that `oodbench explain by_class` shows.
pub const PAGE: &str = include_str!("by_class.md");

/// Which rows the classes are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In-distribution rows.
    Id,
    /// Out-of-distribution rows.
    Ood,
}

/// The AUROC of one class against all rows of the other side.
#[derive(Clone, Debug, PartialEq)]
pub struct OfClass {
    /// The label.
    pub class: i64,
    /// Its rows.
    pub rows: usize,
    /// The AUROC.
    pub auroc: f64,
    /// The lower end of its interval; none for fewer than [`FEWEST`] rows, or an AUROC of 0 or 1.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// A class of fewer rows has no interval: in simulations (`fixtures/metrics/coverage_by_class.py`) intervals of 95 % of 50 rows and more covered 91.7 to 95.4 %,
/// those of 20 rows 86.6 to 97.1 %, those of 10 rows 84.9 to 95.9 %; at an AUROC of 0.998 of 50 and 200 rows 92.0 and 91.7 %.
pub const FEWEST: usize = 50;

/// The AUROC of every class of one side, in ascending order of labels; `labels` are of the rows of that side, `level` is that of the intervals.
///
/// # Panics
/// If there are not as many labels as rows, or no rows on the other side.
#[must_use]
pub fn aurocs(id: &[f64], ood: &[f64], labels: &[i64], side: Side, level: f64) -> Vec<OfClass> {
    let own = if side == Side::Id { id } else { ood };
    assert_eq!(own.len(), labels.len(), "a label for each row");
    let mut classes: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (score, label) in own.iter().zip(labels) {
        classes.entry(*label).or_default().push(*score);
    }
    let classes: Vec<(i64, Vec<f64>)> = classes.into_iter().collect();
    let z = quantile(0.5 + level / 2.0);
    let of_class = |(class, scores): (i64, Vec<f64>)| {
        let components = if side == Side::Id { Components::of(&scores, ood) } else { Components::of(id, &scores) };
        let auroc = components.auroc();
        let (low, high) = (scores.len() >= FEWEST).then(|| interval(&components, z)).flatten().unzip();
        OfClass { class, rows: scores.len(), auroc, low, high }
    };
    classes.into_par_iter().map(of_class).collect()
}

/// The interval on the scale of the logit, where it stays between 0 and 1.
fn interval(components: &Components, z: f64) -> Option<(f64, f64)> {
    let auroc = components.auroc();
    let error = components.covariance(components).sqrt();
    let width = z * error / (auroc * (1.0 - auroc));
    let at = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    let middle = (auroc / (1.0 - auroc)).ln();
    (width.is_finite() && middle.is_finite()).then(|| (at(middle - width), at(middle + width)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::noise::Congruential;

    #[test]
    fn classes_make_up_the_whole() {
        let mut noise = Congruential::new(3);
        let mut numbers = |count: usize| (0..count).map(|_| f64::from(noise.bits() >> 18)).collect::<Vec<_>>();
        let (id, ood) = (numbers(420), numbers(175));
        let labels = |rows: usize, classes: i64| (0..rows as i64).map(|row| row * row % classes).collect::<Vec<_>>();
        let all = Components::of(&id, &ood).auroc();
        for (side, labels) in [(Side::Id, labels(420, 7)), (Side::Ood, labels(175, 5))] {
            let found = aurocs(&id, &ood, &labels, side, 0.95);
            let rows: usize = found.iter().map(|class| class.rows).sum();
            let mean = found.iter().map(|class| class.auroc * class.rows as f64).sum::<f64>() / rows as f64;
            assert!((mean - all).abs() < 1e-12, "{mean} {all}");
            assert!(found.iter().all(|class| class.low.is_none() == (class.rows < FEWEST)));
        }
    }

    #[test]
    fn a_side_without_overlap_has_no_interval() {
        let id: Vec<f64> = (100..160).map(f64::from).collect();
        let ood: Vec<f64> = (0..60).map(f64::from).collect();
        let found = aurocs(&id, &ood, &[0; 60], Side::Id, 0.95);
        assert_eq!(found, [OfClass { class: 0, rows: 60, auroc: 1.0, low: None, high: None }]);
    }

    /// Normal scores whose AUROC is known: intervals hold it as often as they promise.
    #[test]
    fn intervals_cover() {
        // Φ(1/√2).
        let truth = crate::stats::normal::share_below(1.0 / 2.0_f64.sqrt());
        let mut noise = Congruential::new(11);
        let mut normal = move |mean: f64| mean + quantile((f64::from(noise.bits()) + 0.5) / f64::from(1 << 24));
        for rows in [FEWEST, 200] {
            let held = (0..600).filter(|_| {
                let id: Vec<f64> = (0..rows).map(|_| normal(1.0)).collect();
                let ood: Vec<f64> = (0..300).map(|_| normal(0.0)).collect();
                let found = &aurocs(&id, &ood, &vec![0; rows], Side::Id, 0.95)[0];
                found.low <= Some(truth) && Some(truth) <= found.high
            });
            let share = held.count() as f64 / 600.0;
            // Three standard errors of 600 simulations are 2.7 points.
            assert!((0.92..=0.98).contains(&share), "{rows} rows: {share}");
        }
    }
}
