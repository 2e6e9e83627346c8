//! The areas under a risk–coverage curve: rows are given up from the least confident one on.

use super::Ranking;

/// What counts as a failure, and of which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// ID rows; those classified wrongly fail.
    Id,
    /// ID and OOD rows; OOD rows fail too, wherever the classifier puts them.
    IdAndOod,
}

/// Areas over coverage, the share of rows kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiskCoverage {
    /// Area under the selective risk, failures kept / kept.
    pub aurc: f64,
    /// Area under the generalised risk, failures kept / all.
    pub augrc: f64,
    /// Share of all rows that fail.
    pub failure_rate: f64,
}

impl RiskCoverage {
    /// The areas, trapezoids between distinct scores: rows of one score are given up together. Down to coverage 0 the selective risk stays what it was
    /// last, the generalised one falls to 0.
    ///
    /// # Panics
    /// If the ranking does not know which ID rows are classified wrongly.
    #[must_use]
    pub fn of(ranking: &Ranking, rows: Rows) -> Self {
        assert!(ranking.knows_errors(), "failures must be known");
        let counted = || ranking.steps().iter().filter(|step| rows == Rows::IdAndOod || step.ood() == 0);
        let all = counted().count();
        let failures = counted().filter(|step| step.ood() == 1 || step.is_wrong()).count();
        let share = |count: usize| count as f64 / all as f64;
        let risk = |failures: usize, kept: usize| failures as f64 / kept as f64;
        let (mut kept, mut failing) = (all, failures);
        // Rows of the last score seen, not yet given up.
        let (mut tied, mut tied_failing) = (0, 0);
        let (mut aurc, mut augrc) = (0.0, 0.0);
        for step in counted() {
            // The first ID step of a value is the first step of it: what comes before it are lower values, with or without OOD rows.
            if step.is_first() && tied > 0 {
                let (next, next_failing) = (kept - tied, failing - tied_failing);
                let width = share(kept) - share(next);
                aurc += width * (risk(failing, kept) + risk(next_failing, next)) / 2.0;
                augrc += width * (share(failing) + share(next_failing)) / 2.0;
                (kept, failing) = (next, next_failing);
                (tied, tied_failing) = (0, 0);
            }
            tied += 1;
            tied_failing += usize::from(step.ood() == 1 || step.is_wrong());
        }
        aurc += share(kept) * risk(failing, kept);
        augrc += share(kept) * share(failing) / 2.0;
        Self { aurc, augrc, failure_rate: share(failures) }
    }

    /// The area under the selective risk beyond what scores that put every failure last would have; below 0 under coarse ties.
    #[must_use]
    pub fn e_aurc(&self) -> f64 {
        let kept = 1.0 - self.failure_rate;
        // Where all rows fail, so does every selection: x ln x goes to 0.
        let least = if kept > 0.0 { self.failure_rate + kept * kept.ln() } else { 1.0 };
        self.aurc - least
    }
}
