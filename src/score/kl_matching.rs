#![doc = include_str!("kl_matching.md")]

use std::collections::BTreeMap;

use multiversion::multiversion;
use ndarray::Array2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::exp::exp_nonpositive;
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::Softmax;
use crate::rows::{ArrayKind, Role, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "kl_matching",
    title: "KL matching",
    aliases: &["klm"],
    reference: "Hendrycks et al., Scaling OOD Detection for Real-World Settings, ICML 2022, arXiv:1911.11132",
    page: include_str!("kl_matching.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

struct KlMatching;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(KlMatching))
}

impl Score for KlMatching {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::CalibrationLogits]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let split = training.calibration_split()?;
        let mut templates: BTreeMap<usize, LogMeanExp> = BTreeMap::new();
        for (_, block) in training.blocks(split, &[ArrayKind::Logits]) {
            let softmax = block.softmax();
            // Two sums each, the means and their transpose.
            let (known, logits) = (templates.len(), training.rows().classes.unwrap_or(0));
            training.within_memory(
                ENTRY.id,
                &format!("a template of {logits} logits for each of {known} classes"),
                [4, known, logits],
            )?;
            block.logits().for_each(|i, row| {
                let Softmax { top, rest, .. } = softmax[i];
                let log_sum = rest.ln_1p();
                let template = templates.entry(top.index).or_insert_with(|| LogMeanExp::new(row.len()));
                template.add(row, top.value, log_sum);
            });
        }
        let stand_in =
            (split.role != Role::Val).then(|| format!("fitted on {}, because there is no id/val", split.role));
        let log_means: Vec<Vec<f64>> = templates.into_values().map(LogMeanExp::finish).collect();
        Ok(Fit::noted(Templates::new(&log_means), stand_in.into_iter().collect()))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Templates { log_means: state.matrix("log_means")? }))
    }
}

/// The logarithm of the mean of vectors given by their logarithms, one by one.
struct LogMeanExp {
    count: usize,
    largest: Vec<f64>,
    /// Sums of `exp(value − largest)`.
    sums: Vec<f64>,
}

impl LogMeanExp {
    fn new(length: usize) -> Self {
        Self { count: 0, largest: vec![f64::NEG_INFINITY; length], sums: vec![0.0; length] }
    }

    /// Adds the vector `z_k − top − log_sum`.
    fn add(&mut self, row: &[f64], top: f64, log_sum: f64) {
        self.count += 1;
        add_exponentials(&mut self.largest, &mut self.sums, row, top, log_sum);
    }

    fn finish(self) -> Vec<f64> {
        let count = self.count as f64;
        self.largest.iter().zip(&self.sums).map(|(largest, sum)| largest + (sum / count).ln()).collect()
    }
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
fn add_exponentials(largest: &mut [f64], sums: &mut [f64], row: &[f64], top: f64, log_sum: f64) {
    for ((largest, sum), z) in largest.iter_mut().zip(sums).zip(row) {
        let value = (z - top) - log_sum;
        // Either the sum is brought to the new largest value, or the value to the old one: one exponential does.
        let smaller = exp_nonpositive(-(value - *largest).abs());
        *sum = if value > *largest { *sum * smaller + 1.0 } else { *sum + smaller };
        *largest = if value > *largest { value } else { *largest };
    }
}

/// `log d_c` as columns (C, templates).
struct Templates {
    log_means: Array2<f64>,
}

impl Templates {
    fn new(log_means: &[Vec<f64>]) -> Self {
        let classes = log_means.first().map_or(0, Vec::len);
        Self { log_means: Array2::from_shape_fn((classes, log_means.len()), |(k, c)| log_means[c][k]) }
    }
}

impl Fitted for Templates {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let cross = row_product(&block.probabilities().view(), &self.log_means.view(), Factor::Full, Threads::One);
        for ((out, cross), softmax) in out.iter_mut().zip(cross.rows()).zip(block.softmax()) {
            let nearest = cross.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // A divergence is not negative; rounding may make it so where row and template agree.
            *out = (nearest - softmax.negative_entropy()).min(0.0);
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("log_means", &self.log_means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        let mut template = LogMeanExp::new(2);
        template.add(&[0.9_f64.ln(), 0.1_f64.ln()], 0.0, 0.0);
        template.add(&[0.6_f64.ln(), 0.4_f64.ln()], 0.0, 0.0);
        let templates = Templates::new(&[template.finish()]);
        let scores = of_logits(&templates, &[[0.0, 0.0], [3.0_f64.ln(), 0.0]]);
        assert_near(scores[0], -0.14384, 5e-6);
        assert_near(scores[1], 0.0, 1e-15);
    }

    /// p_2 of both rows underflows; the logarithm of its mean does not.
    #[test]
    fn a_probability_of_zero_has_a_logarithm() {
        let mut template = LogMeanExp::new(1);
        template.add(&[-2000.0], 0.0, 0.0);
        template.add(&[-1000.0], 0.0, 0.0);
        assert_near(template.finish()[0], -1000.0 - 2.0_f64.ln(), 1e-12);
    }
}
