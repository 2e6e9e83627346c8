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
}

impl Noise {
    /// The set's name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform-noise",
            Self::Gaussian => "gaussian-noise",
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
    }
    ImageSet::new(noise.name(), images, None, shape, None)
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
}
