//! What holds of every score of the registry, those to come included.

use std::ops::Range;
use std::path::Path;

use super::synthetic::{Arrays, Random, Rows, far, fit, score, score_in};
use ndarray::{Axis, s};
use oodbench::dump::Dump;
use oodbench::dump::layout::discover;
use oodbench::eval::fits::{self, FitsFile, describe};
use oodbench::eval::{Measures, Plan, ScoreSink, ScoresFile, Selection, evaluate};
use oodbench::fit::Training;
use oodbench::metric::{PairCounts, Sample};
use oodbench::progress::Silent;
use oodbench::rows::Role;
use oodbench::score::registry::find;
use oodbench::score::{Need, REGISTRY, ScoreEntry};

const ROWS: [usize; 3] = [400, 300, 200];

const FIXTURES: [&str; 2] = ["densenet-cifar10-softmax", "smallcnn-cifar10-isomax-plus-seed1"];

/// The dumps that most laws are held against.
fn dumps() -> Vec<Arrays> {
    let mut all = vec![Arrays::linear(8, ROWS), Arrays::isomax_plus(8, ROWS)];
    all.extend(FIXTURES.map(Arrays::of_fixture));
    all
}

/// The largest deviation of two lists relative to the largest value.
fn deviation(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    if found == expected {
        return 0.0;
    }
    // NaN counts as the largest.
    let largest = |values: &mut dyn Iterator<Item = f64>| values.map(f64::abs).max_by(f64::total_cmp).unwrap_or(0.0);
    largest(&mut found.iter().zip(expected).map(|(f, e)| f - e)) / largest(&mut expected.iter().copied())
}

/// NaN is not within any tolerance.
fn is_within(deviation: f64, tolerance: f64) -> bool {
    deviation <= tolerance
}

fn reads_features(entry: &ScoreEntry) -> bool {
    [Need::Features, Need::Layers].iter().any(|need| entry.with_defaults().needs().contains(need))
}

/// Fails with all that is wrong, not with the first.
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn auroc(entry: &ScoreEntry, dump: &Dump) -> Option<f64> {
    let fit = fit(entry, &[], &Training::new(dump))?;
    let sample = |role: &Role| Sample::new(score(fit.scorer.as_ref(), dump, role)).unwrap();
    Some(PairCounts::of(&sample(&Role::Test), &sample(&far())).auroc())
}

/// Scores whose orientation negative distances as logits take away, each with the reason; each says so on such dumps.
const NOT_ON_DISTANCES: &[(&str, &str)] = &[
    ("openmax", "shrinking a negative logit raises it"),
    ("nnguide", "a negative log-sum-exp times a similarity is lowest for the most similar"),
    ("lts", "scaling negative logits up lowers their log-sum-exp"),
];

/// The parts of the entropy add up, row by row: what is uncertain of the class is uncertain in each member, or between them.
#[test]
fn the_entropy_of_an_ensemble_is_that_of_its_members_and_what_they_differ_by() {
    let dump = Arrays::linear(8, ROWS).dump();
    let of = |id: &str, role: &Role| {
        let fit = fit(find(id).unwrap(), &[], &Training::new(&dump)).unwrap();
        score(fit.scorer.as_ref(), &dump, role)
    };
    for role in [Role::Test, far()] {
        let (all, each, between) =
            (of("predictive_entropy", &role), of("expected_entropy", &role), of("mutual_information", &role));
        for ((all, each), between) in all.iter().zip(&each).zip(&between) {
            assert!((all - each - between).abs() < 1e-14, "{all} {each} {between}");
            assert!(*between <= 0.0 && *all <= 0.0 && *each <= 0.0);
        }
    }
}

/// Scores of the length of features alone, which is the same here and there: far points use as many features as clusters do.
const OF_LENGTH: &[&str] = &["nan", "feature_norm"];

#[test]
fn clusters_score_higher_than_far_points() {
    let mut wrong = Vec::new();
    let (linear, distances) = (Arrays::linear(8, ROWS).dump(), Arrays::isomax_plus(8, ROWS).dump());
    for entry in REGISTRY.iter().filter(|entry| !OF_LENGTH.contains(&entry.id)) {
        match auroc(entry, &linear) {
            Some(auroc) if auroc > 0.5 => (),
            auroc => wrong.push(format!("{}, linear head: {auroc:?}", entry.id)),
        }
        let excepted = NOT_ON_DISTANCES.iter().any(|(id, _)| *id == entry.id);
        match auroc(entry, &distances) {
            Some(auroc) if auroc <= 0.5 && !excepted => wrong.push(format!("{}, distances: {auroc}", entry.id)),
            _ if excepted && (entry.caution)(&distances).is_none() => {
                wrong.push(format!("{}: says nothing on distances", entry.id));
            }
            _ => (),
        }
    }
    assert_none(&wrong);
}

#[test]
fn long_features_score_higher_than_short_ones() {
    let mut arrays = Arrays::linear(8, ROWS);
    arrays.ood.features *= 0.5;
    let dump = arrays.dump();
    for id in OF_LENGTH {
        assert!(auroc(find(id).unwrap(), &dump).is_some_and(|auroc| auroc > 0.99), "{id}");
    }
}

#[test]
fn permuted_rows_have_permuted_scores() {
    let mut wrong = Vec::new();
    for arrays in dumps() {
        let order = Random::new(3).permutation(arrays.test.labels.len());
        let mut permuted = arrays.clone();
        permuted.test = Rows {
            features: arrays.test.features.select(Axis(0), &order),
            logits: arrays.test.logits.select(Axis(0), &order),
            labels: order.iter().map(|&row| arrays.test.labels[row]).collect(),
        };
        let (plain, permuted) = (arrays.dump(), permuted.dump());
        let training = Training::new(&plain);
        for entry in REGISTRY {
            let Some(fit) = fit(entry, &[], &training) else { continue };
            let scores = score(fit.scorer.as_ref(), &plain, &Role::Test);
            let expected: Vec<f64> = order.iter().map(|&row| scores[row]).collect();
            let found = score(fit.scorer.as_ref(), &permuted, &Role::Test);
            let deviation = deviation(&found, &expected);
            if deviation != 0.0 {
                wrong.push(format!("{}: {deviation:e}", entry.id));
            }
        }
    }
    assert_none(&wrong);
}

/// Consecutive ranges of random length, one row among them.
fn pieces(rows: usize, seed: u64) -> Vec<Range<usize>> {
    let mut random = Random::new(seed);
    let (mut pieces, mut start) = (vec![0..1, 1..2], 2);
    while start < rows {
        let end = rows.min(start + 1 + random.below(70));
        pieces.push(start..end);
        start = end;
    }
    pieces
}

/// How far, relative to the largest score, products of matrices move when rows stand in other blocks: faer takes other ways for few rows.
const LAST_DIGITS: f64 = 1e-12;

#[test]
fn blocks_do_not_matter() {
    let mut wrong = Vec::new();
    for arrays in dumps() {
        let dump = arrays.dump();
        let training = Training::new(&dump);
        let split = dump.split(&Role::Test).unwrap();
        for entry in REGISTRY {
            let Some(fit) = fit(entry, &[], &training) else { continue };
            let whole = score(fit.scorer.as_ref(), &dump, &Role::Test);
            for seed in 0..3 {
                let cut = score_in(fit.scorer.as_ref(), &dump, split, &pieces(split.rows, seed));
                let deviation = deviation(&cut, &whole);
                let tolerance = if reads_features(entry) { LAST_DIGITS } else { 0.0 };
                if !is_within(deviation, tolerance) {
                    wrong.push(format!("{}: {deviation:e}", entry.id));
                }
            }
        }
    }
    assert_none(&wrong);
}

/// Scores and figures, as they are written to files.
fn evaluated(folder: &Path, scores: &str, threads: usize) -> (Vec<u8>, String) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let selection = Selection::parse(&[scores.to_owned()], &[]).unwrap();
        let plans = Plan::all(&discover(folder).unwrap(), &selection).unwrap();
        let columns = selection.ids();
        let mut file = ScoresFile::new(Vec::new(), &columns).unwrap();
        let sink: &mut dyn ScoreSink = &mut file;
        let results = evaluate(&plans, &columns, Some(sink), &Measures::default(), &Silent).unwrap();
        (file.finish().unwrap(), format!("{:?} {:?}", results.records, results.notes))
    })
}

#[test]
fn threads_do_not_matter() {
    // Wide rows make several blocks of few of them.
    for arrays in [Arrays::linear(102, [1200, 1100, 600]), Arrays::of_fixture(FIXTURES[0])] {
        let (folder, dump) = (arrays.write(), arrays.dump());
        let folder = folder.path();
        let one = evaluated(folder, "all", 1);
        for threads in [2, 5] {
            if evaluated(folder, "all", threads) != one {
                let applicable = REGISTRY.iter().filter(|e| fit(e, &[], &Training::new(&dump)).is_some());
                let differs = |id: &str| evaluated(folder, id, threads) != evaluated(folder, id, 1);
                let ids: Vec<&str> = applicable.map(|entry| entry.id).filter(|id| differs(id)).collect();
                panic!("{threads} threads change {}", ids.join(", "));
            }
        }
    }
}

/// Parameters other than the defaults, where they change what is kept of a fit or how it is used.
const SETTINGS: &[&str] = &[
    "knn.normalised=false",
    "knn.squared=true",
    "mahalanobis.variant=pytorch_ood",
    "mahalanobis.layer=first",
    "relative_mahalanobis.normalised=true",
    "neco.max_logit=false",
    "nnguide.fraction=0.5",
    "temperature.t=2",
    "igeood.t=2",
    "logit_gap.n=2",
    "she.metric=cosine",
    "sirc.s2=l1+residual+knn",
    "wdiscood.normalised=true",
    "dml.form=simplified",
    "optfs.form=energy",
    "gl_mcm.lambda=0.5",
    "neglabel.groups=7",
];

#[test]
fn a_fit_from_a_file_gives_the_same_bits() {
    let mut wrong = Vec::new();
    let mut restored: Vec<&str> = Vec::new();
    let defaults: &[&str] = &[];
    for arrays in dumps() {
        let (folder, dump) = (arrays.write(), arrays.dump());
        let files = discover(folder.path()).unwrap();
        let file = folder.path().join("fits");
        for settings in [defaults, SETTINGS] {
            let settings: Vec<String> = settings.iter().map(|text| (*text).to_owned()).collect();
            let selection = Selection::parse(&["all".to_owned()], &settings).unwrap();
            let plan = Plan::of_fit(&files[0], &selection).unwrap();
            let fits = fits::fit(&plan).unwrap();
            let description = describe(&plan, &fits);
            let mut bytes = Vec::new();
            fits::write(&mut bytes, &fits, description).unwrap();
            std::fs::write(&file, &bytes).unwrap();

            let opened = FitsFile::open(&file).unwrap();
            assert_eq!(opened.scores().unwrap().len(), fits.scores.len());
            for (chosen, fitted) in opened.scores().unwrap().iter().zip(&fits.scores) {
                let again = opened.restore(chosen).unwrap();
                for role in [Role::Test, far()] {
                    let bits = |scorer| score(scorer, &dump, &role).into_iter().map(f64::to_bits);
                    if !bits(again.scorer.as_ref()).eq(bits(fitted.scorer.as_ref())) {
                        wrong.push(format!("{} on {role}", chosen.entry.id));
                    }
                }
                restored.push(chosen.entry.id);
            }
            let mut again = Vec::new();
            fits::write(&mut again, &fits, opened.description().clone()).unwrap();
            assert!(again == bytes, "the same fits have two files");
        }
    }
    wrong.extend(REGISTRY.iter().filter(|e| !restored.contains(&e.id)).map(|e| format!("{} on no dump", e.id)));
    assert_none(&wrong);
}

/// Replaces the first rows of logits by extreme ones.
fn extreme_logits(rows: &mut Rows) {
    let extremes: [fn(usize) -> f64; 8] = [
        |k| if k % 2 == 0 { 1e30 } else { -1e30 },
        |k| if k == 1 { 1e30 } else { 0.0 },
        |k| if k == 1 { -1e30 } else { 0.0 },
        |_| 1e30,
        |_| -1e30,
        |_| 0.0,
        |k| if k == 0 { 1e-30 } else { -1e-30 },
        |k| 1000.0 * k as f64,
    ];
    for (mut row, extreme) in rows.logits.rows_mut().into_iter().zip(extremes) {
        row.iter_mut().enumerate().for_each(|(k, value)| *value = extreme(k));
    }
}

/// Replaces the first rows of features by zeros, equal values, and ones of very different size.
fn extreme_features(rows: &mut Rows) {
    let extremes: [fn(usize) -> f64; 5] =
        [|_| 0.0, |_| 1.0, |_| 1e-30, |k| if k == 0 { 1e6 } else { 0.0 }, |k| if k == 3 { -1.0 } else { 0.0 }];
    for (mut row, extreme) in rows.features.rows_mut().into_iter().zip(extremes) {
        row.iter_mut().enumerate().for_each(|(k, value)| *value = extreme(k));
    }
}

#[test]
fn finite_rows_have_finite_scores() {
    let plain = Arrays::linear(8, ROWS);
    let both = |rows: &mut Rows| {
        extreme_features(rows);
        extreme_logits(rows);
    };
    let scored_only = |mut arrays: Arrays| {
        [&mut arrays.test, &mut arrays.ood].into_iter().for_each(both);
        arrays
    };
    let cases = [
        ("extreme rows", scored_only(plain.clone())),
        ("extreme rows, training rows too", plain.clone().each(both)),
        ("extreme rows, distances", scored_only(Arrays::isomax_plus(8, ROWS))),
        ("one class", scored_only(plain.clone().of_one_class())),
        ("all logits equal", plain.clone().each(|rows| rows.logits.fill(3.0))),
        ("all logits huge", plain.clone().each(|rows| rows.logits *= 1e29)),
        ("all features zero", plain.clone().each(|rows| rows.features.fill(0.0))),
        ("all rows equal", plain.clone().each(|rows| rows.features.slice_mut(s![.., ..]).fill(0.7))),
        ("a feature without variance", plain.each(|rows| rows.features.slice_mut(s![.., ..3]).fill(0.0))),
    ];
    let mut wrong = Vec::new();
    for (case, arrays) in cases {
        let dump = arrays.dump();
        let training = Training::new(&dump);
        for entry in REGISTRY {
            let Some(fit) = fit(entry, &[], &training) else { continue };
            for role in [Role::Test, far()] {
                let scores = score(fit.scorer.as_ref(), &dump, &role);
                if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
                    wrong.push(format!("{}, {case}: {} at row {row} of {role}", entry.id, scores[row]));
                }
            }
        }
    }
    assert_none(&wrong);
}

/// A score, with parameters where the law needs others than the defaults.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const UNCHANGED_BY_2F: &[Case] = &[
    ("mahalanobis", &[]),
    ("mahalanobis", &[("layer", "second")]),
    ("mahalanobis_layers", &[]),
    ("mahalanobis_pp", &[]),
    ("relative_mahalanobis", &[]),
    ("relative_mahalanobis_pp", &[]),
    ("wdiscood", &[]),
    ("cop", &[]),
    ("corp", &[]),
    ("r_cosine", &[]),
    ("mcm", &[]),
    ("gl_mcm", &[]),
    ("neglabel", &[]),
    ("dml", &[("lambda", "0")]),
    ("knn", &[]),
    ("nnguide", &[]),
    ("relation", &[]),
    ("neco", &[]),
    ("ssd", &[]),
    ("cosine", &[]),
    ("pnml", &[]),
    ("lts", &[]),
    ("cfood", &[]),
    ("scaled_cosine", &[]),
    ("she", &[("metric", "cosine")]),
    ("nci", &[("alpha", "0")]),
];

const UNCHANGED_BY_2F_OF_SCORED_ROWS: &[Case] = &[
    ("mahalanobis_pp", &[]),
    ("relative_mahalanobis", &[("normalised", "true")]),
    ("relative_mahalanobis_pp", &[]),
    ("wdiscood", &[("normalised", "true")]),
    ("cop", &[]),
    ("corp", &[]),
    ("r_cosine", &[]),
    ("mcm", &[]),
    ("gl_mcm", &[]),
    ("neglabel", &[]),
    ("dml", &[("lambda", "0")]),
    ("ras", &[]),
    ("knn", &[]),
    ("nnguide", &[]),
    ("relation", &[]),
    ("ssd", &[]),
    ("cosine", &[]),
    ("pnml", &[]),
    ("lts", &[]),
    ("cfood", &[]),
    ("scaled_cosine", &[]),
    ("she", &[("metric", "cosine")]),
];

const UNCHANGED_BY_A_CONSTANT: &[Case] = &[
    ("gen", &[]),
    ("temperature", &[]),
    ("temperature", &[("t", "2")]),
    ("odin_t", &[]),
    ("kl_matching", &[]),
    ("doctor", &[]),
    ("doctor", &[("t", "2")]),
    ("logit_gap", &[]),
    ("logit_gap", &[("n", "2")]),
    ("es", &[]),
    ("mps", &[]),
    ("grad_norm", &[]),
    ("fdbd", &[]),
    ("relation", &[]),
    ("predictive_entropy", &[]),
    ("ensemble_mps", &[]),
    ("expected_entropy", &[]),
    ("mutual_information", &[]),
    ("variation_ratio", &[]),
];

/// Scores of mean logits, whose own rounding moves with the constant.
const UNCHANGED_BY_A_CONSTANT_BUT_FOR_ROUNDING: &[Case] = &[("igeood", &[]), ("igeood", &[("t", "2")])];

/// How far scores of the changed run are from those of the plain one.
fn changes(cases: &[Case], plain: &Arrays, changed: &Arrays, tolerance: f64) -> Vec<String> {
    let (plain, changed) = (plain.dump(), changed.dump());
    let (training, changed_training) = (Training::new(&plain), Training::new(&changed));
    let mut wrong = Vec::new();
    for (id, settings) in cases {
        let entry = find(id).unwrap();
        let (fitted, changed_fitted) = (fit(entry, settings, &training), fit(entry, settings, &changed_training));
        match (fitted, changed_fitted) {
            (Some(fit), Some(changed_fit)) => {
                for role in [Role::Test, far()] {
                    let expected = score(fit.scorer.as_ref(), &plain, &role);
                    let deviation = deviation(&score(changed_fit.scorer.as_ref(), &changed, &role), &expected);
                    if !is_within(deviation, tolerance) {
                        wrong.push(format!("{id} {settings:?}: {deviation:e} on {role}"));
                    }
                }
            }
            (None, None) => (),
            _ => wrong.push(format!("{id} {settings:?}: applicable to one of the two only")),
        }
    }
    wrong
}

#[test]
fn doubled_features_change_nothing_where_the_definition_says_so() {
    let mut wrong = Vec::new();
    for plain in dumps() {
        let doubled = plain.clone().each(|rows| rows.features *= 2.0);
        wrong.extend(changes(UNCHANGED_BY_2F, &plain, &doubled, 0.0));
        let mut scored_only = plain.clone();
        scored_only.test.features *= 2.0;
        scored_only.ood.features *= 2.0;
        wrong.extend(changes(UNCHANGED_BY_2F_OF_SCORED_ROWS, &plain, &scored_only, 0.0));
    }
    assert_none(&wrong);
}

#[test]
fn a_constant_added_to_logits_changes_nothing_where_the_definition_says_so() {
    let mut wrong = Vec::new();
    for plain in dumps() {
        let moved = plain.clone().each(|rows| rows.logits += 16.0);
        wrong.extend(changes(UNCHANGED_BY_A_CONSTANT, &plain, &moved, 0.0));
        wrong.extend(changes(UNCHANGED_BY_A_CONSTANT_BUT_FOR_ROUNDING, &plain, &moved, 1e-14));
    }
    assert_none(&wrong);
}
