//! What a demo found: every loss with every score of the paper by Lee's procedure, Fig. 1, and which of the paper's statements hold.

use super::claims::{Findings, PROCEDURE, SCORES};
use super::error::DemoError;
use super::train::Trained;
use oodbench::dump::Loss;
use oodbench::dump::layout::{RunFiles, discover};
use oodbench::eval::plots::{FIG1_SCORES, fig1_bands};
use oodbench::eval::{Measures, Plan, ScoredRun, Selection, evaluate, score_run};
use oodbench::plot::fig1::Band;
use oodbench::progress::Progress;
use oodbench::table::{Comparison, Results};

/// What a demo found.
pub(crate) struct Outcome {
    /// The networks.
    pub(crate) trained: Vec<Trained>,
    /// All values.
    pub(crate) results: Results,
    /// Every loss with every score.
    pub(crate) tables: Vec<Comparison>,
    /// Fig. 1 of the networks of the first seed.
    pub(crate) fig1: Vec<Band>,
    /// The paper's statements.
    pub(crate) findings: Findings,
}

/// Scores and measures all dumps.
///
/// # Errors
/// A dump cannot be scored.
pub(crate) fn measure(trained: &[Trained], progress: &dyn Progress) -> Result<Outcome, DemoError> {
    let mut files = Vec::new();
    for run in trained {
        files.extend(discover(&run.dump)?);
    }
    let results = results(&files, progress)?;
    Ok(Outcome {
        tables: Comparison::all(&results, PROCEDURE),
        fig1: fig1(&Plan::all(&files, &scores(&FIG1_SCORES)?)?, progress)?,
        findings: Findings::of(&results),
        results,
        trained: trained.to_vec(),
    })
}

/// Every value of the paper's scores on these runs.
///
/// # Errors
/// A dump cannot be scored.
pub(super) fn results(files: &[RunFiles], progress: &dyn Progress) -> Result<Results, DemoError> {
    let selection = scores(&SCORES)?;
    let plans = Plan::all(files, &selection)?;
    Ok(evaluate(&plans, &selection.ids(), None, &Measures::default(), progress)?)
}

fn scores(names: &[&str]) -> Result<Selection, DemoError> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    Ok(Selection::parse(&names, &[])?)
}

fn fig1(plans: &[Plan<'_>], progress: &dyn Progress) -> Result<Vec<Band>, DemoError> {
    let first = |loss: Loss| plans.iter().find(|plan| plan.dump.info.loss.as_ref() == Some(&loss));
    let (Some(isomax), Some(plus)) = (first(Loss::Isomax), first(Loss::IsomaxPlus)) else { return Ok(Vec::new()) };
    let scored = |plan: &Plan<'_>| -> Result<ScoredRun, DemoError> {
        Ok(ScoredRun { info: plan.dump.info.clone(), splits: score_run(plan, &mut Results::default(), progress)? })
    };
    Ok(fig1_bands(&scored(isomax)?, &scored(plus)?).to_vec())
}
