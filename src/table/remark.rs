//! What a user should know beside the values, each said once with the runs and scores that it holds for.

/// A remark on one run, one score of it, or everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The run, if it is about one.
    pub run: Option<String>,
    /// The score's id, if it is about one.
    pub score: Option<&'static str>,
    /// What there is to say, in one line.
    pub text: String,
}

impl Remark {
    /// A remark whose text says what it is about.
    #[must_use]
    pub fn of_all(text: String) -> Self {
        Self { run: None, score: None, text }
    }

    /// A remark on a run.
    #[must_use]
    pub fn of_run(run: &str, text: String) -> Self {
        Self { run: Some(run.to_owned()), score: None, text }
    }

    /// A remark on a score of a run.
    #[must_use]
    pub fn of_score(run: &str, score: &'static str, text: String) -> Self {
        Self { run: Some(run.to_owned()), score: Some(score), text }
    }
}

/// The remarks as lines, in their order: one line for what is the same of several scores of a run, and of several runs with the same scores.
///
/// ```
/// use oodbench::table::remark::{Remark, lines};
/// let note = |run, score| Remark::of_score(run, score, "rank 3 of 4".to_owned());
/// let notes = [note("r1", "vim"), note("r1", "residual"), note("r2", "vim"), note("r2", "residual"), note("r3", "vim")];
/// assert_eq!(lines(&notes), ["r1, r2: vim, residual: rank 3 of 4", "r3: vim: rank 3 of 4"]);
/// ```
#[must_use]
pub fn lines(remarks: &[Remark]) -> Vec<String> {
    let mut of_runs: Vec<(Option<&str>, &str, Vec<&str>)> = Vec::new();
    for Remark { run, score, text } in remarks {
        let run = run.as_deref();
        let place = of_runs.iter().position(|(own, said, _)| (*own, *said) == (run, text)).unwrap_or_else(|| {
            of_runs.push((run, text, Vec::new()));
            of_runs.len() - 1
        });
        let scores = &mut of_runs[place].2;
        scores.extend(score.filter(|score| !scores.contains(score)));
    }
    let mut said: Vec<(Vec<&str>, &str, Vec<&str>)> = Vec::new();
    for (run, text, scores) in of_runs {
        match said.iter_mut().find(|(_, other, of)| *other == text && *of == scores) {
            Some((runs, ..)) => runs.extend(run),
            None => said.push((run.into_iter().collect(), text, scores)),
        }
    }
    let line = |(runs, text, scores): (Vec<&str>, &str, Vec<&str>)| {
        let about = [runs.join(", "), scores.join(", ")].into_iter().filter(|part| !part.is_empty());
        about.chain([text.to_owned()]).collect::<Vec<_>>().join(": ")
    };
    said.into_iter().map(line).collect()
}
