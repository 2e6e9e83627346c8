//! LaTeX that a stock TeX Live compiles: packages booktabs and siunitx, pdfLaTeX and UTF-8.

use crate::printable;

/// What stands before and behind tables, so that the file compiles as it is.
#[must_use]
pub fn document(comment: &str, body: &str) -> String {
    // A name may hold anything, a line break too.
    let comment: String = comment.lines().map(|line| format!("% {}\n", printable::line(line))).collect();
    format!(
        "{comment}\\documentclass{{article}}\n\\usepackage[landscape,margin=1cm]{{geometry}}\n\
         % A paper needs these two lines.\n\\usepackage{{booktabs,siunitx}}\n\\sisetup{{detect-weight=true}}\n\
         \\begin{{document}}\n{body}\\end{{document}}\n"
    )
}

/// Text as it stands: nothing in it is a command. Letters beyond those that pdfLaTeX has by itself are named by their number.
///
/// ```
/// use oodbench::report::latex::escape;
/// assert_eq!(escape("max_logit & 5 %"), r"max\_logit \& 5 \%");
/// assert_eq!(escape(r"\input{x} ± é 中"), r"\textbackslash{}input\{x\} $\pm$ é {[}U+4E2D{]}");
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', letter]),
            '\\' => out.push_str("\\textbackslash{}"),
            // Behind `\midrule` and `\\` they would begin an option.
            '[' | ']' | '*' => out.extend(['{', letter, '}']),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("$<$"),
            '>' => out.push_str("$>$"),
            '|' => out.push_str("$|$"),
            '"' => out.push_str("''"),
            '±' => out.push_str("$\\pm$"),
            '≥' => out.push_str("$\\geq$"),
            '≤' => out.push_str("$\\leq$"),
            '−' => out.push_str("$-$"),
            '×' => out.push_str("$\\times$"),
            '·' => out.push_str("$\\cdot$"),
            '½' => out.push_str("$\\frac12$"),
            '–' => out.push_str("--"),
            '’' => out.push('\''),
            ' '..='\u{7e}' => out.push(letter),
            // Latin letters with accents; those that LaTeX's first fonts lack are named.
            'À'..='ÿ' if !"ÐÞðþ×÷".contains(letter) => out.push(letter),
            letter if letter.is_control() => out.push(' '),
            letter => out.push_str(&format!("{{[}}U+{:04X}{{]}}", u32::from(letter))),
        }
    }
    out
}
