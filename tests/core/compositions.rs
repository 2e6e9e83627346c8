//! Compositions are the scores they are said to be, and go wherever a score goes: files of fits, threads, blocks.

use ndarray::{Array2, Axis};
use oodbench::eval::fits::{self, FitsFile, describe};
use oodbench::eval::{Plan, Selection};
use oodbench::fit::Training;
use oodbench::rows::{ArrayKind, Role};
use oodbench::score::registry::find;
use oodbench::score::{Need, REGISTRY, STEPS};

use super::synthetic::{Arrays, far, fit, score, score_in};

const ROWS: [usize; 3] = [400, 300, 200];

/// Some of every kind of step, score and factor.
const COMPOSITIONS: &[&str] = &[
    "react+dice",
    "react(0.8)+ash_s(0.7)",
    "vra(0.3;high=0.95)+energy(2)",
    "bats+ras+max_logit",
    "scale+optfs+knn(5)",
    "normalise+mahalanobis",
    "dice(0.5)+scaled_cosine",
    "select(0.5)+mahalanobis",
    "select(0.5)+ash_b+energy",
    "react+kl_matching",
    "react+temperature",
    "(1-cop)*energy",
    "(1-cop(0.5))*gamma(first;clip=0.5)*react+energy",
    "gamma(mean)*mps",
    "knn(10)",
];

/// The composition of a step and the energy has the bits of the score of the same name, which is the same code.
#[test]
fn the_energy_behind_a_step_is_the_score_of_its_name() {
    let dump = Arrays::linear(8, ROWS).dump();
    let training = Training::new(&dump);
    let mut compared = 0;
    for step in STEPS {
        let Some(entry) = REGISTRY.iter().find(|entry| entry.id == step.id) else { continue };
        let set: &[(&str, &str)] = if entry.id == "optfs" { &[("form", "energy")] } else { &[] };
        let plain = fit(entry, set, &training).unwrap();
        let composed = fit(find(&format!("{}+energy", step.id)).unwrap(), &[], &training).unwrap();
        for role in [Role::Test, far()] {
            let scores = score(composed.scorer.as_ref(), &dump, &role);
            assert_eq!(scores, score(plain.scorer.as_ref(), &dump, &role), "{}", step.id);
        }
        compared += 1;
    }
    assert!(compared >= 9, "{compared}");
    let [one, other] = [("knn(10)", &[] as &[_]), ("knn", &[("k", "10")])]
        .map(|(id, set)| fit(find(id).unwrap(), set, &training).unwrap());
    assert_eq!(score(one.scorer.as_ref(), &dump, &Role::Test), score(other.scorer.as_ref(), &dump, &Role::Test));
}

/// A step is fitted on rows that the steps before it have changed: the same as a run whose features were changed beforehand.
#[test]
fn what_stands_behind_a_step_sees_changed_rows_only() {
    let arrays = Arrays::linear(8, ROWS);
    let halved = arrays.clone().each(|rows| rows.features.mapv_inplace(|f| f.min(1.5)));
    let (plain, halved) = (arrays.dump(), halved.dump());
    let (training, halved_training) = (Training::new(&plain), Training::new(&halved));
    // The percentile at which the features are clipped at 1.5: above it all values are 1.5.
    let all: Vec<f64> = arrays.train.features.iter().copied().collect();
    let share = all.iter().filter(|f| **f <= 1.5).count() as f64 / all.len() as f64;
    let composed = format!("react({share})+mahalanobis");
    let composed = fit(find(&composed).unwrap(), &[], &training).unwrap();
    let alone = fit(find("mahalanobis").unwrap(), &[], &halved_training).unwrap();
    let (found, expected) =
        (score(composed.scorer.as_ref(), &plain, &Role::Test), score(alone.scorer.as_ref(), &halved, &Role::Test));
    // The limit lies between two features around 1.5, so values differ by little.
    let near = found.iter().zip(&expected).filter(|(f, e)| (*f - *e).abs() <= 0.05 * e.abs()).count();
    assert!(near >= found.len() * 9 / 10, "{near} of {}", found.len());
}

/// By the definition, in O(n²): ∫|F − G| between all neighbouring values, F and G counted.
fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(f64::total_cmp);
    let share = |values: &[f64], at: f64| values.iter().filter(|v| **v <= at).count() as f64 / values.len() as f64;
    all.windows(2).map(|pair| (pair[1] - pair[0]) * (share(a, pair[0]) - share(b, pair[0])).abs()).sum()
}

#[test]
fn the_columns_selected_are_those_that_differ_most() {
    let mut arrays = Arrays::linear(8, ROWS);
    let [_, val_ood] = arrays.validation.clone().unwrap();
    let column = |rows: &Array2<f64>, j: usize| rows.column(j).to_vec();
    let range = |values: &[f64]| {
        values.iter().fold(f64::MIN, |m, v| m.max(*v)) - values.iter().fold(f64::MAX, |m, v| m.min(*v))
    };
    let columns = arrays.train.features.ncols();
    let distance = |j: usize| {
        let train = column(&arrays.train.features, j);
        wasserstein(&train, &column(&val_ood.features, j)) / range(&train)
    };
    let mut order: Vec<usize> = (0..columns).collect();
    order.sort_by(|a, b| distance(*b).total_cmp(&distance(*a)));
    let mut kept = order[..columns / 4].to_vec();
    kept.sort_unstable();
    let dump = arrays.dump();
    let selected = fit(find("select(0.25)+knn").unwrap(), &[], &Training::new(&dump)).unwrap();
    assert!(selected.notes[0].starts_with("select: 10 of 40 columns, by val_ood/far"), "{:?}", selected.notes);
    let found = score(selected.scorer.as_ref(), &dump, &Role::Test);
    // The same rows with the other columns left out of both sides: constant columns add nothing to a distance of directions.
    for rows in [&mut arrays.train, &mut arrays.test, &mut arrays.ood] {
        for j in (0..columns).filter(|j| !kept.contains(j)) {
            rows.features.column_mut(j).fill(0.0);
        }
    }
    let dump = arrays.dump();
    let alone = fit(find("knn").unwrap(), &[], &Training::new(&dump)).unwrap();
    let expected = score(alone.scorer.as_ref(), &dump, &Role::Test);
    assert!(found.iter().zip(&expected).all(|(f, e)| (f - e).abs() < 1e-12));
}

#[test]
fn compositions_are_kept_in_files_and_do_not_depend_on_blocks() {
    let arrays = Arrays::linear(8, ROWS);
    let (folder, dump) = (arrays.write(), arrays.dump());
    let files = oodbench::dump::layout::discover(folder.path()).unwrap();
    let file = folder.path().join("fits");
    let names: Vec<String> = COMPOSITIONS.iter().map(|name| (*name).to_owned()).collect();
    let selection = Selection::parse(&names, &[]).unwrap();
    let plan = Plan::of_fit(&files[0], &selection).unwrap();
    let made = fits::fit(&plan).unwrap();
    assert_eq!(made.scores.iter().map(|fitted| fitted.entry.id).collect::<Vec<_>>(), COMPOSITIONS);
    let mut bytes = Vec::new();
    fits::write(&mut bytes, &made, describe(&plan, &made)).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let opened = FitsFile::open(&file).unwrap();
    for (chosen, fitted) in opened.scores().unwrap().iter().zip(&made.scores) {
        let again = opened.restore(chosen).unwrap();
        let split = dump.split(&Role::Test).unwrap();
        let whole = score(fitted.scorer.as_ref(), &dump, &Role::Test);
        assert!(whole.iter().all(|score| score.is_finite()), "{}", chosen.entry.id);
        assert_eq!(score(again.scorer.as_ref(), &dump, &Role::Test), whole, "{}", chosen.entry.id);
        let pieces = [0..1, 1..2, 2..40, 40..split.rows];
        let cut = score_in(fitted.scorer.as_ref(), &dump, split, &pieces);
        let largest = whole.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
        assert!(cut.iter().zip(&whole).all(|(c, w)| (c - w).abs() <= 1e-12 * largest), "{}", chosen.entry.id);
    }
}

/// `gamma` is the mean of what is left of an array between 0 and C.
#[test]
fn gamma_multiplies_by_the_clipped_mean() {
    let arrays = Arrays::linear(8, ROWS);
    let dump = arrays.dump();
    let training = Training::new(&dump);
    let of = |name: &str| score(fit(find(name).unwrap(), &[], &training).unwrap().scorer.as_ref(), &dump, &Role::Test);
    let layer =
        dump.split(&Role::Test).unwrap().matrix(&ArrayKind::Layer("second".to_owned())).unwrap().block(0..300).to_f64();
    let expected = layer.mapv(|f| f.clamp(0.0, 0.25)).mean_axis(Axis(1)).unwrap();
    for ((product, energy), factor) in of("gamma(second;clip=0.25)*energy").iter().zip(of("energy")).zip(expected) {
        assert!((product - factor * energy).abs() <= 1e-13 * product.abs());
    }
}

/// A factor changes nothing about which of the moved images the fit has chosen, nor that no other is read.
#[test]
fn a_composition_reads_what_the_fit_of_its_score_has_chosen() {
    let dump = Arrays::linear(8, ROWS).dump();
    let training = Training::new(&dump);
    let composed = fit(find("gamma(second)*odin").unwrap(), &[], &training).unwrap();
    let alone = fit(find("odin").unwrap(), &[], &training).unwrap();
    let [chosen] = <[Need; 1]>::try_from(alone.scorer.needs().unwrap()).unwrap();
    assert!(matches!(&chosen, Need::Variant(name) if name.starts_with("odin_1000_")), "{chosen}");
    assert_eq!(composed.scorer.needs(), Some(vec![chosen, Need::Layer("second".to_owned())]));
    let energy = fit(find("gamma(second)*energy").unwrap(), &[], &training).unwrap();
    assert_eq!(energy.scorer.needs(), None);
}

#[test]
fn what_a_composition_lacks_is_named() {
    let mut arrays = Arrays::linear(8, ROWS);
    arrays.validation = None;
    let dump = arrays.dump();
    let lacking = |name: &str| find(name).unwrap().with_defaults().needs().iter().find_map(|need| need.lacking(&dump));
    assert_eq!(lacking("react+energy"), None);
    assert!(lacking("select(0.5)+mahalanobis").is_some_and(|lacking| lacking.contains("val_ood")));
    assert!(lacking("gamma(std)*energy").is_some_and(|lacking| lacking.contains("features@std")));
}
