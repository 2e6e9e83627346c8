#![doc = include_str!("mahalanobis_layers.md")]

use ndarray::Array1;

use super::entry::{ScoreEntry, no_caution};
use super::layer_scores::LayerScores;
use super::log_odds;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::obstacle::single_rows;
use crate::fit::{FitError, Training};
use crate::numeric::logistic::Logistic;
use crate::rows::{Role, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mahalanobis_layers",
    title: "Mahalanobis, layers combined",
    aliases: &["maha_layers"],
    reference: "Lee et al., A Simple Unified Framework for Detecting OOD Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
    page: include_str!("mahalanobis_layers.md"),
    parameters: &[
        Parameter {
            name: "fit_on",
            default: "",
            help: "the set in val_ood/ that the weights are fitted on; the only one if not set",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "c",
            default: "1",
            help: "weakness C of the penalty on the weights, a number above 0",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

struct MahalanobisLayers {
    fit_on: Option<String>,
    c: f64,
    needs: [Need; 5],
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let fit_on = Some(settings.text("fit_on")).filter(|name| !name.is_empty()).map(str::to_owned);
    let c = settings.number("c", "a finite number above 0", |c: &f64| *c > 0.0 && c.is_finite())?;
    let needs =
        [Need::Layers, Need::TrainLayers, Need::TrainLabels, Need::ValLayers, Need::ValOodLayers(fit_on.clone())];
    Ok(Box::new(MahalanobisLayers { fit_on, c, needs }))
}

impl Score for MahalanobisLayers {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        single_rows(run)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let val = training
            .rows()
            .split(&Role::Val)
            .ok_or_else(|| training.missing_split("validation rows", Role::Val.to_string()))?;
        let val_ood = log_odds::set(training, self.fit_on.as_deref(), ENTRY.id)?;
        let mut notes = Vec::new();
        let layers = LayerScores::fit(training, &mut notes)?;
        let names = layers.names();
        if names.is_empty() {
            return Err(training.not_applicable(ENTRY.id, "no layer varies within any class".to_owned()));
        }
        let scores = [val, val_ood].map(|split| layers.of_split(training, split));
        let odds = log_odds::fit(training, scores.each_ref(), self.c, ENTRY.id)?;
        let weights: Vec<String> =
            names.iter().zip(&odds.standardised).map(|(name, w)| format!("{name} {w:.4}")).collect();
        notes.push(format!(
            "fitted on {} and {} in {} steps; weights of the standardised −d²: {}",
            val.role,
            val_ood.role,
            odds.steps,
            weights.join(", ")
        ));
        notes.extend(log_odds::note(training, val_ood));
        let Logistic { weights, intercept, .. } = odds;
        Ok(Fit::noted(FittedMahalanobisLayers { layers, weights, intercept }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedMahalanobisLayers {
            layers: state.part("layers", LayerScores::restore)?,
            weights: state.vector("weights")?,
            intercept: state.number("intercept")?,
        }))
    }
}

struct FittedMahalanobisLayers {
    layers: LayerScores,
    /// One per layer.
    weights: Array1<f64>,
    intercept: f64,
}

impl Fitted for FittedMahalanobisLayers {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        for (out, scores) in out.iter_mut().zip(self.layers.of_block(block).rows()) {
            let terms = scores.iter().zip(&self.weights).map(|(score, weight)| log_odds::term(*score, *weight));
            *out = self.intercept + terms.sum::<f64>();
        }
    }

    fn save(&self) -> State<'_> {
        State::new()
            .with_part("layers", self.layers.save())
            .with("weights", &self.weights)
            .with_number("intercept", self.intercept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{ArrayKind, Labels, Matrix, Role, Rows, RunRows, Split, matrix::Cow2};
    use ndarray::Array2;

    /// A split of two layers of one feature each.
    fn split(role: Role, a: &[f64], b: &[f64]) -> Split {
        let column = |name: &str, values: &[f64]| {
            Matrix::of(name, Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap()).unwrap()
        };
        let layer = |name: &str| ArrayKind::Layer(name.to_owned());
        let split = Split::new(role, "memory").with(layer("a"), column("a", a)).unwrap();
        split.with(layer("b"), column("b", b)).unwrap().with_labels(Labels::of("labels", vec![0; a.len()])).unwrap()
    }

    /// The run of the page, with these features of layer `b` of the training rows and these further splits.
    fn fit(train_b: [f64; 2], more: Vec<Split>) -> Result<Fit, FitError> {
        let mut splits = vec![
            split(Role::Train, &[-1.0, 1.0], &train_b),
            split(Role::Val, &[0.0, 0.0, 0.0, 2.0], &[1.0; 4]),
            split(Role::ValOod { name: "a".to_owned() }, &[2.0, 2.0, 2.0, 0.0], &[1.0; 4]),
            split(Role::Test, &[1.0], &[1.0]),
        ];
        splits.extend(more);
        let rows = RunRows::new("memory", splits, None).unwrap();
        let mut settings = ENTRY.settings();
        settings.set("c", "1e12").unwrap();
        build(&settings).unwrap().fit(&Training::new(&rows))
    }

    fn score(fit: &Fit, a: f64, b: f64) -> f64 {
        let one = |value| Rows::F64(Cow2::Owned(Array2::from_elem((1, 1), value)));
        let mut out = [f64::NAN];
        fit.scorer
            .score_block(&RowBlock::new(1, None, None, None).with_layer("a", one(a)).with_layer("b", one(b)), &mut out);
        out[0]
    }

    /// The example of the page; the second layer plays no part.
    #[test]
    fn example_by_hand() {
        let fit = fit([-1.0, 1.0], Vec::new()).unwrap();
        for (a, expected) in [(0.0, 3.0_f64.ln()), (1.0, 3.0_f64.ln() / 2.0), (2.0, -3.0_f64.ln())] {
            for b in [1.0, 7.0] {
                let found = score(&fit, a, b);
                assert!((found - expected).abs() < 1e-9, "f_a = {a}: found {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn a_dead_layer_is_left_out_and_said() {
        let fit = fit([0.0, 0.0], Vec::new()).unwrap();
        assert!(fit.notes.iter().any(|note| note.contains("features@b does not vary")), "{:?}", fit.notes);
        assert!((score(&fit, 1.0, 5.0) - 3.0_f64.ln() / 2.0).abs() < 1e-9);
    }

    #[test]
    fn of_several_sets_one_has_to_be_named() {
        let two = fit([-1.0, 1.0], vec![split(Role::ValOod { name: "b".to_owned() }, &[9.0], &[1.0])]);
        let reason = two.err().unwrap().to_string();
        assert!(reason.contains("val_ood has a, b; name one by mahalanobis_layers.fit_on"), "{reason}");
    }

    #[test]
    fn a_measured_set_of_the_same_name_is_said() {
        let known =
            fit([-1.0, 1.0], vec![split(Role::Ood { group: None, name: "a".to_owned() }, &[9.0], &[1.0])]).unwrap();
        assert!(known.notes.iter().any(|note| note.starts_with("ood/a is measured")), "{:?}", known.notes);
    }

    /// Whatever the weights, rows far beyond the largest number's root stay finite.
    #[test]
    fn enormous_features_have_finite_scores() {
        let fit = fit([-1.0, 1.0], Vec::new()).unwrap();
        for (a, b) in [(1e300, 0.0), (0.0, -1e300), (f64::MAX, f64::MAX)] {
            assert!(score(&fit, a, b).is_finite(), "({a}, {b})");
        }
    }
}
