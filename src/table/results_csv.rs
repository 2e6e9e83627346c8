//! Tables of results that other programs write, read as records.
//!
//! ```text
//! OpenOOD's ood/<postprocessor>.csv   ,FPR@95,AUROC,AUPR_IN,AUPR_OUT,ACC        percent, with or without ± over seeds
//! Macêdo's results_odd.csv            EXECUTION,MODEL,IN-DATA,OUT-DATA,LOSS,AD-HOC,SCORE,...,TNR,AUROC,DTACC,AUIN,AUOUT,...
//! ```
//! A false-positive rate means what its program computed: OpenOOD's `FPR@95` is `fpr_at_tpr95_ood_positive` of procedure `openood`, Macêdo's `TNR` is `tnr_at_tpr95` of
//! procedure `lee`, which takes the point whose true-positive rate is *closest* to 95 %. `ACC` and costs are not read: records do not know them.
//!
//! OpenOOD lists the sets of a group before the row of its mean, `nearood` or `farood`, which is read only where the table has no set of the group: means are made anew.
//! Its tables are called `<model>/ood/<postprocessor>.csv`. Macêdo's values are percentages where one is above 1.

use std::collections::BTreeMap;
use std::path::Path;

use super::record::Record;

/// The columns of OpenOOD's table, and the metrics of procedure `openood`.
const OPENOOD: [(&str, &str); 4] =
    [("FPR@95", "fpr_at_tpr95_ood_positive"), ("AUROC", "auroc"), ("AUPR_IN", "aupr_in"), ("AUPR_OUT", "aupr_out")];

/// The columns of Macêdo's table, and the metrics of procedure `lee`.
const LEE: [(&str, &str); 5] =
    [("TNR", "tnr_at_tpr95"), ("AUROC", "auroc"), ("DTACC", "dtacc"), ("AUIN", "auin"), ("AUOUT", "auout")];

/// What describes a row of Macêdo's table beside the model and the loss.
const VARIANTS: [&str; 5] = ["AD-HOC", "INFER-LEARN", "INFER-TRANS", "TEMPERATURE", "MAGNITUDE"];

/// Rows of means over groups, and what the leaderboard's reader calls them.
const GROUPS: [(&str, &str, &str); 2] = [("nearood", "near", "near-OOD"), ("farood", "far", "far-OOD")];

/// Whether the content of a file is such a table.
#[must_use]
pub fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    is_openood(first) || is_macedo(first)
}

fn is_openood(header: &[u8]) -> bool {
    [&b","[..], b"dataset,"]
        .iter()
        .any(|start| header.starts_with(&[start, &b"FPR@95,AUROC,AUPR_IN,AUPR_OUT"[..]].concat()))
}

fn is_macedo(header: &[u8]) -> bool {
    header.starts_with(b"EXECUTION,MODEL,IN-DATA,OUT-DATA,LOSS,")
}

/// The records of such a table; `file` says the run and the score of OpenOOD's.
///
/// ```
/// let table = ",FPR@95,AUROC,AUPR_IN,AUPR_OUT,ACC\ntin,79.14 ± 4.04,83.84,80.65,84.03,95.06\nnearood,80.46,82.55,78.16,83.64,95.06\n";
/// let records = oodbench::table::results_csv::read(table.as_bytes(), "resnet18/ood/scale.csv".as_ref())?;
/// assert_eq!((records[0].set(), records[0].score.as_str(), records[0].metric.as_str()), ("near/tin".to_owned(), "scale", "fpr_at_tpr95_ood_positive"));
/// assert_eq!((records[0].value, records[0].std), (Some(0.7914), Some(0.0404)));
/// assert_eq!((records[0].run.as_str(), records.len()), ("resnet18", 4));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8], file: &Path) -> Result<Vec<Record>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    let names: Vec<String> =
        reader.headers().map_err(|error| error.to_string())?.iter().map(|name| name.trim().to_owned()).collect();
    let rows = reader.records().map(|row| {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let fields = names.iter().cloned().zip(row.iter().map(|field| field.trim().to_owned()));
        Ok(Row { line, fields: fields.collect() })
    });
    let rows = rows.collect::<Result<Vec<Row>, String>>()?;
    if names.first().is_some_and(|first| first == "EXECUTION") {
        of_macedo(&rows)
    } else {
        of_openood(&rows, &names[0], file)
    }
}

struct Row {
    line: u64,
    fields: BTreeMap<String, String>,
}

impl Row {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A fraction with what stands behind `±`, both between 0 and 1 once divided; none inside where there is no value.
    fn cell(&self, name: &str, exponent: &str) -> Result<Option<(f64, Option<f64>)>, String> {
        let cell = self.number(name, exponent)?;
        let is_fraction = |number: f64| (0.0..=1.0).contains(&number);
        match cell {
            Some((value, std)) if !is_fraction(value) || std.is_some_and(|std| !is_fraction(std)) => {
                let most = if exponent.is_empty() { "a fraction from 0 to 1" } else { "a percentage from 0 to 100" };
                Err(format!("{}, which is not {most}", self.shown(name)))
            }
            cell => Ok(cell),
        }
    }

    /// A cell for messages.
    fn shown(&self, name: &str) -> String {
        let shown: String = self.field(name).chars().take(40).collect();
        format!("{shown:?} in column {name} of line {}", self.line)
    }

    /// A number with what stands behind `±`, divided; none inside where there is no value.
    fn number(&self, name: &str, exponent: &str) -> Result<Option<(f64, Option<f64>)>, String> {
        let text = self.field(name);
        if text.is_empty() || text == "/" || text == "-" {
            return Ok(None);
        }
        // A decimal fraction moved by two places is rounded once.
        let fraction =
            |text: &str| format!("{}{exponent}", text.trim()).parse::<f64>().ok().filter(|number| number.is_finite());
        let parsed = match text.split_once('±') {
            Some((value, std)) => fraction(value).zip(fraction(std)).map(|(value, std)| (value, Some(std))),
            None => fraction(text).map(|value| (value, None)),
        };
        parsed.map(Some).ok_or_else(|| format!("{}, which is no number", self.shown(name)))
    }
}

fn of_openood(rows: &[Row], sets: &str, file: &Path) -> Result<Vec<Record>, String> {
    let (run, score) = names(file)?;
    let mut records = Vec::new();
    // The mean of a group stands behind its sets.
    let mut groups: Vec<Option<&str>> = vec![None; rows.len()];
    let mut next = None;
    for (at, row) in rows.iter().enumerate().rev() {
        if let Some((_, group, _)) = GROUPS.iter().find(|(name, ..)| *name == row.field(sets)) {
            next = Some(*group);
        }
        groups[at] = next;
    }
    let shown = |row: &Row| GROUPS.iter().find(|(own, ..)| *own == row.field(sets)).map(|(_, _, shown)| *shown);
    for (row, group) in rows.iter().zip(&groups) {
        let (name, mean) = (row.field(sets), shown(row));
        let has_sets = || rows.iter().zip(&groups).any(|(other, own)| own == group && shown(other).is_none());
        if mean.is_some() && has_sets() {
            continue;
        }
        for (column, metric) in OPENOOD {
            let cell = row.cell(column, "e-2")?;
            records.push(Record {
                run: run.clone(),
                ood: mean.unwrap_or(name).to_owned(),
                group: group.map(str::to_owned),
                score: score.clone(),
                procedure: "openood".to_owned(),
                metric: metric.to_owned(),
                value: cell.map(|(value, _)| value),
                std: cell.and_then(|(_, std)| std),
                missing: cell.is_none().then(|| "the table has no value".to_owned()),
                ..Record::default()
            });
        }
    }
    Ok(records)
}

/// The run and the score that a file of OpenOOD's is named after.
fn names(file: &Path) -> Result<(String, String), String> {
    let text = |name: Option<&std::ffi::OsStr>| name.map(|name| name.to_string_lossy().into_owned());
    let score = text(file.file_stem()).unwrap_or_default();
    if score == "ood" {
        return Err("the file ood.csv, whose name is that of no score: rename it to <postprocessor>.csv".to_owned());
    }
    let folder = file.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "ood"));
    let run = folder.and_then(Path::parent).and_then(|model| text(model.file_name()));
    Ok((run.unwrap_or_else(|| score.clone()), score))
}

fn of_macedo(rows: &[Row]) -> Result<Vec<Record>, String> {
    let mut percent = false;
    for row in rows {
        for (column, _) in LEE {
            percent |= row.number(column, "")?.is_some_and(|(value, _)| value > 1.0);
        }
    }
    let exponent = if percent { "e-2" } else { "" };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut records = Vec::new();
    for row in rows {
        let says = |name: &&&str| {
            !matches!(row.field(name).to_uppercase().as_str(), "" | "NO" | "NONE" | "NA" | "NAN" | "FALSE")
        };
        let variants = VARIANTS.iter().filter(says).map(|name| format!("{}={}", name.to_lowercase(), row.field(name)));
        let parameters = variants.collect::<Vec<_>>().join(" ").replace(['\n', '\r'], " ");
        let execution = row.field("EXECUTION");
        let words = [row.field("MODEL"), row.field("IN-DATA"), row.field("LOSS"), &parameters, execution];
        for (column, metric) in LEE {
            let cell = row.cell(column, exponent)?;
            records.push(Record {
                run: words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" "),
                in_distribution: some(row.field("IN-DATA")),
                ood: row.field("OUT-DATA").to_owned(),
                score: row.field("SCORE").to_owned(),
                procedure: "lee".to_owned(),
                metric: metric.to_owned(),
                value: cell.map(|(value, _)| value),
                std: cell.and_then(|(_, std)| std),
                missing: cell.is_none().then(|| "the table has no value".to_owned()),
                model: some(row.field("MODEL")),
                loss: some(row.field("LOSS")),
                seed: execution.parse().ok(),
                ..Record::default()
            });
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "EXECUTION,MODEL,IN-DATA,OUT-DATA,LOSS,AD-HOC,SCORE,INFER-LEARN,INFER-TRANS,TNR,AUROC,DTACC,AUIN,AUOUT,CPU_FALSE,CPU_TRUE,GPU_FALSE,GPU_TRUE,TEMPERATURE,MAGNITUDE";

    #[test]
    fn results_of_macedo_are_values_of_lee() {
        let row = |tnr: &str| {
            format!(
                "{HEADER}\n1,densenetbc100,cifar10,svhn,isomaxplus,NONE,MDS,NO,NO,{tnr},99.13,95.7,98.9,99.2,0,0,0,0,None,None\n"
            )
        };
        let records = read(row("96.8").as_bytes(), Path::new("results_odd.csv")).unwrap();
        assert_eq!(records.len(), 5);
        let first = &records[0];
        assert_eq!(
            (first.procedure.as_str(), first.metric.as_str(), first.value),
            ("lee", "tnr_at_tpr95", Some(0.968))
        );
        assert_eq!((first.run.as_str(), first.seed), ("densenetbc100 cifar10 isomaxplus 1", Some(1)));
        assert!(recognises(row("1").as_bytes()) && !recognises(b"run,score\n"));
        for (tnr, found) in [("much", "\"much\" in column TNR of line 2"), ("-3", "\"-3\" in column TNR of line 2")] {
            assert!(read(row(tnr).as_bytes(), Path::new("")).unwrap_err().contains(found));
        }
    }

    #[test]
    fn sets_of_openood_are_in_the_group_whose_mean_follows() {
        let table = "dataset,FPR@95,AUROC,AUPR_IN,AUPR_OUT,ACC\na,1,2,3,4,5\nnearood,1,2,3,4,5\nb,1,/,3,4,5\nfarood,1,2,3,4,5\n";
        let records = read(table.as_bytes(), Path::new("msp.csv")).unwrap();
        let sets: Vec<String> = records.iter().step_by(4).map(Record::set).collect();
        assert_eq!(sets, ["near/a", "far/b"]);
        assert_eq!((records[5].value, records[5].missing.is_some()), (None, true));
        for wrong in ["101", "3 ± 101", "-1", "NaN"] {
            let error =
                read(table.replace("1,/,3", &format!("1,{wrong},3")).as_bytes(), Path::new("msp.csv")).unwrap_err();
            assert!(error.contains(&format!("{wrong:?} in column AUROC of line 4")), "{error}");
        }
        // A mean without its sets is all there is.
        let means = "dataset,FPR@95,AUROC,AUPR_IN,AUPR_OUT,ACC\nnearood,1,2,3,4,5\n";
        assert_eq!(read(means.as_bytes(), Path::new("m/ood/msp.csv")).unwrap()[0].set(), "near/near-OOD");
        assert!(read(means.as_bytes(), Path::new("m/ood.csv")).unwrap_err().contains("rename it"));
    }
}
