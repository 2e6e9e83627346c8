#![doc = include_str!("feature_norm.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score};
use crate::numeric::vector::norm;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "feature_norm",
    title: "Feature norm",
    aliases: &["max_norm"],
    reference: "Park et al., Understanding the Feature Norm for Out-of-Distribution Detection, ICCV 2023, arXiv:2310.05316",
    page: include_str!("feature_norm.md"),
    parameters: &[
        Parameter {
            name: "order", default: "2", help: "1 for ‖f‖₁, 2 for ‖f‖₂", grid: &["1", "2"], counts: None
        },
        Parameter {
            name: "negated",
            default: "false",
            help: "true where short features are in-distribution",
            grid: &["false", "true"],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
enum Order {
    One,
    Two,
}

#[derive(Clone, Copy)]
struct FeatureNorm {
    order: Order,
    negated: bool,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let order = settings.choice("order", &[("1", Order::One), ("2", Order::Two)])?;
    Ok(Box::new(FeatureNorm { order, negated: settings.flag("negated")? }))
}

impl RowScore for FeatureNorm {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features]
    }

    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(block.features().rows()) {
            let norm = match self.order {
                Order::One => row.iter().map(|value| value.abs()).sum(),
                Order::Two => norm(row.to_slice().unwrap_or_default()),
            };
            // 0 − 0 is 0, which −0 is not when it is printed.
            *out = if self.negated { 0.0 - norm } else { norm };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let run = HandDump::of_three_classes();
        let scores = |set: &[(&str, &str)]| run.scores(&ENTRY, set, ndarray::array![[3.0, 0.0, -4.0, 0.0]])[0];
        assert_eq!(scores(&[]), 5.0);
        assert_eq!(scores(&[("order", "1")]), 7.0);
        assert_eq!(scores(&[("order", "1"), ("negated", "true")]), -7.0);
    }
}
