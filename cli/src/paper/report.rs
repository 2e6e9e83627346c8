//! The report of a demo: a page, the tables as Markdown, Fig. 1, the histories.

use std::path::Path;

use super::claims::{Finding, PROCEDURE};
use super::error::DemoError;
use super::outcome::Outcome;
use super::settings::{Settings, recipe};
use super::train::{Images, Trained};
use oodbench::output::{make_folder, write_atomically};
use oodbench::plot::{Format, fig1};
use oodbench::report::html::{Page, Part, Section, render};
use oodbench::report::markdown;
use oodbench::table::Comparison;
use oodbench_train::curves;
use oodbench_train::device::Device;
use oodbench_train::history::{EpochRecord, write_history};
use oodbench_train::loss::LossChoice;

/// Who made the images; their licences ask for it.
const CREDITS: &str = "Fashion-MNIST: Copyright 2017 Zalando SE, MIT licence. KMNIST: created by CODH, adapted from the \
     Kuzushiji Dataset created by NIJL and others, doi:10.20676/00000341, CC BY-SA 4.0. MNIST: Yann LeCun, Corinna Cortes, \
     Christopher J. C. Burges, CC BY-SA 3.0. The sets inside the program are the first images of each class.";

const PAPER: &str = "Macêdo and Ludermir, Enhanced isotropy maximization loss, arXiv:2105.14399";

/// Writes all files of the report.
///
/// # Errors
/// A plot cannot be drawn or a file cannot be written.
pub(crate) fn write(settings: &Settings, device: &Device, images: &Images, outcome: &Outcome) -> Result<(), DemoError> {
    let folder = &settings.report;
    make_folder(folder).map_err(DemoError::io(folder))?;
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        write_atomically(&path, bytes).map_err(DemoError::io(&path))
    };
    put("fig1.png", &fig1::render(&outcome.fig1, Format::Png)?)?;
    put("table.md", markdown_page(settings, outcome).as_bytes())?;
    for run in &outcome.trained {
        let path = folder.join(format!("history-{}.csv", run.name));
        write_history(&path, &run.history).map_err(DemoError::io(&path))?;
    }
    put("index.html", render(&page(settings, device, images, outcome)?).as_bytes())
}

/// The page's file in a folder of [`write()`].
#[must_use]
pub(crate) fn page_file(folder: &Path) -> std::path::PathBuf {
    folder.join("index.html")
}

fn markdown_page(settings: &Settings, outcome: &Outcome) -> String {
    let rows = accuracies(outcome).into_iter().map(|row| format!("| {} |\n", row.join(" | ")));
    format!(
        "# oodbench demo\n\n## What the paper says, and what these networks show\n\n{}\n`{}`\n\n| {} |\n|---|---:|---:|---:|---:|\n{}\n\
         ## Every loss with every score\n\n{}",
        outcome.findings,
        settings.command,
        ACCURACY_HEADINGS.join(" | "),
        rows.collect::<String>(),
        markdown::comparisons(PROCEDURE.title, &outcome.tables),
    )
}

const ACCURACY_HEADINGS: [&str; 5] =
    ["run", "test accuracy (%)", "training accuracy, last epoch (%)", "epochs", "training time (s)"];

fn accuracies(outcome: &Outcome) -> Vec<Vec<String>> {
    let row = |run: &Trained| {
        let summary = outcome.results.runs.iter().find(|summary| summary.info.name == run.name);
        let percent = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{:.2}", value * 100.0));
        vec![
            run.name.clone(),
            percent(summary.and_then(|summary| summary.accuracy)),
            percent(run.history.last().map(|record| record.train_accuracy)),
            run.history.len().to_string(),
            format!("{:.0}", run.history.iter().map(|record| record.seconds).sum::<f64>()),
        ]
    };
    outcome.trained.iter().map(row).collect()
}

fn page(settings: &Settings, device: &Device, images: &Images, outcome: &Outcome) -> Result<Page, DemoError> {
    let comparison = |table: &Comparison| Part::Comparison { title: PROCEDURE.title.to_owned(), table: table.clone() };
    let headings = ACCURACY_HEADINGS.map(str::to_owned).to_vec();
    let sections = vec![
        section("What the paper says, and what these networks show", vec![statements(outcome)]),
        section("Accuracy", vec![Part::Table { names: 1, headings, rows: accuracies(outcome) }]),
        section("Every loss with every score", outcome.tables.iter().map(comparison).collect()),
        section(
            "Entropy and minimum distance (the paper's Fig. 1)",
            vec![figure(
                fig1::render(&outcome.fig1, Format::Svg)?,
                "In-distribution and OOD test images under both losses: the less the colours overlap, the better that score tells them apart.",
            )],
        ),
        section(
            "Training",
            vec![figure(
                curve(settings, outcome)?,
                "Accuracy on the training images as an epoch goes, networks of the first seed. The test images had no part in training: \
             the network of the last epoch is the one measured.",
            )],
        ),
        section(
            "How this was made",
            vec![Part::Facts(provenance(settings, device, images)), Part::Text(CREDITS.to_owned())],
        ),
    ];
    Ok(Page {
        title: "oodbench demo: the IsoMax+ loss, trained here".to_owned(),
        lead: outcome.findings.lead(),
        sections,
    })
}

fn statements(outcome: &Outcome) -> Part {
    let row = |finding: &Finding| vec![finding.statement.clone(), finding.verdict.to_string(), finding.values.clone()];
    let headings = ["the paper says", "here", "by these values"].map(str::to_owned).to_vec();
    Part::Table { names: 3, headings, rows: outcome.findings.all.iter().map(row).collect() }
}

fn section(heading: &str, parts: Vec<Part>) -> Section {
    Section { heading: heading.to_owned(), parts }
}

fn figure(svg: Vec<u8>, caption: &str) -> Part {
    Part::Figure { svg: String::from_utf8_lossy(&svg).into_owned(), caption: caption.to_owned() }
}

fn curve(settings: &Settings, outcome: &Outcome) -> Result<Vec<u8>, DemoError> {
    let first = outcome.trained.iter().filter(|run| settings.seeds.first() == Some(&run.seed));
    let lines: Vec<(&str, &[EpochRecord])> = first.map(|run| (run.name.as_str(), &run.history[..])).collect();
    Ok(curves::accuracies("", &lines).render(Format::Svg)?)
}

fn provenance(settings: &Settings, device: &Device, images: &Images) -> Vec<(String, String)> {
    let sets = images.sets.iter().map(|(_, set)| format!("{} ({})", set.name, set.len()));
    let seeds: Vec<String> = settings.seeds.iter().map(ToString::to_string).collect();
    let recipe = recipe(
        LossChoice::default(),
        (images.training.channels, images.classes),
        &images.normalisation,
        (0, settings.epochs),
    );
    let fact = |name: &str, value: String| (name.to_owned(), value);
    vec![
        fact("program", format!("oodbench {}", env!("CARGO_PKG_VERSION"))),
        fact("command", settings.command.clone()),
        fact("paper", PAPER.to_owned()),
        fact("network", recipe.network.architecture.name().to_owned()),
        fact(
            "recipe, the same for every loss",
            format!(
                "SGD, Nesterov momentum {}, weight decay {} on every parameter, batches of {}, {}, no augmentation",
                recipe.momentum, recipe.weight_decay, recipe.batch_size, recipe.schedule
            ),
        ),
        fact("seeds", seeds.join(", ")),
        fact("images", sets.collect::<Vec<_>>().join(", ")),
        fact("md5 of the training data", images.training.checksum()),
        fact(
            "machine",
            format!(
                "{} {}, {} threads, {}",
                std::env::consts::OS,
                std::env::consts::ARCH,
                rayon::current_num_threads(),
                if device.is_cuda() { "CUDA" } else { "CPU" }
            ),
        ),
    ]
}
