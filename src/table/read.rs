//! Records read back from CSV, JSON or Parquet, and refused where they do not belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::field::Content;
use super::files::FileRecords;
use super::record::{Key, MeanOver, Record, SCHEMA};
use super::{csv, openood_csv, results_csv};
use crate::dump::DumpError;
use crate::dump::format::file;
use crate::metric::registry::find;
use crate::printable::line;
use crate::rows::RowsError;

/// Records that cannot be read, or not together.
#[derive(Debug, thiserror::Error)]
#[error("{}: found {found}, expected {expected}; {remedy}", path.display())]
pub struct RecordsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub found: String,
    /// What would be right.
    pub expected: String,
    /// What to do.
    pub remedy: String,
}

/// Found, expected, remedy.
type Wrong = (String, String, &'static str);

const SCORE_AGAIN: &str = "score the dump again with this version";

/// Reads the records of some files, in the order of the files, means included. The format is told by the content: Parquet, a JSON array, a CSV of OpenOOD's
/// leaderboard ([`openood_csv`]), else CSV.
///
/// # Errors
/// [`RecordsError`] for a file of another format or schema, for two records of one value, and for records of several conventions: versions,
/// levels of intervals, metrics that are not of their procedure, percentages.
pub fn read<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Record>, RecordsError> {
    Ok(files(paths, false)?.into_iter().flat_map(|file| file.records).collect())
}

/// The records of single runs and their means over OOD sets, file by file. Means over seeds are left out: two files may each have one of a training of the
/// same name. Runs of one name in two files are two runs if they were made from other data, and the later one gets the name of its file.
///
/// # Errors
/// As [`read`].
pub fn read_each<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<FileRecords>, RecordsError> {
    files(paths, true)
}

fn files<P: AsRef<Path>>(paths: &[P], without_seeds: bool) -> Result<Vec<FileRecords>, RecordsError> {
    let mut all: Vec<FileRecords> = Vec::new();
    let mut together = Together::default();
    let mut runs: BTreeMap<String, String> = BTreeMap::new();
    for path in paths {
        let path = path.as_ref();
        let refuse = |(found, expected, remedy): Wrong| RecordsError {
            path: path.to_owned(),
            // Names in a damaged file may hold anything, and the message is one line.
            found: line(&found).into_owned(),
            expected,
            remedy: remedy.to_owned(),
        };
        let mut records = read_one(path).map_err(refuse)?;
        let is_over_seeds = |record: &Record| matches!(record.mean_over, Some(MeanOver::Seeds | MeanOver::OodAndSeeds));
        records.retain(|record| !(without_seeds && is_over_seeds(record)));
        if without_seeds {
            tell_apart(&mut records, &mut runs, path);
        }
        records.iter().try_for_each(|record| together.check(record)).map_err(refuse)?;
        all.push(FileRecords { file: path.display().to_string(), records });
    }
    Ok(all)
}

/// Gives runs a name of their own that were made from other data than the runs of this name, of other files, which are in `runs`.
fn tell_apart(records: &mut [Record], runs: &mut BTreeMap<String, String>, path: &Path) {
    let mut own = BTreeMap::new();
    for record in records {
        let Some(data) = &record.data else { continue };
        if runs.get(&record.run).is_some_and(|other| other != data) {
            record.run = format!("{} ({})", record.run, path.display());
        }
        own.insert(record.run.clone(), data.clone());
    }
    runs.extend(own);
}

fn read_one(path: &Path) -> Result<Vec<Record>, Wrong> {
    let unreadable =
        |found: String| (found, "records as CSV, JSON or Parquet".to_owned(), "name a file that `score --out` wrote");
    let bytes = file::bytes(path).map_err(|error| match error {
        DumpError::Rows(RowsError::Malformed { found, .. }) => unreadable(found),
        DumpError::File(error) => unreadable(format!("a file that cannot be read ({})", error.reason)),
        other => unreadable(other.to_string()),
    })?;
    if bytes.starts_with(b"PAR1") {
        #[cfg(feature = "parquet")]
        return of_columns(super::parquet::read(bytes).map_err(|error| unreadable(error.to_string()))?);
        #[cfg(not(feature = "parquet"))]
        return Err(("Parquet".to_owned(), "CSV or JSON".to_owned(), "build oodbench with the feature `parquet`"));
    }
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => {
            let rows: Vec<serde_json::Value> = serde_json::from_slice(&bytes)
                .map_err(|error| unreadable(format!("JSON that breaks off or is no array ({error})")))?;
            let of_row = |row: serde_json::Value| {
                let schema = row.get("schema");
                if schema.and_then(serde_json::Value::as_u64) != Some(SCHEMA) {
                    return Err(other_schema(schema.map(ToString::to_string)));
                }
                let fields = row.as_object().map_or(0, serde_json::Map::len);
                let record = serde_json::from_value(row)
                    .map_err(|error| (error.to_string(), "the fields of a record".to_owned(), SCORE_AGAIN))?;
                if fields < Record::FIELDS.len() {
                    let found = format!("a record of {fields} fields");
                    return Err((found, format!("{}, missing values as null", Record::FIELDS.len()), SCORE_AGAIN));
                }
                Ok(record)
            };
            rows.into_iter().map(of_row).collect()
        }
        _ if openood_csv::recognises(&bytes) => {
            let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
            let expected = "a CSV of OpenOOD's leaderboard".to_owned();
            openood_csv::read(&bytes, &stem).map_err(|found| (found, expected, "write the file again"))
        }
        _ if results_csv::recognises(&bytes) => {
            let expected = "a table of results of OpenOOD or of Macêdo's program".to_owned();
            results_csv::read(&bytes, path).map_err(|found| (found, expected, "write the file again"))
        }
        _ => of_columns(csv::read(&bytes).map_err(unreadable)?),
    }
}

fn other_schema(found: Option<String>) -> Wrong {
    let found =
        found.map_or_else(|| "records without a schema version".to_owned(), |found| format!("schema version {found}"));
    (found, SCHEMA.to_string(), SCORE_AGAIN)
}

/// The records of columns, all of one length.
fn of_columns(columns: Vec<(String, Vec<Content>)>) -> Result<Vec<Record>, Wrong> {
    let rows = columns.first().map_or(0, |(_, contents)| contents.len());
    let mut by_name: BTreeMap<String, std::vec::IntoIter<Content>> = BTreeMap::new();
    let schema = columns.iter().find(|(name, _)| name == "schema").ok_or_else(|| other_schema(None))?;
    if let Some(other) = schema.1.iter().find(|content| **content != Content::Integer(Some(SCHEMA))) {
        return Err(other_schema(Some(match other {
            Content::Integer(Some(number)) => number.to_string(),
            other => format!("{other:?}"),
        })));
    }
    let fields = || "the fields of a record".to_owned();
    for (name, contents) in columns {
        if !Record::FIELDS.iter().any(|(own, _)| *own == name) {
            return Err((format!("a column {name:?}"), fields(), SCORE_AGAIN));
        }
        // A value that is not finite would be taken for one that is missing without a reason.
        let is_number = |content: &Content| !matches!(content, Content::Float(Some(number)) if !number.is_finite());
        if let Some(row) = contents.iter().position(|content| !is_number(content)) {
            let found = format!("NaN or infinity as {name} in record {}", row + 1);
            return Err((found, "finite numbers, and nothing where there is no value".to_owned(), SCORE_AGAIN));
        }
        if contents.len() != rows || by_name.insert(name.clone(), contents.into_iter()).is_some() {
            return Err((format!("column {name:?} twice or of another length"), fields(), SCORE_AGAIN));
        }
    }
    if let Some((absent, _)) = Record::FIELDS.iter().find(|(name, _)| !by_name.contains_key(*name)) {
        return Err((format!("no column {absent:?}"), fields(), SCORE_AGAIN));
    }
    let record = |number: usize| {
        let next = |name: &str| by_name.get_mut(name).and_then(Iterator::next).unwrap_or(Content::Text(None));
        Record::from_contents(next).map_err(|field| {
            (format!("no valid {field} in record {}", number + 1), "one in every record".to_owned(), SCORE_AGAIN)
        })
    };
    (0..rows).map(record).collect()
}

/// What the records read so far have in common.
#[derive(Default)]
struct Together {
    values: BTreeSet<Key>,
    version: Option<String>,
    level: Option<f64>,
}

impl Together {
    fn check(&mut self, record: &Record) -> Result<(), Wrong> {
        let Record { run, score, procedure, metric, .. } = record;
        if !self.values.insert(record.key()) {
            let found = format!("a second record of {run}, {}, {score}, {procedure} {metric}", record.set());
            return Err((found, "one".to_owned(), "read a file once, and give runs different names in run.toml"));
        }
        let version = self.version.get_or_insert_with(|| record.version.clone());
        if *version != record.version {
            let found = format!("records of oodbench {version} and {}", record.version);
            return Err((found, "one version".to_owned(), "score all dumps with one version"));
        }
        if let Some(own) = record.level {
            let level = *self.level.get_or_insert(own);
            if level != own {
                let found = format!("intervals of {} % and of {} %", level * 100.0, own * 100.0);
                return Err((found, "one level".to_owned(), "score all dumps with one --level"));
            }
        }
        let Some(known) = find(procedure).and_then(|known| known.metric(metric)) else {
            let found = format!("metric {metric:?} of procedure {procedure:?}");
            return Err((found, "a metric of its procedure".to_owned(), "`oodbench explain lee` lists those of lee"));
        };
        let (least, greatest) = known.range;
        let values = [record.value, record.low, record.high];
        if let Some(value) = values.into_iter().flatten().find(|value| !(least..=greatest).contains(value)) {
            let found = format!("{value} in a record of {metric}");
            let expected = match known.range {
                (0.0, 1.0) => "fractions between 0 and 1".to_owned(),
                (least, greatest) => format!("values between {least} and {greatest}"),
            };
            return Err((found, expected, "divide percentages by 100"));
        }
        // No standard deviation is larger than the range.
        let std = record.std.map(|std| std / (greatest - least));
        let fractions = [record.level, record.tied_share, std];
        if let Some(value) = fractions.into_iter().flatten().find(|value| !(0.0..=1.0).contains(value)) {
            let found = format!("{value} in a record of {metric}");
            return Err((found, "fractions between 0 and 1".to_owned(), "divide percentages by 100"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two people call a run `seed1`.
    #[test]
    fn runs_of_other_data_are_told_apart_by_their_files() {
        let of = |data: &str| Record { run: "seed1".to_owned(), data: Some(data.to_owned()), ..Record::default() };
        let mut runs = BTreeMap::new();
        let mut names = |data: [&str; 2], file: &str| {
            let mut records = data.map(of);
            tell_apart(&mut records, &mut runs, Path::new(file));
            records.map(|record| record.run)
        };
        assert_eq!(names(["a", "a"], "alice.csv"), ["seed1", "seed1"]);
        assert_eq!(names(["b", "b"], "bob.csv"), ["seed1 (bob.csv)", "seed1 (bob.csv)"]);
        // A file that is read twice stays so, and is refused for it.
        assert_eq!(names(["a", "a"], "copy.csv"), ["seed1", "seed1"]);
    }
}
