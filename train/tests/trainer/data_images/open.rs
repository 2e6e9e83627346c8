use std::fs;
use std::path::Path;

use oodbench_train::data::folder::{Filter, FolderOptions, Resize};
use oodbench_train::data::{Published, open};

use super::fixture;

#[track_caller]
fn refused(specification: &str, parts: &[&str]) {
    let message = open(specification, None).expect_err("should be refused").to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

fn cifar_folder(root: &Path) {
    fs::create_dir(root.join("cifar-10-batches-bin")).unwrap();
    for name in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
        fs::copy(fixture("cifar10.bin"), root.join(format!("cifar-10-batches-bin/{name}.bin"))).unwrap();
    }
}

#[test]
fn a_known_set_is_found_by_name_and_recognised_without() {
    let folder = tempfile::tempdir().unwrap();
    cifar_folder(folder.path());
    let root = folder.path().display();
    for specification in [format!("cifar10:{root}"), format!("cifar10:{root}/cifar-10-batches-bin"), root.to_string()] {
        let source = open(&specification, None).unwrap();
        assert_eq!((source.name(), source.normalisation()), ("cifar10", Published::MacedoCifar10));
        let (train, test) = source.both().unwrap();
        assert_eq!((train.len(), test.len()), (20, 4));
        assert_eq!((train.name.as_str(), test.name.as_str()), ("cifar10-train", "cifar10"));
    }
    fs::remove_file(folder.path().join("cifar-10-batches-bin/data_batch_3.bin")).unwrap();
    let message = open(&root.to_string(), None).unwrap().train().unwrap_err().to_string();
    assert!(
        message.contains("data_batch_3.bin: found no such file") && message.contains("kriz/cifar.html"),
        "{message}"
    );
}

#[test]
fn the_mnist_family_is_told_apart_by_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // Images and labels of an unknown set, under the names that they all share.
    fs::write(
        root.join("t10k-images-idx3-ubyte"),
        [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2][..], &[5, 6]].concat(),
    )
    .unwrap();
    fs::write(root.join("t10k-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 1, 3]).unwrap();
    let source = open(&root.display().to_string(), None).unwrap();
    assert!(source.known().is_none());
    let test = source.test().unwrap();
    assert_eq!((test.images, test.labels, test.classes), (vec![5, 6], Some(vec![3]), Some(4)));
    assert!(source.train().unwrap_err().to_string().contains("no train images"));
    // Asked for by name, it is read as that set.
    assert_eq!(open(&format!("kmnist:{}", root.display()), None).unwrap().test().unwrap().classes, Some(10));
}

#[test]
fn folders_and_arrays_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("picture.png"), folder.path().join("1.png")).unwrap();
    let root = folder.path().display().to_string();
    let resize = Some(Resize { height: 32, width: 32, filter: Filter::Bilinear });
    let options = Some(FolderOptions { resize, ..FolderOptions::default() });
    for specification in [root.clone(), format!("folder:{root}"), format!("lsun-resize:{root}")] {
        let source = open(&specification, options).unwrap();
        assert_eq!(source.test().unwrap().shape(), [3, 32, 32]);
        assert!(source.train().unwrap_err().to_string().contains("no training split"));
    }
    fs::create_dir(folder.path().join("train")).unwrap();
    fs::rename(folder.path().join("1.png"), folder.path().join("train/1.png")).unwrap();
    let source = open(&root, options).unwrap();
    assert_eq!(source.train().unwrap().len(), 1);
    assert!(source.test().unwrap_err().to_string().contains("a folder `train` alone"));
    let npz = fixture("images.npz").display().to_string();
    assert_eq!(open(&npz, None).unwrap().test().unwrap().labels, Some(vec![2, 0, 1, 2]));
    assert!(open(&npz, options).unwrap_err().to_string().contains("options for folders"));
    assert_eq!(open(&fixture("nchw.npy").display().to_string(), None).unwrap().name(), "nchw");
}

#[test]
fn what_cannot_be_found_is_named_with_a_way_out() {
    refused("cifar12", &["cifar12: found neither", "cifar10, cifar100, svhn", "`folder:PATH`"]);
    refused("svhn", &["svhn: found nothing", "http://ufldl.stanford.edu", "`svhn:PATH`"]);
    refused("svhn:/nonexistent", &["/nonexistent: found no file of this set", "test_32x32.mat"]);
}

/// Runs where the Debian package dataset-fashion-mnist is installed; elsewhere there is nothing to compare with.
#[test]
fn the_installed_fashion_mnist_is_found_and_fine() {
    use oodbench_train::data::catalog::{self, FileState};
    use oodbench_train::data::embedded;
    let set = catalog::find("fashion-mnist").unwrap();
    if !Path::new(set.places[0]).exists() {
        return;
    }
    let states = catalog::check(set, Path::new(set.places[0]));
    assert!(
        states.iter().all(|(_, state)| matches!(state, FileState::ContentFine | FileState::AsPublished)),
        "{states:?}"
    );
    let (train, test) = open("fashion-mnist", None).unwrap().both().unwrap();
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    // The embedded subset keeps the published order: its first image is the first.
    assert_eq!(embedded::fashion_mnist_train().unwrap().image(0), train.image(0));
    let recognised = open(set.places[0], None).unwrap();
    assert_eq!(recognised.name(), "fashion-mnist");
}
