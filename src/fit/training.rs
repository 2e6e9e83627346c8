//! The training rows of a run, and what was already learnt from them.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use ndarray::Array1;

use super::error::FitError;
use super::gaussian::Gaussian;
use super::mean::mean_feature;
use super::principal::PrincipalSpace;
use super::rows::TrainingRows;
use super::space::Space;
use crate::rows::{ArrayKind, RunRows};

/// The training rows of a run. What several scores learn from them is learnt once.
///
/// Reads as its [`TrainingRows`]: what is learnt here is computed from those alone, so that nothing below can ask for what it is about to be.
pub struct Training<'a> {
    rows: TrainingRows<'a>,
    gaussians: RefCell<BTreeMap<(ArrayKind, Space), Rc<Gaussian>>>,
    mean: OnceCell<Array1<f64>>,
    principal: OnceCell<PrincipalSpace>,
}

impl<'a> Deref for Training<'a> {
    type Target = TrainingRows<'a>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<'a> Training<'a> {
    /// The training rows of a run.
    #[must_use]
    pub fn new(rows: &'a RunRows) -> Self {
        let rows = TrainingRows::new(rows);
        Self { rows, gaussians: RefCell::default(), mean: OnceCell::new(), principal: OnceCell::new() }
    }

    /// Mean and covariance of the training features, as they are or normalised.
    ///
    /// # Errors
    /// [`FitError`] if features are missing, or do not vary.
    pub fn gaussian(&self, space: Space) -> Result<Rc<Gaussian>, FitError> {
        self.gaussian_of(&ArrayKind::Features, space)
    }

    /// The same of any array of features, such as a named layer.
    ///
    /// # Errors
    /// [`FitError`] if the array is missing, or does not vary.
    pub fn gaussian_of(&self, array: &ArrayKind, space: Space) -> Result<Rc<Gaussian>, FitError> {
        let key = (array.clone(), space);
        if let Some(fitted) = self.gaussians.borrow().get(&key) {
            return Ok(Rc::clone(fitted));
        }
        let fitted = Rc::new(Gaussian::fit(&self.rows, array, space)?);
        self.gaussians.borrow_mut().insert(key, Rc::clone(&fitted));
        Ok(fitted)
    }

    /// The mean training feature (D).
    ///
    /// # Errors
    /// [`FitError`] if features are missing.
    pub fn mean(&self) -> Result<&Array1<f64>, FitError> {
        once(&self.mean, || mean_feature(&self.rows))
    }

    /// Principal directions of the training features about the origin of a linear head.
    ///
    /// # Errors
    /// [`FitError`] if features or linear head are missing, or nothing varies.
    pub fn principal(&self) -> Result<&PrincipalSpace, FitError> {
        once(&self.principal, || PrincipalSpace::fit(&self.rows))
    }
}

/// What a cell holds, learnt at the first call.
fn once<T>(cell: &OnceCell<T>, fit: impl FnOnce() -> Result<T, FitError>) -> Result<&T, FitError> {
    if let Some(fitted) = cell.get() {
        return Ok(fitted);
    }
    let fitted = fit()?;
    Ok(cell.get_or_init(|| fitted))
}
