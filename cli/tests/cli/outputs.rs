//! Files and folders that commands write: links, devices, kills, leftovers.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{layered_run, noise, oodbench, small_run, write, write_labels};

/// What `score --out` writes.
const FILES: [&str; 5] = ["provenance.json", "records.csv", "records.json", "records.parquet", "scores.parquet"];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn stderr(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    std::process::Command::new(assert_cmd::cargo::cargo_bin("oodbench"))
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn score_says_what_it_wrote_and_a_second_run_replaces_all_of_it() {
    let root = tempfile::tempdir().unwrap();
    layered_run(&root.path().join("run"));
    write_labels(&root.path().join("run/id/val/labels.npy"), &(0..35).map(|row| row % 4).collect::<Vec<_>>());
    let arguments = ["score", "run", "--score", "knn", "--set", "knn.k=5", "--tune", "--out", "deep/out"];
    let (code, said) = stderr(root.path(), &arguments);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("wrote to deep/out: {}, search.json\n", FILES.join(", "))), "{said}");
    // What was searched is not of the second run.
    let (code, _) = stderr(root.path(), &["score", "run", "--score", "mds", "--out", "deep/out", "-q"]);
    assert_eq!(code, Some(0));
    assert_eq!(names(&root.path().join("deep/out")), FILES);
    assert_eq!(names(&root.path().join("deep")), ["out"]);
}

#[test]
fn an_error_leaves_no_folder_and_no_file() {
    let root = tempfile::tempdir().unwrap();
    small_run(&root.path().join("run"));
    // More neighbours than rows: found when the score is fitted, after the output was begun.
    for arguments in [
        &["score", "run", "--score", "knn", "--set", "knn.k=45", "--out", "deep/out"][..],
        &["fit", "run", "--score", "knn", "--set", "knn.k=45", "--out", "deep/run.fit"],
        &["plot", "run", "--hist", "knn", "--set", "knn.k=45", "--out", "deep/plots"],
    ] {
        assert_eq!(stderr(root.path(), arguments).0, Some(2), "{arguments:?}");
        assert_eq!(names(root.path()), ["run"], "{arguments:?}");
    }
}

#[test]
fn a_folder_that_cannot_hold_the_files_is_refused_before_the_work() {
    let root = tempfile::tempdir().unwrap();
    small_run(&root.path().join("run"));
    File::create(root.path().join("taken")).unwrap();
    fs::create_dir_all(root.path().join("out/records.csv")).unwrap();
    let (code, said) = stderr(root.path(), &["score", "run", "--score", "mds", "--out", "taken"]);
    assert_eq!(code, Some(2));
    assert!(said.ends_with("error: taken: cannot be written: found a file, expected a folder or nothing\n"), "{said}");
    let (code, said) = stderr(root.path(), &["score", "run", "--score", "mds", "--out", "out"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("records.csv: found no regular file"), "{said}");
    let (code, said) = stderr(root.path(), &["fit", "run", "--score", "cosine", "--out", "out"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("out: cannot be written: found a folder, expected a file"), "{said}");
}

#[test]
fn leftovers_of_killed_programs_go() {
    let root = tempfile::tempdir().unwrap();
    small_run(&root.path().join("run"));
    fs::create_dir_all(root.path().join("out")).unwrap();
    for left in [".oodbench-out-1.tmp", ".oodbench-run.fit-99-1.tmp", "out/.oodbench-records.csv-77.tmp"] {
        File::create(root.path().join(left)).unwrap();
    }
    assert_eq!(stderr(root.path(), &["score", "run", "--score", "mds", "--out", "out", "-q"]).0, Some(0));
    assert_eq!(names(root.path()), ["out", "run"]);
    assert_eq!(names(&root.path().join("out")), FILES);
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, symlink};

    #[test]
    fn fits_go_through_links_and_to_devices_and_replace_neither() {
        let root = tempfile::tempdir().unwrap();
        small_run(&root.path().join("run"));
        fs::create_dir(root.path().join("disk")).unwrap();
        symlink("disk", root.path().join("folder")).unwrap();
        symlink("folder/real.fit", root.path().join("link.fit")).unwrap();
        for _ in 0..2 {
            assert_eq!(stderr(root.path(), &["fit", "run", "--score", "cosine", "--out", "link.fit", "-q"]).0, Some(0));
            assert!(root.path().join("link.fit").is_symlink());
        }
        assert_eq!(names(&root.path().join("disk")), ["real.fit"]);
        let plain = ["score", "run", "--score", "cosine", "--format", "json"];
        let fitted = ["score", "run", "--score", "cosine", "--format", "json", "--fit", "link.fit"];
        let value = |arguments: &[&str]| oodbench(root.path()).args(arguments).output().unwrap().stdout;
        assert_eq!(value(&plain), value(&fitted));

        assert_eq!(stderr(root.path(), &["fit", "run", "--score", "cosine", "--out", "/dev/null"]).0, Some(0));
        let (code, said) = stderr(root.path(), &["fit", "run", "--score", "cosine", "--out", "/dev/full"]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("/dev/full: cannot be written"), "{said}");
        assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_fit_on_standard_output_is_all_that_is_there() {
        let root = tempfile::tempdir().unwrap();
        small_run(&root.path().join("run"));
        let output =
            oodbench(root.path()).args(["fit", "run", "--score", "cosine", "--out", "/dev/stdout"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(root.path().join("piped.fit"), output.stdout).unwrap();
        assert_eq!(stderr(root.path(), &["score", "run", "--fit", "piped.fit"]).0, Some(0));
        let json = ["fit", "run", "--score", "cosine", "--out", "/dev/stdout", "--format", "json"];
        let output = oodbench(root.path()).args(json).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout == fs::read(root.path().join("piped.fit")).unwrap(), "{said}");
        // The rest is said behind it.
        let (rows, _) = said.split_once("\n]").unwrap_or_else(|| panic!("{said}"));
        let rows: serde_json::Value = serde_json::from_str(&format!("{rows}\n]")).unwrap();
        assert_eq!(rows[0]["score"], "cosine");
        // A file behind standard output cannot be replaced under the program.
        let shell = std::process::Command::new(assert_cmd::cargo::cargo_bin("oodbench"))
            .current_dir(root.path())
            .args(["fit", "run", "--score", "cosine", "--out", "/dev/stdout"])
            .stdout(File::create(root.path().join("redirected")).unwrap())
            .output()
            .unwrap();
        assert_eq!(shell.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&shell.stderr).contains("this program's own output"));
    }

    #[test]
    fn killed_at_any_moment_the_files_are_of_one_run() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("run");
        for (split, seed) in [("id/test", 1), ("ood/a", 2)] {
            write(&run.join(split).join("logits.npy"), &noise(3000, 4, seed));
        }
        let rename = |name: &str| fs::write(run.join("run.toml"), format!("name = \"{name}\"")).unwrap();
        let arguments = ["score", "run", "--score", "mds,energy", "--out", "out", "-q"];
        rename("first");
        let start = Instant::now();
        assert!(spawn(root.path(), &arguments).wait().unwrap().success());
        let whole = start.elapsed();
        for step in 0..24_u32 {
            rename(&format!("run{step:02}"));
            let mut child = spawn(root.path(), &arguments);
            std::thread::sleep(whole * (step + 12) / 30);
            let _ = child.kill();
            child.wait().unwrap();
            let out = root.path().join("out");
            assert_eq!(names(&out), FILES);
            let csv = fs::read_to_string(out.join("records.csv")).unwrap();
            let json = fs::read_to_string(out.join("records.json")).unwrap();
            let name = csv.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
            assert!(json.contains(&format!("\"{name}\"")), "{name} in csv, another in json");
            for file in ["scores.parquet", "records.parquet"] {
                let bytes = fs::read(out.join(file)).unwrap();
                assert!(bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{name} is not in {file}");
            }
        }
        // Nothing of the killed ones is left once one was not killed.
        assert!(spawn(root.path(), &arguments).wait().unwrap().success());
        assert_eq!(names(root.path()), ["out", "run"]);
    }

    #[test]
    fn ctrl_c_leaves_nothing_and_says_so() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("run");
        for (split, seed) in [("id/test", 1), ("ood/a", 2)] {
            write(&run.join(split).join("logits.npy"), &noise(200_000, 20, seed));
        }
        let arguments = ["score", "run", "--score", "mds,energy", "--bootstrap", "1000", "--out", "deep/out", "-q"];
        let child = spawn(root.path(), &arguments);
        let begun = Instant::now();
        while !root.path().join("deep").exists() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(signal.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("stopped"));
        assert_eq!(names(root.path()), ["run"]);
    }

    #[test]
    fn a_file_cut_while_it_is_read_is_named() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("run");
        write(&run.join("id/test/logits.npy"), &noise(200_000, 40, 1));
        let cut = run.join("ood/a/logits.npy");
        let mut told = 0;
        for step in 0..12 {
            write(&cut, &noise(200_000, 40, 2));
            let child = spawn(root.path(), &["score", "run", "--score", "mds,energy", "--out", "out", "-q"]);
            std::thread::sleep(Duration::from_millis(20 + 25 * step));
            File::options().write(true).open(&cut).unwrap().set_len(5000).unwrap();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            match output.status.code() {
                // Done before the cut.
                Some(0) => break,
                Some(2) => {
                    assert!(said.contains("run/ood/a/logits.npy: ") && said.lines().count() == 1, "{said}");
                    told += usize::from(said.contains("while it was read"));
                }
                code => panic!("exit code {code:?}: {said}"),
            }
            assert_eq!(names(root.path()), ["run"]);
        }
        assert!(told > 0, "it was never cut in the middle");
    }

    #[test]
    fn pipes_among_the_files_of_a_set_stay() {
        let root = tempfile::tempdir().unwrap();
        small_run(&root.path().join("run"));
        fs::create_dir(root.path().join("out")).unwrap();
        let pipe = root.path().join("out/records.csv");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(stderr(root.path(), &["score", "run", "--score", "mds", "--out", "out"]).0, Some(2));
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }
}
