//! What a score takes for granted about the arrays it reads, beyond that they are there.

use std::cell::OnceCell;
use std::fmt;

use crate::dump::Dump;
use crate::rows::{Role, Rows};

/// Something that may not hold of a dump; the score is computed all the same, and a remark tells where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// Features are 0 or more, as behind a ReLU: the score sums the largest of them, counts zeros, or takes a small one for a weak one.
    NonNegativeFeatures,
}

/// As lists of scores have it.
impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonNegativeFeatures => f.write_str("features ≥ 0 (ReLU)"),
        }
    }
}

/// Which assumptions hold of a dump. Many scores share one, and its rows are looked at once.
pub struct Assumed<'d> {
    dump: &'d Dump,
    non_negative: OnceCell<bool>,
}

impl<'d> Assumed<'d> {
    /// Of this dump.
    #[must_use]
    pub fn of(dump: &'d Dump) -> Self {
        Self { dump, non_negative: OnceCell::new() }
    }

    /// The remark on a score whose assumption does not hold.
    #[must_use]
    pub fn caution(&self, score: &str, assumption: Assumption) -> Option<String> {
        match assumption {
            Assumption::NonNegativeFeatures => {
                let holds = *self.non_negative.get_or_init(|| !has_negative_features(self.dump));
                (!holds).then(|| {
                    format!(
                        "{score} is meant for features that are never negative, as behind a ReLU; id/test has negative ones"
                    )
                })
            }
        }
    }
}

fn has_negative_features(dump: &Dump) -> bool {
    let Some(split) = dump.split(&Role::Test) else { return false };
    let Some(features) = &split.features else { return false };
    split.block_ranges().into_iter().any(|range| match features.block(range) {
        Rows::F32(rows) => rows.view().iter().any(|value| *value < 0.0),
        Rows::F64(rows) => rows.view().iter().any(|value| *value < 0.0),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::score::example::HandDump;
    use crate::score::registry::{cautions, find};
    use crate::score::{REGISTRY, ScoreEntry};

    /// The page tells what the entry takes for granted, and the remark names the score; so it does of a part of a composition.
    #[test]
    fn negative_features_are_told_where_a_score_takes_for_granted_that_there_are_none() {
        let of = |least: f64| HandDump::new(&array![[1.0, 1.0]], &array![0.0], &array![[1.0, 0.0], [2.0, least]]);
        let (signed, positive) = (of(-1e-9), of(0.0));
        let takes = |entry: &&ScoreEntry| entry.assumes.contains(&Assumption::NonNegativeFeatures);
        assert_eq!(REGISTRY.iter().filter(takes).count(), 7);
        for entry in REGISTRY {
            let said = cautions([entry], &signed.dump).iter().any(|text| text.contains("never negative"));
            assert_eq!(said, takes(&entry), "{}", entry.id);
            assert_eq!(entry.page.contains("Meant for features that are never negative"), said, "{}", entry.id);
            assert!(
                !cautions([entry], &positive.dump).iter().any(|text| text.contains("never negative")),
                "{}",
                entry.id
            );
        }
        let composed = cautions([find("ash_s+dice").unwrap()], &signed.dump);
        assert!(composed.len() == 2 && composed[0].starts_with("ash_s is meant for"), "{composed:?}");
    }
}
