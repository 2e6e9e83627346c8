//! Seeded noise images, the OOD sets that need no files.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::error::DataError;
use super::image_set::ImageSet;

/// How a pixel is drawn; all pixels are independent, as in Hendrycks and Gimpel 2017 and in ODIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Uniform on the bytes 0 to 255.
    Uniform,
    /// Normal with mean 1/2 and standard deviation 1 on the scale 0 to 1, cut to it: about a third of the pixels are
    /// black and a third white.
    Gaussian,
    /// Uniform, then smoothed by a Gaussian of σ between 1 and 2.5 pixels, drawn for each image, and stretched to all of 0 to 255: the noise of ACET (Hein et
    /// al. 2019). Beyond the edges the image is mirrored.
    Smooth,
}

impl Noise {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Uniform, Self::Gaussian, Self::Smooth];

    /// The set's name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform-noise",
            Self::Gaussian => "gaussian-noise",
            Self::Smooth => "smooth-noise",
        }
    }
}

/// `count` noise images of (channels, height, width), without labels: a pure function of its arguments.
///
/// # Errors
/// [`DataError::Request`] if there would be no pixel.
pub fn generate(noise: Noise, count: usize, shape: [usize; 3], seed: u64) -> Result<ImageSet, DataError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut images = vec![0; count * shape.iter().product::<usize>()];
    match noise {
        Noise::Uniform => rng.fill_bytes(&mut images),
        Noise::Gaussian => {
            for pixel in &mut images {
                let value: f32 = rng.sample(StandardNormal);
                // `as` cuts to 0..=255.
                *pixel = ((0.5 + value) * 255.0).round() as u8;
            }
        }
        Noise::Smooth => {
            rng.fill_bytes(&mut images);
            let [channels, height, width] = shape;
            for image in images.chunks_mut((channels * height * width).max(1)) {
                let weights = gaussian(rng.random_range(1.0..2.5));
                let planes =
                    image.chunks((height * width).max(1)).map(|plane| smoothed(plane, [height, width], &weights));
                stretch(&planes.collect::<Vec<_>>().concat(), image);
            }
        }
    }
    ImageSet::new(noise.name(), images, None, shape, None)
}

/// The weights of a Gaussian at 0, 1, … pixels, up to four σ; those of both sides sum to 1.
fn gaussian(sigma: f64) -> Vec<f64> {
    let weights: Vec<f64> = (0..=(4.0 * sigma) as usize).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp()).collect();
    let sum = 2.0 * weights.iter().sum::<f64>() - weights[0];
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// A plane smoothed along its rows and then along its columns.
fn smoothed(plane: &[u8], [height, width]: [usize; 2], weights: &[f64]) -> Vec<f64> {
    // A line of so many values that are `step` apart, from `line` on.
    let along = |values: &[f64], line: usize, length: usize, step: usize| -> Vec<f64> {
        let value = |at: isize| {
            let period = 2 * length as isize;
            let at = at.rem_euclid(period);
            values[line + at.min(period - 1 - at) as usize * step]
        };
        let at = |at: isize| {
            let sides =
                weights.iter().zip(0..).skip(1).map(|(weight, away)| weight * (value(at - away) + value(at + away)));
            weights[0] * value(at) + sides.sum::<f64>()
        };
        (0..length as isize).map(at).collect()
    };
    let values: Vec<f64> = plane.iter().map(|&byte| f64::from(byte)).collect();
    let rows: Vec<f64> = (0..height).flat_map(|row| along(&values, row * width, width, 1)).collect();
    let columns: Vec<Vec<f64>> = (0..width).map(|column| along(&rows, column, height, width)).collect();
    (0..height * width).map(|at| columns[at % width][at / width]).collect()
}

/// Writes numbers as bytes from 0, the least, to 255, the largest; equal ones as they are.
fn stretch(numbers: &[f64], bytes: &mut [u8]) {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (from, scale) = if high - low > 1e-9 { (low, 255.0 / (high - low)) } else { (0.0, 1.0) };
    bytes.iter_mut().zip(numbers).for_each(|(byte, number)| *byte = ((number - from) * scale).round() as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(set: &ImageSet, byte: u8) -> f64 {
        let hits = set.images.iter().filter(|&&pixel| pixel == byte).count();
        hits as f64 / set.images.len() as f64
    }

    #[test]
    fn noise_has_its_distribution_and_its_seed() -> Result<(), DataError> {
        let shape = [3, 32, 32];
        let uniform = generate(Noise::Uniform, 100, shape, 1)?;
        let gaussian = generate(Noise::Gaussian, 100, shape, 1)?;
        // 307,200 pixels: five standard errors are 0.0006 and 0.0043. P(Z < -0.5 + 0.5/255) = 0.3092.
        assert!((share(&uniform, 0) - 1.0 / 256.0).abs() < 0.0006);
        assert!((share(&gaussian, 0) - 0.3092).abs() < 0.0043);
        assert!((share(&gaussian, 255) - 0.3092).abs() < 0.0043);
        assert_eq!(gaussian, generate(Noise::Gaussian, 100, shape, 1)?);
        assert_ne!(uniform, generate(Noise::Uniform, 100, shape, 2)?);
        Ok(())
    }

    /// One bright pixel becomes the product of the weights of its row and its column; next to an edge the mirrored ones come back to it.
    #[test]
    fn a_pixel_is_spread_by_the_weights() {
        let weights = gaussian(1.0);
        assert_eq!(weights.len(), 5);
        assert!((weights[0] + 2.0 * weights[1..].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mut plane = [0; 11 * 13];
        plane[5 * 13 + 6] = 200;
        let found = smoothed(&plane, [11, 13], &weights);
        for (at, value) in found.iter().enumerate() {
            let weight = |away: usize| weights.get(away).copied().unwrap_or(0.0);
            let expected = 200.0 * weight((at / 13).abs_diff(5)) * weight((at % 13).abs_diff(6));
            assert!((value - expected).abs() < 1e-9, "{at}: {value}, expected {expected}");
        }
        assert!(smoothed(&[7; 12], [3, 4], &gaussian(2.5)).iter().all(|value| (value - 7.0).abs() < 1e-9));
    }

    /// Neighbours of smoothed noise are alike, and every image has black and white.
    #[test]
    fn smooth_noise_is_smooth_and_has_all_of_its_range() -> Result<(), DataError> {
        let step = |noise: Noise| -> Result<f64, DataError> {
            let set = generate(noise, 20, [3, 32, 32], 1)?;
            let rows = set.images.chunks(32);
            let steps: Vec<f64> =
                rows.flat_map(|row| row.windows(2).map(|pair| f64::from(pair[0].abs_diff(pair[1])))).collect();
            Ok(steps.iter().sum::<f64>() / steps.len() as f64)
        };
        // Independent bytes are 85.3 apart on average.
        assert!((step(Noise::Uniform)? - 85.3).abs() < 2.0 && step(Noise::Smooth)? < 30.0);
        let set = generate(Noise::Smooth, 20, [3, 32, 32], 1)?;
        assert!(set.images.chunks(set.image_bytes()).all(|image| image.contains(&0) && image.contains(&255)));
        assert_ne!(set, generate(Noise::Smooth, 20, [3, 32, 32], 2)?);
        Ok(())
    }
}
