//! The CSV files of OpenOOD's leaderboard: read as records, and written from records.
//!
//! ```text
//! Training,Postprocessor,Near-OOD_AUROC,Far-OOD_AUROC,ID_Accuracy,Outlier_Data,Arch,Additional_Description
//! CrossEntropy,SCALE,82.55 ± 0.36,86.39 ± 1.86,95.06 ± 0.30,No,ResNet18,100 epochs
//! ```
//!
//! | column | field of a record |
//! |---|---|
//! | `Training` | `loss`, and the beginning of `run` |
//! | `Postprocessor` | `score` |
//! | `Near-OOD_AUROC`, `Far-OOD_AUROC` | `value` and `std` of the sets `near-OOD` and `far-OOD` of groups `near` and `far`, procedure `openood`, metric `auroc`; `/` is missing |
//! | `Arch`, `Additional_Description` | `model`, and the end of `run` |
//! | `ID_Accuracy`, `Outlier_Data` | not read; written as `/`: records do not know them |
//!
//! A file names its in-distribution set by its name alone: `cifar10.csv`, `imagenet200_ood.csv`, `imagenet1k_fsood.csv` (full spectrum). OpenOOD's standard deviations
//! divide by n: they are read as they are printed, and written so. Values are means over the sets of a group, and over seeds where there is a `±`; how many, the file
//! does not say.

use std::collections::{BTreeMap, BTreeSet};

use super::means::with_means;
use super::record::{MeanOver, Record};
use crate::stats::spread::Ddof;

/// How such a file begins.
const HEADER: [&str; 8] = [
    "Training",
    "Postprocessor",
    "Near-OOD_AUROC",
    "Far-OOD_AUROC",
    "ID_Accuracy",
    "Outlier_Data",
    "Arch",
    "Additional_Description",
];

/// Groups of OOD sets, and the sets that stand for their means.
const GROUPS: [(&str, &str); 2] = [("near", "near-OOD"), ("far", "far-OOD")];

/// What stands where there is no value.
const NONE: &str = "/";

/// Whether the content of a file is such a table.
#[must_use]
pub fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.starts_with(b"Training,Postprocessor,")
}

/// The records of such a table, those of near OOD and far OOD row by row; `stem` is the name of its file without `.csv`.
///
/// ```
/// let row = "CrossEntropy,SCALE,82.55 ± 0.36,/,95.06 ± 0.30,No,ResNet18,100 epochs";
/// let table = format!("Training,Postprocessor,Near-OOD_AUROC,Far-OOD_AUROC,ID_Accuracy,Outlier_Data,Arch,Additional_Description\n{row}\n");
/// let records = oodbench::table::openood_csv::read(table.as_bytes(), "cifar10")?;
/// assert_eq!((records[0].run.as_str(), records[0].set()), ("CrossEntropy ResNet18, 100 epochs", "near/near-OOD".to_owned()));
/// assert_eq!((records[0].value, records[0].std, records[1].value), (Some(0.8255), Some(0.0036), None));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8], stem: &str) -> Result<Vec<Record>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut columns = BTreeMap::new();
    for wanted in HEADER {
        // Of the columns behind the values some may be missing.
        let place = names.iter().position(|name| name.trim() == wanted);
        columns.insert(wanted, place);
    }
    for needed in &HEADER[..4] {
        if columns[needed].is_none() {
            return Err(format!("no column {needed:?} of OpenOOD's leaderboard"));
        }
    }
    let in_distribution = match (stem.strip_suffix("_fsood"), stem.strip_suffix("_ood")) {
        (Some(set), _) => format!("{set}, full spectrum"),
        (None, set) => set.unwrap_or(stem).to_owned(),
    };
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let field = |name: &str| columns[name].and_then(|place| row.get(place)).map_or("", str::trim);
        let (training, arch, about) = (field(HEADER[0]), field(HEADER[6]), field(HEADER[7]));
        let words = [training, arch].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let run = [words.as_str(), about].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        for ((group, set), name) in GROUPS.into_iter().zip(&HEADER[2..4]) {
            let cell = cell(field(name)).ok_or_else(|| {
                format!(
                    "{:?} in column {name} of line {line}, which is no percentage with or without ± behind",
                    field(name)
                )
            })?;
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            records.push(Record {
                run: run.clone(),
                in_distribution: Some(in_distribution.clone()),
                ood: set.to_owned(),
                group: Some(group.to_owned()),
                score: field(HEADER[1]).to_owned(),
                procedure: "openood".to_owned(),
                metric: "auroc".to_owned(),
                value: cell.map(|(value, _)| value),
                std: cell.and_then(|(_, std)| std),
                missing: cell.is_none().then(|| "the leaderboard has no value".to_owned()),
                model: some(arch),
                loss: some(training),
                ..Record::default()
            });
        }
    }
    Ok(records)
}

/// A percentage and what stands behind `±`, as fractions; none inside where there is no value, none for anything else.
fn cell(text: &str) -> Option<Option<(f64, Option<f64>)>> {
    if text.is_empty() || text == NONE || text == "-" {
        return Some(None);
    }
    // A decimal fraction moved by two places is rounded once.
    let fraction = |text: &str| format!("{}e-2", text.trim()).parse::<f64>().ok().filter(|number| number.is_finite());
    Some(Some(match text.split_once('±') {
        Some((value, std)) => (fraction(value)?, Some(fraction(std)?)),
        None => (fraction(text)?, None),
    }))
}

/// Records that cannot be written as such a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WriteError {
    /// There are none of the metric of the leaderboard on such sets.
    #[error(
        "found no openood auroc on OOD sets of group near or far, expected some; put OOD sets into ood/near/ and ood/far/, or name groups in run.toml"
    )]
    NoGroups,
    /// There are several in-distribution sets, which are files of their own.
    #[error("found in-distribution sets {0}, expected one; choose one with --in-distribution")]
    Several(String),
    /// There is no such in-distribution set.
    #[error("found in-distribution sets {found}, expected {wanted}; correct the name")]
    Unknown {
        /// Those there are.
        found: String,
        /// The one asked for.
        wanted: String,
    },
}

/// A line for every score of runs that differ by seed, and of every other run: means over the sets of near and far, ± over seeds (ddof = 0), of one in-distribution set,
/// which has to be named where the records have several.
///
/// # Errors
/// [`WriteError`].
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn write(records: &[Record], in_distribution: Option<&str>) -> Result<Vec<u8>, WriteError> {
    let named = |record: &Record| record.in_distribution.clone().unwrap_or_else(|| "in-distribution".to_owned());
    let mut sets: Vec<String> = Vec::new();
    for set in records.iter().map(named) {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    let found = || sets.join("; ");
    let set = match (in_distribution, &sets[..]) {
        (Some(wanted), _) if sets.iter().any(|set| set == wanted) => wanted,
        (Some(wanted), _) => return Err(WriteError::Unknown { found: found(), wanted: wanted.to_owned() }),
        (None, [set]) => set,
        (None, []) => return Err(WriteError::NoGroups),
        (None, _) => return Err(WriteError::Several(found())),
    };
    let is_own = |record: &Record| named(record) == set && record.procedure == "openood" && record.metric == "auroc";
    let own: Vec<Record> = records.iter().filter(|record| is_own(record)).cloned().collect();
    let all = with_means(&own);
    let rows = rows(&all);
    if rows.is_empty() {
        return Err(WriteError::NoGroups);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut put = |fields: [&str; 8]| writer.write_record(fields).expect("memory takes every row of eight fields");
    put(HEADER);
    for row in rows {
        let [near, far] = row.cells;
        let text = |record: Option<&Record>| record.map_or_else(|| NONE.to_owned(), shown);
        let (training, arch) = (row.first.loss.as_deref().unwrap_or(NONE), row.first.model.as_deref().unwrap_or(NONE));
        // What somebody else computed has its own name there.
        let score = row.first.score.strip_prefix("scores@").unwrap_or(&row.first.score);
        put([training, score, &text(near), &text(far), NONE, NONE, arch, &row.about]);
    }
    Ok(writer.into_inner().expect("memory takes every byte"))
}

/// A line of the table.
struct Row<'r> {
    first: &'r Record,
    cells: [Option<&'r Record>; 2],
    about: String,
}

/// The rows of records and their means, in the order of the records.
fn rows(all: &[Record]) -> Vec<Row<'_>> {
    // Runs of several seeds stand as one.
    let is_over_seeds = |record: &Record| matches!(record.mean_over, Some(MeanOver::Seeds | MeanOver::OodAndSeeds));
    let key = |record: &Record| (record.model.clone(), record.loss.clone(), record.score.clone());
    let several: Vec<_> = all.iter().filter(|record| is_over_seeds(record)).map(key).collect();
    let is_over_ood = |record: &Record| matches!(record.mean_over, Some(MeanOver::Ood | MeanOver::OodAndSeeds));
    let groups: BTreeSet<Option<&str>> =
        all.iter().filter(|record| !is_over_ood(record)).map(|record| record.group.as_deref()).collect();
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (number, (group, _)) in GROUPS.into_iter().enumerate() {
        // Where there are no others, the mean over all sets is that of the group.
        let is_all = groups.iter().all(|own| *own == Some(group));
        let is_of_group = |record: &&Record| match record.group.as_deref() {
            Some(own) => own == group,
            None => is_all && is_over_ood(record),
        };
        for record in all.iter().filter(is_of_group) {
            if !is_over_seeds(record) && record.family().is_some() && several.contains(&key(record)) {
                continue;
            }
            let same = |row: &Row<'_>| row.first.run == record.run && row.first.score == record.score;
            let place = rows.iter().position(same).unwrap_or_else(|| {
                let about = match (is_over_seeds(record), record.members) {
                    (true, Some(seeds)) => format!("{seeds} seeds"),
                    _ => record.run.clone(),
                };
                rows.push(Row { first: record, cells: [None, None], about });
                rows.len() - 1
            });
            // The mean of several sets stands behind these.
            rows[place].cells[number] = Some(record);
        }
    }
    rows
}

/// A value as the leaderboard prints it.
fn shown(record: &Record) -> String {
    let Some(value) = record.value else { return NONE.to_owned() };
    let std = record.std.map(|std| record.members.map_or(std, |members| Ddof::Zero.of_sample(std, members)));
    match std {
        Some(std) => format!("{:.2} ± {:.2}", value * 100.0, std * 100.0),
        None => format!("{:.2}", value * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of the leaderboard of 2025-07-19 (zjysteven/OpenOOD 28d3a40).
    const LINES: &str =
        "Training,Postprocessor,Near-OOD_AUROC,Far-OOD_AUROC,ID_Accuracy,Outlier_Data,Arch,Additional_Description
CrossEntropy,MSP,88.03 ± 0.25,90.73 ± 0.43,95.06 ± 0.30,No,ResNet18,100 epochs
RotPred + PixMix,RotPred,94.86 ± 0.14,98.18 ± 0.14,95.91 ± 0.25,No,ResNet18,100 epochs
CIDER,KNN,90.71 ± 0.16,94.71 ± 0.36,/,No,ResNet18,100 epochs
CrossEntropy,OpenMax,74.77,89.26,76.18,No,ResNet50,torchvision ckpt
";

    #[test]
    fn what_is_read_is_written_again() {
        let records = read(LINES.as_bytes(), "cifar10").unwrap();
        assert_eq!(records.len(), 8);
        assert_eq!((records[0].value, records[0].std), (Some(0.8803), Some(0.0025)));
        assert_eq!((records[6].value, records[6].std), (Some(0.7477), None));
        let written = String::from_utf8(write(&records, None).unwrap()).unwrap();
        for (theirs, ours) in LINES.lines().zip(written.lines()) {
            let fields = |line: &str| line.split(',').take(4).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(fields(theirs), fields(ours));
        }
        assert_eq!(written.lines().count(), 5);
    }

    #[test]
    fn the_name_of_the_file_is_the_set() {
        let set = |stem| read(LINES.as_bytes(), stem).unwrap()[0].in_distribution.clone().unwrap();
        assert_eq!(set("imagenet1k_fsood"), "imagenet1k, full spectrum");
        assert_eq!([set("imagenet1k_ood"), set("cifar100")], ["imagenet1k", "cifar100"]);
    }

    #[test]
    fn means_over_seeds_and_sets_are_lines() {
        let record = |seed: u64, set: (&str, &str), value: f64| Record {
            run: format!("run{seed}"),
            in_distribution: Some("cifar10".to_owned()),
            ood: set.1.to_owned(),
            group: Some(set.0.to_owned()),
            score: "knn".to_owned(),
            procedure: "openood".to_owned(),
            metric: "auroc".to_owned(),
            value: Some(value),
            model: Some("ResNet18".to_owned()),
            loss: Some("SoftMax".to_owned()),
            seed: Some(seed),
            data: Some(seed.to_string()),
            ..Record::default()
        };
        let of_seed = |seed: u64, by: f64| {
            [(("near", "a"), 0.8), (("near", "b"), 0.9), (("far", "c"), 0.95)]
                .map(|(set, value)| record(seed, set, value + by))
        };
        let records = [of_seed(0, 0.0), of_seed(1, 0.01), of_seed(2, 0.02)].concat();
        let written = String::from_utf8(write(&records, Some("cifar10")).unwrap()).unwrap();
        // √(2/3) points with ddof 0.
        let expected = "SoftMax,knn,86.00 ± 0.82,96.00 ± 0.82,/,/,ResNet18,3 seeds";
        assert_eq!(written.lines().collect::<Vec<_>>()[1..], [expected]);
        let of_near: Vec<Record> = records.iter().filter(|one| one.group.as_deref() == Some("near")).cloned().collect();
        let written = String::from_utf8(write(&of_near, None).unwrap()).unwrap();
        assert_eq!(written.lines().collect::<Vec<_>>()[1..], ["SoftMax,knn,86.00 ± 0.82,/,/,/,ResNet18,3 seeds"]);
        // A single run has no spread.
        let written = String::from_utf8(write(&records[..3], None).unwrap()).unwrap();
        assert_eq!(written.lines().collect::<Vec<_>>()[1..], ["SoftMax,knn,85.00,95.00,/,/,ResNet18,run0"]);
    }

    #[test]
    fn what_is_no_such_table_is_refused() {
        for (from, to, expected) in [
            ("88.03 ± 0.25", "88.03 +- 0.25", "\"88.03 +- 0.25\" in column Near-OOD_AUROC of line 2"),
            ("74.77", "nan", "\"nan\" in column Near-OOD_AUROC of line 5"),
            ("Far-OOD_AUROC", "Far", "no column \"Far-OOD_AUROC\""),
            (",No,ResNet50", ",ResNet50", "CSV error"),
        ] {
            let error = read(LINES.replace(from, to).as_bytes(), "cifar10").unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(write(&[], None), Err(WriteError::NoGroups));
        let two = [read(LINES.as_bytes(), "a").unwrap(), read(LINES.as_bytes(), "b").unwrap()].concat();
        assert_eq!(write(&two, None), Err(WriteError::Several("a; b".to_owned())));
        assert!(write(&two, Some("a")).is_ok() && write(&two, Some("c")).is_err());
    }
}
