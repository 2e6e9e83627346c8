//! `--ddof`: what standard deviations over seeds divide by.

use anyhow::bail;
use clap::{Args, ValueEnum};

use oodbench::report::Format;
use oodbench::stats;

/// Options of a command that shows means over seeds.
#[derive(Args)]
pub(crate) struct Spread {
    /// Standard deviations over seeds divide by n − this: 1 as in records, 0 as OpenOOD prints them
    #[arg(long, value_enum, default_value_t = Ddof::One)]
    ddof: Ddof,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ddof {
    #[value(name = "0", help = "population standard deviation")]
    Zero,
    #[value(name = "1", help = "sample standard deviation")]
    One,
}

impl Spread {
    /// What tables in this format divide by. Records have one convention and keep it.
    pub(crate) fn of_tables(&self, format: Format) -> anyhow::Result<stats::spread::Ddof> {
        Ok(match self.ddof {
            Ddof::One => stats::spread::Ddof::One,
            Ddof::Zero if format.is_data() => bail!(
                "--ddof 0: found --format {}, expected table or markdown; the field std of records divides by members - 1, multiply it by \
                 sqrt((members - 1) / members)",
                format.id()
            ),
            Ddof::Zero => stats::spread::Ddof::Zero,
        })
    }
}
