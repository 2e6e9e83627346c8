use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use oodbench_train::data::{DataError, ImageSet, idx};

use super::{assert_refused, pattern, written};

fn images_file() -> Vec<u8> {
    let header: [u8; 16] = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6];
    [&header[..], &pattern([4, 1, 5, 6])].concat()
}

fn labels_file(labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8], labels].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(images: &[u8], labels: &[u8]) -> Result<ImageSet, DataError> {
    let (images, labels) = (written(images), written(labels));
    idx::read("set", &images.1, Some(&labels.1), Some(10))
}

#[test]
fn plain_and_gzip_files_are_read() {
    let plain = read(&images_file(), &labels_file(&[9, 0, 4, 4])).unwrap();
    assert_eq!(plain.shape(), [1, 5, 6]);
    assert_eq!(plain.images, pattern([4, 1, 5, 6]));
    assert_eq!(plain.labels, Some(vec![9, 0, 4, 4]));
    assert_eq!(plain, read(&gzip(&images_file()), &gzip(&labels_file(&[9, 0, 4, 4]))).unwrap());
}

#[test]
fn classes_are_counted_where_they_are_not_known() {
    let (images, labels) = (written(&images_file()), written(&labels_file(&[2, 0, 4, 4])));
    let read = |labels: Option<&Path>| idx::read("set", &images.1, labels, None).unwrap();
    assert_eq!(read(Some(&labels.1)).classes, Some(5));
    assert_eq!(read(None).labels, None);
}

#[test]
fn defects_are_named() {
    let labels = labels_file(&[9, 0, 4, 4]);
    let message = |images: &[u8], labels: &[u8]| {
        let message = read(images, labels).expect_err("should be refused").to_string();
        assert!(!message.contains('\n'), "{message}");
        message
    };
    let images = images_file();
    assert!(message(&images[..images.len() - 1], &labels).contains("found 135 bytes, expected 16 + 4x5x6"));
    assert!(message(&[&images[..], &[0]].concat(), &labels).contains("found 137 bytes"));
    assert!(message(&images[..9], &labels).contains("a header of 16"));
    assert!(message(&labels, &images).contains("found the beginning [00 00 08 01], expected [00 00 08 03]"));
    assert!(message(&images, &labels_file(&[1, 2, 3])).contains("found 3 labels, expected 4"));
    assert!(message(&images, &labels_file(&[1, 2, 10, 3])).contains("found label 10 at image 2"));
    let packed = gzip(&images);
    assert!(message(&packed[..packed.len() - 9], &labels).contains("compressed data damaged"));
    let long = gzip(&[&images[..], &[0; 1 << 20]].concat());
    assert!(message(&long, &labels).contains("data behind the 120 bytes its header promises"));
    let huge = [&[0, 0, 8, 3][..], &[0xff; 12]].concat();
    assert!(message(&huge, &labels).contains("found 16 bytes"));
}

#[test]
fn a_missing_file_is_named() {
    let missing = Path::new("/nonexistent/t10k-images-idx3-ubyte.gz");
    assert_refused(idx::read("set", missing, None, None), missing, &["cannot be read"]);
}
