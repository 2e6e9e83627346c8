//! Scores against the best one of their run, as text, JSON and comma-separated values.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::table::AgainstBest;

/// For reading: what may be the best is marked.
#[must_use]
pub fn text(lines: &[AgainstBest]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let headings = ["AUROC", "std. error", "difference", "p", "p (Holm)"];
    let left = ["OOD set", "run", "score"].map(Cell::new);
    table.set_header(left.into_iter().chain(headings.map(|heading| right(heading.to_owned()))));
    let percent = |value: f64| format!("{:.2}", value * 100.0);
    for (i, line) in lines.iter().enumerate() {
        let pair = |line: &AgainstBest| (line.run.clone(), line.group.clone(), line.ood.clone());
        let is_new = i == 0 || pair(&lines[i - 1]) != pair(line);
        if is_new && i > 0 {
            table.add_row([""]);
        }
        let label = line.group.as_ref().map_or_else(|| line.ood.clone(), |group| format!("{group}/{}", line.ood));
        let mark = match (line.p_holm, line.may_be_best()) {
            (None, _) => "*",
            (Some(_), true) => "=",
            (Some(_), false) => "",
        };
        let optional = |value: Option<f64>, show: fn(f64) -> String| right(value.map_or_else(String::new, show));
        table.add_row([
            Cell::new(if is_new { label } else { String::new() }),
            Cell::new(&line.run),
            Cell::new(line.score),
            right(format!("{mark}{}", percent(line.auroc))),
            right(percent(line.standard_error)),
            optional(line.difference, |value| format!("{:+.2}", value * 100.0)),
            optional(line.p, p_value),
            optional(line.p_holm, p_value),
        ]);
    }
    let body: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    format!(
        "Percent. AUROC, ties counting half. * the best score of the run; = not significantly below it: DeLong's paired test,\n\
         p-values by Holm over the other scores, 5 % level.\n{}\n",
        body.join("\n")
    )
}

fn p_value(p: f64) -> String {
    if p < 1e-4 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}

/// One object per line of an array.
///
/// # Errors
/// Never: what is not finite becomes null.
pub fn json(lines: &[AgainstBest]) -> serde_json::Result<String> {
    let lines = lines.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// With a header; what is not there is an empty field.
///
/// # Errors
/// Never in memory; the signature is that of the writer behind it.
pub fn csv(lines: &[AgainstBest]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.serialize(line)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
