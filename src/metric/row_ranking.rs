//! A ranking that knows its rows, so that rows drawn once can be measured under many scores.

use super::ranking::Ranking;
use super::sample::{Sample, SampleError};
use super::{Metric, Procedure};

/// The order of ID and OOD scores, with the row of each step.
///
/// ```
/// use oodbench::metric::openood;
/// use oodbench::metric::row_ranking::RowRanking;
/// let auroc = openood::PROCEDURE.metric("auroc").unwrap();
/// let ranking = RowRanking::new(&[0.9, 0.2], &[0.5, 0.1], None)?;
/// assert_eq!(ranking.value(&openood::PROCEDURE, auroc), 0.75);
/// let mut memory = ranking.memory();
/// // ID rows first: the first row twice in place of the second; both OOD rows once.
/// assert_eq!(ranking.drawn(&[2, 0, 1, 1], &openood::PROCEDURE, auroc, &mut memory), 1.0);
/// // The second twice: it is above one of two.
/// assert_eq!(ranking.drawn(&[0, 2, 1, 1], &openood::PROCEDURE, auroc, &mut memory), 0.5);
/// # Ok::<(), oodbench::metric::SampleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RowRanking {
    ranking: Ranking,
    /// The row of each step, OOD rows behind the ID rows.
    rows: Vec<u32>,
}

/// What a thread keeps from draw to draw.
#[derive(Clone, Debug)]
pub struct DrawMemory {
    counts: Vec<u8>,
    drawn: Ranking,
}

impl RowRanking {
    /// Ranks the scores of ID and OOD rows; `right` says of the ID rows whether they are classified rightly, where that is known.
    ///
    /// # Errors
    /// [`SampleError`] for no scores, or one that is not finite.
    ///
    /// # Panics
    /// If there are 2³² rows or more, or not as many of `right` as ID rows.
    pub fn new(id: &[f64], ood: &[f64], right: Option<&[bool]>) -> Result<Self, SampleError> {
        let sample = match right {
            Some(right) => Sample::with_predictions(id.to_vec(), right)?,
            None => Sample::new(id.to_vec())?,
        };
        let ranking = Ranking::new(&sample, &Sample::new(ood.to_vec())?);
        assert!(u32::try_from(id.len() + ood.len()).is_ok(), "too many rows");
        let order = |scores: &[f64], is_right: &dyn Fn(u32) -> bool| {
            let mut order: Vec<u32> = (0..scores.len() as u32).collect();
            // Of equal ID scores those that are classified wrongly come first, as `Ranking` marks them.
            order.sort_by(|&a, &b| {
                let by_score = scores[a as usize].total_cmp(&(scores[b as usize]));
                let is_equal = scores[a as usize] == scores[b as usize];
                if is_equal { is_right(a).cmp(&is_right(b)) } else { by_score }
            });
            order
        };
        let is_right = |row: u32| right.is_none_or(|right| right[row as usize]);
        let mut of_id = order(id, &is_right).into_iter();
        let mut of_ood = order(ood, &|_| true).into_iter().map(|row| row + id.len() as u32);
        let next = |is_ood: bool| if is_ood { of_ood.next() } else { of_id.next() };
        let rows = ranking.steps().iter().map(|step| step.ood() == 1).filter_map(next).collect();
        Ok(Self { ranking, rows })
    }

    /// The order alone.
    #[must_use]
    pub fn ranking(&self) -> &Ranking {
        &self.ranking
    }

    /// What [`RowRanking::drawn`] works in.
    #[must_use]
    pub fn memory(&self) -> DrawMemory {
        DrawMemory { counts: vec![0; self.rows.len()], drawn: self.ranking.clone() }
    }

    /// The value of a metric.
    ///
    /// # Panics
    /// As [`Procedure::values`].
    #[must_use]
    pub fn value(&self, procedure: &Procedure, metric: &Metric) -> f64 {
        procedure.values(&self.ranking)[metric.id]
    }

    /// The value of a metric where each row counts as often as `counts` says, ID rows first.
    ///
    /// # Panics
    /// As [`Procedure::values`], and if there are not as many counts as rows.
    #[must_use]
    pub fn drawn(&self, counts: &[u8], procedure: &Procedure, metric: &Metric, memory: &mut DrawMemory) -> f64 {
        procedure.values(self.resampled(counts, memory))[metric.id]
    }

    /// The AUROC that counts ties half where each row counts as often as `counts` says, ID rows first: what [`RowRanking::drawn`] gives for `openood.auroc`,
    /// in one pass and exact whole numbers.
    ///
    /// ```
    /// # use oodbench::metric::row_ranking::RowRanking;
    /// let ranking = RowRanking::new(&[0.9, 0.5], &[0.5, 0.1], None)?;
    /// // The second ID row twice: a tie and a win each.
    /// assert_eq!(ranking.auroc_drawn(&[0, 2, 1, 1]), 0.75);
    /// # Ok::<(), oodbench::metric::SampleError>(())
    /// ```
    ///
    /// # Panics
    /// If there are not as many counts as rows.
    #[must_use]
    pub fn auroc_drawn(&self, counts: &[u8]) -> f64 {
        assert_eq!(counts.len(), self.rows.len(), "a count for each row");
        // Twice the pairs in order; OOD rows below, and rows of the value at hand.
        let (mut pairs, mut below, mut id, mut ood) = (0_u128, 0_u64, 0_u64, 0_u64);
        let mut all_id = 0_u64;
        for (step, &row) in self.ranking.steps().iter().zip(&self.rows) {
            if step.is_first() {
                pairs += u128::from(id) * u128::from(2 * below + ood);
                below += ood;
                (id, ood) = (0, 0);
            }
            let (count, is_ood) = (u64::from(counts[row as usize]), step.ood() as u64);
            ood += count * is_ood;
            id += count * (1 - is_ood);
            all_id += count * (1 - is_ood);
        }
        pairs += u128::from(id) * u128::from(2 * below + ood);
        pairs as f64 / (2 * u128::from(all_id) * u128::from(below + ood)) as f64
    }

    /// The order in which each row comes as often as `counts` says, ID rows first; for several procedures of one draw.
    ///
    /// # Panics
    /// If there are not as many counts as rows.
    #[must_use]
    pub fn resampled<'m>(&self, counts: &[u8], memory: &'m mut DrawMemory) -> &'m Ranking {
        assert_eq!(counts.len(), self.rows.len(), "a count for each row");
        memory.counts.clear();
        memory.counts.extend(self.rows.iter().map(|&row| counts[row as usize]));
        self.ranking.resample(&memory.counts, &mut memory.drawn);
        &memory.drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{PROCEDURES, testing::sample};

    /// Ties, and rows that are classified wrongly among them: a draw is the procedure on the scores drawn.
    #[test]
    fn a_draw_is_the_procedure_on_the_rows_drawn() {
        let noise = |i: usize, k: f64| ((i as f64 * k).fract() * 12.0).floor();
        let id: Vec<f64> = (0..60).map(|i| noise(i, 0.618_033_988_7) + 3.0).collect();
        let ood: Vec<f64> = (0..40).map(|i| noise(i, 0.414_213_562_3)).collect();
        let right: Vec<bool> = (0..60).map(|i| i % 3 != 0).collect();
        let ranking = RowRanking::new(&id, &ood, Some(&right)).unwrap();
        let mut memory = ranking.memory();
        let counts: Vec<u8> = (0..100).map(|i| [0, 1, 3, 0, 1][i * 7 % 5]).collect();
        let copies = |values: &[f64], from: usize| -> Vec<f64> {
            (0..values.len()).flat_map(|i| vec![values[i]; usize::from(counts[from + i])]).collect()
        };
        let drawn_right: Vec<bool> = (0..60).flat_map(|i| vec![right[i]; usize::from(counts[i])]).collect();
        let auroc = crate::metric::openood::PROCEDURE.metric("auroc").unwrap();
        let expected = ranking.drawn(&counts, &crate::metric::openood::PROCEDURE, auroc, &mut memory);
        assert!((ranking.auroc_drawn(&counts) - expected).abs() < 1e-15);
        let id_sample = Sample::with_predictions(copies(&id, 0), &drawn_right).unwrap();
        let ood_sample = sample(copies(&ood, 60));
        for procedure in PROCEDURES.iter().filter(|procedure| !procedure.reads_numbers()) {
            for metric in procedure.metrics {
                let expected = procedure.evaluate(&id_sample, &ood_sample)[metric.id];
                let found = ranking.drawn(&counts, procedure, metric, &mut memory);
                assert!(found == expected || found.is_nan() && expected.is_nan(), "{} {}", procedure.id, metric.id);
            }
        }
    }
}
