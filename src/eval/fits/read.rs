//! Reading a file of fits, and whether it may be used on a run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::description::{Description, FORMAT, features, others};
use super::error::FitsError;
use super::sealed::{SealError, SealedFile};
use crate::dump::Dump;
use crate::numeric::checksum::Checksum;
use crate::rows::{ArrayKind, Head, Split, Texts};
use crate::score::need::Splits;
use crate::score::registry::find;
use crate::score::{Chosen, Fit, FittedScore, Need, ScoreEntry};
use crate::table::ArrayRead;

/// An opened file of fits, whole and unchanged.
pub struct FitsFile {
    path: PathBuf,
    file: SealedFile<Description>,
}

impl FitsFile {
    /// Opens a file and checks all of it.
    ///
    /// # Errors
    /// [`FitsError`] if it cannot be read, is damaged, or of another format.
    pub fn open(path: &Path) -> Result<Self, FitsError> {
        let file = SealedFile::open(path).map_err(|error| refusal(path, error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.file.description
    }

    /// The scores in it, with their parameters.
    ///
    /// # Errors
    /// [`FitsError`] if this version does not know a score or a parameter.
    pub fn scores(&self) -> Result<Vec<Chosen>, FitsError> {
        let choose = |score: &super::description::KeptScore| {
            let entry = find(&score.id).map_err(|error| FitsError::damaged(&self.path, &format!("an {error}")))?;
            let setting = |error| FitsError::Setting { file: self.path.clone(), error };
            let mut settings = entry.settings();
            score.parameters.iter().try_for_each(|(name, value)| settings.set(name, value)).map_err(setting)?;
            Chosen::new(entry, settings).map_err(setting)
        };
        self.description().scores.iter().map(choose).collect()
    }

    /// That a score which was asked for is not in it.
    pub(crate) fn lacks(&self, entry: &ScoreEntry) -> FitsError {
        let known: Vec<&str> = self.description().scores.iter().map(|score| score.id.as_str()).collect();
        FitsError::NoScore { file: self.path.clone(), score: entry.id, known: known.join(", ") }
    }

    /// An array of features that the fit of a score of all layers may have been made from and that the rows to be scored do not have.
    #[must_use]
    pub fn lacking(&self, chosen: &Chosen, dump: &Dump) -> Option<String> {
        if !chosen.score.needs().contains(&Need::Layers) {
            return None;
        }
        let is_features = |kind: &ArrayKind| matches!(kind, ArrayKind::Features | ArrayKind::Layer(_));
        let kinds = self.description().features.keys().filter_map(|name| ArrayKind::parse(name));
        let arrays: Vec<ArrayKind> = kinds.filter(is_features).collect();
        Splits::Scored.of(dump).find_map(|split| {
            let without = arrays.iter().find(|array| split.matrix(array).is_none())?;
            Some(format!("{}/{}.npy", split.role, without.file_stem()))
        })
    }

    /// A score as it was fitted.
    ///
    /// # Errors
    /// [`FitsError::NoScore`] if it is not in the file, [`FitsError::State`] if its arrays are not those of this version.
    pub fn restore(&self, chosen: &Chosen) -> Result<FittedScore, FitsError> {
        let start = Instant::now();
        let id = chosen.entry.id;
        let score = self.description().scores.iter().find(|score| score.id == id);
        let score = score.ok_or_else(|| self.lacks(chosen.entry))?;
        let other = |error| FitsError::State { file: self.path.clone(), score: id, error };
        let mut state = self.file.part(id).map_err(|error| refusal(&self.path, error))?;
        let scorer = chosen.score.restore(&mut state).map_err(other)?;
        state.finish().map_err(other)?;
        let fit = Fit { scorer, notes: score.notes.clone(), alternatives: Vec::new() };
        Ok(chosen.fitted(fit, start.elapsed()))
    }

    /// Whether the rows to be scored have what a score reads of them, which may be less than was known before it was fitted.
    ///
    /// # Errors
    /// [`FitsError::Lacking`].
    pub fn check_reads<'d>(
        &self,
        score: &FittedScore,
        dump: &'d Dump,
        mut splits: impl Iterator<Item = &'d Split>,
    ) -> Result<(), FitsError> {
        let lacking =
            |split| score.needs.iter().filter(|need| need.is_of_rows()).find_map(|need| need.lacking_in(split, dump));
        match splits.find_map(lacking) {
            Some(array) => Err(FitsError::Lacking {
                array: dump.folder.join(array),
                score: score.entry.id,
                file: self.path.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Whether a run is of the model that was fitted, as far as its headers tell.
    ///
    /// # Errors
    /// [`FitsError::OtherHead`] and [`FitsError::OtherColumns`].
    pub fn check_model(&self, dump: &Dump) -> Result<(), FitsError> {
        let Description { classes, features: of_layers, others: beside, head, .. } = self.description();
        let classes = dump.classes.zip(*classes).map(|both| ("classes".to_owned(), both));
        let both = |(name, found): (String, usize)| {
            let expected = *of_layers.get(&name).or_else(|| beside.get(&name))?;
            Some((format!("columns of {name}"), (found, expected)))
        };
        for (what, (found, expected)) in
            classes.into_iter().chain(features(dump).into_iter().chain(others(dump)).filter_map(both))
        {
            if found != expected {
                let (run, file) = (dump.folder.clone(), self.path.clone());
                return Err(FitsError::OtherColumns { run, what, found, expected, file });
            }
        }
        self.check_head("a head", dump, dump.head.as_ref().map(Head::checksum).zip(*head))
    }

    /// Whether embeddings of texts of a run are those that the fits were made from, where some of them reads any.
    ///
    /// # Errors
    /// [`FitsError::OtherHead`].
    pub fn check_texts(&self, texts: &Texts, dump: &Dump) -> Result<(), FitsError> {
        self.check_head("texts", dump, Some(texts.checksum()).zip(self.description().texts))
    }

    /// Refuses something of the head with another checksum than expected.
    fn check_head(&self, what: &'static str, dump: &Dump, both: Option<(Checksum, Checksum)>) -> Result<(), FitsError> {
        match both.filter(|(found, expected)| found != expected) {
            Some((found, expected)) => {
                let head = dump.origin.either(dump.folder.join("head"), dump.folder.clone());
                Err(FitsError::OtherHead { what, head, found, expected, file: self.path.clone() })
            }
            None => Ok(()),
        }
    }

    /// Whether the rows that the fits were made from are those of a run, where it has them; a note where it has not, which says whether texts were compared.
    ///
    /// # Errors
    /// [`FitsError::OtherRows`].
    pub fn check_rows(&self, dump: &Dump, texts: bool) -> Result<Option<String>, FitsError> {
        let mut absent: Vec<String> = Vec::new();
        for source in &self.description().read {
            let split = dump.splits.iter().find(|split| split.role.to_string() == source.split);
            let kind = ArrayKind::parse(&source.array);
            let found = split.zip(kind).and_then(|(split, kind)| Some((split, split.checksum(&kind)?)));
            match found {
                Some((_, checksum)) if checksum == source.checksum => (),
                Some((split, checksum)) => return Err(self.other_rows(dump, source, split.rows, checksum)),
                None => absent.push(format!("{}/{}", source.split, source.array)),
            }
        }
        let head = if texts { "head, texts" } else { "head" };
        Ok((!absent.is_empty()).then(|| {
            format!(
                "no {} here to compare with what {} was fitted on; only {head} and numbers of columns were compared",
                absent.join(", "),
                self.path.display()
            )
        }))
    }

    fn other_rows(&self, dump: &Dump, source: &ArrayRead, found: usize, checksum: Checksum) -> FitsError {
        FitsError::OtherRows {
            array: dump.folder.join(&source.split).join(&source.array),
            found,
            checksum,
            expected: source.rows,
            expected_checksum: source.checksum,
            file: self.path.clone(),
        }
    }
}

fn refusal(file: &Path, error: SealError) -> FitsError {
    match error {
        SealError::File(error) => error.into(),
        SealError::Damaged(found) => FitsError::damaged(file, &found),
        SealError::Format { found, version } => {
            FitsError::Format { file: file.to_owned(), found, version, expected: FORMAT }
        }
    }
}
