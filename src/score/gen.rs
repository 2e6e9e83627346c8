#![doc = include_str!("gen.md")]

use multiversion::multiversion;

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score, fill_logits};
use crate::numeric::exp::exp_nonpositive;
use crate::numeric::log1p::ln_one_minus;
use crate::numeric::recycled::Recycled;
use crate::numeric::softmax::Softmax;
use crate::numeric::vector::{LANES, add_terms};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "gen",
    title: "Generalized entropy",
    aliases: &["generalized_entropy"],
    reference: "Liu et al., GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection, CVPR 2023",
    page: include_str!("gen.md"),
    parameters: &[
        Parameter {
            name: "gamma",
            default: "0.1",
            help: "γ, a number above 0",
            grid: &["0.01", "0.1", "0.5"],
            counts: None,
        },
        Parameter {
            name: "m",
            default: "100",
            help: "M, how many of the largest probabilities count; all if above C",
            grid: &["10", "100", "1000"],
            counts: Some(Count::Classes),
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct GeneralizedEntropy {
    gamma: f64,
    largest: usize,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let gamma = settings.number("gamma", "a finite number above 0", |g: &f64| *g > 0.0 && g.is_finite())?;
    let largest = settings.number("m", "a whole number above 0", |m: &usize| *m > 0)?;
    Ok(Box::new(GeneralizedEntropy { gamma, largest }))
}

impl RowScore for GeneralizedEntropy {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let softmax = block.softmax();
        let mut gaps = Recycled::<f64>::default();
        fill_logits(out, block, |i, row| {
            let Softmax { top, rest, .. } = softmax[i];
            gaps.clear();
            gaps.extend(row[..top.index].iter().chain(&row[top.index + 1..]).map(|z| z - top.value));
            let most = self.largest - 1;
            if 0 < most && most < gaps.len() {
                gaps.select_nth_unstable_by(most - 1, |a, b| b.total_cmp(a));
            }
            gaps.truncate(most);
            // Through logarithms: p itself underflows where p^γ is far from it.
            let log_sum = rest.ln_1p();
            let of_top = (self.gamma * (rest.ln() - 2.0 * log_sum)).exp();
            let mut others = [0.0; LANES];
            of_others(&gaps, log_sum, self.gamma, &mut others);
            0.0 - (of_top + others.iter().sum::<f64>())
        });
    }
}

/// Adds `p^γ (1−p)^γ` of classes with `log p = gap − log_sum`, none of them the predicted one, so that p ≤ ½.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
fn of_others(gaps: &[f64], log_sum: f64, gamma: f64, lanes: &mut [f64; LANES]) {
    // Told to be inlined: as a function of its own it would know nothing of the machine's vectors.
    add_terms(
        gaps,
        f64::NEG_INFINITY,
        lanes,
        #[inline(always)]
        |gaps| {
            let mut p = gaps;
            for (p, gap) in p.iter_mut().zip(gaps) {
                *p = exp_nonpositive(gap - log_sum);
            }
            let mut terms = ln_one_minus(p);
            for (term, gap) in terms.iter_mut().zip(gaps) {
                *term = exp_nonpositive(gamma * ((gap - log_sum) + *term));
            }
            terms
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        let row = [[0.0, -(3.0_f64.ln())]];
        assert_near(of_logits(&GeneralizedEntropy { gamma: 0.1, largest: 100 }, &row)[0], -1.69173, 5e-6);
        assert_near(of_logits(&GeneralizedEntropy { gamma: 1.0, largest: 2 }, &row)[0], -0.375, 1e-15);
        assert_near(of_logits(&GeneralizedEntropy { gamma: 1.0, largest: 1 }, &row)[0], -0.1875, 1e-15);
    }

    /// A gap of 800 is p = 0 in `f64`, but p^0.1 = e⁻⁸⁰.
    #[test]
    fn underflow_of_p_is_none_of_the_score() {
        let scores =
            of_logits(&GeneralizedEntropy { gamma: 0.1, largest: 3 }, &[[0.0, -800.0, -900.0], [0.0, -800.0, -800.0]]);
        assert!(scores[0] < 0.0 && scores[1] < scores[0]);
    }
}
