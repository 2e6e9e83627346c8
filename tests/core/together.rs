//! Scores that share a product give the same bits as each of them alone, whichever of them stand together.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use super::synthetic::{Arrays, far};
use oodbench::dump::Dump;
use oodbench::eval::score_split::Scoring;
use oodbench::fit::Training;
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Role};
use oodbench::score::registry::find;
use oodbench::score::{Chosen, FittedScore, Together};

type Settings = &'static [(&'static str, &'static str)];

/// Scores with settings, and whether they share a product with others that are.
const SCORES: &[(&str, Settings, bool)] = &[
    ("energy", &[], false),
    ("knn", &[], true),
    ("nnguide", &[("k", "3"), ("fraction", "0.3")], true),
    ("knn", &[("normalised", "false")], false),
    ("relation", &[], true),
    ("nnguide", &[], true),
    ("sirc", &[], false),
    ("sirc", &[("s2", "l1+knn"), ("rows", "100")], true),
    ("relation", &[("power", "2"), ("threshold", "0.1")], true),
    ("cosine", &[], false),
    ("knn(7)", &[], true),
    ("gamma(mean)*knn", &[], false),
    ("sirc", &[("s2", "knn"), ("rows", ""), ("k", "3")], true),
    ("knn", &[("k", "1"), ("squared", "true")], true),
];

fn chosen(id: &str, settings: &[(&str, &str)]) -> Chosen {
    let entry = find(id).unwrap();
    let mut values = entry.settings();
    settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
    Chosen::new(entry, values).unwrap()
}

/// Bits of the scores of a split, by scores.
fn bits(dump: &Dump, scores: &[&FittedScore], role: &Role) -> Vec<Vec<u64>> {
    let arrays = BTreeSet::from([ArrayKind::Features, ArrayKind::Logits]);
    let scoring = Scoring { arrays: &arrays, head: dump.head.as_ref(), scores, predictions: false };
    let mut all = vec![Vec::new(); scores.len()];
    let Ok(()) = scoring.run(dump.split(role).unwrap(), &Silent, |batch| {
        all.iter_mut().zip(batch.scores).for_each(|(all, more)| all.extend(more.into_iter().map(f64::to_bits)));
        Ok::<(), Infallible>(())
    });
    all
}

/// The same fit, as it comes from a file.
fn restored(chosen: &Chosen, fitted: &FittedScore) -> FittedScore {
    let scorer = chosen.score.restore(&mut fitted.scorer.save()).unwrap();
    FittedScore {
        entry: fitted.entry,
        settings: fitted.settings.clone(),
        needs: fitted.needs.clone(),
        scorer,
        notes: Vec::new(),
        alternatives: Vec::new(),
        took: Duration::ZERO,
    }
}

/// Runs of several blocks, the last one small, and rows that are zero; of several tiles of training rows, of whole ones and of fewer rows than one.
fn runs() -> Vec<Arrays> {
    let zero = |rows: &mut super::synthetic::Rows| rows.features.row_mut(5).fill(0.0);
    vec![
        Arrays::linear(102, [1310, 1030, 260]).each(zero),
        Arrays::isomax_plus(8, [1024, 300, 700]),
        Arrays::linear(3, [120, 600, 300]),
    ]
}

#[test]
fn scores_together_are_the_scores_alone() {
    for arrays in runs() {
        let dump = arrays.dump();
        let training = Training::new(&dump);
        let all: Vec<Chosen> = SCORES.iter().map(|(id, settings, _)| chosen(id, settings)).collect();
        let fits: Vec<FittedScore> = all.iter().map(|score| score.fit(&training).unwrap()).collect();
        // A search in another's product makes no difference where the other one comes from.
        let fits: Vec<FittedScore> = fits
            .into_iter()
            .zip(&all)
            .enumerate()
            .map(|(place, (fit, score))| if place % 2 == 0 { restored(score, &fit) } else { fit })
            .collect();
        let some = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> { (0..fits.len()).filter(|i| wanted(*i)).collect() };
        let without = |id: &str| some(&|i| SCORES[i].0 != id);
        let sets = [
            some(&|_| true),
            without("relation"),
            without("knn"),
            some(&|i| ["nnguide", "sirc"].contains(&SCORES[i].0)),
            some(&|i| SCORES[i].0 == "relation"),
            some(&|i| SCORES[i].0 == "nnguide"),
        ];
        for role in [Role::Test, far()] {
            let alone: Vec<Vec<u64>> = fits.iter().map(|fit| bits(&dump, &[fit], &role).remove(0)).collect();
            for set in &sets {
                let scores: Vec<&FittedScore> = set.iter().map(|i| &fits[*i]).collect();
                let found = bits(&dump, &scores, &role);
                for (i, found) in set.iter().zip(&found) {
                    assert!(*found == alone[*i], "{role}: {:?} in {set:?}", SCORES[*i]);
                }
            }
        }
        let scores: Vec<&FittedScore> = fits.iter().collect();
        let together = Together::of(&scores, 1000);
        for (place, (id, settings, shares)) in SCORES.iter().enumerate() {
            assert_eq!(together.has(place), *shares, "{id} {settings:?}");
        }
        // One score has nobody to share with, and for a few rows it does not pay to look.
        assert!(!Together::of(&scores[1..2], 1000).has(0));
        assert!(!Together::of(&scores, 1).has(1));
    }
}

/// Rows of another run, or other rows of the same, are not taken for each other's.
#[test]
fn fits_on_other_rows_share_nothing() {
    let fit = |arrays: Arrays, id: &str| {
        let dump = arrays.dump();
        chosen(id, &[]).fit(&Training::new(&dump)).unwrap()
    };
    let run = || Arrays::linear(8, [400, 300, 300]);
    let moved = run().each(|rows| rows.features[[5, 0]] += 1e-3);
    let fits = [fit(run(), "knn"), fit(moved, "relation"), fit(Arrays::linear(8, [500, 10, 10]), "nnguide")];
    let together = Together::of(&fits.iter().collect::<Vec<_>>(), 1000);
    assert!((0..fits.len()).all(|place| !together.has(place)));
}
