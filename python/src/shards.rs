//! What is needed to evaluate rows that lie in many places: where they are, where they may be cut, checksums of some of them, and records of rankings.

use std::path::PathBuf;

use oodbench::dump::layout::discover;
use oodbench::eval::RankedRun as Library;
use oodbench::eval::identity::identity as of_arrays;
use oodbench::metric::Ranking;
use oodbench::numeric::checksum::Checksum;
use oodbench::rows::{ArrayKind, block_checksum, split};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::array::matrix;
use crate::error::{OodbenchError, of_dump, refused};
use crate::evaluate::measures;
use crate::fits::Fits;
use crate::parts::of_bytes;
use crate::pool::{self, Shared};
use crate::records::Records;
use crate::role::role;
use crate::run::Run;

/// A split, and the files of each of its arrays.
type SplitPaths = (String, Vec<(String, Vec<PathBuf>)>);

/// The files of every split of the run in a folder, in the order of records: [("id/test", {"logits": [path, ...]}), ...].
#[pyfunction]
pub(crate) fn files_of_run(path: PathBuf) -> PyResult<Vec<SplitPaths>> {
    let runs = discover(&path).map_err(|error| of_dump(&error))?;
    let [run] = &runs[..] else {
        return Err(OodbenchError::new_err(format!(
            "{}: found {} runs, expected one; name its folder",
            path.display(),
            runs.len()
        )));
    };
    if !run.members.is_empty() {
        let text = "found an ensemble of networks, which is not evaluated in shards; use oodbench.evaluate";
        return Err(OodbenchError::new_err(format!("{}: {text}", path.display())));
    }
    let of_split = |split: &oodbench::dump::layout::SplitFiles| {
        let arrays = split
            .arrays
            .iter()
            .map(|(kind, sources)| (kind.file_stem(), sources.iter().map(|source| source.path().to_owned()).collect()));
        (split.role.to_string(), arrays.collect())
    };
    Ok(run.splits.iter().map(of_split).collect())
}

/// Rows that are scored together of a set whose widest array has so many columns. Where a set is cut so that every piece begins at a multiple of it, scores are
/// those of the whole set to the last bit.
#[pyfunction]
pub(crate) fn rows_per_block(columns: usize) -> PyResult<usize> {
    Ok(split::rows_per_block(at_least_one(columns)?))
}

/// Rows of which `block_checksums` makes one checksum, of an array of so many columns.
#[pyfunction]
pub(crate) fn rows_per_checksum(columns: usize) -> PyResult<usize> {
    Ok(block_checksum::rows_per_block(at_least_one(columns)?))
}

fn at_least_one(columns: usize) -> PyResult<usize> {
    if columns == 0 { Err(refused("found 0 columns, expected at least 1")) } else { Ok(columns) }
}

/// The checksums of the blocks of some rows, which begin where a block does.
#[pyfunction]
pub(crate) fn block_checksums(py: Python<'_>, array: Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let matrix = matrix("array", &array)?;
    let blocks = pool::run(py, || block_checksum::blocks(&matrix))?;
    Ok(blocks.into_iter().map(Into::into).collect())
}

/// What records have as `data`, from the checksums of all blocks of the logits of id/test, or without logits of its features.
#[pyfunction]
pub(crate) fn identity(array: &str, rows: usize, columns: usize, blocks: Vec<String>) -> PyResult<String> {
    let kind = ArrayKind::parse(array).ok_or_else(|| refused(format!("{array:?} is no array of a split")))?;
    let blocks: Vec<Checksum> =
        blocks.into_iter().map(Checksum::try_from).collect::<Result<_, _>>().map_err(refused)?;
    Ok(of_arrays([(&kind, block_checksum::joined(rows, columns, &blocks))]).into())
}

/// Records of scores that were ranked elsewhere: those of `oodbench.evaluate` on the same rows. run says what they are called, data is of `identity`, and half_precision says that
/// some logits are of 16 bits which run does not have.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct RankedRun(Shared<Option<Library>>);

#[pymethods]
impl RankedRun {
    #[new]
    #[pyo3(signature = (run, *, data=None, half_precision=false, procedures=None, bootstrap=None, level=0.95, seed=0))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn new(
        py: Python<'_>,
        run: &Bound<'_, Run>,
        data: Option<String>,
        half_precision: bool,
        procedures: Option<Vec<String>>,
        bootstrap: Option<usize>,
        level: f64,
        seed: u64,
    ) -> PyResult<Self> {
        let data = data.map(Checksum::try_from).transpose().map_err(refused)?;
        let measures = measures(procedures, bootstrap, level, seed)?;
        let dump = run.get().dump(py)?;
        let mut own = Library::new(&dump.info, data, measures).map_err(refused)?;
        own.half_precision = half_precision || dump.is_half_precision();
        Ok(Self(Shared::new(Some(own))))
    }

    /// Warns of few ID rows, and of scores that are the same on all of them: ends are (score, least, greatest).
    fn warn_of_id(&self, rows: usize, ends: Vec<(String, f64, f64)>) -> PyResult<()> {
        let ends = ends.iter().map(|(score, least, greatest)| (score.as_str(), (*least, *greatest)));
        self.with(|run| {
            run.warn_of_id(rows, ends);
            Ok(())
        })
    }

    /// Refuses so many rows where they cannot be measured, which is known before they are scored.
    fn check_rows(&self, set: &str, id: usize, ood: usize) -> PyResult<()> {
        let role = role(set)?;
        self.with(|run| run.check_rows(&role, id, ood).map_err(refused))
    }

    /// Measures a score on an OOD set from the rankings of its parts, as `Ranking.to_bytes` gives them, from the lowest upwards. Records come in the order
    /// of calls.
    fn add(
        &self,
        py: Python<'_>,
        fits: &Bound<'_, Fits>,
        score: &str,
        set: &str,
        parts: Vec<Bound<'_, PyBytes>>,
    ) -> PyResult<()> {
        let role = role(set)?;
        let fits = fits.get();
        let found = fits.0.scores().iter().find(|one| one.entry.id == score);
        let fitted = found.ok_or_else(|| refused(format!("{score}: found no fit of it")))?;
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let work = || {
            let ranking = Ranking::joined_from_bytes(&parts).map_err(of_bytes)?;
            self.with(|run| run.add(fitted.entry.id, &fitted.settings, &role, &ranking).map_err(refused))
        };
        pool::run(py, work)?
    }

    /// The records; to be called once, at the end.
    fn records(&self) -> PyResult<Records> {
        pool::for_records()?;
        let own = self.0.lock().take();
        Ok(Records::of(&own.ok_or_else(taken)?.results()))
    }
}

impl RankedRun {
    fn with(&self, work: impl FnOnce(&mut Library) -> PyResult<()>) -> PyResult<()> {
        work(self.0.lock().as_mut().ok_or_else(taken)?)
    }
}

fn taken() -> PyErr {
    refused("the records were taken already; make a new RankedRun")
}
