//! The list of all procedures; everything that enumerates procedures reads this one.

use super::{
    Procedure, autc, id_positive, lee, misclassification, openood, operating_points, oscr, partial_auroc, prevalence,
    selective,
};

/// All procedures, the headline first.
pub const PROCEDURES: &[Procedure] = &[
    lee::PROCEDURE,
    openood::PROCEDURE,
    id_positive::PROCEDURE,
    operating_points::PROCEDURE,
    partial_auroc::PROCEDURE,
    prevalence::PROCEDURE,
    autc::PROCEDURE,
    // Which ID rows are classified rightly counts, too.
    oscr::PROCEDURE,
    selective::PROCEDURE,
    misclassification::PROCEDURE,
];

/// How many of the first are [usual].
const USUAL: usize = 3;

/// The procedures that papers on OOD detection report, the headline first: what is measured unless others are asked for.
#[must_use]
pub fn usual() -> &'static [Procedure] {
    &PROCEDURES[..USUAL]
}

/// The procedure of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Procedure> {
    PROCEDURES.iter().find(|procedure| procedure.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_each_metric_has_a_value() {
        let ids = |list: Vec<&'static str>| {
            let mut sorted = list.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), list.len(), "{list:?}");
        };
        ids(PROCEDURES.iter().map(|procedure| procedure.id).collect());
        let sample = crate::metric::Sample::with_predictions(vec![1.0, 2.0], &[false, true]).unwrap();
        for procedure in PROCEDURES {
            ids(procedure.metrics.iter().map(|metric| metric.id).collect());
            assert_eq!(procedure.evaluate(&sample, &sample).iter().len(), procedure.metrics.len(), "{}", procedure.id);
        }
    }

    #[test]
    fn pages_have_their_headings() {
        let headings =
            ["## Formula", "## Positive class", "## Ties", "## Differences", "## Cost", "## Reference", "## Example"];
        for procedure in PROCEDURES {
            let found: Vec<&str> = procedure.page.lines().filter(|line| line.starts_with("## ")).collect();
            assert_eq!(found, headings, "{}", procedure.id);
        }
    }
}
