use std::fs;
use std::path::Path;

use oodbench_train::data::array::{self, Layout};
use oodbench_train::data::folder::{self, Channels, Filter, FolderLabels, FolderOptions, Resize};

use super::{assert_refused, fixture};

fn copy(name: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(fixture(name), to).unwrap();
}

/// Largest difference of two images, in grey levels.
fn difference(ours: &[u8], theirs: &[u8]) -> u8 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max().unwrap()
}

#[test]
fn resizing_is_pillows_but_for_rounding() {
    let folder = tempfile::tempdir().unwrap();
    copy("picture.png", &folder.path().join("picture.png"));
    let theirs = fixture("picture-16x12-bilinear-bicubic-lanczos.npy");
    let theirs = array::read_npy("pillow", &theirs, None, Some(Layout::Nhwc), None).unwrap();
    // Pillow rounds to bytes between the two passes, which the negative lobes of a filter magnify.
    let filters = [(Filter::Bilinear, 1), (Filter::Bicubic, 1), (Filter::Lanczos3, 2)];
    for (number, (filter, allowed)) in filters.into_iter().enumerate() {
        let resize = Some(Resize { height: 16, width: 12, filter });
        let ours = folder::read("f", folder.path(), &FolderOptions { resize, ..FolderOptions::default() }).unwrap();
        assert_eq!(ours.shape(), [3, 16, 12]);
        let off = difference(ours.image(0), theirs.image(number));
        assert!(off <= allowed, "{filter:?} is {off} grey levels off");
    }
}

#[test]
fn jpeg_is_decoded_as_by_pillow_to_two_grey_levels() {
    let folder = tempfile::tempdir().unwrap();
    copy("picture.jpg", &folder.path().join("PICTURE.JPG"));
    let ours = folder::read("f", folder.path(), &FolderOptions::default()).unwrap();
    let theirs = array::read_npy("pillow", &fixture("picture-jpg.npy"), None, Some(Layout::Nhwc), None).unwrap();
    // Decoders round the inverse cosine transform differently.
    assert!(difference(&ours.images, &theirs.images) <= 2);
}

#[test]
fn subfolders_are_classes_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["b/images/1.png", "a/1.png", "a/2.png", "c/1.png", "a/.hidden.png"] {
        copy("picture.png", &folder.path().join(file));
    }
    fs::write(folder.path().join("a/boxes.txt"), "passed over").unwrap();
    let options = FolderOptions { labels: FolderLabels::Subfolders, channels: Channels::Grey, resize: None };
    let set = folder::read("f", folder.path(), &options).unwrap();
    assert_eq!((set.labels, set.classes, set.channels), (Some(vec![0, 0, 1, 2]), Some(3), 1));
    copy("picture.png", &folder.path().join("loose.png"));
    let outcome = folder::read("f", folder.path(), &options);
    assert_refused(outcome, &folder.path().join("loose.png"), &["in no subfolder"]);
    assert_eq!(folder::read("f", folder.path(), &FolderOptions::default()).unwrap().len(), 5);
}

#[test]
fn defects_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let read = || folder::read("f", folder.path(), &FolderOptions::default());
    assert_refused(read(), folder.path(), &["no image"]);
    copy("picture.png", &folder.path().join("1.png"));
    let other = folder.path().join("2.png");
    let picture = fs::read(fixture("picture.png")).unwrap();
    fs::write(&other, &picture[..picture.len() / 2]).unwrap();
    assert_refused(read(), &other, &["no readable image"]);
    fs::write(&other, "text").unwrap();
    assert_refused(read(), &other, &["no readable image"]);
    // A few bytes that promise 20,000 x 20,000 pixels.
    let mut huge = picture.clone();
    huge[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let checksum = crc32fast::hash(&huge[12..29]);
    huge[29..33].copy_from_slice(&checksum.to_be_bytes());
    fs::write(&other, huge).unwrap();
    assert_refused(read(), &other, &["once unpacked", "OODBENCH_MAX_UNPACKED"]);
    fs::remove_file(&other).unwrap();
    let other = folder.path().join("3.jpg");
    let picture = fs::read(fixture("picture.jpg")).unwrap();
    for end in [picture.len() - 1, picture.len() / 2, picture.len() * 3 / 4] {
        fs::write(&other, &picture[..end]).unwrap();
        assert_refused(read(), &other, &["no readable image"]);
    }
    fs::remove_file(&other).unwrap();
    let other = folder.path().join("2.png");
    image::RgbImage::new(7, 9).save(&other).unwrap();
    assert_refused(read(), &other, &["9x7 pixels", "40x30", "resize"]);
    let missing = folder.path().join("none");
    assert_refused(folder::read("f", &missing, &FolderOptions::default()), &missing, &["cannot be read"]);
}
