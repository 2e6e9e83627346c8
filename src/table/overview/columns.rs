//! The columns: OOD sets by group, each group followed by its mean, then the mean of all.

use super::super::record::{MeanOver, Record, set_name};

/// An OOD set, or a mean over some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The set's name, or `mean of 3`.
    pub label: String,
    /// The group of the set, or that the mean is over.
    pub group: Option<String>,
    /// Whether it is a mean over sets.
    pub is_mean: bool,
}

impl Column {
    /// The label with the group.
    #[must_use]
    pub fn name(&self) -> String {
        set_name(self.group.as_deref(), &self.label)
    }

    /// Whether a record is of it.
    pub(super) fn is_of(&self, record: &Record) -> bool {
        record.ood == self.label && record.group == self.group && is_over_sets(record) == self.is_mean
    }

    fn of(record: &Record) -> Self {
        Self { label: record.ood.clone(), group: record.group.clone(), is_mean: is_over_sets(record) }
    }
}

fn is_over_sets(record: &Record) -> bool {
    matches!(record.mean_over, Some(MeanOver::Ood | MeanOver::OodAndSeeds))
}

/// Whether a record is a mean over seeds.
pub(super) fn is_over_seeds(record: &Record) -> bool {
    matches!(record.mean_over, Some(MeanOver::Seeds | MeanOver::OodAndSeeds))
}

/// The columns of some records, groups in the order of their first set.
pub(super) fn of(records: &[&Record]) -> Vec<Column> {
    let mut found: Vec<Column> = Vec::new();
    for record in records.iter().filter(|record| !is_over_seeds(record)) {
        let column = Column::of(record);
        if !found.contains(&column) {
            found.push(column);
        }
    }
    let groups: Vec<Option<String>> = found.iter().map(|column| column.group.clone()).collect();
    let first = |column: &Column| groups.iter().position(|group| *group == column.group);
    // The sort keeps the order of what it does not tell apart.
    found.sort_by_key(|column| (column.is_mean && column.group.is_none(), first(column), column.is_mean));
    found
}
