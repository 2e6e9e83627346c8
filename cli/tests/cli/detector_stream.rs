//! `oodbench apply` and `oodbench monitor`: rows from files, folders and pipes, decisions in every format.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use ndarray::Array2;
use ndarray_npy::WriteNpyExt;
use serde_json::Value;

use super::common::{noise, oodbench, write};
use super::detector::{calibrate, out, refusal, run, with_val};

/// A detector of mps, and 300 new rows: `new.npy`, and the same in `new/`.
fn detector_and_rows() -> tempfile::TempDir {
    let root = with_val();
    calibrate(root.path(), &["--false-alarms", "5%"]);
    let rows = noise(300, 4, 77) * 1.2;
    write(&root.path().join("new.npy"), &rows);
    write(&root.path().join("new/logits.npy"), &rows);
    root
}

pub(super) fn piped(folder: &Path, arguments: &[&str], input: Vec<u8>) -> (Option<i32>, String, String) {
    let output = oodbench(folder).args(arguments).write_stdin(input).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn decisions_are_the_same_from_file_folder_and_pipe_in_every_format() {
    let root = detector_and_rows();
    let at = root.path();
    let text = out(at, &["apply", "my.detector", "new.npy", "--out", "a.csv"]);
    assert!(text.contains(" of 300 rows flagged: ") && text.contains(" %, 95 % interval ["), "{text}");
    assert!(text.ends_with("wrote a.csv\n"), "{text}");
    out(at, &["apply", "my.detector", "new", "--out", "b.csv"]);
    let (code, _, said) =
        piped(at, &["apply", "my.detector", "-", "--out", "c.csv"], fs::read(at.join("new.npy")).unwrap());
    assert_eq!(code, Some(0), "{said}");
    let csv = fs::read_to_string(at.join("a.csv")).unwrap();
    for other in ["b.csv", "c.csv"] {
        assert!(fs::read_to_string(at.join(other)).unwrap() == csv, "{other}");
    }
    assert_eq!(csv.lines().next(), Some("row,predicted,score,p_value,decision"));
    assert_eq!(csv.lines().count(), 301);
    let flagged = csv.lines().filter(|line| line.ends_with(",flag")).count();
    assert!(text.starts_with(&format!("{flagged} of 300")) && flagged > 0, "{text}");
    // Lines of JSON say the same, and so does Parquet.
    out(at, &["apply", "my.detector", "new", "--out", "a.jsonl", "-q"]);
    for (line, json) in csv.lines().skip(1).zip(fs::read_to_string(at.join("a.jsonl")).unwrap().lines()) {
        let value: Value = serde_json::from_str(json).unwrap();
        let fields: Vec<String> = ["row", "predicted", "score", "p_value"].map(|name| value[name].to_string()).into();
        assert_eq!(format!("{},{}", fields.join(","), value["decision"].as_str().unwrap()), line);
    }
    out(at, &["apply", "my.detector", "new", "--out", "a.parquet", "-q"]);
    let columns = oodbench::table::parquet::read(fs::read(at.join("a.parquet")).unwrap()).unwrap();
    assert_eq!(
        columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["row", "predicted", "score", "p_value", "decision"]
    );
    assert!(columns.iter().all(|(_, contents)| contents.len() == 300));
}

/// Elements alone decide as the same array with a header does.
#[test]
fn rows_without_a_header_are_decided_by_type_and_shape() {
    let root = detector_and_rows();
    let at = root.path();
    let rows: Array2<f32> = ndarray_npy::read_npy(at.join("new.npy")).unwrap();
    let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(at.join("new.f32"), &bytes).unwrap();
    out(at, &["apply", "my.detector", "new.npy", "--out", "a.csv"]);
    for shape in ["N,4", "-1,4", "300,4"] {
        out(at, &["apply", "my.detector", "new.f32", "--dtype", "float32", "--shape", shape, "--out", "b.csv"]);
        assert!(fs::read(at.join("b.csv")).unwrap() == fs::read(at.join("a.csv")).unwrap(), "{shape}");
    }
    fs::write(at.join("cut.f32"), &bytes[..bytes.len() - 1]).unwrap();
    fs::copy(at.join("new.f32"), at.join("features.f32")).unwrap();
    fs::copy(at.join("new.npy"), at.join("new.raw")).unwrap();
    for (rows, dtype, shape, expected) in [
        ("cut.f32", "f32", "N,4", "cut.f32: found 4799 bytes, expected whole rows of 16 bytes"),
        ("new.f32", "f32", "299,4", "new.f32: found 4800 bytes, expected 299 rows of 16 bytes"),
        ("new.f32", "f32", "N,5", "found 5 columns"),
        ("features.f32", "f32", "N,4", "features.f32: found a file named features"),
        ("new.npy", "f32", "N,4", "new.npy: found a .npy file, expected elements alone"),
        ("new.raw", "f32", "N,4", "new.raw: found a .npy file, expected elements alone"),
        ("-", "f32", "N,4", "--dtype: found standard input"),
    ] {
        let said = refusal(at, &["apply", "my.detector", rows, "--dtype", dtype, "--shape", shape, "--out", "c.csv"]);
        assert!(said.contains(expected), "{said}");
    }
    assert!(!at.join("c.csv").exists());
}

#[test]
fn a_share_too_large_is_exit_code_one() {
    let root = detector_and_rows();
    let at = root.path();
    let (code, out, said) = run(at, &["apply", "my.detector", "new.npy", "--fail-above", "0.1%", "--out", "d.csv"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(out.contains("flagged") && said.contains("of 300 rows are flagged, more than 0.1 %"), "{said}");
    assert!(at.join("d.csv").exists());
    assert_eq!(run(at, &["apply", "my.detector", "new.npy", "--fail-above", "99%"]).0, Some(0));
}

#[test]
fn rows_that_are_not_like_those_of_the_calibration_are_refused() {
    let root = detector_and_rows();
    let at = root.path();
    let refused = |rows: &str| refusal(at, &["apply", "my.detector", rows, "--out", "no.csv"]);
    write(&at.join("wide.npy"), &noise(3, 5, 1));
    assert!(refused("wide.npy").contains("wide.npy: found 5 columns, expected 4, as the detector was calibrated on"));
    write(&at.join("features.npy"), &noise(3, 4, 1));
    assert!(refused("features.npy").contains("found a file named features, expected logits"));
    // Half precision: its bytes by hand, 1.0 is 0x3c00.
    let mut half = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    half.extend(format!("{:117}\n", "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 4), }").bytes());
    half.extend([0, 0x3c].repeat(8));
    fs::write(at.join("half.npy"), &half).unwrap();
    let message = refused("half.npy");
    assert!(message.contains("as the threshold was chosen with"), "{message}");
    let (code, _, said) = piped(at, &["apply", "my.detector", "-"], half);
    assert!(code == Some(2) && said.contains("standard input: found"), "{said}");
    // Cut off, or no array at all.
    let whole = fs::read(at.join("new.npy")).unwrap();
    let (code, _, said) = piped(at, &["apply", "my.detector", "-"], whole[..whole.len() - 3].to_vec());
    assert!(code == Some(2) && said.contains("an end within row 299"), "{said}");
    let (code, _, said) = piped(at, &["apply", "my.detector", "-"], b"row,score\n".to_vec());
    assert!(code == Some(2) && said.contains("expected an array written by numpy.save"), "{said}");
    assert!(refusal(at, &["apply", "my.detector", "run"]).contains("expected logits.npy or features.npy"));
    assert!(
        refusal(at, &["apply", "new.npy", "new.npy"]).contains("expected a whole file written by `oodbench calibrate`")
    );
    assert!(
        refusal(at, &["apply", "my.detector", "new.npy", "--out", "x.txt"])
            .contains("expected .csv, .jsonl or .parquet")
    );
    assert!(!at.join("no.csv").exists());
}

#[test]
fn rows_with_nan_are_refused_or_flagged() {
    let root = detector_and_rows();
    let at = root.path();
    let mut rows: Array2<f32> = noise(300, 4, 77) * 1.2;
    rows[(5, 2)] = f32::NAN;
    rows[(250, 0)] = f32::INFINITY;
    write(&at.join("nan.npy"), &rows);
    let message = refusal(at, &["apply", "my.detector", "nan.npy"]);
    assert!(message.contains("nan.npy: found a row without a finite score, the first is row 5"), "{message}");
    out(at, &["apply", "my.detector", "new.npy", "--out", "a.csv", "-q"]);
    let text = out(at, &["apply", "my.detector", "nan.npy", "--on-nan", "flag", "--out", "nan.csv"]);
    assert!(text.contains("2 rows without a finite score among them"), "{text}");
    let (sound, with_nan) =
        (fs::read_to_string(at.join("a.csv")).unwrap(), fs::read_to_string(at.join("nan.csv")).unwrap());
    for (number, (sound, found)) in sound.lines().skip(1).zip(with_nan.lines().skip(1)).enumerate() {
        let expected = if [5, 250].contains(&number) { format!("{number},,,,flag") } else { sound.to_owned() };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_batch_is_decided_by_all_its_p_values() {
    let root = detector_and_rows();
    let at = root.path();
    // 200 calibration rows: the smallest p is 1/201. 60 rows without any certainty among 240 like those of the calibration.
    let mut rows = noise(300, 4, 77) * 2.0;
    rows.slice_mut(ndarray::s![..60, ..]).fill(0.25);
    write(&at.join("new.npy"), &rows);
    for by in ["bh", "storey", "e-bh"] {
        let file = format!("{by}.csv");
        let text = out(at, &["apply", "my.detector", "new.npy", "--fdr", "20%", "--by", by, "--out", &file]);
        assert!(text.contains(&format!("of the rows flagged 20 % are ID at most, on average ({by})")), "{text}");
        let csv = fs::read_to_string(at.join(file)).unwrap();
        let flagged = |line: &&str| line.ends_with(",flag");
        // e(1/201) is 6.9, and 60 of 300 rows would take 25.
        let expected = if by == "e-bh" { 0 } else { 60 };
        assert_eq!(csv.lines().skip(1).take(60).filter(flagged).count(), expected, "{by}");
        assert!(csv.lines().skip(61).filter(flagged).count() < 30, "{by}");
    }
    let text = out(at, &["apply", "my.detector", "new.npy", "--fdr", "0.4%"]);
    let said = "nothing could be flagged: with 200 calibration rows no p-value is below 1/201";
    assert!(text.starts_with("0 of 300") && text.contains(said), "{text}");
    // A pipe has no second pass, and needs none.
    let input = fs::read(at.join("new.npy")).unwrap();
    let (code, _, said) = piped(at, &["apply", "my.detector", "-", "--fdr", "20%", "--out", "pipe.csv"], input);
    assert_eq!(code, Some(0), "{said}");
    assert!(fs::read(at.join("pipe.csv")).unwrap() == fs::read(at.join("bh.csv")).unwrap());
}

#[test]
fn a_log_that_grows_is_watched_from_where_it_was_left() {
    let root = detector_and_rows();
    let at = root.path();
    let id = noise(400, 4, 90) * 2.0;
    let drifted = noise(400, 4, 91) * 0.3;
    let log = ndarray::concatenate(ndarray::Axis(0), &[id.view(), drifted.view()]).unwrap();
    write(&at.join("log.npy"), &id);
    let text = out(at, &["monitor", "my.detector", "log.npy", "--state", "my.monitor"]);
    assert!(text.starts_with("400 rows: ") && text.contains("no alarm"), "{text}");
    write(&at.join("log.npy"), &log);
    let (code, text, said) =
        run(at, &["monitor", "my.detector", "log.npy", "--state", "my.monitor", "--fail-on-alarm"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(text.starts_with("800 rows, 400 of them new: ") && text.contains("ALARM at row "), "{text}");
    // At once it is the same.
    let whole = out(at, &["monitor", "my.detector", "log.npy"]);
    assert_eq!(whole.lines().nth(1), text.lines().nth(1));
    let (_, piped, _) = piped(at, &["monitor", "my.detector", "-"], fs::read(at.join("log.npy")).unwrap());
    // As rows come: the alarm is told before the rest of them is seen.
    let swapped: Vec<&str> = whole.lines().rev().collect();
    assert_eq!(piped.lines().collect::<Vec<_>>(), swapped);
    // Another log, a shorter one, another bet, another detector.
    let mut other = log.clone();
    other.swap((799, 0), (0, 0));
    write(&at.join("log.npy"), &other);
    let (_, _, said) = run(at, &["monitor", "my.detector", "log.npy", "--state", "my.monitor"]);
    assert!(said.contains("found another score in row 799"), "{said}");
    write(&at.join("log.npy"), &id);
    let refused =
        |more: &[&str]| refusal(at, &[&["monitor", "my.detector", "log.npy", "--state", "my.monitor"], more].concat());
    assert!(refused(&[]).contains("found 400 rows, expected the 800 rows seen before"));
    assert!(refused(&["--by", "jumper"]).contains("found a bet by mixture, expected jumper"));
    out(at, &["calibrate", "run", "--score", "max_logit", "--false-alarms", "5%", "--out", "my.detector"]);
    assert!(refused(&[]).contains("found the bet of another detector"));
}

/// A producer that never ends: what has come is looked at.
#[test]
fn a_pipe_is_watched_as_its_rows_come() {
    let root = detector_and_rows();
    let at = root.path();
    let mut rows = Vec::new();
    noise(400, 4, 91).mapv(|value| value * 0.3).write_npy(&mut rows).unwrap();
    // The header says that there are ten times as many.
    let place = rows.windows(5).position(|bytes| bytes == b"(400,").unwrap();
    rows.splice(place..place + 5, *b"(4000,");
    let end = rows.iter().position(|byte| *byte == b'\n').unwrap();
    assert_eq!(rows.remove(end - 1), b' ', "the header is as long as before");
    for more in [&["-q"][..], &["--fail-on-alarm"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_oodbench"))
            .args([&["monitor", "my.detector", "-"], more].concat())
            .current_dir(at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&rows).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with("ALARM at row "), "{first}");
        if more == ["--fail-on-alarm"] {
            assert_eq!(child.wait().unwrap().code(), Some(1));
            assert!(lines.next().unwrap().unwrap().contains(" rows: the bet stands at "));
        }
        drop(pipe);
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(if more == ["-q"] { 2 } else { 1 }));
    }
    // No rows are no batch that has passed.
    let mut none = Vec::new();
    Array2::<f32>::zeros((0, 4)).write_npy(&mut none).unwrap();
    let (code, _, said) = piped(at, &["apply", "my.detector", "-", "--fail-above", "5%"], none);
    assert!(code == Some(2) && said.contains("found no rows, expected at least one row"), "{said}");
}

#[test]
fn what_a_decision_costs_is_measured() {
    let root = detector_and_rows();
    let text = out(root.path(), &["latency", "--detector", "my.detector", "--rounds", "5"]);
    assert!(text.starts_with("mps of run") && text.contains("a decision takes "), "{text}");
    let json: Value = serde_json::from_str(&out(
        root.path(),
        &["latency", "--detector", "my.detector", "--rounds", "5", "--format", "json"],
    ))
    .unwrap();
    assert!(json["decide_p50"].as_f64().unwrap() > 0.0 && json["score_p50"].as_f64().unwrap() > 0.0, "{json}");
}
