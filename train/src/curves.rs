//! Losses and accuracies per epoch, as plots.

use super::history::EpochRecord;
use oodbench::plot::line::{LinePlot, Series};

/// Mean training losses per epoch of some runs, and validation losses where images were held out.
///
/// IsoMax and IsoMax+ count their loss with the entropic scale, SoftMax without: only lines of one loss compare.
#[must_use]
pub fn losses(title: &str, runs: &[(&str, &[EpochRecord])]) -> LinePlot {
    plot(title, "loss", runs, |record| (record.train_loss, record.validation_loss))
}

/// Training accuracies per epoch of some runs in percent (on the augmented images, as the epoch goes), and validation
/// accuracies where images were held out.
#[must_use]
pub fn accuracies(title: &str, runs: &[(&str, &[EpochRecord])]) -> LinePlot {
    plot(title, "accuracy (%)", runs, |record| {
        (record.train_accuracy * 100.0, record.validation_accuracy.map(|accuracy| accuracy * 100.0))
    })
}

fn plot(
    title: &str,
    y: &str,
    runs: &[(&str, &[EpochRecord])],
    values: impl Fn(&EpochRecord) -> (f64, Option<f64>),
) -> LinePlot {
    let mut series = Vec::new();
    for (name, history) in runs {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}, ") };
        let line = |value: &dyn Fn(&EpochRecord) -> Option<f64>| -> Vec<(f64, f64)> {
            history.iter().filter_map(|record| Some((record.epoch as f64, value(record)?))).collect()
        };
        series.push(Series { name: format!("{prefix}training"), points: line(&|record| Some(values(record).0)) });
        let validation = line(&|record| values(record).1);
        if !validation.is_empty() {
            series.push(Series { name: format!("{prefix}validation"), points: validation });
        }
    }
    LinePlot { title: title.to_owned(), x: "epoch".to_owned(), y: y.to_owned(), series }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_has_a_line_only_where_images_were_held_out() {
        let record = |epoch, validation_accuracy| EpochRecord {
            epoch,
            rate: 0.1,
            train_loss: 2.0,
            train_accuracy: 0.25,
            validation_loss: None,
            validation_accuracy,
            seconds: 1.0,
            images_per_second: 1.0,
        };
        let without = [record(1, None), record(2, None)];
        let with = [record(1, Some(0.5))];
        let plot = accuracies("t", &[("a", &without), ("b", &with)]);
        let lines: Vec<_> = plot.series.iter().map(|line| (line.name.as_str(), line.points.clone())).collect();
        assert_eq!(
            lines,
            [
                ("a, training", vec![(1.0, 25.0), (2.0, 25.0)]),
                ("b, training", vec![(1.0, 25.0)]),
                ("b, validation", vec![(1.0, 50.0)])
            ]
        );
        assert_eq!(losses("t", &[("", &with)]).series.len(), 1);
    }
}
