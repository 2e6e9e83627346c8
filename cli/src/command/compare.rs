//! `oodbench compare`: how sure it is that one score is better than another. One file per test.

mod arguments;
mod bayes;
mod best;
mod ranks;
mod rows;
mod sanity;
mod seeds;
mod smallest;

use crate::option::common::Common;

use arguments::Test;

pub(crate) use arguments::Command;

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    command.check()?;
    match command.test {
        Test::Best => best::run(command, common),
        Test::Rows => rows::run(command, common),
        Test::Seeds => seeds::run(command, common),
        Test::Ranks => ranks::run(command, common),
        Test::Bayes => bayes::run(command, common),
        Test::Smallest => smallest::run(command, common),
        Test::Sanity => sanity::run(command, common),
    }
}
