//! `oodbench compare`: how sure it is that one score is better than another. One file per test.

mod best;
mod ranks;

use clap::{Args, ValueEnum};

use crate::option::choice::{FitOrParameters, ScoreNames};
use crate::option::common::Common;
use crate::option::format::Printed;
use crate::option::metric::MetricName;
use crate::option::sources::Sources;

/// Test which scores may be the best, on the rows of a set, with other seeds, over many sets
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench compare dumps/ --score mds,es,mps
  oodbench compare dumps/my-run --format json    p-values and standard errors as fractions
  oodbench compare dumps/ --test ranks           which scores cannot be told from the best over many sets
  oodbench compare out/ --test ranks --metric lee.tnr_at_tpr95    from the records of `score --out`

The first test is about other rows of the same sets; it does not say how another training run would do.")]
pub(crate) struct Command {
    #[command(flatten)]
    sources: Sources,
    /// The question to answer
    #[arg(long, value_enum, default_value_t = Test::Best)]
    test: Test,
    /// The metric to compare by, METRIC or PROCEDURE.METRIC; `oodbench score --help` lists them
    #[arg(long, value_name = "METRIC", default_value = "openood.auroc")]
    metric: MetricName,
    #[command(flatten)]
    names: ScoreNames,
    #[command(flatten)]
    fitted: FitOrParameters,
    #[command(flatten)]
    printed: Printed,
}

/// A question, and what it needs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Test {
    /// Which scores of a run may be its best on a set, were other rows drawn? DeLong's test, all pairs accounted for. Needs dumps
    Best,
    /// Which scores cannot be told from the best over many sets? Friedman, Nemenyi, Conover with Holm. Dumps or records
    Ranks,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    match command.test {
        Test::Best => best::run(command, common),
        Test::Ranks => ranks::run(command, common),
    }
}
