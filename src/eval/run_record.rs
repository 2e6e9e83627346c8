//! What all records of a run have in common.

use super::plan::Plan;
use crate::numeric::checksum::Hasher;
use crate::rows::Role;
use crate::table::{ArrayRead, Record};

/// A record of a run, without score, set and value.
pub(super) fn of_run(plan: &Plan<'_>) -> Record {
    let info = &plan.dump.info;
    let mut data = Hasher::new();
    let test: Vec<&ArrayRead> = plan.arrays.iter().filter(|array| array.split == Role::Test.to_string()).collect();
    for array in &test {
        data.bytes(array.array.as_bytes());
        data.checksum(array.checksum);
    }
    Record {
        run: info.name.clone(),
        in_distribution: info.in_distribution.clone(),
        model: info.model.clone(),
        loss: info.loss.as_ref().map(ToString::to_string),
        seed: info.seed,
        data: (!test.is_empty()).then(|| data.finish().to_string()),
        ..Record::default()
    }
}
