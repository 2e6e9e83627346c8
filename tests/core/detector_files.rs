//! Detectors in files and in memory: the same bits as the score, whichever way rows come; files that are not whole are refused.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use oodbench::detector::{
    Calibrated, Detector, DetectorError, Guarantee, NewRows, OnNan, Request, Row, RowError, Values, apply, calibrate,
};
use oodbench::dump::layout::discover;
use oodbench::eval::{Plan, Selection, score_run};
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Role, matrix::Rows};
use oodbench::score::registry::find;
use oodbench::table::Results;

use super::common::fixture;

const RUN: &str = "dumps/densenet-cifar10-softmax";

fn request(guarantee: Guarantee) -> Request {
    Request { guarantee, per_class: false, held_back: 0.5, seed: 3 }
}

fn calibrated(run: &str, score: &str, request: &Request) -> Result<Calibrated, DetectorError> {
    let files = discover(&fixture(run)).unwrap();
    let selection = Selection::parse(&[score.to_owned()], &[]).unwrap();
    calibrate(&Plan::of_detector(&files[0], &selection, &Silent)?, request, &Silent)
}

fn written(detector: &Detector) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.detector");
    let mut bytes = Vec::new();
    detector.write(&mut bytes).unwrap();
    std::fs::write(&file, bytes).unwrap();
    (folder, file)
}

/// `calibrate`, a file, `apply` and `decide` give the scores of `score`, bit for bit, for scores of logits, features, both, and a head.
#[test]
fn decisions_are_of_the_same_scores_whichever_way_rows_come() {
    let single =
        ["mps", "energy", "gen", "mahalanobis", "knn", "vim", "react", "nnguide", "kl_matching", "sirc", "nac"];
    let composed = ["react(0.95)+ash_s(0.8)", "normalise+mahalanobis", "(1-cop)*energy", "dice+knn(10)"];
    for id in single.into_iter().chain(composed) {
        let files = discover(&fixture(RUN)).unwrap();
        let selection = Selection::parse(&[id.to_owned()], &[]).unwrap();
        let plans = Plan::all(&files, &selection).unwrap();
        let expected = score_run(&plans[0], &mut Results::default(), &Silent).unwrap();
        let made = calibrated(RUN, id, &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
        let (_folder, file) = written(&made);
        let detector = Arc::new(Detector::load(&file).unwrap());
        assert_eq!(detector.description, made.description);
        assert_eq!((detector.thresholds(), detector.calibration()), (made.thresholds(), made.calibration()), "{id}");
        for split in &expected {
            let place = fixture(RUN).join(split.role.to_string());
            let (mut scores, mut flagged) = (Vec::new(), Vec::new());
            let mut rows = NewRows::open(&detector, &place).unwrap();
            let applied = apply(&detector, &mut rows, OnNan::Refuse, &Silent, |decided| {
                scores.extend(&decided.scores);
                flagged.extend(&decided.flagged);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
            let bits = |scores: &[f64]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
            assert!(bits(&scores) == bits(&split.scores[0].1), "{id} on {}", split.role);
            assert_eq!(applied.flagged, flagged.iter().filter(|flagged| **flagged).count());
            let below = scores.iter().map(|score| *score < detector.thresholds()[0]);
            assert!(below.eq(flagged.iter().copied()));
        }
        // One row at a time, from two threads.
        let test = plans[0].dump.split(&Role::Test).unwrap();
        let row_of = |kind: &ArrayKind, row: usize| match test.matrix(kind).unwrap().block(row..row + 1) {
            Rows::F32(rows) => rows.view().iter().copied().collect::<Vec<f32>>(),
            Rows::F64(_) => unreachable!("the fixture is single"),
        };
        std::thread::scope(|scope| {
            for start in [0, 1] {
                let (detector, expected) = (Arc::clone(&detector), &expected[0].scores[0].1);
                scope.spawn(move || {
                    for row in (start..40).step_by(2) {
                        let (logits, features) = (row_of(&ArrayKind::Logits, row), row_of(&ArrayKind::Features, row));
                        let both = Row::new().with_logits(&logits).with_features(&features);
                        let decision = detector.decide(&both).unwrap();
                        assert_eq!(decision.score.to_bits(), expected[row].to_bits(), "{id}, row {row}");
                        assert_eq!(decision.flagged, decision.score < detector.thresholds()[0]);
                        assert!(decision.predicted.is_some_and(|class| class < 10));
                    }
                });
            }
        });
    }
}

/// The rows of the threshold are those that were held back, and the rates are of the others.
#[test]
fn no_row_is_both_calibration_and_figure() {
    let made = calibrated(RUN, "mps", &request(Guarantee::Empirical { alpha: 0.1 })).unwrap();
    let said = &made.detector.description.calibration;
    assert_eq!((said.split.as_str(), said.rows, said.of, said.seed), ("id/test", 160, 320, Some(3)));
    assert_eq!((made.rates[0].set.as_str(), made.rates[0].rows), ("id/test", 160));
    assert!(made.notes[0].contains("no id/val: 160 of the 320 rows of id/test were held back"), "{:?}", made.notes);
    // All rows of id/test: at most a tenth of those held back is flagged, and together it is what the threshold flags of all.
    let mut rows = NewRows::open(&made.detector, &fixture(RUN).join("id/test")).unwrap();
    let all = apply(&made.detector, &mut rows, OnNan::Refuse, &Silent, |_| Ok(ControlFlow::Continue(()))).unwrap();
    assert!(all.flagged - made.rates[0].flagged <= 16);
    // What reads the validation rows to fit is not calibrated on them either, and every OOD set has its rate.
    assert_eq!(made.rates.len(), 4);
}

#[test]
fn every_class_has_a_threshold_or_is_told_how_many_rows_it_takes() {
    let per_class = |alpha| Request { per_class: true, ..request(Guarantee::Marginal { alpha }) };
    let made = calibrated(RUN, "mps", &per_class(0.2)).unwrap().detector;
    assert_eq!((made.thresholds().len(), made.calibration().ends().len()), (10, 10));
    let (_folder, file) = written(&made);
    assert_eq!(Detector::load(&file).unwrap().thresholds(), made.thresholds());
    let error = calibrated(RUN, "mps", &per_class(0.01)).err().unwrap().to_string();
    assert!(error.contains("n too small: ") && error.contains(" rows, 99 needed of every class, these are"), "{error}");
}

#[test]
fn rows_of_another_model_are_refused() {
    let detector = calibrated(RUN, "mps", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
    let ten = [0.5_f32; 10];
    let decide = |row: &Row<'_>| detector.decide(row).map(|_| ());
    assert_eq!(decide(&Row::new().with_logits(&ten[..])), Ok(()));
    assert_eq!(decide(&Row::new().with_logits(Values::from(&vec![0.5_f64; 10]))), Ok(()));
    assert!(matches!(decide(&Row::new()), Err(RowError::Missing { .. })));
    assert!(matches!(decide(&Row::new().with_logits(&ten[1..])), Err(RowError::Width { found: 9, expected: 10, .. })));
    let mut nan = ten;
    nan[3] = f32::NAN;
    assert!(matches!(decide(&Row::new().with_logits(&nan[..])), Err(RowError::NotFinite { .. })));
}

/// Arrays that the detector does not read are nothing to it, whatever is in them.
#[test]
fn surplus_arrays_change_no_decision() {
    let detector = calibrated(RUN, "mps", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
    let logits: Vec<f32> = (0..10).map(|class| class as f32 / 3.0).collect();
    let own = Row::new().with_logits(&logits);
    let with_more = own.with_features(&[f32::NAN; 3][..]);
    assert_eq!(detector.decide(&own), detector.decide(&with_more));
    let mut of_features = calibrated(RUN, "knn", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
    of_features.description.inputs.remove("logits");
    let (_folder, file) = written(&of_features);
    let detector = Detector::load(&file).unwrap();
    let features = vec![0.25_f32; detector.inputs()[0].columns];
    let own = Row::new().with_features(&features);
    for logits in [&[][..], &[f32::NAN; 10]] {
        assert_eq!(detector.decide(&own.with_logits(logits)), detector.decide(&own));
    }
    assert_eq!(detector.decide(&own).unwrap().predicted, None);
}

/// Sealed anew, a file that describes rows of other widths than the fit's, or of more than there can be, is refused.
#[test]
fn forged_widths_are_refused() {
    for columns in [7, 1_000_000_000_000] {
        let mut forged =
            calibrated(RUN, "mahalanobis", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
        forged.description.inputs.get_mut("features").unwrap().columns = columns;
        let (_folder, file) = written(&forged);
        let error = Detector::load(&file).err().unwrap().to_string();
        assert!(error.contains("my.detector: found inputs"), "{error}");
    }
    let mut forged = calibrated(RUN, "mps", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
    forged.description.makes_logits = true;
    let (_folder, file) = written(&forged);
    assert!(Detector::load(&file).err().unwrap().to_string().contains("without a head"));
}

#[test]
fn a_promise_of_certainty_is_refused() {
    for guarantee in [
        Guarantee::TrainingConditional { alpha: 0.05, delta: 0.0 },
        Guarantee::Marginal { alpha: 0.0 },
        Guarantee::SelectiveRisk { alpha: 0.05, delta: 1.0 },
    ] {
        let error = calibrated(RUN, "mps", &request(guarantee)).err().unwrap().to_string();
        assert!(error.contains("expected percentages between"), "{error}");
    }
}

/// Every byte of a file may be wrong; none makes it another detector, and a cut file is none.
#[test]
fn damaged_files_are_refused_in_one_line() {
    let made = calibrated(RUN, "mahalanobis", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
    let (folder, file) = written(&made);
    let whole = std::fs::read(&file).unwrap();
    let other = folder.path().join("other.detector");
    let refused = |bytes: &[u8]| {
        std::fs::write(&other, bytes).unwrap();
        let error = Detector::load(&other).err().unwrap().to_string();
        assert!(
            error.lines().count() == 1 && error.contains("other.detector") && error.contains("expected"),
            "{error}"
        );
    };
    for length in [0, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..length]);
    }
    let steps = (0..whole.len()).step_by(whole.len() / 200);
    for at in steps.chain(0..64) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x11;
        refused(&bytes);
    }
    // Another format says what to do, whatever else is in the file.
    let text = String::from_utf8_lossy(&whole[8..8 + 4000]).into_owned();
    assert!(text.contains("\\\"format\\\":1,"), "{text}");
    let at = whole.windows(12).position(|bytes| bytes == b"\\\"format\\\":1").unwrap();
    let mut older = whole.clone();
    older[at + 11] = b'0';
    std::fs::write(&other, older).unwrap();
    let error = Detector::load(&other).err().unwrap().to_string();
    assert!(error.contains("found format 0 (oodbench 0.1.0), expected 1; calibrate again"), "{error}");
    // A fit is no detector.
    assert!(find("mps").is_ok());
    refused(b"\x08\0\0\0\0\0\0\0{}      ");
}

/// Sealed anew, a threshold that its calibration scores do not give is refused all the same.
#[test]
fn forged_thresholds_are_refused() {
    let made = calibrated(RUN, "mps", &request(Guarantee::Marginal { alpha: 0.05 })).unwrap().detector;
    let mut forged = Vec::new();
    let loose = calibrated(RUN, "mps", &request(Guarantee::Marginal { alpha: 0.4 })).unwrap().detector;
    // The description of one, the threshold of another.
    let mut other = loose;
    other.description = made.description.clone();
    other.write(&mut forged).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("forged.detector");
    std::fs::write(&file, forged).unwrap();
    let error = Detector::load(&file).err().unwrap().to_string();
    assert!(error.contains("a threshold that is not the one its calibration scores give"), "{error}");
}
