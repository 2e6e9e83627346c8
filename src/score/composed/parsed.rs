//! A composition as it is understood, and its normal form.

use std::fmt;

use super::super::list::find_listed;
use super::super::settings::{Parameter, Settings};
use super::super::step::StepEntry;
use super::super::{Need, ScoreEntry};
use crate::rows::ArrayKind;

/// A score or a step with its parameters.
#[derive(Clone)]
pub(super) struct Use<E: 'static> {
    pub(super) entry: &'static E,
    pub(super) settings: Settings,
}

/// What a score is multiplied by.
#[derive(Clone)]
pub(super) enum FactorUse {
    /// `γ`, the mean of a clipped array of features.
    Gamma { statistic: String, clip: Option<String> },
    /// `1 − e`, e the reconstruction error that a score is the negative of.
    OneLess(Use<ScoreEntry>),
}

/// The array that `gamma` reads: the mean over the places of a channel is what features before the head are.
pub(super) fn array(statistic: &str) -> ArrayKind {
    if statistic == "mean" { ArrayKind::Features } else { ArrayKind::Layer(statistic.to_owned()) }
}

/// Factors, steps and a score.
#[derive(Clone)]
pub(super) struct Composition {
    /// In the order of their normal forms.
    pub(super) factors: Vec<FactorUse>,
    pub(super) steps: Vec<Use<StepEntry>>,
    pub(super) score: Use<ScoreEntry>,
}

/// The parameters that are not the defaults: the first one by its value alone, unless that could be read as another one's.
fn arguments(f: &mut fmt::Formatter<'_>, parameters: &[Parameter], settings: &Settings) -> fmt::Result {
    let differs = |parameter: &&Parameter| settings.text(parameter.name) != parameter.default;
    let written = parameters.iter().enumerate().filter(|(_, parameter)| differs(parameter));
    let written = written.map(|(place, parameter)| {
        let value = settings.text(parameter.name);
        if place == 0 && !value.contains('=') { value.to_owned() } else { format!("{}={value}", parameter.name) }
    });
    let written: Vec<String> = written.collect();
    if written.is_empty() { Ok(()) } else { write!(f, "({})", written.join(";")) }
}

impl fmt::Display for Use<ScoreEntry> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.id)?;
        arguments(f, self.entry.parameters, &self.settings)
    }
}

impl fmt::Display for Use<StepEntry> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.id)?;
        arguments(f, self.entry.parameters, &self.settings)
    }
}

impl fmt::Display for FactorUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gamma { statistic, clip: None } => write!(f, "gamma({statistic})"),
            Self::Gamma { statistic, clip: Some(clip) } => write!(f, "gamma({statistic};clip={clip})"),
            Self::OneLess(score) => write!(f, "(1-{score})"),
        }
    }
}

impl fmt::Display for Composition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.factors.iter().try_for_each(|factor| write!(f, "{factor}*"))?;
        self.steps.iter().try_for_each(|step| write!(f, "{step}+"))?;
        write!(f, "{}", self.score)
    }
}

impl Composition {
    /// The score, if there is nothing else and its parameters are the defaults.
    pub(super) fn is_plain(&self) -> Option<&'static ScoreEntry> {
        let alone = self.factors.is_empty() && self.steps.is_empty();
        (alone && self.score.to_string() == self.score.entry.id).then_some(self.score.entry)
    }

    /// The scores that its parts are or are named after, in order.
    pub(super) fn scores(&self) -> Vec<&'static ScoreEntry> {
        let one_less = self.factors.iter().filter_map(|factor| match factor {
            FactorUse::OneLess(score) => Some(score.entry),
            FactorUse::Gamma { .. } => None,
        });
        let steps = self.steps.iter().filter_map(|step| find_listed(step.entry.id).ok());
        one_less.chain(steps).chain([self.score.entry]).collect()
    }

    /// The papers of all parts, each once.
    pub(super) fn references(&self) -> String {
        let one_less = self.factors.iter().filter_map(|factor| match factor {
            FactorUse::OneLess(score) => Some(score.entry.reference),
            FactorUse::Gamma { .. } => None,
        });
        let mut all: Vec<&str> = one_less.chain(self.steps.iter().map(|step| step.entry.reference)).collect();
        all.push(self.score.entry.reference);
        let mut seen: Vec<&str> = Vec::new();
        all.retain(|reference| {
            !seen.contains(reference) && {
                seen.push(reference);
                true
            }
        });
        all.join("; ")
    }

    /// What `explain` says of it: the parts in order, then the page of the score.
    pub(super) fn page(&self) -> String {
        let mut lines = vec![format!("Composed: {self}.\n\n## Formula\n\n```text")];
        let mut name = "f".to_owned();
        for (place, step) in self.steps.iter().enumerate() {
            let next = format!("f{}", "′".repeat(place + 1));
            lines.push(format!("{next} = {step} of {name}:  {}", step.entry.formula));
            name = next;
        }
        let mut product: Vec<String> = self
            .factors
            .iter()
            .map(|factor| match factor {
                FactorUse::Gamma { statistic, clip } => {
                    let clip = clip.as_deref().unwrap_or("∞");
                    lines.push(format!(
                        "γ_{statistic} = mean over the columns of min(max(a, 0), {clip}),  a = {}",
                        array(statistic).file_stem()
                    ));
                    format!("γ_{statistic}")
                }
                FactorUse::OneLess(score) => {
                    lines.push(format!("e_{} = −{score}(f)", score.entry.id));
                    format!("(1 − e_{})", score.entry.id)
                }
            })
            .collect();
        product.push(format!("{}({name})", self.score));
        lines.push(format!("score(x) = {}\n```", product.join(" · ")));
        let mut text = lines.join("\n");
        if !self.steps.is_empty() {
            text.push_str("\n\nLogits are those that the head makes of the changed features. Every step, and the score, is fitted on training rows that the steps before it have changed. ");
        }
        text.push_str("\n\n`oodbench explain composition` describes the grammar, `oodbench explain ID` every part.\n");
        let page = self.score.entry.page.replace("\n## ", "\n### ");
        format!("{text}\n## The score: {}\n\n{page}", self.score.entry.id)
    }

    /// What the score reads that a step does not change; none if there is nothing of the kind, or no step.
    pub(super) fn beside_features(&self, needs: &[Need]) -> Option<Need> {
        let changed = |need: &&Need| {
            matches!(
                need,
                Need::Features
                    | Need::Logits
                    | Need::LinearHead
                    | Need::Prototypes
                    | Need::TrainFeatures
                    | Need::TrainLogits
                    | Need::TrainLabels
                    | Need::CalibrationLogits
                    | Need::CalibrationLabels
            )
        };
        if self.steps.is_empty() { None } else { needs.iter().find(|need| !changed(need)).cloned() }
    }
}
