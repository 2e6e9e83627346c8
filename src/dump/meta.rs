//! `run.toml`: what a run is called and how it was trained. Everything in it is optional.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::DumpError;
use super::format::entry::printable;
use super::format::file;
use crate::rows::HeadKind;
use crate::suggestion::nearest;

/// The loss a network was trained with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub enum Loss {
    /// Linear head, softmax, cross-entropy.
    Softmax,
    /// Isotropy maximisation loss.
    Isomax,
    /// Enhanced isotropy maximisation loss.
    IsomaxPlus,
    /// Any other, as written.
    Other(String),
}

impl Loss {
    /// Whether its logits are negative distances to prototypes: the paper's two, and DisMax with any parameters.
    #[must_use]
    pub fn is_of_distances(&self) -> bool {
        match self {
            Self::Isomax | Self::IsomaxPlus => true,
            Self::Softmax => false,
            Self::Other(name) => name.split('(').next().is_some_and(|name| name.eq_ignore_ascii_case("dismax")),
        }
    }
}

impl From<String> for Loss {
    fn from(name: String) -> Self {
        match name.to_lowercase().replace(['_', ' '], "-").as_str() {
            "softmax" | "cross-entropy" | "ce" => Self::Softmax,
            "isomax" => Self::Isomax,
            "isomax-plus" | "isomax+" | "isomaxplus" => Self::IsomaxPlus,
            _ => Self::Other(name),
        }
    }
}

impl From<Loss> for String {
    /// As `run.toml` has it.
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Softmax => "softmax".to_owned(),
            Loss::Isomax => "isomax".to_owned(),
            Loss::IsomaxPlus => "isomax-plus".to_owned(),
            Loss::Other(name) => name,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Softmax => "SoftMax",
            Self::Isomax => "IsoMax",
            Self::IsomaxPlus => "IsoMax+",
            Self::Other(name) => name,
        })
    }
}

/// The keys of `run.toml`: a misspelt one would be no seed or no loss, in silence.
const KEYS: [&str; 10] =
    ["name", "model", "loss", "in_distribution", "seed", "head", "lower", "groups", "members", "note"];

/// What `run.toml` says, with the folder's name where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct RunInfo {
    /// The run's name in tables.
    #[serde(default)]
    pub name: String,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The training loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// The in-distribution data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_distribution: Option<String>,
    /// The training seed; runs that differ by it alone are averaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The kind of the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadKind>,
    /// Scores in files `scores@<name>` that are lower on in-distribution rows: one name, or a list of names.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_several")]
    pub lower: Vec<String>,
    /// OOD sets by group, where their folders are in none: `groups = { near = ["cifar100"], far = ["svhn"] }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<String>>,
    /// Folders of runs, from this one, that are the members of an ensemble; the folder then holds no arrays of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "at_least_one")]
    pub members: Vec<PathBuf>,
    /// Anything worth knowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A list of folders, and not an empty one.
fn at_least_one<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    let members = Vec::<PathBuf>::deserialize(deserializer)?;
    if members.is_empty() { Err(serde::de::Error::invalid_length(0, &"folders of runs")) } else { Ok(members) }
}

/// A name, or a list of names.
fn one_or_several<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    })
}

/// What is wrong with a file of TOML, with its line.
pub(super) fn damaged(path: &Path, text: &str, error: &toml::de::Error) -> DumpError {
    let message = error.message().lines().next().unwrap_or_default();
    // The last one: what was found may hold the same words.
    let (found, expected) = match message.strip_prefix("expected ") {
        Some(expected) => ("a value of another type", expected),
        None => message.rsplit_once(", expected ").unwrap_or((message, "TOML")),
    };
    // The text of the line has the key, too.
    let line = error.span().map(|span| text.get(..span.start).map_or(0, |before| before.matches('\n').count()));
    let place = line.map_or_else(String::new, |line| {
        format!(" in line {}, `{}`", line + 1, printable(text.lines().nth(line).unwrap_or_default().trim()))
    });
    let found = format!("{}{place}", printable(found));
    DumpError::malformed(path, found, printable(expected), "correct the file or remove it")
}

/// No description of a run is longer.
const MOST_BYTES: u64 = 1 << 16;

impl RunInfo {
    /// Reads `run.toml` of a run's folder, if there is one.
    ///
    /// # Errors
    /// [`DumpError::Rows`] if it is no TOML or a field has the wrong type.
    pub fn read(folder: &Path) -> Result<Self, DumpError> {
        let path = folder.join("run.toml");
        let text = if path.symlink_metadata().is_ok() { file::text(&path, MOST_BYTES)? } else { String::new() };
        let damaged = |error: toml::de::Error| damaged(&path, &text, &error);
        let table: toml::Table = toml::from_str(&text).map_err(damaged)?;
        if let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let expected = nearest(unknown, KEYS).map_or_else(|| KEYS.join(", "), str::to_owned);
            let remedy = "correct the key, or put what else is worth knowing into note";
            return Err(DumpError::malformed(&path, format!("the key {unknown:?}"), expected, remedy));
        }
        let mut info: Self = toml::from_str(&text).map_err(damaged)?;
        if info.name.is_empty() {
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            info.name = folder.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned());
        }
        Ok(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RunInfo, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("run.toml"), text).unwrap();
        let place = format!("{}/", folder.path().display());
        RunInfo::read(folder.path()).map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn every_key_is_read() {
        let info = read(
            "name = \"n\"\nmodel = \"m\"\nloss = \"isomax+\"\nin_distribution = \"i\"\nseed = 7\nhead = \"linear\"\nlower = \"a\"\ngroups = { near = [\"b\"] }\nmembers = [\"../c\"]\nnote = \"x\"",
        );
        let expected = RunInfo {
            name: "n".to_owned(),
            model: Some("m".to_owned()),
            loss: Some(Loss::IsomaxPlus),
            in_distribution: Some("i".to_owned()),
            seed: Some(7),
            head: Some(HeadKind::Linear),
            lower: vec!["a".to_owned()],
            groups: BTreeMap::from([("near".to_owned(), vec!["b".to_owned()])]),
            members: vec![PathBuf::from("../c")],
            note: Some("x".to_owned()),
        };
        assert_eq!(info, Ok(expected));
    }

    #[test]
    fn several_scores_may_be_lower() {
        let lower = |text: &str| read(text).map(|info| info.lower);
        assert_eq!(lower("lower = [\"a\", \"b\"]"), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(lower(""), Ok(Vec::new()));
        let expected = "run.toml: found a value of another type in line 1, `lower = [1]`, expected a name or a list of names; \
             correct the file or remove it";
        assert_eq!(lower("lower = [1]"), Err(expected.to_owned()));
    }

    #[test]
    fn what_was_found_may_hold_the_words_of_the_message() {
        let expected = "run.toml: found invalid type: string \"x, expected y\" in line 1, `seed = \"x, expected y\"`, expected u64; \
             correct the file or remove it";
        assert_eq!(read("seed = \"x, expected y\""), Err(expected.to_owned()));
    }

    #[test]
    fn a_misspelt_key_is_refused_with_the_one_that_is_near() {
        for (text, expected) in [
            ("mdoel = \"resnet\"", "run.toml: found the key \"mdoel\", expected model; correct the key"),
            ("sede = 3", "run.toml: found the key \"sede\", expected seed; correct"),
            ("[Loss]", "run.toml: found the key \"Loss\", expected loss; correct"),
            (
                "optimiser = \"sgd\"",
                "run.toml: found the key \"optimiser\", expected name, model, loss, in_distribution, ",
            ),
            (
                "# a run\nseed = -1",
                "run.toml: found invalid value: integer `-1` in line 2, `seed = -1`, expected u64; correct the file",
            ),
            (
                "name = \"a\"\nseed = \"one\"\n",
                "run.toml: found invalid type: string \"one\" in line 2, `seed = \"one\"`, expected u64; correct",
            ),
            ("note = 3", "run.toml: found invalid type: integer `3` in line 1, `note = 3`, expected a string; correct"),
            ("name = \"a\"\nseed = ", "run.toml: found "),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
