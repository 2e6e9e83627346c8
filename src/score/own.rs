//! Scores that somebody else computed: a dump holds their values, `scores@<name>.npy`, and they stand in every table, test and plot beside ours.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Need, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::rows::RowBlock;

/// What their ids begin with, as the names of their files do: no other score's id does.
const PREFIX: &str = "scores@";

/// What `explain` says of any of them.
const PAGE: &str = "\
Values that somebody else computed, in the files `scores@<name>.npy` of the dump: one number per row of id/test and of every OOD set, shape (n,) or (n, 1).

They are taken as they are, higher = more in-distribution. For values that are lower on in-distribution rows write `lower = \"<name>\"` (or a list of names)
into run.toml: they are turned, value times -1, and a note says so.

`oodbench measure ID OOD...` measures files of values without a dump.
";

/// The entries made so far. Ids and entries live as long as the program, so each name has one.
static ENTRIES: Mutex<BTreeMap<String, &'static ScoreEntry>> = Mutex::new(BTreeMap::new());

/// The entry of an id `scores@<name>`; none for another id.
///
/// ```
/// let mine = oodbench::score::own::entry("scores@mine").unwrap();
/// assert_eq!((mine.id, mine.with_defaults().needs()[0].to_string()), ("scores@mine", "scores@mine".to_owned()));
/// assert!(oodbench::score::own::entry("mine").is_none());
/// ```
#[must_use]
pub fn entry(id: &str) -> Option<&'static ScoreEntry> {
    let name = id.strip_prefix(PREFIX).filter(|name| !name.is_empty())?;
    let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    Some(entries.entry(name.to_owned()).or_insert_with(|| {
        let id: &'static str = Box::leak(id.to_owned().into_boxed_str());
        Box::leak(Box::new(ScoreEntry {
            id,
            title: id.strip_prefix(PREFIX).unwrap_or(id),
            aliases: &[],
            reference: "values in the dump",
            page: PAGE,
            parameters: &[],
            build,
            caution: no_caution,
            assumes: &[],
        }))
    }))
}

/// The id of the score of this name.
#[must_use]
pub fn id(name: &str) -> String {
    format!("{PREFIX}{name}")
}

struct Own {
    name: &'static str,
    needs: [Need; 1],
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let name = settings.score().strip_prefix(PREFIX).unwrap_or_default();
    Ok(Box::new(Own { name, needs: [Need::Score(name.to_owned())] }))
}

/// The values of a dump.
struct Values {
    name: &'static str,
    /// Whether they are lower on in-distribution rows, and so turned.
    lower: bool,
}

impl Score for Own {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let lower = training.rows().lower.contains(self.name);
        let note = "turned, value times -1, since it is lower on in-distribution rows";
        let notes = if lower { vec![note.to_owned()] } else { Vec::new() };
        Ok(Fit::noted(Values { name: self.name, lower }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Values { name: self.name, lower: state.count("lower")? != 0 }))
    }
}

impl Fitted for Values {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let sign = if self.lower { -1.0 } else { 1.0 };
        block.score(self.name).for_each(|row, value| out[row] = sign * value[0]);
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("lower", f64::from(u8::from(self.lower)))
    }
}
