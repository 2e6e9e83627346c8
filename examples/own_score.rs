//! A score of your own, measured like those of the library. `cargo run --release -p oodbench --example own_score`
#![allow(clippy::print_stdout, reason = "an example shows what it computed")]

use ndarray::{Array2, array};
use oodbench::eval::FittedInMemory;
use oodbench::metric::{PROCEDURES, Sample};
use oodbench::rows::{ArrayKind, Matrix, Role, RowBlock, RowsError, RunRows, Split};
use oodbench::score::{RowScore, ScoreEntry};

/// The distance from the largest to the second largest logit. Higher = more in-distribution.
#[derive(Clone)]
struct Margin;

impl RowScore for Margin {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        block.logits().for_each(|row, logits| {
            let mut sorted = logits.to_vec();
            sorted.sort_by(f64::total_cmp);
            out[row] = sorted[sorted.len() - 1] - sorted[sorted.len() - 2];
        });
    }
}

const ENTRY: ScoreEntry = ScoreEntry {
    id: "margin",
    title: "Margin",
    aliases: &[],
    reference: "this example",
    page: "The distance from the largest to the second largest logit.",
    parameters: &[],
    build: |_| Ok(Box::new(Margin)),
    caution: |_| None,
    assumes: &[],
};

fn logits(role: Role, name: &str, rows: Array2<f64>) -> Result<Split, RowsError> {
    Split::new(role, name).with(ArrayKind::Logits, Matrix::of(name, rows)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = logits(Role::Test, "id", array![[5.0, 0.0, 1.0], [0.5, 4.0, 0.0], [1.0, 1.2, 0.0]])?;
    let ood = logits(Role::Test, "ood", array![[1.0, 0.9, 0.8], [2.0, 0.0, 1.5]])?;
    // It learns nothing, so there are no training rows to give.
    let nothing = RunRows::new("arrays", Vec::new(), None)?;
    let margin = FittedInMemory::fit(&ENTRY, &ENTRY.settings(), &nothing)?;
    let (id, ood) = (margin.score(&id)?, margin.score(&ood)?);
    println!("ID {id:?}, OOD {ood:?}");
    let (id, ood) = (Sample::new(id)?, Sample::new(ood)?);
    for procedure in PROCEDURES {
        let values = procedure.evaluate(&id, &ood);
        for (metric, value) in values.iter() {
            println!("{} {}: {value:.4}", procedure.id, metric);
        }
    }
    Ok(())
}
