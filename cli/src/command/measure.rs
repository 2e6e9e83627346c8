//! `oodbench measure`: files of scores, no dump.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::bail;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::option::common::Common;
use crate::option::ddof::Spread;
use crate::option::elements::Elements;
use crate::option::format::Printed;
use crate::option::intervals::Intervals;
use crate::option::procedure::{self, ProcedureName};
use crate::screen::{remarks, values};
use oodbench::dump::{Dump, RunInfo, score_archive};
use oodbench::eval::{Measures, Plan, Selection, evaluate};
use oodbench::metric::{PROCEDURES, Procedure};
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Matrix, Role, RunRows, Split};
use oodbench::score::own;
use oodbench::table::numbers::Source;

const AFTER_HELP: &str = "Examples:
  oodbench measure id.npy svhn.npy lsun.npy
  oodbench measure confidence_In.txt confidence_Out.txt     one number per line
  oodbench measure CIFAR10=id.csv:energy near/cifar100=near.csv:energy far/svhn=far.csv:energy
  oodbench measure scores.npz:id scores.npz:svhn --higher-is ood --procedure lee,openood --bootstrap 1000
  oodbench measure id.f32 svhn.f32 --dtype float32          no header: numpy.memmap, ndarray.tofile
  oodbench measure seeds/ --ddof 0                          a run in each archive: a-s0.npz, a-s1.npz, ... with members id, near__tin, far__svhn

A FILE is .npy, .npz:MEMBER, .safetensors:NAME, .mat:NAME, .csv:COLUMN, .tsv:COLUMN, .parquet:COLUMN, .feather:COLUMN, .pt:NAME, .pkl:KEY/KEY,
or text, one number per line; with --dtype, elements alone. NAME= before it gives the set a name, GROUP/NAME= a group as well; else it is called as the member of an
archive, or as the file.

Where nothing but one archive or a folder of archives is named, each is a run: its members are id and OOD sets, NAME or GROUP__NAME, @conf behind or not; @pred and
@label are not read. Archives whose names differ by a seed at the end (-s0, -seed0) are averaged.";

/// Measure files of scores: one of the in-distribution rows, one of each out-of-distribution set
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Command {
    /// Scores of the in-distribution rows; alone, an archive of all scores of a run, or a folder of such
    #[arg(value_name = "[NAME=]ID")]
    id: String,
    /// Scores of out-of-distribution sets
    #[arg(value_name = "[NAME=]OOD")]
    ood: Vec<String>,
    /// Which rows have the higher scores
    #[arg(long, value_enum, default_value_t = Side::Id)]
    higher_is: Side,
    /// The score's name in tables and records
    #[arg(long, value_name = "NAME", default_value = "own", value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// Procedures, comma-separated, or all [default: all that scores alone suffice for]
    #[arg(long, value_name = "PROCEDURES", value_delimiter = ',', value_parser = procedure::parser())]
    procedure: Vec<ProcedureName>,
    #[command(flatten)]
    elements: Elements,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    intervals: Intervals,
    #[command(flatten)]
    spread: Spread,
}

/// One side of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    /// In-distribution rows
    Id,
    /// Out-of-distribution rows; the values are turned
    Ood,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let procedures: Vec<&'static Procedure> = match &command.procedure[..] {
        [] => PROCEDURES.iter().filter(|procedure| !procedure.needs_predictions()).collect(),
        names => procedure::named(names),
    };
    let bootstrap = command.intervals.bootstrap()?;
    let ddof = command.spread.of_tables(command.printed.format)?;
    let selection = Selection::new(&[own::id(&command.name)], &[])?;
    let dumps = if command.ood.is_empty() { archives(command)? } else { vec![dump(command)?] };
    let plans = dumps.into_iter().map(|dump| Plan::of_dump(dump, &selection)).collect::<Result<Vec<_>, _>>()?;
    let measures = Measures { procedures, bootstrap };
    let results = evaluate(&plans, &[], None, &measures, &Silent)?;
    remarks::unchanged()?;
    remarks::say(&results, common);
    values::print((command.printed.format, ddof), &results, &measures.procedures, "")
}

/// A run of each archive of scores.
fn archives(command: &Command) -> anyhow::Result<Vec<Dump>> {
    let place = Path::new(&command.id);
    if command.elements.are_given() {
        bail!(
            "{}: found no file of an OOD set behind it, expected one or more, since --dtype says that files are elements alone; name them",
            command.id
        );
    }
    if !score_archive::is_named(place) {
        bail!(
            "{}: found no file of an OOD set behind it, expected one or more; or name a folder of archives that hold all scores of a run each",
            command.id
        );
    }
    let mut dumps: Vec<Dump> = Vec::new();
    for path in score_archive::find(place)? {
        let mut dump = score_archive::open(&path, &command.name)?;
        let name = &dump.info.name;
        if let Some(other) = dumps.iter().find(|other| other.info.name == *name) {
            bail!(
                "{}: found a second run named {name:?}, the first is {}, expected distinct names; rename one",
                path.display(),
                other.folder.display()
            );
        }
        command.turn(&mut dump.rows);
        dumps.push(dump);
    }
    Ok(dumps)
}

impl Command {
    /// Has the scores turned, if they are higher on OOD rows.
    fn turn(&self, rows: &mut RunRows) {
        if self.higher_is == Side::Ood {
            rows.lower.insert(self.name.clone());
        }
    }
}

/// A dump of nothing but these scores.
fn dump(command: &Command) -> anyhow::Result<Dump> {
    let id = Named::of(&command.id);
    let mut splits = vec![id.split(Role::Test, command)?];
    let mut names = BTreeSet::new();
    for file in &command.ood {
        let set = Named::of(file);
        let (group, name) = match set.name.split_once('/') {
            Some((group, name)) if set.is_given => (Some(group.to_owned()), name.to_owned()),
            _ => (None, set.name.clone()),
        };
        if !names.insert(name.clone()) {
            bail!(
                "{}: found a second OOD set named {name:?}, expected distinct names; write NAME={}",
                set.spec,
                set.spec
            );
        }
        splits.push(set.split(Role::Ood { group, name }, command)?);
    }
    let mut rows = RunRows::new("scores", splits, None)?;
    command.turn(&mut rows);
    let info = RunInfo { name: "scores".to_owned(), in_distribution: Some(id.name), ..RunInfo::default() };
    Ok(Dump::from_parts(info, rows))
}

/// A file of scores and the name of its set.
struct Named {
    name: String,
    /// Whether the name was written before the file.
    is_given: bool,
    /// The file as it was written.
    spec: String,
    source: Source,
}

impl Named {
    fn of(text: &str) -> Self {
        let (name, spec) = match text.split_once('=') {
            Some((name, spec)) if !name.is_empty() && !Path::new(text).exists() => (Some(name.to_owned()), spec),
            _ => (None, text),
        };
        let source = Source::of(spec);
        let is_given = name.is_some();
        Self { name: name.unwrap_or_else(|| source.set()), is_given, spec: spec.to_owned(), source }
    }

    fn split(&self, role: Role, command: &Command) -> anyhow::Result<Split> {
        let scores = match command.elements.of(&self.source.path)? {
            Some(raw) => self.source.read_elements(&raw)?,
            None => self.source.read()?,
        };
        let matrix = Matrix::column(&self.spec, scores)?;
        Ok(Split::new(role, &self.spec).with(ArrayKind::Score(command.name.clone()), matrix)?)
    }
}
