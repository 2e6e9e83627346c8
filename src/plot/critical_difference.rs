//! The diagram of critical differences: mean ranks on an axis, and bars that join scores which cannot be told apart.
//!
//! The best score is at the left end of the axis and on top of the left column of names; the worst on top of the right one.
//!
//! Source: J. Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7 (2006), Figure 1.
//!
//! # Example
//!
//! ```
//! use oodbench::plot::{Format, critical_difference::CriticalDifferences};
//! let plot = CriticalDifferences {
//!     title: "Four scores on 14 sets".to_owned(),
//!     scores: [("mds", 1.96), ("energy", 2.0), ("es", 2.89), ("mps", 3.14)].map(|(name, rank)| (name.to_owned(), rank)).into(),
//!     critical_difference: 1.25,
//!     groups: vec![0..4],
//! };
//! let svg = String::from_utf8(plot.render(Format::Svg).unwrap()).unwrap();
//! assert!(svg.contains("critical difference 1.25") && svg.contains("mds"));
//! ```

use std::ops::Range;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::PathElement;
use plotters::prelude::{Color, DrawingBackend, RGBColor};
use plotters::style::text_anchor::HPos;

use super::canvas::{self, Drawing};
use super::style::{
    GAP, ID, INK, LABEL, MARGIN, PAGE_WIDTH, REFERENCE, SMALL_GAP, THICK, THIN, TICK, TICK_LABEL_GAP, TICK_LENGTH,
    TITLE,
};
use super::unit::dots;
use super::{Format, PlotError};

const ROW_HEIGHT: i32 = dots(11.0);
/// From one bar of a group to the next below.
const BAR_STEP: i32 = dots(5.0);
/// How far a bar stands out beyond its first and last score.
const OVERHANG: i32 = dots(2.0);
/// Least width of the axis, whatever the width of the names.
const LEAST_AXIS: i32 = dots(160.0);

/// Mean ranks of scores.
#[derive(Clone, Debug)]
pub struct CriticalDifferences {
    /// Stands above all; may be empty.
    pub title: String,
    /// Names and mean ranks, in ascending order of these.
    pub scores: Vec<(String, f64)>,
    /// How far apart mean ranks have to be to differ.
    pub critical_difference: f64,
    /// Scores of which no two differ, by their places.
    pub groups: Vec<Range<usize>>,
}

impl CriticalDifferences {
    /// The plot as a file.
    ///
    /// # Errors
    /// [`PlotError`] for fewer than two scores, for ranks or a critical difference that are not finite, and for failures of drawing.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        let mut numbers = self.scores.iter().map(|(_, rank)| rank).chain([&self.critical_difference]);
        if self.scores.len() < 2 || !numbers.all(|number| number.is_finite()) {
            return Err(PlotError::Nothing { plot: self.title.clone(), part: "pair of ranked scores" });
        }
        canvas::encode(&Measured::new(self)?, format)
    }
}

#[derive(Debug)]
struct Measured<'a> {
    plot: &'a CriticalDifferences,
    title: Vec<String>,
    /// Names with their ranks.
    names: Vec<String>,
    /// The axis: its left end, its height, its width.
    axis: (i32, i32, i32),
    /// The bars of the groups: level and places.
    bars: Vec<(usize, Range<usize>)>,
    /// Middle of the first row of names.
    first_row: i32,
    /// Ranks with a label are this far apart.
    tick_step: usize,
    caption: String,
    size: (i32, i32),
}

/// Each group on the first level on which it touches none before.
fn levels(groups: &[Range<usize>]) -> Vec<(usize, Range<usize>)> {
    let mut ends: Vec<usize> = Vec::new();
    let place = |group: &Range<usize>| {
        let level = ends.iter().position(|&end| end <= group.start).unwrap_or(ends.len());
        if level == ends.len() {
            ends.push(0);
        }
        ends[level] = group.end;
        (level, group.clone())
    };
    groups.iter().map(place).collect()
}

impl<'a> Measured<'a> {
    fn new(plot: &'a CriticalDifferences) -> Result<Self, PlotError> {
        let count = plot.scores.len();
        let widest_name = (PAGE_WIDTH - 2 * MARGIN - LEAST_AXIS) / 2 - GAP;
        let shown = |(name, rank): &(String, f64)| -> Result<String, PlotError> {
            let rank = format!("  {rank:.2}");
            let mut lines = LABEL.wrap(name, widest_name - LABEL.width(&rank)?)?;
            if lines.len() > 1 {
                lines = LABEL.wrap(name, widest_name - LABEL.width(&format!("…{rank}"))?)?;
                lines.truncate(1);
                lines.iter_mut().for_each(|line| line.push('…'));
            }
            Ok(lines.concat() + &rank)
        };
        let names = plot.scores.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
        let label = names.iter().try_fold(0, |widest, name| Ok::<_, PlotError>(LABEL.width(name)?.max(widest)))?;
        let left = MARGIN + label + GAP;
        let width = PAGE_WIDTH - 2 * left;

        let widest_tick = TICK.width(&count.to_string())? + TICK_LABEL_GAP;
        let between = width / (count as i32 - 1).max(1);
        let tick_step = [1, 2, 5, 10, 20, 50, 100, 1000].into_iter().find(|step| step * between >= widest_tick);

        let title = TITLE.wrap(&plot.title, PAGE_WIDTH - 2 * MARGIN)?;
        let above = MARGIN + TITLE.height(&title) + SMALL_GAP;
        // The bar of the critical difference with its caption, then the numbers of the axis.
        let axis = above + LABEL.line_height() + 2 * SMALL_GAP + TICK.line_height() + 2 * TICK_LENGTH;
        let bars = levels(&plot.groups);
        let most = bars.iter().map(|(level, _)| level + 1).max().unwrap_or(0) as i32;
        let first_row = axis + GAP + most * BAR_STEP + ROW_HEIGHT / 2;
        let rows = count.div_ceil(2) as i32;
        Ok(Self {
            plot,
            title,
            names,
            axis: (left, axis, width),
            bars,
            first_row,
            tick_step: tick_step.unwrap_or(10_000) as usize,
            caption: format!("critical difference {:.2}", plot.critical_difference),
            size: (PAGE_WIDTH, first_row + rows * ROW_HEIGHT + MARGIN),
        })
    }

    /// Where a mean rank is on the axis.
    fn x(&self, rank: f64) -> i32 {
        let (left, _, width) = self.axis;
        let last = self.plot.scores.len() as f64;
        left + ((rank - 1.0) / (last - 1.0) * f64::from(width)).round() as i32
    }

    fn line<DB: DrawingBackend>(
        area: &DrawingArea<DB, Shift>,
        points: &[(i32, i32)],
        colour: RGBColor,
        width: u32,
    ) -> Result<(), PlotError> {
        Ok(area.draw(&PathElement::new(points.to_vec(), colour.stroke_width(width)))?)
    }

    fn draw_axis<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let (left, y, width) = self.axis;
        Self::line(area, &[(left, y), (left + width, y)], INK, THIN)?;
        for rank in 1..=self.plot.scores.len() {
            let x = self.x(rank as f64);
            let is_labelled = rank == 1 || rank % self.tick_step == 0;
            let length = if is_labelled { 2 * TICK_LENGTH } else { TICK_LENGTH };
            Self::line(area, &[(x, y), (x, y - length)], INK, THIN)?;
            // 1 and the next multiple may be neighbours.
            if is_labelled && !(rank == self.tick_step && rank == 2) {
                let top = y - 2 * TICK_LENGTH - TICK.line_height();
                TICK.draw(area, &[rank.to_string()], (x, top), HPos::Center, INK)?;
            }
        }
        // The bar is no longer than the axis: beyond it nothing can differ.
        let bar = y - 2 * TICK_LENGTH - TICK.line_height() - SMALL_GAP;
        let end = self.x(1.0 + self.plot.critical_difference).min(left + width);
        Self::line(area, &[(left, bar), (end, bar)], INK, THICK)?;
        for x in [left, end] {
            Self::line(area, &[(x, bar - TICK_LENGTH), (x, bar + TICK_LENGTH)], INK, THIN)?;
        }
        let top = bar - SMALL_GAP / 2 - LABEL.line_height();
        LABEL.draw(area, std::slice::from_ref(&self.caption), (left, top), HPos::Left, INK)
    }
}

impl Drawing for Measured<'_> {
    fn size(&self) -> (i32, i32) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        TITLE.draw(area, &self.title, (self.size.0 / 2, MARGIN), HPos::Center, INK)?;
        self.draw_axis(area)?;
        let (left, axis, width) = self.axis;
        let count = self.plot.scores.len();
        let half = count.div_ceil(2);
        for (place, ((_, rank), name)) in self.plot.scores.iter().zip(&self.names).enumerate() {
            let row = if place < half { place } else { count - 1 - place };
            let (x, y) = (self.x(*rank), self.first_row + row as i32 * ROW_HEIGHT);
            let (end, at, side) = match place < half {
                true => (left - SMALL_GAP, left - 2 * SMALL_GAP, HPos::Right),
                false => (left + width + SMALL_GAP, left + width + 2 * SMALL_GAP, HPos::Left),
            };
            Self::line(area, &[(x, axis), (x, y), (end, y)], REFERENCE, THIN)?;
            LABEL.draw(area, std::slice::from_ref(name), (at, y - LABEL.line_height() / 2), side, INK)?;
        }
        for (level, group) in &self.bars {
            let (first, last) = (self.plot.scores[group.start].1, self.plot.scores[group.end - 1].1);
            let y = axis + GAP / 2 + *level as i32 * BAR_STEP;
            Self::line(area, &[(self.x(first) - OVERHANG, y), (self.x(last) + OVERHANG, y)], ID, 2 * THICK)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(count: usize) -> CriticalDifferences {
        let rank = |i: usize| (format!("score_{i}"), 1.0 + (count as f64 - 1.0) * (i as f64 + 0.5) / count as f64);
        CriticalDifferences {
            title: "ranks <&>".to_owned(),
            scores: (0..count).map(rank).collect(),
            critical_difference: 3.0,
            groups: (0..count.saturating_sub(3)).map(|first| first..first + 3).collect(),
        }
    }

    #[test]
    fn any_number_of_scores_fits() {
        for count in [2, 3, 7, 44, 120] {
            let svg = String::from_utf8(plot(count).render(Format::Svg).unwrap()).unwrap();
            assert!((0..count).all(|i| svg.contains(&format!("score_{i} "))), "{count}");
            assert!(svg.contains("ranks &lt;&amp;&gt;"));
        }
        assert!(plot(44).render(Format::Png).unwrap().starts_with(b"\x89PNG"));
        assert_eq!(
            plot(1).render(Format::Svg).unwrap_err().to_string(),
            "ranks <&>: found no pair of ranked scores, expected at least one"
        );
    }

    #[test]
    fn bars_that_overlap_stand_below_each_other() {
        assert_eq!(levels(&[0..3, 1..4, 3..5, 4..6]), [(0, 0..3), (1, 1..4), (0, 3..5), (1, 4..6)]);
    }

    #[test]
    fn a_long_name_is_cut_to_its_column() {
        let mut long = plot(4);
        long.scores[0].0 = "a_name_without_any_space_that_is_far_too_long_for_a_column_of_names".to_owned();
        let svg = String::from_utf8(long.render(Format::Svg).unwrap()).unwrap();
        assert!(svg.contains('…') && !svg.contains("column_of_names"));
    }
}
