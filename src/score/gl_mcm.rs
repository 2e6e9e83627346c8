#![doc = include_str!("gl_mcm.md")]

use ndarray::ArrayView2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::r_cosine::LargestShare;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::vector::unit_rows_of;
use crate::rows::RowBlock;
use crate::rows::role::PATCHES;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "gl_mcm",
    title: "GL-MCM",
    aliases: &["glmcm", "global_local_mcm"],
    reference: "Miyai et al., GL-MCM: Global and Local Maximum Concept Matching for Zero-Shot Out-of-Distribution Detection, IJCV 2025, arXiv:2304.04521",
    page: include_str!("gl_mcm.md"),
    parameters: &[
        Parameter {
            name: "t",
            default: "1",
            help: "temperature τ of both softmaxes over cosines, a number above 0",
            grid: &["0.01", "0.1", "1", "10"],
            counts: None,
        },
        Parameter {
            name: "lambda",
            default: "1",
            help: "λ, the weight of the patches, a number from 0",
            grid: &["0.5", "1", "2"],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

struct GlMcm {
    temperature: f64,
    lambda: f64,
    needs: [Need; 3],
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    let lambda = settings.number("lambda", "a finite number from 0", |l: &f64| *l >= 0.0 && l.is_finite())?;
    let needs = [Need::Features, Need::Layer(PATCHES.to_owned()), Need::ClassTexts];
    Ok(Box::new(GlMcm { temperature, lambda, needs }))
}

impl Score for GlMcm {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let share = LargestShare::new(training.class_texts()?, self.temperature);
        Ok(Fit::new(FittedGlMcm { share, lambda: self.lambda }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let share = LargestShare::restore(state, self.temperature)?;
        Ok(Box::new(FittedGlMcm { share, lambda: self.lambda }))
    }
}

struct FittedGlMcm {
    share: LargestShare,
    lambda: f64,
}

impl Fitted for FittedGlMcm {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        self.share.score_block(block, out);
        let columns = self.share.directions.ncols();
        // Row by row: the patches of a whole block would be many times what a core's cache holds.
        block.layer(PATCHES).for_each(|row, patches| {
            let Ok(patches) = ArrayView2::from_shape((patches.len() / columns, columns), patches) else {
                out[row] = f64::NAN;
                return;
            };
            let mut largest = 0.0_f64;
            self.share.of_units(&unit_rows_of(&patches).view(), |_, share| largest = largest.max(share));
            out[row] += self.lambda * largest;
        });
    }

    fn save(&self) -> State<'_> {
        self.share.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use crate::rows::{ArrayKind, Matrix, Role, RunRows, Split, Texts};
    use ndarray::{Array2, array};

    fn run(patches: Matrix) -> RunRows {
        let features = Matrix::of("features", array![[3.0, 4.0], [4.0, 3.0]]).unwrap();
        let split = Split::new(Role::Test, "memory").with(ArrayKind::Features, features).unwrap();
        let split = split.with(ArrayKind::Layer(PATCHES.to_owned()), patches).unwrap();
        let texts = Texts { classes: array![[1.0, 0.0], [0.0, 1.0]], negatives: None };
        RunRows::new("memory", vec![split], None).unwrap().with_texts(texts).unwrap()
    }

    fn score(settings: &[(&str, &str)], rows: &RunRows) -> Result<Vec<f64>, FitError> {
        let mut values = ENTRY.settings();
        settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
        let fit = (ENTRY.build)(&values).unwrap().fit(&Training::new(rows))?;
        let of = |array| Some(Rows::F64(Cow2::Owned(array)));
        let patches = Rows::F64(Cow2::Owned(array![[2.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]));
        let block = RowBlock::new(2, None, of(array![[3.0, 4.0], [4.0, 3.0]]), None).with_layer(PATCHES, patches);
        let mut out = vec![f64::NAN; 2];
        fit.scorer.score_block(&block, &mut out);
        Ok(out)
    }

    /// The example of the page, and an image whose patches are all zero; patches side by side, with and without an axis in the run.
    #[test]
    fn example_by_hand() {
        let share = |difference: f64| 1.0 / (1.0 + (-difference).exp());
        let flat = || Matrix::of("patches", Array2::<f64>::ones((2, 4))).unwrap();
        for rows in [run(flat()), run(flat().with_members(2).unwrap())] {
            for (settings, lambda) in [(&[][..], 1.0), (&[("lambda", "0.5")][..], 0.5)] {
                let found = score(settings, &rows).unwrap();
                let expected = [share(0.2) + lambda * share(1.0), share(0.2) + lambda * 0.5];
                assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-14), "{found:?} {expected:?}");
            }
        }
    }
}
