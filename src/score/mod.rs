//! One file per score, one registry. **Every score is higher = more in-distribution.**
//!
//! To add a score: write `src/score/<id>.rs` with its `ENTRY` and its page `src/score/<id>.md`, then name it in this file
//! and in [`list`]. The command line, `list`, `explain`, the README's table and the laws iterate over the registry.

use crate::fit::{FitError, Training};
use crate::rows::{RowBlock, RunRows};
pub use crate::state::{State, StateError};

pub mod assumption;
pub mod chosen;
pub mod composed;
pub mod count;
pub mod counts;
pub mod entry;
#[cfg(test)]
mod example;
mod head_energy;
mod layer_scores;
pub mod list;
mod log_odds;
mod members;
pub mod need;
pub mod own;
mod pieces;
mod ranked;
mod reconstruction;
pub mod registry;
pub mod search;
pub mod settings;
mod shaping;
pub mod step;
pub mod together;

pub mod ash_b;
pub mod ash_p;
pub mod ash_s;
pub mod cadref;
pub mod caref;
pub mod cfood;
pub mod cop;
pub mod corp;
pub mod cosine;
pub mod dice;
pub mod dml;
pub mod doctor;
pub mod energy;
pub mod ensemble_energy;
pub mod ensemble_mps;
pub mod es;
pub mod expected_entropy;
pub mod fdbd;
pub mod feature_norm;
pub mod r#gen;
pub mod gl_mcm;
pub mod gmm;
pub mod grad_norm;
pub mod gram;
pub mod igeood;
pub mod joint_energy;
pub mod kl_matching;
pub mod knn;
pub mod logit_gap;
pub mod lts;
pub mod mahalanobis;
pub mod mahalanobis_layers;
pub mod mahalanobis_perturbed;
pub mod mahalanobis_pp;
pub mod max_logit;
pub mod mcm;
pub mod mds;
pub mod mmleps;
pub mod mmles;
pub mod mmls;
pub mod mps;
pub mod mutual_information;
pub mod nac;
pub mod nan;
pub mod nci;
pub mod neco;
pub mod neglabel;
pub mod nnguide;
pub mod odin;
pub mod odin_t;
pub mod openmax;
pub mod optfs;
pub mod pnml;
pub mod predictive_entropy;
pub mod r_cosine;
pub mod ras;
pub mod react;
pub mod relation;
pub mod relative_mahalanobis;
pub mod relative_mahalanobis_pp;
pub mod residual;
pub mod scale;
pub mod scaled_cosine;
pub mod she;
pub mod sirc;
pub mod ssd;
pub mod temperature;
pub mod variation_ratio;
pub mod vim;
pub mod vra;
pub mod wdiscood;
pub mod weiper_kld;

pub use chosen::{Chosen, FittedScore};
pub use entry::ScoreEntry;
pub use list::REGISTRY;
pub use need::Need;
pub use settings::{SettingError, Settings};
pub use step::STEPS;
pub use together::Together;

/// A score with its parameters, not yet fitted.
pub trait Score: Send + Sync {
    /// What it reads.
    fn needs(&self) -> &[Need];

    /// Why the score cannot be fitted on a run that has all it reads, as far as that is known from shapes and labels.
    fn obstacle(&self, _: &RunRows) -> Option<String> {
        None
    }

    /// Learns from the in-distribution training rows what scoring needs; most scores of logits learn nothing.
    ///
    /// # Errors
    /// [`FitError`] if the training rows do not allow it.
    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError>;

    /// The fitted score of these parameters that [`Fitted::save`] wrote; it gives the same scores to the last bit.
    ///
    /// # Errors
    /// [`StateError`] if the state is that of another score.
    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError>;
}

/// A fitted score and what its user should know about the fit.
pub struct Fit {
    /// What scores rows.
    pub scorer: Box<dyn Fitted>,
    /// Facts about the fit, such as a singular covariance; one line each.
    pub notes: Vec<String>,
    /// The fits that could be meant with the same right, where the training rows leave something open, such as the rank of a covariance.
    pub alternatives: Vec<Alternative>,
}

impl Fit {
    /// A fit of which there is nothing to say.
    pub fn new(scorer: impl Fitted + 'static) -> Self {
        Self::noted(scorer, Vec::new())
    }

    /// A fit with facts about it.
    pub fn noted(scorer: impl Fitted + 'static, notes: Vec<String>) -> Self {
        Self { scorer: Box::new(scorer), notes, alternatives: Vec::new() }
    }
}

/// Another fit of the same score.
pub struct Alternative {
    /// What differs, e.g. `rank 5`.
    pub what: String,
    /// What scores rows.
    pub scorer: Box<dyn Fitted>,
}

/// A fitted score.
pub trait Fitted: Send + Sync {
    /// Scores every row of a block. `out` has one place per row.
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]);

    /// What it reads of rows, where that is less than [`Score::needs`] says because the fit has chosen; none where it is the same.
    fn needs(&self) -> Option<Vec<Need>> {
        None
    }

    /// What it does with products of directions with training rows, which it may share with others ([`Together`]); none where it takes no such products.
    fn search(&self) -> Option<&dyn search::Search> {
        None
    }

    /// What was learnt, without the parameters: all that [`Score::restore`] needs beside them.
    fn save(&self) -> State<'_>;
}

/// A score that learns nothing: what it needs to know is in the row.
pub trait RowScore: Clone + Send + Sync + 'static {
    /// What it reads.
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits]
    }

    /// Scores every row of a block. `out` has one place per row.
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]);
}

impl<T: RowScore> Score for T {
    fn needs(&self) -> &[Need] {
        RowScore::needs(self)
    }

    fn fit(&self, _: &Training<'_>) -> Result<Fit, FitError> {
        Ok(Fit::new(self.clone()))
    }

    fn restore(&self, _: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(self.clone()))
    }
}

impl<T: RowScore> Fitted for T {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        self.score_rows(block, out);
    }

    fn save(&self) -> State<'_> {
        State::new()
    }
}

/// Writes one value per row of logits.
fn fill_logits(out: &mut [f64], block: &RowBlock<'_>, mut value: impl FnMut(usize, &[f64]) -> f64) {
    block.logits().for_each(|index, row| out[index] = value(index, row));
}

/// Writes one value per row.
fn fill<'r, R: 'r>(out: &mut [f64], rows: &'r [R], value: impl Fn(&'r R) -> f64) {
    for (out, row) in out.iter_mut().zip(rows) {
        *out = value(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Rows, matrix::Cow2};

    /// The scores of rows of logits.
    pub(super) fn of_logits<const C: usize>(scorer: &dyn Fitted, rows: &[[f64; C]]) -> Vec<f64> {
        let logits = Rows::F64(Cow2::Owned(ndarray::arr2(rows)));
        let mut out = vec![f64::NAN; rows.len()];
        scorer.score_block(&RowBlock::new(rows.len(), Some(logits), None, None), &mut out);
        out
    }

    /// Asserts equality to an example printed with so many decimals.
    pub(super) fn assert_near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
    }
}
