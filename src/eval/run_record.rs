//! What all records of a run have in common.

use super::plan::Plan;
use crate::dump::RunInfo;
use crate::numeric::checksum::Checksum;
use crate::table::Record;

/// A record of a run, without score, set and value.
pub(super) fn of_run(plan: &Plan<'_>) -> Record {
    of_info(&plan.dump.info, plan.identity())
}

/// The same of what is said of a run and the checksum of what tells it from others.
pub(super) fn of_info(info: &RunInfo, data: Option<Checksum>) -> Record {
    Record {
        run: info.name.clone(),
        in_distribution: info.in_distribution.clone(),
        model: info.model.clone(),
        loss: info.loss.as_ref().map(ToString::to_string),
        seed: info.seed,
        data: data.map(|checksum| checksum.to_string()),
        ..Record::default()
    }
}
