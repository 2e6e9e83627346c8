//! The legend below a plot: entries in rows, as many in each as fit.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, DashedPathElement, PathElement, Rectangle};
use plotters::prelude::{Color, DrawingBackend, RGBColor, WHITE};
use plotters::style::text_anchor::HPos;

use super::PlotError;
use super::style::{CurveStyle, FILL_OPACITY, GAP, INK, LABEL, SMALL_GAP, THICK, THIN};
use super::unit::dots;

const KEY_WIDTH: i32 = dots(16.0);
const SWATCH_HEIGHT: i32 = dots(6.0);
const MARK_RADIUS: i32 = dots(2.2);
const RING_HOLE: i32 = dots(1.3);

/// What stands before the name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// The filled bins of a sample.
    Area(RGBColor),
    /// A curve.
    Curve(CurveStyle),
    /// A marked point, in any colour.
    Mark,
    /// A point.
    Dot(RGBColor),
    /// A hollow point.
    Ring(RGBColor),
    /// Nothing: the text explains itself.
    None,
}

impl Key {
    /// From the left edge to the text, in dots.
    fn width(self) -> i32 {
        match self {
            Self::Area(_) | Self::Curve(_) | Self::Mark => KEY_WIDTH + SMALL_GAP,
            Self::Dot(_) | Self::Ring(_) => 2 * MARK_RADIUS + SMALL_GAP,
            Self::None => 0,
        }
    }
}

#[derive(Debug)]
struct Entry {
    key: Key,
    lines: Vec<String>,
    width: i32,
}

/// Entries with their places.
#[derive(Debug)]
pub(super) struct Legend {
    rows: Vec<Vec<Entry>>,
}

impl Legend {
    /// Fills rows of `width` dots; a name that is wider than that is broken into lines.
    pub(super) fn new(entries: impl IntoIterator<Item = (Key, String)>, width: i32) -> Result<Self, PlotError> {
        let mut rows: Vec<Vec<Entry>> = Vec::new();
        for (key, name) in entries {
            let lines = LABEL.wrap(&name, width - key.width())?;
            let text = lines.iter().try_fold(0, |widest, line| Ok::<_, PlotError>(LABEL.width(line)?.max(widest)))?;
            let entry = Entry { key, lines, width: key.width() + text };
            match rows.last_mut() {
                Some(row) if row_width(row) + GAP + entry.width <= width => row.push(entry),
                _ => rows.push(vec![entry]),
            }
        }
        Ok(Self { rows })
    }

    /// Height in dots.
    pub(super) fn height(&self) -> i32 {
        self.rows.iter().map(|row| row_height(row)).sum()
    }

    /// Draws the rows downwards from `top`, aligned on the left, the widest centred on `x`.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        (x, mut top): (i32, i32),
    ) -> Result<(), PlotError> {
        let widest = self.rows.iter().map(|row| row_width(row)).max().unwrap_or(0);
        for row in &self.rows {
            let mut left = x - widest / 2;
            for entry in row {
                draw_key(area, entry.key, (left, top + LABEL.line_height() / 2))?;
                LABEL.draw(area, &entry.lines, (left + entry.key.width(), top), HPos::Left, INK)?;
                left += entry.width + GAP;
            }
            top += row_height(row);
        }
        Ok(())
    }
}

fn row_width(row: &[Entry]) -> i32 {
    row.iter().map(|entry| entry.width + GAP).sum::<i32>() - GAP
}

fn row_height(row: &[Entry]) -> i32 {
    row.iter().map(|entry| LABEL.height(&entry.lines)).max().unwrap_or(0)
}

/// Draws a key from `left` on, in the middle of the line at `y`.
fn draw_key<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    key: Key,
    (left, y): (i32, i32),
) -> Result<(), PlotError> {
    match key {
        Key::Area(colour) => {
            let corners = [(left, y - SWATCH_HEIGHT / 2), (left + KEY_WIDTH, y + SWATCH_HEIGHT / 2)];
            area.draw(&Rectangle::new(corners, colour.mix(FILL_OPACITY).filled()))?;
            area.draw(&Rectangle::new(corners, colour.stroke_width(THIN)))?;
        }
        Key::Curve(CurveStyle { colour, dash }) => {
            let ends = vec![(left, y), (left + KEY_WIDTH, y)];
            let style = colour.stroke_width(THICK);
            match dash {
                None => area.draw(&PathElement::new(ends, style))?,
                Some((dash, gap)) => area.draw(&DashedPathElement::new(ends, dash, gap, style))?,
            }
        }
        Key::None => {}
        Key::Dot(colour) => area.draw(&Circle::new((left + MARK_RADIUS, y), MARK_RADIUS, colour.filled()))?,
        Key::Ring(colour) => {
            area.draw(&Circle::new((left + MARK_RADIUS, y), MARK_RADIUS, colour.filled()))?;
            area.draw(&Circle::new((left + MARK_RADIUS, y), RING_HOLE, WHITE.filled()))?;
        }
        Key::Mark => area.draw(&Circle::new((left + KEY_WIDTH / 2, y), MARK_RADIUS, INK.filled()))?,
    }
    Ok(())
}
