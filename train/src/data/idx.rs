//! IDX, the format of MNIST and its family (Fashion-MNIST, KMNIST, notMNIST, ...), plain or gzip.
//!
//! ```text
//! 00 00 08 D      two zeros, element type (08: unsigned byte), number of dimensions
//! D × u32         lengths, big-endian
//! bytes           the elements, last dimension fastest
//! ```
//! Images have three dimensions (count, rows, columns), labels one.
//!
//! Source: LeCun, Cortes, Burges, <http://yann.lecun.com/exdb/mnist/>.

use std::path::Path;

use oodbench::dump::format::limit::Limit;

use super::error::{DataError, FETCH_AGAIN};
use super::image_set::ImageSet;
use super::read;

/// Reads images and, if there is a file of them, their labels.
///
/// # Errors
/// [`DataError`] if a file cannot be read, has another magic number or another length than its header says, or images and
/// labels do not match.
pub fn read(name: &str, images: &Path, labels: Option<&Path>, classes: Option<usize>) -> Result<ImageSet, DataError> {
    let labels = labels.map(|file| Ok::<_, DataError>((file, read::bytes(file)?))).transpose()?;
    decode(name, (images, read::bytes(images)?), labels, classes)
}

/// As [`read`], from bytes already there; the paths only name them in messages.
pub(super) fn decode(
    name: &str,
    images: (&Path, Vec<u8>),
    labels: Option<(&Path, Vec<u8>)>,
    classes: Option<usize>,
) -> Result<ImageSet, DataError> {
    let ([count, height, width], pixels) = elements::<3>(images.0, images.1, "images")?;
    let mut set_labels = None;
    if let Some((file, bytes)) = labels {
        let ([found], bytes) = elements::<1>(file, bytes, "labels")?;
        if found != count {
            return Err(DataError::content(
                file,
                format!("{found} labels"),
                format!("{count}, one per image of {}", images.0.display()),
                "take both files from the same split",
            ));
        }
        let classes = classes.unwrap_or(usize::MAX);
        if let Some(at) = bytes.iter().position(|&label| usize::from(label) >= classes) {
            return Err(DataError::content(
                file,
                format!("label {} at image {at}", bytes[at]),
                format!("labels 0 to {}", classes.saturating_sub(1)),
                FETCH_AGAIN,
            ));
        }
        set_labels = Some(bytes.into_iter().map(u32::from).collect::<Vec<_>>());
    }
    let counted = set_labels.iter().flatten().max().map(|&largest| largest as usize + 1);
    ImageSet::new(name, pixels, set_labels, [1, height, width], classes.or(counted))
}

/// Checks the header and length of an IDX file of `D` dimensions; its lengths and elements.
fn elements<const D: usize>(file: &Path, raw: Vec<u8>, kind: &str) -> Result<([usize; D], Vec<u8>), DataError> {
    let wrong = |found: String, expected: String, remedy: &str| DataError::content(file, found, expected, remedy);
    let header = 4 + 4 * D;
    let mut content = read::content(&raw);
    let head = read::head(file, &mut content, header)?;
    let magic = [0, 0, 8, D as u8];
    if !head.starts_with(&magic) {
        let found: Vec<_> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return Err(wrong(
            format!("the beginning [{}]", found.join(" ")),
            format!("[00 00 08 {D:02x}], IDX {kind} of bytes"),
            "check that images and labels are not exchanged",
        ));
    }
    let Some(lengths) = head.get(4..header) else {
        return Err(wrong(format!("{} bytes", head.len()), format!("a header of {header}"), FETCH_AGAIN));
    };
    let (lengths, _) = lengths.as_chunks::<4>();
    let shape: [usize; D] = std::array::from_fn(|axis| u32::from_be_bytes(lengths[axis]) as usize);
    let product = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    if read::is_gzip(&raw) {
        let promised = product.map_or(u64::MAX, |product| product as u64);
        let bytes = Limit::in_memory(raw.len()).read_exactly(file, &mut content, promised)?;
        return Ok((shape, bytes));
    }
    drop(content);
    if product != Some(raw.len() - header) {
        let shape: Vec<_> = shape.iter().map(usize::to_string).collect();
        return Err(wrong(
            format!("{} bytes", raw.len()),
            format!("{header} + {}, as the header says", shape.join("x")),
            FETCH_AGAIN,
        ));
    }
    let mut bytes = raw;
    bytes.drain(..header);
    Ok((shape, bytes))
}
