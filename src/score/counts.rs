//! Whether a dump has enough rows, classes and columns for the parameters that count them.

use std::collections::BTreeMap;

use super::count::Count;
use super::entry::ScoreEntry;
use super::settings::Settings;
use crate::numeric::share::share_of;
use crate::rows::{ArrayKind, Role, RunRows};

/// What there is to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Training rows.
    rows: Option<usize>,
    /// Training rows of the class in the middle, ordered by size; of classes of equal size where there are no labels.
    of_class: Option<usize>,
    /// Classes.
    classes: Option<usize>,
    /// Features.
    columns: Option<usize>,
}

/// Values beyond a percentile below which it is a matter of single values.
const FEW_VALUES: f64 = 10.0;

/// Reference rows below which a neighbourhood of a hundredth of them holds less than one.
const FEW_ROWS: f64 = 100.0;

impl Counts {
    /// Of a run.
    #[must_use]
    pub fn of(run: &RunRows) -> Self {
        let train = run.split(&Role::Train);
        let rows = train.map(|split| split.rows);
        let labels = train.and_then(|split| split.labels.as_ref()).and_then(|labels| {
            let mut classes: BTreeMap<i64, usize> = BTreeMap::new();
            labels.block(0..labels.len()).into_iter().for_each(|label| *classes.entry(label).or_default() += 1);
            let mut sizes: Vec<usize> = classes.into_values().collect();
            sizes.sort_unstable();
            sizes.get(sizes.len() / 2).copied()
        });
        let of_class = labels.or_else(|| Some(rows? / run.classes.filter(|classes| *classes > 0)?));
        Self { rows, of_class, classes: run.classes, columns: run.columns(&ArrayKind::Features) }
    }

    /// What is wrong with the parameters of a score, with the remedy; one line each.
    #[must_use]
    pub fn remarks(&self, entry: &ScoreEntry, settings: &Settings) -> Vec<String> {
        let counted = entry.parameters.iter().filter_map(|parameter| Some((parameter.name, parameter.counts?)));
        counted.filter_map(|(name, count)| self.remark(entry.id, name, count, settings)).collect()
    }

    fn remark(&self, score: &str, name: &'static str, count: Count, settings: &Settings) -> Option<String> {
        let value: f64 = settings.text(name).parse().ok()?;
        let written = format!("{score}.{name} = {}", settings.text(name));
        match count {
            Count::Neighbours => {
                let own = self.of_class.filter(|own| value > *own as f64)?;
                Some(format!(
                    "{written}, and classes have {own} training rows: neighbours beyond them are of other classes; \
                     set {score}.{name} to at most {}, or dump more training rows",
                    own.max(1)
                ))
            }
            Count::RowsOfClass => {
                let own = self.of_class.filter(|own| value > *own as f64)?;
                Some(format!(
                    "{written}, and classes have {own} training rows: the tail is all of them; set {score}.{name} to at most {}",
                    (own / 2).max(1)
                ))
            }
            Count::Classes => {
                // A default that means all is a definition, not a mistake.
                let classes = self.classes.filter(|classes| settings.is_set(name) && value > *classes as f64)?;
                Some(format!(
                    "{written}, and there are {classes} classes: all of them count; set it to at most {classes}"
                ))
            }
            Count::ShareOfRows => {
                let taken = share_of(value, self.rows?);
                (taken < FEW_ROWS && value < 1.0).then(|| {
                    format!(
                        "{written} of {} training rows are {}: set {score}.{name} higher",
                        self.rows.unwrap_or(0),
                        taken as usize
                    )
                })
            }
            Count::ShareOfColumns => {
                let smaller = value.min(1.0 - value) * self.columns? as f64;
                (value > 0.0 && value < 1.0 && smaller < 1.0).then(|| {
                    format!(
                        "{written} of {} features leaves less than one on one side; set it nearer to 0.5",
                        self.columns.unwrap_or(0)
                    )
                })
            }
            Count::PercentileOfFeatures => {
                self.percentile(&written, value, self.rows?.checked_mul(self.columns?)?, "training features")
            }
            Count::PercentileOfWeights => {
                self.percentile(&written, value, self.classes?.checked_mul(self.columns?)?, "weights")
            }
            Count::RidgeOfClass => {
                let own = self.of_class.filter(|own| *own <= self.columns.unwrap_or(0))?;
                Some(format!(
                    "classes have {own} training rows for {} features: their covariances have no inverse, and {written} decides how far a row is; \
                     set it to the size of a small variance, or take mahalanobis, which shares one covariance",
                    self.columns.unwrap_or(0)
                ))
            }
        }
    }

    fn percentile(&self, written: &str, value: f64, of: usize, what: &str) -> Option<String> {
        let smaller = value.min(1.0 - value) * of as f64;
        (value > 0.0 && value < 1.0 && smaller < FEW_VALUES).then(|| {
            format!("{written} of {of} {what} hangs on {} of them; set it nearer to 0.5, or dump more", smaller.ceil())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::registry::find;

    fn counts(rows: usize, of_class: usize, classes: usize, columns: usize) -> Counts {
        Counts { rows: Some(rows), of_class: Some(of_class), classes: Some(classes), columns: Some(columns) }
    }

    fn remarks(counts: Counts, score: &str, set: &[(&str, &str)]) -> Vec<String> {
        let entry = find(score).unwrap();
        let mut settings = entry.settings();
        set.iter().for_each(|(name, value)| settings.set(name, value).unwrap());
        counts.remarks(entry, &settings)
    }

    #[test]
    fn more_neighbours_than_a_class_has_rows() {
        let few = counts(1200, 8, 150, 64);
        assert!(remarks(few, "knn", &[])[0].contains("set knn.k to at most 8"), "{:?}", remarks(few, "knn", &[]));
        assert!(remarks(few, "knn", &[("k", "8")]).is_empty());
        assert!(remarks(counts(50_000, 5_000, 10, 64), "knn", &[]).is_empty());
    }

    #[test]
    fn every_kind_speaks_where_there_is_little_and_is_silent_where_there_is_enough() {
        let (little, enough) = (counts(12, 2, 6, 4), counts(50_000, 5_000, 10, 512));
        for (score, set) in [
            ("nnguide", ("k", "10")),
            ("openmax", ("tail", "20")),
            ("openmax", ("alpha", "100")),
            ("logit_gap", ("n", "50")),
            ("gen", ("m", "200")),
            ("cfood", ("fraction", "0.3")),
            ("ash_s", ("p", "0.9")),
            ("lts", ("p", "0.05")),
            ("react", ("percentile", "0.9")),
            ("vra", ("high", "0.9")),
            ("dice", ("p", "0.9")),
            ("gmm", ("ridge", "1e-6")),
        ] {
            let about =
                |remarks: Vec<String>| remarks.iter().any(|remark| remark.contains(&format!("{score}.{}", set.0)));
            assert!(about(remarks(little, score, &[set])), "{score}.{} of little", set.0);
            let silent = remarks(enough, score, &[]);
            assert!(silent.is_empty(), "{score}: {silent:?}");
        }
    }
}
