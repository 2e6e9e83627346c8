#![doc = include_str!("vra.md")]

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::head_energy::head_energy;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::percentile::feature_percentiles;
use crate::fit::{FitError, Training};
use crate::numeric::recycled::RecycledMatrix;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "vra",
    title: "VRA",
    aliases: &["vra_p"],
    reference: "Xu et al., VRA: Variational Rectified Activation for Out-of-distribution Detection, NeurIPS 2023, arXiv:2302.11716",
    page: include_str!("vra.md"),
    parameters: &[
        Parameter {
            name: "low",
            default: "0.6",
            help: "features below this percentile of all training features become 0; from 0 to `high`",
            grid: &["0.4", "0.5", "0.6", "0.7"],
            counts: Some(Count::PercentileOfFeatures),
        },
        Parameter {
            name: "high",
            default: "0.9",
            help: "features are clipped at this percentile of all training features; from `low` to 1",
            grid: &["0.8", "0.85", "0.9", "0.95", "0.99"],
            counts: Some(Count::PercentileOfFeatures),
        },
    ],
    build,
    caution: no_caution,
};

struct Vra {
    low: f64,
    high: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let high = settings.number("high", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    let expected = format!("a number from 0 to vra.high = {high}");
    let low = settings.number("low", &expected, |p: &f64| (0.0..=high).contains(p))?;
    Ok(Box::new(Vra { low, high }))
}

impl Score for Vra {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let limits = feature_percentiles(training, &[self.low, self.high])?;
        Ok(Fit::new(FittedVra { low: limits[0], high: limits[1] }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedVra { low: state.number("low")?, high: state.number("high")? }))
    }
}

struct FittedVra {
    low: f64,
    high: f64,
}

impl Fitted for FittedVra {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let rectified = RecycledMatrix::mapped(block.features(), |f| if f < self.low { 0.0 } else { f.min(self.high) });
        head_energy(block.head(), &rectified, out);
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("low", self.low).with_number("high", self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Head;
    use crate::rows::matrix::{Cow2, Rows};
    use crate::score::ScoreEntry;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let head = Head::Linear { weight: array![[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], bias: array![0.0, 0.0] };
        let features = Rows::F64(Cow2::Owned(array![[5.0, 2.0, 0.5]]));
        let mut out = [0.0];
        let vra = FittedVra { low: 1.0, high: 2.0 };
        vra.score_block(&RowBlock::new(1, None, Some(features), Some(&head)), &mut out);
        assert!((out[0] - (2.0 + 2.0_f64.ln())).abs() < 1e-15);
    }

    #[test]
    fn percentiles_out_of_order_are_refused() {
        let entry: ScoreEntry = ENTRY;
        let mut settings = entry.settings();
        settings.set("low", "0.95").unwrap();
        let error = (entry.build)(&settings).err().unwrap().to_string();
        assert!(error.ends_with("found \"0.95\", expected a number from 0 to vra.high = 0.9"), "{error}");
    }
}
