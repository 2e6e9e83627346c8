//! Figures, as the bytes of a PNG or SVG file. Numbers and names in, bytes out: nothing here reads a dump or computes a score.
//!
//! | figure | module |
//! |---|---|
//! | histograms of ID and OOD scores, one panel per OOD set | [`histogram`] |
//! | the paper's Fig. 1: bands of such panels under each other | [`fig1`] |
//! | ROC curves | [`roc`] |
//! | lines over a common x | [`line`] |
//!
//! Both formats come from one layout in dots of 1/300 inch, and text is measured with the embedded font, so a figure looks the same in either and
//! on every machine.

mod axis;
mod band;
mod bins;
mod canvas;
pub mod fig1;
pub mod histogram;
mod legend;
pub mod line;
mod panel;
mod raster;
pub mod roc;
mod style;
mod text;

use crate::metric::{Sample, SampleError};

/// How a figure is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pixels, 300 per inch.
    Png,
    /// Vectors; text stays text.
    Svg,
}

impl Format {
    /// The ending of its file names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

/// A figure that cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// There is nothing in it.
    #[error("{figure}: found no {part}, expected at least one")]
    Nothing {
        /// Its title.
        figure: String,
        /// What it has none of.
        part: &'static str,
    },
    /// Scores that have no histogram and no ROC curve.
    #[error("{part}, {sample} scores: {reason}")]
    Sample {
        /// Title of the panel, or name of the curve.
        part: String,
        /// In-distribution or out-of-distribution.
        sample: &'static str,
        /// What is wrong with them.
        reason: SampleError,
    },
    /// A failure of the drawing library, or a figure too large for it.
    #[error("the figure cannot be drawn ({reason})")]
    Drawing {
        /// What it says.
        reason: String,
    },
    /// A failure of the PNG encoder.
    #[error("the figure cannot be encoded as PNG ({0})")]
    Png(#[from] png::EncodingError),
}

impl PlotError {
    fn drawing(reason: impl ToString) -> Self {
        Self::Drawing { reason: reason.to_string() }
    }
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>> for PlotError {
    fn from(reason: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self::drawing(reason)
    }
}

/// The ID and the OOD scores of one panel or curve, sorted.
fn samples(part: &str, id: &[f64], ood: &[f64]) -> Result<(Sample, Sample), PlotError> {
    let sorted = |scores: &[f64], sample| {
        Sample::new(scores.to_vec()).map_err(|reason| PlotError::Sample { part: part.to_owned(), sample, reason })
    };
    Ok((sorted(id, "in-distribution")?, sorted(ood, "out-of-distribution")?))
}
