//! The image sets inside the program: what `oodbench demo` and the tests run on, without a download.
//!
//! Credits, licences and how they were cut are in `assets/images/README.md`: Fashion-MNIST (MIT, Zalando SE), KMNIST
//! (CC BY-SA 4.0, CODH), MNIST (CC BY-SA 3.0, LeCun, Cortes, Burges). Each holds the first images of every class, as many of
//! each, in the published order.

use std::path::Path;

use super::error::DataError;
use super::idx;
use super::image_set::ImageSet;

/// One of the sets inside the program; written `embedded:NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddedSet {
    /// Fashion-MNIST, 12,000 training and 3,000 test images.
    FashionMnist,
    /// KMNIST, 2,000 test images.
    Kmnist,
    /// MNIST, 2,000 test images.
    Mnist,
}

impl EmbeddedSet {
    /// All of them; the first is the one that can be trained on.
    pub const ALL: [Self; 3] = [Self::FashionMnist, Self::Kmnist, Self::Mnist];

    /// The name, that of the whole set in the [`catalog`](super::catalog).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FashionMnist => "fashion-mnist",
            Self::Kmnist => "kmnist",
            Self::Mnist => "mnist",
        }
    }

    /// Its training images; nothing for those that only serve as OOD.
    ///
    /// # Errors
    /// None but those of a damaged program.
    pub fn train(self) -> Result<Option<ImageSet>, DataError> {
        match self {
            Self::FashionMnist => fashion_mnist_train().map(Some),
            Self::Kmnist | Self::Mnist => Ok(None),
        }
    }

    /// Its test images.
    ///
    /// # Errors
    /// None but those of a damaged program.
    pub fn test(self) -> Result<ImageSet, DataError> {
        match self {
            Self::FashionMnist => fashion_mnist_test(),
            Self::Kmnist => kmnist(),
            Self::Mnist => mnist(),
        }
    }
}

macro_rules! embedded {
    ($(#[$doc:meta])* $function:ident, $name:literal, $file:literal) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// None but those of a damaged program.
        pub fn $function() -> Result<ImageSet, DataError> {
            let images = concat!($file, "-images-idx3-ubyte.gz");
            let labels = concat!($file, "-labels-idx1-ubyte.gz");
            idx::decode(
                $name,
                (
                    Path::new(images),
                    include_bytes!(concat!("../../assets/images/", $file, "-images-idx3-ubyte.gz")).to_vec(),
                ),
                Some((
                    Path::new(labels),
                    include_bytes!(concat!("../../assets/images/", $file, "-labels-idx1-ubyte.gz")).to_vec(),
                )),
                Some(10),
            )
        }
    };
}

embedded! {
    /// 12,000 training images of Fashion-MNIST, 1,200 of each class.
    fashion_mnist_train, "fashion-mnist-train", "fashion-mnist-train"
}

embedded! {
    /// 3,000 test images of Fashion-MNIST, 300 of each class.
    fashion_mnist_test, "fashion-mnist", "fashion-mnist-test"
}

embedded! {
    /// 2,000 test images of KMNIST, 200 of each class.
    kmnist, "kmnist", "kmnist-test"
}

embedded! {
    /// 2,000 test images of MNIST, 200 of each class.
    mnist, "mnist", "mnist-test"
}
