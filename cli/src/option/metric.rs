//! One metric by its name, from the library's list.

use std::str::FromStr;

use anyhow::bail;

use oodbench::metric::{Metric, PROCEDURES, Procedure};
use oodbench::suggestion::nearest;
use oodbench::table::Record;

/// `METRIC` or `PROCEDURE.METRIC`, such as `openood.auroc`.
#[derive(Clone)]
pub(crate) struct MetricName {
    /// The procedures that have it, in the order of the list.
    found: Vec<(&'static Procedure, &'static Metric)>,
}

impl FromStr for MetricName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (procedure, name) = match text.trim().split_once('.') {
            Some((procedure, name)) => (Some(procedure), name),
            None => (None, text.trim()),
        };
        let of = PROCEDURES.iter().filter(|own| procedure.is_none_or(|procedure| own.id == procedure));
        let all: Vec<(&Procedure, &Metric)> =
            of.flat_map(|own| own.metrics.iter().map(move |metric| (own, metric))).collect();
        let found: Vec<_> = all.iter().copied().filter(|(_, metric)| metric.id == name).collect();
        if found.is_empty() {
            return Err(match nearest(name, all.iter().map(|(_, metric)| metric.id)) {
                Some(near) => format!("expected the id of a metric; did you mean {near}?"),
                None => "expected METRIC or PROCEDURE.METRIC, as `oodbench score --help` lists them".to_owned(),
            });
        }
        Ok(Self { found })
    }
}

impl MetricName {
    /// The metric of the first procedure that has one of this name.
    pub(crate) fn first(&self) -> (&'static Procedure, &'static Metric) {
        self.found[0]
    }

    /// The metric of the first procedure that some records are of.
    pub(crate) fn of_records(&self, records: &[Record]) -> anyhow::Result<(&'static Procedure, &'static Metric)> {
        let is_in = |(procedure, metric): &&(&Procedure, &Metric)| {
            records.iter().any(|record| record.procedure == procedure.id && record.metric == metric.id)
        };
        if let Some(found) = self.found.iter().find(is_in) {
            return Ok(*found);
        }
        let mut there: Vec<String> = Vec::new();
        for record in records {
            let name = format!("{}.{}", record.procedure, record.metric);
            if !there.contains(&name) {
                there.push(name);
            }
        }
        let (procedure, metric) = self.first();
        bail!(
            "found no {}.{} among the records, expected it; name one of theirs with --metric: {}",
            procedure.id,
            metric.id,
            there.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_may_name_its_procedure() {
        let found = |text: &str| text.parse::<MetricName>().map(|name| (name.first().0.id, name.first().1.id));
        assert_eq!(found("openood.auroc"), Ok(("openood", "auroc")));
        assert_eq!(found(" auroc"), Ok(("lee", "auroc")));
        assert!(found("aurocc").is_err_and(|why| why.contains("did you mean auroc?")));
        assert!(found("lee.nothing").is_err());
    }
}
