//! Two files of one number per row, one of ID rows and one of an OOD set, as Lee's, ODIN's and Macêdo's programs and many others keep them.
//!
//! ```text
//! svhn/confidence_Base_In.txt  svhn/confidence_Base_Out.txt    the score Base on the set svhn; ODIN's lines are temperature, magnitude, score
//! in_scores.txt  out_scores.txt
//! resnet_in_energy_score.npy  resnet_out_svhn_energy_score.npy
//! ```
//! A file of OOD rows belongs to that of ID rows with which it has the most words in common, in their order. The last of these is the score's name, what only the OOD
//! file has is the set's. The ID rows of all sets of a score have to be the same numbers, else each set is a run of its own.

use std::path::{Path, PathBuf};

use super::imported::{Imported, Reader, files};
use crate::dump::error::DumpError;
use crate::dump::format::{file, npy};
use crate::dump::layout::Taken;
use crate::dump::layout::listing::file_name;
use crate::dump::meta::RunInfo;
use crate::rows::array::shape_text;
use crate::rows::{ArrayKind, Matrix, Role, Split};

pub(super) const READER: Reader = Reader {
    title: "pairs of score files (confidence_X_In.txt, confidence_X_Out.txt; a_in_x_score.npy, a_out_x_score.npy)",
    read,
};

const IN: &[&str] = &["in", "id", "ind"];
const OUT: &[&str] = &["out", "ood"];
/// They say that a file holds scores, and nothing of which.
const SCORES: &[&str] = &["score", "scores", "confidence", "confidences", "conf"];
/// No file of text is longer: 2³² bytes.
const MOST_BYTES: u64 = 1 << 32;

/// A file of scores and the words of its name that say neither side.
struct Scores {
    path: PathBuf,
    words: Vec<String>,
}

fn read(place: &Path) -> Result<Vec<Imported>, DumpError> {
    if !place.is_dir() {
        return Ok(Vec::new());
    }
    let (mut id, mut ood) = (Vec::new(), Vec::new());
    for path in files(place)? {
        let is_read = path.extension().is_some_and(|ending| ending == "txt" || ending == "npy");
        let below = path.strip_prefix(place).unwrap_or(&path).with_extension("");
        let below = below.to_string_lossy().into_owned();
        let words: Vec<&str> = below.split(['_', '-', '.', '/', '\\', ' ']).filter(|word| !word.is_empty()).collect();
        let is = |known: &[&str], word: &&str| known.contains(&word.to_lowercase().as_str());
        let has = |known: &[&str]| words.iter().any(|word| is(known, word));
        if !is_read || !has(SCORES) || has(IN) == has(OUT) {
            continue;
        }
        let rest = words.iter().filter(|word| !is(IN, word) && !is(OUT, word) && !is(SCORES, word));
        let found = Scores { words: rest.map(ToString::to_string).collect(), path: path.clone() };
        if has(IN) { id.push(found) } else { ood.push(found) }
    }
    let mut runs: Vec<Imported> = Vec::new();
    let mut left_out = Vec::new();
    for out in ood {
        let own = id.iter().filter(|own| is_within(&own.words, &out.words)).max_by_key(|own| own.words.len());
        let Some(own) = own else {
            left_out.push(format!("{}: no file of ID rows has these words", out.path.display()));
            continue;
        };
        add(&mut runs, place, own, &out)?;
    }
    if let Some(first) = runs.first_mut() {
        first.left_out = left_out;
    }
    Ok(runs)
}

/// Whether all words of one name stand in the other, in their order.
fn is_within(words: &[String], others: &[String]) -> bool {
    let mut others = others.iter();
    words.iter().all(|word| others.any(|other| other == word))
}

/// Adds a pair to the run whose ID rows have the same numbers, or to a new one.
fn add(runs: &mut Vec<Imported>, place: &Path, own: &Scores, out: &Scores) -> Result<(), DumpError> {
    let score = own.words.last().cloned().unwrap_or_else(|| "own".to_owned());
    // What only the OOD file has; else the folder that both are in.
    let mut left = out.words.clone();
    for word in &own.words {
        if let Some(at) = left.iter().position(|other| other == word) {
            left.remove(at);
        }
    }
    let above = own.words.len().saturating_sub(1);
    let set = match (left.is_empty(), above) {
        (false, _) => left.join("_"),
        (true, 0) => "out".to_owned(),
        (true, above) => own.words[..above].join("_"),
    };
    let kind = ArrayKind::Score(score.clone());
    let (id_values, ood_values) = (numbers(&own.path)?, numbers(&out.path)?);
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let fits = |run: &Imported| {
        let same = run.splits.iter().find(|split| split.role == Role::Test).and_then(|split| split.matrix(&kind)).map(
            |matrix| {
                let rows = matrix.block(0..matrix.rows()).to_f64();
                bits(rows.as_slice().unwrap_or_default()) == bits(&id_values)
            },
        );
        let role = Role::Ood { group: None, name: set.clone() };
        let has_it = run.splits.iter().any(|split| split.role == role && split.matrix(&kind).is_some());
        let rows = |wanted: &Role| run.splits.iter().find(|split| split.role == *wanted).map(|split| split.rows);
        let rows_fit = |wanted: &Role, values: &[f64]| rows(wanted).is_none_or(|rows| rows == values.len());
        !has_it && same.unwrap_or(true) && rows_fit(&Role::Test, &id_values) && rows_fit(&role, &ood_values)
    };
    let at = match runs.iter().position(fits) {
        Some(at) => at,
        None => {
            let info = RunInfo { name: name(runs, place, &set, &score), ..RunInfo::default() };
            runs.push(Imported { info, splits: Vec::new(), taken: Vec::new(), left_out: Vec::new() });
            runs.len() - 1
        }
    };
    let run = &mut runs[at];
    let role = Role::Ood { group: None, name: set };
    for (role, path, values, why) in [
        (Role::Test, &own.path, id_values, "ID rows by its name"),
        (role, &out.path, ood_values, "OOD rows by its name"),
    ] {
        let found = run.splits.iter().position(|split| split.role == role);
        let split = match found {
            Some(at) => run.splits.remove(at),
            None => Split::new(role.clone(), path),
        };
        let is_there = split.matrix(&kind).is_some();
        let split = if is_there { split } else { split.with(kind.clone(), Matrix::column(path, values)?)? };
        run.splits.push(split);
        if !is_there {
            let from = path.strip_prefix(place).unwrap_or(path).display().to_string();
            run.taken.push(Taken { what: format!("{role}/{}", kind.file_stem()), from, why: why.to_owned() });
        }
    }
    run.splits.sort_by(|one, other| one.role.cmp(&other.role));
    Ok(())
}

/// The name of the next run: that of the folder, of further runs those of their first set and score, with a number where there is a run of that name.
fn name(runs: &[Imported], place: &Path, set: &str, score: &str) -> String {
    if runs.is_empty() {
        return file_name(&place.canonicalize().unwrap_or_else(|_| place.to_owned()));
    }
    let name = format!("{set}-{score}");
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let is_free = |name: &String| runs.iter().all(|run| run.info.name != *name);
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

/// One number per row: of lines of several (ODIN's `temperature, magnitude, score`) the last.
fn numbers(path: &Path) -> Result<Vec<f64>, DumpError> {
    let wrong =
        |found: String, remedy: &'static str| DumpError::malformed(path, found, "one finite number per row", remedy);
    let values: Vec<f64> = if path.extension().is_some_and(|ending| ending == "npy") {
        let array = npy::open(path)?;
        if !matches!(array.shape[..], [_] | [_, 1]) {
            return Err(wrong(format!("shape {}", shape_text(&array.shape)), "save the scores alone"));
        }
        array.numbers().collect()
    } else {
        let text = file::text(path, MOST_BYTES)?;
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let number = |(line, at): (&str, usize)| {
            let last = line.split([',', ' ', '\t']).rfind(|field| !field.is_empty()).unwrap_or_default();
            last.trim().parse::<f64>().map_err(|_| {
                let shown: String = last.chars().take(40).collect();
                wrong(format!("{} in line {at}", crate::printable::line(&format!("{shown:?}"))), "write the file again")
            })
        };
        lines.map(number).collect::<Result<_, _>>()?
    };
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(wrong(format!("{} at row {row}", values[row]), "take these rows out, or compute them again")),
        None if values.is_empty() => {
            Err(wrong("no numbers".to_owned(), "remove the file if its program left it empty"))
        }
        None => Ok(values),
    }
}
