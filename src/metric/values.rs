//! What a procedure measures, by the name of the metric and never by place.

use std::ops::Index;

/// The values of the metrics of one procedure, as fractions.
///
/// ```
/// use oodbench::metric::{Sample, openood};
/// let (id, ood) = (Sample::new(vec![0.9, 0.8, 0.7, 0.6])?, Sample::new(vec![0.65, 0.5, 0.4, 0.3])?);
/// let values = openood::PROCEDURE.evaluate(&id, &ood);
/// // 15 of the 16 pairs are in order.
/// assert_eq!(values["auroc"], 15.0 / 16.0);
/// assert_eq!(values.get("fpr95"), None);
/// # Ok::<(), oodbench::metric::SampleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MetricValues(Vec<(&'static str, f64)>);

impl MetricValues {
    /// The value of a metric, if the procedure has it.
    #[must_use]
    pub fn get(&self, metric: &str) -> Option<f64> {
        self.0.iter().find(|(id, _)| *id == metric).map(|(_, value)| *value)
    }

    /// Ids of the metrics and their values, in the order of the procedure.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, f64)> {
        self.0.iter().copied()
    }
}

impl<const N: usize> From<[(&'static str, f64); N]> for MetricValues {
    fn from(values: [(&'static str, f64); N]) -> Self {
        Self(values.into())
    }
}

impl Index<&str> for MetricValues {
    type Output = f64;

    /// # Panics
    /// If the metric does not belong to the procedure.
    fn index(&self, metric: &str) -> &f64 {
        let found = self.0.iter().find(|(id, _)| *id == metric);
        found.map(|(_, value)| value).unwrap_or_else(|| panic!("the procedure has no metric {metric}"))
    }
}
