//! What a split is for, and which arrays it may have.

use std::fmt;

/// What a split is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// In-distribution rows that scores are fitted on.
    Train,
    /// In-distribution rows that parameters are chosen on.
    Val,
    /// Out-of-distribution rows that parameters are chosen on and no metric is computed on.
    ValOod {
        /// The set's name.
        name: String,
    },
    /// In-distribution rows that metrics take as ID.
    Test,
    /// In-distribution classes under a covariate shift, such as noise or another style; with id/test they make the full spectrum.
    Csid {
        /// The set's name.
        name: String,
    },
    /// One out-of-distribution set.
    Ood {
        /// `near`, `far` or any other group, if there is one.
        group: Option<String>,
        /// The set's name.
        name: String,
    },
}

impl Role {
    /// Whether scores are fitted or chosen on the set; then no value is computed on it.
    #[must_use]
    pub const fn is_for_fits(&self) -> bool {
        match self {
            Self::Train | Self::Val | Self::ValOod { .. } => true,
            Self::Test | Self::Csid { .. } | Self::Ood { .. } => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Train => f.write_str("id/train"),
            Self::Val => f.write_str("id/val"),
            Self::ValOod { name } => write!(f, "val_ood/{name}"),
            Self::Test => f.write_str("id/test"),
            Self::Csid { name } => write!(f, "csid/{name}"),
            Self::Ood { group: None, name } => write!(f, "ood/{name}"),
            Self::Ood { group: Some(group), name } => write!(f, "ood/{group}/{name}"),
        }
    }
}

/// The layer of the patches of images, a feature vector for each, in the space of the features.
pub const PATCHES: &str = "patches";

/// Which array of a split.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArrayKind {
    /// Logits (n, C).
    Logits,
    /// Features before the head (n, D).
    Features,
    /// Class labels (n).
    Labels,
    /// Features of a named layer (n, D_l); those of [`PATCHES`] may have an axis more (n, P, D).
    Layer(String),
    /// Values (n) of a score that somebody else computed.
    Score(String),
    /// Logits under a name: of the members of an ensemble (n, M, C), or of inputs that were changed (n, C).
    Variant(String),
    /// What is kept of the Gram matrices of a named layer's map (n, K·C_l): orders 1 to K side by side, a value per channel for each.
    Gram(String),
}

impl ArrayKind {
    /// Whether it is embeddings of patches, of which a row has several.
    #[must_use]
    pub fn is_patches(&self) -> bool {
        matches!(self, Self::Layer(name) if name == PATCHES)
    }

    /// Its file's name without extension.
    #[must_use]
    pub fn file_stem(&self) -> String {
        match self {
            Self::Logits => "logits".to_owned(),
            Self::Features => "features".to_owned(),
            Self::Labels => "labels".to_owned(),
            Self::Layer(layer) => format!("features@{layer}"),
            Self::Score(name) => format!("scores@{name}"),
            Self::Variant(name) => format!("logits@{name}"),
            Self::Gram(layer) => format!("gram@{layer}"),
        }
    }

    /// The array of a file's name without extension, as [`ArrayKind::file_stem`] gives it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "logits" => Some(Self::Logits),
            "features" | "feature" => Some(Self::Features),
            "labels" => Some(Self::Labels),
            _ => {
                let behind = |prefix: &str| name.strip_prefix(prefix).map(str::to_owned);
                let layer = || behind("features@").map(Self::Layer);
                let variant = || behind("logits@").map(Self::Variant);
                let gram = || behind("gram@").map(Self::Gram);
                layer().or_else(|| behind("scores@").map(Self::Score)).or_else(variant).or_else(gram)
            }
        }
    }
}
