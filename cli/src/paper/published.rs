//! The published values: Tables 2 to 6 of Macêdo and Ludermir, Enhanced Isotropy Maximization Loss, arXiv:2105.14399, as `tables.csv` holds them.
//!
//! Percent, mean and standard deviation over the paper's repetitions; its Table 3 says five.

use anyhow::Context;
use serde::Deserialize;

/// Where the values are from, for readers.
pub(crate) const SOURCE: &str =
    "Macêdo and Ludermir, Enhanced Isotropy Maximization Loss, arXiv:2105.14399, Tables 2 to 6";

const TABLES: &str = include_str!("tables.csv");

/// One value.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Published {
    /// The number of the table.
    pub(crate) table: u32,
    pub(crate) model: String,
    pub(crate) in_distribution: String,
    /// The OOD set, `mean of` some, or nothing for an accuracy.
    pub(crate) out_of_distribution: String,
    /// Loss and score, such as `IsoMax+/MDS`; of an accuracy the loss.
    pub(crate) method: String,
    pub(crate) metric: String,
    pub(crate) mean_percent: f64,
    pub(crate) std_percent: f64,
}

impl Published {
    /// All values, in the order of the paper.
    pub(crate) fn all() -> anyhow::Result<Vec<Self>> {
        csv::Reader::from_reader(TABLES.as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .context("the published values inside the program cannot be read")
    }

    /// The loss, and the score if there is one.
    pub(crate) fn loss_and_score(&self) -> (&str, Option<&str>) {
        self.method.split_once('/').map_or((&self.method, None), |(loss, score)| (loss, Some(score)))
    }

    /// The OOD sets that the value is of.
    pub(crate) fn sets(&self) -> Vec<&str> {
        let names = self.out_of_distribution.strip_prefix("mean of ").unwrap_or(&self.out_of_distribution);
        names.split(", ").filter(|name| !name.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_value_is_there() {
        let all = Published::all().unwrap();
        let count = |table: u32| all.iter().filter(|value| value.table == table).count();
        assert_eq!([2, 3, 4, 5, 6].map(count), [36, 108, 72, 24, 32]);
        assert_eq!(all[36].loss_and_score(), ("SoftMax", Some("ES")));
        assert_eq!(all[0].loss_and_score(), ("SoftMax", None));
        assert!(all.iter().all(|value| (0.0..=100.0).contains(&value.mean_percent)));
        assert_eq!(all.last().unwrap().sets(), ["SVHN", "TinyImageNet", "LSUN"]);
    }
}
