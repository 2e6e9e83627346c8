//! A fitted composition.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::search::Search;
use super::super::step::{Features, FittedStep};
use super::super::{Fitted, Need, State};
use super::factor::FittedFactor;
use crate::rows::matrix::{Cow2, Rows};
use crate::rows::{Head, RowBlock};

/// What stands before and beside the score.
pub(super) struct Parts {
    pub(super) steps: Vec<Box<dyn FittedStep>>,
    pub(super) factors: Vec<FittedFactor>,
}

impl Parts {
    /// The part of a state that the score keeps.
    pub(super) const SCORE: &'static str = "score";

    /// The part that a step keeps.
    pub(super) fn step(place: usize) -> String {
        format!("step{}", place + 1)
    }

    /// The part that a factor keeps.
    pub(super) fn factor(place: usize) -> String {
        format!("factor{}", place + 1)
    }
}

/// Factors · score(steps(features)).
pub(super) struct FittedComposed {
    parts: Arc<Parts>,
    scorer: Box<dyn Fitted>,
    /// What is read of rows, where the fit of a part has chosen.
    needs: Option<Vec<Need>>,
}

impl FittedComposed {
    pub(super) fn new(parts: Arc<Parts>, scorer: Box<dyn Fitted>, needs: Option<Vec<Need>>) -> Self {
        Self { parts, scorer, needs }
    }

    /// The score of the features as the steps leave them, and of the logits that the head makes of them.
    fn score_changed(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let mut features = Features::Same(block.features());
        let mut head: Option<Cow<'_, Head>> = block.head_if_any().map(Cow::Borrowed);
        for step in &self.parts.steps {
            features = match features {
                Features::Same(features) => step.features(features),
                Features::New(features) => match step.features(&features) {
                    Features::New(changed) => Features::New(changed),
                    Features::Same(_) => Features::New(features),
                },
            };
            head = head.map(|head| match head {
                Cow::Borrowed(head) => step.head(head),
                Cow::Owned(head) => Cow::Owned(step.head(&head).into_owned()),
            });
        }
        let rows = Rows::F64(Cow2::Borrowed(features.view()));
        self.scorer.score_block(&RowBlock::new(block.rows(), None, Some(rows), head.as_deref()), out);
    }
}

impl Fitted for FittedComposed {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        if self.parts.steps.is_empty() {
            self.scorer.score_block(block, out);
        } else {
            self.score_changed(block, out);
        }
        self.parts.factors.iter().for_each(|factor| factor.multiply(block, out));
    }

    fn needs(&self) -> Option<Vec<Need>> {
        self.needs.clone()
    }

    /// That of a score with parameters and nothing else; steps change the features, factors the score.
    fn search(&self) -> Option<&dyn Search> {
        if self.parts.steps.is_empty() && self.parts.factors.is_empty() { self.scorer.search() } else { None }
    }

    fn save(&self) -> State<'_> {
        let steps = self.parts.steps.iter().enumerate();
        let state = steps.fold(State::new(), |state, (place, step)| state.with_part(&Parts::step(place), step.save()));
        let factors = self.parts.factors.iter().enumerate();
        let state = factors.fold(state, |state, (place, factor)| state.with_part(&Parts::factor(place), factor.save()));
        state.with_part(Parts::SCORE, self.scorer.save())
    }
}
