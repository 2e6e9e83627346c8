//! The space that training features leave almost empty.

use ndarray::{Array1, Array2, s};

use super::error::FitError;
use super::factor_of_rows::factor_of_rows;
use super::moment::{Rank, short};
use super::rounding::rounding;
use super::rows::TrainingRows;
use super::space::Space;
use crate::numeric::linalg::{Decomposition, Factor, Side, Threads, add_product, complement, least_norm_solution};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
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
    decomposition: Decomposition,
}

/// What is left beside principal directions, and how many these are.
pub struct Residual {
    /// The directions left.
    pub space: ResidualSpace,
    /// Principal directions.
    pub dim: usize,
    /// Of the directions that the training features span.
    pub rank: Rank,
    /// Whether `dim` was chosen by the rank.
    pub lowered: bool,
}

impl PrincipalSpace {
    /// Fits the training features in one pass; in a second one where directions have next to no variance.
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
        if !scatter.iter().all(|moment| moment.is_finite()) {
            return Err(FitError::TooLarge { place: split.place.clone() });
        }
        if !scatter.diag().iter().any(|&moment| moment > 0.0) {
            return Err(FitError::NoVariance { place: split.place.clone() });
        }
        let moments = scatter.diag().to_owned();
        // f − u rounds as f does, or as u where that is larger.
        let squares = (&moments + &origin.mapv(|u| u * u)) * 2.0;
        let rounding = rounding(features, &squares, moments);
        let factor = || Ok(factor_of_rows(features, Space::Raw, |_, mut rows| rows -= &origin));
        let decomposition = Decomposition::new(&scatter.view(), &rounding, factor, failed)?;
        Ok(Self { decomposition, origin })
    }

    /// What is left beside the `dim` directions of largest variance, for the score `score`. Where `dim` is not given it is the authors' choice, or half the
    /// directions that the rows span where the authors' choice would leave none of them.
    ///
    /// # Errors
    /// [`FitError::NotApplicable`] if nothing is left, or if the rows determine fewer than `dim` directions.
    pub fn residual(
        &self,
        training: &TrainingRows<'_>,
        score: &'static str,
        dim: Option<usize>,
        side: Side,
    ) -> Result<Residual, FitError> {
        let columns = self.origin.len();
        let spectrum = self.decomposition.at(side).map_err(|error| training.failed(error))?;
        let span = spectrum.variances.len();
        let chosen = default_dim(columns);
        let lowered = dim.is_none() && chosen >= span;
        let dim = dim.unwrap_or(if lowered { span / 2 } else { chosen });
        let refuse = |reason| Err(training.not_applicable(score, reason));
        if dim >= columns {
            return refuse(format!("dim = {dim} of {columns} features leaves no residual; set {score}.dim below it"));
        }
        if dim > span {
            return refuse(format!(
                "the training features span {span} of {columns} directions, so the first {dim} are not determined; set {score}.dim to at \
                 most {span} or dump more training rows"
            ));
        }
        let basis = complement(&spectrum.directions.slice(s![.., ..dim]));
        let cut = self.decomposition.cut();
        let rank = Rank {
            kept: span,
            columns,
            beyond_rounding: span,
            above_rounding: cut.map(|cut| cut.gap),
            above_cut: None,
            between: cut.filter(|cut| cut.fewer < cut.more).map(|cut| (cut.fewer, cut.more)),
        };
        let space = ResidualSpace { origin: self.origin.clone(), basis, spanned: span > dim };
        Ok(Residual { space, dim, rank, lowered })
    }
}

impl Residual {
    /// What to say of a second moment without inverse, and of a dimension that the rows made smaller.
    #[must_use]
    pub fn note(&self, score: &str) -> Option<String> {
        let Rank { kept, columns, .. } = self.rank;
        let mut note = format!("the training features span {kept} of {columns} directions");
        if let Some(gap) = self.rank.above_rounding {
            note.push_str(&format!(", the last by {} times the variance that rounding makes of none", short(gap)));
        }
        if let Some((fewer, more)) = self.rank.between {
            note.push_str(&format!("; there is no clear gap: any number from {fewer} to {more} could be meant"));
        }
        if self.lowered {
            let usual = default_dim(columns);
            note.push_str(&format!(
                "; the usual dim = {usual} leaves none of them, so dim = {} is half of them; {score}.dim sets another",
                self.dim
            ));
        }
        (kept < columns || self.rank.between.is_some()).then_some(note)
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
    pub fn norms(&self, features: &Array2<f64>) -> Recycled<f64> {
        let centred = RecycledMatrix::difference(features, &self.origin);
        let residual = row_product(&centred.view(), &self.basis.view(), Factor::Full, Threads::One);
        residual.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect()
    }
}
