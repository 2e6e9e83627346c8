//! Errors as exceptions: a class for each thing that a program may want to handle, in words of arguments and not of files.

use std::io;

use oodbench::detector::{DetectorError, ThresholdError};
use oodbench::dump::DumpError;
use oodbench::error::FileError;
use oodbench::eval::{EvalError, FitsError, InMemoryError, PlanError};
use oodbench::fit::FitError as Unfit;
use oodbench::rows::RowsError;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    oodbench,
    OodbenchError,
    PyValueError,
    "Input that cannot be used: the message says what was found, what was expected and what to do."
);
create_exception!(oodbench, UnknownScoreError, OodbenchError, "No score has this name.");
create_exception!(
    oodbench,
    ParameterError,
    OodbenchError,
    "A score has no such parameter, or the value is not one of its values."
);
create_exception!(oodbench, MissingInputError, OodbenchError, "Something reads an array that was not passed.");
create_exception!(
    oodbench,
    ArrayError,
    OodbenchError,
    "An array of another shape, element type or width than expected, or with NaN or infinite numbers."
);
create_exception!(oodbench, NotFittedError, OodbenchError, "fit or calibrate has to be called first.");
create_exception!(oodbench, FitError, OodbenchError, "The training rows do not determine the score.");
create_exception!(
    oodbench,
    TooFewRowsError,
    OodbenchError,
    "There are too few calibration rows for what the threshold is to promise."
);

/// What is wrong in general.
pub(crate) fn refused(error: impl std::fmt::Display) -> PyErr {
    OodbenchError::new_err(error.to_string())
}

/// An `OSError` of its kind, such as `FileNotFoundError`.
pub(crate) fn of_io(error: &io::Error, text: String) -> PyErr {
    io::Error::new(error.kind(), text).into()
}

pub(crate) fn of_file(error: &FileError) -> PyErr {
    of_io(&error.reason, error.to_string())
}

pub(crate) fn of_rows(error: &RowsError) -> PyErr {
    match error {
        RowsError::Missing { .. } => MissingInputError::new_err(error.to_string()),
        _ => ArrayError::new_err(error.to_string()),
    }
}

pub(crate) fn of_dump(error: &DumpError) -> PyErr {
    match error {
        DumpError::File(error) => of_file(error),
        DumpError::Rows(error) => of_rows(error),
        _ => refused(error),
    }
}

pub(crate) fn of_plan(error: &PlanError) -> PyErr {
    match error {
        PlanError::Dump(error) => of_dump(error),
        PlanError::Unknown(error) => UnknownScoreError::new_err(error.to_string()),
        PlanError::Assignment(error) => ParameterError::new_err(error.to_string()),
        PlanError::Fits(error) => of_fits(error),
        PlanError::Lacking { .. } => MissingInputError::new_err(error.to_string()),
        _ => refused(error),
    }
}

pub(crate) fn of_eval(error: &EvalError) -> PyErr {
    match error {
        EvalError::Fit(error) => of_fit(error),
        EvalError::Fits(error) => of_fits(error),
        EvalError::Rows(error) => of_rows(error),
        _ => refused(error),
    }
}

fn of_fits(error: &FitsError) -> PyErr {
    match error {
        FitsError::File(error) => of_file(error),
        _ => refused(error),
    }
}

fn of_fit(error: &Unfit) -> PyErr {
    match error {
        Unfit::Missing { what, expected, .. } if expected.contains('@') => {
            MissingInputError::new_err(format!("expected {what} to fit on, found none; pass {}", keyword(expected)))
        }
        _ => FitError::new_err(error.to_string()),
    }
}

pub(crate) fn of_in_memory(error: &InMemoryError) -> PyErr {
    match error {
        InMemoryError::Setting(error) => ParameterError::new_err(error.to_string()),
        InMemoryError::Rows(error) => of_rows(error),
        InMemoryError::Fit(error) => of_fit(error),
        InMemoryError::Plan(error) => of_plan(error),
        InMemoryError::Eval(error) => of_eval(error),
        InMemoryError::Fits(error) => of_fits(error),
        InMemoryError::Lacking { score, what, .. } => MissingInputError::new_err(format!(
            "score {score} reads {what} of the rows to be scored, found none; pass {}",
            keyword(what)
        )),
        _ => refused(error),
    }
}

pub(crate) fn of_detector(error: &DetectorError) -> PyErr {
    match error {
        DetectorError::File(error) => of_file(error),
        DetectorError::Plan(error) => of_plan(error),
        DetectorError::Eval(error) => of_eval(error),
        DetectorError::InMemory(error) => of_in_memory(error),
        DetectorError::Dump(error) => of_dump(error),
        DetectorError::Rows(error) => of_rows(error),
        DetectorError::Threshold { error: error @ ThresholdError::TooFew { .. }, .. } => {
            TooFewRowsError::new_err(format!(
                "{error}; pass more calibration rows, or ask for less with larger false_alarms or wrong_answers, or with less confidence"
            ))
        }
        DetectorError::Threshold { error: error @ ThresholdError::NoThreshold { .. }, .. } => refused(format!(
            "{error}; pass more calibration rows, or ask for less with a larger wrong_answers or a smaller confidence"
        )),
        DetectorError::Lacking { what: "labels", by, .. } => {
            MissingInputError::new_err(format!("found no labels, expected by {by}; pass labels=... to calibrate"))
        }
        DetectorError::Lacking { what, by, .. } => MissingInputError::new_err(format!(
            "found no {what}, expected by {by}; pass logits=... to calibrate, or features=... there and head=... to fit"
        )),
        DetectorError::Undecided { row, .. } => ArrayError::new_err(format!(
            "found a row without a finite score, the first is row {row}; drop such rows, or have them flagged with on_nan=\"flag\""
        )),
        _ => refused(error),
    }
}

/// The head to pass for what a score reads of it.
pub(crate) fn of_head(need: &str) -> &'static str {
    match need {
        "prototypes" => "head={\"prototypes\": ...}",
        "class texts" => "head={\"text\": ...}",
        "negative texts" => "head={\"text\": ..., \"negatives\": ...}",
        _ => "head=(weight, bias)",
    }
}

/// The argument that an array is passed as, by the name of its file.
pub(crate) fn keyword(what: &str) -> String {
    match what.split_once('@') {
        Some(("features", layer)) => format!("layers={{{layer:?}: ...}}"),
        // Values of somebody else, logits under a name: a folder has them, and of the former a run in memory too.
        Some(_) => "a run that has it to oodbench.evaluate, since only rows of runs have such arrays".to_owned(),
        None if what == "a head" || what.ends_with(" texts") => format!("{} to fit", of_head(what)),
        None if what == "logits" => "logits=..., or features=... with head=(weight, bias) in fit".to_owned(),
        None => format!("{what}=..."),
    }
}
