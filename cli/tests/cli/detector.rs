//! `oodbench calibrate`: what it promises on which rows, and what it refuses.

use std::fs;
use std::path::Path;

use ndarray::{Array3, s};
use ndarray_npy::{read_npy, write_npy};
use tempfile::TempDir;

use super::common::{copied, noise, oodbench, small_run, write, write_labels};

/// Exit code, standard output, standard error.
pub(super) fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

pub(super) fn out(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    out
}

/// The one line of an error.
pub(super) fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!((code, &*out, err.lines().count()), (Some(2), "", 1), "{arguments:?}: {out}{err}");
    err.trim_end().to_owned()
}

/// A small run with 200 rows of id/val, of the same kind as id/test.
pub(super) fn with_val() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("run");
    small_run(&run);
    write(&run.join("id/val/logits.npy"), &(noise(200, 4, 50) * 2.0));
    write(&run.join("id/val/features.npy"), &noise(200, 5, 51));
    write_labels(&run.join("id/val/labels.npy"), &(0..200).map(|row| row % 4).collect::<Vec<_>>());
    root
}

const CALIBRATE: [&str; 6] = ["calibrate", "run", "--score", "mps", "--out", "my.detector"];

pub(super) fn calibrate(folder: &Path, more: &[&str]) -> String {
    out(folder, &[&CALIBRATE, more].concat())
}

#[test]
fn the_threshold_is_chosen_on_validation_rows_and_measured_on_others() {
    let root = with_val();
    let text = calibrate(root.path(), &["--false-alarms", "5%", "--confidence", "90%"]);
    assert!(text.contains("chosen on 200 rows of id/val\n"), "{text}");
    assert!(text.contains("promise: with 90 % confidence this threshold flags at most 5 % of ID rows\n"), "{text}");
    for set in ["id/test     40", "ood/near    30", "ood/far     20"] {
        assert!(text.contains(set), "{set}: {text}");
    }
    assert!(text.contains("a decision takes "), "{text}");
    assert!(text.ends_with("wrote my.detector\n"), "{text}");
    // What the fit reads is not calibrated on.
    let (code, text, said) = run(
        root.path(),
        &["calibrate", "run", "--score", "kl_matching", "--false-alarms", "20%", "--out", "t.detector"],
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("note: the fit reads id/val: 20 of the 40 rows of id/test were held back"), "{said}");
    assert!(text.contains("chosen on 20 of 40 rows of id/test\n") && text.contains("id/test     20"), "{text}");
}

#[test]
fn each_kind_of_promise_is_told() {
    let root = with_val();
    for (options, promise) in [
        (&["--false-alarms", "5%"][..], "a new ID row is flagged with probability 5 % at most"),
        (&["--false-alarms", "5%", "--empirical"], "none: at most 5 % of the calibration rows are below"),
        (&["--tpr", "95"], "none: at least 95 % of the calibration rows are kept, as at 95 % TPR"),
        (
            &["--false-alarms", "20%", "--per-class"],
            "20 % at most, on average over calibrations, within every predicted class",
        ),
    ] {
        let text = calibrate(root.path(), options);
        assert!(text.contains(promise), "{options:?}: {text}");
    }
    let per_class = calibrate(root.path(), &["--false-alarms", "20%", "--per-class", "-q"]);
    assert!(per_class.contains("for each of 4 predicted classes") && !per_class.contains("wrote"), "{per_class}");
    let applied = out(root.path(), &["apply", "my.detector", "run/ood/far", "-q"]);
    assert!(applied.ends_with("on average over calibrations, within every predicted class\n"), "{applied}");
}

/// Rows that the network has learnt by heart keep no promise, and rates of the calibration rows are none of new ones.
#[test]
fn rows_that_were_seen_are_noticed() {
    let root = with_val();
    let run_of = root.path().join("run");
    fs::remove_dir_all(run_of.join("id/train")).unwrap();
    write(&run_of.join("id/train/logits.npy"), &(noise(200, 4, 50) * 2.0));
    let refused = refusal(root.path(), &[&CALIBRATE[..], &["--false-alarms", "5%"]].concat());
    assert!(refused.contains("run/id/val: found the rows of id/train, expected rows that neither"), "{refused}");
    fs::remove_dir_all(run_of.join("id/train")).unwrap();
    fs::remove_dir_all(run_of.join("id/test")).unwrap();
    fs::rename(run_of.join("id/val"), run_of.join("id/test")).unwrap();
    write(&run_of.join("id/val/logits.npy"), &(noise(200, 4, 50) * 2.0));
    let (code, _, said) = run(root.path(), &[&CALIBRATE[..], &["--false-alarms", "5%"]].concat());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warning: id/val holds the rows of id/test: the rate of id/test is of rows that"), "{said}");
}

#[test]
fn wrong_answers_are_bounded_where_labels_are_there() {
    let root = with_val();
    let run = root.path().join("run");
    // The classifier is right about all but the 40 least certain rows.
    let logits = noise(200, 4, 50) * 2.0;
    let mut rows: Vec<(f32, usize, usize)> = (0..200)
        .map(|row| {
            let values = logits.slice(s![row, ..]);
            let top = (0..4).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap();
            let sum: f32 = values.iter().map(|value| (value - values[top]).exp()).sum();
            (1.0 / sum, row, top)
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut labels = vec![0; 200];
    for (rank, (_, row, top)) in rows.iter().enumerate() {
        labels[*row] = if rank < 40 { (top + 1) % 4 } else { *top } as i64;
    }
    write_labels(&run.join("id/val/labels.npy"), &labels);
    let text = calibrate(root.path(), &["--wrong-answers", "10%"]);
    assert!(
        text.contains("with 90 % confidence at most 10 % of the ID rows that are not flagged are classified wrongly"),
        "{text}"
    );
    assert!(text.contains("wrong of kept %"), "{text}");
    let refused = refusal(root.path(), &[&CALIBRATE[..], &["--wrong-answers", "1%"]].concat());
    assert!(refused.contains("n too small: 200 rows, 528 needed even if none is classified wrongly"), "{refused}");
    let refused = refusal(root.path(), &[&CALIBRATE[..], &["--wrong-answers", "3%"]].concat());
    assert!(refused.contains("no threshold has at most 3 % wrong answers"), "{refused}");
    assert!(refused.contains("wrong about 0 of 160 accepted on 200 rows, and it takes 174 accepted even"), "{refused}");
    assert!(refused.contains("--wrong-answers") && !refused.contains("--false-alarms"), "{refused}");
    fs::remove_file(run.join("id/val/labels.npy")).unwrap();
    let refused = refusal(root.path(), &[&CALIBRATE[..], &["--wrong-answers", "10%"]].concat());
    assert!(refused.contains("run/id/val: found no labels, expected by a threshold that bounds"), "{refused}");
}

#[test]
fn too_few_rows_and_what_is_no_percentage_are_refused() {
    let root = with_val();
    let refused = |options: &[&str]| refusal(root.path(), &[&CALIBRATE[..], options].concat());
    let few = refused(&["--false-alarms", "1%", "--confidence", "95%"]);
    assert!(few.contains("run/id/val: n too small: 200 rows, 299 needed; dump more rows"), "{few}");
    let (code, _, said) = run(root.path(), &[&CALIBRATE[..], &["--false-alarms", "0.05"]].concat());
    assert_eq!(code, Some(2));
    assert!(said.contains("write 5% for 5 percent"), "{said}");
    for options in [&["--tpr", "95", "--false-alarms", "5%"][..], &[], &["--tpr", "95", "--confidence", "90%"]] {
        assert_eq!(run(root.path(), &[&CALIBRATE[..], options].concat()).0, Some(2), "{options:?}");
    }
    let all = refusal(root.path(), &["calibrate", "run", "--score", "all", "--tpr", "95", "--out", "my.detector"]);
    assert!(all.contains("--score: found all, expected one score"), "{all}");
    assert!(!root.path().join("my.detector").exists());
}

/// A run without OOD sets, as whoever puts a network into production has it.
#[test]
fn no_ood_set_is_needed() {
    let root = with_val();
    fs::remove_dir_all(root.path().join("run/ood")).unwrap();
    let text = calibrate(root.path(), &["--false-alarms", "5%"]);
    assert!(text.contains("id/test") && !text.contains("ood/"), "{text}");
}

/// What the fit has compared and left is not asked of new rows: one array, by its name alone.
#[test]
fn a_detector_of_moved_images_reads_those_chosen() {
    let root = tempfile::tempdir().unwrap();
    copied("members/moved", &root.path().join("run"));
    let command = ["calibrate", "run", "--score", "odin", "--set", "odin.epsilon=0.01", "--out", "my.detector"];
    out(root.path(), &[&command[..], &["--false-alarms", "10%"]].concat());
    let rows = "run/ood/far/logits@odin_1000_0.01.npy";
    let text = out(root.path(), &["apply", "my.detector", rows, "--out", "a.csv"]);
    assert!(text.contains("50 rows"), "{text}");
    let other = refusal(root.path(), &["apply", "my.detector", "run/ood/far/logits@odin_10_0.01.npy"]);
    assert!(other.contains("expected logits@odin_1000_0.01, which the detector reads"), "{other}");
}

/// As many numbers in a row, of other members and classes.
#[test]
fn members_and_classes_exchanged_are_refused() {
    let root = tempfile::tempdir().unwrap();
    copied("members/dropout", &root.path().join("run"));
    let command = ["calibrate", "run", "--score", "mutual_information", "--out", "my.detector", "-q"];
    out(root.path(), &[&command[..], &["--false-alarms", "20%"]].concat());
    let path = root.path().join("run/ood/far/logits@members.npy");
    out(root.path(), &["apply", "my.detector", path.to_str().unwrap(), "--out", "a.csv"]);
    let members: Array3<f32> = read_npy(&path).unwrap();
    let exchanged = members.into_shape_with_order((50, 6, 5)).unwrap();
    write_npy(root.path().join("logits@members.npy"), &exchanged).unwrap();
    let said = refusal(root.path(), &["apply", "my.detector", "logits@members.npy"]);
    let expected = "found 6 members of 5 classes, expected 5 members of 6 classes, as the detector was calibrated on";
    assert!(said.contains(expected), "{said}");
    let piped = std::fs::read(root.path().join("logits@members.npy")).unwrap();
    let (code, _, said) = super::detector_stream::piped(root.path(), &["apply", "my.detector", "-"], piped);
    assert!(code == Some(2) && said.contains(expected), "{said}");
}

#[test]
fn the_page_says_what_is_promised_and_what_is_not() {
    let root = tempfile::tempdir().unwrap();
    let page = out(root.path(), &["explain", "detector"]);
    for part in ["# detector", "## What it does not promise", "Exchangeability", "calibration/scores", "--fdr"] {
        assert!(page.contains(part), "{part}");
    }
}

/// Rows of other widths make the score break off when the file is read: one line all the same.
#[test]
fn forged_widths_are_refused_in_a_line() {
    let root = with_val();
    out(root.path(), &["calibrate", "run", "--score", "mahalanobis", "--false-alarms", "5", "--out", "my.detector"]);
    let file = root.path().join("my.detector");
    let mut forged = oodbench::detector::Detector::load(&file).unwrap();
    forged.description.inputs.get_mut("features").unwrap().columns = 7;
    forged.write(&mut fs::File::create(&file).unwrap()).unwrap();
    let said = refusal(root.path(), &["apply", "my.detector", "run/ood/near"]);
    assert!(said.contains("my.detector: found inputs of other widths"), "{said}");
}
