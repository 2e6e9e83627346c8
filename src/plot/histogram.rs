//! Histograms of the scores of ID and OOD samples, one panel per OOD set.
//!
//! Both samples of a panel are counted in the same bins (Freedman and Diaconis' width over both, 20 to 100 bins), drawn over each other and
//! translucent. Scores far beyond the others are left off the axis, and a note in the panel counts them.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, histogram::{Histogram, Panel}};
//! let panel = Panel {
//!     title: "SVHN".to_owned(),
//!     id_name: "CIFAR10".to_owned(),
//!     ood_name: "SVHN".to_owned(),
//!     id: vec![0.1, 0.2, 0.2, 0.4],
//!     ood: vec![0.3, 0.8, 0.9],
//! };
//! let plot = Histogram { title: "LOSS=IsoMax+".to_owned(), quantity: "entropy".to_owned(), panels: vec![panel] };
//! assert!(plot.render(Format::Svg).unwrap().starts_with(b"<svg"));
//! ```

use super::band::{Band, Bands};
pub use super::panel::Panel;
use super::{Format, PlotError, canvas};

/// Histograms of one quantity.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Stands above the plot.
    pub title: String,
    /// The name of the horizontal axes.
    pub quantity: String,
    /// One per OOD set; more than four go into rows.
    pub panels: Vec<Panel>,
}

impl Histogram {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for no panels, for a sample that is empty or holds NaN or infinities, and for failures of drawing.
    pub fn render(self, format: Format) -> Result<Vec<u8>, PlotError> {
        let Self { title, quantity, panels } = self;
        let band = Band { caption: String::new(), title, quantity, panels };
        canvas::encode(&Bands::new(&[band])?, format)
    }
}
