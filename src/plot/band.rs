//! Bands under each other: rows of panels with a title above and a caption below, and one legend for all.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::PlotError;
use super::axes::{Place, label_area_width};
use super::canvas::Drawing;
use super::legend::{Key, Legend};
use super::panel::{Cell, Histograms, Panel};
use super::style::{
    GAP, ID, INK, LABEL, LEAST_WIDTH, MARGIN, MOST_COLUMNS, OOD, PAGE_WIDTH, PANEL_HEIGHT, SMALL_GAP, TITLE,
    WIDEST_PANEL,
};

const Y_NAME: &str = "Quantity";
/// More OOD sets than this are not listed in the legend; each panel names its own.
const MOST_NAMES: usize = 4;

/// One band of the plot.
#[derive(Clone, Debug)]
pub struct Band {
    /// Stands under the band, such as "(a) IsoMax: entropy"; may be empty.
    pub caption: String,
    /// Stands above the band, such as "IN-DISTRIBUTION=CIFAR10 | MODEL=DenseNet100 | LOSS=IsoMax"; may be empty.
    pub title: String,
    /// The name of the horizontal axes.
    pub quantity: String,
    /// One per OOD set; more than four go into rows.
    pub panels: Vec<Panel>,
}

/// Bands with everything measured.
#[derive(Debug)]
pub(super) struct Bands {
    rows: Vec<BandRows>,
    legend: Legend,
    width: i32,
    /// Width of a plot, and from one plot to the next.
    plot_width: i32,
    pitch: i32,
    first_plot: i32,
}

#[derive(Debug)]
struct BandRows {
    title: Vec<String>,
    rows: Vec<Vec<Cell>>,
    caption: Vec<String>,
}

impl Bands {
    pub(super) fn new(bands: &[Band]) -> Result<Self, PlotError> {
        if bands.is_empty() {
            return Err(PlotError::Nothing { plot: "plot".to_owned(), part: "band" });
        }
        if let Some(empty) = bands.iter().find(|band| band.panels.is_empty()) {
            return Err(PlotError::Nothing { plot: empty.title.clone(), part: "panel" });
        }
        let counted: Vec<Vec<Histograms>> = bands
            .iter()
            .map(|band| band.panels.iter().map(Histograms::new).collect())
            .collect::<Result<_, PlotError>>()?;
        let widest_label = counted
            .iter()
            .flatten()
            .try_fold(0, |widest, histograms| Ok::<_, PlotError>(histograms.y.widest_label()?.max(widest)))?;

        let beyond = counted.iter().flatten().any(|histograms| histograms.beyond);
        let columns = bands.iter().map(|band| columns(band.panels.len())).max().unwrap_or(1) as i32;
        let outside = 2 * MARGIN + LABEL.line_height();
        let pitch = ((PAGE_WIDTH - outside) / columns).min(WIDEST_PANEL);
        let panels = outside + columns * pitch;
        let width = panels.max(LEAST_WIDTH);
        let labels = label_area_width(widest_label) + SMALL_GAP;
        // The last number of a panel may stand half beyond its plot.
        let plot_width = (pitch - labels - 2 * SMALL_GAP).max(pitch / 3);
        let first_plot = (width - panels) / 2 + MARGIN + LABEL.line_height() + labels;

        let text_width = width - 2 * MARGIN;
        let rows = bands
            .iter()
            .zip(counted)
            .map(|(band, counted)| BandRows::new(band, counted, text_width, plot_width))
            .collect::<Result<_, PlotError>>()?;
        let note = (Key::None, "← n, n →: scores beyond the axis".to_owned());
        let entries = legend_entries(bands).into_iter().chain(beyond.then_some(note));
        let legend = Legend::new(entries, text_width)?;
        Ok(Self { rows, legend, width, plot_width, pitch, first_plot })
    }
}

impl BandRows {
    fn new(band: &Band, counted: Vec<Histograms>, text_width: i32, plot_width: i32) -> Result<Self, PlotError> {
        let columns = columns(counted.len());
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        for (histograms, panel) in counted.into_iter().zip(&band.panels) {
            let cell = Cell::new(histograms, &panel.title, &band.quantity, plot_width)?;
            match rows.last_mut() {
                Some(row) if row.len() < columns => row.push(cell),
                _ => rows.push(vec![cell]),
            }
        }
        Ok(Self { title: TITLE.wrap(&band.title, text_width)?, rows, caption: LABEL.wrap(&band.caption, text_width)? })
    }

    fn height_of_title(&self) -> i32 {
        if self.title.is_empty() { 0 } else { TITLE.height(&self.title) + SMALL_GAP / 2 }
    }

    fn height(&self) -> i32 {
        let rows: i32 = self.rows.iter().map(|row| above(row) + PANEL_HEIGHT + below(row)).sum();
        let between = SMALL_GAP * (self.rows.len() as i32 - 1);
        let caption = if self.caption.is_empty() { 0 } else { SMALL_GAP + LABEL.height(&self.caption) };
        self.height_of_title() + rows + between + caption
    }
}

fn above(row: &[Cell]) -> i32 {
    row.iter().map(Cell::height_above).max().unwrap_or(0)
}

fn below(row: &[Cell]) -> i32 {
    row.iter().map(Cell::height_below).max().unwrap_or(0)
}

/// Panels side by side: as few rows as possible, as even as possible.
fn columns(panels: usize) -> usize {
    panels.div_ceil(panels.div_ceil(MOST_COLUMNS).max(1))
}

fn legend_entries(bands: &[Band]) -> [(Key, String); 2] {
    let panels = || bands.iter().flat_map(|band| &band.panels);
    let id = distinct(panels().map(|panel| panel.id_name.as_str()));
    let ood = distinct(panels().map(|panel| panel.ood_name.as_str()));
    let ood = if ood.len() > MOST_NAMES { "named above each panel".to_owned() } else { ood.join(", ") };
    [
        (Key::Area(ID), format!("in-distribution: {}", id.join(", "))),
        (Key::Area(OOD), format!("out-of-distribution: {ood}")),
    ]
}

/// The names in order of appearance, each once.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

impl Drawing for Bands {
    fn size(&self) -> (i32, i32) {
        let bands: i32 = self.rows.iter().map(|band| band.height() + GAP).sum();
        (self.width, MARGIN + bands + self.legend.height() + MARGIN)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let middle = self.width / 2;
        let mut top = MARGIN;
        for band in &self.rows {
            TITLE.draw(area, &band.title, (middle, top), HPos::Center, INK)?;
            let mut y = top + band.height_of_title();
            for row in &band.rows {
                y += above(row);
                let y_name = [Y_NAME.to_owned()];
                let left = self.first_plot - (self.pitch - self.plot_width) + 2 * SMALL_GAP - LABEL.line_height();
                LABEL.draw_upwards(area, &y_name, (left, y + PANEL_HEIGHT / 2), INK)?;
                for (column, cell) in row.iter().enumerate() {
                    let x = self.first_plot + self.pitch * column as i32;
                    cell.draw(area, Place { x, y, width: self.plot_width, height: PANEL_HEIGHT })?;
                }
                y += PANEL_HEIGHT + below(row) + SMALL_GAP;
            }
            LABEL.draw(area, &band.caption, (middle, y), HPos::Center, INK)?;
            top += band.height() + GAP;
        }
        self.legend.draw(area, (middle, top))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_few_and_even() {
        assert_eq!([1, 2, 3, 4, 5, 6, 7, 8, 9].map(columns), [1, 2, 3, 4, 3, 3, 4, 4, 3]);
    }
}
