//! What lies in a dump and is no part of its layout is named; what may lie anywhere is not.

use std::fs;
use std::path::Path;

use ndarray::Array2;
use oodbench::dump::{Dump, layout::discover};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::common::write;

fn run(folder: &Path) {
    for split in ["id/test", "ood/a"] {
        write(&folder.join(split).join("logits.npy"), &(Array2::<f32>::eye(4) * 3.0));
    }
}

fn warnings(folder: &Path) -> String {
    Dump::open(&discover(folder).unwrap()[0]).unwrap().warnings.join("\n")
}

#[test]
fn each_is_named_with_what_was_meant() {
    let cases = [
        ("ood/b_logit.npy", "ood/b_logit.npy (did you mean b_logits.npy?)"),
        ("id/Train/logits.npy", "id/Train (did you mean train?)"),
        ("id/vall_logits.npy", "id/vall_*"),
        ("id/test/feature_s.npy", "id/test/feature_s.npy"),
        ("id/test/label.npy", "id/test/label.npy (did you mean labels.npy?)"),
        ("ood/a/features.h5", "ood/a/features.h5 (an array is read from .npy, .npz"),
        ("ood/a/scores.npy", "ood/a/scores.npy (ready scores: save them as logits.npy of shape (n, 1)"),
        ("ood/a/features", "ood/a/features (it holds what a .npy file holds: rename it to features.npy)"),
        ("head/bias.npy", "head/bias.npy (no weight.npy beside it)"),
        ("head/weights.npy", "head/weights.npy (did you mean weight.npy?)"),
        ("OOD/b/logits.npy", "OOD (did you mean ood?)"),
        ("run.tml", "run.tml (did you mean run.toml?)"),
        ("head/distance_scales.npy", "head/distance_scales.npy (did you mean distance_scale.npy?)"),
        ("test/logits.npy", "test"),
        ("logits.npy", "logits.npy"),
    ];
    for (file, message) in cases {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path());
        write(&folder.path().join(file), &(Array2::<f32>::eye(4) * 3.0));
        let warnings = warnings(folder.path());
        assert!(
            warnings.contains(&format!("left out, since it is not part of the layout: {message}")),
            "{file}: {warnings}"
        );
        assert_eq!(warnings.lines().count(), 1, "{warnings}");
    }
}

#[test]
fn what_may_lie_there_is_not_named() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    for file in [
        "README.md",
        "id/README",
        "ood/a/.DS_Store",
        "ood/._a_logits.npy",
        "id/test/._logits.npy",
        "head/.hidden",
        "notes.txt",
        "results/records.json",
        "weights.safetensors",
        "roc.svg",
        "ood/Thumbs.db",
    ] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    assert_eq!(warnings(folder.path()), "");
}

/// Sets are called what they are called: only files may be READMEs.
#[test]
fn a_set_that_begins_like_a_readme_is_read() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    for file in ["ood/readme_texts/logits.npy", "ood/README_logits.npy"] {
        write(&folder.path().join(file), &(Array2::<f32>::eye(4) * 3.0));
    }
    fs::write(folder.path().join("ood/readme.txt"), "x").unwrap();
    let dump = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap();
    let roles: Vec<String> = dump.splits.iter().map(|split| split.role.to_string()).collect();
    assert_eq!(roles, ["id/test", "ood/README", "ood/a", "ood/readme_texts"]);
    assert_eq!(dump.warnings, [""; 0]);
}

#[test]
fn a_folder_beside_runs_that_was_meant_to_be_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    ["s1", "s3"].iter().for_each(|name| run(&folder.path().join(name)));
    write(&folder.path().join("s2/ID/test/logits.npy"), &Array2::<f32>::eye(4));
    fs::create_dir_all(folder.path().join("plots/ideas")).unwrap();
    let warnings: Vec<Vec<String>> =
        discover(folder.path()).unwrap().iter().map(|files| Dump::open(files).unwrap().warnings).collect();
    let expected = format!(
        "{}: left out, since it is not part of the layout: s2 (no run: it holds ID (did you mean id?)); `oodbench explain layout` shows what is",
        folder.path().display()
    );
    assert_eq!(warnings, [vec![expected], vec![]]);
}

#[test]
fn where_something_is_missing_what_lies_there_is_named() {
    let refused = |file: &str, message: &str| {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path());
        let place = folder.path().join(file);
        fs::remove_dir_all(folder.path().join("id/test")).unwrap();
        write(&place, &(Array2::<f32>::eye(4) * 3.0));
        let error = discover(folder.path()).unwrap_err().to_string();
        assert!(error.contains(message) && !error.contains('\n'), "{error}");
    };
    refused("id/Test/logits.npy", "id/test: missing, expected the in-distribution test split");
    refused("id/Test/logits.npy", "(Test (did you mean test?) is there and is not part of the layout)");
    refused("id/test/logit.npy", "logit.npy (did you mean logits.npy?) is there");
    refused("id/test/output.h5", "output.h5 (an array is read from .npy");

    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("ID/test/logits.npy"), &(Array2::<f32>::eye(4) * 3.0));
    let error = discover(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found no run (ID (did you mean id?))"), "{error}");
}

#[test]
fn a_shard_beyond_all_numbers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    let rows = Array2::<f32>::eye(4) * 3.0;
    for shard in ["0", "1", "18446744073709551616"] {
        write(&folder.path().join(format!("ood/b/logits-{shard}.npy")), &rows);
    }
    let error = discover(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found a shard number that is too large, expected shard 2 next"), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_not_utf_8_are_shown_with_replacements() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    for name in [&b"ood/caf\xe9/logits.npy"[..], b"ood/th\xe9_logits.npy"] {
        write(&folder.path().join(OsStr::from_bytes(name)), &(Array2::<f32>::eye(4) * 3.0));
    }
    let files = discover(folder.path()).unwrap().remove(0);
    let names: Vec<String> = files.splits.iter().map(|split| split.role.to_string()).collect();
    assert_eq!(names, ["id/test", "ood/a", "ood/caf\u{fffd}", "ood/th\u{fffd}"]);
    assert_eq!(Dump::open(&files).unwrap().ood().count(), 3);
}

#[test]
fn an_archive_of_other_names_is_told_how_to_be_saved() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    fs::remove_dir_all(folder.path().join("id/test")).unwrap();
    let parts = folder.path().join("parts");
    write(&parts.join("out.npy"), &(Array2::<f32>::eye(4) * 3.0));
    write(&parts.join("emb.npy"), &Array2::<f32>::zeros((4, 9)));
    ndarray_npy::write_npy(parts.join("y.npy"), &ndarray::Array1::<i64>::zeros(4)).unwrap();
    let mut zip = ZipWriter::new(fs::File::create(folder.path().join("id/test.npz")).unwrap());
    for name in ["out.npy", "emb.npy", "y.npy"] {
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        std::io::Write::write_all(&mut zip, &fs::read(parts.join(name)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    let error = discover(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("id/test.npz: found arrays emb, out, y, expected arrays named logits, features or labels"),
        "{error}"
    );
    assert!(error.contains("numpy.savez('test.npz', logits=a['out'], features=a['emb'], labels=a['y'])"), "{error}");
}

/// What no score reads stops nobody; who reads it is told what is wrong with it.
#[test]
fn labels_that_cannot_be_used_stop_only_scores_that_need_them() {
    use oodbench::eval::{Plan, Selection};
    use oodbench::progress::Silent;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path());
    write(&folder.path().join("id/train/features.npy"), &Array2::<f32>::eye(6));
    write(&folder.path().join("id/train/labels.npy"), &Array2::<f32>::ones((6, 4)));
    ndarray_npy::write_npy(folder.path().join("id/test/labels.npy"), &ndarray::Array1::<i64>::zeros(3)).unwrap();
    for split in ["id/test", "ood/a"] {
        write(&folder.path().join(split).join("features.npy"), &Array2::<f32>::zeros((4, 6)));
    }
    let files = discover(folder.path()).unwrap();
    let plan = |score: &str| {
        let selection = Selection::new(&[score.to_owned()], &[]).unwrap();
        Plan::each(files.iter().map(|files| (files, &selection)), &Silent).map(|plans| plans[0].dump.warnings.clone())
    };
    let warnings = plan("mds").unwrap().join("\n");
    assert!(warnings.contains("labels left out:") && warnings.contains("id/train/labels.npy"), "{warnings}");
    assert!(warnings.contains("id/test/labels.npy: found 3 rows, expected 4"), "{warnings}");
    let error = plan("mahalanobis").unwrap_err().to_string();
    assert!(error.contains("id/train/labels.npy: found shape (6, 4), several classes per row"), "{error}");
}
