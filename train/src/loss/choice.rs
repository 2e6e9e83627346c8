//! A loss as it is asked for: a name, and values for its parameters.

use std::fmt;
use std::str::FromStr;

use candle_core::Result;
use oodbench::dump::Loss;
use oodbench::score::settings::{SettingError, Settings};
use oodbench::suggestion::instead_of;
use serde::{Deserialize, Serialize};

use super::{LOSSES, LossEntry, LossHead, softmax};
use crate::nn::Builder;

/// A loss with the values of its parameters, written `softmax` or `isomax(entropic_scale=5)`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LossChoice {
    entry: &'static LossEntry,
    settings: Settings,
}

/// Why a loss is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LossError {
    /// No loss of the list has that name.
    #[error("unknown loss {name:?}; {suggestion}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The nearest one, or all.
        suggestion: String,
    },
    /// The text is no name with parameters in parentheses.
    #[error("loss {text:?}: expected NAME or NAME(PARAMETER=VALUE,...), for example isomax(entropic_scale=5)")]
    Syntax {
        /// The text.
        text: String,
    },
    /// A parameter.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl LossChoice {
    /// A loss with its default parameters.
    #[must_use]
    pub fn of(entry: &'static LossEntry) -> Self {
        Self { entry, settings: Settings::new(entry.id, entry.parameters) }
    }

    /// The same loss with a parameter set. Numbers are kept in their shortest form: losses are compared as text, and `10.0` is `10`.
    ///
    /// # Errors
    /// [`LossError::Setting`] for a parameter it does not have, or a value that does not fit.
    pub fn with(mut self, name: &str, value: &str) -> std::result::Result<Self, LossError> {
        let shortest = value.parse::<f64>().map_or_else(|_| value.to_owned(), |number| number.to_string());
        self.settings.set(name, &shortest)?;
        (self.entry.build)(&self.settings).map(drop)?;
        Ok(self)
    }

    /// Its entry in the list.
    #[must_use]
    pub fn entry(&self) -> &'static LossEntry {
        self.entry
    }

    /// What a dump says of it: one of the library's losses, or its text where parameters were set, since such runs are not
    /// seeds of the others.
    #[must_use]
    pub fn in_dumps(&self) -> Loss {
        Loss::from(self.to_string())
    }

    /// Makes the head's parameters `NAME.…`, for features of that length and that many classes.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn head(
        &self,
        builder: &mut Builder,
        name: &str,
        [features, classes]: [usize; 2],
    ) -> Result<Box<dyn LossHead>> {
        let make = (self.entry.build)(&self.settings).map_err(candle_core::Error::wrap)?;
        make(builder, name, [features, classes])
    }

    /// The parameters that differ from their defaults.
    fn changed(&self) -> Vec<String> {
        let default = |name: &str| self.entry.parameters.iter().find(|p| p.name == name).map(|p| p.default);
        let all = self.settings.all().filter(|(name, value)| default(name) != Some(*value));
        all.map(|(name, value)| format!("{name}={value}")).collect()
    }
}

impl Default for LossChoice {
    /// The baseline.
    fn default() -> Self {
        Self::of(&softmax::ENTRY)
    }
}

impl PartialEq for LossChoice {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for LossChoice {}

impl fmt::Debug for LossChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for LossChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.id)?;
        match &self.changed()[..] {
            [] => Ok(()),
            changed => write!(f, "({})", changed.join(",")),
        }
    }
}

impl FromStr for LossChoice {
    type Err = LossError;

    fn from_str(text: &str) -> std::result::Result<Self, LossError> {
        let syntax = || LossError::Syntax { text: text.to_owned() };
        let (name, parameters) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.strip_suffix(')').ok_or_else(syntax)?),
            None => (text, ""),
        };
        let mut choice = Self::of(find(name.trim())?);
        for pair in parameters.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (parameter, value) = pair.split_once('=').ok_or_else(syntax)?;
            choice = choice.with(parameter.trim(), value.trim())?;
        }
        Ok(choice)
    }
}

impl TryFrom<String> for LossChoice {
    type Error = LossError;

    fn try_from(text: String) -> std::result::Result<Self, LossError> {
        text.parse()
    }
}

impl From<LossChoice> for String {
    fn from(choice: LossChoice) -> Self {
        choice.to_string()
    }
}

/// The loss of that name.
///
/// # Errors
/// [`LossError::Unknown`] with the nearest name.
pub fn find(name: &str) -> std::result::Result<&'static LossEntry, LossError> {
    LOSSES.iter().copied().find(|entry| entry.id == name).ok_or_else(|| LossError::Unknown {
        name: name.to_owned(),
        suggestion: instead_of(name, LOSSES.map(|entry| entry.id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_is_found_by_its_name_and_comes_back_from_text() {
        for entry in LOSSES {
            assert_eq!(find(entry.id).unwrap().id, entry.id);
            let choice = LossChoice::of(entry);
            let json = serde_json::to_string(&choice).unwrap();
            assert_eq!(json, format!("{:?}", entry.id));
            assert_eq!(serde_json::from_str::<LossChoice>(&json).unwrap(), choice);
            // The library knows the paper's losses by the same names.
            let of_paper = ["softmax", "isomax", "isomax-plus"].contains(&entry.id);
            assert_eq!(!matches!(choice.in_dumps(), Loss::Other(_)), of_paper, "{}", entry.id);
            assert!((entry.build)(&choice.settings).is_ok(), "{}: a default is refused", entry.id);
            // A default that is set is no other loss.
            for parameter in entry.parameters {
                assert_eq!(choice.clone().with(parameter.name, parameter.default).unwrap(), choice);
            }
        }
    }

    #[test]
    fn parameters_are_part_of_a_loss_unless_they_are_the_defaults() {
        let choice: LossChoice = "isomax(entropic_scale=5)".parse().unwrap();
        assert_eq!(choice.to_string(), "isomax(entropic_scale=5)");
        assert_eq!(choice.in_dumps(), Loss::Other("isomax(entropic_scale=5)".to_owned()));
        let default = LossChoice::of(&super::super::isomax::ENTRY);
        assert_ne!(choice, default);
        for ten in ["10", "10.0", "1e1", "+10", "010"] {
            assert_eq!(format!("isomax(entropic_scale={ten})").parse::<LossChoice>().unwrap(), default, "{ten}");
        }
        assert_eq!("isomax(entropic_scale=5.00)".parse::<LossChoice>().unwrap().to_string(), choice.to_string());
    }

    #[test]
    fn what_is_no_loss_is_one_line() {
        for (text, expected) in [
            ("isomx", "did you mean isomax?"),
            ("hinge-loss-of-all", "expected one of softmax, isomax, isomax-plus, dismax"),
            ("isomax(entropic_scale=5", "expected NAME or NAME(PARAMETER=VALUE"),
            ("isomax(entropic_scale)", "expected NAME or NAME(PARAMETER=VALUE"),
            ("isomax(entropic_scal=5)", "did you mean isomax.entropic_scale?"),
            ("isomax(entropic_scale=-5)", "expected a number above 0"),
            ("softmax(entropic_scale=5)", "softmax has no parameters"),
        ] {
            let message = text.parse::<LossChoice>().unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
