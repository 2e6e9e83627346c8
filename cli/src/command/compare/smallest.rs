//! What difference from the best score could these sets show?

use super::arguments::Command;
use super::rows::scored;
use crate::option::common::Common;
use crate::screen::progress::Bars;
use oodbench::eval::smallest::smallest_differences;
use oodbench::report::smallest as shown;

/// Runs the test.
pub(super) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let lines = scored(command, common, ("smallest", true), |plans, what, results| {
        Ok(smallest_differences(plans, what, results, &Bars::new(common.quiet))?)
    })?;
    command.printed.print_with(&shown::header(&lines), &lines, &shown::grid(&lines))
}
