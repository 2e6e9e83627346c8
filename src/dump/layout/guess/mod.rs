//! Runs that are laid out in none of the known ways: what the names of files and arrays say.
//!
//! ```text
//! id_logits.npy  ood_svhn_logits.npy                   prefixes id, ind, in, test, train, val, ood, out; near_ood, far_ood
//! val_features.pt  ood_features.pt  text_features.pt   a file per split, with features, logits, labels; text features are a head and texts
//! all.npz: id_logits, ood_svhn_logits                  one file with all
//! resnet/val/features_0.npy  resnet/ood/ninco/...      folders, numbered parts
//! id_train.pkl  id_val.pkl  ood_texture.pkl  fc.pkl    an array per file beside a head: features, where they can be nothing else
//! ```
//! Words that are no role and no array name the run, where they stand in the names of ID rows, else the OOD set. Where no name says `test` or `id`, `val` is
//! taken for id/test. Rows of ID and of an OOD set are needed; what is not understood is left out with its reason.

mod gather;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files::{RunFiles, SplitFiles, order, refuse_duplicates};
use super::shard;
use super::source::Source;
use super::stray::Stray;
use super::taken::Taken;
use crate::dump::error::DumpError;
use crate::dump::head::HeadFiles;
use crate::rows::{ArrayKind, Role};
use gather::{Gathered, Named};
use words::{Array, Purpose};

/// What a guess came to.
pub(super) enum Guess {
    /// These runs.
    Runs(Vec<RunFiles>),
    /// None, for this reason; empty where there is no file of arrays at all.
    None(String),
}

/// The runs at a place, by the names of what lies there.
pub(super) fn guess(place: &Path) -> Result<Guess, DumpError> {
    let (named, mut strays) = match gather::gather(place)? {
        Gathered::Arrays(named, unlisted) => (named, unlisted),
        Gathered::TooMany(why) => return Ok(Guess::None(why)),
    };
    let unread = strays.first().map(|stray| stray.describe(place));
    let mut pieces = Vec::new();
    let found = named.len();
    let head = named.iter().find(|named| named.said.array == Some(Array::OfHead("weight")));
    let head = head.and_then(|named| shape(&named.source));
    let features = named.iter().filter(|named| named.said.array == Some(Array::OfSplit("features")));
    let features: Vec<_> = features.map(|named| (named.said.purpose.clone(), named.said.rest.clone())).collect();
    for named in named {
        let beside = head.map(|shape| Beside {
            shape,
            has_features: named.said.array.is_none()
                && features.contains(&(named.said.purpose.clone(), named.said.rest.clone())),
        });
        match piece(named, beside, place) {
            Ok(piece) => pieces.push(piece),
            Err(stray) => strays.push(stray),
        }
    }
    let rests = |purpose: &Purpose| -> BTreeSet<Vec<String>> {
        let of = pieces.iter().filter(|piece| piece.purpose == *purpose && piece.has_rows());
        of.map(|piece| piece.rest.clone()).collect()
    };
    let (mut tags, mut instead) = (rests(&Purpose::Test), false);
    if tags.is_empty() {
        (tags, instead) = (rests(&Purpose::Val), true);
    }
    let has_ood = pieces.iter().any(|piece| matches!(piece.purpose, Purpose::Ood(_)) && piece.has_rows());
    if tags.is_empty() || !has_ood {
        let lacking = if tags.is_empty() { "id, test or val" } else { "ood" };
        let shown: Vec<String> = pieces.iter().map(|piece| piece.shown.clone()).collect();
        let shown = crate::dump::format::entry::list(&shown);
        let understood = match (found, pieces.is_empty()) {
            (0, _) => None,
            (_, true) => Some(format!("{found} arrays, none named by what its rows are for")),
            _ => Some(format!("{shown}: none of {lacking} by its name")),
        };
        // What is lacking may stand in a file that cannot be read.
        return Ok(Guess::None(understood.into_iter().chain(unread).collect::<Vec<_>>().join("; ")));
    }
    let several = tags.len() > 1;
    let mut runs = Vec::new();
    for tag in &tags {
        let mut run = RunFiles::empty(place);
        run.name = several.then(|| if tag.is_empty() { "run".to_owned() } else { tag.join("-") });
        take(&mut run, tag, &tags, &pieces, instead)?;
        runs.push(run);
    }
    let mut left: Vec<Stray> = pieces.iter().filter(|piece| !is_taken(piece, &runs)).map(Piece::left_out).collect();
    left.append(&mut strays);
    if let Some(first) = runs.first_mut() {
        first.strays = left;
    }
    Ok(Guess::Runs(runs))
}

/// An array whose name says enough.
struct Piece {
    purpose: Purpose,
    array: Array,
    part: Option<usize>,
    because: Vec<String>,
    /// Why it is taken for features, where no name says so.
    by_shape: Option<String>,
    rest: Vec<String>,
    source: Source,
    /// The file and the array in it, below the place.
    shown: String,
}

fn piece(named: Named, beside: Option<Beside>, place: &Path) -> Result<Piece, Stray> {
    let Named { source, mut said } = named;
    let mut by_shape = None;
    let mut unnamed = "its name says none of logits, features, labels".to_owned();
    if let (Some(beside), Some(purpose), None) = (beside, &said.purpose, said.array)
        && !matches!(purpose, Purpose::Outliers | Purpose::Head)
    {
        match beside.takes(&source) {
            Ok(why) => {
                said.array = Some(Array::OfSplit("features"));
                by_shape = Some(why);
            }
            Err(why) => unnamed.extend(why),
        }
    }
    let shown = source.shown(place);
    let left_out = |reason: &str| Stray::because(source.shown_path(), reason.to_owned());
    match (said.purpose, said.array) {
        (Some(Purpose::Outliers), _) => Err(left_out("outliers to train on")),
        (Some(purpose), Some(array)) => Ok(Piece {
            purpose,
            array,
            part: said.part,
            because: said.because,
            by_shape,
            rest: said.rest,
            source,
            shown,
        }),
        (None, Some(_)) => Err(left_out("its name says none of train, val, test, id, ood")),
        (Some(_), None) => Err(left_out(&unnamed)),
        (None, None) => Err(left_out("its name says neither an array nor what its rows are for")),
    }
}

/// The lengths of the axes of a matrix; none of anything else, or where it cannot be read.
fn shape(source: &Source) -> Option<[usize; 2]> {
    source.open().ok()?.shape.try_into().ok()
}

/// What an array without a name of its own lies beside.
#[derive(Clone, Copy)]
struct Beside {
    /// That of the head's weight.
    shape: [usize; 2],
    /// Whether the name of another array says that it is the features of the same rows.
    has_features: bool,
}

impl Beside {
    /// Why the only array of a file is taken for features; or what to say of it besides that its name does not tell. Logits have as many columns as there are
    /// classes, and do not tell that they are no probabilities; what has a row for each class are means or other weights.
    fn takes(self, source: &Source) -> Result<String, Option<String>> {
        let [classes, width] = self.shape;
        let is_alone = source.shown_path() == source.path();
        let Some([rows, columns]) = is_alone.then(|| shape(source)).flatten() else { return Err(None) };
        if columns != width || columns == classes {
            return Err(None);
        }
        if self.has_features {
            return Err(Some(", and another name says features".to_owned()));
        }
        if rows == classes {
            return Err(Some(format!(", and it has the shape of the head's weight, ({rows}, {columns})")));
        }
        Ok(format!("{columns} columns, as the head has, where logits would have {classes}"))
    }
}

impl Piece {
    fn has_rows(&self) -> bool {
        matches!(self.array, Array::OfSplit("logits" | "features"))
    }

    fn left_out(&self) -> Stray {
        Stray::because(self.source.shown_path(), "it belongs to none of the runs by its name".to_owned())
    }

    /// What of its name is no part of the run's: the set's name. None if it belongs to another run.
    fn within(&self, tag: &[String], tags: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
        // The longest name of a run that it begins with.
        let own = tags.iter().filter(|tag| self.rest.starts_with(tag)).max_by_key(|tag| tag.len());
        match own {
            Some(own) => (own == tag).then(|| self.rest[tag.len()..].to_vec()),
            None => (tags.len() == 1).then(|| self.rest.clone()),
        }
    }
}

fn is_taken(piece: &Piece, runs: &[RunFiles]) -> bool {
    runs.iter().any(|run| run.taken.iter().any(|taken| taken.from == piece.shown))
}

/// Gives a run what belongs to it.
fn take(
    run: &mut RunFiles,
    tag: &[String],
    tags: &BTreeSet<Vec<String>>,
    pieces: &[Piece],
    instead: bool,
) -> Result<(), DumpError> {
    let mut splits: BTreeMap<Role, Vec<&Piece>> = BTreeMap::new();
    for piece in pieces {
        if piece.purpose == Purpose::Head && (piece.rest.is_empty() || piece.rest == tag || tags.len() == 1) {
            let names: &[&str] = match piece.array {
                Array::OfHead(name) => &[name],
                Array::Texts => &["weight", "text"],
                Array::OfSplit(_) => continue,
            };
            for name in names {
                run.head.set(name, piece.source.clone())?;
                let why = format!("\"{}\" in its name", piece.because.join(" "));
                run.taken.push(Taken { what: format!("head/{name}"), from: piece.shown.clone(), why });
            }
            continue;
        }
        let Some(rest) = piece.within(tag, tags) else { continue };
        let name = |otherwise: &str| if rest.is_empty() { otherwise.to_owned() } else { rest.join("_") };
        let role = match &piece.purpose {
            Purpose::Train if rest.is_empty() || tags.len() == 1 => Role::Train,
            Purpose::Val if instead && rest.is_empty() => Role::Test,
            Purpose::Val if !instead && (rest.is_empty() || tags.len() == 1) => Role::Val,
            Purpose::Test if rest.is_empty() => Role::Test,
            Purpose::ValOod => Role::ValOod { name: name("ood") },
            Purpose::Ood(group) => {
                let group = group.filter(|_| !rest.is_empty()).map(str::to_owned);
                let otherwise = if let Purpose::Ood(Some(group)) = piece.purpose { group } else { "ood" };
                Role::Ood { group, name: name(otherwise) }
            }
            _ => continue,
        };
        splits.entry(role).or_default().push(piece);
    }
    for (role, pieces) in splits {
        if !pieces.iter().any(|piece| piece.has_rows()) {
            continue;
        }
        for piece in &pieces {
            let Array::OfSplit(array) = piece.array else { continue };
            let mut why = format!("\"{}\" in its name", piece.because.join(" "));
            if role == Role::Test && piece.purpose == Purpose::Val {
                why.push_str(", and no name says test or id");
            }
            if let Some(shape) = &piece.by_shape {
                why.push_str(&format!("; {shape}"));
            }
            run.taken.push(Taken { what: format!("{role}/{array}"), from: piece.shown.clone(), why });
        }
        let place =
            run.folder.join(pieces[0].source.path().strip_prefix(&run.folder).unwrap_or(pieces[0].source.path()));
        let named = pieces.iter().filter_map(|piece| match (piece.array, piece.part) {
            (Array::OfSplit(array), None) => Some((array.to_owned(), piece.source.clone())),
            (Array::OfSplit(array), Some(part)) => Some((format!("{array}-{part}"), piece.source.clone())),
            _ => None,
        });
        let arrays: BTreeMap<ArrayKind, Vec<Source>> = shard::join(&run.folder, named.collect())?;
        run.splits.push(SplitFiles { role, place, arrays });
    }
    run.assign_groups()?;
    run.splits.sort_by_key(|split| order(&split.role));
    refuse_duplicates(&run.splits)?;
    if run.head.is_incomplete() {
        run.head = HeadFiles::default();
    }
    Ok(())
}
