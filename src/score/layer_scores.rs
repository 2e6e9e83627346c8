//! The Mahalanobis score of every layer.

use ndarray::Array2;

use super::{State, StateError};
use crate::fit::nearest_mean::RCOND;
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::numeric::linalg::Side;
use crate::numeric::recycled::RecycledMatrix;
use crate::rows::{ArrayKind, RowBlock, Split};

/// `M_l = −min_c (f_l − μ_lc)ᵀ Σ_l⁺ (f_l − μ_lc)` of every array of features that tells classes apart.
pub(super) struct LayerScores {
    layers: Vec<(ArrayKind, NearestMean)>,
}

/// Distances beyond it count as it, so that neither their variance nor a weight overflows.
pub(super) const LARGEST_DISTANCE: f64 = 1e150;

impl LayerScores {
    /// Class means and covariance of every array of features; what is to be said of them goes to `notes`.
    ///
    /// # Errors
    /// [`FitError`] without training rows or labels.
    pub(super) fn fit(training: &Training<'_>, notes: &mut Vec<String>) -> Result<Self, FitError> {
        let mut layers = Vec::new();
        for array in training.rows().feature_arrays() {
            let name = array.file_stem();
            match NearestMean::tied(training, &array, Space::Raw, RCOND, Side::Chosen) {
                Ok((nearest, rank)) => {
                    notes.extend(rank.note(&format!("covariance of {name}"), training.split()?.rows));
                    layers.push((array, nearest));
                }
                Err(FitError::NoVariance { .. }) => {
                    notes.push(format!("{name} does not vary within any class and is left out"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self { layers })
    }

    /// What a file keeps of it: a part per layer, under the name of its file.
    pub(super) fn save(&self) -> State<'_> {
        let layers = self.layers.iter();
        layers.fold(State::new(), |state, (array, nearest)| state.with_part(&array.file_stem(), nearest.save()))
    }

    /// What was saved.
    ///
    /// # Errors
    /// [`StateError`] if it is something else.
    pub(super) fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        let centres = state.arrays().filter_map(|(name, _)| name.strip_suffix(".centre"));
        let mut names: Vec<String> = centres.map(str::to_owned).collect();
        // The longest first: the name of a layer may begin with that of another and a dot.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let layer = |name: String| {
            let nearest = state.part(&name, NearestMean::restore)?;
            let array = ArrayKind::parse(&name).ok_or(StateError::LeftOver { name })?;
            Ok((array, nearest))
        };
        let mut layers = names.into_iter().map(layer).collect::<Result<Vec<_>, StateError>>()?;
        // The order they were fitted in, which is that of the weights.
        layers.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self { layers })
    }

    /// The names of the files, in the order of columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.layers.iter().map(|(array, _)| array.file_stem()).collect()
    }

    /// `M` (rows, layers) of a block.
    pub(super) fn of_block(&self, block: &RowBlock<'_>) -> RecycledMatrix {
        let mut scores = RecycledMatrix::zeros((block.rows(), self.layers.len()));
        for ((array, nearest), mut column) in self.layers.iter().zip(scores.columns_mut()) {
            let distances = nearest.squared_distances(block.features_of(array));
            column
                .iter_mut()
                .zip(distances.iter())
                .for_each(|(score, distance)| *score = -distance.min(LARGEST_DISTANCE));
        }
        scores
    }

    /// `M` (rows, layers) of a split.
    pub(super) fn of_split<'a>(&self, training: &Training<'a>, split: &'a Split) -> Array2<f64> {
        let arrays: Vec<ArrayKind> = self.layers.iter().map(|(array, _)| array.clone()).collect();
        let of_block = |block: &RowBlock<'_>| self.of_block(block).into_array().into_raw_vec_and_offset().0;
        let scores = training.map_blocks(split, &arrays, |_, block| of_block(block)).concat();
        Array2::from_shape_vec((split.rows, arrays.len()), scores).unwrap_or_default()
    }
}
