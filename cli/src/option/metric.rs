//! One metric by its name, from the library's list.

use std::str::FromStr;

use anyhow::bail;

use oodbench::metric::registry::{UnknownMetric, named};
use oodbench::metric::{Metric, Procedure};
use oodbench::table::Record;

/// `METRIC` or `PROCEDURE.METRIC`, such as `openood.auroc`.
#[derive(Clone)]
pub(crate) struct MetricName {
    /// The procedures that have it, in the order of the list.
    found: Vec<(&'static Procedure, &'static Metric)>,
}

impl FromStr for MetricName {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Ok(Self { found: named(text)? })
    }
}

impl MetricName {
    /// The metric of a procedure, both of the list.
    pub(crate) fn of((procedure, metric): (&str, &str)) -> Self {
        Self { found: named(&format!("{procedure}.{metric}")).unwrap_or_default() }
    }

    /// Whether the name may mean this metric of this procedure.
    pub(crate) fn has(&self, (procedure, metric): (&str, &str)) -> bool {
        self.found.iter().any(|(own, of)| (own.id, of.id) == (procedure, metric))
    }

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
        if there.is_empty() {
            bail!("found no records, expected some with {}.{}", procedure.id, metric.id);
        }
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
        let refused = |text: &str| found(text).map_err(|why| why.to_string()).unwrap_err();
        assert!(refused("aurocc").contains("did you mean auroc?"));
        assert!(refused("opnood.auroc").contains("did you mean openood?"));
        assert!(found("lee.nothing").is_err());
        assert_eq!(MetricName::of(("openood", "auroc")).first().0.id, "openood");
        assert!("auroc".parse::<MetricName>().unwrap().has(("openood", "auroc")));
    }
}
