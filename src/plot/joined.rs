//! SVG with fewer elements: plotters draws every dash of a line as an element of its own.

use std::fmt::Write;

/// The same drawing, lines of one style that follow each other as one path.
///
/// ```
/// use oodbench::plot::joined;
/// let dash = |points: &str| format!("<polyline stroke=\"#000\" points=\"{points} \"/>\n");
/// let found = joined(&format!("<svg>\n{}{}<text/>\n</svg>\n", dash("1,2 3,4"), dash("5,6 7,8")));
/// assert_eq!(found, "<svg>\n<path stroke=\"#000\" d=\"M1,2 3,4M5,6 7,8\"/>\n<text/>\n</svg>\n");
/// ```
#[must_use]
pub fn joined(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let mut open: Option<(&str, String)> = None;
    for line in svg.split_inclusive('\n') {
        match (line_of(line), &mut open) {
            (Some((style, points)), Some((own, path))) if style == *own => {
                let _ = write!(path, "M{points}");
            }
            (Some((style, points)), _) => {
                close(&mut out, open.take());
                open = Some((style, format!("M{points}")));
            }
            (None, _) => {
                close(&mut out, open.take());
                out.push_str(line);
            }
        }
    }
    close(&mut out, open);
    out
}

/// Style and points of a polyline.
fn line_of(line: &str) -> Option<(&str, &str)> {
    let (style, points) = line.strip_prefix("<polyline ")?.split_once(" points=\"")?;
    Some((style, points.trim_end().strip_suffix("\"/>")?.trim_end()))
}

fn close(out: &mut String, open: Option<(&str, String)>) {
    if let Some((style, path)) = open {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "<path {style} d=\"{path}\"/>");
    }
}
