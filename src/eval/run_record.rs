//! What all records of a run have in common.

use super::plan::Plan;
use crate::table::Record;

/// A record of a run, without score, set and value.
pub(super) fn of_run(plan: &Plan<'_>) -> Record {
    let info = &plan.dump.info;
    Record {
        run: info.name.clone(),
        in_distribution: info.in_distribution.clone(),
        model: info.model.clone(),
        loss: info.loss.as_ref().map(ToString::to_string),
        seed: info.seed,
        data: plan.identity().map(|checksum| checksum.to_string()),
        ..Record::default()
    }
}
