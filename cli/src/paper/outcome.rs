//! What a demo found: the paper's comparison by Lee's procedure, Fig. 1, and whether the claim holds.

use std::fmt;

use super::error::DemoError;
use super::train::Trained;
use oodbench::dump::Loss;
use oodbench::dump::layout::discover;
use oodbench::eval::figures::{FIG1_SCORES, fig1_bands};
use oodbench::eval::{Measures, Plan, ScoredRun, Selection, evaluate, score_run};
use oodbench::metric::{Procedure, lee};
use oodbench::plot::fig1::Band;
use oodbench::progress::Progress;
use oodbench::table::{Comparison, Results};
use oodbench_train::loss::LossKind;

/// The procedure of the paper.
pub(crate) const PROCEDURE: &Procedure = &lee::PROCEDURE;

/// The columns of the paper's Table 3: each loss with its score.
const HEADLINE: [(Loss, &str); 3] = [(Loss::Softmax, "es"), (Loss::Isomax, "es"), (Loss::IsomaxPlus, "mds")];

/// The columns of the paper's Table 6: both IsoMax losses with both scores.
const TABLE_6: [(Loss, &str); 4] =
    [(Loss::Isomax, "es"), (Loss::Isomax, "mds"), (Loss::IsomaxPlus, "es"), (Loss::IsomaxPlus, "mds")];

/// What a demo found.
pub(crate) struct Outcome {
    /// The networks.
    pub(crate) trained: Vec<Trained>,
    /// All figures.
    pub(crate) results: Results,
    /// SoftMax with ES, IsoMax with ES, IsoMax+ with MDS.
    pub(crate) headline: Vec<Comparison>,
    /// IsoMax and IsoMax+, each with ES and MDS.
    pub table6: Vec<Comparison>,
    /// Fig. 1 of the networks of the first seed.
    pub fig1: Vec<Band>,
    /// The claim.
    pub(crate) claim: Claim,
}

/// Scores and measures all dumps.
///
/// # Errors
/// A dump cannot be scored.
pub(crate) fn measure(trained: &[Trained], progress: &dyn Progress) -> Result<Outcome, DemoError> {
    let names: Vec<String> = FIG1_SCORES.iter().map(|&name| name.to_owned()).collect();
    let selection = Selection::parse(&names, &[])?;
    let mut files = Vec::new();
    for run in trained {
        files.extend(discover(&run.dump)?);
    }
    let plans = Plan::all(&files, &selection)?;
    let results = evaluate(&plans, &selection.ids(), None, &Measures::default(), progress)?;
    Ok(Outcome {
        headline: Comparison::all(&only(&results, &HEADLINE), PROCEDURE),
        table6: Comparison::all(&only(&results, &TABLE_6), PROCEDURE),
        fig1: fig1(&plans, progress)?,
        claim: Claim::of(&results),
        results,
        trained: trained.to_vec(),
    })
}

fn fig1(plans: &[Plan<'_>], progress: &dyn Progress) -> Result<Vec<Band>, DemoError> {
    let first = |loss: Loss| plans.iter().find(|plan| plan.dump.info.loss.as_ref() == Some(&loss));
    let (Some(isomax), Some(plus)) = (first(Loss::Isomax), first(Loss::IsomaxPlus)) else { return Ok(Vec::new()) };
    let scored = |plan: &Plan<'_>| -> Result<ScoredRun, DemoError> {
        Ok(ScoredRun { info: plan.dump.info.clone(), splits: score_run(plan, &mut Results::default(), progress)? })
    };
    Ok(fig1_bands(&scored(isomax)?, &scored(plus)?).to_vec())
}

/// The figures of some losses with some scores.
fn only(results: &Results, columns: &[(Loss, &str)]) -> Results {
    let wanted = |run: &str, score: &str| {
        let summary = results.runs.iter().find(|summary| summary.info.name == run);
        let loss = summary.and_then(|summary| summary.info.loss.as_ref());
        columns.iter().any(|(of, with)| Some(of) == loss && *with == score)
    };
    let mut kept = results.clone();
    kept.records.retain(|record| wanted(&record.run, &record.score));
    kept
}

/// The paper's claim in figures: IsoMax+ with MDS against SoftMax with ES. Means over seeds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claim {
    /// One per OOD set.
    pub(crate) sets: Vec<SetClaim>,
    /// Test accuracies of SoftMax and IsoMax+.
    pub(crate) accuracy: (f64, f64),
}

/// The claim on one OOD set; each figure of SoftMax with ES, then of IsoMax+ with MDS.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetClaim {
    /// The OOD set.
    pub(crate) ood: String,
    /// AUROC.
    pub(crate) auroc: (f64, f64),
    /// TNR@TPR95.
    pub(crate) tnr: (f64, f64),
}

impl Claim {
    fn of(results: &Results) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for record in &results.records {
            if !names.contains(&record.ood.as_str()) {
                names.push(&record.ood);
            }
        }
        let figure = |ood: &str, metric: &str| {
            let of = |loss: Loss, score: &str| {
                let only = only(results, &[(loss, score)]);
                let values =
                    only.records.iter().filter(|r| r.ood == ood && r.procedure == PROCEDURE.id && r.metric == metric);
                mean(values.filter_map(|record| record.value))
            };
            (of(Loss::Softmax, "es"), of(Loss::IsomaxPlus, "mds"))
        };
        let sets = names.into_iter().map(|ood| SetClaim {
            ood: ood.to_owned(),
            auroc: figure(ood, "auroc"),
            tnr: figure(ood, "tnr_at_tpr95"),
        });
        let accuracy = |loss: Loss| {
            let runs = results.runs.iter().filter(|run| run.info.loss.as_ref() == Some(&loss));
            mean(runs.filter_map(|run| run.accuracy))
        };
        Self { sets: sets.collect(), accuracy: (accuracy(Loss::Softmax), accuracy(Loss::IsomaxPlus)) }
    }

    /// On how many OOD sets IsoMax+ with MDS is ahead by AUROC.
    #[must_use]
    pub(crate) fn ahead(&self) -> usize {
        self.sets.iter().filter(|set| set.auroc.1 > set.auroc.0).count()
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |value: f64| value * 100.0;
        let by_tnr = self.sets.iter().filter(|set| set.tnr.1 > set.tnr.0).count();
        let means = |pick: fn(&SetClaim) -> (f64, f64)| {
            (mean(self.sets.iter().map(|set| pick(set).0)), mean(self.sets.iter().map(|set| pick(set).1)))
        };
        let (auroc, tnr) = (means(|set| set.auroc), means(|set| set.tnr));
        write!(
            f,
            "IsoMax+ with the minimum distance score is ahead of SoftMax with the entropic score on {} of {} OOD sets by AUROC \
             (mean {:.2} % against {:.2} %) and on {by_tnr} by TNR@TPR95 (mean {:.2} % against {:.2} %). Test accuracy: {:.2} % \
             against {:.2} %, {:+.2} points.",
            self.ahead(),
            self.sets.len(),
            percent(auroc.1),
            percent(auroc.0),
            percent(tnr.1),
            percent(tnr.0),
            percent(self.accuracy.1),
            percent(self.accuracy.0),
            percent(self.accuracy.1 - self.accuracy.0),
        )
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// The name of a loss in tables.
pub(crate) fn title(loss: LossKind) -> &'static str {
    match loss {
        LossKind::Softmax => "SoftMax",
        LossKind::Isomax => "IsoMax",
        LossKind::IsomaxPlus => "IsoMax+",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oodbench::dump::RunInfo;
    use oodbench::table::{Record, RunSummary};

    fn run(name: &str, loss: Loss, accuracy: f64) -> RunSummary {
        let info = RunInfo {
            name: name.to_owned(),
            model: None,
            loss: Some(loss),
            in_distribution: None,
            seed: Some(1),
            head: None,
            note: None,
        };
        RunSummary { info, accuracy: Some(accuracy), id_rows: 1, skipped: Vec::new(), arrays: Vec::new() }
    }

    fn record(run: &str, ood: &str, score: &'static str, metric: &'static str, value: f64) -> Record {
        Record {
            run: run.to_owned(),
            ood: ood.to_owned(),
            score: score.to_owned(),
            procedure: "lee".to_owned(),
            metric: metric.to_owned(),
            value: Some(value),
            ..Record::default()
        }
    }

    #[test]
    fn the_claim_takes_each_loss_with_its_score_and_means_over_seeds() {
        let mut results = Results {
            runs: vec![run("s1", Loss::Softmax, 0.9), run("s2", Loss::Softmax, 0.8), run("p1", Loss::IsomaxPlus, 0.86)],
            ..Results::default()
        };
        for (name, values) in [("s1", [0.7, 0.99]), ("s2", [0.9, 0.99]), ("p1", [0.99, 0.85])] {
            for (score, value) in ["es", "mds"].into_iter().zip(values) {
                results.records.push(record(name, "kmnist", score, "auroc", value));
                results.records.push(record(name, "kmnist", score, "tnr_at_tpr95", value / 2.0));
            }
        }
        let claim = Claim::of(&results);
        let set = &claim.sets[0];
        for ((found, expected), what) in
            [(set.auroc, (0.8, 0.85)), (set.tnr, (0.4, 0.425)), (claim.accuracy, (0.85, 0.86))]
                .map(|(found, expected)| ((found, expected), "figure"))
        {
            assert!((found.0 - expected.0).abs() < 1e-12 && (found.1 - expected.1).abs() < 1e-12, "{what} {found:?}");
        }
        let text = claim.to_string();
        assert!(
            text.contains("on 1 of 1 OOD sets") && text.contains("86.00 % against 85.00 %, +1.00 points"),
            "{text}"
        );
        assert_eq!(only(&results, &TABLE_6).records.len(), 4);
    }
}
