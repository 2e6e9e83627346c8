//! Scores of an ensemble: what they read of its members, the array `logits@members` (n, M, C).

use super::{Fit, Fitted, Need, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::numeric::softmax::{probabilities, softmax};
use crate::rows::{ArrayKind, RowBlock};

/// The name of the logits of the members.
pub(super) const MEMBERS: &str = "members";

/// The logits of the members for one row.
#[derive(Clone, Copy)]
pub(super) struct Members<'r> {
    logits: &'r [f64],
    classes: usize,
}

/// Numbers of the classes, in memory that the thread uses again.
pub(super) type OfClasses = Recycled<f64>;

impl Members<'_> {
    /// The logits of each member.
    pub(super) fn each(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.logits.chunks_exact(self.classes)
    }

    /// The mean over members of a number.
    pub(super) fn mean(&self, of: impl Fn(&[f64]) -> f64) -> f64 {
        self.each().map(of).sum::<f64>() / self.each().len() as f64
    }

    /// Hands the probabilities of each member on.
    pub(super) fn for_each_probabilities(&self, mut take: impl FnMut(&[f64])) {
        let mut own = OfClasses::filled(0.0, self.classes);
        for logits in self.each() {
            probabilities(logits, &softmax(logits), 1.0, &mut own);
            take(&own);
        }
    }

    /// The mean probability of each class.
    pub(super) fn mean_probabilities(&self) -> OfClasses {
        let mut mean = OfClasses::filled(0.0, self.classes);
        self.for_each_probabilities(|own| mean.iter_mut().zip(own).for_each(|(mean, own)| *mean += own));
        let share = 1.0 / self.each().len() as f64;
        mean.iter_mut().for_each(|mean| *mean *= share);
        mean
    }

    /// The mean logit of each class.
    pub(super) fn mean_logits(&self) -> OfClasses {
        // Shares first: the sum of large logits could overflow.
        let share = 1.0 / self.each().len() as f64;
        let mut mean = OfClasses::filled(0.0, self.classes);
        for logits in self.each() {
            mean.iter_mut().zip(logits).for_each(|(mean, logit)| *mean += share * logit);
        }
        mean
    }
}

/// A score of the members of an ensemble that learns nothing.
pub(super) trait OfMembers: Copy + Send + Sync + 'static {
    /// The score of a row.
    fn of(self, members: &Members<'_>) -> f64;
}

/// Such a score. Which columns are of one member is known from the run alone, so it belongs to the fit.
pub(super) struct OverMembers<T> {
    of: T,
    needs: [Need; 1],
}

impl<T: OfMembers> OverMembers<T> {
    /// The score as others are made.
    pub(super) fn boxed(of: T) -> Box<dyn Score> {
        Box::new(Self { of, needs: [Need::Variant(MEMBERS.to_owned())] })
    }
}

impl<T: OfMembers> Score for OverMembers<T> {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let kind = ArrayKind::Variant(MEMBERS.to_owned());
        let missing =
            || training.missing_split("logits of members", training.rows().origin.array("id/test", &kind.file_stem()));
        let (members, classes) = training.rows().members(&kind).ok_or_else(missing)?;
        Ok(Fit::noted(Fits { of: self.of, classes }, vec![format!("{members} members")]))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Fits { of: self.of, classes: state.count("classes")?.max(1) }))
    }
}

struct Fits<T> {
    of: T,
    classes: usize,
}

impl<T: OfMembers> Fitted for Fits<T> {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let classes = self.classes;
        block.variant(MEMBERS).for_each(|row, logits| out[row] = self.of.of(&Members { logits, classes }));
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("classes", self.classes as f64)
    }
}

/// The score of members by hand, for examples of pages.
#[cfg(test)]
pub(super) fn of_members<const C: usize>(of: impl OfMembers, members: &[[f64; C]]) -> f64 {
    of.of(&Members { logits: members.as_flattened(), classes: C })
}
