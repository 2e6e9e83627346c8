//! How probable it is that a score is better than the best one by more than matters, over many sets; and what it reaches over runs and sets.

use serde::Serialize;

use super::record::Record;
use super::trainings::trainings;
use crate::metric::{Better, Metric, Procedure};
use crate::stats::aggregate::{above, iqm, median};
use crate::stats::signed_rank::signed_rank;

/// A score. These field names are an interface; what a score does not have is null. Values are fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BayesLine {
    /// The run, or model and loss and how many runs.
    pub training: String,
    /// The procedure's id.
    pub procedure: &'static str,
    /// The metric's id.
    pub metric: &'static str,
    /// The score's id.
    pub score: String,
    /// Sets.
    pub sets: usize,
    /// The mean of the middle half of its values over runs and sets: [`crate::stats::aggregate`].
    pub iqm: f64,
    /// The median over sets of its means over runs.
    pub median: f64,
    /// The score with the best IQM.
    pub best: String,
    /// How probably one of its runs is better than one of the best score's on the same set.
    pub probability_above: Option<f64>,
    /// P(better than the best one by more than `rope`): [`crate::stats::signed_rank`].
    pub p_better: Option<f64>,
    /// P(the same up to `rope`).
    pub p_same: Option<f64>,
    /// P(worse by more than `rope`).
    pub p_worse: Option<f64>,
    /// The difference that does not matter.
    pub rope: f64,
}

/// The lines of every training, and what could not be compared, one line each.
///
/// ```
/// use oodbench::metric::openood;
/// use oodbench::table::{Record, bayes::compare};
/// let record = |(set, score, value): (usize, &str, f64)| Record {
///     run: "run".to_owned(),
///     ood: format!("set {set}"),
///     score: score.to_owned(),
///     procedure: "openood".to_owned(),
///     metric: "auroc".to_owned(),
///     value: Some(value),
///     ..Record::default()
/// };
/// let records: Vec<Record> = (0..8).flat_map(|set| [(set, "mds", 0.9), (set, "es", 0.8)].map(record)).collect();
/// let metric = openood::PROCEDURE.metric("auroc").unwrap();
/// let (lines, _) = compare(&records, &openood::PROCEDURE, metric, 0.005);
/// assert_eq!((lines[0].score.as_str(), lines[0].p_worse, lines[1].best.as_str()), ("mds", None, "mds"));
/// assert!(lines[1].p_worse.unwrap() > 0.99 && lines[1].probability_above == Some(0.0));
/// ```
#[must_use]
pub fn compare(
    records: &[Record],
    procedure: &'static Procedure,
    metric: &'static Metric,
    rope: f64,
) -> (Vec<BayesLine>, Vec<String>) {
    let (mut lines, mut notes) = (Vec::new(), Vec::new());
    let sign = if metric.better == Better::Higher { 1.0 } else { -1.0 };
    for training in trainings(records, procedure, metric) {
        let title = training.title();
        let complete = training.complete();
        notes.extend(training.left_out());
        if let Err(why) = training.check(&complete) {
            notes.push(why);
            continue;
        }
        // Turned so that higher is better.
        let of = |score: &String| -> Vec<Vec<f64>> {
            let values = training.blocks.iter().map(|block| &block.values[score]);
            values.map(|values| values.iter().map(|value| sign * value).collect()).collect()
        };
        let mut all: Vec<(&String, Vec<Vec<f64>>)> = complete.iter().map(|score| (*score, of(score))).collect();
        all.sort_by(|a, b| iqm(&b.1).total_cmp(&iqm(&a.1)));
        let Some((best, of_best)) = all.first().cloned() else { continue };
        notes.extend(training.cautions());
        let mean = |runs: &Vec<f64>| runs.iter().sum::<f64>() / runs.len() as f64;
        for (place, (score, values)) in all.iter().enumerate() {
            let differences: Vec<f64> = values.iter().zip(&of_best).map(|(own, best)| mean(own) - mean(best)).collect();
            let probabilities = (place > 0).then(|| signed_rank(&differences, rope));
            lines.push(BayesLine {
                training: title.clone(),
                procedure: procedure.id,
                metric: metric.id,
                score: (*score).clone(),
                sets: training.blocks.len(),
                iqm: sign * iqm(values),
                median: sign * median(values),
                best: best.clone(),
                probability_above: (place > 0).then(|| above(values, &of_best)),
                p_better: probabilities.map(|p| p.better),
                p_same: probabilities.map(|p| p.same),
                p_worse: probabilities.map(|p| p.worse),
                rope,
            });
        }
    }
    (lines, notes)
}
