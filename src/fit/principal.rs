//! The space that training features leave almost empty.

use ndarray::{Array1, Array2, s};

use super::error::FitError;
use super::rows::TrainingRows;
use crate::numeric::linalg::{Factor, Spectrum, Threads, add_product, complement, least_norm_solution, spectrum};
use crate::numeric::row_product::row_product;
use crate::rows::ArrayKind;
use crate::state::{State, StateError};

/// Relative cut of the singular values of the head's weight, that of `numpy.linalg.pinv`.
const ORIGIN_CUTOFF: f64 = 1e-15;

/// Principal directions of the training features about the point where a linear head says nothing.
///
/// ```text
/// u = −W⁺ b,    1/n Σ_i (f_i − u)(f_i − u)ᵀ = U diag(λ) Uᵀ,    λ descending
/// ```
///
/// `u` (D) is the shortest feature whose logits `W u + b` are zero, or as near to it as can be. The second moment is taken about it, not about the
/// mean. Shared by ViM and Residual (Wang et al. 2022).
#[derive(Clone, Debug)]
pub struct PrincipalSpace {
    origin: Array1<f64>,
    spectrum: Spectrum,
}

impl PrincipalSpace {
    /// Fits the training features in one pass.
    ///
    /// # Errors
    /// [`FitError`] without training features or linear head, or if every feature is `u`.
    pub fn fit(training: &TrainingRows<'_>) -> Result<Self, FitError> {
        let (split, features) = training.features()?;
        let (weight, bias) = training.linear_head()?;
        let failed = |error| FitError::Linalg { place: split.place.clone(), error };
        let origin = -least_norm_solution(&weight.view(), &bias.view(), ORIGIN_CUTOFF).map_err(failed)?;
        let columns = features.columns();
        let mut scatter = Array2::<f64>::zeros((columns, columns));
        for (_, block) in training.blocks(split, &[ArrayKind::Features]) {
            let centred = block.features() - &origin;
            add_product(&mut scatter.view_mut(), &centred.t(), &centred.view(), Threads::All);
        }
        scatter /= split.rows as f64;
        if !scatter.diag().iter().any(|&moment| moment > 0.0) {
            return Err(FitError::NoVariance { place: split.place.clone() });
        }
        let spectrum = spectrum(&scatter.view()).map_err(failed)?;
        Ok(Self { origin, spectrum })
    }

    /// What is left beside the `dim` directions of largest variance, for the score `score`.
    ///
    /// # Errors
    /// [`FitError::NotApplicable`] if nothing is left, or if the rows determine fewer than `dim` directions.
    pub fn residual(
        &self,
        training: &TrainingRows<'_>,
        score: &'static str,
        dim: Option<usize>,
    ) -> Result<ResidualSpace, FitError> {
        let columns = self.origin.len();
        let rank = self.spectrum.variances.len();
        let dim = dim.unwrap_or_else(|| default_dim(columns));
        let refuse = |reason| Err(training.not_applicable(score, reason));
        if dim >= columns {
            return refuse(format!("dim = {dim} of {columns} features leaves no residual; set {score}.dim below it"));
        }
        if dim > rank {
            return refuse(format!(
                "the training features span {rank} of {columns} directions, so the first {dim} are not determined; set {score}.dim to at \
                 most {rank} or dump more training rows"
            ));
        }
        let basis = complement(&self.spectrum.directions.slice(s![.., ..dim]));
        Ok(ResidualSpace { origin: self.origin.clone(), basis, spanned: rank > dim })
    }
}

/// The dimension of the principal space where none is asked for, as the authors' code chooses it.
fn default_dim(columns: usize) -> usize {
    match columns {
        2048.. => 1000,
        768.. => 512,
        _ => columns / 2,
    }
}

/// Orthonormal directions beside the principal ones.
#[derive(Clone, Debug)]
pub struct ResidualSpace {
    origin: Array1<f64>,
    /// `R` (D, D − dim).
    basis: Array2<f64>,
    /// Whether the training rows reach into it.
    pub spanned: bool,
}

impl ResidualSpace {
    /// What a file keeps of it.
    #[must_use]
    pub fn save(&self) -> State<'_> {
        State::new()
            .with("origin", &self.origin)
            .with("basis", &self.basis)
            .with_number("spanned", f64::from(u8::from(self.spanned)))
    }

    /// What was saved.
    ///
    /// # Errors
    /// [`StateError`] if it is something else.
    pub fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        Ok(Self {
            origin: state.vector("origin")?,
            basis: state.matrix("basis")?,
            spanned: state.number("spanned")? != 0.0,
        })
    }

    /// `‖Rᵀ (f − u)‖` of features (n, D).
    #[must_use]
    pub fn norms(&self, features: &Array2<f64>) -> Vec<f64> {
        let centred = features - &self.origin;
        let residual = row_product(&centred.view(), &self.basis.view(), Factor::Full, Threads::One);
        residual.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect()
    }
}
