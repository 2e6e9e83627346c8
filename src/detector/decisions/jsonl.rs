//! Decisions as JSON, one object per line.

use std::io::Write;

use super::word;
use crate::detector::apply::{Decided, DecisionSink};
use crate::eval::SinkError;

/// The file being written.
pub struct JsonlDecisions<W: Write> {
    out: W,
}

impl<W: Write> JsonlDecisions<W> {
    /// Nothing yet.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Hands the inner writer back.
    pub fn finish(self) -> W {
        self.out
    }
}

impl<W: Write> DecisionSink for JsonlDecisions<W> {
    fn write(&mut self, decided: &Decided) -> Result<(), SinkError> {
        let mut text = Vec::with_capacity(112 * decided.scores.len());
        for (at, (score, p)) in decided.scores.iter().zip(&decided.p_values).enumerate() {
            let (row, word) = (decided.first_row + at, word(decided.flagged[at]));
            let known = !score.is_nan();
            let predicted = decided.predicted.as_ref().filter(|_| known).map(|classes| classes[at]);
            // A vector takes everything. Display of a finite number is valid JSON.
            let _ = match predicted {
                Some(class) => write!(text, r#"{{"row":{row},"predicted":{class},"#),
                None => write!(text, r#"{{"row":{row},"predicted":null,"#),
            };
            let _ = if known {
                writeln!(text, r#""score":{score},"p_value":{p},"decision":"{word}"}}"#)
            } else {
                writeln!(text, r#""score":null,"p_value":null,"decision":"{word}"}}"#)
            };
        }
        self.out.write_all(&text).map_err(|error| SinkError::from(Box::from(error)))
    }
}
