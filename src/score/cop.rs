#![doc = include_str!("cop.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::reconstruction::{Reconstruction, leading, share, share_of};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Space, Training};
use crate::numeric::linalg::{gram_rounding, spectrum};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "cop",
    title: "CoP",
    aliases: &["kernel_pca_cosine"],
    reference: "Fang et al., Kernel PCA for Out-of-Distribution Detection, NeurIPS 2024, arXiv:2402.02949",
    page: include_str!("cop.md"),
    parameters: &[share("0.85")],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Cop {
    share: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Cop { share: share_of(settings)? }))
}

impl Score for Cop {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let gaussian = training.gaussian(Space::Unit)?;
        let columns = gaussian.mean.len();
        let spectrum = spectrum(&gaussian.covariance.view()).map_err(|error| training.failed(error))?;
        let count = leading(&spectrum.variances, spectrum.above(gram_rounding(gaussian.rows, columns)), self.share);
        let notes = vec![format!("{count} of {columns} principal axes")];
        Ok(Fit::noted(FittedCop(Reconstruction::new(gaussian.mean.clone(), &spectrum, count)), notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedCop(Reconstruction::restore(state)?)))
    }
}

struct FittedCop(Reconstruction);

impl Fitted for FittedCop {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        out.iter_mut().zip(self.0.errors(block.unit_features())).for_each(|(out, error)| *out = 0.0 - error);
    }

    fn save(&self) -> State<'_> {
        self.0.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::{Example, HandDump};
    use ndarray::array;

    /// The shares of the axes are .5125 and .4244 and some rest.
    #[test]
    fn goldens_of_one_and_two_axes() {
        let run = HandDump::of_three_classes();
        run.gives(&ENTRY, &[("share", "0.5")], &[-0.484_418_16, -0.330_257_85, -0.713_688_65], 5e-9);
        run.gives(&ENTRY, &[("share", "0.9")], &[-0.059_421_61, -0.329_372_66, -0.685_937_51], 5e-9);
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[3.0, 4.0], [9.0, -12.0]],
            labels: vec![0, 0],
            features: array![[5.0, 0.0], [0.6, 0.8]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[-0.4, 0.0], 1e-15);
    }
}
