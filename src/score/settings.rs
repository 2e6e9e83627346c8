//! Parameters of a score, as written by a user: `knn.k=200`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::count::Count;
use crate::suggestion::nearest;

/// A parameter a score understands.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name behind the score's id.
    pub name: &'static str,
    /// The value it has unless set.
    pub default: &'static str,
    /// What it does and which values it takes.
    pub help: &'static str,
    /// Values that a search tries; none if it is not searched.
    pub grid: &'static [&'static str],
    /// What of a dump it counts, if anything.
    pub counts: Option<Count>,
}

/// A parameter that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum SettingError {
    /// The text is not `SCORE.NAME=VALUE`.
    #[error("--set {}: expected SCORE.NAME=VALUE, e.g. energy.temperature=2", crate::printable::line(.text))]
    Syntax { text: String },
    /// The score has no parameter of this name.
    #[error("{score}.{}: unknown parameter; {suggestion}", crate::printable::line(.name))]
    Unknown {
        score: String,
        name: String,
        /// The nearest known one, or all.
        suggestion: String,
    },
    /// The value does not fit.
    #[error("{score}.{name}={}: found {value:?}, expected {expected}", crate::printable::line(.value))]
    Value { score: &'static str, name: &'static str, value: String, expected: String },
}

/// The values set for one score.
#[derive(Clone, Debug)]
pub struct Settings {
    score: &'static str,
    parameters: &'static [Parameter],
    values: BTreeMap<String, String>,
}

impl Settings {
    /// The defaults of a score.
    #[must_use]
    pub fn new(score: &'static str, parameters: &'static [Parameter]) -> Self {
        Self { score, parameters, values: BTreeMap::new() }
    }

    /// The score's id.
    #[must_use]
    pub fn score(&self) -> &'static str {
        self.score
    }

    /// Sets a value.
    ///
    /// # Errors
    /// [`SettingError::Unknown`] for a name the score does not have.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        if !self.parameters.iter().any(|parameter| parameter.name == name) {
            let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
            let suggestion = match (nearest(name, known.iter().copied()), known.is_empty()) {
                (_, true) => format!("{} has no parameters", self.score),
                (Some(near), _) => format!("did you mean {}.{near}?", self.score),
                (None, _) => format!("{} has {}", self.score, known.join(", ")),
            };
            return Err(SettingError::Unknown { score: self.score.to_owned(), name: name.to_owned(), suggestion });
        }
        self.values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Whether a value was set, be it the default.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Every parameter with its value, set or not.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.parameters.iter().map(|parameter| (parameter.name, self.text(parameter.name)))
    }

    /// A number that must pass `valid`.
    ///
    /// # Errors
    /// [`SettingError::Value`] if the text is no number or is not valid.
    pub fn number<T>(&self, name: &'static str, expected: &str, valid: impl Fn(&T) -> bool) -> Result<T, SettingError>
    where
        T: FromStr + Display,
    {
        let text = self.text(name);
        text.parse().ok().filter(|value| valid(value)).ok_or_else(|| self.refuse(name, text, expected.to_owned()))
    }

    /// One of several named choices.
    ///
    /// # Errors
    /// [`SettingError::Value`] if the text is not one of them.
    pub fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Result<T, SettingError> {
        let text = self.text(name);
        let found = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let known: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            self.refuse(name, text, known.join(" or "))
        })
    }

    /// Yes or no.
    ///
    /// # Errors
    /// [`SettingError::Value`] if the text is neither `true` nor `false`.
    pub fn flag(&self, name: &'static str) -> Result<bool, SettingError> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// A number as by [`Settings::number`], or none where the text is empty, as the default may be.
    ///
    /// # Errors
    /// [`SettingError::Value`] if the text is no number or is not valid.
    pub fn optional<T>(
        &self,
        name: &'static str,
        expected: &str,
        valid: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, SettingError>
    where
        T: FromStr + Display,
    {
        if self.text(name).is_empty() { Ok(None) } else { self.number(name, expected, valid).map(Some) }
    }

    /// The text as it was written, or the default.
    #[must_use]
    pub fn text(&self, name: &'static str) -> &str {
        let default = self.parameters.iter().find(|parameter| parameter.name == name).map_or("", |p| p.default);
        self.values.get(name).map_or(default, String::as_str)
    }

    /// The error of a value that is not what is expected.
    pub(super) fn refuse(&self, name: &'static str, value: &str, expected: String) -> SettingError {
        SettingError::Value { score: self.score, name, value: value.to_owned(), expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of fits may name anything.
    #[test]
    fn a_message_is_one_line_whatever_the_name_is() {
        let error = Settings::new("knn", &[]).set("va\u{7f}r\n", "1").unwrap_err().to_string();
        assert!(error.starts_with(r"knn.va\u{7f}r\n: unknown parameter"), "{error}");
    }
}
