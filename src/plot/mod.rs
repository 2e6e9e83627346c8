//! Plots, as the bytes of a PNG or SVG file. Numbers and names in, bytes out: nothing here reads a dump or computes a score.
//!
//! | plot | module |
//! |---|---|
//! | histograms of ID and OOD scores, one panel per OOD set | [`histogram`] |
//! | the paper's Fig. 1: bands of such panels under each other | [`fig1`] |
//! | ROC curves | [`roc`] |
//! | precision–recall curves, either class positive | [`pr`] |
//! | detection error trade-off on normal deviates | [`det`] |
//! | risk–coverage curves of ID rows | [`risk_coverage`] |
//! | reliability of confidences | [`reliability`] |
//! | lines over a common x | [`mod@line`] |
//! | costs of scores on a logarithmic axis | [`latency`] |
//! | mean ranks of scores over many sets, joined where they cannot be told apart | [`critical_difference`] |
//!
//! Both formats come from one layout in dots of 1/300 inch, and text is measured with the embedded font, so a plot looks the same in either and
//! on every machine.

mod axes;
mod axis;
mod band;
mod bins;
mod canvas;
pub mod critical_difference;
pub mod det;
pub mod fig1;
pub mod histogram;
mod joined;
pub mod latency;
mod legend;
pub mod line;
mod panel;
pub mod pr;
mod raster;
pub mod reliability;
pub mod risk_coverage;
pub mod roc;
mod square;
mod style;
mod text;
mod thin;
mod unit;

pub use joined::joined;

use crate::metric::{Sample, SampleError};

/// How a plot is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Pixels, 300 per inch.
    Png,
    /// Vectors; text stays text.
    Svg,
}

impl Format {
    /// The ending of its file names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

/// A plot that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum PlotError {
    /// There is nothing in it.
    #[error("{plot}: found no {part}, expected at least one")]
    Nothing {
        plot: String,
        /// What it has none of.
        part: &'static str,
    },
    /// Scores that have no histogram and no ROC curve.
    #[error("{part}, {sample} scores: {reason}")]
    Sample {
        /// Title of the panel, or name of the curve.
        part: String,
        sample: &'static str,
        /// What is wrong with them.
        reason: SampleError,
    },
    /// A failure of the drawing library, or a plot too large for it.
    #[error("the plot cannot be drawn ({reason})")]
    Drawing { reason: String },
    /// A failure of the PNG encoder.
    #[error("the plot cannot be encoded as PNG ({0})")]
    Png(#[from] png::EncodingError),
}

impl PlotError {
    fn drawing(reason: impl ToString) -> Self {
        Self::Drawing { reason: reason.to_string() }
    }
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>> for PlotError {
    fn from(reason: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self::drawing(reason)
    }
}

/// The ID and the OOD scores of one panel or curve, sorted.
fn samples(part: &str, id: &[f64], ood: &[f64]) -> Result<(Sample, Sample), PlotError> {
    let sorted = |scores: &[f64], sample| {
        Sample::new(scores.to_vec()).map_err(|reason| PlotError::Sample { part: part.to_owned(), sample, reason })
    };
    Ok((sorted(id, "in-distribution")?, sorted(ood, "out-of-distribution")?))
}

#[cfg(test)]
mod tests {
    use super::fig1::Band;
    use super::histogram::{Histogram, Panel};
    use super::line::{LinePlot, Series};
    use super::roc::{Curve, Roc};
    use super::*;

    fn panel(title: &str, id: Vec<f64>, ood: Vec<f64>) -> Panel {
        Panel { title: title.to_owned(), id_name: "CIFAR10".to_owned(), ood_name: title.to_owned(), id, ood }
    }

    fn spread(n: u32, shift: f64) -> Vec<f64> {
        (0..n).map(|i| f64::from(i * 37 % n) / f64::from(n) + shift).collect()
    }

    /// Samples that scores do come as, and some that no score should.
    fn odd_panels() -> Vec<Panel> {
        vec![
            panel("one score", vec![1.0], vec![1.0]),
            panel("constant", vec![-3.0; 40], vec![-3.0; 2]),
            panel("outliers", [spread(500, 0.0), vec![1e12, -1e300]].concat(), spread(30, 0.5)),
            panel("huge", vec![f64::MAX, f64::MIN], vec![0.0]),
            panel("tiny", vec![5e-324, 0.0], vec![1e-310]),
            panel("narrow", vec![1e15, 1e15 + 1.0], vec![1e15 + 0.5]),
            panel("far", vec![1e9, 1e9 + 1.0, 1e9 + 2.0], vec![1e9 + 1.5]),
            panel(
                "a name that is far too long for one line and_has_a_word_that_is_far_too_long_for_one_line",
                spread(9, 0.0),
                spread(5, 1.0),
            ),
        ]
    }

    fn size_of_png(bytes: &[u8]) -> (u32, u32) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert!(pixels.iter().any(|&channel| channel < 100), "nothing is drawn");
        (info.width, info.height)
    }

    #[test]
    fn fig1_has_one_layout_in_both_formats_for_any_number_of_sets() {
        for count in 1..=8 {
            let bands = ["entropy", "minimum distance"].map(|quantity| Band {
                caption: format!("(a) IsoMax: {quantity}"),
                title: "IN-DISTRIBUTION=CIFAR10 | MODEL=DenseNet100 | LOSS=IsoMax <&>".to_owned(),
                quantity: quantity.to_owned(),
                panels: odd_panels().into_iter().take(count).collect(),
            });
            let svg = String::from_utf8(fig1::render(&bands, Format::Svg).unwrap()).unwrap();
            for text in [
                "LOSS=IsoMax &lt;&amp;&gt;",
                "(a) IsoMax: minimum distance",
                "one score",
                "in-distribution: CIFAR10",
                "Quantity",
            ] {
                assert!(svg.contains(text), "{text}");
            }
            assert_eq!(svg.matches("Quantity").count(), 2 * count.div_ceil(4));
            // Drawing pixels is slow without optimisation.
            if count != 3 {
                continue;
            }
            let (width, height) = size_of_png(&fig1::render(&bands, Format::Png).unwrap());
            assert!(svg.contains(&format!("viewBox=\"0 0 {width} {height}\"")), "{width} x {height}");
            assert!(svg.starts_with(&format!("<svg width=\"{}pt\"", f64::from(width) * 0.24)), "{}", &svg[..60]);
            // At most 7 inches wide.
            assert!(width <= 2100, "{width}");
        }
    }

    #[test]
    fn scores_beyond_the_axis_are_noted() {
        let svg = |panel| {
            let plot = Histogram { title: String::new(), quantity: "score".to_owned(), panels: vec![panel] };
            String::from_utf8(plot.render(Format::Svg).unwrap()).unwrap()
        };
        let outliers = svg(panel("SVHN", [spread(500, 0.0), vec![1e6, 2e6]].concat(), spread(50, 0.0)));
        assert!(outliers.contains("\n2 →\n"), "no note");
        assert!(outliers.contains("scores beyond the axis"));
        assert!(!svg(panel("SVHN", spread(500, 0.0), spread(50, 0.0))).contains("→"));
    }

    #[test]
    fn roc_and_line_plots_draw_odd_samples() {
        let curves = odd_panels().into_iter().map(|panel| Curve { name: panel.title, id: panel.id, ood: panel.ood });
        let roc = Roc { title: "ROC".to_owned(), curves: curves.collect() };
        size_of_png(&roc.render(Format::Png).unwrap());
        let svg = String::from_utf8(roc.render(Format::Svg).unwrap()).unwrap();
        assert!(svg.contains("constant: 100.0 %"));

        let points = |values: &[f64]| values.iter().enumerate().map(|(i, &v)| (i as f64, v)).collect();
        for values in [&[1.0][..], &[f64::NAN, 2.0, f64::INFINITY, 3.0, 4.0], &[f64::MAX, f64::MIN], &[5.0; 3]] {
            let series = vec![Series { name: "train".to_owned(), points: points(values) }];
            let plot = LinePlot { title: String::new(), x: "epoch".to_owned(), y: "loss".to_owned(), series };
            assert!(String::from_utf8(plot.render(Format::Svg).unwrap()).unwrap().contains("epoch"));
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let histogram =
            |panels| Histogram { title: "LOSS=IsoMax".to_owned(), quantity: String::new(), panels }.render(Format::Svg);
        assert_eq!(histogram(vec![]).unwrap_err().to_string(), "LOSS=IsoMax: found no panel, expected at least one");
        assert_eq!(
            histogram(vec![panel("SVHN", vec![1.0, f64::NAN], vec![1.0])]).unwrap_err().to_string(),
            "SVHN, in-distribution scores: found a NaN or infinite score at row 1, expected finite scores"
        );
        assert_eq!(
            histogram(vec![panel("SVHN", vec![1.0], vec![])]).unwrap_err().to_string(),
            "SVHN, out-of-distribution scores: found no scores, expected at least one"
        );
        assert!(fig1::render(&[], Format::Png).is_err());
        let roc = Roc { title: "ROC".to_owned(), curves: vec![] };
        assert_eq!(roc.render(Format::Png).unwrap_err().to_string(), "ROC: found no curve, expected at least one");
        let series = vec![Series { name: "train".to_owned(), points: vec![(1.0, f64::NAN)] }];
        let line = LinePlot { title: "loss".to_owned(), x: String::new(), y: String::new(), series };
        assert_eq!(
            line.render(Format::Svg).unwrap_err().to_string(),
            "loss: found no finite point, expected at least one"
        );
    }
}
