//! What a run tells those who watch it; a progress bar is one of them.

use super::history::EpochRecord;

/// Something happened in a run.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The run begins.
    Begin {
        /// The first epoch it will train, counted from 0; above 0 where it resumes.
        first_epoch: usize,
        /// Number of epochs of the whole run.
        epochs: usize,
        /// Steps of an epoch.
        steps: usize,
        /// Trainable values of the network.
        parameters: usize,
    },
    /// Some steps were made.
    Progress {
        /// The epoch, counted from 0.
        epoch: usize,
        /// Steps made in it.
        step: usize,
        /// Mean training loss of the epoch so far.
        loss: f64,
        /// Training accuracy of the epoch so far, on the augmented images, between 0 and 1.
        accuracy: f64,
        /// Images per second of the epoch so far.
        images_per_second: f64,
    },
    /// An epoch is over and its checkpoint is on disk.
    Epoch(&'a EpochRecord),
}

/// Someone who watches a run.
pub trait Observer {
    /// Called from the training thread, which waits.
    fn notice(&mut self, event: Event<'_>);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn notice(&mut self, _: Event<'_>) {}
}
