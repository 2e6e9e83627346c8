//! The list of all procedures; everything that enumerates procedures reads this one.

use super::{Procedure, id_positive, lee, openood};

/// All procedures, the headline first.
pub const PROCEDURES: &[Procedure] = &[lee::PROCEDURE, openood::PROCEDURE, id_positive::PROCEDURE];

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
        let sample = crate::metric::testing::sample(vec![1.0, 2.0]);
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
