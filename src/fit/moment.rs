//! Second moments of training features about something, and coordinates in which they are the identity.

use std::cell::OnceCell;

use ndarray::{Array1, Array2, Axis};

use super::class_means::ClassMeans;
use super::error::FitError;
use super::factor_of_rows::factor_of_rows;
use super::rows::TrainingRows;
use super::space::Space;
use crate::numeric::linalg::{Decomposition, Rounding, Side, Whitening};
use crate::rows::ArrayKind;

/// What features are centred at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The mean of the row's class.
    ClassMeans,
    /// The mean of all rows.
    Mean,
    /// Nothing.
    Origin,
}

/// `1/n Σ_i (f_i − a_i)(f_i − a_i)ᵀ` (D, D), a what the features are centred at.
pub struct Moment<'g> {
    /// The features, and in which form.
    pub(super) array: &'g ArrayKind,
    pub(super) space: Space,
    pub(super) about: About,
    pub(super) mean: &'g Array1<f64>,
    pub(super) classes: Option<&'g ClassMeans>,
    pub(super) rounding: Rounding,
    pub(super) decompositions: &'g Decompositions,
    /// The matrix.
    pub matrix: Array2<f64>,
}

/// The decompositions of a Gaussian that were needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Decompositions([OnceCell<Decomposition>; 3]);

/// How many directions were kept, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// Directions kept.
    pub kept: usize,
    /// Of so many.
    pub columns: usize,
    /// Directions that differ from rounding.
    pub beyond_rounding: usize,
    /// How many times the smallest variance that is more than rounding is above what rounding makes of none; where rounding had to be told apart.
    pub above_rounding: Option<f64>,
    /// How many times the smallest variance kept is above the largest left out for its size.
    pub above_cut: Option<f64>,
    /// The least and the greatest rank that could have been kept with the same right, where they differ.
    pub between: Option<(usize, usize)>,
}

/// Variances within this factor of the cut on both sides make the rank a matter of the cut.
const NEAR: f64 = 10.0;

impl Rank {
    /// What to say of a covariance (or what `of` calls it) without inverse.
    #[must_use]
    pub fn note(&self, of: &str, rows: usize) -> Option<String> {
        let Self { kept, columns, beyond_rounding, .. } = *self;
        if kept == columns && self.between.is_none() {
            return None;
        }
        let mut note = if kept == columns {
            format!("the {of} of {rows} training rows may be singular: rank {kept} of {columns}, all kept")
        } else {
            format!(
                "the {of} of {rows} training rows is singular: rank {kept} of {columns}; directions without variance are ignored (pseudo-inverse)"
            )
        };
        let mut left_out = |count: usize, what: &str| {
            if count > 0 {
                note.push_str(&format!("; {count} left out {what}"));
            }
        };
        let above = |gap: Option<f64>| {
            gap.map_or_else(String::new, |gap| format!(", the smallest variance kept is {} times that", short(gap)))
        };
        left_out(columns - beyond_rounding, &format!("as no more than rounding{}", above(self.above_rounding)));
        left_out(beyond_rounding - kept, &format!("for variances below the cut rcond{}", above(self.above_cut)));
        if let Some((fewer, more)) = self.between {
            note.push_str(&format!("; there is no clear gap: any rank from {fewer} to {more} could be meant"));
        }
        Some(note)
    }
}

/// A ratio in few digits.
pub(super) fn short(ratio: f64) -> String {
    if ratio < 1000.0 { format!("{ratio:.1}") } else { format!("{ratio:.0e}") }
}

impl<'g> Moment<'g> {
    /// Coordinates in which the moment is the identity. Directions are left out that are nothing but rounding of combinations of others, then those of
    /// variances up to `rcond` times the largest.
    ///
    /// # Errors
    /// [`FitError`] if a factorisation fails or the rows are not there any more.
    pub fn whitening(
        &self,
        training: &TrainingRows<'_>,
        rcond: f64,
        side: Side,
    ) -> Result<(Whitening, Rank), FitError> {
        let columns = self.matrix.ncols();
        let regular = Rank {
            kept: columns,
            columns,
            beyond_rounding: columns,
            above_rounding: None,
            above_cut: None,
            between: None,
        };
        if let Some(whitening) = Whitening::regular(&self.matrix.view(), &self.rounding) {
            return Ok((whitening, regular));
        }
        let decomposition = self.decomposition(training)?;
        let spectrum = decomposition.at(side).map_err(|error| training.failed(error))?;
        let (fewer, more) = (spectrum.above(rcond * NEAR), spectrum.above(rcond / NEAR));
        let kept = match side {
            Side::Chosen => spectrum.above(rcond),
            Side::Fewer => fewer,
            Side::More => more,
        };
        if kept == 0 {
            return Err(FitError::NoVariance { place: training.split()?.place.clone() });
        }
        let cut = decomposition.cut();
        let least = cut.map_or(fewer, |cut| fewer.min(cut.fewer));
        let greatest = cut.map_or(more, |cut| if cut.more > cut.rank { cut.more } else { more });
        let variances = &spectrum.variances;
        let rank = Rank {
            kept,
            beyond_rounding: variances.len(),
            above_rounding: cut.map(|cut| cut.gap),
            above_cut: (0 < kept && kept < variances.len()).then(|| variances[kept - 1] / variances[kept]),
            between: (least < greatest).then_some((least, greatest)),
            ..regular
        };
        Ok((Whitening::of_spectrum(&spectrum, kept), rank))
    }

    fn decomposition(&self, training: &TrainingRows<'_>) -> Result<&'g Decomposition, FitError> {
        let cell = &self.decompositions.0[self.about as usize];
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let failed = |error| training.failed(error);
        let factor = || self.factor(training);
        let found = Decomposition::new(&self.matrix.view(), &self.rounding, factor, failed)?;
        Ok(cell.get_or_init(|| found))
    }

    fn factor(&self, training: &TrainingRows<'_>) -> Result<Array2<f64>, FitError> {
        let (_, features) = training.features_of(self.array)?;
        let of_class = match self.about {
            About::ClassMeans => self.classes.zip(training.split()?.labels.as_ref()),
            About::Mean | About::Origin => None,
        };
        // The cells of decompositions are not shared between threads.
        let (about, mean) = (self.about, self.mean);
        Ok(factor_of_rows(features, self.space, |range, mut rows| match (about, of_class) {
            (About::ClassMeans, Some((classes, labels))) => {
                for (mut row, label) in rows.axis_iter_mut(Axis(0)).zip(labels.block(range)) {
                    if let Ok(class) = classes.labels.binary_search(&label) {
                        row -= &classes.means.row(class);
                    }
                }
            }
            (About::Mean, _) => rows -= mean,
            _ => (),
        }))
    }
}
