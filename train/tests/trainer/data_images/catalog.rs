use std::collections::HashSet;
use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use oodbench_train::data::Published;
use oodbench_train::data::catalog::{self, FileState, Format, KNOWN_SETS, KnownFile, KnownSet, Layout};

use super::fixture;

#[test]
fn the_list_is_consistent() {
    let names: HashSet<_> = KNOWN_SETS.iter().map(|set| set.name).collect();
    assert_eq!(names.len(), KNOWN_SETS.len());
    for set in KNOWN_SETS {
        assert!(set.home.starts_with("http") && !set.licence.is_empty() && !set.layouts.is_empty(), "{}", set.name);
        assert!(!set.name.contains(':'), "{} could not be written NAME:PATH", set.name);
        let mut sums = HashSet::new();
        for file in set.layouts.iter().flat_map(|layout| layout.train.iter().chain(layout.test)) {
            for sum in file.published.into_iter().chain(file.content) {
                assert!(sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{sum}");
                assert!(sums.insert(sum), "{sum} twice");
            }
        }
    }
}

#[test]
fn each_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let set = catalog::find("cifar10").unwrap();
    let missing = catalog::check(set, folder.path());
    assert_eq!(missing.len(), 6);
    assert!(missing.iter().all(|(_, state)| matches!(state, FileState::Missing)));
    let below = folder.path().join("cifar-10-batches-py");
    fs::create_dir(&below).unwrap();
    fs::copy(fixture("cifar10-python2.pickle"), below.join("test_batch")).unwrap();
    let report = catalog::check(set, folder.path());
    let (file, state) = report.last().unwrap();
    assert_eq!(*file, below.join("test_batch"));
    assert!(state.to_string().ends_with("expected 40351d587109b95175f43aff81a1287e"), "{state}");
}

#[test]
fn a_known_set_without_sums_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.bin"), b"abc").unwrap();
    let report = catalog::check(catalog::find("cifar100").unwrap(), folder.path());
    // md5 of "abc": RFC 1321.
    assert!(matches!(&report[0].1, FileState::NoSumKnown { found } if found == "900150983cd24fb0d6963f7d28e17f72"));
}

/// A set of one file whose content is "abc" (md5 sum from RFC 1321).
static MADE_UP: KnownSet = KnownSet {
    name: "made-up",
    title: "Made up",
    home: "",
    licence: "",
    classes: None,
    normalisation: Published::None,
    layouts: &[Layout {
        format: Format::Idx,
        folder: "made-up",
        train: &[],
        test: &[KnownFile {
            name: "t10k-labels-idx1-ubyte.gz",
            published: Some("00000000000000000000000000000000"),
            content: Some("900150983cd24fb0d6963f7d28e17f72"),
        }],
    }],
    places: &[],
};

#[test]
fn a_recompressed_or_unpacked_file_is_fine_by_its_content() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(b"abc").unwrap();
    let gzip = gzip.finish().unwrap();
    let state = |name: &str, bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        catalog::check(&MADE_UP, folder.path()).remove(0).1
    };
    assert!(matches!(state("t10k-labels-idx1-ubyte.gz", &gzip), FileState::ContentFine));
    assert!(matches!(state("t10k-labels-idx1-ubyte", b"abc"), FileState::ContentFine));
    assert!(matches!(state("t10k-labels.idx1-ubyte", b"abc"), FileState::ContentFine));
    assert!(matches!(state("t10k-labels-idx1-ubyte.gz", b"abd"), FileState::Wrong { .. }));
    assert!(matches!(state("t10k-labels-idx1-ubyte.gz", &gzip[..gzip.len() - 1]), FileState::Unreadable(_)));
    assert!(matches!(state("other", b"abc"), FileState::Missing));
}
