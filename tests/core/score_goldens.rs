//! Every score against an independent implementation (`fixtures/scores/make_goldens.py`, float64 NumPy from the definitions in
//! `fixtures/scores/DEFINITIONS.md`), on the real dumps of `fixtures/dumps`; scores of several layers on `fixtures/layers`,
//! of Gram matrices on `fixtures/gram`, of embeddings of texts on `fixtures/clip`, of several members on `fixtures/members`, of runs that are members among them.

use std::collections::BTreeSet;
use std::path::Path;

use oodbench::dump::{Dump, layout::discover};
use oodbench::fit::{FitError, Training};
use oodbench::metric::{PairCounts, Sample};
use oodbench::rows::{ArrayKind, Role, Split};
use oodbench::score::Fitted;
use oodbench::score::registry::find;
use serde_json::Value;

use super::common::fixture;

/// Largest deviation allowed, relative to the largest value of the case.
const TOLERANCE: f64 = 1e-9;

/// Scores whose solver leaves fewer digits on nearly singular features, with what `DEFINITIONS.md` measured between two exact routes; and one that sums products
/// in `f32`.
const LOOSER: &[(&str, f64)] = &[
    ("mahalanobis", 1e-8),
    ("mahalanobis_pp", 1e-8),
    ("relative_mahalanobis", 1e-7),
    ("relative_mahalanobis_pp", 1e-7),
    ("ssd", 1e-8),
    ("pnml", 1e-8),
    ("relation", 2e-7),
];

/// Files of goldens, and the folder of their runs.
const GOLDENS: [(&str, &str); 6] = [
    ("scores/golden.json", "dumps"),
    ("scores/golden_layers.json", ""),
    ("scores/golden_members.json", "members"),
    ("scores/golden_perturbed.json", ""),
    ("scores/golden_gram.json", ""),
    ("scores/golden_clip.json", ""),
];

fn dump(folder: &Path) -> Dump {
    let files = discover(folder).unwrap();
    Dump::open(&files[0]).unwrap()
}

fn scores(dump: &Dump, split: &Split, scorer: &dyn Fitted) -> Vec<f64> {
    let mut wanted = BTreeSet::from([ArrayKind::Logits]);
    wanted.extend(dump.feature_arrays());
    wanted.extend(dump.patch_arrays());
    wanted.extend(dump.variants());
    wanted.extend(dump.own_scores().into_iter().map(|name| ArrayKind::Score(name.to_owned())));
    wanted.extend(dump.gram_arrays());
    let mut all = Vec::new();
    for range in split.block_ranges() {
        let mut out = vec![0.0; range.len()];
        scorer.score_block(&split.block(range, &wanted, dump.head.as_ref()), &mut out);
        all.extend(out);
    }
    all
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Checks one case and says what is wrong with it.
fn check(dump: &Dump, training: &Training<'_>, ood: &str, case: &Value) -> Result<(), String> {
    let id = case["id"].as_str().unwrap();
    let name = format!("{} {id} {}", dump.info.name, case["parameters"]);
    let Ok(entry) = find(id) else { return Err(format!("{name}: not in the registry")) };
    let mut settings = entry.settings();
    for (key, value) in case["parameters"].as_object().unwrap() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        settings.set(key, &text).map_err(|error| format!("{name}: {error}"))?;
    }
    let score = (entry.build)(&settings).map_err(|error| format!("{name}: {error}"))?;
    let lacking = score.needs().iter().find_map(|need| need.lacking(dump));
    let applicable = case.get("id_test").is_some_and(Value::is_array);
    let fit = match (lacking, applicable) {
        (Some(_), false) => return Ok(()),
        (Some(lacking), true) => return Err(format!("{name}: lacks {lacking}, but the golden was computed")),
        (None, _) => score.fit(training),
    };
    let fit = match (fit, applicable) {
        (Err(FitError::NotApplicable { .. }), false) => return Ok(()),
        (Ok(_), false) => return Err(format!("{name}: fitted, but is not applicable: {case}")),
        (Err(error), true) => return Err(format!("{name}: {error}")),
        (fit, _) => fit.map_err(|error| format!("{name}: {error}"))?,
    };
    let test = scores(dump, dump.split(&Role::Test).unwrap(), fit.scorer.as_ref());
    let novel = scores(dump, dump.split(&Role::Ood { group: None, name: ood.into() }).unwrap(), fit.scorer.as_ref());
    let tolerance = LOOSER.iter().find(|(looser, _)| *looser == id).map_or(TOLERANCE, |(_, t)| *t);
    for (found, expected) in [(&test, numbers(&case["id_test"])), (&novel, numbers(&case["ood"]))] {
        let scale = expected.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
        for (row, (f, e)) in found.iter().zip(&expected).enumerate() {
            if (f - e).abs() > tolerance * scale {
                return Err(format!("{name}: row {row}: found {f}, expected {e}"));
            }
        }
    }
    let sample = |scores: Vec<f64>| Sample::new(scores).map_err(|error| format!("{name}: {error}"));
    let counts = PairCounts::of(&sample(test)?, &sample(novel)?);
    let strict = counts.ordered as f64 / counts.all as f64;
    let expected = case["lee_auroc"][ood].as_f64().unwrap();
    // Two solvers may order a handful of almost equal pairs differently.
    if (strict - expected).abs() > 5.0 / counts.all as f64 + 1e-12 {
        return Err(format!("{name}: AUROC {strict}, expected {expected}"));
    }
    Ok(())
}

#[test]
fn every_score_equals_its_golden() {
    let mut wrong = Vec::new();
    for (file, folder) in GOLDENS {
        let golden: Value = serde_json::from_slice(&std::fs::read(fixture(file)).unwrap()).unwrap();
        let ood = golden["ood_rows"].as_str().unwrap();
        for (run, cases) in golden["runs"].as_object().unwrap() {
            let dump = dump(&fixture(folder).join(run));
            let training = Training::new(&dump);
            let found = cases.as_array().unwrap().iter().filter_map(|case| check(&dump, &training, ood, case).err());
            wrong.extend(found);
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
