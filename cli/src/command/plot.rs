//! `oodbench plot`: plots of the scores of dumps.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use crate::option::choice::{self, FitOrParameters, ScoreNames};
use crate::option::common::Common;
use crate::option::complete;
use crate::option::metric::MetricName;
use crate::option::sources::Sources;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::dump::layout::RunFiles;
use oodbench::dump::{Loss, RunInfo};
use oodbench::eval::plots::{FIG1_SCORES, fig1_bands};
use oodbench::eval::{Plan, ScoredRun, score_run};
use oodbench::output::{make_folder, write_atomically};
use oodbench::plot::fig1;
use oodbench::plot::histogram::Histogram;
use oodbench::plot::roc::{Curve, Roc};
use oodbench::plot::{Format, PlotError};
use oodbench::printable::file_name;
use oodbench::report::ranks;
use oodbench::score::ScoreEntry;
use oodbench::score::registry::find;
use oodbench::table::Results;
use oodbench::table::against_best::LEVEL;
use oodbench::table::ranks::ranked;

/// Draw plots as PNG and SVG: the paper's Fig. 1, histograms of a score, ROC curves, critical differences
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench plot --fig1                         entropy and minimum distance of the IsoMax and IsoMax+ runs in dumps/
  oodbench plot dumps/ --hist energy --out fig   one plot per run
  oodbench plot dumps/my-run --roc             ROC curves of the scores that need logits alone
  oodbench plot dumps/my-run --roc mds,es      of these scores
  oodbench plot out/ --critical-differences    mean ranks over all sets, from dumps or from the records of `score --out`")]
pub(crate) struct Command {
    #[command(flatten)]
    sources: Sources,
    /// The paper's Fig. 1: four bands of ID and OOD histograms, from one IsoMax and one IsoMax+ run
    #[arg(long)]
    fig1: bool,
    /// Histograms of a score, one panel per OOD set, one plot per run
    #[arg(long, value_name = "SCORE", value_parser = choice::name, add = complete::score())]
    hist: Option<String>,
    /// ROC curves with the 95 % point marked, one plot per run and OOD set
    #[arg(long, value_name = "SCORES", value_delimiter = ',', value_parser = choice::name, add = complete::score(), num_args = 0..=1, default_missing_value = "mds,es,mps,energy")]
    roc: Option<Vec<String>>,
    /// Diagram of critical differences: mean ranks of scores over all OOD sets, joined where they cannot be told apart; takes records as well
    #[arg(long, value_name = "SCORES", value_delimiter = ',', value_parser = choice::name, add = complete::scores(), num_args = 0..=1, default_missing_value = "all")]
    critical_differences: Option<Vec<String>>,
    /// The metric that scores are ranked by, METRIC or PROCEDURE.METRIC
    #[arg(long, value_name = "METRIC", default_value = "openood.auroc")]
    metric: MetricName,
    #[command(flatten)]
    fitted: FitOrParameters,
    /// Folder for the plots
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "reports")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let of_rows = command.fig1 || command.hist.is_some() || command.roc.is_some();
    if !of_rows && command.critical_differences.is_none() {
        bail!("expected --fig1, --hist SCORE, --roc or --critical-differences; `oodbench plot --help` shows examples");
    }
    // Everything is drawn before anything is written: an error leaves no part of the plots behind.
    let mut plots = Vec::new();
    if let Some(scores) = &command.critical_differences {
        plots.extend(critical_differences(command, scores, common)?);
    }
    let needs = "this plot needs the scores of every row";
    let runs = of_rows.then(|| command.sources.runs(needs, common.quiet)).transpose()?.unwrap_or_default();
    let work = Work { command, common, runs: &runs };
    if command.fig1 {
        plots.extend(work.fig1()?);
    }
    if let Some(score) = &command.hist {
        plots.extend(work.histograms(score)?);
    }
    if let Some(scores) = &command.roc {
        plots.extend(work.roc_curves(scores)?);
    }
    write(&command.out, &apart(plots), common.quiet)
}

/// A plot's file name and content.
type Drawn = (String, Vec<u8>);

/// No two plots under one name, on systems that know no capitals either: run `a` with set `b-c` and run `a-b` with set `c` are two plots.
fn apart(plots: Vec<Drawn>) -> Vec<Drawn> {
    let mut taken = HashSet::new();
    let free = |(name, bytes): Drawn| {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
        let numbered = (2..).map(|number| format!("{stem}-{number}.{ending}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase()));
        (free.unwrap_or_default(), bytes)
    };
    plots.into_iter().map(free).collect()
}

fn write(out: &Path, plots: &[Drawn], quiet: bool) -> anyhow::Result<()> {
    make_folder(out).with_context(|| format!("{}: cannot be written", out.display()))?;
    for (name, bytes) in plots {
        let path = out.join(name);
        write_atomically(&path, bytes).with_context(|| format!("{}: cannot be written", path.display()))?;
        if !quiet {
            terminal::say(&format!("wrote {}", path.display()));
        }
    }
    Ok(())
}

fn both(name: &str, render: impl Fn(Format) -> Result<Vec<u8>, PlotError>) -> Result<Vec<Drawn>, PlotError> {
    let formats = [Format::Png, Format::Svg].into_iter();
    formats.map(|format| Ok((format!("{name}.{}", format.extension()), render(format)?))).collect()
}

/// One diagram per training.
fn critical_differences(command: &Command, scores: &[String], common: &Common) -> anyhow::Result<Vec<Drawn>> {
    let names = ScoreNames { scores: scores.to_vec() };
    let records = command.sources.records(command.metric.first().0, (&names, &command.fitted), common)?;
    let (procedure, metric) = command.metric.of_records(&records)?;
    let found = ranked(&records, procedure, metric, LEVEL);
    if found.tables.is_empty() {
        bail!("{}", found.untested.join("; "));
    }
    let mut plots = Vec::new();
    for table in &found.tables {
        let lines = table.cautions.iter().chain(&table.left_out).chain(&found.untested);
        lines.filter(|_| !common.quiet).for_each(|line| terminal::say(&format!("note: {line}")));
        let diagram = ranks::diagram(table);
        plots.extend(both(&format!("ranks-{}", file_name(&table.training)), |format| diagram.render(format))?);
    }
    Ok(plots)
}

struct Work<'a> {
    command: &'a Command,
    common: &'a Common,
    runs: &'a [RunFiles],
}

impl Work<'_> {
    /// The scores of every row; says what a reader should know of them.
    fn score(&self, runs: &[RunFiles], scores: &[&str]) -> anyhow::Result<Vec<ScoredRun>> {
        let names: Vec<String> = scores.iter().map(|&name| name.to_owned()).collect();
        let selection = self.command.fitted.selection(&names)?;
        let progress = Bars::new(self.common.quiet);
        let plans = Plan::each(runs.iter().map(|files| (files, &selection)), &progress)?;
        let mut results = Results::default();
        let mut scored = Vec::with_capacity(plans.len());
        for plan in &plans {
            let splits = score_run(plan, &mut results, &progress)?;
            scored.push(ScoredRun { info: plan.dump.info.clone(), splits });
        }
        remarks::unchanged()?;
        remarks::say(&results, self.common);
        Ok(scored)
    }

    fn fig1(&self) -> anyhow::Result<Vec<Drawn>> {
        let mut by_loss = Vec::new();
        for loss in [Loss::Isomax, Loss::IsomaxPlus] {
            by_loss.push(self.run_of(&loss)?.clone());
        }
        let scored = self.score(&by_loss, &FIG1_SCORES)?;
        let [isomax, plus] = &scored[..] else { bail!("expected two runs") };
        let bands = fig1_bands(isomax, plus);
        Ok(both("fig1", |format| fig1::render(&bands, format))?)
    }

    /// The run trained with a loss; of several the one with the lowest seed.
    fn run_of(&self, loss: &Loss) -> anyhow::Result<&RunFiles> {
        let mut found = Vec::new();
        for files in self.runs {
            let info = RunInfo::read(&files.folder)?;
            if info.loss.as_ref() == Some(loss) {
                found.push((info.seed, info.name, files));
            }
        }
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let Some((_, name, files)) = found.first() else {
            let key = if *loss == Loss::Isomax { "isomax" } else { "isomax-plus" };
            bail!(
                "{}: found no run trained with {loss}, expected one whose run.toml says loss = \"{key}\"; Fig. 1 needs an IsoMax and an IsoMax+ run",
                self.command.sources.shown()
            );
        };
        if found.len() > 1 && !self.common.quiet {
            terminal::say(&format!("note: {} runs were trained with {loss}; drawing {name}", found.len()));
        }
        Ok(files)
    }

    fn histograms(&self, score: &str) -> anyhow::Result<Vec<Drawn>> {
        let entry = find(score)?;
        let mut plots = Vec::new();
        for run in self.score(self.runs, &[entry.id])? {
            let draw = |format| {
                Histogram { title: run.title(), quantity: entry.title.to_owned(), panels: run.panels(entry.id, 1.0) }
                    .render(format)
            };
            plots.extend(both(&format!("hist-{}-{}", file_name(&run.info.name), entry.id), draw)?);
        }
        Ok(plots)
    }

    fn roc_curves(&self, scores: &[String]) -> anyhow::Result<Vec<Drawn>> {
        let mut entries = Vec::new();
        for name in scores {
            entries.push(find(name)?);
        }
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id).collect();
        let mut plots = Vec::new();
        for run in self.score(self.runs, &ids)? {
            for (set, name) in run.samples(ids[0]).1.into_iter().map(|(name, _)| name).enumerate() {
                let curve = |entry: &&ScoreEntry| {
                    let (id, mut ood) = run.samples(entry.id);
                    Curve { name: entry.title.to_owned(), id, ood: ood.swap_remove(set).1 }
                };
                let draw = |format| {
                    let title = format!("{} | OUT-OF-DISTRIBUTION={name}", run.title());
                    Roc { title, curves: entries.iter().map(curve).collect() }.render(format)
                };
                plots.extend(both(&format!("roc-{}-{}", file_name(&run.info.name), file_name(&name)), draw)?);
            }
        }
        Ok(plots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plot_takes_the_place_of_another() {
        let names = ["roc-a-b-c.png", "roc-a-b-c.svg", "roc-a-b-c.png", "roc-A-b-c.svg", "roc-a-b-c-2.png"];
        let found = apart(names.map(|name| (name.to_owned(), Vec::new())).into());
        let found: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            found,
            ["roc-a-b-c.png", "roc-a-b-c.svg", "roc-a-b-c-2.png", "roc-A-b-c-2.svg", "roc-a-b-c-2-2.png"]
        );
    }
}
