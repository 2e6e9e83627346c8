use oodbench_train::data::checksum::md5_of;
use oodbench_train::data::embedded;

/// Sums of the pixels and of the labels: the md5 sums that make_images.py printed are those of the whole IDX files, header
/// included.
#[test]
fn the_embedded_sets_are_the_ones_described() {
    let sets = [
        (embedded::fashion_mnist_train(), 1200, "5898a87a40d3b539f67be0175583e77d", "d9e104eba715236b7fc611b9c86f5d7c"),
        (embedded::fashion_mnist_test(), 300, "6fb9dbad693f2264bdefd835a00c3b72", "bc201a8e8f91345199245dc04b195cf1"),
        (embedded::mnist(), 200, "1f443774e7b4ecd912fe34f30bda774b", "371e95c47744df5b9d47f13e64d2d7a9"),
        (embedded::kmnist(), 200, "78c109a1ecab4138beed0b56767be94d", "0cc4aeb08fcbd947ceeed8f791a55e8e"),
    ];
    for (set, per_class, images, labels) in sets {
        let set = set.unwrap();
        let count = set.len() as u32;
        assert_eq!((count, set.shape()), (10 * per_class, [1, 28, 28]));
        let mut of_class = [0; 10];
        let ours = set.labels.unwrap();
        ours.iter().for_each(|&label| of_class[label as usize] += 1);
        assert_eq!(of_class, [per_class; 10]);
        let bytes: Vec<u8> = ours.iter().map(|&label| label as u8).collect();
        let count = count.to_be_bytes();
        let side = 28_u32.to_be_bytes();
        assert_eq!(md5_of(&[&[0, 0, 8, 3], &count[..], &side, &side, &set.images].concat()), images);
        assert_eq!(md5_of(&[&[0, 0, 8, 1], &count[..], &bytes].concat()), labels);
    }
}
