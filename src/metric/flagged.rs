//! The rows that a threshold flags which is just low enough to catch a share of OOD.

use std::ops::Range;

use super::Ranking;

/// Rows flagged at the lowest threshold that flags at least a share of OOD; all rows of one score are flagged together.
pub(super) struct Flagged {
    /// ID rows among them.
    pub(super) id: usize,
    /// OOD rows among them.
    pub(super) ood: usize,
}

impl Flagged {
    /// Those at the lowest threshold that flags at least the share `level` of OOD.
    pub(super) fn at(ranking: &Ranking, level: f64) -> Self {
        let end = last_group(ranking, level).end;
        let ood = ranking.ood_in(0..end);
        Self { id: end - ood, ood }
    }
}

/// The rows of the score at which the share of OOD flagged first is at least `level`.
pub(super) fn last_group(ranking: &Ranking, level: f64) -> Range<usize> {
    ranking.group(ranking.position(true, fewest(ranking.ood(), level) - 1))
}

/// The smallest count, at least 1, whose share of all is at least `level` in `f64`.
pub(super) fn fewest(all: usize, level: f64) -> usize {
    let guess = (level * all as f64) as usize;
    (guess.saturating_sub(1).max(1)..all).find(|&count| count as f64 / all as f64 >= level).unwrap_or(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::sample;

    #[test]
    fn the_share_is_reached_and_not_missed_by_rounding() {
        // 0.95 · 20 is 19 exactly, 0.9 · 10 is 9, and 0.1 + 0.2 is above 0.3.
        assert_eq!(
            [(20, 0.95), (10, 0.9), (19, 0.95), (1, 0.5), (10, 0.1 + 0.2)].map(|(all, level)| fewest(all, level)),
            [19, 9, 19, 1, 4]
        );
    }

    #[test]
    fn rows_of_one_score_are_flagged_together() {
        // Half of the OOD rows are at most 1; two ID rows are there as well.
        let ranking = Ranking::new(&sample(vec![1.0, 1.0, 3.0]), &sample(vec![0.0, 1.0, 1.0, 2.0]));
        let Flagged { id, ood } = Flagged::at(&ranking, 0.5);
        assert_eq!((id, ood), (2, 3));
    }
}
