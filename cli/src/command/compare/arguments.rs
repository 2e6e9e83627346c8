//! What may be typed, and which question it asks.

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::option::choice::{FitOrParameters, ScoreNames};
use crate::option::format::Printed;
use crate::option::metric::MetricName;
use crate::option::sources::Sources;
use oodbench::stats::row_draws::RowDraws;

/// Test which scores may be the best, on the rows of a set, with other seeds, over many sets
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench compare dumps/ --score mds,es,mps
  oodbench compare dumps/my-run --format json    p-values and standard errors as fractions
  oodbench compare dumps/my-run --test rows --metric openood.fpr_at_tpr95_ood_positive    the same question by another metric
  oodbench compare dumps/ --test ranks           which scores cannot be told from the best over many sets
  oodbench compare out/ --test ranks --metric lee.tnr_at_tpr95    from the records of `score --out`
  oodbench compare dumps/ --test sanity          id/test against id/val

The first test is about other rows of the same sets; it does not say how another training run would do.")]
pub(crate) struct Command {
    #[command(flatten)]
    pub(super) sources: Sources,
    /// The question to answer
    #[arg(long, value_enum, default_value_t = Test::Best)]
    pub(super) test: Test,
    /// The metric to compare by, METRIC or PROCEDURE.METRIC; `oodbench score --help` lists them [default: openood.auroc]
    #[arg(long, value_name = "METRIC")]
    metric: Option<MetricName>,
    /// Draws of rows, for --test rows, seeds and smallest [default: 1000]
    #[arg(long, value_name = "N")]
    draws: Option<u64>,
    /// Seed of the draws [default: 0]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Percentage points that do not matter, for --test bayes [default: 0.5]
    #[arg(long, value_name = "POINTS", value_parser = points)]
    rope: Option<f64>,
    #[command(flatten)]
    pub(super) names: ScoreNames,
    #[command(flatten)]
    pub(super) fitted: FitOrParameters,
    #[command(flatten)]
    pub(super) printed: Printed,
}

/// A number of points, 0 or more.
fn points(text: &str) -> Result<f64, &'static str> {
    let is_valid = |points: &f64| (0.0..100.0).contains(points);
    text.parse().ok().filter(is_valid).ok_or("expected percentage points from 0 to 100, e.g. 0.5")
}

/// Points that do not matter, as the authors of the test have them.
const ROPE: f64 = 0.5;
/// Draws, if nobody says how many.
const DRAWS: u64 = 1000;
/// Fewer draws leave an interval without a draw outside.
const FEWEST_DRAWS: u64 = 100;
/// More draws make no interval better, and take their time and memory.
const MOST_DRAWS: u64 = 100_000;

/// The AUROC that counts ties half.
const AUROC: (&str, &str) = ("openood", "auroc");

impl Command {
    /// The metric to compare by.
    pub(super) fn metric(&self) -> MetricName {
        self.metric.clone().unwrap_or_else(|| MetricName::of(AUROC))
    }

    /// Refuses another metric than the AUROC, for a test that knows no other.
    pub(super) fn is_of_auroc(&self, test: &str) -> anyhow::Result<()> {
        match &self.metric {
            Some(metric) if !metric.has(AUROC) => {
                bail!("--metric: --test {test} compares AUROC; --test rows takes any metric")
            }
            _ => Ok(()),
        }
    }

    /// Refuses options that would change nothing.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let draws_rows = matches!(self.test, Test::Rows | Test::Seeds | Test::Smallest);
        let unused = [
            ("--draws", self.draws.is_some() && !draws_rows, "rows, seeds or smallest"),
            ("--seed", self.seed.is_some() && !draws_rows, "rows, seeds or smallest"),
            ("--rope", self.rope.is_some() && self.test != Test::Bayes, "bayes"),
        ];
        if let Some((option, _, of)) = unused.into_iter().find(|(_, is_unused, _)| *is_unused) {
            let test = self.test.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
            bail!("{option}: found it with --test {test}, expected --test {of}; leave it out");
        }
        Ok(())
    }

    /// The difference that does not matter, as a fraction.
    pub(super) fn rope(&self) -> f64 {
        self.rope.unwrap_or(ROPE) / 100.0
    }

    /// How rows are drawn.
    pub(super) fn draws(&self) -> anyhow::Result<RowDraws> {
        let draws = self.draws.unwrap_or(DRAWS);
        if !(FEWEST_DRAWS..=MOST_DRAWS).contains(&draws) {
            bail!("--draws: found {draws}, expected {FEWEST_DRAWS} to {MOST_DRAWS}; 1000 to 10000 are usual");
        }
        Ok(RowDraws { draws: draws as usize, seed: self.seed.unwrap_or(0) })
    }
}

/// A question, and what it needs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Test {
    /// Which scores of a run may be its best on a set, were other rows drawn? DeLong's test, all pairs accounted for. Needs dumps
    Best,
    /// Would other rows of the same sets give another best score, by any metric? Draws of rows, differences and ranks with intervals. Needs dumps
    Rows,
    /// Would other seeds and other rows give another best score? Errors of seeds and of rows, t with Satterthwaite. Dumps; from records the seeds alone
    Seeds,
    /// Which scores cannot be told from the best over many sets? Friedman, Nemenyi, Conover with Holm. Dumps or records
    Ranks,
    /// How probable is it that a score is better than the best one by more than matters? Signed-rank test with ROPE, IQM. Dumps or records
    Bayes,
    /// What difference from the best score could these sets show, and how many rows would it take? Needs dumps
    Smallest,
    /// Is id/test like id/val, as it has to be: AUROC 50 %? Needs dumps with id/val
    Sanity,
}
