//! The entries of the [`catalog`](super::catalog).

use super::cifar::Cifar;
use super::known_set::{Format, KnownFile, KnownSet, Layout};
use super::normalisation::Published;

const fn published(name: &'static str, md5: &'static str) -> KnownFile {
    KnownFile { name, published: Some(md5), content: None }
}

const fn content(name: &'static str, md5: &'static str) -> KnownFile {
    KnownFile { name, published: None, content: Some(md5) }
}

const fn both(name: &'static str, published: &'static str, content: &'static str) -> KnownFile {
    KnownFile { name, published: Some(published), content: Some(content) }
}

const fn no_sum(name: &'static str) -> KnownFile {
    KnownFile { name, published: None, content: None }
}

const CIFAR_HOME: &str = "https://www.cs.toronto.edu/~kriz/cifar.html";
const CIFAR_LICENCE: &str = "free with citation of Krizhevsky 2009";
const ODIN_HOME: &str = "https://github.com/facebookresearch/odin";

/// All known sets.
pub static KNOWN_SETS: &[KnownSet] = &[
    KnownSet {
        name: "cifar10",
        title: "CIFAR-10",
        home: CIFAR_HOME,
        licence: CIFAR_LICENCE,
        classes: Some(10),
        normalisation: Published::MacedoCifar10,
        layouts: &[
            Layout {
                format: Format::CifarBinary(Cifar::Ten),
                folder: "cifar-10-batches-bin",
                train: &[
                    published("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
                    published("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
                    published("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
                    published("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
                    published("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
                ],
                test: &[published("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d")],
            },
            Layout {
                format: Format::CifarPickle(Cifar::Ten),
                folder: "cifar-10-batches-py",
                train: &[
                    published("data_batch_1", "c99cafc152244af753f735de768cd75f"),
                    published("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
                    published("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
                    published("data_batch_4", "634d18415352ddfa80567beed471001a"),
                    published("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
                ],
                test: &[published("test_batch", "40351d587109b95175f43aff81a1287e")],
            },
        ],
        places: &[],
    },
    KnownSet {
        name: "cifar100",
        title: "CIFAR-100",
        home: CIFAR_HOME,
        licence: CIFAR_LICENCE,
        classes: Some(100),
        normalisation: Published::MacedoCifar100,
        layouts: &[
            Layout {
                format: Format::CifarBinary(Cifar::Hundred),
                folder: "cifar-100-binary",
                train: &[no_sum("train.bin")],
                test: &[content("test.bin", "4499cfba6c016c1be1438163640a0898")],
            },
            Layout {
                format: Format::CifarPickle(Cifar::Hundred),
                folder: "cifar-100-python",
                train: &[published("train", "16019d7e3df5f24257cddd939b257f8d")],
                test: &[published("test", "f0ef6b0ae62326f3e7ffdfab6717acfc")],
            },
        ],
        places: &[],
    },
    KnownSet {
        name: "svhn",
        title: "SVHN, cropped digits",
        home: "http://ufldl.stanford.edu/housenumbers/",
        licence: "non-commercial use",
        classes: Some(super::svhn::CLASSES),
        normalisation: Published::MacedoSvhn,
        layouts: &[Layout {
            format: Format::Svhn,
            folder: "svhn",
            train: &[published("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373")],
            test: &[published("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3")],
        }],
        places: &[],
    },
    KnownSet {
        name: "fashion-mnist",
        title: "Fashion-MNIST",
        home: "https://github.com/zalandoresearch/fashion-mnist",
        licence: "MIT, Zalando SE",
        classes: Some(10),
        normalisation: Published::FashionMnist,
        layouts: &[Layout {
            format: Format::Idx,
            folder: "fashion-mnist",
            train: &[
                both(
                    "train-images-idx3-ubyte.gz",
                    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
                ),
                both(
                    "train-labels-idx1-ubyte.gz",
                    "25c81989df183df01b3e8a0aad5dffbe",
                    "9018921c3c673c538a1fc5bad174d6f9",
                ),
            ],
            test: &[
                both(
                    "t10k-images-idx3-ubyte.gz",
                    "bef4ecab320f06d8554ea6380940ec79",
                    "8181f5470baa50b63fa0f6fddb340f0a",
                ),
                both(
                    "t10k-labels-idx1-ubyte.gz",
                    "bb300cfdad3c16e7a12a480ee83cd310",
                    "15d484375f8d13e6eb1aabb0c3f46965",
                ),
            ],
        }],
        // The Debian and Ubuntu package dataset-fashion-mnist.
        places: &["/usr/share/datasets/fashion-mnist"],
    },
    KnownSet {
        name: "mnist",
        title: "MNIST",
        home: "http://yann.lecun.com/exdb/mnist/",
        licence: "CC BY-SA 3.0, LeCun, Cortes, Burges",
        classes: Some(10),
        normalisation: Published::Mnist,
        layouts: &[Layout {
            format: Format::Idx,
            folder: "mnist",
            train: &[
                both(
                    "train-images-idx3-ubyte.gz",
                    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                    "6bbc9ace898e44ae57da46a324031adb",
                ),
                both(
                    "train-labels-idx1-ubyte.gz",
                    "d53e105ee54ea40749a09fcbcd1e9432",
                    "a25bea736e30d166cdddb491f175f624",
                ),
            ],
            test: &[
                both(
                    "t10k-images-idx3-ubyte.gz",
                    "9fb629c4189551a2d022fa330f9573f3",
                    "2646ac647ad5339dbf082846283269ea",
                ),
                both(
                    "t10k-labels-idx1-ubyte.gz",
                    "ec29112dd5afa0611ce80d1b7f02629c",
                    "27ae3e4e09519cfbb04c329615203637",
                ),
            ],
        }],
        places: &[],
    },
    KnownSet {
        name: "kmnist",
        title: "Kuzushiji-MNIST",
        home: "https://github.com/rois-codh/kmnist",
        licence: "CC BY-SA 4.0, CODH; adapted from the Kuzushiji Dataset of NIJL and others",
        classes: Some(10),
        normalisation: Published::None,
        layouts: &[Layout {
            format: Format::Idx,
            folder: "kmnist",
            train: &[
                published("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
                published("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
            ],
            test: &[
                both(
                    "t10k-images-idx3-ubyte.gz",
                    "5c965bf0a639b31b8f53240b1b52f4d7",
                    "bf305b8cd328700fbc17f5acbc2856d2",
                ),
                both(
                    "t10k-labels-idx1-ubyte.gz",
                    "7320c461ea6c1c855c0b718fb2a4b134",
                    "9f55f451c0988b028eccdf7d5cc265ab",
                ),
            ],
        }],
        places: &[],
    },
    KnownSet {
        name: "imagenet-resize",
        title: "Tiny ImageNet, resized to 32x32 (ODIN's Imagenet_resize)",
        home: ODIN_HOME,
        licence: "research; ImageNet's terms",
        classes: None,
        normalisation: Published::None,
        layouts: &[Layout { format: Format::Folder, folder: "Imagenet_resize", train: &[], test: &[] }],
        places: &[],
    },
    KnownSet {
        name: "lsun-resize",
        title: "LSUN, resized to 32x32 (ODIN's LSUN_resize)",
        home: ODIN_HOME,
        licence: "research; LSUN's terms",
        classes: None,
        normalisation: Published::None,
        layouts: &[Layout { format: Format::Folder, folder: "LSUN_resize", train: &[], test: &[] }],
        places: &[],
    },
];
