#![doc = include_str!("mds.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score, fill};
use crate::dump::{Dump, Loss};
use crate::numeric::top::top;
use crate::rows::{Head, RowBlock, Rows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mds",
    title: "Minimum distance",
    aliases: &["minimum_distance"],
    reference: "Macêdo & Ludermir, Enhanced Isotropy Maximization Loss (IsoMax+), arXiv:2105.14399",
    page: include_str!("mds.md"),
    parameters: &[
        Parameter {
            name: "source",
            default: "logits",
            help: "logits, or features (and the prototypes in head/)",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "distance_scale",
            default: "with",
            help: "with or without the factor |d_s|; needs source=features",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution,
    assumes: &[],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Logits,
    Features,
}

#[derive(Clone, Copy)]
struct MinimumDistance {
    source: Source,
    with_scale: bool,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let source = settings.choice("source", &[("logits", Source::Logits), ("features", Source::Features)])?;
    let with_scale = settings.choice("distance_scale", &[("with", true), ("without", false)])?;
    if source == Source::Logits && !with_scale {
        // The scale is inside the logits; only features and prototypes tell it.
        return Err(SettingError::Value {
            score: ENTRY.id,
            name: "distance_scale",
            value: "without".to_owned(),
            expected: "mds.source=features beside it".to_owned(),
        });
    }
    Ok(Box::new(MinimumDistance { source, with_scale }))
}

fn caution(dump: &Dump) -> Option<String> {
    let linear = matches!(dump.head, Some(Head::Linear { .. })) || dump.info.loss == Some(Loss::Softmax);
    let unnormalised = matches!(dump.head, Some(Head::Prototypes { .. })) || dump.info.loss == Some(Loss::Isomax);
    if linear {
        Some(
            "mds on the logits of a linear head is the maximum logit, no distance: it is a score of IsoMax+ networks"
                .to_owned(),
        )
    } else if unnormalised {
        Some(
            "mds on IsoMax without isometrisation fails (paper, Table 6): it is a score of IsoMax+ networks; use es"
                .to_owned(),
        )
    } else {
        no_caution(dump)
    }
}

impl RowScore for MinimumDistance {
    fn needs(&self) -> &'static [Need] {
        match self.source {
            Source::Logits => &[Need::Logits],
            Source::Features => &[Need::Features, Need::Prototypes],
        }
    }

    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        match self.source {
            Source::Logits => fill(out, block.tops(), |top| top.value),
            Source::Features => {
                let scale = match block.head() {
                    Head::NormalisedPrototypes { distance_scale, .. } if !self.with_scale => *distance_scale,
                    _ => 1.0,
                };
                if let Rows::F64(logits) = block.head_logits() {
                    for (out, row) in out.iter_mut().zip(logits.view().rows()) {
                        *out = row.as_slice().map_or(f64::NAN, |row| top(row).value) / scale;
                    }
                }
            }
        }
    }
}
