//! The files of a run's last layer, and of embeddings of texts.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};

use super::error::DumpError;
use super::layout::listing::{entries, stem};
use super::layout::{Source, Stray};
use crate::rows::array::shape_text;
use crate::rows::{Head, Matrix, Texts};

/// Where the parameters of the last layer, and embeddings of texts, are.
#[derive(Clone, Debug, Default)]
pub struct HeadFiles {
    /// Weights (C, D) of a linear layer.
    pub weight: Option<Source>,
    /// Its biases (C).
    pub bias: Option<Source>,
    /// Prototypes (C, D) of IsoMax and IsoMax+.
    pub prototypes: Option<Source>,
    /// The scale of the distances of IsoMax+.
    pub distance_scale: Option<Source>,
    /// Embeddings (C, D) of the names of the classes.
    pub text: Option<Source>,
    /// Embeddings (M, D) of words that name no class.
    pub negatives: Option<Source>,
}

pub(super) const NAMES: &[&str] = &["weight", "bias", "prototypes", "distance_scale", "text", "negatives"];

impl HeadFiles {
    /// The files in the folder of a head, if it is there; what else lies in it is added to `strays`.
    pub(super) fn find(folder: &Path, strays: &mut Vec<Stray>) -> Result<Self, DumpError> {
        let mut files = Self::default();
        if !folder.is_dir() {
            return Ok(files);
        }
        for path in entries(folder)? {
            let Some(source) = Source::of(&path) else {
                strays.extend(Stray::unless_silent(path, NAMES));
                continue;
            };
            match NAMES.iter().find(|name| **name == stem(&path)) {
                Some(name) => files.set(name, source)?,
                None => strays.extend(Stray::unless_silent(path, NAMES)),
            }
        }
        let alone = [
            (&files.bias, &files.weight, "weight"),
            (&files.distance_scale, &files.prototypes, "prototypes"),
            (&files.negatives, &files.text, "text"),
        ];
        for (part, whole, name) in alone {
            if let (Some(part), None) = (part, whole) {
                strays.push(Stray::because(part.path().to_owned(), format!("no {name}.npy beside it")));
            }
        }
        Ok(files)
    }

    /// Takes the file of a parameter, by the parameter's name in our layout; another name takes nothing.
    ///
    /// # Errors
    /// [`DumpError`] if there is one already.
    pub(super) fn set(&mut self, name: &str, source: Source) -> Result<(), DumpError> {
        let place = match name {
            "weight" => &mut self.weight,
            "bias" => &mut self.bias,
            "prototypes" => &mut self.prototypes,
            "distance_scale" => &mut self.distance_scale,
            "text" => &mut self.text,
            "negatives" => &mut self.negatives,
            _ => return Ok(()),
        };
        let path = source.path().to_owned();
        match place.replace(source) {
            None => Ok(()),
            Some(first) => {
                let expected = format!("one, as {}", first.path().display());
                Err(DumpError::malformed(path, format!("a second file of {name}"), expected, "remove one of them"))
            }
        }
    }

    /// Whether a part is there without what it belongs to.
    pub(super) fn is_incomplete(&self) -> bool {
        self.weight.is_none() && self.bias.is_some() || self.prototypes.is_none() && self.distance_scale.is_some()
    }

    /// Reads the embeddings of texts, if those of classes were dumped; that they fit the rows is for the caller to check.
    ///
    /// # Errors
    /// [`DumpError`] for what is no matrix.
    pub(super) fn read_texts(&self) -> Result<Option<Texts>, DumpError> {
        let Some(text) = &self.text else { return Ok(None) };
        let negatives = self.negatives.as_ref().map(read_matrix).transpose()?;
        Ok(Some(Texts { classes: read_matrix(text)?, negatives }))
    }

    /// What messages call the embeddings of texts.
    pub(super) fn place_of_texts(&self, part: &str) -> PathBuf {
        let source = if part == "negatives" { &self.negatives } else { &self.text };
        source.as_ref().map_or_else(|| PathBuf::from(part), |source| source.path().to_owned())
    }

    /// Reads the head, if one was dumped.
    ///
    /// # Errors
    /// [`DumpError`] for arrays of the wrong shape, not finite, or of two kinds of heads at once.
    pub(super) fn read(&self) -> Result<Option<Head>, DumpError> {
        match (&self.weight, &self.prototypes) {
            (Some(weight), Some(_)) => Err(DumpError::malformed(
                weight.path(),
                "weight.npy and prototypes.npy",
                "a linear head or a head of prototypes",
                "remove the one that is not the model's",
            )),
            (Some(weight), None) => read_linear(weight, self.bias.as_ref()).map(Some),
            (None, Some(prototypes)) => read_prototypes(prototypes, self.distance_scale.as_ref()).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn read_linear(weight: &Source, bias: Option<&Source>) -> Result<Head, DumpError> {
    let values = read_matrix(weight)?;
    let biases = match bias {
        None => Array1::zeros(values.nrows()),
        Some(source) => Array1::from(read_vector(source)?),
    };
    checked(Head::Linear { weight: values, bias: biases }, weight, bias)
}

fn read_prototypes(prototypes: &Source, scale: Option<&Source>) -> Result<Head, DumpError> {
    let values = read_matrix(prototypes)?;
    let Some(scale_source) = scale else {
        return checked(Head::Prototypes { prototypes: values }, prototypes, None);
    };
    let scale_values = read_vector(scale_source)?;
    let [distance_scale] = scale_values[..] else {
        return Err(DumpError::malformed(
            scale_source.path(),
            format!("{} values", scale_values.len()),
            "one value, the learned d_s",
            "dump the scalar parameter distance_scale",
        ));
    };
    checked(Head::normalised_prototypes(values, distance_scale), prototypes, scale)
}

/// The head, whose parts are called by their files.
fn checked(head: Head, matrix: &Source, other: Option<&Source>) -> Result<Head, DumpError> {
    let place = |part: &str| -> PathBuf {
        let is_other = matches!(part, "bias" | "distance_scale");
        other.filter(|_| is_other).unwrap_or(matrix).path().to_owned()
    };
    head.check(place)?;
    Ok(head)
}

fn read_matrix(source: &Source) -> Result<Array2<f64>, DumpError> {
    let matrix = Matrix::new(vec![source.open()?])?;
    Ok(matrix.block(0..matrix.rows()).to_f64())
}

/// A vector or a scalar of floats, of any shape with at most one axis longer than 1.
fn read_vector(source: &Source) -> Result<Vec<f64>, DumpError> {
    let mut array = source.open()?;
    let long_axes: Vec<usize> = array.shape.iter().copied().filter(|&axis| axis != 1).collect();
    let length = match long_axes[..] {
        [] => 1,
        [length] => length,
        _ => {
            return Err(DumpError::malformed(
                source.path(),
                format!("shape {}", shape_text(&array.shape)),
                "a vector",
                "dump the layer's one-dimensional parameter",
            ));
        }
    };
    array.shape = vec![length, 1];
    array.fortran = false;
    let matrix = Matrix::new(vec![array])?;
    Ok(matrix.block(0..length).to_f64().into_raw_vec_and_offset().0)
}
