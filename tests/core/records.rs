//! Records are written, read back and averaged.

use std::path::{Path, PathBuf};

use oodbench::metric::{PROCEDURES, lee};
use oodbench::report;
use oodbench::table::means::{Seeds, missing_sets};
use oodbench::table::read::read;
use oodbench::table::{Comparison, MeanOver, Record, csv, with_means};
use proptest::prelude::*;

/// Names that some format or some spreadsheet makes something else of.
fn name() -> impl Strategy<Value = String> {
    const AWKWARD: [&str; 19] = [
        "", "=cmd()", "'=cmd()", "''", "+1", "-1", "@a", "\ta", "\ra", "a,b", "\"", "a\"b", "a\nb", "\r\n", "|", "Ω≠é",
        "null", "NaN", " ",
    ];
    prop_oneof![3 => prop::sample::select(&AWKWARD[..]).prop_map(str::to_owned), 2 => any::<String>()]
}

/// Every fraction there is, and what is none.
fn fraction() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(f64::INFINITY)),
        prop::sample::select(vec![0.0, -0.0, 1.0, f64::MIN_POSITIVE, 5e-324, 1.0 - f64::EPSILON / 2.0, 1e-300])
            .prop_map(Some),
        (0.0..=1.0).prop_map(Some),
        (0..0x3ff0_0000_0000_0000_u64).prop_map(|bits| Some(f64::from_bits(bits))),
    ]
}

fn record(number: usize) -> impl Strategy<Value = Record> {
    let texts = (name(), name(), prop::option::of(name()), prop::option::of(name()), prop::option::of(name()));
    let more = (prop::option::of(name()), prop::option::of(name()), prop::option::of(name()), prop::option::of(name()));
    let numbers = (fraction(), fraction(), fraction(), fraction(), fraction());
    let whole = (prop::option::of(0..=i64::MAX as u64), prop::option::of(0..=i64::MAX as u64));
    let over =
        prop::sample::select(vec![None, Some(MeanOver::Ood), Some(MeanOver::Seeds), Some(MeanOver::OodAndSeeds)]);
    let metric = prop::sample::select(
        PROCEDURES.iter().flat_map(|p| p.metrics.iter().map(|m| (p.id, m.id))).collect::<Vec<_>>(),
    );
    (texts, more, numbers, whole, over, metric).prop_map(move |(texts, more, numbers, whole, over, metric)| Record {
        // No two records of one value.
        run: format!("{}{number}", texts.0),
        ood: texts.1,
        in_distribution: texts.2,
        group: texts.3,
        model: texts.4,
        loss: more.0,
        missing: more.1,
        parameters: more.2,
        data: more.3,
        value: numbers.0,
        low: numbers.1,
        high: numbers.2,
        std: numbers.3,
        tied_share: numbers.4,
        seed: whole.0,
        members: whole.1,
        mean_over: over,
        procedure: metric.0.to_owned(),
        metric: metric.1.to_owned(),
        score: "=score".to_owned(),
        ..Record::default()
    })
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    (0..6_usize).prop_flat_map(|count| (0..count).map(record).collect::<Vec<_>>())
}

/// The record as every format gives it back: what is not finite is missing. Bits, because −0 equals 0.
fn bits(record: &Record) -> (Record, Vec<Option<u64>>) {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let floats = [record.value, record.low, record.high, record.level, record.std, record.tied_share].map(finite);
    let [value, low, high, level, std, tied_share] = floats;
    let record = Record { value, low, high, level, std, tied_share, ..record.clone() };
    (record, floats.iter().map(|value| value.map(f64::to_bits)).collect())
}

fn written(folder: &Path, records: &[Record]) -> Vec<PathBuf> {
    let mut files = vec![
        (folder.join("records.csv"), csv::write(records).unwrap()),
        (folder.join("records.json"), report::json::rows(records).unwrap().into_bytes()),
    ];
    #[cfg(feature = "parquet")]
    files.push((folder.join("records.parquet"), report::parquet::records(Vec::new(), records).unwrap()));
    files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    files.into_iter().map(|(path, _)| path).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_gives_the_same_records_back(records in records()) {
        let folder = tempfile::tempdir().unwrap();
        for path in written(folder.path(), &records) {
            let found = read(&[&path]);
            let found = found.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(found.iter().map(bits).collect::<Vec<_>>(), records.iter().map(bits).collect::<Vec<_>>(), "{}", path.display());
        }
    }

    /// Whatever a file holds, it is read or refused in one line.
    #[test]
    fn a_damaged_file_is_refused_in_one_line(records in records(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        for path in written(folder.path(), &records) {
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = read(&[&path]) {
                let text = error.to_string();
                prop_assert!(text.contains("expected") && text.lines().count() == 1, "{text}");
            }
        }
    }
}

fn one(run: &str, ood: &str, seed: u64, value: f64) -> Record {
    Record {
        run: run.to_owned(),
        ood: ood.to_owned(),
        score: "mds".to_owned(),
        procedure: "lee".to_owned(),
        metric: "auroc".to_owned(),
        value: Some(value),
        model: Some("m".to_owned()),
        loss: Some("IsoMax+".to_owned()),
        seed: Some(seed),
        data: Some(format!("data of {run}")),
        ..Record::default()
    }
}

fn refusal(records: &[Record]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.json");
    std::fs::write(&path, report::json::rows(records).unwrap()).unwrap();
    read(&[&path]).unwrap_err().to_string().replace(&format!("{}: ", path.display()), "")
}

#[test]
fn a_name_with_a_line_break_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.json");
    std::fs::write(&path, "[{\"schema\": 3, \"me\\n_over\": null}]").unwrap();
    let text = read(&[&path]).unwrap_err().to_string();
    assert!(text.contains(r"unknown field `me\n_over`") && text.lines().count() == 1, "{text}");
    assert_eq!(refusal(&[one("a\nb", "far", 1, 0.5), one("a\nb", "far", 1, 0.5)]).lines().count(), 1);
}

#[test]
fn records_that_do_not_belong_together_are_refused() {
    let good = one("r1", "far", 1, 0.5);
    let with = |change: fn(&mut Record)| {
        let mut other = one("r2", "far", 2, 0.5);
        change(&mut other);
        refusal(&[good.clone(), other])
    };
    assert!(
        refusal(&[good.clone(), good.clone()])
            .starts_with("found a second record of r1, far, mds, lee auroc, expected one;")
    );
    assert!(with(|r| r.schema = 2).starts_with("found schema version 2, expected 3;"));
    assert!(with(|r| r.version = "0.0.1".to_owned()).contains("and 0.0.1, expected one version;"));
    assert!(
        with(|r| r.metric = "fpr_at_tpr95_ood_positive".to_owned())
            .contains("of procedure \"lee\", expected a metric of its")
    );
    let percent: [fn(&mut Record); 6] = [
        |r| r.value = Some(50.0),
        |r| r.low = Some(50.0),
        |r| r.high = Some(50.0),
        |r| r.std = Some(50.0),
        |r| r.level = Some(50.0),
        |r| r.tied_share = Some(50.0),
    ];
    for set in percent {
        assert!(with(set).starts_with("found 50 in a record of auroc, expected fractions between 0 and 1;"));
    }
    // A set `a/b` and a set `b` of group `a` have one name in every table.
    let named = |ood: &str, group: Option<&str>| Record { group: group.map(str::to_owned), ..one("r1", ood, 1, 0.5) };
    assert!(refusal(&[named("a/b", None), named("b", Some("a"))]).starts_with("found a second record of r1, a/b,"));
    let mut levels = [good.clone(), one("r2", "far", 2, 0.5)];
    levels[0].level = Some(0.95);
    levels[1].level = Some(0.9);
    assert!(refusal(&levels).starts_with("found intervals of 95 % and of 90 %, expected one level;"));
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.csv");
    std::fs::write(&old, "run,in_distribution,ood,group,score,procedure,metric,value\na,,b,,mds,lee,auroc,0.5\n")
        .unwrap();
    let text = read(&[&old]).unwrap_err().to_string();
    assert!(text.contains("found records without a schema version, expected 3; score the dump again"), "{text}");
}

/// Elsewhere a NaN would pass for a missing value.
#[test]
fn csv_with_a_value_that_is_not_finite_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.csv");
    let text = String::from_utf8(oodbench::table::csv::write(&[one("r1", "far", 1, 0.5)]).unwrap()).unwrap();
    for bad in ["nan", "inf", "-inf"] {
        std::fs::write(&path, text.replace(",0.5,", &format!(",{bad},"))).unwrap();
        let error = read(&[&path]).unwrap_err().to_string();
        assert!(error.contains("found NaN or infinity as value in record 1, expected finite numbers"), "{error}");
    }
}

/// A JSON record that lacks a field is one of another program, not one with a missing value.
#[test]
fn json_without_a_field_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.json");
    let mut rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(&report::json::rows(&[one("r1", "far", 1, 0.5)]).unwrap()).unwrap();
    rows[0].remove("seed");
    std::fs::write(&path, serde_json::to_string(&rows).unwrap()).unwrap();
    let text = read(&[&path]).unwrap_err().to_string();
    assert!(text.contains("a record of") && text.contains("missing values as null"), "{text}");
}

/// A whole number of a record that a 64-bit integer column cannot hold.
#[cfg(feature = "parquet")]
#[test]
fn parquet_refuses_numbers_beyond_its_integers() {
    let text = report::parquet::records(Vec::new(), &[one("r1", "far", 1 << 63, 0.5)]).unwrap_err().to_string();
    assert!(text.contains("9223372036854775808"), "{text}");
}

fn mean<'r>(all: &'r [Record], over: MeanOver, run: &str, ood: &str) -> &'r Record {
    let is = |r: &&Record| r.mean_over == Some(over) && r.run == run && r.ood == ood;
    let found: Vec<&Record> = all.iter().filter(is).collect();
    assert_eq!(found.len(), 1, "{over:?} {run} {ood} in {all:#?}");
    found[0]
}

/// 0.5, 0.7 and 0.9: mean 0.7, deviation √((0.04 + 0 + 0.04)/2) = 0.2.
#[test]
fn means_are_over_sets_and_over_seeds() {
    let mut records = Vec::new();
    for (seed, value) in [(1, 0.5), (2, 0.7), (3, 0.9)] {
        records.push(one(&format!("r{seed}"), "near", seed, value));
        records.push(one(&format!("r{seed}"), "far", seed, value - 0.25));
    }
    let all = with_means(&records);
    let near = mean(&all, MeanOver::Seeds, "m IsoMax+ (3 seeds)", "near");
    assert!((near.value.unwrap() - 0.7).abs() < 1e-12 && (near.std.unwrap() - 0.2).abs() < 1e-12);
    assert_eq!((near.members, near.seed, near.data.as_ref()), (Some(3), None, None));
    assert_eq!(mean(&all, MeanOver::Ood, "r1", "mean of 2").value, Some(0.375));
    let both = mean(&all, MeanOver::OodAndSeeds, "m IsoMax+ (3 seeds)", "mean of 2");
    assert!((both.value.unwrap() - 0.575).abs() < 1e-12 && (both.std.unwrap() - 0.2).abs() < 1e-12);
    // 6 values, 3 means over sets, 2 + 1 over seeds; making them again makes them once.
    assert_eq!((all.len(), with_means(&all).len()), (12, 12));
}

#[test]
fn a_seed_twice_and_arrays_twice_are_no_spread() {
    let run = |name: &str, seed: u64, value: f64| one(name, "far", seed, value);
    let mut copy = run("copy", 4, 0.7);
    copy.data = Some("data of r2".to_owned());
    let records = [run("r1", 1, 0.5), run("again", 1, 0.9), run("r2", 2, 0.7), copy];
    let seeds = Seeds::of(&records);
    assert_eq!(seeds.remarks.len(), 2, "{:?}", seeds.remarks);
    assert!(seeds.remarks[0].contains("r1 and again are both m IsoMax+, seed 1"), "{:?}", seeds.remarks);
    assert!(seeds.remarks[1].contains("r2 and copy hold the same logits"), "{:?}", seeds.remarks);
    let all = with_means(&records);
    assert_eq!(mean(&all, MeanOver::Seeds, "m IsoMax+ (2 seeds)", "far").value, Some(0.6));
    // One seed and its copy have no spread at all.
    assert!(with_means(&records[2..]).iter().all(|record| record.std.is_none()));
}

#[test]
fn a_set_that_a_seed_lacks_is_missing_and_the_seed_stays() {
    let records = vec![one("r1", "near", 1, 0.5), one("r1", "far", 1, 0.75), one("r2", "near", 2, 0.7)];
    let mut complete = records.clone();
    complete.extend(missing_sets(&records));
    let table = Comparison::of_records(&complete, &lee::PROCEDURE).remove(0);
    let labels: Vec<(&str, Vec<&str>)> =
        table.blocks.iter().map(|b| (&*b.label, b.rows.iter().map(|row| &*row.run).collect())).collect();
    assert_eq!(labels, [("near", vec!["r1", "r2"]), ("far", vec!["r1", "r2"]), ("mean of 2", vec!["r1", "r2"])]);
    let auroc = |block: usize, row: usize| table.blocks[block].rows[row].cells[1].value;
    assert_eq!((auroc(1, 1), auroc(2, 0), auroc(2, 1)), (None, Some(0.625), None));
    let of_seeds: Vec<(&str, &str)> = table.seed_blocks.iter().map(|b| (&*b.label, &*b.rows[0].run)).collect();
    let some = "m IsoMax+ (1 of 2 seeds)";
    assert_eq!(of_seeds, [("near", "m IsoMax+ (2 seeds)"), ("far", some), ("mean of 2", some)]);
    assert_eq!(table.missing.len(), 2);
    assert_eq!(table.missing[0], "r2 on far: the run has no ood/far (mds)");
}

/// A mark on the best seed would say nothing of the loss or the score.
#[test]
fn the_best_seed_is_not_marked() {
    let mut records = vec![one("r1", "far", 1, 0.5), one("r2", "far", 2, 0.9)];
    let mut other = one("single", "far", 0, 0.8);
    other.seed = None;
    records.push(other);
    let best = |records: &[Record]| {
        let table = Comparison::of_records(records, &lee::PROCEDURE).remove(0);
        table.blocks[0].rows.iter().map(|row| row.cells[1].best).collect::<Vec<_>>()
    };
    // 0.8 against a mean of 0.7; then against one of 0.85.
    assert_eq!(best(&records), [false, false, true]);
    records[0].value = Some(0.8);
    assert_eq!(best(&records), [false, false, false]);
}
