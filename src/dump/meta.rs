//! `run.toml`: what a run is called and how it was trained. Everything in it is optional.

use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::error::DumpError;
use super::npy::open_regular;
use crate::rows::HeadKind;

/// The loss a network was trained with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
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

/// What `run.toml` says, with the folder's name where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RunInfo {
    /// The run's name in tables.
    #[serde(default)]
    pub name: String,
    /// The network.
    pub model: Option<String>,
    /// The training loss.
    pub loss: Option<Loss>,
    /// The in-distribution data set.
    pub in_distribution: Option<String>,
    /// The training seed; runs that differ by it alone are averaged.
    pub seed: Option<u64>,
    /// The kind of the head.
    pub head: Option<HeadKind>,
    /// Anything worth knowing.
    pub note: Option<String>,
}

impl RunInfo {
    /// Reads `run.toml` of a run's folder, if there is one.
    ///
    /// # Errors
    /// [`DumpError::Rows`] if it is no TOML or a field has the wrong type.
    pub fn read(folder: &Path) -> Result<Self, DumpError> {
        let path = folder.join("run.toml");
        let mut text = String::new();
        if path.symlink_metadata().is_ok() {
            open_regular(&path)?.read_to_string(&mut text).map_err(|error| DumpError::io(&path, error))?;
        }
        let mut info: Self = toml::from_str(&text).map_err(|error| {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            DumpError::malformed(
                &path,
                message,
                "name, model, loss, in_distribution, seed, head, note",
                "mend or remove the file",
            )
        })?;
        if info.name.is_empty() {
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            info.name = folder.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned());
        }
        Ok(info)
    }
}
