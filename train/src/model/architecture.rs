//! A network as it is asked for: by its name.

use std::fmt;
use std::str::FromStr;

use candle_core::Result;
use oodbench::suggestion::instead_of;
use serde::{Deserialize, Serialize};

use super::{Backbone, NETWORKS, NetworkEntry, mlp, small_cnn, transformer};
use crate::data::element::Input;
use crate::nn::Builder;

/// One of [`NETWORKS`]; written as its name.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture(&'static NetworkEntry);

/// Why a network is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown network {name:?}; {suggestion}")]
pub struct UnknownNetwork {
    name: String,
    suggestion: String,
}

impl Architecture {
    /// A network of the list.
    #[must_use]
    pub const fn of(entry: &'static NetworkEntry) -> Self {
        Self(entry)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.id
    }

    /// What it takes.
    #[must_use]
    pub const fn input(self) -> Input {
        self.0.input
    }

    /// The network of the list that is taken for rows of this kind where none is named.
    #[must_use]
    pub const fn usual(input: Input) -> Self {
        Self(match input {
            Input::Images => &small_cnn::ENTRY,
            Input::Vectors => &mlp::ENTRY,
            Input::Sequences => &transformer::ENTRY,
        })
    }

    /// Makes its parameters.
    ///
    /// # Errors
    /// The device has no room for them.
    pub fn build(self, builder: &mut Builder, inputs: usize) -> Result<Box<dyn Backbone>> {
        (self.0.build)(builder, inputs)
    }
}

impl PartialEq for Architecture {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Architecture {}

impl fmt::Debug for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = UnknownNetwork;

    fn from_str(name: &str) -> std::result::Result<Self, UnknownNetwork> {
        NETWORKS.iter().copied().find(|entry| entry.id == name).map(Self).ok_or_else(|| UnknownNetwork {
            name: name.to_owned(),
            suggestion: instead_of(name, NETWORKS.map(|entry| entry.id)),
        })
    }
}

impl TryFrom<String> for Architecture {
    type Error = UnknownNetwork;

    fn try_from(name: String) -> std::result::Result<Self, UnknownNetwork> {
        name.parse()
    }
}

impl From<Architecture> for String {
    fn from(architecture: Architecture) -> Self {
        architecture.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_comes_back_from_its_name() {
        for entry in NETWORKS {
            let architecture: Architecture = entry.id.parse().unwrap();
            let json = serde_json::to_string(&architecture).unwrap();
            assert_eq!(json, format!("{:?}", entry.id));
            assert_eq!(serde_json::from_str::<Architecture>(&json).unwrap(), architecture);
        }
        assert!("resnet18".parse::<Architecture>().unwrap_err().to_string().contains("did you mean resnet-18?"));
        assert!(
            "transformer-of-all".parse::<Architecture>().unwrap_err().to_string().contains("expected one of small-cnn")
        );
    }
}
