//! The list of all procedures; everything that enumerates procedures reads this one.

use super::{
    Metric, Procedure, autc, id_positive, lee, misclassification, openood, operating_points, oscr, partial_auroc,
    prevalence, selective,
};
use crate::suggestion::nearest;

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

/// A name that no metric has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct UnknownMetric {
    /// What would be one, with the nearest.
    pub expected: String,
}

/// The metrics of a name, `METRIC` or `PROCEDURE.METRIC`, with their procedures in the order of the list.
///
/// ```
/// use oodbench::metric::registry::named;
/// let ids = |name| named(name).map(|all| all.iter().map(|(procedure, _)| procedure.id).collect::<Vec<_>>());
/// assert_eq!(ids("openood.auroc"), Ok(vec!["openood"]));
/// assert_eq!(ids("dtacc"), Ok(vec!["lee"]));
/// assert!(ids("opnood.auroc").is_err_and(|error| error.to_string().ends_with("did you mean openood?")));
/// ```
///
/// # Errors
/// [`UnknownMetric`] for a procedure that is not in the list, or a metric that it, or any, has not.
pub fn named(name: &str) -> Result<Vec<(&'static Procedure, &'static Metric)>, UnknownMetric> {
    let wrong = |expected: String| UnknownMetric { expected };
    let (procedure, metric) = match name.trim().split_once('.') {
        Some((procedure, metric)) => (Some(procedure), metric),
        None => (None, name.trim()),
    };
    let ids = || PROCEDURES.iter().map(|own| own.id);
    if let Some(unknown) = procedure.filter(|procedure| ids().all(|id| id != *procedure)) {
        let of_procedure = "the id of a procedure before the dot";
        return Err(wrong(match nearest(unknown, ids()) {
            Some(near) => format!("{of_procedure}; did you mean {near}?"),
            None => format!("{of_procedure}, one of {}", ids().collect::<Vec<_>>().join(", ")),
        }));
    }
    let of = PROCEDURES.iter().filter(|own| procedure.is_none_or(|procedure| own.id == procedure));
    let all: Vec<(&Procedure, &Metric)> =
        of.flat_map(|own| own.metrics.iter().map(move |metric| (own, metric))).collect();
    let found: Vec<_> = all.iter().copied().filter(|(_, own)| own.id == metric).collect();
    if found.is_empty() {
        return Err(wrong(match nearest(metric, all.iter().map(|(_, own)| own.id)) {
            Some(near) => format!("the id of a metric; did you mean {near}?"),
            None => "the id of a metric, METRIC or PROCEDURE.METRIC, as `oodbench score --help` lists them".to_owned(),
        }));
    }
    Ok(found)
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
