use std::sync::Arc;

use oodbench_train::data::augment::Augmentation;
use oodbench_train::data::batches::epoch_order;
use oodbench_train::data::noise::{self, Noise};
use oodbench_train::data::{Batch, Batches, ImageSet, Normalisation, Published, Recipe};

/// `count` images of 3x8x8 that all differ, with label = index.
fn set(count: usize) -> Arc<ImageSet> {
    let noise = noise::generate(Noise::Uniform, count, [3, 8, 8], 1).unwrap();
    let labels = (0..count as u32).collect();
    Arc::new(ImageSet::new("set", noise.images, Some(labels), [3, 8, 8], Some(count)).unwrap())
}

fn normalisation() -> Normalisation {
    Published::MacedoCifar10.normalisation(3).unwrap()
}

const PLAIN: Recipe = Recipe { batch_size: 4, augmentation: Augmentation::NONE, seed: 7, drop_last: false };
const AUGMENTED: Recipe = Recipe { augmentation: Augmentation { padding: 2, flip: true }, ..PLAIN };

fn epoch(recipe: &Recipe, epoch: u64) -> Vec<Batch> {
    Batches::training(&set(50), &normalisation(), recipe, epoch).unwrap().collect()
}

fn labels(batches: &[Batch]) -> Vec<u32> {
    batches.iter().flat_map(|batch| batch.labels.clone().unwrap()).collect()
}

#[test]
fn evaluation_batches_are_the_images_in_order_normalised() {
    let set = set(10);
    let batches: Vec<_> = Batches::evaluation(&set, &normalisation(), 4).unwrap().collect();
    assert_eq!(batches.iter().map(|batch| batch.shape[0]).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(labels(&batches), (0..10).collect::<Vec<_>>());
    let (mean, std) = ([0.491, 0.482, 0.446], [0.247, 0.243, 0.261]);
    let got = batches.iter().flat_map(|batch| &batch.images);
    for (at, (got, &byte)) in got.zip(&set.images).enumerate() {
        let channel = at / 64 % 3;
        assert!((f64::from(*got) - (f64::from(byte) / 255.0 - mean[channel]) / std[channel]).abs() < 1e-6);
    }
}

/// torchvision's arithmetic done in NumPy 2.4.6 with m = 0.491, s = 0.247 and m = 0.446, s = 0.261:
/// `(byte.astype(np.float32) / np.float32(255) - np.float32(m)) / np.float32(s)`, as bits. The bytes in the middle are among
/// those where multiplying by 1/255 or by 1/s gives other bits.
#[test]
fn normalised_values_are_numpys_to_the_bit() {
    let table = normalisation().table();
    let bits = |channel: usize, bytes: [usize; 4]| bytes.map(|byte| table[channel][byte].to_bits());
    assert_eq!(bits(0, [0, 55, 60, 255]), [0xbffe7202, 0xbf8eac37, 0xbf8482f6, 0x4003e2fb]);
    assert_eq!(bits(2, [0, 25, 55, 255]), [0xbfdaba5c, 0xbfaaa5be, 0xbf61e6ce, 0x4007d8c4]);
}

#[test]
fn an_epoch_is_every_image_once_in_its_own_order() {
    let first = epoch(&PLAIN, 0);
    let order = labels(&first);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    assert_eq!(order, epoch_order(7, 0, 50).into_iter().map(|index| index as u32).collect::<Vec<_>>());
    assert_ne!(order, labels(&epoch(&PLAIN, 1)));
    assert_ne!(order, labels(&epoch(&Recipe { seed: 8, ..PLAIN }, 0)));
    // Each image goes with its own label.
    let set = set(50);
    let whole: Vec<_> = Batches::evaluation(&set, &normalisation(), 50).unwrap().collect();
    for (number, label) in order.into_iter().enumerate() {
        let shuffled = &first[number / 4].images[number % 4 * 192..][..192];
        assert_eq!(shuffled, &whole[0].images[label as usize * 192..][..192]);
    }
}

#[test]
fn a_resumed_epoch_is_the_same_to_the_bit() {
    assert_eq!(epoch(&AUGMENTED, 3), epoch(&AUGMENTED, 3));
    assert_ne!(epoch(&AUGMENTED, 3), epoch(&PLAIN, 3));
    assert_eq!(labels(&epoch(&AUGMENTED, 3)), labels(&epoch(&PLAIN, 3)));
    // What happens to an image does not depend on how images are batched.
    let pixels = |batches: Vec<Batch>| batches.into_iter().flat_map(|batch| batch.images).collect::<Vec<_>>();
    let by_seven = Recipe { batch_size: 7, ..AUGMENTED };
    assert_eq!(pixels(epoch(&AUGMENTED, 3)), pixels(epoch(&by_seven, 3)));
}

#[test]
fn crops_reach_every_offset_and_half_the_images_are_flipped() {
    // One white pixel in the middle of 7x7 shows where the window was; a grey one right of it shows flips.
    let mut image = [0; 49];
    image[3 * 7 + 3] = 255;
    image[3 * 7 + 4] = 100;
    let count = 5000;
    let set = ImageSet::new("dots", image.repeat(count), Some(vec![0; count]), [1, 7, 7], Some(1)).unwrap();
    let recipe = Recipe { batch_size: 500, ..AUGMENTED };
    let scale = Published::None.normalisation(1).unwrap();
    let mut seen = [[0; 5]; 5];
    let mut flips = 0;
    for batch in Batches::training(&Arc::new(set), &scale, &recipe, 0).unwrap() {
        for image in batch.images.chunks(49) {
            let white = image.iter().position(|&pixel| pixel == 1.0).unwrap();
            let flipped = white % 7 > 0 && image[white - 1] > 0.0;
            flips += usize::from(flipped);
            seen[white / 7 - 1][white % 7 - 1] += 1;
        }
    }
    // Expected 200 at each of 25 offsets, standard deviation 13.9; 2500 flips, 35.4. Five deviations.
    assert!(seen.iter().flatten().all(|&times| (131..=269).contains(&times)), "{seen:?}");
    assert!((2323..=2677).contains(&flips), "{flips}");
}

#[test]
fn a_short_last_batch_is_kept_or_dropped() {
    let set = set(50);
    let kept = Batches::training(&set, &normalisation(), &PLAIN, 0).unwrap();
    assert_eq!((kept.len(), kept.last().unwrap().shape[0]), (13, 2));
    let dropped = Batches::training(&set, &normalisation(), &Recipe { drop_last: true, ..PLAIN }, 0).unwrap();
    assert_eq!((dropped.len(), dropped.last().unwrap().shape[0]), (12, 4));
}

#[test]
fn dropping_the_batches_ends_their_thread() {
    let set = set(1000);
    let mut batches = Batches::training(&set, &normalisation(), &PLAIN, 0).unwrap();
    assert!(batches.next().is_some());
    drop(batches);
    // The thread held the other reference.
    assert_eq!(Arc::strong_count(&set), 1);
}

#[test]
fn unusable_requests_are_refused() {
    let refused = |set: &Arc<ImageSet>, normalisation: &Normalisation, recipe: &Recipe, part: &str| {
        let message = Batches::training(set, normalisation, recipe, 0).expect_err("should be refused").to_string();
        assert!(message.contains(part), "`{part}` is not in: {message}");
    };
    let usable = set(3);
    let unlabelled = Arc::new(noise::generate(Noise::Uniform, 3, [3, 8, 8], 1).unwrap());
    refused(&unlabelled, &normalisation(), &PLAIN, "no labels");
    refused(&usable, &normalisation(), &Recipe { batch_size: 0, ..PLAIN }, "at least one batch");
    refused(&usable, &normalisation(), &Recipe { drop_last: true, ..PLAIN }, "at least one batch");
    refused(
        &usable,
        &normalisation(),
        &Recipe { augmentation: Augmentation { padding: 8, flip: false }, ..PLAIN },
        "padding 8",
    );
    refused(&usable, &Published::None.normalisation(1).unwrap(), &PLAIN, "3 channels");
    assert!(Batches::evaluation(&unlabelled, &normalisation(), 2).unwrap().all(|batch| batch.labels.is_none()));
}

#[test]
fn parts_of_a_set_keep_labels_with_images() {
    let set = set(20);
    assert_eq!(set.subset(5..8).unwrap().labels, Some(vec![5, 6, 7]));
    assert_eq!(set.subset(5..8).unwrap().image(2), set.image(7));
    assert_eq!((set.take(3).unwrap().len(), set.take(99).unwrap().len()), (3, 20));
    assert!(set.subset(18..21).is_err() && set.subset(4..4).is_err() && set.select(&[20]).is_err());
    let (rest, held_out) = set.hold_out(6, 1).unwrap();
    let mut all: Vec<_> = [rest.labels.clone().unwrap(), held_out.labels.clone().unwrap()].concat();
    all.sort_unstable();
    assert_eq!((held_out.len(), all), (6, (0..20).collect()));
    assert_eq!(held_out, set.hold_out(6, 1).unwrap().1);
    assert_ne!(held_out.labels, set.hold_out(6, 2).unwrap().1.labels);
    assert!(set.hold_out(20, 1).is_err() && set.hold_out(0, 1).is_err());
    assert_ne!(set.checksum(), rest.checksum());
    assert_eq!(set.checksum(), ImageSet { name: "other".into(), ..(*set).clone() }.checksum());
}
