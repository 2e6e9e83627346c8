//! Every size and colour of the plots. Sizes are in points (1/72 inch), drawn as dots of 1/300 inch.
//!
//! Colours are those of Okabe and Ito (2008), which stay apart for the colour-blind; ID blue and OOD orange also differ in lightness, so that they
//! stay apart in grey.

use plotters::style::RGBColor;

use super::text::Font;
use super::unit::dots;

/// Title of a plot or band.
pub(super) const TITLE: Font = Font { points: 8.5, bold: true };
/// Title of a panel.
pub(super) const PANEL_TITLE: Font = Font { points: 8.0, bold: false };
/// Names of axes, legend, captions.
pub(super) const LABEL: Font = Font { points: 8.0, bold: false };
/// Numbers at the ticks, and remarks inside a plot.
pub(super) const TICK: Font = Font { points: 7.0, bold: false };

/// Width of a plot that spans the page.
pub(super) const PAGE_WIDTH: i32 = dots(504.0);
/// White around a plot.
pub(super) const MARGIN: i32 = dots(7.0);
/// Between unrelated things, such as bands.
pub(super) const GAP: i32 = dots(12.0);
/// Between related things, such as a tick label and the name of the axis.
pub(super) const SMALL_GAP: i32 = dots(4.0);
/// Length of a tick; half the distance from axis to tick label.
pub(super) const TICK_LENGTH: i32 = dots(2.0);
/// Least distance between neighbouring tick labels.
pub(super) const TICK_LABEL_GAP: i32 = dots(7.0);
/// Least distance between ticks of a vertical axis.
pub(super) const VERTICAL_TICK_SPACING: i32 = dots(15.5);

/// Height of the plot of one panel.
pub(super) const PANEL_HEIGHT: i32 = dots(78.0);
/// Most panels side by side.
pub(super) const MOST_COLUMNS: usize = 4;
/// Widest panel with its numbers.
pub(super) const WIDEST_PANEL: i32 = dots(240.0);
/// Least width of a plot of panels, for its titles.
pub(super) const LEAST_WIDTH: i32 = dots(330.0);
/// Side of the square of a ROC plot.
pub(super) const ROC_SIDE: i32 = dots(230.0);
/// Size of a line plot.
pub(super) const LINE_PLOT: (i32, i32) = (dots(300.0), dots(170.0));

// Even numbers of dots: a line along an axis then covers whole pixels.
/// Axes, ticks and outlines.
pub(super) const THIN: u32 = 2;
/// Curves.
pub(super) const THICK: u32 = 4;

/// Opacity of filled bins: the overlap of ID and OOD stays readable.
pub(super) const FILL_OPACITY: f64 = 0.45;
/// In-distribution.
pub(super) const ID: RGBColor = RGBColor(0, 114, 178);
/// Out-of-distribution.
pub(super) const OOD: RGBColor = RGBColor(230, 159, 0);
/// Out-of-distribution, dark enough for text on white.
pub(super) const OOD_TEXT: RGBColor = RGBColor(158, 98, 0);
/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(38, 38, 38);
/// Lines to read values by.
pub(super) const GRID: RGBColor = RGBColor(225, 225, 225);
/// Lines of reference, such as the chance diagonal.
pub(super) const REFERENCE: RGBColor = RGBColor(120, 120, 120);

/// Colours of curves, in turn.
const CURVES: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
];
/// Dashes of curves, in turn: length and gap.
const DASHES: [Option<(i32, i32)>; 4] =
    [None, Some((dots(6.0), dots(2.0))), Some((dots(2.5), dots(1.5))), Some((dots(10.0), dots(3.0)))];
/// Dashes of lines of reference.
pub(super) const DOTTED: (i32, i32) = (dots(1.2), dots(1.8));

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CurveStyle {
    pub(super) colour: RGBColor,
    pub(super) dash: Option<(i32, i32)>,
}

/// The style of the curve of this index: the dash differs from its neighbours' as the colour does, for print without colours.
pub(super) fn curve(index: usize) -> CurveStyle {
    CurveStyle { colour: CURVES[index % CURVES.len()], dash: DASHES[index % DASHES.len()] }
}
