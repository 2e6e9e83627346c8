//! What the paper says of its losses and scores, and whether the trained networks agree: every statement, those that do not hold first.

use std::fmt;

use crate::screen::words::{counted, ordinal};
use oodbench::dump::Loss;
use oodbench::metric::{Procedure, lee};
use oodbench::table::{Record, Results};

/// The procedure of the paper.
pub(crate) const PROCEDURE: &Procedure = &lee::PROCEDURE;

/// The scores that the paper compares.
pub(crate) const SCORES: [&str; 3] = ["mps", "es", "mds"];

/// A loss with a score.
type Pair = (Loss, &'static str);

/// The pair that the paper proposes.
const PROPOSED: Pair = (Loss::IsomaxPlus, "mds");

/// One statement of the paper: the first pair detects better than the second, on every set.
struct Statement {
    ahead: Pair,
    behind: Pair,
    place: &'static str,
}

const fn says(ahead: Pair, behind: Pair, place: &'static str) -> Statement {
    Statement { ahead, behind, place }
}

/// The paper's statements about detection.
const STATEMENTS: [Statement; 9] = [
    says(PROPOSED, (Loss::Softmax, "es"), "Table 3"),
    says(PROPOSED, (Loss::Isomax, "es"), "Table 3"),
    says((Loss::Isomax, "es"), (Loss::Softmax, "es"), "Table 3"),
    says((Loss::Isomax, "es"), (Loss::Isomax, "mds"), "Table 6"),
    says(PROPOSED, (Loss::Isomax, "mds"), "Table 6"),
    says(PROPOSED, (Loss::IsomaxPlus, "es"), "Table 6"),
    says(PROPOSED, (Loss::IsomaxPlus, "mps"), "section 5.1"),
    says((Loss::Softmax, "es"), (Loss::Softmax, "mps"), "section 5.1"),
    says((Loss::Isomax, "es"), (Loss::Isomax, "mps"), "section 5.1"),
];

/// How far accuracy may fall behind that of SoftMax before the paper calls it a drop (its footnote 1).
const DROP: f64 = 0.01;

/// How far networks agree with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Not, or on no set.
    No,
    /// On some sets.
    Partly,
    /// Yes, on every set where it is about sets.
    Yes,
}

/// A statement and what was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// What the paper says, with the place.
    pub(crate) statement: String,
    /// Whether it holds here.
    pub(crate) verdict: Verdict,
    /// The values.
    pub(crate) values: String,
}

/// All statements that the trained networks can decide, and where each pair of a loss and a score stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Findings {
    /// Those that do not hold first.
    pub(crate) all: Vec<Finding>,
    /// How many statements are about pairs that were not scored.
    unchecked: usize,
    /// Every pair that was scored on all sets with its mean AUROC, the best first.
    ranking: Vec<(Pair, f64)>,
    sets: usize,
    /// Networks of each loss that has any.
    seeds: Vec<usize>,
}

/// Mean AUROC over seeds of every loss, score and OOD set.
struct Auroc<'r>(&'r Results);

impl Auroc<'_> {
    /// Values of one run on one set: means are made here.
    fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.records.iter().filter(|record| record.mean_over.is_none())
    }

    fn sets(&self) -> Vec<&str> {
        let mut sets: Vec<&str> = Vec::new();
        for record in self.records() {
            if !sets.contains(&record.ood.as_str()) {
                sets.push(&record.ood);
            }
        }
        sets
    }

    fn loss_of(&self, run: &str) -> Option<&Loss> {
        self.0.runs.iter().find(|summary| summary.info.name == run)?.info.loss.as_ref()
    }

    fn on(&self, (loss, score): &Pair, set: &str) -> Option<f64> {
        let records = self.records().filter(|record| {
            record.procedure == PROCEDURE.id
                && record.metric == "auroc"
                && record.ood == set
                && record.score == *score
                && self.loss_of(&record.run) == Some(loss)
        });
        mean(records.filter_map(|record| record.value))
    }

    /// One value per set; none if any is missing.
    fn of(&self, pair: &Pair) -> Option<Vec<f64>> {
        let values: Vec<f64> = self.sets().into_iter().map(|set| self.on(pair, set)).collect::<Option<_>>()?;
        (!values.is_empty()).then_some(values)
    }
}

impl Findings {
    /// What these results say about the paper's statements.
    pub(crate) fn of(results: &Results) -> Self {
        let auroc = Auroc(results);
        let checked: Vec<Option<Finding>> = STATEMENTS
            .iter()
            .map(|statement| detection(statement, &auroc))
            .chain(std::iter::once(accuracy(results)))
            .collect();
        let unchecked = checked.iter().filter(|finding| finding.is_none()).count();
        let mut all: Vec<Finding> = checked.into_iter().flatten().collect();
        all.sort_by_key(|finding| finding.verdict);
        Self { all, unchecked, ranking: ranking(&auroc), sets: auroc.sets().len(), seeds: seeds(results) }
    }
}

fn detection(statement: &Statement, auroc: &Auroc<'_>) -> Option<Finding> {
    let (ahead, behind) = (auroc.of(&statement.ahead)?, auroc.of(&statement.behind)?);
    let sets = ahead.len();
    let won = ahead.iter().zip(&behind).filter(|(ahead, behind)| ahead > behind).count();
    let verdict = match won {
        0 => Verdict::No,
        won if won == sets => Verdict::Yes,
        _ => Verdict::Partly,
    };
    Some(Finding {
        statement: format!(
            "{} detects better than {} ({})",
            name(&statement.ahead),
            name(&statement.behind),
            statement.place
        ),
        verdict,
        values: format!(
            "better on {won} of {sets} OOD sets, mean AUROC {:.2} % against {:.2} %",
            100.0 * mean(ahead.into_iter())?,
            100.0 * mean(behind.into_iter())?
        ),
    })
}

fn accuracy(results: &Results) -> Option<Finding> {
    let of = |loss: Loss| {
        let runs = results.runs.iter().filter(|run| run.info.loss.as_ref() == Some(&loss));
        mean(runs.filter_map(|run| run.accuracy))
    };
    let (plus, softmax) = (of(Loss::IsomaxPlus)?, of(Loss::Softmax)?);
    Some(Finding {
        statement: "IsoMax+ does not lower the accuracy by more than one point against SoftMax (Table 2)".to_owned(),
        verdict: if plus >= softmax - DROP { Verdict::Yes } else { Verdict::No },
        values: format!(
            "test accuracy {:.2} % against {:.2} %, {:+.2} points",
            100.0 * plus,
            100.0 * softmax,
            100.0 * (plus - softmax)
        ),
    })
}

/// The losses that the paper compares.
const LOSSES: [Loss; 3] = [Loss::Softmax, Loss::Isomax, Loss::IsomaxPlus];

fn ranking(auroc: &Auroc<'_>) -> Vec<(Pair, f64)> {
    let pairs = LOSSES.into_iter().flat_map(|loss| SCORES.map(|score| (loss.clone(), score)));
    let means = pairs.filter_map(|pair| auroc.of(&pair).and_then(|of_sets| Some((pair, mean(of_sets.into_iter())?))));
    let mut ranking: Vec<(Pair, f64)> = means.collect();
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranking
}

fn seeds(results: &Results) -> Vec<usize> {
    let networks = |loss: Loss| results.runs.iter().filter(|run| run.info.loss.as_ref() == Some(&loss)).count();
    LOSSES.into_iter().map(networks).filter(|&networks| networks > 0).collect()
}

fn name((loss, score): &Pair) -> String {
    format!("{loss} with {}", score.to_uppercase())
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "does not hold here",
            Self::Partly => "holds here in part",
            Self::Yes => "holds here",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}.", self.statement, self.verdict, self.values)
    }
}

impl Findings {
    /// The first words: how many statements hold, where the paper's pair stands, and how far seeds may be the reason.
    pub(crate) fn lead(&self) -> String {
        let count = |verdict| self.all.iter().filter(|finding| finding.verdict == verdict).count();
        let (holds, not) = (count(Verdict::Yes), count(Verdict::No));
        let mut lead = format!(
            "Of {} statements of the paper, {holds} {} here, {} on some sets only, {not} {} not",
            self.all.len() + self.unchecked,
            if holds == 1 { "holds" } else { "hold" },
            count(Verdict::Partly),
            if not == 1 { "does" } else { "do" },
        );
        if self.unchecked > 0 {
            lead += &format!(", {} could not be checked", self.unchecked);
        }
        lead.push('.');
        lead += &self.standing();
        lead += match (self.seeds.iter().min(), self.seeds.iter().max()) {
            (Some(1), Some(1)) => " One seed per loss: how much other seeds would change is not measured.",
            (Some(1), _) => " One seed of some losses: how much other seeds would change is not measured.",
            _ => "",
        };
        lead
    }

    /// Where the pair that the paper proposes stands among all, and which one is the best.
    fn standing(&self) -> String {
        let Some((best, highest)) = self.ranking.first() else { return String::new() };
        let of_all = format!("of {} by mean AUROC over {}", self.ranking.len(), counted(self.sets, "OOD set"));
        let (proposed, highest) = (name(&PROPOSED), 100.0 * highest);
        match self.ranking.iter().find(|(pair, _)| *pair == PROPOSED) {
            None => format!(
                " The paper's pair, {proposed}, was not scored; the best {of_all} is {} ({highest:.2} %).",
                name(best)
            ),
            Some((_, own)) => match self.ranking.iter().filter(|(_, auroc)| auroc > own).count() {
                0 => format!(" The paper's pair, {proposed}, is the best {of_all} ({highest:.2} %)."),
                ahead => format!(
                    " The paper's pair, {proposed}, is {} {of_all} ({:.2} %); the best is {} ({highest:.2} %).",
                    ordinal(ahead + 1),
                    100.0 * own,
                    name(best)
                ),
            },
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.lead())?;
        self.all.iter().try_for_each(|finding| writeln!(f, "- {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::paper::outcome::results;
    use oodbench::dump::RunInfo;
    use oodbench::dump::layout::discover;
    use oodbench::progress::Silent;
    use oodbench::table::RunSummary;

    fn run(name: &str, loss: Loss, accuracy: f64) -> RunSummary {
        let info = RunInfo { name: name.to_owned(), loss: Some(loss), ..RunInfo::default() };
        RunSummary {
            info,
            accuracy: Some(accuracy),
            id_rows: 1,
            shifted: Vec::new(),
            skipped: Vec::new(),
            arrays: Vec::new(),
        }
    }

    fn record(run: &str, ood: &str, score: &str, value: f64) -> Record {
        Record {
            run: run.to_owned(),
            ood: ood.to_owned(),
            score: score.to_owned(),
            procedure: "lee".to_owned(),
            metric: "auroc".to_owned(),
            value: Some(value),
            ..Record::default()
        }
    }

    /// Two seeds of SoftMax; IsoMax+ wins one set of two against it.
    fn by_hand() -> Results {
        let mut results = Results {
            runs: vec![
                run("s1", Loss::Softmax, 0.9),
                run("s2", Loss::Softmax, 0.8),
                run("i1", Loss::Isomax, 0.9),
                run("p1", Loss::IsomaxPlus, 0.83),
            ],
            ..Results::default()
        };
        for (name, score, values) in [
            ("s1", "es", [0.7, 0.9]),
            ("s2", "es", [0.9, 0.9]),
            ("i1", "es", [0.95, 0.97]),
            ("i1", "mds", [0.4, 0.5]),
            ("p1", "mds", [0.85, 0.86]),
        ] {
            for (set, value) in ["kmnist", "mnist"].into_iter().zip(values) {
                results.records.push(record(name, set, score, value));
            }
        }
        results
    }

    #[test]
    fn what_does_not_hold_comes_first_and_says_by_how_much() {
        let findings = Findings::of(&by_hand());
        let lines: Vec<String> = findings.all.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines[..3],
            [
                "IsoMax+ with MDS detects better than IsoMax with ES (Table 3): does not hold here; better on 0 of 2 OOD sets, mean AUROC 85.50 % against \
                 96.00 %.",
                "IsoMax+ does not lower the accuracy by more than one point against SoftMax (Table 2): does not hold here; test accuracy 83.00 % against \
                 85.00 %, -2.00 points.",
                "IsoMax+ with MDS detects better than SoftMax with ES (Table 3): holds here in part; better on 1 of 2 OOD sets, mean AUROC 85.50 % against \
                 85.00 %.",
            ]
        );
        assert!(lines[3..].iter().all(|line| line.contains(": holds here; better on 2 of 2")), "{lines:#?}");
        // Two are about IsoMax+ with ES and with MPS, two about SoftMax and IsoMax with MPS, which were not scored.
        assert_eq!(lines.len(), 6);
        assert_eq!(
            findings.lead(),
            "Of 10 statements of the paper, 3 hold here, 1 on some sets only, 2 do not, 4 could not be checked. The paper's pair, IsoMax+ with MDS, is \
             2nd of 4 by mean AUROC over 2 OOD sets (85.50 %); the best is IsoMax with ES (96.00 %). One seed of some losses: how much other seeds \
             would change is not measured."
        );
    }

    #[test]
    fn the_lead_says_where_the_pair_of_the_paper_stands() {
        let lead = |change: &dyn Fn(&mut Results)| {
            let mut results = by_hand();
            change(&mut results);
            Findings::of(&results).lead()
        };
        let best = lead(&|results| {
            results.runs.retain(|run| run.info.name != "s2");
            results.records.retain(|record| record.run != "i1" && record.run != "s2");
        });
        assert_eq!(
            best,
            "Of 10 statements of the paper, 0 hold here, 1 on some sets only, 1 does not, 8 could not be checked. The paper's pair, IsoMax+ with MDS, is \
             the best of 2 by mean AUROC over 2 OOD sets (85.50 %). One seed per loss: how much other seeds would change is not measured."
        );
        let absent = lead(&|results| results.records.retain(|record| record.run != "p1"));
        assert!(absent.contains("IsoMax+ with MDS, was not scored; the best of 3 by mean AUROC"), "{absent}");
        let seeds = lead(&|results| {
            for (loss, names) in [(Loss::Isomax, ["i2", "i3"]), (Loss::IsomaxPlus, ["p2", "p3"])] {
                results.runs.extend(names.map(|name| run(name, loss.clone(), 0.8)));
            }
        });
        assert!(seeds.ends_with("(96.00 %)."), "{seeds}");
        assert!(!lead(&|results| results.records.clear()).contains("pair"));
    }

    /// `reports/cifar10/README.md` says what its dumps say, all of it; `OODBENCH_BLESS=1` writes it anew.
    #[test]
    fn the_report_on_cifar10_says_what_its_dumps_say() {
        let report = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/cifar10");
        let Ok(readme) = std::fs::read_to_string(report.join("README.md")) else {
            return println!("skipped: the reports are not part of the package");
        };
        let results = results(&discover(&report.join("dumps")).unwrap(), &Silent).unwrap();
        let (before, rest) = readme.split_once("<!-- statements -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- end of statements -->\n").unwrap();
        let findings = Findings::of(&results);
        assert_eq!(findings.all.len(), STATEMENTS.len() + 1);
        let expected = format!("{before}<!-- statements -->\n{findings}<!-- end of statements -->\n{after}");
        if std::env::var_os("OODBENCH_BLESS").is_some() {
            std::fs::write(report.join("README.md"), &expected).unwrap();
        }
        assert!(readme == expected || std::env::var_os("OODBENCH_BLESS").is_some(), "{findings}");
    }
}
