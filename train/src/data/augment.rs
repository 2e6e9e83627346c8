//! Random crop with padding and horizontal flip, done while an image is normalised.

use rand::{Rng, RngExt as _};

/// What is done at random to a training image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augmentation {
    /// Black pixels added on each side before a window of the old size is cut out; 0 for no crop.
    pub padding: usize,
    /// Whether half of the images are mirrored left to right.
    pub flip: bool,
}

impl Augmentation {
    /// Padding 4 and flip: what the papers of this field train with, on SVHN too.
    pub const STANDARD: Self = Self { padding: 4, flip: true };
    /// Nothing.
    pub const NONE: Self = Self { padding: 0, flip: false };

    /// Draws where the window lies and whether to flip.
    ///
    /// A flip is drawn even where none is wanted, so that turning flips off changes no crop.
    pub fn draw(self, rng: &mut impl Rng) -> Placement {
        let span = 2 * self.padding as u32;
        Placement {
            top: rng.random_range(0..=span) as isize - self.padding as isize,
            left: rng.random_range(0..=span) as isize - self.padding as isize,
            flip: rng.random::<bool>() && self.flip,
        }
    }
}

/// Where the window lies in the image and whether it is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Row of the image that becomes row 0; negative where the window begins in the padding.
    pub top: isize,
    /// Column of the image that becomes column 0 (before the flip).
    pub left: isize,
    /// Whether columns run backwards.
    pub flip: bool,
}

impl Placement {
    /// The image as it is.
    pub const CENTRE: Self = Self { top: 0, left: 0, flip: false };

    /// Writes the window of one image through `table`, the normalised value of each byte per channel.
    ///
    /// # Formula
    /// ```text
    /// out[c][i][j] = table[c][image[c][i + top][j' + left]],  j' = width − 1 − j if flipped, else j
    /// ```
    /// with byte 0 outside the image: as in torchvision the padding is black *before* normalisation, so in normalised
    /// units it is −mean/std, not 0.
    ///
    /// # Shapes
    /// `image` and `out`: tables × `height` × `width`.
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn write(self, image: &[u8], [height, width]: [usize; 2], table: &[[f32; 256]], out: &mut [f32]) {
        assert_eq!(image.len(), table.len() * height * width);
        assert_eq!(out.len(), image.len());
        let plane = height * width;
        for ((values, source), target) in table.iter().zip(image.chunks_exact(plane)).zip(out.chunks_exact_mut(plane)) {
            for (row, line) in target.chunks_exact_mut(width).enumerate() {
                let from = row.checked_add_signed(self.top).filter(|&row| row < height);
                let source = from.map(|row| &source[row * width..][..width]);
                for (column, pixel) in line.iter_mut().enumerate() {
                    let unflipped = if self.flip { width - 1 - column } else { column };
                    let byte = source
                        .zip(unflipped.checked_add_signed(self.left))
                        .and_then(|(source, column)| source.get(column))
                        .copied()
                        .unwrap_or(0);
                    *pixel = values[usize::from(byte)];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Vec<[f32; 256]> {
        vec![std::array::from_fn(|value| value as f32)]
    }

    #[test]
    fn a_window_is_moved_then_mirrored_over_black() {
        let image = [1, 2, 3, 4, 5, 6];
        let mut out = [-1.0; 6];
        let window = Placement { top: 1, left: -1, flip: false };
        window.write(&image, [2, 3], &identity(), &mut out);
        assert_eq!(out, [0.0, 4.0, 5.0, 0.0, 0.0, 0.0]);
        Placement { flip: true, ..window }.write(&image, [2, 3], &identity(), &mut out);
        assert_eq!(out, [5.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn each_channel_has_its_own_table_and_padding_is_black_before_normalisation() {
        let tables = vec![[0.5; 256], [-0.25; 256]];
        let mut out = [0.0; 4];
        Placement { top: 5, left: 0, flip: false }.write(&[9; 4], [1, 2], &tables, &mut out);
        assert_eq!(out, [0.5, 0.5, -0.25, -0.25]);
    }
}
