//! Writing a file of fits.

use std::collections::HashMap;
use std::io::{self, Write};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::description::{Description, METADATA_KEY, Sealed, seal_array};
use super::fit::Fits;
use crate::score::State;
use crate::state::stored::Stored;

/// Writes fits with their description. The arrays are written from where they lie, not copied before.
///
/// The header is padded so that arrays begin at a multiple of 8 bytes; those of 8-byte elements come first, so all are aligned.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write<W: Write>(out: &mut W, fits: &Fits, fit: Description) -> io::Result<()> {
    let states: Vec<(&str, State<'_>)> =
        fits.scores.iter().map(|score| (score.entry.id, score.scorer.save())).collect();
    let mut arrays: Vec<(String, &Stored<'_>)> = Vec::new();
    for (score, state) in &states {
        arrays.extend(state.arrays().map(|(name, array)| (format!("{score}/{name}"), array)));
    }
    arrays.sort_by(|(a, one), (b, other)| other.element_size().cmp(&one.element_size()).then(a.cmp(b)));

    let mut seal = fit.begin_seal()?;
    let (mut infos, mut end) = (Vec::with_capacity(arrays.len()), 0);
    for (name, array) in &arrays {
        seal_array(&mut seal, name, array.shape());
        array.each_bytes(|bytes| -> io::Result<()> {
            seal.bytes(bytes);
            Ok(())
        })?;
        let start = end;
        end += array.size();
        let dtype = if matches!(array, Stored::F32(_)) { Dtype::F32 } else { Dtype::F64 };
        infos.push((name.clone(), TensorInfo { dtype, shape: array.shape().to_vec(), data_offsets: (start, end) }));
    }
    let sealed = serde_json::to_string(&Sealed { checksum: seal.finish(), fit })?;
    let metadata =
        Metadata::new(Some(HashMap::from([(METADATA_KEY.to_owned(), sealed)])), infos).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&metadata)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    arrays.iter().try_for_each(|(_, array)| array.each_bytes(|bytes| out.write_all(bytes)))
}
