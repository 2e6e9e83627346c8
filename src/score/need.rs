//! What scores read, and whether a dump has it.

use std::fmt;

use crate::dump::{ArrayKind, Dump, Head, Role, Split};

/// Something a score reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Logits of the rows to be scored, from the file or from features and head.
    Logits,
    /// Features of the rows to be scored.
    Features,
    /// Prototypes in `head/`.
    Prototypes,
    /// Features of the training rows.
    TrainFeatures,
    /// Labels of the training rows.
    TrainLabels,
}

impl Need {
    /// The arrays of the scored splits that it reads from a dump.
    #[must_use]
    pub fn scored_arrays(self, dump: &Dump) -> Vec<ArrayKind> {
        match self {
            Self::Logits if dump.splits.iter().all(|split| split.logits.is_some()) => vec![ArrayKind::Logits],
            // Some split has to be helped out by its features.
            Self::Logits => vec![ArrayKind::Logits, ArrayKind::Features],
            Self::Features => vec![ArrayKind::Features],
            Self::Prototypes | Self::TrainFeatures | Self::TrainLabels => Vec::new(),
        }
    }

    /// The arrays of the training split that it reads.
    #[must_use]
    pub fn training_arrays(self) -> Vec<ArrayKind> {
        match self {
            Self::TrainFeatures => vec![ArrayKind::Features],
            Self::Logits | Self::Features | Self::Prototypes | Self::TrainLabels => Vec::new(),
        }
    }

    /// What a dump lacks of it, as the file to add; `None` if nothing.
    #[must_use]
    pub fn lacking(self, dump: &Dump) -> Option<String> {
        let scored = dump.splits.iter().filter(|split| matches!(split.role, Role::Test | Role::Ood { .. }));
        let first_without = |has: fn(&Split, &Dump) -> bool, file: &str| {
            scored.clone().find(|split| !has(split, dump)).map(|split| format!("{}/{file}", split.role))
        };
        let train = dump.split(&Role::Train);
        match self {
            Self::Logits => first_without(
                |split, dump| split.logits.is_some() || (split.features.is_some() && dump.head.is_some()),
                "logits.npy",
            ),
            Self::Features => first_without(|split, _| split.features.is_some(), "features.npy"),
            Self::Prototypes => match dump.head {
                Some(Head::Prototypes { .. } | Head::NormalisedPrototypes { .. }) => None,
                _ => Some("head/prototypes.npy".to_owned()),
            },
            Self::TrainFeatures => {
                train.and_then(|split| split.features.as_ref()).is_none().then(|| "id/train/features.npy".to_owned())
            }
            Self::TrainLabels => {
                train.and_then(|split| split.labels.as_ref()).is_none().then(|| "id/train/labels.npy".to_owned())
            }
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logits => "logits",
            Self::Features => "features",
            Self::Prototypes => "prototypes",
            Self::TrainFeatures => "train features",
            Self::TrainLabels => "train labels",
        })
    }
}
