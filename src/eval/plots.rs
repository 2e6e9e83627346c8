//! From the scores of runs to the panels and bands of plots.

use super::one_run::SplitScores;
use crate::dump::RunInfo;
use crate::plot::fig1::Band;
use crate::plot::histogram::Panel;
use crate::rows::Role;

/// The scores that [`fig1_bands`] shows, in its order.
pub const FIG1_SCORES: [&str; 2] = ["es", "mds"];

/// A run and its scores.
#[derive(Clone, Debug)]
pub struct ScoredRun {
    /// The run.
    pub info: RunInfo,
    /// The scores of every split.
    pub splits: Vec<SplitScores>,
}

impl ScoredRun {
    /// ID scores, then name and scores of each OOD set that has any of this score.
    #[must_use]
    pub fn samples(&self, score: &str) -> (Vec<f64>, Vec<(String, Vec<f64>)>) {
        let mut id = Vec::new();
        let mut ood = Vec::new();
        for split in &self.splits {
            let Some(values) = split.of(score) else { continue };
            match &split.role {
                Role::Ood { name, .. } => ood.push((name.clone(), values.to_vec())),
                Role::Test => id = values.to_vec(),
                Role::Csid { .. } | Role::Train | Role::Val | Role::ValOod { .. } => {}
            }
        }
        (id, ood)
    }

    fn in_distribution(&self) -> String {
        self.info.in_distribution.clone().unwrap_or_else(|| "in-distribution".to_owned())
    }

    fn loss(&self) -> String {
        self.info.loss.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string)
    }

    /// The line above each band of the paper's Fig. 1.
    #[must_use]
    pub fn title(&self) -> String {
        let model = self.info.model.as_deref().unwrap_or("?");
        format!("IN-DISTRIBUTION={} | MODEL={model} | LOSS={}", self.in_distribution(), self.loss())
    }

    /// One panel per OOD set. Where `sign` is −1 the plot shows the quantity that the score is the negative of.
    #[must_use]
    pub fn panels(&self, score: &str, sign: f64) -> Vec<Panel> {
        let (id, ood) = self.samples(score);
        let signed = |values: &[f64]| values.iter().map(|value| sign * value).collect::<Vec<_>>();
        let panel = |(name, values): (String, Vec<f64>)| Panel {
            title: name.clone(),
            id_name: self.in_distribution(),
            ood_name: name,
            id: signed(&id),
            ood: signed(&values),
        };
        ood.into_iter().map(panel).collect()
    }
}

/// The bands of [`fig1`](crate::plot::fig1), from an IsoMax and an IsoMax+ run scored by [`FIG1_SCORES`].
#[must_use]
pub fn fig1_bands(isomax: &ScoredRun, plus: &ScoredRun) -> [Band; 4] {
    let [entropy, distance] = FIG1_SCORES;
    let band = |letter: char, run: &ScoredRun, score: &str, quantity: &str| Band {
        caption: format!("({letter}) {}: {}", run.loss(), quantity.to_lowercase()),
        title: run.title(),
        quantity: quantity.to_owned(),
        panels: run.panels(score, -1.0),
    };
    [
        band('a', isomax, entropy, "Entropy"),
        band('b', plus, entropy, "Entropy"),
        band('c', isomax, distance, "Minimum distance"),
        band('d', plus, distance, "Minimum distance"),
    ]
}
