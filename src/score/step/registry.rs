//! The list of all steps.

use super::super::{ash_b, ash_p, ash_s, dice, optfs, ras, react, scale, vra};
use super::{StepEntry, bats, normalise, select};

/// All steps, in the order of pages.
pub const STEPS: &[StepEntry] = &[
    react::STEP,
    vra::STEP,
    bats::STEP,
    dice::STEP,
    ash_s::STEP,
    ash_b::STEP,
    ash_p::STEP,
    scale::STEP,
    ras::STEP,
    optfs::STEP,
    normalise::STEP,
    select::STEP,
];

/// The step of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static StepEntry> {
    STEPS.iter().find(|step| step.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::settings::Settings;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_defaults_build() {
        let ids: BTreeSet<&str> = STEPS.iter().map(|step| step.id).collect();
        assert_eq!(ids.len(), STEPS.len());
        for step in STEPS {
            let settings = Settings::new(step.id, step.parameters);
            let built = (step.build)(&settings);
            // A share without a default has to be given.
            assert_eq!(
                built.is_ok(),
                step.parameters.iter().all(|p| !p.default.is_empty() || p.name == "fit_on"),
                "{}",
                step.id
            );
        }
    }
}
