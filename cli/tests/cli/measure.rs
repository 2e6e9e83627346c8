//! Scores that somebody else computed: in a dump beside ours, or as files without one.

use std::path::Path;

use ndarray::{Array1, s};
use ndarray_npy::{read_npy, write_npy};
use serde_json::Value;

use super::common::{fixture, oodbench, small_run};
use super::detector_stream::piped;

fn run(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

fn records(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let (stdout, stderr) = run(folder, arguments);
    serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}\n{stderr}"))
}

/// Value by OOD set, procedure and metric, of one score.
fn values(records: &[Value], score: &str) -> Vec<(String, String, String, Option<f64>)> {
    let text = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
    let own = records.iter().filter(|record| record["score"] == score);
    own.map(|r| (text(r, "ood"), text(r, "procedure"), text(r, "metric"), r["value"].as_f64())).collect()
}

/// The largest logit of every row times a factor, as a score of its own.
fn add_score(run: &Path, name: &str, factor: f64) {
    for split in ["id/test", "ood/near", "ood/far"] {
        let logits: ndarray::Array2<f32> = read_npy(run.join(split).join("logits.npy")).unwrap();
        let largest = |row: ndarray::ArrayView1<'_, f32>| factor * f64::from(row.fold(f32::MIN, |a, &b| a.max(b)));
        let scores = Array1::from_iter(logits.rows().into_iter().map(largest));
        write_npy(run.join(split).join(format!("scores@{name}.npy")), &scores).unwrap();
    }
}

#[test]
fn a_score_of_ones_own_stands_beside_ours() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dumps/run");
    small_run(&dump);
    add_score(&dump, "mine", 1.0);
    add_score(&dump, "my-distance", -3.0);
    std::fs::write(dump.join("run.toml"), "lower = \"my-distance\"\n").unwrap();
    let all = records(folder.path(), &["score", "-q", "--format", "json", "--procedure", "all"]);
    let expected = values(&all, "max_logit");
    assert!(expected.len() > 80);
    // AUTC too: it does not see the factor.
    for own in ["scores@mine", "scores@my-distance"] {
        for (own, expected) in values(&all, own).into_iter().zip(&expected) {
            assert_eq!((&own.0, &own.1, &own.2), (&expected.0, &expected.1, &expected.2));
            let (own, expected) = (own.3.unwrap(), expected.3.unwrap());
            assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        }
    }
    let (table, said) = run(folder.path(), &["score", "--score", "scores@my-distance,max_logit"]);
    assert!(table.contains("scores@my-distance") && said.contains("turned"), "{table}\n{said}");
    let (compared, _) = run(folder.path(), &["compare", "-q", "--score", "scores@mine,energy"]);
    assert!(compared.contains("scores@mine"), "{compared}");
    let (_, said) = run(folder.path(), &["plot", "--hist", "scores@mine", "--roc", "scores@mine", "--out", "plots"]);
    assert_eq!(said.matches("wrote").count(), 6, "{said}");
    let (found, _) = run(folder.path(), &["inspect"]);
    assert!(found.contains("scores@mine"), "{found}");
}

#[test]
fn a_dump_of_scores_alone_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dumps/run");
    small_run(&dump);
    add_score(&dump, "mine", 1.0);
    let with = values(&records(folder.path(), &["score", "-q", "--format", "json"]), "scores@mine");
    for split in ["id/train", "id/test", "ood/near", "ood/far"] {
        for array in ["logits", "features"] {
            std::fs::remove_file(dump.join(split).join(format!("{array}.npy"))).unwrap();
        }
    }
    std::fs::remove_dir_all(dump.join("id/train")).unwrap();
    let alone = records(folder.path(), &["score", "-q", "--format", "json"]);
    assert_eq!(values(&alone, "scores@mine"), with);
    let of_errors = records(folder.path(), &["score", "-q", "--format", "json", "--procedure", "oscr"]);
    assert!(of_errors[0]["value"].is_null());
    assert_eq!(of_errors[0]["missing"], "it needs id/test/logits.npy");
}

#[test]
fn what_is_wrong_with_own_scores_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dumps/run");
    small_run(&dump);
    add_score(&dump, "mine", 1.0);
    let refused = |arguments: &[&str], expected: &str| {
        let output = oodbench(folder.path()).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    };
    refused(&["score", "-q", "--score", "scores@mien"], "did you mean mine?");
    std::fs::write(dump.join("run.toml"), "lower = [\"mien\"]\n").unwrap();
    refused(&["score", "-q"], "run.toml: found lower = \"mien\", expected mine; correct the name");
    std::fs::write(dump.join("run.toml"), "").unwrap();
    let path = dump.join("ood/far/scores@mine.npy");
    let scores: Array1<f64> = read_npy(&path).unwrap();
    write_npy(&path, &scores.slice(s![1..])).unwrap();
    refused(&["score", "-q"], "found 19 rows, expected 20");
    write_npy(&path, &ndarray::Array2::<f64>::zeros((20, 2))).unwrap();
    refused(&["score", "-q"], "found 2 columns, expected one score per row, shape (rows,)");
    write_npy(&path, &(scores * f64::NAN)).unwrap();
    refused(&["score", "-q"], "found 20 rows with NaN or infinite values");
}

#[test]
fn names_that_end_in_numbers_are_names() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dumps/run");
    small_run(&dump);
    for (name, factor) in [("m-0", 1.0), ("m-1", 2.0), ("isomax-0", 3.0), ("eps-00001", 4.0)] {
        add_score(&dump, name, factor);
    }
    let all = records(folder.path(), &["score", "-q", "--format", "json"]);
    let expected = values(&all, "max_logit");
    for own in ["scores@m-0", "scores@m-1", "scores@isomax-0", "scores@eps-00001"] {
        assert_eq!(values(&all, own), expected, "{own}");
    }
}

/// Which way round values are is a fact of the rows that are scored: a fit of a run where they were the other way round changes nothing.
#[test]
fn a_fit_does_not_turn_the_scores_of_another_run() {
    let folder = tempfile::tempdir().unwrap();
    for (run, factor, info) in [("fitted", -1.0, "lower = \"mine\"\n"), ("scored", 1.0, "")] {
        let dump = folder.path().join(run);
        small_run(&dump);
        add_score(&dump, "mine", factor);
        std::fs::write(dump.join("run.toml"), info).unwrap();
    }
    let chosen = ["--score", "scores@mine,max_logit"];
    let (_, said) = run(folder.path(), &[&["fit", "fitted", "--out", "my.fit"], &chosen[..]].concat());
    for (name, is_turned) in [("fitted", true), ("scored", false)] {
        let score = ["score", name, "--fit", "my.fit"];
        let found = records(folder.path(), &[&score[..], &["-q", "--format", "json"]].concat());
        assert_eq!(values(&found, "scores@mine"), values(&found, "max_logit"), "{name}: {said}");
        let (_, said) = run(folder.path(), &score);
        assert_eq!(said.contains("turned"), is_turned, "{said}");
    }
}

/// Calibrated and applied to a folder, to a file of one number per row, and to the same as a column.
#[test]
fn a_detector_of_ones_own_score() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("run"));
    add_score(&at.join("run"), "mine", -2.0);
    std::fs::write(at.join("run/run.toml"), "lower = \"mine\"\n").unwrap();
    let calibrate = ["calibrate", "run", "--score", "scores@mine", "--false-alarms", "20%", "--out", "own.detector"];
    let output = oodbench(at).args(calibrate).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("a decision takes ") && text.ends_with("wrote own.detector\n"), "{text}");
    let scores: Array1<f64> = read_npy(at.join("run/ood/far/scores@mine.npy")).unwrap();
    write_npy(at.join("scores.npy"), &scores).unwrap();
    write_npy(at.join("column.npy"), &scores.clone().insert_axis(ndarray::Axis(1))).unwrap();
    let decisions = |rows: &str, input: Vec<u8>| {
        let (code, _, said) = piped(at, &["apply", "own.detector", rows, "--out", "decisions.csv"], input);
        assert_eq!(code, Some(0), "{rows}: {said}");
        // Without the class, which only rows with logits have.
        let text = std::fs::read_to_string(at.join("decisions.csv")).unwrap();
        let without = |line: &str| {
            let mut columns: Vec<&str> = line.split(',').collect();
            columns.remove(1);
            columns.join(",") + "\n"
        };
        text.lines().map(without).collect::<String>()
    };
    let expected = decisions("run/ood/far", Vec::new());
    assert_eq!(expected.lines().count(), 1 + scores.len(), "{expected}");
    assert_eq!(decisions("scores.npy", Vec::new()), expected);
    assert_eq!(decisions("column.npy", Vec::new()), expected);
    assert_eq!(decisions("-", std::fs::read(at.join("scores.npy")).unwrap()), expected);
}

#[test]
fn files_of_scores_are_measured_like_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let dump = at.join("dumps/run");
    small_run(&dump);
    add_score(&dump, "mine", 1.0);
    let from_dump = records(at, &["score", "-q", "--format", "json", "--score", "scores@mine"]);
    let read = |split: &str| -> Vec<f64> {
        read_npy::<_, Array1<f64>>(dump.join(split).join("scores@mine.npy")).unwrap().to_vec()
    };
    let lines = |scores: Vec<f64>| scores.iter().map(|score| format!("{score}\n")).collect::<String>();
    std::fs::write(at.join("id.txt"), lines(read("id/test"))).unwrap();
    std::fs::write(at.join("far.csv"), format!("mine\n{}", lines(read("ood/far")))).unwrap();
    let turned: Vec<f64> = read("ood/far").iter().map(|score| -score).collect();
    std::fs::write(at.join("turned.csv"), lines(turned)).unwrap();
    let turned: Vec<f64> = read("id/test").iter().map(|score| -score).collect();
    std::fs::write(at.join("turned_id.csv"), lines(turned)).unwrap();
    let near = "near=dumps/run/ood/near/scores@mine.npy";
    let arguments = ["measure", "id.txt", near, "far.csv:mine", "-q", "--format", "json", "--name", "mine"];
    let usual = [&arguments[..], &["--procedure", "lee,openood,id_positive"]].concat();
    let found = records(at, &usual);
    // The set `far.csv:mine` is called as its file.
    let (mut found, mut expected) = (values(&found, "scores@mine"), values(&from_dump, "scores@mine"));
    found.sort_by(|a, b| a.partial_cmp(b).unwrap());
    expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(found, expected);
    // All that scores alone suffice for.
    let all = values(&records(at, &arguments), "scores@mine");
    assert!(all.iter().any(|value| value.1 == "autc") && all.iter().all(|value| value.1 != "oscr"));
    let far = ["measure", "id.txt", "far/x=far.csv", "-q", "--format", "json", "--procedure", "lee"];
    let other = ["measure", "turned_id.csv", "far/x=turned.csv", "--higher-is", "ood", "-q", "--format", "json"];
    let other = records(at, &[&other[..], &["--procedure", "lee"]].concat());
    assert_eq!(values(&records(at, &far), "scores@own"), values(&other, "scores@own"));
    assert_eq!(other[0]["group"], "far");
    let (table, said) = run(at, &["measure", "turned_id.csv", "turned.csv", "--higher-is", "ood", "--bootstrap", "40"]);
    assert!(table.contains("AUTC") && table.contains('[') && said.contains("turned"), "{table}{said}");
}

#[test]
fn bad_files_of_scores_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("id.txt"), "1\n2\n").unwrap();
    std::fs::write(at.join("nan.txt"), "1\nnan\n").unwrap();
    for (arguments, expected) in [
        (vec!["id.txt", "nan.txt"], "nan.txt: found NaN at row 1, expected finite numbers"),
        (vec!["id.txt", "no.txt"], "no.txt: "),
        (vec!["id.txt", "id.txt", "id.txt"], "found a second OOD set named \"id\", expected distinct names"),
        (vec!["id.txt", fixture("lee_tied.json").to_str().unwrap()], "found \"{"),
    ] {
        let output = oodbench(at).arg("measure").args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // A file that holds one array is no archive of all.
    write_npy(at.join("id.npy"), &Array1::from(vec![1.0, 2.0])).unwrap();
    for file in ["id.npy", "id.txt"] {
        let (_, said) = run(at, &["measure", file]);
        let expected = format!("{file}: found no file of an OOD set behind it, expected one or more; or name a folder");
        assert!(said.contains(&expected) && said.lines().count() == 1, "{said}");
    }
    let output = oodbench(at).args(["measure", "id.txt", "id.txt", "--name", ""]).output().unwrap();
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("--name"));
}

/// Procedures that need to know errors read logits and labels even where the score reads neither.
#[test]
fn procedures_of_errors_on_scores_of_features() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    let procedures = ["--procedure", "oscr,selective,misclassification", "-q", "--format", "json", "--bootstrap", "40"];
    let found = records(folder.path(), &[&["score", "--score", "knn", "--set", "knn.k=5"][..], &procedures].concat());
    assert!(found.iter().all(|record| record["value"].is_f64()), "{found:?}");
    let of = |procedure: &str| found.iter().filter(|record| record["procedure"] == procedure).collect::<Vec<_>>();
    // Two OOD sets and their mean; the ID rows alone once.
    assert_eq!((of("oscr").len(), of("misclassification").len()), (3 * 6, 4));
    assert!(of("misclassification").iter().all(|record| record["ood"] == "misclassified"));
    let single = || of("oscr").into_iter().filter(|record| record["mean_over"].is_null());
    // What hangs on the largest OOD score alone has no interval.
    assert!(
        single()
            .all(|record| record["low"].is_null() == record["metric"].as_str().unwrap().starts_with("ccr_at_fpr0_"))
    );
    let (table, _) =
        run(folder.path(), &["score", "--score", "knn", "--set", "knn.k=5", "-q", "--procedure", "misclassification"]);
    assert!(table.contains("accuracy") && !table.contains("unknown") && table.contains("misclassified"), "{table}");
}

/// Elements alone have the values of the same numbers in a file that says what they are.
#[test]
fn scores_without_a_header_are_measured_by_their_type() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (id, ood) = ([3.0_f32, 2.5, 0.5, 4.0], [1.0_f32, 0.25, 2.75]);
    for (name, numbers) in [("id", &id[..]), ("svhn", &ood[..])] {
        write_npy(at(&format!("{name}.npy")), &Array1::from(numbers.to_vec())).unwrap();
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        std::fs::write(at(&format!("{name}.raw")), bytes).unwrap();
    }
    let expected = records(folder.path(), &["measure", "id.npy", "svhn.npy", "-q", "--format", "json"]);
    for shape in [&[][..], &["--shape", "N"], &["--shape", "-1,1"]] {
        let arguments = ["measure", "id.raw", "svhn.raw", "-q", "--format", "json", "--dtype", ">f4"];
        assert_eq!(records(folder.path(), &[&arguments[..], shape].concat()), expected, "{shape:?}");
    }
    std::fs::write(at("odd.raw"), [0; 13]).unwrap();
    for (arguments, found) in [
        (
            &["id.raw", "odd.raw", "--dtype", "f32"][..],
            "odd.raw: found 13 bytes, expected whole rows of 4 bytes (f32 each)",
        ),
        (
            &["id.raw", "svhn.raw", "--dtype", "f32", "--shape", "5"],
            "id.raw: found 16 bytes, expected 5 rows of 4 bytes",
        ),
        (
            &["id.raw", "svhn.raw", "--dtype", "f32", "--shape", "N,2"],
            "id.raw: found shape (2, 2), expected one number per row",
        ),
        (&["id.raw:a", "svhn.raw", "--dtype", "f32"], "found elements alone, not an array \"a\""),
        (&["id.npy", "svhn.raw", "--dtype", "f32"], "id.npy: found a .npy file, expected elements alone"),
        (&["id.raw", "--dtype", "f32"], "id.raw: found no file of an OOD set behind it"),
        (&["id.raw", "svhn.raw", "--dtype", "f16"], "float16 or float128?"),
        (&["id.raw", "svhn.raw", "--dtype", "f32", "--shape", "2,N"], "expected N,512 or 1000,512"),
        (&["id.raw", "svhn.raw", "--shape", "4"], "--dtype"),
    ] {
        let output = oodbench(folder.path()).arg("measure").args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(found), "{arguments:?}: {said}");
    }
}

/// Columns of Arrow are measured as those of Parquet are, each by its own name.
#[test]
fn columns_of_arrow_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let place = fixture("formats");
    let spec = |file: &str, column: &str| format!("{}:{column}", place.join(file).display());
    let of = |first: &str, second: &str| {
        records(folder.path(), &["measure", &format!("id={first}"), &format!("a={second}"), "-q", "--format", "json"])
    };
    let expected = of(&spec("columns/wide_none.parquet", "logits_1"), &spec("columns/wide_none.parquet", "features_2"));
    assert!(!expected.is_empty());
    for name in ["columns/wide_lz4.feather", "columns/wide_zstd.feather", "columns/wide_zstd.parquet"] {
        assert_eq!(of(&spec(name, "logits_1"), &spec(name, "features_2")), expected, "{name}");
    }
    let refused = |column: &str, found: &str| {
        let gaps = spec("arrow/batches_none.arrow", column);
        let (_, said) = run(folder.path(), &["measure", &gaps, &gaps]);
        assert!(said.contains(found) && said.lines().count() == 1, "{said}");
    };
    refused("gaps", "batches_none.arrow: found column gaps holds rows without a value");
    refused("logits", "found shape (7, 5), expected one number per row");
    refused("energy", "found no \"energy\" among file, kind, view");
}
