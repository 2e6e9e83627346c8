//! Text in the embedded font: its size, its lines, its drawing.

use std::sync::LazyLock;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{Color, DrawingBackend, FontFamily, FontStyle, FontTransform, RGBColor, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, register_font};
use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, OutlineBuilder};

use super::PlotError;
use super::unit::{DOTS_PER_INCH, POINTS_PER_INCH, dots};

/// The name of the embedded font to plotters, which writes it into an SVG as it stands: a viewer without DejaVu Sans takes the next, Verdana
/// being the most alike in width.
const FAMILY: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

/// plotters' size of a font is 1.24 em.
pub(super) const EM_TO_SIZE: f64 = 1.24;

const REGULAR: &[u8] = include_bytes!("font/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("font/DejaVuSans-Bold.ttf");

// Fonts that were not registered make measuring fail, so nothing is done about the results here.
static REGISTERED: LazyLock<()> = LazyLock::new(|| {
    let _ = register_font(FAMILY, FontStyle::Normal, REGULAR);
    let _ = register_font(FAMILY, FontStyle::Bold, BOLD);
});

/// A line of text as shapes, one em high, from the origin to the right along the baseline; y grows downwards.
pub(super) struct Glyphs {
    /// `None` for a line of spaces.
    pub(super) outline: Option<Path>,
    pub(super) width: f32,
}

/// The shapes of a line of text; characters that the font lacks become its empty box.
pub(super) fn glyphs(text: &str, bold: bool) -> Option<Glyphs> {
    let face = Face::parse(if bold { BOLD } else { REGULAR }, 0).ok()?;
    let mut outline = Outline { path: PathBuilder::new(), x: 0.0, scale: 1.0 / f32::from(face.units_per_em()) };
    for letter in text.chars() {
        let glyph = face.glyph_index(letter).unwrap_or_default();
        face.outline_glyph(glyph, &mut outline);
        outline.x += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * outline.scale;
    }
    Some(Glyphs { width: outline.x, outline: outline.path.finish() })
}

/// Collects glyphs, the next one starting at `x`.
struct Outline {
    path: PathBuilder,
    x: f32,
    scale: f32,
}

impl Outline {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Size and weight of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Font {
    /// Em in points.
    pub(super) points: f64,
    /// Bold or regular.
    pub(super) bold: bool,
}

impl Font {
    fn description(self) -> FontDesc<'static> {
        LazyLock::force(&REGISTERED);
        let size = self.points * f64::from(DOTS_PER_INCH) / f64::from(POINTS_PER_INCH) * EM_TO_SIZE;
        FontDesc::new(FontFamily::Name(FAMILY), size, if self.bold { FontStyle::Bold } else { FontStyle::Normal })
    }

    /// The style that plotters takes, anchored as stated.
    pub(super) fn style(self, colour: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
        TextStyle { font: self.description(), color: colour.to_backend_color(), pos: Pos::new(horizontal, vertical) }
    }

    /// Width of a text in dots.
    pub(super) fn width(self, text: &str) -> Result<i32, PlotError> {
        let (width, _) = self.description().box_size(text).map_err(PlotError::drawing)?;
        // The measure is rounded down.
        Ok(width as i32 + 1)
    }

    /// From one line to the next, in dots.
    pub(super) fn line_height(self) -> i32 {
        dots(self.points * 1.25)
    }

    /// Breaks a text into lines of at most `width` dots, within words only where one is wider than that. Control characters, which no font has
    /// and SVG forbids, become spaces.
    pub(super) fn wrap(self, text: &str, width: i32) -> Result<Vec<String>, PlotError> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
            let extended = lines.last().map(|line| format!("{line} {word}"));
            match (extended, lines.last_mut()) {
                (Some(extended), Some(line)) if self.width(&extended)? <= width => *line = extended,
                _ => self.push_word(word, width, &mut lines)?,
            }
        }
        Ok(lines)
    }

    fn push_word(self, word: &str, width: i32, lines: &mut Vec<String>) -> Result<(), PlotError> {
        let mut piece = String::new();
        for letter in word.chars() {
            piece.push(letter);
            if piece.chars().nth(1).is_some() && self.width(&piece)? > width {
                piece.pop();
                lines.push(std::mem::replace(&mut piece, letter.to_string()));
            }
        }
        lines.push(piece);
        Ok(())
    }

    /// Height of so many lines, in dots.
    pub(super) fn height(self, lines: &[String]) -> i32 {
        self.line_height() * lines.len() as i32
    }

    /// Draws lines downwards from `top`.
    pub(super) fn draw<DB: DrawingBackend>(
        self,
        area: &DrawingArea<DB, Shift>,
        lines: &[String],
        (x, top): (i32, i32),
        horizontal: HPos,
        colour: RGBColor,
    ) -> Result<(), PlotError> {
        let style = self.style(colour, horizontal, VPos::Center);
        for (index, line) in lines.iter().enumerate() {
            area.draw_text(line, &style, (x, top + self.line_height() * index as i32 + self.line_height() / 2))?;
        }
        Ok(())
    }

    /// Draws lines that read upwards, from `left` to the right, each centred on `y`.
    pub(super) fn draw_upwards<DB: DrawingBackend>(
        self,
        area: &DrawingArea<DB, Shift>,
        lines: &[String],
        (left, y): (i32, i32),
        colour: RGBColor,
    ) -> Result<(), PlotError> {
        let style = self.style(colour, HPos::Center, VPos::Center).transform(FontTransform::Rotate270);
        for (index, line) in lines.iter().enumerate() {
            area.draw_text(line, &style, (left + self.line_height() * index as i32 + self.line_height() / 2, y))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::LABEL;
    use super::*;

    #[test]
    fn an_em_has_the_stated_size() {
        // DejaVu Sans 2.35: the advance of "M" is 1767 of 2048 units of an em.
        let size = 1000.0 * f64::from(POINTS_PER_INCH) / f64::from(DOTS_PER_INCH);
        let width = Font { points: size, bold: false }.width("M").unwrap();
        assert!((width - 863).abs() <= 1, "{width}");
        assert!((glyphs("MM", false).unwrap().width - 2.0 * 1767.0 / 2048.0).abs() < 1e-6);
    }

    #[test]
    fn lines_fit_and_keep_every_word() {
        let text = "IN-DISTRIBUTION=CIFAR10 | MODEL=a-network-with-an-endless-name | LOSS=IsoMax";
        for width in [1, 40, 200, 700, 5000] {
            let lines = LABEL.wrap(text, width).unwrap();
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
            for line in &lines {
                assert!(LABEL.width(line).unwrap() <= width || line.chars().count() == 1, "{line}");
            }
        }
        assert_eq!(LABEL.wrap(text, 5000).unwrap(), [text]);
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(LABEL.wrap("\ta\u{0}b\n", 5000).unwrap(), ["a b"]);
        assert!(LABEL.wrap(" \n", 5000).unwrap().is_empty());
    }
}
