//! Fig. 1 of the IsoMax+ paper: how entropies and minimum distances of ID and OOD samples lie apart, after training with IsoMax and IsoMax+.
//!
//! # Source
//!
//! Macêdo and Ludermir, *Enhanced isotropy maximization loss* (arXiv:2105.14399), Fig. 1: bands (a) IsoMax, entropy; (b) IsoMax+, entropy;
//! (c) IsoMax, minimum distance; (d) IsoMax+, minimum distance; one panel per OOD set in each. Here a caption stands under its band and one
//! legend under all.

pub use super::band::Band;
use super::band::Bands;
use super::{Format, PlotError, canvas};

/// The plot as a file, the bands from top to bottom.
///
/// # Errors
/// [`PlotError`] for no bands, a band without panels, a sample that is empty or holds NaN or infinities, and for failures of drawing.
pub fn render(bands: &[Band], format: Format) -> Result<Vec<u8>, PlotError> {
    canvas::encode(&Bands::new(bands)?, format)
}
