#![doc = include_str!("lts.md")]

use super::count::Count;
use super::entry::ScoreEntry;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score};
use crate::dump::Dump;
use crate::numeric::largest::Largest;
use crate::numeric::recycled::Recycled;
use crate::numeric::softmax::log_sum_exp_at;
use crate::rows::{RowBlock, Rows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "lts",
    title: "LTS",
    aliases: &["logit_scaling"],
    reference: "Djurisic et al., Logit Scaling for Out-of-Distribution Detection, Machine Vision and Applications 2025, arXiv:2409.01175",
    page: include_str!("lts.md"),
    parameters: &[Parameter {
        name: "p",
        default: "0.05",
        help: "share of the features that count as strongest, from 0 to 1",
        grid: &["0.01", "0.05", "0.1", "0.2"],
        counts: Some(Count::ShareOfColumns),
    }],
    build,
    caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct LogitScaling {
    p: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let p = settings.number("p", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    Ok(Box::new(LogitScaling { p }))
}

fn caution(dump: &Dump) -> Option<String> {
    dump.logits_are_distances().then(|| {
        "lts scales logits up where features are spread out; of negative distances that lowers the score instead of raising it: \
         it is a score of linear heads"
            .to_owned()
    })
}

impl LogitScaling {
    /// How many of D features count as strongest.
    fn strongest(self, columns: usize) -> usize {
        let rest = (columns as f64 * (1.0 - self.p)).round_ties_even() as usize;
        columns.saturating_sub(rest).max(1)
    }
}

/// `S` of one row, at least 1; `positive` is scratch.
fn scale(feature: &[f64], positive: &mut Vec<f64>, strongest: &mut Largest) -> f64 {
    positive.clear();
    positive.extend(feature.iter().map(|value| value.max(0.0)));
    let top = strongest.sum(positive);
    if top > 0.0 { (positive.iter().sum::<f64>() / top).powi(2) } else { 1.0 }
}

impl RowScore for LogitScaling {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features]
    }

    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let features = block.features();
        let mut strongest = Largest::new(self.strongest(features.ncols()));
        let mut positive = Recycled::default();
        let mut scale =
            |row: usize| scale(features.row(row).to_slice().unwrap_or_default(), &mut positive, &mut strongest);
        match block.logits() {
            Rows::F32(logits) => {
                for (i, (out, row)) in out.iter_mut().zip(logits.view().rows()).enumerate() {
                    *out = log_sum_exp_at(row.as_slice().unwrap_or_default(), 1.0 / scale(i));
                }
            }
            Rows::F64(logits) => {
                for (i, (out, row)) in out.iter_mut().zip(logits.view().rows()).enumerate() {
                    *out = log_sum_exp_at(row.as_slice().unwrap_or_default(), 1.0 / scale(i));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::Cow2;
    use ndarray::array;

    /// The example of the page, and a row without positive features, which is not scaled.
    #[test]
    fn example_by_hand() {
        let logits = Rows::F64(Cow2::Owned(array![[1.0, 1.0], [1.0, 1.0]]));
        let features = Rows::F32(Cow2::Owned(array![[2.0, -5.0, 1.0, 1.0], [0.0, -1.0, -2.0, -3.0]]));
        let mut out = [0.0; 2];
        LogitScaling { p: 0.3 }.score_rows(&RowBlock::new(2, Some(logits), Some(features), None), &mut out);
        let log_2 = 2.0_f64.ln();
        assert!((out[0] - 4.0 - log_2).abs() < 1e-14 && (out[1] - 1.0 - log_2).abs() < 1e-14, "{out:?}");
    }

    /// D − round(D (1 − p)), rounding half to even, and never none.
    #[test]
    fn number_of_strongest_features() {
        let count = |p, columns| LogitScaling { p }.strongest(columns);
        assert_eq!((count(0.05, 512), count(0.05, 10), count(0.5, 5), count(0.0, 8), count(1.0, 8)), (26, 1, 3, 1, 8));
    }
}
