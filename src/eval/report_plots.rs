//! The plots of a report, from the scores of every row of a run.

use super::kept::{KeptRun, KeptSplit};
use crate::metric::precision_recall::Positive;
use crate::plot::det::Det;
use crate::plot::histogram::{Histogram, Panel};
use crate::plot::pr::PrecisionRecall;
use crate::plot::reliability::{Calibration, Reliability};
use crate::plot::risk_coverage::{RiskCoverage, RiskCurve};
use crate::plot::roc::{Curve, Roc};
use crate::plot::{Format, PlotError, joined};
use crate::report::full::{Drawn, RunPlots};
use crate::rows::Role;
use crate::table::record::set_name;

/// The score whose values are probabilities of the predicted class.
const CONFIDENCE: &str = "mps";

/// Histograms of the first of `drawn`, ROC, precision–recall and DET curves of all of them on every OOD set, and, where it is known which ID rows are
/// classified rightly, risk–coverage curves and the reliability of the probabilities.
///
/// `columns` names the scores that were kept; those of `drawn` that the run does not have are left out. With them comes which plots there are not and why,
/// one line each.
///
/// # Errors
/// [`PlotError`] if a plot cannot be drawn.
pub fn of_run(kept: &KeptRun, columns: &[&str], drawn: &[&str]) -> Result<(RunPlots, Vec<String>), PlotError> {
    let work = Work { kept, columns, drawn };
    let mut plots = Vec::new();
    plots.extend(work.histograms()?);
    for split in &kept.ood {
        plots.extend(work.curves(split)?);
    }
    plots.extend(work.risk_coverage()?);
    plots.extend(work.reliability()?);
    Ok((RunPlots { run: kept.run.clone(), plots }, work.left_out()))
}

struct Work<'a> {
    kept: &'a KeptRun,
    columns: &'a [&'a str],
    drawn: &'a [&'a str],
}

fn name(split: &KeptSplit) -> String {
    match &split.role {
        Role::Ood { group, name } => set_name(group.as_deref(), name),
        other => other.to_string(),
    }
}

fn drawn(svg: Vec<u8>, caption: String) -> Drawn {
    Drawn { svg: joined(&String::from_utf8_lossy(&svg)), caption, is_wide: false }
}

impl Work<'_> {
    /// The finite scores of a split.
    fn values<'s>(&self, split: &'s KeptSplit, score: &str) -> Option<&'s Vec<f64>> {
        let column = self.columns.iter().position(|own| *own == score)?;
        split.scores.get(column)?.as_ref().filter(|values| crate::metric::sample::finite(values).is_ok())
    }

    fn histograms(&self) -> Result<Option<Drawn>, PlotError> {
        let Some(score) = self.drawn.iter().find(|score| self.values(&self.kept.test, score).is_some()) else {
            return Ok(None);
        };
        let panel = |split: &KeptSplit| {
            Some(Panel {
                title: name(split),
                id_name: "id/test".to_owned(),
                ood_name: name(split),
                id: self.values(&self.kept.test, score)?.clone(),
                ood: self.values(split, score)?.clone(),
            })
        };
        let panels: Vec<Panel> = self.kept.ood.iter().filter_map(panel).collect();
        if panels.is_empty() {
            return Ok(None);
        }
        let plot = Histogram { title: String::new(), quantity: (*score).to_owned(), panels };
        let caption = format!("Histograms of {score}: the less the colours overlap, the better it tells ID from OOD.");
        Ok(Some(Drawn { is_wide: true, ..drawn(plot.render(Format::Svg)?, caption) }))
    }

    fn curves(&self, split: &KeptSplit) -> Result<Vec<Drawn>, PlotError> {
        let curve = |score: &&str| {
            let (id, ood) = (self.values(&self.kept.test, score)?.clone(), self.values(split, score)?.clone());
            Some(Curve { name: (*score).to_owned(), id, ood })
        };
        let curves: Vec<Curve> = self.drawn.iter().filter_map(curve).collect();
        if curves.is_empty() {
            return Ok(Vec::new());
        }
        let set = name(split);
        let title = |kind: &str| format!("{kind}, {set}");
        let roc = Roc { title: title("ROC"), curves: curves.clone() }.render(Format::Svg)?;
        let pr = |positive, kind: &str| {
            PrecisionRecall { title: title(kind), positive, curves: curves.clone() }.render(Format::Svg)
        };
        let (pr_in, pr_out) =
            (pr(Positive::In, "Precision–recall, ID positive")?, pr(Positive::Out, "Precision–recall, OOD positive")?);
        let det = Det { title: title("DET"), curves }.render(Format::Svg)?;
        Ok(vec![
            drawn(roc, format!("ROC on {set}, ID positive.")),
            drawn(pr_in, format!("Precision–recall on {set}, ID positive.")),
            drawn(pr_out, format!("Precision–recall on {set}, OOD positive.")),
            drawn(det, format!("Detection error trade-off on {set}.")),
        ])
    }

    fn left_out(&self) -> Vec<String> {
        let run = &self.kept.run;
        match (&self.kept.test.right, self.values(&self.kept.test, CONFIDENCE)) {
            (None, _) => vec![format!(
                "Risk–coverage and reliability of {run}: which rows are classified rightly is not known without logits and labels of id/test."
            )],
            (_, None) => vec![format!("Reliability of {run}: it needs the score {CONFIDENCE}; add it to --score.")],
            _ => Vec::new(),
        }
    }

    fn risk_coverage(&self) -> Result<Option<Drawn>, PlotError> {
        let Some(right) = &self.kept.test.right else { return Ok(None) };
        let curve = |score: &&str| {
            let scores = self.values(&self.kept.test, score)?.clone();
            Some(RiskCurve { name: (*score).to_owned(), scores, right: right.clone() })
        };
        let curves: Vec<RiskCurve> = self.drawn.iter().filter_map(curve).collect();
        if curves.is_empty() {
            return Ok(None);
        }
        let plot = RiskCoverage { title: "Risk–coverage, id/test".to_owned(), curves };
        Ok(Some(drawn(plot.render(Format::Svg)?, "Errors among the ID rows that are accepted first.".to_owned())))
    }

    fn reliability(&self) -> Result<Option<Drawn>, PlotError> {
        let (Some(right), Some(confidence)) = (&self.kept.test.right, self.values(&self.kept.test, CONFIDENCE)) else {
            return Ok(None);
        };
        let curve = Calibration { name: CONFIDENCE.to_owned(), confidence: confidence.clone(), right: right.clone() };
        let plot = Reliability { title: "Reliability, id/test".to_owned(), curves: vec![curve] };
        let caption = "Whether probabilities of predicted classes come true: below the dotted line they are too high.";
        Ok(Some(drawn(plot.render(Format::Svg)?, caption.to_owned())))
    }
}
