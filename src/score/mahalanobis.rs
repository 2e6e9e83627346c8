#![doc = include_str!("mahalanobis.md")]

use ndarray::{Array1, Array2, Axis};

use super::need::Need;
use super::registry::{ScoreEntry, no_caution};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score};
use crate::dump::RowBlock;
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Threads, product, whitening};

/// The registry's entry.
pub const ENTRY: ScoreEntry = ScoreEntry {
    id: "mahalanobis",
    title: "Mahalanobis",
    aliases: &["maha"],
    reference: "Lee et al., A Simple Unified Framework for Detecting OOD Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
    page: include_str!("mahalanobis.md"),
    parameters: &[Parameter {
        name: "rcond",
        default: "1e-15",
        help: "eigenvalues of a singular covariance up to rcond · the largest count as zero; from 0 to below 1",
    }],
    build,
    caution: no_caution,
};

struct Mahalanobis {
    rcond: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let rcond = settings.number("rcond", "a number from 0 to below 1", |r: &f64| (0.0..1.0).contains(r))?;
    Ok(Box::new(Mahalanobis { rcond }))
}

impl Score for Mahalanobis {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let gaussian = training.gaussian()?;
        let place = training.split()?.place.clone();
        let whitening =
            whitening(&gaussian.covariance.view(), self.rcond).map_err(|error| FitError::Linalg { place, error })?;
        let columns = gaussian.means.ncols();
        let mut notes = Vec::new();
        if whitening.rank < columns {
            notes.push(format!(
                "the covariance of {} training rows is singular: rank {} of {columns}; directions without variance are ignored \
                 (pseudo-inverse)",
                gaussian.rows, whitening.rank
            ));
        }
        // Whitening about the mean of the class means keeps ‖a‖² − 2ab + ‖b‖² from cancelling.
        let centre = gaussian.means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(columns));
        let means = (&gaussian.means - &centre).dot(&whitening.matrix);
        let squared_means = means.map_axis(Axis(1), |mean| mean.dot(&mean));
        Ok(Fit {
            scorer: Box::new(FittedMahalanobis { centre, whitening: whitening.matrix, means, squared_means }),
            notes,
        })
    }
}

struct FittedMahalanobis {
    centre: Array1<f64>,
    whitening: Array2<f64>,
    means: Array2<f64>,
    squared_means: Array1<f64>,
}

impl Fitted for FittedMahalanobis {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let centred = block.features() - &self.centre;
        let mut white = Array2::zeros((block.rows(), self.whitening.ncols()));
        product(&mut white.view_mut(), &centred.view(), &self.whitening.view(), Threads::One);
        let mut inner = Array2::zeros((block.rows(), self.means.nrows()));
        product(&mut inner.view_mut(), &white.view(), &self.means.t(), Threads::One);
        for ((out, row), inner) in out.iter_mut().zip(white.rows()).zip(inner.rows()) {
            let nearest =
                inner.iter().zip(&self.squared_means).map(|(ab, bb)| bb - 2.0 * ab).fold(f64::INFINITY, f64::min);
            *out = -(row.dot(&row) + nearest).max(0.0);
        }
    }
}
