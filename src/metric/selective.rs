#![doc = include_str!("selective.md")]
//!
//! ```
//! use oodbench::metric::{Sample, selective};
//! // Eight rows from the most confident down; the third, fifth, seventh and last fail: two OOD rows and two errors.
//! let id = Sample::with_predictions(vec![0.9, 0.8, 0.7, 0.6, 0.5, 0.4], &[true, true, false, true, false, true])?;
//! let values = selective::PROCEDURE.evaluate(&id, &Sample::new(vec![0.3, 0.2])?);
//! assert!((values["aurc"] - 0.24940476).abs() < 1e-8);
//! assert_eq!(values["augrc"], 0.171875);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::procedure::Measure;
use super::risk_coverage::{RiskCoverage, Rows};
use super::{Metric, Procedure};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "selective",
    title: "selective classification of ID and OOD rows: errors and all OOD rows are failures; ties leave together; needs labels of id/test",
    reference: "Traub et al., Overcoming Common Flaws in the Evaluation of Selective Classification Systems, NeurIPS 2024, arXiv:2407.01032",
    page: include_str!("selective.md"),
    metrics: &[AURC, E_AURC, AUGRC],
    measure: Measure::Errors(|ranking| {
        let found = RiskCoverage::of(ranking, Rows::IdAndOod);
        [(AURC.id, found.aurc), (E_AURC.id, found.e_aurc()), (AUGRC.id, found.augrc)].into()
    }),
};

pub(super) const AURC: Metric = Metric::lower("aurc", "AURC");
pub(super) const E_AURC: Metric = Metric::lower("e_aurc", "E-AURC").within(-1.0, 1.0);
pub(super) const AUGRC: Metric = Metric::lower("augrc", "AUGRC");
