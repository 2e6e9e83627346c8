#![doc = include_str!("joint_energy.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill_logits};
use crate::numeric::softplus::softplus;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "joint_energy",
    title: "Joint energy",
    aliases: &["jointenergy"],
    reference: "Wang et al., Can Multi-Label Classification Networks Know What They Don't Know?, NeurIPS 2021, arXiv:2109.14162",
    page: include_str!("joint_energy.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct JointEnergy;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(JointEnergy))
}

impl RowScore for JointEnergy {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        fill_logits(out, block, |_, row| row.iter().map(|z| softplus(*z)).sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    /// The example of the page, and a logit whose exponential is below the last digit of 1.
    #[test]
    fn examples_by_hand() {
        let found = of_logits(&JointEnergy, &[[0.0, 3.0_f64.ln()], [-50.0, -60.0]]);
        assert_near(found[0], 8.0_f64.ln(), 1e-15);
        assert_near(found[1] / (-50.0_f64).exp(), 1.0 + (-10.0_f64).exp(), 1e-14);
    }
}
