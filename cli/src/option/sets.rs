//! Which sets of rows a command feeds to a network.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;

use anyhow::Context;
use clap::Args;

use super::{choice, complete};

/// Options of every command that feeds a network.
#[derive(Args)]
pub(crate) struct SetOptions {
    /// In-distribution images: NAME:PATH, NAME where a distribution installs it, PATH, or embedded; `oodbench data` lists names. npy:DIR for vectors or token numbers in
    /// DIR/train and DIR/test, features.npy or tokens.npy beside labels.npy
    #[arg(long, value_name = "DATA", add = complete::image_sets())]
    pub(crate) data: String,
    /// OOD sets, comma-separated: as --data (their test images), or uniform-noise, gaussian-noise, smooth-noise; may be repeated
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = choice::name, add = complete::image_sets())]
    pub(crate) ood: Vec<String>,
    /// OOD sets that parameters of scores are chosen on, as --ood, or fgsm, bim, deepfool, cw, which attack the images of id/val; dumped as val_ood/NAME, no value
    /// is computed on them
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = choice::name, add = complete::image_sets())]
    pub(crate) val_ood: Vec<String>,
    /// Only the first N images of each set
    #[arg(long, value_name = "N")]
    pub(crate) images: Option<NonZeroUsize>,
    /// Bring folders of images to N x N pixels, or to ROWSxCOLUMNS (bilinear)
    #[arg(long, value_name = "N|ROWSxCOLUMNS", value_parser = pixels)]
    pub(crate) resize: Option<Pixels>,
}

/// The size of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) height: u32,
    pub(crate) width: u32,
}

fn pixels(text: &str) -> Result<Pixels, String> {
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    let side = |text: &str| text.parse().ok().map(NonZeroU32::get);
    match (side(height), side(width)) {
        (Some(height), Some(width)) => Ok(Pixels { height, width }),
        _ => Err("expected a number of pixels above 0, or two with x between them: rows and columns".to_owned()),
    }
}

/// The name of a dump's folder, which becomes the run's.
pub(crate) fn run_name(out: &Path) -> anyhow::Result<String> {
    let name = out.file_name().with_context(|| format!("{}: found no name, expected dumps/NAME", out.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_squares_or_rows_and_columns() {
        assert_eq!(pixels("32"), Ok(Pixels { height: 32, width: 32 }));
        assert_eq!(pixels("48x192"), Ok(Pixels { height: 48, width: 192 }));
        for bad in ["0", "32x", "x32", "3x0", "-1", "a", "1x2x3", ""] {
            assert!(pixels(bad).is_err(), "{bad}");
        }
    }
}
