#![doc = include_str!("logit_gap.md")]

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError, fill_logits};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::numeric::softmax::mean_difference;
use crate::rows::{RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "logit_gap",
    title: "Logit gap",
    aliases: &["logitgap"],
    reference: "Liang et al., Revisiting Logit Distributions for Reliable Out-of-Distribution Detection, NeurIPS 2025, arXiv:2510.20134",
    page: include_str!("logit_gap.md"),
    parameters: &[Parameter {
        name: "n",
        default: "",
        help: "N, how many of the next largest logits are averaged; all others if not set or above C − 1",
        grid: &["1", "2", "5", "10", "100"],
        counts: Some(Count::Classes),
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct LogitGap {
    next: Option<usize>,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let next = settings.optional("n", "a whole number above 0", |n: &usize| *n > 0)?;
    Ok(Box::new(LogitGap { next }))
}

impl Score for LogitGap {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        (run.classes == Some(1)).then(|| "there is one class, and no other logit to be above".to_owned())
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        Ok(Fit::new(*self))
    }

    fn restore(&self, _: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(*self))
    }
}

impl Fitted for LogitGap {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let tops = block.tops();
        let mut others = Recycled::<f64>::default();
        fill_logits(out, block, |i, row| {
            let top = tops[i];
            match self.next {
                Some(next) if next < row.len() - 1 => {
                    others.clear();
                    others.extend_from_slice(&row[..top.index]);
                    others.extend_from_slice(&row[top.index + 1..]);
                    others.select_nth_unstable_by(next - 1, |a, b| b.total_cmp(a));
                    0.0 - mean_difference(&others[..next], top.value)
                }
                // The largest logit adds 0 to the sum of differences.
                _ => 0.0 - mean_difference(row, top.value) * (row.len() as f64 / (row.len() - 1) as f64),
            }
        });
    }

    fn save(&self) -> State<'_> {
        State::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        let row = [[1.0, -2.0, 4.0]];
        assert_near(of_logits(&LogitGap { next: None }, &row)[0], 4.5, 1e-15);
        assert_near(of_logits(&LogitGap { next: Some(1) }, &row)[0], 3.0, 0.0);
        assert_near(of_logits(&LogitGap { next: Some(7) }, &row)[0], 4.5, 1e-15);
    }
}
