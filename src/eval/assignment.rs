//! Parameters that a user gives values, on the command line or in a file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::score::registry::{UnknownScore, find};
use crate::score::{ScoreEntry, SettingError};

/// One parameter of a score and its value.
pub struct Assignment {
    /// The score.
    pub entry: &'static ScoreEntry,
    /// The parameter, not yet known to be one.
    pub name: String,
    /// The value as text.
    pub value: String,
}

/// An assignment that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum AssignmentError {
    /// The score is unknown.
    #[error(transparent)]
    Unknown(#[from] UnknownScore),
    /// The text, the parameter or its value does not fit.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not laid out as it should be.
    #[error("{}: found {found}, expected a TOML table of parameters per score, e.g. [energy] and below it temperature = 2", file.display())]
    Layout { file: PathBuf, found: String },
    /// Something in the file does not fit.
    #[error("{}: {error}", file.display())]
    InFile { file: PathBuf, error: Box<AssignmentError> },
}

impl Assignment {
    /// Reads `SCORE.NAME=VALUE`.
    ///
    /// # Errors
    /// [`AssignmentError::Setting`] if it is not of this form, [`AssignmentError::Unknown`] if the score is unknown.
    pub fn parse(text: &str) -> Result<Self, AssignmentError> {
        let syntax = || SettingError::Syntax { text: text.to_owned() };
        let (key, value) = text.split_once('=').ok_or_else(syntax)?;
        let (score, name) = key.split_once('.').ok_or_else(syntax)?;
        Ok(Self { entry: find(score)?, name: name.to_owned(), value: value.to_owned() })
    }

    /// Those of a file, then those written one by one, which overrule it.
    ///
    /// # Errors
    /// As [`Assignment::read`] and [`Assignment::parse`].
    pub fn all(file: Option<&Path>, texts: &[String]) -> Result<Vec<Self>, AssignmentError> {
        let mut all = file.map_or_else(|| Ok(Vec::new()), Self::read)?;
        for text in texts {
            all.push(Self::parse(text)?);
        }
        Ok(all)
    }

    /// Reads a TOML file with a table per score: its id or an alias, parameters as keys.
    ///
    /// ```toml
    /// [energy]
    /// temperature = 2
    ///
    /// [mds]
    /// source = "features"
    /// ```
    ///
    /// The file has to be valid by itself, with names and values that its scores take.
    ///
    /// # Errors
    /// [`AssignmentError`], which names the file.
    pub fn read(file: &Path) -> Result<Vec<Self>, AssignmentError> {
        let text = fs::read_to_string(file).map_err(FileError::reading(file))?;
        let layout = |found: String| AssignmentError::Layout { file: file.to_owned(), found };
        let tables: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            layout(format!("line {}: {message}", before.matches('\n').count() + 1))
        })?;
        let mut all: Vec<Self> = Vec::new();
        for (score, table) in tables {
            let toml::Value::Table(table) = table else { return Err(layout(format!("{score} outside a table"))) };
            let in_file = |error| AssignmentError::InFile { file: file.to_owned(), error: Box::new(error) };
            let entry = find(&score).map_err(|error| in_file(error.into()))?;
            if all.iter().any(|other| other.entry.id == entry.id) {
                return Err(layout(format!("two tables of score {}", entry.id)));
            }
            let mut settings = entry.settings();
            for (name, value) in table {
                let value = plain_text(&value)
                    .ok_or_else(|| layout(format!("{score}.{name}, which is neither number, text nor boolean")))?;
                settings.set(&name, &value).map_err(|error| in_file(error.into()))?;
                all.push(Self { entry, name, value });
            }
            (entry.build)(&settings).map_err(|error| in_file(error.into()))?;
        }
        Ok(all)
    }
}

/// A single value as it would be typed.
fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(&'static str, String, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scores.toml");
        fs::write(&file, text).unwrap();
        let strip = |error: AssignmentError| error.to_string().replace(&format!("{}: ", file.display()), "");
        let all = Assignment::read(&file).map_err(strip)?;
        Ok(all.into_iter().map(|a| (a.entry.id, a.name, a.value)).collect())
    }

    #[test]
    fn tables_become_assignments_whatever_the_type() {
        let found =
            read("[energy]\ntemperature = 2\n[mahalanobis]\nrcond = 1e-12\n[mds]\nsource = \"features\"").unwrap();
        let own = |(score, name, value): (&'static str, &str, &str)| (score, name.to_owned(), value.to_owned());
        let expected =
            [("energy", "temperature", "2"), ("mahalanobis", "rcond", "0.000000000001"), ("mds", "source", "features")];
        assert_eq!(found, expected.map(own));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn unknown_names_get_the_nearest_known_one() {
        assert_eq!(read("[enrgy]\ntemperature = 2").unwrap_err(), "unknown score \"enrgy\"; did you mean energy?");
        let name = read("[energy]\ntemprature = 2").unwrap_err();
        assert_eq!(name, "energy.temprature: unknown parameter; did you mean energy.temperature?");
    }

    #[test]
    fn values_and_layout_are_checked() {
        let value = read("[energy]\ntemperature = -1").unwrap_err();
        assert_eq!(value, "energy.temperature=-1: found \"-1\", expected a finite number above 0");
        for (text, found) in [
            ("temperature = 2", "found temperature outside a table"),
            ("[energy]\ntemperature = [1, 2]", "found energy.temperature, which is neither"),
            ("[mps]\n[energy]\ntemperature =", "found line 3: "),
            ("[energy]\ntemperature = 2\n[ebo]\ntemperature = 3", "found two tables of score energy"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(found), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Assignment::read(Path::new("no/such.toml")).err().unwrap().to_string();
        assert!(error.starts_with("no/such.toml: cannot be read"), "{error}");
    }
}
