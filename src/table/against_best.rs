//! How the scores of a run compare with its best one on an OOD set.

use serde::Serialize;

/// One score. These field names are an interface; what a comparison does not have is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgainstBest {
    /// The run.
    pub run: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The OOD set.
    pub ood: String,
    /// Its group, if it has one.
    pub group: Option<String>,
    /// The score's id.
    pub score: &'static str,
    /// Its AUROC, ties counting half, as a fraction.
    pub auroc: f64,
    /// DeLong's standard error of it; null where there are too few rows for one.
    pub standard_error: Option<f64>,
    /// The score of the run with the highest AUROC on this set.
    pub best: &'static str,
    /// This AUROC less the highest one.
    pub difference: Option<f64>,
    /// The difference by its standard error.
    pub z: Option<f64>,
    /// Two-sided p-value of the difference, of this pair alone, as if the best had been named beforehand.
    pub p: Option<f64>,
    /// The score that this one lies most clearly below.
    pub below: Option<&'static str>,
    /// p-value of being one of the best, all scores and the choice of the best accounted for: [`crate::stats::best`].
    pub p_adjusted: Option<f64>,
    /// What follows at the level [`LEVEL`].
    pub verdict: Verdict,
    /// Why the score was not tested, where it was not.
    pub untested: Option<String>,
}

/// p-values below this are said to be significant.
pub const LEVEL: f64 = 0.05;

/// What a comparison says of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has the highest AUROC.
    Best,
    /// It may be as good as any other.
    MayBeBest,
    /// It is significantly below another one.
    Worse,
    /// Nothing can be said.
    Untested,
}

impl AgainstBest {
    /// A score of a run on a set with its group, of which nothing is known yet.
    #[must_use]
    pub fn of(
        run: &str,
        in_distribution: Option<&str>,
        (group, ood): (Option<&str>, &str),
        score: &'static str,
    ) -> Self {
        Self {
            run: run.to_owned(),
            in_distribution: in_distribution.map(str::to_owned),
            ood: ood.to_owned(),
            group: group.map(str::to_owned),
            score,
            auroc: f64::NAN,
            standard_error: None,
            best: score,
            difference: None,
            z: None,
            p: None,
            below: None,
            p_adjusted: None,
            verdict: Verdict::Untested,
            untested: None,
        }
    }
}
