//! Logistic regression of few columns, by Newton's method.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::linalg::{LinalgError, whitening};

/// Log odds that are a linear function of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// One weight per column, for columns as they are.
    pub weights: Array1<f64>,
    /// The log odds of a row of zeros.
    pub intercept: f64,
    /// The weights of the standardised columns, which compare with each other.
    pub standardised: Array1<f64>,
    /// Newton steps taken.
    pub steps: usize,
}

/// A regression without a result.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum LogisticError {
    /// No step made the loss smaller, or there were too many.
    #[error("the logistic regression did not converge in {steps} steps")]
    NoConvergence { steps: usize },
    /// A factorisation failed.
    #[error(transparent)]
    Linalg(#[from] LinalgError),
}

/// More steps than Newton's method takes where it converges at all.
const MOST_STEPS: usize = 100;

/// Halvings of a step after which it is no step.
const MOST_HALVINGS: usize = 60;

/// Loss per row that a step has to promise to be worth a look at the loss, whose own rounding hides less.
const LEAST_GAIN: f64 = 1e-12;

/// Whole steps taken from there on; each squares the error, until only rounding is left.
const LAST_STEPS: usize = 3;

impl Logistic {
    /// Fits rows (n, K) that are positive or not, both kinds among them.
    ///
    /// # Formula
    ///
    /// ```text
    /// x_k = (r_k − mean_k)/sd_k,    minimise over w and b:  Σ_i log(1 + exp(−y_i (wᵀx_i + b))) + ‖w‖²/(2·c),    y_i = ±1
    /// ```
    ///
    /// sd has ddof = 0; a column that does not vary has weight 0. The intercept bears no penalty. This is what scikit-learn's
    /// `LogisticRegression(C=c)` finds behind a `StandardScaler`. Separable rows have finite weights thanks to the penalty.
    ///
    /// # Errors
    /// [`LogisticError`].
    pub fn fit(rows: &ArrayView2<'_, f64>, positive: &[bool], c: f64) -> Result<Self, LogisticError> {
        let scale = Scale::of(rows);
        let problem = Problem { rows: scale.apply(rows), positive, c };
        let (parameters, steps) = problem.solve()?;
        let columns = rows.ncols();
        let standardised: Array1<f64> = parameters.iter().take(columns).copied().collect();
        let weights = &standardised / &scale.spread;
        let intercept = parameters[columns] - weights.dot(&scale.centre);
        Ok(Self { weights, intercept, standardised, steps })
    }
}

/// What brings columns to mean 0 and variance 1.
struct Scale {
    centre: Array1<f64>,
    spread: Array1<f64>,
}

/// The share of a column's largest value up to which differences within it are rounding.
const NO_SPREAD: f64 = 1e-12;

impl Scale {
    fn of(rows: &ArrayView2<'_, f64>) -> Self {
        let (centre, spread) = rows.columns().into_iter().map(|column| centre_and_spread(&column)).unzip();
        Self { centre: Array1::from_vec(centre), spread: Array1::from_vec(spread) }
    }

    /// The standardised columns and a column of ones.
    fn apply(&self, rows: &ArrayView2<'_, f64>) -> Array2<f64> {
        let columns = rows.ncols();
        Array2::from_shape_fn((rows.nrows(), columns + 1), |(i, k)| {
            if k == columns { 1.0 } else { (rows[[i, k]] - self.centre[k]) / self.spread[k] }
        })
    }
}

/// Mean and standard deviation; of a column that does not vary, its value and an infinite one, which makes it zero throughout.
fn centre_and_spread(column: &ArrayView1<'_, f64>) -> (f64, f64) {
    let first = column[0];
    let n = column.len() as f64;
    let mean = first + column.iter().map(|value| value - first).sum::<f64>() / n;
    let variance = column.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n;
    let largest = column.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let varies = variance.sqrt() > NO_SPREAD * largest;
    if varies { (mean, variance.sqrt()) } else { (first, f64::INFINITY) }
}

struct Problem<'a> {
    /// Standardised columns, then ones (n, K + 1).
    rows: Array2<f64>,
    positive: &'a [bool],
    c: f64,
}

impl Problem<'_> {
    /// The weights and, last, the intercept; and the steps that led there.
    fn solve(&self) -> Result<(Array1<f64>, usize), LogisticError> {
        let (size, n) = (self.rows.ncols(), self.positive.len() as f64);
        let share = self.positive.iter().filter(|positive| **positive).count() as f64 / n;
        let mut parameters = Array1::zeros(size);
        parameters[size - 1] = (share / (1.0 - share)).ln();
        let mut last = 0;
        for steps in 1..=MOST_STEPS {
            let (gradient, curvature) = self.derivatives(&parameters);
            let inverse = whitening(&curvature.view(), 0.0)?.matrix;
            let step = inverse.dot(&inverse.t().dot(&gradient));
            let gain = gradient.dot(&step);
            if gain > LEAST_GAIN * n {
                parameters = self.shortened(&parameters, &step, gain).ok_or(LogisticError::NoConvergence { steps })?;
                continue;
            }
            parameters -= &step;
            last += 1;
            if last == LAST_STEPS {
                return Ok((parameters, steps));
            }
        }
        Err(LogisticError::NoConvergence { steps: MOST_STEPS })
    }

    /// Where the longest of the step, its half, its quarter, .. leads that makes the loss smaller by a fair part of what it promises.
    fn shortened(&self, from: &Array1<f64>, step: &Array1<f64>, gain: f64) -> Option<Array1<f64>> {
        let loss = self.loss(from);
        let mut length = 1.0;
        for _ in 0..MOST_HALVINGS {
            let to = from - &(step * length);
            if self.loss(&to) <= loss - 1e-4 * length * gain {
                return Some(to);
            }
            length /= 2.0;
        }
        None
    }

    fn penalty<'p>(&self, parameters: &'p Array1<f64>) -> impl Iterator<Item = &'p f64> {
        parameters.iter().take(self.rows.ncols() - 1)
    }

    fn loss(&self, parameters: &Array1<f64>) -> f64 {
        let odds = self.rows.dot(parameters);
        let of_row = |(odds, positive): (&f64, &bool)| softplus(if *positive { -odds } else { *odds });
        let rows: f64 = odds.iter().zip(self.positive).map(of_row).sum();
        rows + self.penalty(parameters).map(|w| w * w).sum::<f64>() / (2.0 * self.c)
    }

    /// Gradient and Hessian of the loss.
    fn derivatives(&self, parameters: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
        let size = self.rows.ncols();
        let (mut gradient, mut curvature) = (Array1::zeros(size), Array2::zeros((size, size)));
        for (row, positive) in self.rows.axis_iter(Axis(0)).zip(self.positive) {
            let odds = row.dot(parameters);
            let (yes, no) = (sigmoid(odds), sigmoid(-odds));
            gradient.scaled_add(if *positive { -no } else { yes }, &row);
            for k in 0..size {
                for j in 0..=k {
                    curvature[[k, j]] += yes * no * row[k] * row[j];
                }
            }
        }
        for (k, w) in self.penalty(parameters).enumerate() {
            gradient[k] += w / self.c;
            curvature[[k, k]] += 1.0 / self.c;
        }
        for k in 0..size {
            for j in 0..k {
                curvature[[j, k]] = curvature[[k, j]];
            }
        }
        (gradient, curvature)
    }
}

/// `log(1 + exp(x))`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `1/(1 + exp(−x))`, with all digits on either side.
fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Three of four rows at +1 are positive, one of four at −1: log odds ±ln 3, by counting; the penalty is too weak to be seen.
    #[test]
    fn odds_by_counting() {
        let rows = array![[1.0], [1.0], [1.0], [-1.0], [1.0], [-1.0], [-1.0], [-1.0]] * 5.0 + 2.0;
        let positive = [true, true, true, true, false, false, false, false];
        let fit = Logistic::fit(&rows.view(), &positive, 1e12).unwrap();
        assert!((fit.weights[0] * 5.0 - 3.0_f64.ln()).abs() < 1e-10, "{fit:?}");
        assert!((fit.intercept + fit.weights[0] * 2.0).abs() < 1e-10, "{fit:?}");
        assert!(fit.steps < 10);
    }

    /// Of separable rows the gradient of the whole loss is zero: Σ_i y_i σ(−y_i w x_i) x_i = w/c, with x = ±1.
    #[test]
    fn separable_rows_have_finite_weights() {
        let rows = array![[3.0, 7.0], [3.0, 7.0], [-1.0, 7.0], [-1.0, 7.0]];
        for c in [1e-3, 1.0, 1e6] {
            let fit = Logistic::fit(&rows.view(), &[true, true, false, false], c).unwrap();
            let w = fit.standardised[0];
            assert!((4.0 * sigmoid(-w) - w / c).abs() < 1e-9 * (1.0 + w / c), "c = {c}: {fit:?}");
            assert_eq!(fit.weights[1], 0.0, "a column that does not vary");
        }
    }

    #[test]
    fn nothing_that_varies_leaves_the_shares() {
        let fit = Logistic::fit(&array![[0.3], [0.3], [0.3], [0.3]].view(), &[true, true, true, false], 1.0).unwrap();
        assert_eq!(fit.weights[0], 0.0);
        assert!((fit.intercept - 3.0_f64.ln()).abs() < 1e-14);
    }

    /// The one positive row lies beyond the others, so that whole steps from the start overshoot and run away. The numbers are scikit-learn
    /// 1.9.1's, LogisticRegression(C=100, solver="newton-cholesky", tol=1e-13).
    #[test]
    fn steps_that_overshoot_are_shortened() {
        let rows = [-2, 2, 10, -3, -3, 9, 2, -6, -1, -1, -66, 4, -1, 53, -92, -1, -11];
        let positive = rows.map(|value| value == -92);
        let rows = Array2::from_shape_fn((rows.len(), 1), |(i, _)| f64::from(rows[i]));
        let fit = Logistic::fit(&rows.view(), &positive, 100.0).unwrap();
        assert!((fit.standardised[0] + 6.001_439_4).abs() < 1e-7, "{fit:?}");
        let at_mean = fit.intercept + fit.weights[0] * rows.mean().unwrap();
        assert!((at_mean + 14.524_045_23).abs() < 1e-7, "{fit:?}");
    }
}
