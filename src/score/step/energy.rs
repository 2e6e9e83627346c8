//! Scores that are the energy of the head behind one step.

use super::super::head_energy::head_energy;
use super::super::{Fit, Fitted, Need, Score, State, StateError};
use super::{FittedStep, Step};
use crate::fit::{FitError, Training};
use crate::rows::RowBlock;

/// The energy behind a step; `needs` is what it reads with all that the step reads.
pub(in crate::score) fn energy_after(step: Box<dyn Step>, needs: &'static [Need]) -> Box<dyn Score> {
    Box::new(Energy { step, needs })
}

struct Energy {
    step: Box<dyn Step>,
    needs: &'static [Need],
}

impl Score for Energy {
    fn needs(&self) -> &[Need] {
        self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let mut notes = Vec::new();
        let step = self.step.fit(training, &mut notes)?;
        Ok(Fit::noted(FittedEnergy(step), notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedEnergy(self.step.restore(state)?)))
    }
}

struct FittedEnergy(Box<dyn FittedStep>);

impl Fitted for FittedEnergy {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let head = self.0.head(block.head());
        head_energy(&head, &self.0.features(block.features()), out);
    }

    fn save(&self) -> State<'_> {
        self.0.save()
    }
}
