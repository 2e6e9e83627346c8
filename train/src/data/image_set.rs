//! A set of images of one size, in memory as bytes; or of vectors or sequences, which trainings take as images of other kinds.

use std::ops::Range;

use md5::{Digest as _, Md5};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::checksum::hex;
use super::element::{Element, Form, Input};
use super::error::DataError;

/// Images of one size with their labels, if they have any.
///
/// Bytes, not floats: CIFAR-10 takes 154 MB so, and the batches normalise while they copy. Rows of another [`Element`] are kept as the bytes of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// Name shown in tables and error messages, as `cifar10-train`.
    pub name: String,
    /// What pixels are.
    pub element: Element,
    /// Pixels, image after image, each as channel, row, column (NCHW).
    pub images: Vec<u8>,
    /// One class index per image, below [`classes`](Self::classes); none for sets that only serve as OOD.
    pub labels: Option<Vec<u32>>,
    /// Channels: 1 (grey) or 3 (red, green, blue); the values of a vector.
    pub channels: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image; the tokens of a sequence.
    pub width: usize,
    /// Number of classes, where there are labels.
    pub classes: Option<usize>,
}

impl ImageSet {
    /// Puts a set together and checks that its parts agree.
    ///
    /// `shape` is (channels, height, width). With labels, `classes` is their number of classes; without, it is kept as a
    /// note of what the set would have.
    ///
    /// # Errors
    /// [`DataError::Request`] if there is no image, a side is 0, the bytes are no whole number of images, the labels are
    /// not one per image, or a label is not below `classes`.
    ///
    /// # Example
    /// ```
    /// use oodbench_train::data::ImageSet;
    ///
    /// let two = ImageSet::new("two", vec![0; 2 * 3 * 4 * 5], Some(vec![0, 1]), [3, 4, 5], Some(2))?;
    /// assert_eq!((two.len(), two.image_bytes()), (2, 60));
    /// let label_too_large = ImageSet::new("one", vec![0; 60], Some(vec![2]), [3, 4, 5], Some(2));
    /// assert_eq!(
    ///     label_too_large.unwrap_err().to_string(),
    ///     "one: found label 2 at image 0, expected labels 0 to 1; check the labels"
    /// );
    /// # Ok::<(), oodbench_train::data::DataError>(())
    /// ```
    pub fn new(
        name: impl Into<String>,
        images: Vec<u8>,
        labels: Option<Vec<u32>>,
        shape: [usize; 3],
        classes: Option<usize>,
    ) -> Result<Self, DataError> {
        Self::of(Form::images(shape), name, images, labels, classes)
    }

    /// Rows of a form, one after the other, whose elements are the bytes that [`Element`] says.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of(
        form: Form,
        name: impl Into<String>,
        images: Vec<u8>,
        labels: Option<Vec<u32>>,
        classes: Option<usize>,
    ) -> Result<Self, DataError> {
        let Form { element, shape: [channels, height, width] } = form;
        let name = name.into();
        let wrong = |found: String, expected: String, remedy: &str| {
            Err(DataError::request(name.clone(), found, expected, remedy))
        };
        let row = element.input().row();
        let image_bytes = channels.saturating_mul(height).saturating_mul(width).saturating_mul(element.size());
        if images.is_empty() || image_bytes == 0 || !images.len().is_multiple_of(image_bytes) {
            let shape = format!("{channels}x{height}x{width}");
            let expected = match element {
                Element::Byte => format!("one or more whole images of {shape} bytes"),
                _ => format!("one or more whole {row}s of {} values", channels.max(width)),
            };
            return wrong(format!("{} bytes", images.len()), expected, "check the shape");
        }
        let count = images.len() / image_bytes;
        if let Some(labels) = &labels {
            if labels.len() != count {
                return wrong(
                    format!("{} labels", labels.len()),
                    format!("one for each of the {count} {row}s"),
                    "check that both files are of the same split",
                );
            }
            let classes = classes.unwrap_or(0);
            if let Some(at) = labels.iter().position(|&label| label as usize >= classes) {
                return wrong(
                    format!("label {} at {row} {at}", labels[at]),
                    format!("labels 0 to {}", classes.saturating_sub(1)),
                    "check the labels",
                );
            }
        }
        Ok(Self { name, element, images, labels, channels, height, width, classes })
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.images.len() / self.image_bytes()
    }

    /// Whether there is no image; never so for a set that [`new`](Self::new) let through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// (channels, height, width).
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Bytes of one image: channels × height × width × those of an element.
    #[must_use]
    pub fn image_bytes(&self) -> usize {
        self.channels * self.height * self.width * self.element.size()
    }

    /// What a network is made for: the channels of images, the length of vectors, the number of tokens.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.form().inputs()
    }

    /// What its rows are like.
    #[must_use]
    pub fn form(&self) -> Form {
        Form { element: self.element, shape: self.shape() }
    }

    /// What is wrong of it for a network that was made for `inputs` of a kind; nothing if it fits.
    #[must_use]
    pub fn misfit(&self, input: Input, inputs: usize) -> Option<(String, String)> {
        let own = self.element.input();
        let fits = match input {
            Input::Images | Input::Vectors => self.inputs() == inputs,
            // Some tokens may not occur.
            Input::Sequences => self.inputs() <= inputs,
        };
        (own != input || !fits).then(|| (own.with(self.inputs()), input.with(inputs)))
    }

    /// The bytes of image `index` as channel, row, column.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images[index * self.image_bytes()..][..self.image_bytes()]
    }

    /// The images of `range`, in order.
    ///
    /// # Errors
    /// [`DataError::Request`] if the range is empty or reaches behind the last image.
    pub fn subset(&self, range: Range<usize>) -> Result<Self, DataError> {
        if range.is_empty() || range.end > self.len() {
            return Err(DataError::request(
                &self.name,
                format!("a request for images {} to {}", range.start, range.end),
                format!("a range within 0 to {} that is not empty", self.len()),
                "ask for fewer images",
            ));
        }
        let bytes = range.start * self.image_bytes()..range.end * self.image_bytes();
        let labels = self.labels.as_ref().map(|labels| labels[range].to_vec());
        Self::of(self.form(), &self.name, self.images[bytes].to_vec(), labels, self.classes)
    }

    /// The first `count` images, or all if there are fewer.
    ///
    /// # Errors
    /// [`DataError::Request`] if `count` is 0.
    pub fn take(&self, count: usize) -> Result<Self, DataError> {
        self.subset(0..count.min(self.len()))
    }

    /// The images at `indices`, in that order.
    ///
    /// # Errors
    /// [`DataError::Request`] if there is no index or one is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Result<Self, DataError> {
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(DataError::request(
                &self.name,
                format!("a request for image {index}"),
                format!("indices below {}", self.len()),
                "ask for images that exist",
            ));
        }
        let images = indices.iter().flat_map(|&index| self.image(index)).copied().collect();
        let labels = self.labels.as_ref().map(|labels| indices.iter().map(|&index| labels[index]).collect());
        Self::of(self.form(), &self.name, images, labels, self.classes)
    }

    /// Splits off `held_out` images, drawn by `seed`, for validation: (the rest, the held-out images), each in the
    /// set's own order.
    ///
    /// # Errors
    /// [`DataError::Request`] unless 0 < `held_out` < [`len`](Self::len).
    pub fn hold_out(&self, held_out: usize, seed: u64) -> Result<(Self, Self), DataError> {
        if held_out == 0 || held_out >= self.len() {
            return Err(DataError::request(
                &self.name,
                format!("a request to hold out {held_out} images"),
                format!("between 1 and {}", self.len() - 1),
                "hold out fewer images",
            ));
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (validation, rest) = order.split_at_mut(held_out);
        validation.sort_unstable();
        rest.sort_unstable();
        Ok((self.select(rest)?, self.select(validation)?))
    }

    /// md5 sum over shape, pixels and labels, in hexadecimal: equal for equal data whatever the files it came from, so a
    /// checkpoint can tell whether it is resumed on the same data. The name does not count.
    #[must_use]
    pub fn checksum(&self) -> String {
        let mut md5 = Md5::new();
        for side in self.shape() {
            md5.update((side as u64).to_le_bytes());
        }
        match self.element {
            // As it was before there were others.
            Element::Byte => {}
            Element::Number => md5.update(b"f32"),
            Element::Token { vocabulary } => md5.update((vocabulary as u64).to_le_bytes()),
        }
        md5.update(&self.images);
        for label in self.labels.iter().flatten() {
            md5.update(label.to_le_bytes());
        }
        hex(&md5.finalize())
    }
}
