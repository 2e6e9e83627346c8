//! What is measured of a run beside the procedures: of the predictions, of predictions and a score together, of single classes. No OOD set and no score has one value of
//! these, or they have many, so that they stand in no table of procedures; `oodbench reliability` shows them.

pub mod by_class;
pub mod calibration;
pub mod joint;

/// Their names and pages, for `oodbench explain`.
pub const PAGES: [(&str, &str); 3] =
    [("calibration", calibration::PAGE), ("joint", joint::PAGE), ("by_class", by_class::PAGE)];
