//! What training and extraction tell those who watch; a progress bar is one of them.

use oodbench::progress::Progress;
pub use oodbench::progress::Silent;

use super::history::EpochRecord;

/// Something happened in a training.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A training begins.
    Begin {
        /// The run's name.
        run: &'a str,
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

/// Someone who watches trainings, and the rows of extractions as [`Progress`] tells of them.
pub trait Observer: Progress {
    /// Called from the training thread, which waits.
    fn training(&self, event: Event<'_>);

    /// Called before anything else where a dump will hold Gram matrices of so many bytes.
    fn grams(&self, _bytes: u64) {}
}

impl Observer for Silent {
    fn training(&self, _: Event<'_>) {}
}
