//! Batches of normalised images, prepared on another thread.
//!
//! What an epoch looks like (order, crops, flips) is a pure function of (seed, epoch): ChaCha8 seeded by `seed`, stream
//! number `epoch`. Nothing needs saving in a checkpoint but these two numbers, and a run resumed at an epoch's start goes on
//! with the same bits.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::augment::{Augmentation, Placement};
use super::element::Element;
use super::error::DataError;
use super::image_set::ImageSet;
use super::normalisation::Normalisation;

/// Batches that may wait: enough to hide an uneven network, few enough to cost no memory worth mention.
const WAITING: usize = 4;

/// Some images, ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Normalised pixels, (images, channels, height, width).
    pub images: Vec<f32>,
    /// The labels, if the set has any.
    pub labels: Option<Vec<u32>>,
    /// (images, channels, height, width).
    pub shape: [usize; 4],
}

/// How training batches are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Images per batch.
    pub batch_size: usize,
    /// What is done at random to each image.
    pub augmentation: Augmentation,
    /// Seed of order, crops and flips.
    pub seed: u64,
    /// Whether a last batch that is not full is left out. Its images differ from epoch to epoch.
    pub drop_last: bool,
}

/// The batches of one pass over a set, in order. Dropping it ends the thread that prepares them.
#[derive(Debug)]
pub struct Batches {
    // Both are there until the end; taken apart on drop, where the receiver has to go before the thread is joined.
    prepared: Option<Receiver<Batch>>,
    thread: Option<JoinHandle<()>>,
    remaining: usize,
}

impl Batches {
    /// Epoch `epoch` of training: every image once, in an order and with crops and flips drawn from (seed, epoch).
    ///
    /// # Errors
    /// [`DataError::Request`] if the set has no labels, the batch size is 0 (or leaves no batch), the padding is not below
    /// the image's sides, or the normalisation has another number of channels.
    ///
    /// # Example
    /// ```
    /// use std::sync::Arc;
    /// use oodbench_train::data::{Batches, Published, Recipe, augment::Augmentation, embedded};
    ///
    /// let set = Arc::new(embedded::fashion_mnist_test()?);
    /// let normalisation = Published::FashionMnist.normalisation(1)?;
    /// let recipe = Recipe { batch_size: 64, augmentation: Augmentation::STANDARD, seed: 1, drop_last: false };
    /// let mut epoch = Batches::training(&set, &normalisation, &recipe, 0)?;
    /// assert_eq!(epoch.len(), 3000_usize.div_ceil(64));
    /// assert_eq!(epoch.next().map(|batch| batch.shape), Some([64, 1, 28, 28]));
    /// # Ok::<(), oodbench_train::data::DataError>(())
    /// ```
    pub fn training(
        set: &Arc<ImageSet>,
        normalisation: &Normalisation,
        recipe: &Recipe,
        epoch: u64,
    ) -> Result<Self, DataError> {
        if set.labels.is_none() {
            return Err(DataError::request(&set.name, "no labels", "labels to train on", "train on another set"));
        }
        if recipe.augmentation.padding >= set.height.min(set.width) {
            return Err(DataError::request(
                &set.name,
                format!("padding {}", recipe.augmentation.padding),
                format!("padding below the image's sides, {}x{}", set.height, set.width),
                "lower the padding",
            ));
        }
        if set.element != Element::Byte && recipe.augmentation != Augmentation::NONE {
            return Err(DataError::request(
                &set.name,
                format!("crops and flips of {}", set.element.input()),
                "none, which are for images",
                "train with --augmentation none",
            ));
        }
        let mut rng = epoch_rng(recipe.seed, epoch);
        let order = shuffled(&mut rng, set.len());
        let augmentation = recipe.augmentation;
        let plan = order.into_iter().map(move |image| (image, augmentation.draw(&mut rng)));
        let images = match recipe.drop_last {
            true => set.len() - set.len() % recipe.batch_size.max(1),
            false => set.len(),
        };
        Self::start(set, normalisation, recipe.batch_size, plan.take(images), images)
    }

    /// Every image once, in the set's order and as it is.
    ///
    /// # Errors
    /// [`DataError::Request`] if the batch size is 0 or the normalisation has another number of channels.
    pub fn evaluation(
        set: &Arc<ImageSet>,
        normalisation: &Normalisation,
        batch_size: usize,
    ) -> Result<Self, DataError> {
        let plan = (0..set.len()).map(|image| (image, Placement::CENTRE));
        Self::start(set, normalisation, batch_size, plan, set.len())
    }

    fn start(
        set: &Arc<ImageSet>,
        normalisation: &Normalisation,
        batch_size: usize,
        plan: impl Iterator<Item = (usize, Placement)> + Send + 'static,
        images: usize,
    ) -> Result<Self, DataError> {
        let wrong =
            |found: String, expected: String, remedy: &str| Err(DataError::request(&set.name, found, expected, remedy));
        if batch_size == 0 || images == 0 {
            return wrong(
                format!("batches of {batch_size} from {} images", set.len()),
                "at least one batch of at least one image".into(),
                "change the batch size",
            );
        }
        let channels = normalisation.mean.len();
        if channels != set.channels {
            return wrong(
                format!("{} channels", set.channels),
                format!("{channels}, as the normalisation has"),
                "choose the normalisation for this data",
            );
        }
        let scale = Scale::of(set.element, normalisation);
        let (sender, prepared) = sync_channel(WAITING);
        let set = Arc::clone(set);
        let thread = std::thread::Builder::new()
            .name("batches".into())
            .spawn(move || prepare(&set, &scale, batch_size, plan, &sender))
            .map_err(|cause| {
                DataError::request("batches", format!("no thread ({cause})"), "a thread", "end other programs")
            })?;
        Ok(Self { prepared: Some(prepared), thread: Some(thread), remaining: images.div_ceil(batch_size) })
    }
}

/// Order of the images in an epoch: a permutation of 0..`count`, the one [`Batches::training`] follows.
#[must_use]
pub fn epoch_order(seed: u64, epoch: u64, count: usize) -> Vec<usize> {
    shuffled(&mut epoch_rng(seed, epoch), count)
}

fn epoch_rng(seed: u64, epoch: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch);
    rng
}

fn shuffled(rng: &mut ChaCha8Rng, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    order
}

/// How elements become numbers.
enum Scale {
    Bytes(Vec<[f32; 256]>),
    Numbers(Normalisation),
    Tokens,
}

impl Scale {
    fn of(element: Element, normalisation: &Normalisation) -> Self {
        match element {
            Element::Byte => Self::Bytes(normalisation.table()),
            Element::Number => Self::Numbers(normalisation.clone()),
            Element::Token { .. } => Self::Tokens,
        }
    }

    fn write(&self, placement: Placement, image: &[u8], sides: [usize; 2], out: &mut [f32]) {
        let elements = || image.chunks_exact(size_of::<u32>());
        match self {
            Self::Bytes(table) => placement.write(image, sides, table, out),
            Self::Numbers(Normalisation { mean, std }) => {
                for (((out, bytes), mean), std) in out.iter_mut().zip(elements()).zip(mean).zip(std) {
                    *out = (bytemuck::pod_read_unaligned::<f32>(bytes) - mean) / std;
                }
            }
            // Whole in f32: numbers of tokens are below 2²⁴.
            Self::Tokens => out
                .iter_mut()
                .zip(elements())
                .for_each(|(out, bytes)| *out = bytemuck::pod_read_unaligned::<u32>(bytes) as f32),
        }
    }
}

/// Runs on the thread: ends when the plan does, or when nobody takes batches any more.
fn prepare(
    set: &ImageSet,
    scale: &Scale,
    batch_size: usize,
    mut plan: impl Iterator<Item = (usize, Placement)>,
    sender: &SyncSender<Batch>,
) {
    let [channels, height, width] = set.shape();
    loop {
        let part: Vec<_> = plan.by_ref().take(batch_size).collect();
        if part.is_empty() {
            return;
        }
        let elements = channels * height * width;
        let mut images = vec![0.0; part.len() * elements];
        for ((index, placement), out) in part.iter().zip(images.chunks_exact_mut(elements)) {
            scale.write(*placement, set.image(*index), [height, width], out);
        }
        let labels = set.labels.as_ref().map(|labels| part.iter().map(|(index, _)| labels[*index]).collect());
        let batch = Batch { images, labels, shape: [part.len(), channels, height, width] };
        if sender.send(batch).is_err() {
            return;
        }
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.prepared.as_ref()?.recv().ok();
        if batch.is_some() {
            self.remaining -= 1;
        } else if let Some(thread) = self.thread.take()
            && let Err(panic) = thread.join()
        {
            // A thread that died must not look like an epoch that ended.
            std::panic::resume_unwind(panic);
        }
        batch
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Batches {}

impl Drop for Batches {
    fn drop(&mut self) {
        drop(self.prepared.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
