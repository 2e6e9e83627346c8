//! `oodbench convert`: records in another format, dumps in another form.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum, ValueHint};

use crate::option::common::Common;
use crate::option::places::{places, refuse_to_replace};
use crate::option::runs::{Layout, Runs};
use crate::screen::terminal;
use oodbench::dump::write::{Form, Precision};
use oodbench::dump::{Dump, DumpWriter};
use oodbench::report::json;
use oodbench::table::read::read;
use oodbench::table::{csv, openood_csv};

/// Print records in another format (CSV, JSON, a table of OpenOOD's leaderboard), or write dumps in another form (.npy, .safetensors, .parquet)
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench convert out/records.parquet --to csv
  oodbench convert out/records.json --to openood > row.csv        a line for each score: near and far AUROC, ± over seeds
  oodbench convert leaderboard/cifar10.csv --to json              OpenOOD's leaderboard as records
  oodbench convert features/ --to npy --out dumps/run             val_features.pt, ood_features.pt, ... as a dump of .npy files
  oodbench convert dumps/run --to safetensors --out small --dtype f32")]
pub(crate) struct Command {
    /// Files of records: CSV, JSON, Parquet, tables of OpenOOD's; or, for npy, safetensors and parquet, runs and folders of runs
    #[arg(value_name = "RECORDS|DIR", required = true, value_hint = ValueHint::AnyPath)]
    sources: Vec<PathBuf>,
    /// What to print or write
    #[arg(long, value_enum)]
    to: To,
    /// The in-distribution set of a leaderboard's table, where the records have several
    #[arg(long, value_name = "SET")]
    in_distribution: Option<String>,
    /// The dump to write, or the folder of dumps if there are several runs
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// The precision of logits, features and scores [default: the one that holds the values]
    #[arg(long, value_enum, value_name = "TYPE")]
    dtype: Option<Type>,
    /// Replace what is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    layout: Layout,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// Records, a line each
    Csv,
    /// Records, an array of objects
    Json,
    /// Records as zjysteven.github.io/OpenOOD keeps them: AUROC of procedure openood, means over near and far sets, standard deviations with ddof = 0
    Openood,
    /// A dump of .npy files
    Npy,
    /// A dump of a .safetensors file for each split
    Safetensors,
    /// A dump of a .parquet file for each split, a list column for each matrix
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    /// Single precision; values of double precision are rounded
    F32,
    /// Double precision
    F64,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    if command.in_distribution.is_some() && command.to != To::Openood {
        bail!(
            "--in-distribution: found another format, expected --to openood, whose tables are of one set; leave it out"
        );
    }
    let text = match command.to {
        To::Npy => return dumps(command, Form::Npy, common),
        To::Safetensors => return dumps(command, Form::Safetensors, common),
        To::Parquet => return dumps(command, Form::Parquet, common),
        _ if command.out.is_some() || command.dtype.is_some() || command.replace || command.layout.is_named() => {
            bail!(
                "--out, --dtype, --replace, --layout: found records, which are printed, expected --to npy, safetensors or parquet; leave them out"
            )
        }
        To::Csv => String::from_utf8(csv::write(&read(&command.sources)?)?)?,
        To::Json => json::rows(&read(&command.sources)?)?,
        To::Openood => {
            let records = read(&command.sources)?;
            String::from_utf8(openood_csv::write(&records, command.in_distribution.as_deref())?)?
        }
    };
    terminal::print_data(&text)?;
    Ok(())
}

/// Writes dumps; the values stay what they are unless another precision is asked for.
fn dumps(command: &Command, form: Form, common: &Common) -> anyhow::Result<()> {
    let Some(out) = &command.out else {
        bail!("--to: found a form of dumps, expected --out DIR, where the dump is to be; add it");
    };
    let precision = match command.dtype {
        None => Precision::Own,
        Some(Type::F32) => Precision::Single,
        Some(Type::F64) => Precision::Double,
    };
    let runs = Runs::of(command.sources.clone(), command.layout.clone()).find(common.quiet)?;
    let names = runs.iter().map(|files| Ok(files.info()?.name)).collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (files, out) in runs.iter().zip(places(out, &names)?) {
        refuse_to_replace(&out, command.sources.iter().map(PathBuf::as_path))?;
        let dump = Dump::open(files)?;
        let writer = DumpWriter::create(&out, command.replace)?.with(form, precision);
        writer.info(&dump.info)?;
        if let Some(head) = &dump.head {
            writer.head(head)?;
        }
        if let Some(texts) = &dump.texts {
            writer.texts(texts)?;
        }
        dump.splits.iter().try_for_each(|split| writer.split(split))?;
        writer.commit()?;
        if !common.quiet {
            dump.warnings.iter().for_each(|warning| terminal::say(&format!("warning: {warning}")));
        }
        terminal::print(&format!("wrote {}\n", out.display()))?;
    }
    Ok(())
}
