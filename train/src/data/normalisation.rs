//! Per-channel normalisation and the constants that papers published.

use std::fmt;

use super::element::Element;
use super::error::DataError;
use super::image_set::ImageSet;

/// x ↦ (x / 255 − mean) / std, per channel of an image; x ↦ (x − mean) / std of each value of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// One mean per channel, on the scale 0 to 1; of vectors one per value, as they are.
    pub mean: Vec<f32>,
    /// One standard deviation per channel, likewise.
    pub std: Vec<f32>,
}

impl Normalisation {
    /// A normalisation of as many channels as there are means.
    ///
    /// # Errors
    /// [`DataError::Request`] if the two differ in length, are empty, or hold a number that is not finite, or a standard
    /// deviation that is not above 0.
    pub fn new(mean: Vec<f32>, std: Vec<f32>) -> Result<Self, DataError> {
        let usable = !mean.is_empty()
            && mean.len() == std.len()
            && mean.iter().all(|mean| mean.is_finite())
            && std.iter().all(|std| std.is_finite() && *std > 0.0);
        if usable {
            return Ok(Self { mean, std });
        }
        Err(DataError::request(
            "normalisation",
            format!("means {mean:?} and standard deviations {std:?}"),
            "one finite mean and one standard deviation above 0 per channel",
            "correct the constants",
        ))
    }

    /// Means and deviations of a set that is no set of images, over its rows: of each value of vectors (a value that does not vary has deviation 1); none for tokens.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_rows(set: &ImageSet) -> Result<Self, DataError> {
        if set.element != Element::Number {
            return Self::new(vec![0.0; set.channels], vec![1.0; set.channels]);
        }
        let mut values = vec![Moments::default(); set.channels];
        for row in set.images.chunks_exact(set.image_bytes().max(1)) {
            for (moments, bytes) in values.iter_mut().zip(row.chunks_exact(size_of::<f32>())) {
                moments.add(bytemuck::pod_read_unaligned::<f32>(bytes).into());
            }
        }
        let deviation = |std: f64| Some(std as f32).filter(|std| *std > 0.0).unwrap_or(1.0);
        let std = values.iter().map(|moments| deviation(moments.deviation())).collect();
        Self::new(values.iter().map(|moments| moments.mean() as f32).collect(), std)
    }

    /// The scaled value of each byte, per channel.
    ///
    /// # Formula
    /// ```text
    /// table[c][v] = (v / 255 − mean_c) / std_c
    /// ```
    /// in f32 and in this order of operations, which is torchvision's `ToTensor` and `Normalize`, so a network trained
    /// there sees the same bits here.
    #[must_use]
    pub fn table(&self) -> Vec<[f32; 256]> {
        let channels = self.mean.iter().zip(&self.std);
        channels.map(|(mean, std)| std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std)).collect()
    }
}

/// Count, sum and squared distances from the mean of numbers that come one by one (Welford).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    sum: f64,
    /// The mean that squares are about; it follows the numbers and is less exact than that of the sum.
    centre: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, number: f64) {
        self.count += 1.0;
        self.sum += number;
        let before = number - self.centre;
        self.centre += before / self.count;
        self.squares = (number - self.centre).mul_add(before, self.squares);
    }

    fn mean(self) -> f64 {
        self.sum / self.count
    }

    fn deviation(self) -> f64 {
        (self.squares / self.count).sqrt()
    }
}

/// Whose constants.
///
/// Lee's and Macêdo's differ for the same data, and so do the networks trained with them: take the ones the weights were
/// trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Macêdo et al., CIFAR-10 (entropic out-of-distribution detection, IsoMax, IsoMax+).
    MacedoCifar10,
    /// Macêdo et al., CIFAR-100.
    MacedoCifar100,
    /// Macêdo et al., SVHN.
    MacedoSvhn,
    /// Lee et al. 2018 (Mahalanobis) and ODIN, DenseNet-BC, whatever the data: (125.3, 123, 113.9)/255, (63, 62.1, 66.7)/255.
    LeeDenseNet,
    /// Lee et al. 2018 (Mahalanobis), ResNet-34, whatever the data.
    LeeResNet,
    /// Fashion-MNIST: mean and standard deviation over all training pixels.
    FashionMnist,
    /// MNIST, as in PyTorch's examples: mean and standard deviation over all training pixels.
    Mnist,
    /// ImageNet, as in torchvision's examples and in most networks trained on it.
    ImageNet,
    /// Scaled to 0 to 1 only.
    None,
}

impl Published {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::MacedoCifar10,
        Self::MacedoCifar100,
        Self::MacedoSvhn,
        Self::LeeDenseNet,
        Self::LeeResNet,
        Self::FashionMnist,
        Self::Mnist,
        Self::ImageNet,
        Self::None,
    ];

    /// The name used on the command line and in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MacedoCifar10 => "macedo-cifar10",
            Self::MacedoCifar100 => "macedo-cifar100",
            Self::MacedoSvhn => "macedo-svhn",
            Self::LeeDenseNet => "lee-densenet",
            Self::LeeResNet => "lee-resnet",
            Self::FashionMnist => "fashion-mnist",
            Self::Mnist => "mnist",
            Self::ImageNet => "imagenet",
            Self::None => "none",
        }
    }

    /// Means and standard deviations per channel; empty for [`None`](Self::None), which fits any number of channels.
    #[must_use]
    pub const fn constants(self) -> (&'static [f32], &'static [f32]) {
        match self {
            Self::MacedoCifar10 => (&[0.491, 0.482, 0.446], &[0.247, 0.243, 0.261]),
            Self::MacedoCifar100 => (&[0.507, 0.486, 0.440], &[0.267, 0.256, 0.276]),
            Self::MacedoSvhn => (&[0.437, 0.443, 0.472], &[0.198, 0.201, 0.197]),
            Self::LeeDenseNet => {
                (&[125.3 / 255.0, 123.0 / 255.0, 113.9 / 255.0], &[63.0 / 255.0, 62.1 / 255.0, 66.7 / 255.0])
            }
            Self::LeeResNet => (&[0.4914, 0.4822, 0.4465], &[0.2023, 0.1994, 0.2010]),
            Self::FashionMnist => (&[0.2860], &[0.3530]),
            Self::Mnist => (&[0.1307], &[0.3081]),
            Self::ImageNet => (&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]),
            Self::None => (&[], &[]),
        }
    }

    /// These constants for images of `channels` channels.
    ///
    /// # Errors
    /// [`DataError::Request`] if the constants are for another number of channels.
    ///
    /// # Example
    /// ```
    /// use oodbench_train::data::Published;
    ///
    /// let grey = Published::None.normalisation(1)?;
    /// assert_eq!(grey.table()[0][51], 0.2);
    /// assert!(Published::MacedoSvhn.normalisation(1).is_err());
    /// # Ok::<(), oodbench_train::data::DataError>(())
    /// ```
    pub fn normalisation(self, channels: usize) -> Result<Normalisation, DataError> {
        if self == Self::None {
            return Normalisation::new(vec![0.0; channels], vec![1.0; channels]);
        }
        let (mean, std) = self.constants();
        if mean.len() != channels {
            return Err(DataError::request(
                format!("normalisation {self}"),
                format!("images of {channels} channels"),
                format!("{} channels", mean.len()),
                "choose other constants or `none`",
            ));
        }
        Normalisation::new(mean.to_vec(), std.to_vec())
    }
}

impl fmt::Display for Published {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl std::str::FromStr for Published {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        Self::ALL.into_iter().find(|published| published.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            DataError::request("normalisation", format!("`{text}`"), names.join(", "), "take one of these")
        })
    }
}
