//! What a report is made of.

use crate::metric::{PROCEDURES, Procedure};
use crate::table::by_seeds::BySeeds;
use crate::table::means::remarks;
use crate::table::provenance::Provenance;
use crate::table::{Overview, Record, Remark};

/// What a report is made of.
#[derive(Clone, Default)]
pub struct Report {
    /// Values of single runs; means are made anew.
    pub records: Vec<Record>,
    /// Where they come from, as far as it is known.
    pub provenance: Vec<Provenance>,
    /// What to be careful about.
    pub warnings: Vec<Remark>,
    /// What was noticed.
    pub notes: Vec<Remark>,
    /// Tests of AUROCs over seeds and rows, where the rows were there.
    pub tests: Vec<BySeeds>,
    /// Plots of runs, where their rows were there.
    pub plots: Vec<RunPlots>,
    /// Critical-difference diagrams, where there are sets enough.
    pub critical_differences: Vec<Drawn>,
    /// Further tables, such as published values beside these.
    pub extra: Vec<Extra>,
    /// What is not in the report, and why; one line each.
    pub left_out: Vec<String>,
    /// The command that made it, as typed.
    pub command: Option<Vec<String>>,
}

/// The plots of a run.
#[derive(Clone)]
pub struct RunPlots {
    /// The run.
    pub run: String,
    /// What is drawn, as SVG.
    pub plots: Vec<Drawn>,
}

/// A plot.
#[derive(Clone)]
pub struct Drawn {
    /// SVG.
    pub svg: String,
    /// What stands under it.
    pub caption: String,
    /// Whether it takes the width of the page.
    pub is_wide: bool,
}

/// A further table.
#[derive(Clone)]
pub struct Extra {
    /// Stands above it.
    pub heading: String,
    /// So many columns say what a row is of.
    pub names: usize,
    /// Headings.
    pub headings: Vec<String>,
    /// Rows, a cell for each heading.
    pub rows: Vec<Vec<String>>,
    /// What there is to say of it, a sentence each.
    pub notes: Vec<String>,
}

impl Report {
    /// A report of records alone; runs that are not averaged as seeds are among its warnings.
    #[must_use]
    pub fn of(records: Vec<Record>) -> Self {
        let warnings = remarks(&records).into_iter().map(Remark::of_all).collect();
        Self { records, warnings, ..Self::default() }
    }

    /// The procedures that there are records of, in the order of the list.
    #[must_use]
    pub fn procedures(&self) -> Vec<&'static Procedure> {
        let is_there = |procedure: &&Procedure| self.records.iter().any(|record| record.procedure == procedure.id);
        PROCEDURES.iter().filter(is_there).collect()
    }

    /// The tables, procedure by procedure.
    #[must_use]
    pub fn tables(&self) -> Vec<Overview> {
        let of = |procedure| Overview::all(&self.records, procedure, &self.tests);
        self.procedures().into_iter().flat_map(of).collect()
    }

    /// The program and the command.
    pub(super) fn origin(&self) -> String {
        let command = self.command.as_ref().map(|words| format!(", {}", words.join(" "))).unwrap_or_default();
        format!("oodbench {}{command}", env!("CARGO_PKG_VERSION"))
    }
}
