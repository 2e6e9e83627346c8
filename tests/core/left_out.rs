//! A score that cannot be fitted takes no other score with it, unless it was asked for by name.

use super::synthetic::Arrays;
use ndarray::s;
use oodbench::dump::layout::discover;
use oodbench::eval::significance::against_best;
use oodbench::eval::{EvalError, Measures, Plan, Selection, evaluate, fits};
use oodbench::progress::Silent;
use oodbench::table::Results;
use tempfile::TempDir;

const ROWS: [usize; 3] = [200, 60, 60];

fn evaluated(written: &TempDir, scores: &str) -> Result<Results, EvalError> {
    let selection = Selection::parse(&[scores.to_owned()], &[]).unwrap();
    let plans = Plan::all(&discover(written.path()).unwrap(), &selection).unwrap();
    evaluate(&plans, &selection.ids(), None, &Measures::default(), &Silent)
}

/// What is left out of `all`, each with a reason, and that the others have figures.
fn left_out(arrays: &Arrays) -> Vec<(&'static str, String)> {
    let results = evaluated(&arrays.write(), "all").unwrap();
    let skipped: Vec<_> = results.runs[0].skipped.iter().map(|skipped| (skipped.score, skipped.why.clone())).collect();
    for id in ["mds", "energy", "max_logit", "gen"] {
        assert!(results.records.iter().any(|record| record.score == id), "{id} has no figure");
    }
    skipped
}

fn has(skipped: &[(&'static str, String)], score: &str, why: &str) -> bool {
    skipped.iter().any(|(id, reason)| *id == score && reason.contains(why))
}

#[test]
fn one_training_row_per_class() {
    let mut arrays = Arrays::linear(4, ROWS);
    let first = |rows: &mut super::synthetic::Rows| {
        rows.features = rows.features.slice(s![..4, ..]).to_owned();
        rows.logits = rows.logits.slice(s![..4, ..]).to_owned();
        rows.labels = vec![0, 1, 2, 3];
    };
    first(&mut arrays.train);
    let skipped = left_out(&arrays);
    for id in ["mahalanobis", "mahalanobis_pp", "relative_mahalanobis", "mahalanobis_layers"] {
        assert!(has(&skipped, id, "varies within classes"), "{id}: {skipped:?}");
        assert!(evaluated(&arrays.write(), id).is_err(), "{id} was asked for by name");
    }
    assert!(has(&skipped, "knn", "set knn.k lower"), "{skipped:?}");
}

#[test]
fn features_that_never_change() {
    let arrays = Arrays::linear(4, ROWS).each(|rows| rows.features.fill(0.7));
    let skipped = left_out(&arrays);
    assert!(has(&skipped, "mahalanobis", "do not vary"), "{skipped:?}");
    assert!(has(&skipped, "ssd", "do not vary"), "{skipped:?}");
}

#[test]
fn features_whose_squares_overflow() {
    let arrays = Arrays::linear(4, ROWS).each(|rows| rows.features *= 1e300);
    let skipped = left_out(&arrays);
    for id in ["mahalanobis", "neco", "gmm"] {
        assert!(has(&skipped, id, "beyond 1.8e308"), "{id}: {skipped:?}");
    }
    // What can be fitted and not be scored has missing values.
    let results = evaluated(&arrays.write(), "all").unwrap();
    let she: Vec<_> = results.records.iter().filter(|record| record.score == "she").collect();
    assert!(!she.is_empty() && she.iter().all(|record| record.value.is_none() && record.missing.is_some()), "{she:?}");
    assert!(evaluated(&arrays.write(), "she").is_err());
    let error = evaluated(&arrays.write(), "mahalanobis").err().unwrap().to_string();
    assert!(error.contains("beyond 1.8e308"), "{error}");
}

/// What is left out of a fit for a file is what is left out of an evaluation.
#[test]
fn a_fit_leaves_the_same_out() {
    let written = Arrays::linear(4, ROWS).each(|rows| rows.features.fill(0.7)).write();
    let selection = Selection::parse(&["all".to_owned()], &[]).unwrap();
    let plan = Plan::of_fit(&discover(written.path()).unwrap()[0], &selection).unwrap();
    let fitted = fits::fit(&plan).unwrap();
    assert!(fitted.skipped.iter().any(|skipped| skipped.score == "mahalanobis"));
    assert!(fitted.scores.iter().any(|score| score.entry.id == "knn"));
}

/// Nothing that was asked for can be had: an error, not an empty table.
#[test]
fn nothing_left_is_an_error() {
    let arrays = Arrays::linear(4, ROWS).each(|rows| rows.features.fill(0.7));
    assert!(evaluated(&arrays.write(), "mahalanobis").is_err());
}

/// Scores that can be fitted and are not finite have no place in a comparison: they are left out of it, or an error if asked for by name.
#[test]
fn what_is_not_finite_is_not_compared() {
    let written = Arrays::linear(4, ROWS).each(|rows| rows.features *= 1e300).write();
    let compared = |scores: &str| {
        let selection = Selection::parse(&[scores.to_owned()], &[]).unwrap();
        let plans = Plan::all(&discover(written.path()).unwrap(), &selection).unwrap();
        let mut results = Results::default();
        against_best(&plans, &mut results, &Silent).map(|lines| (lines, results))
    };
    let (lines, results) = compared("all").unwrap();
    assert!(lines.iter().any(|line| line.score == "mds") && lines.iter().all(|line| line.score != "she"));
    assert!(
        results.notes.iter().any(|note| note.text.contains("left out on id/test: found a NaN or infinite score")),
        "{:?}",
        results.notes
    );
    let error = compared("she").err().unwrap().to_string();
    assert!(error.contains("she") && error.contains("NaN or infinite"), "{error}");
}
