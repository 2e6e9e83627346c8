//! Sets that must not be one another: what is chosen on is not what is measured, and no set is measured under two names.

use std::collections::HashSet;

use anyhow::bail;

use crate::screen::words::counted;
use oodbench::rows::Role;
use oodbench_onnx::OnnxError;
use oodbench_onnx::source::Source;

/// Refuses rows of id/val and val_ood that are measured too, and OOD sets that are another measured set.
pub(super) fn refuse_shared(sets: &[(Role, Box<dyn Source>)]) -> anyhow::Result<()> {
    let measured = || sets.iter().filter(|(role, _)| matches!(role, Role::Test | Role::Ood { .. }));
    let held_out = sets.iter().filter(|(role, _)| matches!(role, Role::Val | Role::ValOod { .. }));
    let held_out: Vec<(&Role, &str, HashSet<u64>)> =
        held_out.map(|(role, set)| Ok((role, set.name(), keys(set.as_ref())?))).collect::<Result<_, OnnxError>>()?;
    // Rows are read for their keys: those that are measured once, however many sets are held out.
    for (other, rows) in measured().filter(|_| !held_out.is_empty()) {
        let mut shared = vec![0; held_out.len()];
        for row in 0..rows.rows() {
            let key = rows.key(row)?;
            for (shared, (.., keys)) in shared.iter_mut().zip(&held_out) {
                *shared += usize::from(keys.contains(&key));
            }
        }
        if let Some((shared, (role, name, _))) = shared.into_iter().zip(&held_out).find(|(shared, _)| *shared > 0) {
            bail!(
                "{name}: found {} of {other}, which is measured, in {role}, expected others; take another set",
                counted(shared, "row")
            );
        }
    }
    for (at, (role, set)) in measured().enumerate() {
        for (other, rows) in measured().take(at) {
            if is_same(set.as_ref(), rows.as_ref())? {
                bail!("{}: found the rows of {other} in {role} again, expected others; take another set", set.name());
            }
        }
    }
    Ok(())
}

fn keys(set: &dyn Source) -> Result<HashSet<u64>, OnnxError> {
    (0..set.rows()).map(|row| set.key(row)).collect()
}

/// Whether two sets are the same rows in the same order; the first row that is another ends the look.
fn is_same(one: &dyn Source, other: &dyn Source) -> Result<bool, OnnxError> {
    if one.rows() != other.rows() {
        return Ok(false);
    }
    for row in 0..one.rows() {
        if one.key(row)? != other.key(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oodbench_onnx::runtime::{Input, Numbers};
    use std::cell::Cell;
    use std::ops::Range;
    use std::rc::Rc;

    struct Rows {
        values: Vec<f32>,
        /// How many rows were read, of all sets.
        read: Rc<Cell<usize>>,
    }

    impl Source for Rows {
        fn name(&self) -> &str {
            "set"
        }

        fn rows(&self) -> usize {
            self.values.len()
        }

        fn labels(&self) -> Option<&[i64]> {
            None
        }

        fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
            self.read.set(self.read.get() + rows.len());
            let numbers = Numbers::Float(self.values[rows.clone()].to_vec());
            Ok(vec![Input { name: "x".to_owned(), shape: vec![rows.len(), 1], numbers }])
        }
    }

    /// What is said of the sets, and how many rows are read for it.
    fn read(sets: &[(Role, &[f32])]) -> (Result<(), String>, usize) {
        let read = Rc::new(Cell::new(0));
        let rows = |values: &[f32]| Box::new(Rows { values: values.to_vec(), read: read.clone() }) as Box<dyn Source>;
        let sets: Vec<_> = sets.iter().map(|(role, values)| (role.clone(), rows(values))).collect();
        (refuse_shared(&sets).map_err(|error| error.to_string()), read.get())
    }

    fn of(sets: &[(Role, &[f32])]) -> Result<(), String> {
        read(sets).0
    }

    #[test]
    fn rows_that_are_measured_are_read_once() {
        let val_ood = |name: &str| Role::ValOod { name: name.to_owned() };
        let test: (Role, &[f32]) = (Role::Test, &[1.0, 2.0, 3.0, 4.0]);
        // Nothing is held out, and nothing else measured.
        assert_eq!(read(std::slice::from_ref(&test)), (Ok(()), 0));
        // Two rows of each of two sets that are held out, and four.
        let held_out = [(Role::Val, &[5.0, 6.0][..]), test, (val_ood("v"), &[7.0, 8.0])];
        assert_eq!(read(&held_out), (Ok(()), 2 + 2 + 4));
    }

    #[test]
    fn what_is_measured_is_not_chosen_on_nor_measured_twice() {
        let ood = |name: &str| Role::Ood { group: None, name: name.to_owned() };
        let val_ood = || Role::ValOod { name: "v".to_owned() };
        let test: (Role, &[f32]) = (Role::Test, &[1.0, 2.0, 3.0]);
        assert_eq!(
            of(&[(Role::Train, &[1.0]), (Role::Val, &[4.0]), test.clone(), (ood("a"), &[2.0, 1.0, 3.0])]),
            Ok(())
        );
        let error = of(&[(Role::Val, &[3.0, 4.0, 2.0]), test.clone()]).unwrap_err();
        assert_eq!(
            error,
            "set: found 2 rows of id/test, which is measured, in id/val, expected others; take another set"
        );
        assert!(
            of(&[test.clone(), (ood("a"), &[7.0, 8.0]), (val_ood(), &[8.0])]).unwrap_err().contains("1 row of ood/a")
        );
        let error = of(&[test.clone(), (ood("a"), &[1.0, 2.0, 3.0])]).unwrap_err();
        assert!(error.starts_with("set: found the rows of id/test in ood/a again"), "{error}");
        assert!(of(&[(ood("a"), &[1.0]), (ood("b"), &[1.0])]).is_err());
    }
}
