//! Scores composed of others: steps that change features, a score that reads them, and factors.
//!
//! ```
//! use oodbench::score::registry::find;
//! assert_eq!(find("react( 0.9 ) + dice").unwrap().id, "react+dice"); // 0.9 is the default
//! assert_eq!(find("energy * (1 - cop)").unwrap().id, "(1-cop)*energy");
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::step::{STEPS, StepEntry};

mod chain;
mod error;
mod factor;
mod fitted;
mod grammar;
mod parsed;

pub use error::CompositionError;

/// What `explain composition` says: the grammar, and a table of all steps.
#[must_use]
pub fn page() -> String {
    let row = |step: &StepEntry| {
        let parameters = step.parameters.iter().map(|p| match p.default {
            "" => format!("`{}`", p.name),
            default => format!("`{}` = {default}", p.name),
        });
        format!("| `{}` | {} | {} |\n", step.id, step.formula, parameters.collect::<Vec<_>>().join(", "))
    };
    include_str!("composition.md").replace("<!-- steps -->\n", &STEPS.iter().map(row).collect::<String>())
}

/// The entries made so far. Ids and entries live as long as the program, so each composition has one.
static ENTRIES: Mutex<BTreeMap<String, &'static ScoreEntry>> = Mutex::new(BTreeMap::new());

/// Whether a name can only be that of a composition.
pub(super) fn is_composed(name: &str) -> bool {
    name.contains(['+', '*', '(', ')'])
}

/// The entry of a composition; a score alone with its defaults is that score.
///
/// # Errors
/// [`CompositionError`] with the place in the text.
pub(super) fn entry(text: &str) -> Result<&'static ScoreEntry, CompositionError> {
    let composition = grammar::parse(text)?;
    if let Some(score) = composition.is_plain() {
        return Ok(score);
    }
    let id = composition.to_string();
    let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(entries.entry(id).or_insert_with_key(|id| {
        let id: &'static str = Box::leak(id.clone().into_boxed_str());
        Box::leak(Box::new(ScoreEntry {
            id,
            title: id,
            aliases: &[],
            reference: Box::leak(composition.references().into_boxed_str()),
            page: Box::leak(composition.page().into_boxed_str()),
            parameters: &[],
            build,
            caution: no_caution,
            assumes: &[],
        }))
    }))
}

/// The scores that the parts of a composition are or are named after; none for another id.
pub(super) fn parts(id: &str) -> Vec<&'static ScoreEntry> {
    if is_composed(id) { grammar::parse(id).map_or_else(|_| Vec::new(), |parsed| parsed.scores()) } else { Vec::new() }
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    // The id is the normal form of what was parsed before.
    let composition =
        grammar::parse(settings.score()).map_err(|error| SettingError::Syntax { text: error.to_string() })?;
    Ok(Box::new(chain::Composed::new(settings.score(), &composition)?))
}

#[cfg(test)]
mod tests {
    use crate::score::example::HandDump;
    use crate::score::registry::find;

    #[test]
    fn normal_forms_lead_back_to_themselves() {
        for (written, normal) in [
            ("react+dice", "react+dice"),
            (" react ( 0.90 ) + energy ", "react+energy"),
            ("react(0.950)+energy", "react(0.95)+energy"),
            ("react(percentile=0.95)+ash_s(0.8)", "react(0.95)+ash_s(0.8)"),
            ("vra(high=0.95)+max-logit", "vra(high=0.95)+max_logit"),
            ("vra(0.5;0.95)+MSP", "vra(0.5;high=0.95)+mps"),
            ("energy*gamma(std)", "gamma(std)*energy"),
            ("gamma(std;0.2)*(1-cop(0.9))*knn(10)", "(1-cop(0.9))*gamma(std;clip=0.2)*knn(10)"),
            ("knn(10)", "knn(10)"),
            ("knn(007)", "knn(7)"),
            ("gamma(std;clip=0.10)*energy", "gamma(std;clip=0.1)*energy"),
            ("gamma(std)*odin(1e3)", "gamma(std)*odin(1000)"),
            ("gamma(std)*odin(1000.0;epsilon=5e-3)", "gamma(std)*odin(1000;epsilon=0.005)"),
            ("odin(fit_on=1e3)", "odin(fit_on=1e3)"),
            ("mahalanobis(layer=1.0)", "mahalanobis(layer=1.0)"),
            ("select(0.50;fit_on=1e3)+mahalanobis", "select(0.5;fit_on=1e3)+mahalanobis"),
            ("mahalanobis_layers(fit_on=a=b)", "mahalanobis_layers(fit_on=a=b)"),
            ("normalise+mahalanobis(layer=)", "normalise+mahalanobis"),
        ] {
            let entry = find(written).unwrap();
            assert_eq!(entry.id, normal, "{written}");
            assert!(std::ptr::eq(entry, find(normal).unwrap()), "{written}");
            assert!(entry.page.contains("## Formula") && !entry.reference.is_empty());
            assert!(!entry.with_defaults().needs().is_empty());
        }
        assert_eq!(find("knn(50)").unwrap().id, "knn");
        assert_eq!(find("mahalanobis++").unwrap().id, "mahalanobis_pp");
    }

    /// Kernel PCA's fused form with two directions.
    #[test]
    fn golden_of_one_less_the_error_times_the_energy() {
        let entry = find("(1-cop(0.9))*energy").unwrap();
        HandDump::of_three_classes().gives(entry, &[], &[1.880_130_44, 1.018_259_77, 0.352_384_23], 5e-9);
    }

    #[test]
    fn errors_point_at_the_place() {
        let error = |text: &str| find(text).err().unwrap().to_string();
        let pointing = |text: &str, at: &str, says: &str| {
            let error = error(text);
            let lines: Vec<&str> = error.lines().collect();
            assert_eq!(lines.len(), 3, "{error}");
            assert!(lines[0].contains(says), "{error}");
            assert_eq!(lines[1].trim_start(), text);
            let column = lines[2].chars().take_while(|c| *c == ' ').count();
            let marked: String = lines[1].chars().skip(column).take(lines[2].trim().len()).collect();
            assert_eq!(marked, at, "{error}");
        };
        pointing("react+dise+energy", "dise", "unknown step \"dise\"; did you mean dice?");
        pointing("react+enrgy", "enrgy", "unknown score \"enrgy\"; did you mean energy?");
        pointing("react+bats", "bats", "bats is a step and no score; put a score behind it, as in bats+energy");
        pointing("energy+react", "energy", "energy is a score and no step");
        pointing("react(2)+energy", "2", "expected a number from 0 to 1");
        pointing("react(0.5;0.6)+energy", "0.6", "react has 1 parameter");
        pointing("react(p=2)+energy", "p=2", "react.p: unknown parameter");
        pointing("react+energy)", ")", "found \")\", expected *, + or the end");
        pointing("gamma(std)*gamma(std)", "gamma(std)", "two factors");
        pointing("gamma(std;0.1)*gamma(std;0.10)*energy", "gamma(std;0.10)", "two factors");
        pointing("gamma(std;clip0.1)*energy", "clip0.1", "expected gamma(STATISTIC)");
        pointing("knn(k=10;k=20)", "k=20", "found k twice, expected it once");
        pointing("vra(high=0.99;0.9)+energy", "0.9", "behind a parameter by name, expected NAME=0.9");
        pointing("energy*mps", "mps", "two scores");
        pointing("(1-mps)*energy", "mps", "expected cop or corp");
        pointing("select+mahalanobis", "select", "expected a number above 0, at most 1");
        pointing("react+mahalanobis_layers", "mahalanobis_layers", "reads layers, which no step changes");
        pointing("react+all", "all", "unknown score \"all\"");
        assert!(error("react+").contains("found the end"), "{}", error("react+"));
        assert!(error("gamma(std)").contains("found no score"), "{}", error("gamma(std)"));
    }
}
