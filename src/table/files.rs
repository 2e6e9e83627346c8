//! Records of several files side by side: networks that are called alike in two files need not be seeds of one training.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::record::Record;

/// The records of a file.
#[derive(Clone, Debug)]
pub struct FileRecords {
    /// The file, as it was named.
    pub file: String,
    /// What it holds.
    pub records: Vec<Record>,
}

/// Which trainings of one name in several files are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// All: each file is somebody's own.
    All,
    /// Those whose scores have other parameters in another file.
    OtherParameters,
}

/// The records of all files, in their order. A training that is kept apart has the file's name in its loss, and so in its own; a line each says which.
///
/// ```
/// use oodbench::table::Record;
/// use oodbench::table::files::{Apart, FileRecords, together};
/// let of = |file: &str, seed: u64| {
///     let net = (Some("net".to_owned()), Some("softmax".to_owned()));
///     let record = Record { run: format!("{file}{seed}"), model: net.0, loss: net.1, seed: Some(seed), ..Record::default() };
///     FileRecords { file: format!("records/{file}.csv"), records: vec![record] }
/// };
/// let files = [of("alice", 1), of("bob", 2)];
/// let (records, said) = together(&files, Apart::All);
/// assert_eq!(records[1].family().as_deref(), Some("net softmax (bob.csv)"));
/// assert_eq!(said.len(), 1);
/// // Nothing says that these are two methods.
/// let (records, said) = together(&files, Apart::OtherParameters);
/// assert_eq!((records[1].family().as_deref(), said.len()), (Some("net softmax"), 0));
/// ```
#[must_use]
pub fn together(files: &[FileRecords], apart: Apart) -> (Vec<Record>, Vec<String>) {
    let names = short_names(files);
    // By training the files that have it, and by score its parameters in each.
    let mut found: BTreeMap<Training, BTreeMap<usize, Scores<'_>>> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        for record in file.records.iter().filter(|record| record.mean_over.is_none()) {
            let Some(training) = training(record) else { continue };
            let scores = found.entry(training).or_default().entry(number).or_default();
            scores.entry(&record.score).or_default().insert(record.parameters.as_deref());
        }
    }
    found.retain(|_, files| files.len() > 1 && (apart == Apart::All || differ(files)));
    let renamed = |(number, record): (usize, &Record)| match training(record) {
        Some(training) if found.contains_key(&training) => {
            let loss = record.loss.as_ref().map(|loss| format!("{loss} ")).unwrap_or_default();
            Record { loss: Some(format!("{loss}({})", names[number])), ..record.clone() }
        }
        _ => record.clone(),
    };
    let all = files.iter().enumerate().flat_map(|(number, file)| file.records.iter().map(move |one| (number, one)));
    let records = all.map(renamed).collect();
    let said = found.iter().map(|((_, family), files)| {
        let files: Vec<&str> = files.keys().map(|number| names[*number].as_str()).collect();
        let why = if apart == Apart::All { "" } else { " with other parameters of its scores" };
        format!(
            "{family} is in {}{why}: taken as {} trainings, none a seed of another; put records of one training into one file",
            files.join(", "),
            files.len()
        )
    });
    (records, said.collect())
}

/// An in-distribution set and the name of those trained on it.
type Training = (Option<String>, String);

fn training(record: &Record) -> Option<Training> {
    Some((record.in_distribution.clone(), record.family()?))
}

/// The parameters of each score in a file.
type Scores<'r> = BTreeMap<&'r str, BTreeSet<Option<&'r str>>>;

/// Whether a score has other parameters in one file than in another.
fn differ(files: &BTreeMap<usize, Scores<'_>>) -> bool {
    let all = || files.values().flatten();
    all().any(|(score, own)| all().any(|(other, parameters)| score == other && own != parameters))
}

/// The files without the folders that all of them are in.
fn short_names(files: &[FileRecords]) -> Vec<String> {
    let parts = |file: &FileRecords| -> Vec<String> {
        Path::new(&file.file).components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let all: Vec<Vec<String>> = files.iter().map(parts).collect();
    let is_common = |place: usize| {
        all.iter().all(|parts| place + 1 < parts.len() && Some(&parts[place]) == all.first().map(|first| &first[place]))
    };
    let common = (0..all.first().map_or(0, Vec::len)).take_while(|place| is_common(*place)).count();
    all.iter().map(|parts| parts[common..].join("/")).collect()
}
