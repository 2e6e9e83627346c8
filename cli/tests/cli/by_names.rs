//! Dumps that are laid out in none of the known ways: a table in one command, and what was taken for what.

use std::fs;
use std::process::Output;

use super::common::{fixture, oodbench};

fn run(layout: &str, arguments: &[&str]) -> (i32, String, String) {
    let place = fixture("formats/layouts").join(layout);
    let Output { status, stdout, stderr } = oodbench(place.parent().unwrap()).args(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn two_files_of_pytorch_are_a_table_in_one_command() {
    let (code, table, said) = run("two_files", &["score", "two_files"]);
    assert_eq!(code, 0, "{said}");
    assert!(table.contains("two_files") && table.contains("AUROC"), "{table}");
    assert!(said.contains("guess:   id/test/logits           val_features.pt[logits]"), "{said}");
    assert!(said.contains("--layout FILE overrides it"), "{said}");
    let (_, quiet_table, said) = run("two_files", &["score", "two_files", "-q"]);
    assert_eq!((quiet_table, said.as_str()), (table, ""));
    // One file with everything.
    let (code, table, said) = run("one_file", &["score", "one_file/all.safetensors", "--score", "energy"]);
    assert!(code == 0 && table.contains("svhn") && table.contains("lsun"), "{table}{said}");
}

#[test]
fn inspect_says_what_was_taken_for_what_and_why() {
    let (code, facts, _) = run("two_files", &["inspect", "two_files"]);
    assert_eq!(code, 0);
    let why = "val_features.pt[logits] (\"val\" in its name, and no name says test or id)";
    let line = facts.lines().find(|line| line.trim_start().starts_with("id/test/logits")).unwrap_or_default();
    assert!(facts.contains("taken for") && line.ends_with(why), "{facts}");
}

/// Features of CLIP's images and texts: logits are their products.
#[test]
fn a_trio_of_clip_is_scored() {
    let (code, table, said) = run("clip", &["score", "clip", "--score", "max_logit,msp"]);
    assert!(code == 0 && table.contains("max_logit") && table.contains("mps"), "{table}{said}");
    assert!(said.contains("guess:   head/weight              text_features.pt"), "{said}");
    let (code, table, said) = run("clip", &["score", "clip", "--score", "mcm"]);
    assert!(code == 0 && table.contains("mcm") && said.contains("guess:   head/text "), "{table}{said}");
}

#[test]
fn a_layout_file_overrides_names() {
    let layout = ["--layout", "vim/layout.toml"];
    let (code, table, said) = run("vim", &[&["score", "vim", "--score", "energy,residual"][..], &layout].concat());
    assert!(code == 0 && table.contains("texture") && !said.contains("guess"), "{table}{said}");
    let (_, facts, _) = run("vim", &[&["inspect", "vim"][..], &layout].concat());
    assert!(facts.contains("fc.pkl[0] (named in vim/layout.toml)"), "{facts}");
    let (code, _, said) = run("vim", &["score", "vim"]);
    assert!(code == 2 && said.lines().count() == 1 && said.contains("found no run"), "{said}");
    let (code, _, said) = run("vim", &["score", "vim", "--layout", "vim/none.toml"]);
    assert!(code == 2 && said.lines().count() == 1 && said.contains("none.toml"), "{said}");
}

/// The same arrays in Arrow and in packed Parquet: the score of every row and the facts are those of the dump in plain Parquet.
#[test]
fn splits_in_arrow_are_scored_as_those_in_parquet() {
    let columns = fixture("formats/columns");
    let of = |test: &str, ood: &str, ending: &str| {
        let folder = tempfile::tempdir().unwrap();
        for (from, to) in [(test, "id/test"), (ood, "ood/svhn")] {
            let to = folder.path().join(format!("run/{to}.{ending}"));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(columns.join(from), to).unwrap();
        }
        let out = |arguments: &[&str]| {
            let Output { status, stdout, stderr } = oodbench(folder.path()).args(arguments).output().unwrap();
            assert!(status.success(), "{ending}: {}", String::from_utf8_lossy(&stderr));
            String::from_utf8(stdout).unwrap()
        };
        let facts = out(&["inspect", "run"]);
        out(&["score", "run", "-q", "--score", "energy,max_logit", "--out", "out"]);
        (facts, fs::read(folder.path().join("out/scores.parquet")).unwrap())
    };
    let expected = of("lists_none.parquet", "wide_none.parquet", "parquet");
    assert!(expected.0.contains("(7, 5)") && expected.0.contains("f32"), "{}", expected.0);
    for (test, ood, ending) in [
        ("lists_uncompressed.feather", "wide_lz4.feather", "feather"),
        ("lists_zstd.feather", "wide_uncompressed.feather", "arrow"),
        ("lists_zstd.parquet", "wide_gzip.parquet", "parquet"),
    ] {
        let found = of(test, ood, ending);
        assert_eq!(found.0, expected.0, "{test}");
        assert!(found.1 == expected.1, "{test}");
    }
}
