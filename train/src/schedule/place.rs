//! Where in a run a step is.

/// A step of a run. It depends on nothing that happened before, so a run that goes on after a stop finds the same rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The step in that epoch, counted from 0.
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
}

impl Place {
    /// Number of the step in the whole run, counted from 0, and steps of a run of so many epochs. As floats: no number of epochs
    /// that somebody asks for overflows.
    pub(super) fn in_run(self, epochs: usize) -> (f64, f64) {
        let steps = self.steps.max(1) as f64;
        (self.epoch as f64 * steps + self.step as f64, epochs as f64 * steps)
    }
}
