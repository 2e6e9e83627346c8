#![doc = include_str!("mahalanobis_perturbed.md")]

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, s};

use super::entry::{ScoreEntry, no_caution};
use super::layer_scores::LARGEST_DISTANCE;
use super::log_odds;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::rows::{ArrayKind, Role, RowBlock, Split};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mahalanobis_perturbed",
    title: "Mahalanobis, layers and step combined",
    aliases: &["maha_perturbed"],
    reference: "Lee et al., A Simple Unified Framework for Detecting OOD Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
    page: include_str!("mahalanobis_perturbed.md"),
    parameters: &[
        Parameter {
            name: "epsilon",
            default: "",
            help: "ε, one of those in the dump; chosen if not set",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "fit_on",
            default: "",
            help: "the set in val_ood/ that ε and the weights are fitted on; the only one if not set",
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

/// What the names of scores of moved images begin with: `mahalanobis_<layer>_<ε>`.
const PREFIX: &str = "mahalanobis_";

/// The names of scores by their layer, by the bits of their step: those of numbers that are not negative are ordered as the numbers are.
type Steps = BTreeMap<u64, BTreeMap<String, String>>;

struct MahalanobisPerturbed {
    epsilon: Option<f64>,
    fit_on: Option<String>,
    c: f64,
    needs: [Need; 3],
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let not_negative = |epsilon: &f64| *epsilon >= 0.0 && epsilon.is_finite();
    let is_set = !settings.text("epsilon").is_empty();
    let epsilon =
        is_set.then(|| settings.number("epsilon", "a finite number, at least 0", not_negative)).transpose()?;
    let fit_on = Some(settings.text("fit_on")).filter(|name| !name.is_empty()).map(str::to_owned);
    let c = settings.number("c", "a finite number above 0", |c: &f64| *c > 0.0 && c.is_finite())?;
    let needs = [Need::Scores(PREFIX), Need::ValScores(PREFIX), Need::ValOodScores(fit_on.clone(), PREFIX)];
    Ok(Box::new(MahalanobisPerturbed { epsilon, fit_on, c, needs }))
}

impl Score for MahalanobisPerturbed {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let val = training
            .rows()
            .split(&Role::Val)
            .ok_or_else(|| training.missing_split("validation rows", Role::Val.to_string()))?;
        let val_ood = log_odds::set(training, self.fit_on.as_deref(), ENTRY.id)?;
        let steps = steps(training.rows().own_scores(), self.epsilon)
            .map_err(|reason| training.not_applicable(ENTRY.id, reason))?;
        let mut found = Vec::new();
        for (bits, layers) in steps {
            let names: Vec<String> = layers.into_values().collect();
            let sides = [of_split(training, val, &names), of_split(training, val_ood, &names)];
            found.push(Step { epsilon: f64::from_bits(bits), names, sides });
        }
        let (step, choice) = match found.len() {
            0 => {
                let reason = "no scores@mahalanobis_<layer>_<epsilon> has this epsilon".to_owned();
                return Err(training.not_applicable(ENTRY.id, reason));
            }
            1 => (found.swap_remove(0), String::new()),
            _ => self.choose(training, found, (val, val_ood))?,
        };
        let odds = log_odds::fit(training, step.sides.each_ref(), self.c, ENTRY.id)?;
        let weights: Vec<String> = step
            .names
            .iter()
            .zip(&odds.standardised)
            .map(|(name, w)| format!("{} {w:.4}", parts(name).map_or(name.as_str(), |(layer, _)| layer)))
            .collect();
        let (epsilon, of_set) = (step.epsilon, if self.epsilon.is_some() { ", as set" } else { "" });
        let mut notes = vec![format!(
            "ε = {epsilon}{of_set}{choice}; fitted on {} and {} in {} steps; weights of the standardised M: {}",
            val.role,
            val_ood.role,
            odds.steps,
            weights.join(", ")
        )];
        notes.extend(log_odds::note(training, val_ood));
        let weights = step.names.into_iter().zip(odds.weights).collect();
        Ok(Fit::noted(FittedMahalanobisPerturbed { weights, intercept: odds.intercept }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let weights = state.part("weights", |state| {
            let names: Vec<String> = state.arrays().map(|(name, _)| name.to_owned()).collect();
            names.into_iter().map(|name| state.number(&name).map(|weight| (name, weight))).collect()
        })?;
        Ok(Box::new(FittedMahalanobisPerturbed { weights, intercept: state.number("intercept")? }))
    }
}

/// A step, and the scores (rows, layers) of id/val and of val_ood after it.
struct Step {
    epsilon: f64,
    names: Vec<String>,
    sides: [Array2<f64>; 2],
}

impl MahalanobisPerturbed {
    /// The ε with the fewest OOD rows among 95 % of in-distribution rows, all of them every other row, under weights that the rows between them are
    /// fitted on.
    fn choose(
        &self,
        training: &Training<'_>,
        steps: Vec<Step>,
        (val, val_ood): (&Split, &Split),
    ) -> Result<(Step, String), FitError> {
        if val.rows < 2 || val_ood.rows < 2 {
            let reason = format!("ε is chosen on half of the rows; {} or {} has one row", val.role, val_ood.role);
            return Err(training.not_applicable(ENTRY.id, reason));
        }
        let every_other = |rows: &Array2<f64>, from: usize| rows.slice(s![from..;2, ..]).to_owned();
        let mut best: Option<(usize, Step)> = None;
        for step in steps {
            let fitted = step.sides.each_ref().map(|side| every_other(side, 0));
            let odds = log_odds::fit(training, fitted.each_ref(), self.c, ENTRY.id)?;
            let [mut own, theirs] = step.sides.each_ref().map(|side| every_other(side, 1).dot(&odds.weights).to_vec());
            own.sort_by(|a, b| b.total_cmp(a));
            let threshold = own[(own.len() * 95).div_ceil(100) - 1];
            let kept = theirs.into_iter().filter(|score| *score >= threshold).count();
            // The first of equally good ones is the smallest step.
            if best.as_ref().is_none_or(|(fewest, _)| kept < *fewest) {
                best = Some((kept, step));
            }
        }
        let of = val_ood.rows / 2;
        let said = |kept| {
            format!(
                ": at 95 % of every other row of {}, {kept} of {of} of {} are taken for in-distribution, the fewest",
                val.role, val_ood.role
            )
        };
        best.map(|(kept, step)| (step, said(kept)))
            .ok_or_else(|| training.not_applicable(ENTRY.id, "there is no step".to_owned()))
    }
}

/// The scores of moved images among those of these names, by step, or of one step only; every step has the same layers, each once.
fn steps<'a>(names: impl IntoIterator<Item = &'a str>, only: Option<f64>) -> Result<Steps, String> {
    let mut steps = Steps::new();
    // −0 is 0.
    let is_meant = |epsilon: f64| only.is_none_or(|only| only == epsilon);
    for name in names {
        let Some((layer, epsilon)) = parts(name).filter(|(_, epsilon)| is_meant(*epsilon)) else { continue };
        let layers = steps.entry(epsilon.to_bits()).or_default();
        if let Some(other) = layers.insert(layer.to_owned(), name.to_owned()) {
            return Err(format!("scores@{other} and scores@{name} are of one layer and one step; remove one"));
        }
    }
    let all: BTreeSet<String> = steps.values().flat_map(BTreeMap::keys).cloned().collect();
    for (bits, layers) in &steps {
        if let Some(layer) = all.iter().find(|layer| !layers.contains_key(*layer)) {
            let epsilon = f64::from_bits(*bits);
            return Err(format!("scores@{PREFIX}{layer}_{epsilon} is missing, which other steps have"));
        }
    }
    Ok(steps)
}

/// The layer and the step in the name of a score.
fn parts(name: &str) -> Option<(&str, f64)> {
    let (layer, epsilon) = name.strip_prefix(PREFIX)?.rsplit_once('_')?;
    let epsilon = epsilon.parse().ok().filter(|epsilon: &f64| *epsilon >= 0.0 && epsilon.is_finite())?;
    Some((layer, epsilon.abs()))
}

/// The scores (rows, layers) of a split.
fn of_split<'a>(training: &Training<'a>, split: &'a Split, names: &[String]) -> Array2<f64> {
    let arrays: Vec<ArrayKind> = names.iter().cloned().map(ArrayKind::Score).collect();
    let of_block = |block: &RowBlock<'_>| {
        let mut scores = vec![0.0; block.rows() * names.len()];
        for (column, name) in names.iter().enumerate() {
            block.score(name).for_each(|row, value| scores[row * names.len() + column] = cut(value[0]));
        }
        scores
    };
    let values = training.map_blocks(split, &arrays, |_, block| of_block(block)).concat();
    Array2::from_shape_vec((split.rows, names.len()), values).unwrap_or_default()
}

fn cut(score: f64) -> f64 {
    score.clamp(-LARGEST_DISTANCE, LARGEST_DISTANCE)
}

struct FittedMahalanobisPerturbed {
    /// One for each score that is read.
    weights: Vec<(String, f64)>,
    intercept: f64,
}

impl Fitted for FittedMahalanobisPerturbed {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        out.fill(self.intercept);
        for (name, weight) in &self.weights {
            block.score(name).for_each(|row, value| out[row] += log_odds::term(cut(value[0]), *weight));
        }
    }

    fn needs(&self) -> Option<Vec<Need>> {
        Some(self.weights.iter().map(|(name, _)| Need::Score(name.clone())).collect())
    }

    fn save(&self) -> State<'_> {
        let weights = self.weights.iter().fold(State::new(), |state, (name, weight)| state.with_number(name, *weight));
        State::new().with_part("weights", weights).with_number("intercept", self.intercept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Matrix, Rows, RunRows, matrix::Cow2};

    /// A split with scores of layer `a` for these steps.
    fn split(role: Role, steps: &[(&str, &[f64])]) -> Split {
        steps.iter().fold(Split::new(role, "memory"), |split, (epsilon, scores)| {
            let name = format!("mahalanobis_a_{epsilon}");
            let column = Array2::from_shape_vec((scores.len(), 1), scores.to_vec()).unwrap();
            split.with(ArrayKind::Score(name.clone()), Matrix::of(name, column).unwrap()).unwrap()
        })
    }

    fn fit(settings: &[(&str, &str)], val: &[(&str, &[f64])], val_ood: &[(&str, &[f64])]) -> Result<Fit, FitError> {
        let test: Vec<(&str, &[f64])> = val.iter().map(|(epsilon, _)| (*epsilon, &[0.0][..])).collect();
        let splits = vec![
            split(Role::Val, val),
            split(Role::ValOod { name: "fgsm".to_owned() }, val_ood),
            split(Role::Test, &test),
        ];
        let rows = RunRows::new("memory", splits, None).unwrap();
        let mut values = ENTRY.settings();
        settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
        build(&values).unwrap().fit(&Training::new(&rows))
    }

    fn score(fitted: &dyn Fitted, name: &str, value: f64) -> f64 {
        let one = Rows::F64(Cow2::Owned(Array2::from_elem((1, 1), value)));
        let mut out = [f64::NAN];
        fitted.score_block(&RowBlock::new(1, None, None, None).with_score(name, one), &mut out);
        out[0]
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let fit =
            fit(&[("c", "1e12")], &[("0.01", &[0.0, 0.0, 0.0, -4.0])], &[("0.01", &[-4.0, -4.0, -4.0, 0.0])]).unwrap();
        for (value, expected) in [(0.0, 3.0_f64.ln()), (-2.0, 0.0), (-4.0, -3.0_f64.ln())] {
            let found = score(&*fit.scorer, "mahalanobis_a_0.01", value);
            assert!((found - expected).abs() < 1e-9, "M = {value}: found {found}, expected {expected}");
        }
        assert!(fit.notes[0].starts_with("ε = 0.01; fitted on id/val and val_ood/fgsm in "), "{:?}", fit.notes);
    }

    /// Every other row chooses: ε = 0.01 parts the sides, ε = 0 does not; of two that part them the smaller is taken.
    #[test]
    fn the_step_is_chosen_on_every_other_row() {
        let (parted, mixed): (&[f64], &[f64]) = (&[-1.0, -1.1, -1.2, -1.3], &[-1.0, -9.0, -1.2, -9.3]);
        let far: &[f64] = &[-5.0, -5.1, -5.2, -5.3];
        let chosen =
            fit(&[], &[("0", mixed), ("0.01", parted), ("0.1", parted)], &[("0", far), ("0.01", far), ("0.1", far)]);
        let chosen = chosen.unwrap();
        let expected = "ε = 0.01: at 95 % of every other row of id/val, 0 of 2 of val_ood/fgsm are taken";
        assert!(chosen.notes[0].starts_with(expected), "{:?}", chosen.notes);
        assert_eq!(chosen.scorer.needs(), Some(vec![Need::Score("mahalanobis_a_0.01".to_owned())]));
        let set = fit(&[("epsilon", "0.1")], &[("0", mixed), ("0.1", parted)], &[("0", far), ("0.1", far)]).unwrap();
        assert!(set.notes[0].starts_with("ε = 0.1, as set; fitted on"), "{:?}", set.notes);
        let other = fit(&[("epsilon", "0.5")], &[("0", mixed)], &[("0", far)]).err().unwrap().to_string();
        assert!(other.contains("has this epsilon"), "{other}");
        let one = fit(&[], &[("0", &[0.0]), ("0.1", &[0.0])], &[("0", far), ("0.1", far)]).err().unwrap().to_string();
        assert!(one.contains("ε is chosen on half of the rows"), "{one}");
    }

    /// A layer counts once, and no step has fewer of them than another.
    #[test]
    fn steps_have_the_same_layers_each_once() {
        let rows: &[f64] = &[-1.0, -2.0];
        let twice = [("0.01", rows), ("1e-2", rows)];
        let twice = fit(&[], &twice, &twice).err().unwrap().to_string();
        assert!(twice.contains("are of one layer and one step; remove one"), "{twice}");
        let names = ["mahalanobis_a_0", "mahalanobis_b_0", "mahalanobis_a_0.01", "mahalanobis_a_inf", "mahalanobis_x"];
        let fewer = steps(names, None).unwrap_err();
        assert_eq!(fewer, "scores@mahalanobis_b_0.01 is missing, which other steps have");
        let count = |names: &[&'static str], only| steps(names.iter().copied(), only).unwrap().len();
        assert_eq!([count(&names[..2], None), count(&names[3..], None)], [1, 0]);
        // What other steps lack is nothing to the one that is set.
        assert_eq!([count(&names, Some(-0.0)), count(&names, Some(0.01)), count(&names, Some(0.5))], [1, 1, 0]);
    }

    /// What is kept is what is read, and gives the same scores.
    #[test]
    fn a_fit_is_restored() {
        let fit = fit(&[], &[("0", &[-1.0, -2.0, -1.5])], &[("0", &[-4.0, -3.0, -1.8])]).unwrap();
        let restored = ENTRY.with_defaults().restore(&mut fit.scorer.save()).unwrap();
        assert_eq!(restored.needs(), fit.scorer.needs());
        let both = [&*restored, &*fit.scorer].map(|fitted| score(fitted, "mahalanobis_a_0", -2.5));
        assert_eq!(both[0], both[1]);
        assert!(score(&*fit.scorer, "mahalanobis_a_0", -1e308).is_finite());
    }
}
