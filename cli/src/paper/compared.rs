//! Tables 2 to 6 laid out as the paper does, our values under the published ones; a cell that we have no value for says why.

use std::collections::BTreeMap;

use super::published::{Published, SOURCE};
use oodbench::report::full::Extra;
use oodbench::stats::spread::mean_and_std;
use oodbench::table::Record;
use oodbench::table::provenance::{Provenance, RunProvenance};

/// The tables of some records; accuracies are those of their provenance.
pub(crate) fn tables(records: &[Record], provenance: &[Provenance]) -> anyhow::Result<Vec<Extra>> {
    let all = Published::all()?;
    let ours = Ours { records, runs: provenance.iter().flat_map(|one| &one.runs).collect() };
    Ok([2, 3, 4, 5, 6].map(|number| table(number, &all, &ours)).into())
}

/// What is ours.
struct Ours<'a> {
    records: &'a [Record],
    runs: Vec<&'a RunProvenance>,
}

/// Columns of a table: a metric and a method each, in the order of the paper.
fn table(number: u32, all: &[Published], ours: &Ours<'_>) -> Extra {
    let own: Vec<&Published> = all.iter().filter(|value| value.table == number).collect();
    let mut columns: Vec<(&str, &str)> = Vec::new();
    let mut rows: Vec<[&str; 3]> = Vec::new();
    let key = |value: &Published| -> [String; 3] {
        [value.model.clone(), value.in_distribution.clone(), value.out_of_distribution.clone()]
    };
    for value in &own {
        let column = (value.metric.as_str(), value.method.as_str());
        if !columns.contains(&column) {
            columns.push(column);
        }
        let row = [value.model.as_str(), value.in_distribution.as_str(), value.out_of_distribution.as_str()];
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    let (mut lines, mut empty) = (Vec::new(), BTreeMap::<String, usize>::new());
    let mut filled = 0;
    for row in &rows {
        let mut cells: Vec<String> = row.iter().map(|&name| name.to_owned()).collect();
        for column in &columns {
            let value = own.iter().find(|value| {
                key(value) == row.map(str::to_owned) && (value.metric.as_str(), value.method.as_str()) == *column
            });
            let Some(value) = value else {
                cells.push("–".to_owned());
                continue;
            };
            let published = format!("{:.1} ± {:.1}", value.mean_percent, value.std_percent);
            cells.push(match ours.of(value) {
                Ok(own) => {
                    filled += 1;
                    format!("{published} | ours {own}")
                }
                Err(why) => {
                    *empty.entry(why).or_default() += 1;
                    format!("{published} | ours –")
                }
            });
        }
        lines.push(cells);
    }
    let headings = ["model", "in-distribution", "OOD"].map(str::to_owned).into_iter();
    let mut notes = vec![format!(
        "Published | ours, percent, mean ± standard deviation (ours: over seeds, ddof = 1). {filled} of {} cells have a value of ours.",
        own.len()
    )];
    notes.extend(
        empty.into_iter().map(|(why, count)| format!("{count} empty cell{}: {why}", if count == 1 { "" } else { "s" })),
    );
    notes.extend(ours.sets_taken(&own));
    if number == 2 {
        notes.push(SOURCE.to_owned());
    }
    Extra {
        heading: format!("Table {number} of the paper: {}", title(number)),
        names: 3,
        headings: headings.chain(columns.iter().map(|(metric, method)| format!("{metric}, {method}"))).collect(),
        rows: lines,
        notes,
    }
}

fn title(number: u32) -> &'static str {
    match number {
        2 => "classification accuracy",
        3 => "fair comparison of OOD detection",
        4 => "unfair comparison with ODIN and the Mahalanobis approach",
        5 => "unfair comparison with outlier exposure",
        _ => "scores of IsoMax and IsoMax+",
    }
}

/// A name without what people write differently.
fn plain(name: &str) -> String {
    let letters: String =
        name.to_lowercase().chars().filter(|letter| letter.is_alphanumeric() || *letter == '+').collect();
    match letters.as_str() {
        "densenetbc100" | "densenetbc10012" | "densenet" => "densenet100".to_owned(),
        "outlierexposure" => "softmax+oe".to_owned(),
        _ => letters,
    }
}

/// How our sets may be called that hold the images of a published one, the surest name first. The paper's TinyImageNet and LSUN are the resized images of
/// ODIN's authors: the TinyImageNet of OpenOOD holds others, and what is called LSUN alone may be cropped.
fn names_of(published: &str) -> Vec<String> {
    match published {
        "TinyImageNet" => ["imagenetresize", "tinyimagenetresize"].map(str::to_owned).into(),
        "LSUN" => ["lsunresize", "lsun"].map(str::to_owned).into(),
        other => vec![plain(other)],
    }
}

impl Ours<'_> {
    /// Which of our sets stand for published ones of another name.
    fn sets_taken(&self, published: &[&Published]) -> Option<String> {
        let mut taken: Vec<String> = Vec::new();
        for set in published.iter().flat_map(|value| value.sets()) {
            for name in names_of(set).iter().filter(|name| **name != plain(set)) {
                let own = self.records.iter().find(|record| plain(&record.ood) == *name);
                if let Some(said) = own.map(|own| format!("{} for {set}", own.ood)).filter(|said| !taken.contains(said))
                {
                    taken.push(said);
                }
            }
        }
        (!taken.is_empty()).then(|| format!("Sets of ours: {}.", taken.join(", ")))
    }

    /// Our value of a cell as text, or why there is none.
    fn of(&self, value: &Published) -> Result<String, String> {
        let (loss, score) = value.loss_and_score();
        let each = match score {
            None => self.accuracies(value, loss)?,
            Some(score) => self.detection(value, loss, score)?,
        };
        let spread = mean_and_std(&each);
        let percent = |share: f64| format!("{:.1}", share * 100.0);
        Ok(match each.len() {
            1 => format!("{} (1 seed)", percent(spread.mean)),
            seeds => format!("{} ± {} ({seeds} seeds)", percent(spread.mean), percent(spread.std)),
        })
    }

    fn accuracies(&self, value: &Published, loss: &str) -> Result<Vec<f64>, String> {
        if value.metric != "test_accuracy" {
            return Err("the accuracy on training images is in no record".to_owned());
        }
        let is_own = |run: &&&RunProvenance| {
            let same = |own: &Option<String>, name: &str| own.as_deref().is_some_and(|own| plain(own) == plain(name));
            same(&run.model, &value.model)
                && same(&run.loss, loss)
                && same(&run.in_distribution, &value.in_distribution)
        };
        let found: Vec<f64> = self.runs.iter().filter(is_own).filter_map(|run| run.accuracy).collect();
        if found.is_empty() { Err(no_run(value, loss)) } else { Ok(found) }
    }

    fn detection(&self, value: &Published, loss: &str, score: &str) -> Result<Vec<f64>, String> {
        let metric = match value.metric.as_str() {
            "TNR@TPR95" => "tnr_at_tpr95",
            "AUROC" => "auroc",
            _ => "dtacc",
        };
        let (own_score, remedy) = measured_by(score);
        let same = |own: &Option<String>, name: &str| own.as_deref().is_some_and(|own| plain(own) == plain(name));
        let own: Vec<&Record> = self
            .records
            .iter()
            .filter(|record| record.procedure == "lee" && record.metric == metric && record.mean_over.is_none())
            .filter(|record| same(&record.model, &value.model) && same(&record.in_distribution, &value.in_distribution))
            .filter(|record| same(&record.loss, loss))
            .collect();
        if own.is_empty() {
            return Err(no_run(value, loss));
        }
        let own: Vec<&Record> = own.into_iter().filter(|record| record.score == own_score).collect();
        if own.is_empty() {
            return Err(format!("score {own_score} was not measured{remedy}"));
        }
        let mut runs: Vec<&str> = Vec::new();
        for record in &own {
            if !runs.contains(&record.run.as_str()) {
                runs.push(&record.run);
            }
        }
        let of_run = |run: &str| -> Option<f64> {
            let on = |set: &&str| {
                let of_name = |name: String| own.iter().find(|record| record.run == run && plain(&record.ood) == name);
                names_of(set).into_iter().find_map(of_name)?.value
            };
            let values = value.sets().iter().map(on).collect::<Option<Vec<f64>>>()?;
            Some(values.iter().sum::<f64>() / values.len() as f64)
        };
        let each: Vec<f64> = runs.into_iter().filter_map(of_run).collect();
        if each.is_empty() { Err(format!("no value on {}", value.out_of_distribution)) } else { Ok(each) }
    }
}

/// Our score for what a column calls one, and what it takes where a usual dump does not do: ODIN and Mahalanobis as published perturb the input.
fn measured_by(published: &str) -> (String, &'static str) {
    match published {
        "ODIN" => ("odin".to_owned(), ", which a dump of `extract --perturb odin` has"),
        "Mahalanobis" => ("mahalanobis_perturbed".to_owned(), ", which a dump of `extract --perturb mahalanobis` has"),
        other => (other.to_lowercase(), ""),
    }
}

fn no_run(value: &Published, loss: &str) -> String {
    format!("no run of {} trained with {loss} on {}", value.model, value.in_distribution)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seed: u64, ood: &str, metric: &str, value: f64) -> Record {
        Record {
            run: format!("r{seed}"),
            in_distribution: Some("cifar-10".to_owned()),
            ood: ood.to_owned(),
            score: "mds".to_owned(),
            procedure: "lee".to_owned(),
            metric: metric.to_owned(),
            value: Some(value),
            model: Some("DenseNet-BC-100".to_owned()),
            loss: Some("IsoMax+".to_owned()),
            seed: Some(seed),
            ..Record::default()
        }
    }

    #[test]
    fn ours_stand_beside_the_published_and_empty_cells_are_named() {
        let mut records = Vec::new();
        for (seed, value) in [(1, 0.96), (2, 0.98)] {
            records
                .extend(["SVHN", "imagenet-resize", "lsun-resize"].map(|ood| record(seed, ood, "tnr_at_tpr95", value)));
        }
        let found = tables(&records, &[]).unwrap();
        let row = found[1].rows.iter().find(|row| row[..3] == ["DenseNet100", "CIFAR10", "SVHN"]).unwrap();
        assert_eq!(row[5], "97.0 ± 0.7 | ours 97.0 ± 1.4 (2 seeds)");
        assert_eq!(row[3], "40.4 ± 5.3 | ours –");
        assert!(
            found[1]
                .notes
                .iter()
                .any(|note| note == "6 empty cells: no run of DenseNet100 trained with SoftMax on CIFAR10"),
            "{:?}",
            found[1].notes
        );
        // The mean of three sets in Tables 5 and 6, of every run by itself.
        assert!(
            found[3].rows[0].iter().any(|cell| cell == "94.6 ± 1.5 | ours 97.0 ± 1.4 (2 seeds)"),
            "{:?}",
            found[3].rows[0]
        );
        assert!(
            found[1]
                .notes
                .iter()
                .any(|note| note == "Sets of ours: imagenet-resize for TinyImageNet, lsun-resize for LSUN."),
            "{:?}",
            found[1].notes
        );
        let cells: usize = found.iter().map(|table| table.rows.len() * (table.headings.len() - 3)).sum();
        assert_eq!(cells, 272);
    }

    #[test]
    fn perturbed_dumps_fill_table_4_and_others_say_what_it_takes() {
        let of = |score: &str, value: f64| Record {
            loss: Some("SoftMax".to_owned()),
            score: score.to_owned(),
            ..record(1, "svhn", "auroc", value)
        };
        let found = tables(&[of("odin", 0.92), of("odin_t", 0.5)], &[]).unwrap();
        let row = found[2].rows.iter().find(|row| row[..3] == ["DenseNet100", "CIFAR10", "SVHN"]).unwrap();
        assert_eq!(row[3..5], ["92.1 ± 0.2 | ours 92.0 (1 seed)", "97.2 ± 0.3 | ours –"]);
        let why = "score mahalanobis_perturbed was not measured, which a dump of `extract --perturb mahalanobis` has";
        assert!(found[2].notes.iter().any(|note| note.ends_with(why)), "{:?}", found[2].notes);
        let found = tables(&[of("mahalanobis_perturbed", 0.97), of("mahalanobis", 0.5)], &[]).unwrap();
        assert_eq!(found[2].rows[0][4], "97.2 ± 0.3 | ours 97.0 (1 seed)");
    }

    #[test]
    fn other_images_do_not_fill_a_cell_and_resized_ones_come_first() {
        let cell = |sets: &[(&str, f64)], place: usize| {
            let records: Vec<Record> = sets.iter().map(|(ood, value)| record(1, ood, "tnr_at_tpr95", *value)).collect();
            let row = ["TinyImageNet", "LSUN"][place];
            let found = tables(&records, &[]).unwrap();
            found[1].rows.iter().find(|own| own[..3] == ["DenseNet100", "CIFAR10", row]).unwrap()[5].clone()
        };
        assert!(cell(&[("tin", 0.8)], 0).ends_with("ours –"));
        assert!(cell(&[("tiny-imagenet", 0.8)], 0).ends_with("ours –"));
        assert!(cell(&[("imagenet-resize", 0.8)], 0).ends_with("ours 80.0 (1 seed)"));
        assert!(cell(&[("lsun", 0.7), ("lsun-resize", 0.8)], 1).ends_with("ours 80.0 (1 seed)"));
    }

    #[test]
    fn the_trainers_outlier_exposure_is_that_of_table_5() {
        let sets = ["svhn", "imagenet-resize", "lsun-resize"];
        let records: Vec<Record> = sets
            .map(|ood| Record {
                loss: Some("outlier-exposure".to_owned()),
                score: "es".to_owned(),
                ..record(1, ood, "auroc", 0.9)
            })
            .into();
        let found = tables(&records, &[]).unwrap();
        assert!(found[3].rows.iter().flatten().any(|cell| cell.ends_with("ours 90.0 (1 seed)")), "{:?}", found[3].rows);
    }
}
