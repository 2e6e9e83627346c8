//! Sets that have to fit another one: OOD sets beside the images a network was trained on.

use super::element::{Element, Form};
use super::error::DataError;
use super::folder::{Channels, Filter, FolderLabels, FolderOptions, Resize};
use super::image_set::ImageSet;
use super::noise::{Noise, generate};
use super::open;

/// Noise images made where no number is asked for.
pub const NOISE_IMAGES: usize = 2000;

/// Reads the OOD set of a specification: what [`open`](open::open) understands, or `uniform-noise`, `gaussian-noise` and `smooth-noise`, seeded and of
/// the form that is asked for. Of a set with splits it is the test split. Folders of images are read with
/// that number of channels and, if `resize`, brought to that size (bilinear).
///
/// # Errors
/// [`DataError`] if the set cannot be read or its images have another shape.
pub fn read(specification: &str, beside: Form, resize: bool, seed: u64) -> Result<ImageSet, DataError> {
    let shape = beside.shape;
    let noise = Noise::ALL.into_iter().find(|noise| noise.name() == specification);
    if let Some(noise) = noise {
        if beside.element != Element::Byte {
            return Err(DataError::request(
                specification,
                "noise images",
                format!("{} as the in-distribution rows are", beside.element.input()),
                "name rows by npy:DIR",
            ));
        }
        return generate(noise, NOISE_IMAGES, shape, seed);
    }
    let set = open::find(specification, folder_options(shape, resize))?.test()?;
    let are_images = [set.element, beside.element] == [Element::Byte; 2];
    if let Some((found, expected)) = set.misfit(beside.element.input(), beside.inputs()).filter(|_| !are_images) {
        let remedy = "take a set whose rows are made in the same way";
        return Err(DataError::request(
            specification,
            found,
            format!("{expected} as the in-distribution rows have"),
            remedy,
        ));
    }
    if set.shape() == shape {
        return Ok(set);
    }
    if set.element != Element::Byte {
        return Err(DataError::request(
            specification,
            format!("rows of {}", set.width),
            format!("{} as the in-distribution rows have", shape[2]),
            "cut them, or fill them up with token 0",
        ));
    }
    let text = |[channels, height, width]: [usize; 3]| format!("{channels}x{height}x{width}");
    Err(DataError::request(
        specification,
        format!("images of {}", text(set.shape())),
        format!("{} as the in-distribution images have", text(shape)),
        "take another set, or a folder of images with --resize",
    ))
}

fn folder_options([channels, height, width]: [usize; 3], resize: bool) -> FolderOptions {
    let size = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    FolderOptions {
        resize: resize.then(|| Resize { height: size(height), width: size(width), filter: Filter::Bilinear }),
        channels: if channels == 1 { Channels::Grey } else { Channels::Rgb },
        labels: FolderLabels::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_another_shape_is_refused_and_noise_takes_any() {
        let shape = [3, 32, 32];
        let (beside, grey) = (Form::images(shape), Form::images([1, 28, 28]));
        assert_eq!(
            read("embedded:mnist", beside, false, 0).unwrap_err().to_string(),
            "embedded:mnist: found images of 1x28x28, expected 3x32x32 as the in-distribution images have; take another set, \
             or a folder of images with --resize"
        );
        let noise = read("uniform-noise", beside, false, 7).unwrap();
        assert_eq!((noise.shape(), noise.len()), (shape, NOISE_IMAGES));
        assert_eq!(read("embedded:mnist", grey, false, 0).unwrap().len(), 2000);
    }
}
