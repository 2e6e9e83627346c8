#![doc = include_str!("temperature.md")]

use multiversion::multiversion;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, RowScore, Score, State, StateError, fill_logits};
use crate::fit::{FitError, Training};
use crate::numeric::exp::exp_nonpositive;
use crate::numeric::root::increasing_root;
use crate::numeric::softmax::softmax_at;
use crate::numeric::top::top;
use crate::numeric::vector::LANES;
use crate::rows::{ArrayKind, Role, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "temperature",
    title: "Temperature scaling",
    aliases: &["temperature_scaling", "temp_scaling"],
    reference: "Guo et al., On Calibration of Modern Neural Networks, ICML 2017, arXiv:1706.04599",
    page: include_str!("temperature.md"),
    parameters: &[Parameter {
        name: "t",
        default: "",
        help: "T, a number above 0; fitted if not set",
        grid: &[],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let fixed = settings.optional("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(match fixed {
        Some(temperature) => Box::new(ProbabilityAt { temperature }),
        None => Box::new(FittedTemperature),
    })
}

/// The maximum probability at one temperature for all rows.
#[derive(Clone, Copy)]
pub(super) struct ProbabilityAt {
    pub(super) temperature: f64,
}

impl RowScore for ProbabilityAt {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        fill_logits(out, block, |_, row| softmax_at(row, self.temperature).max_probability());
    }
}

struct FittedTemperature;

impl Score for FittedTemperature {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::CalibrationLogits, Need::CalibrationLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let split = training.calibration_split()?;
        let labels = split.labels.as_ref().ok_or_else(|| training.missing_labels())?;
        let evaluate = |beta: f64| {
            let blocks = training.map_blocks(split, &[ArrayKind::Logits], |range, block| {
                let truth = labels.block(range);
                let mut likelihood = Likelihood::default();
                block.logits().for_each(|i, row| likelihood.add(row, truth[i], beta));
                likelihood
            });
            blocks.into_iter().fold(Likelihood::default(), Likelihood::join)
        };
        let beta = most_likely(evaluate).map_err(|reason| FitError::NotApplicable {
            place: split.place.clone(),
            score: ENTRY.id,
            reason: format!("{} has {reason}; set temperature.t, or dump other rows as id/val", split.role),
        })?;
        let temperature = 1.0 / beta;
        let stand_in = if split.role == Role::Val { "" } else { ", because there is no id/val" };
        let notes = vec![format!("T = {temperature:.6}, fitted on {}{stand_in}", split.role)];
        Ok(Fit::noted(Calibrated(ProbabilityAt { temperature }), notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Calibrated(ProbabilityAt { temperature: state.number("temperature")? })))
    }
}

/// At a temperature that was fitted, so belongs to what is saved.
struct Calibrated(ProbabilityAt);

impl Fitted for Calibrated {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        self.0.score_rows(block, out);
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("temperature", self.0.temperature)
    }
}

/// Sums over fit rows at one β = 1/T; `g` are differences to the largest logit.
#[derive(Clone, Copy, Default)]
struct Likelihood {
    rows: f64,
    /// `Σ (Σ_k p_k g_k − g_y)`: the slope of the negative log-likelihood.
    slope: f64,
    /// `Σ (Σ_k p_k g_k² − (Σ_k p_k g_k)²)`, its curvature.
    curvature: f64,
    /// `Σ −Σ_k p_k g_k`, for the scale of the logits.
    spread: f64,
    /// Whether some row's own logit is not the largest.
    wrong: bool,
}

impl Likelihood {
    fn add(&mut self, row: &[f64], label: i64, beta: f64) {
        // Labels were checked against the number of classes when the dump was opened.
        let Some(own) = usize::try_from(label).ok().and_then(|label| row.get(label)) else { return };
        let largest = top(row).value;
        let mut lanes = [[0.0; LANES]; 3];
        add_moments(row, largest, beta, &mut lanes);
        let [sum, first, second] = lanes.map(|lanes| lanes.iter().sum::<f64>());
        let mean = first / sum;
        self.rows += 1.0;
        self.slope += mean - (own - largest);
        self.curvature += (second / sum - mean * mean).max(0.0);
        self.spread -= mean;
        self.wrong |= *own < largest;
    }

    fn join(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            slope: self.slope + other.slope,
            curvature: self.curvature + other.curvature,
            spread: self.spread + other.spread,
            wrong: self.wrong || other.wrong,
        }
    }
}

/// Adds `w_k`, `w_k g_k` and `w_k g_k²` with `g_k = z_k − largest`, `w_k = exp(β g_k)`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
fn add_moments(row: &[f64], largest: f64, beta: f64, lanes: &mut [[f64; LANES]; 3]) {
    let mut add = |lane: usize, z: f64| {
        let gap = z - largest;
        let weight = exp_nonpositive(beta * gap);
        lanes[0][lane] += weight;
        lanes[1][lane] += weight * gap;
        lanes[2][lane] += weight * gap * gap;
    };
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, z) in chunk.iter().enumerate() {
            add(lane, *z);
        }
    }
    for (lane, z) in rest.iter().enumerate() {
        add(lane, *z);
    }
}

/// The β with the least negative log-likelihood, or why it cannot be found.
fn most_likely(mut evaluate: impl FnMut(f64) -> Likelihood) -> Result<f64, &'static str> {
    let uniform = evaluate(0.0);
    if uniform.spread == 0.0 {
        return Err("only rows whose logits are all equal, on which T has no influence");
    }
    if !uniform.wrong {
        return Err("only rows that are classified correctly, so the likelihood has no maximum (T → 0)");
    }
    let no_better_than_chance = "logits no better than chance, so the likelihood has no maximum (T → ∞)";
    if uniform.slope >= 0.0 {
        return Err(no_better_than_chance);
    }
    let start = uniform.rows / uniform.spread;
    let root = increasing_root(start, |beta| {
        let at = evaluate(beta);
        (at.slope / at.rows, at.curvature / at.rows)
    });
    root.ok_or(no_better_than_chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    fn of_rows(rows: &[([f64; 2], i64)]) -> Result<f64, &'static str> {
        most_likely(|beta| {
            let mut likelihood = Likelihood::default();
            rows.iter().for_each(|(row, label)| likelihood.add(row, *label, beta));
            likelihood
        })
    }

    #[test]
    fn equal_logits_are_named_as_the_cause() {
        assert!(of_rows(&[([1.5, 1.5], 0), ([-2.0, -2.0], 1)]).unwrap_err().contains("all equal"));
        assert!(of_rows(&[([1.5, 1.5], 0), ([2.0, 1.0], 0)]).unwrap_err().contains("classified correctly"));
    }

    #[test]
    fn example_of_the_page() {
        let fitted = of_rows(&[([1.0, 0.0], 0), ([1.0, 0.0], 0), ([1.0, 0.0], 0), ([1.0, 0.0], 1)]).unwrap();
        assert_near(1.0 / fitted, 1.0 / 3.0_f64.ln(), 1e-12);
        assert_near(of_logits(&ProbabilityAt { temperature: 1.0 / fitted }, &[[1.0, 0.0]])[0], 0.75, 1e-12);
    }

    #[test]
    fn rows_without_a_maximum_are_told() {
        assert!(of_rows(&[([1.0, 0.0], 0)]).unwrap_err().contains("correctly"));
        assert!(of_rows(&[([1.0, 0.0], 1)]).unwrap_err().contains("chance"));
        assert!(of_rows(&[([1.0, 1.0], 1)]).is_err());
    }

    #[test]
    fn the_scale_of_logits_is_no_obstacle() {
        for scale in [1e-30, 1e30] {
            let rows = [0, 0, 0, 1].map(|label| ([scale, 0.0], label));
            assert_near(of_rows(&rows).unwrap() * scale, 3.0_f64.ln(), 1e-11);
        }
    }
}
