//! Betting against "the p-values are uniform": a drift alarm that may be looked at after every row.
//!
//! A martingale starts at 1 and multiplies by what a bet on the next p-value earns; as long as rows are like the calibration rows it is not expected to
//! grow. It ever reaches 1/α with probability α at most (Ville's inequality), however long the stream and however often one looks.
//!
//! | file | bets |
//! |---|---|
//! | [`power`] | ε·p^(ε − 1), on small p |
//! | [`mixture`] | the mean of 100 power martingales, ε from 0.01 to 1: no ε to choose |
//! | [`jumper`] | 1 + ε·(p − ½), ε wandering between −1, 0 and 1: on small and on large p, and on changes |
//!
//! Sources: Vovk, Nouretdinov & Gammerman, Testing exchangeability on-line, 2003; Vovk et al., Retrain or not retrain, 2021 (simple jumper).

pub mod jumper;
pub mod mixture;
pub mod power;

use serde::{Deserialize, Serialize};

use jumper::Jumper;
use mixture::Mixture;
use power::Power;

/// A martingale with what it has earned so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Martingale {
    /// With ε = 0.5.
    Power(Power),
    /// Over ε.
    Mixture(Mixture),
    /// The simple jumper.
    Jumper(Jumper),
}

impl Martingale {
    /// Their names on the command line, the usual one first.
    pub const NAMES: [&'static str; 3] = ["mixture", "power", "jumper"];

    /// One that has not bet yet; `None` for another name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "power" => Self::Power(Power::new(0.5)),
            "mixture" => Self::Mixture(Mixture::new()),
            "jumper" => Self::Jumper(Jumper::new()),
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Power(_) => "power",
            Self::Mixture(_) => "mixture",
            Self::Jumper(_) => "jumper",
        }
    }

    /// The natural logarithm of what there is.
    #[must_use]
    pub fn log(&self) -> f64 {
        match self {
            Self::Power(own) => own.log(),
            Self::Mixture(own) => own.log(),
            Self::Jumper(own) => own.log(),
        }
    }

    /// Whether it is one of these with finite earnings, as read from a file.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Power(own) => own.is_sound(0.5),
            Self::Mixture(own) => own.is_sound(),
            Self::Jumper(own) => own.is_sound(),
        }
    }

    /// Bets on the next p-value, above 0 and at most 1. Gives back the natural logarithm of what there is now.
    pub fn bet(&mut self, p: f64) -> f64 {
        match self {
            Self::Power(own) => own.bet(p),
            Self::Mixture(own) => own.bet(p),
            Self::Jumper(own) => own.bet(p),
        }
    }
}
