//! Groups of OOD sets that `run.toml` names, where the folders do not.

use std::path::Path;

use crate::dump::error::DumpError;
use crate::dump::meta::RunInfo;
use crate::dump::name::check_name;
use crate::rows::Role;
use crate::suggestion::nearest;

/// Gives the OOD sets the groups that `run.toml` says they belong to.
///
/// # Errors
/// [`DumpError`] for a set that is not there or is in two groups: it would be missing in the mean of one; and for a group whose name could not be that
/// of a folder, so that the run could not be written as a dump.
pub(super) fn assign(folder: &Path, roles: &mut [&mut Role]) -> Result<(), DumpError> {
    let info = RunInfo::read(folder)?;
    let refuse = |found: String, expected: String, remedy: &'static str| {
        Err(DumpError::malformed(folder.join("run.toml"), found, expected, remedy))
    };
    for (group, sets) in &info.groups {
        if check_name(group).is_err() {
            let expected = "a name without separators or control characters that does not start with a dot".to_owned();
            return refuse(format!("the group {group:?}"), expected, "rename the group");
        }
        for set in sets {
            let known: Vec<String> = roles.iter().filter_map(|role| ood_name(role)).collect();
            let found = roles.iter_mut().find(|role| ood_name(role).is_some_and(|name| name == *set));
            let Some(Role::Ood { group: own, .. }) = found.map(|role| &mut **role) else {
                let expected = match nearest(set, known.iter().map(String::as_str)) {
                    Some(near) => near.to_owned(),
                    None => format!("one of the OOD sets ({})", known.join(", ")),
                };
                return refuse(
                    format!("the set {set:?} in group {group:?}"),
                    expected,
                    "correct the name, or dump the set",
                );
            };
            if let Some(own) = own.as_ref().filter(|own| *own != group) {
                let found = format!("the set {set:?} in group {group:?}");
                return refuse(found, format!("{own:?}, where it is already"), "name one group for each set");
            }
            *own = Some(group.clone());
        }
    }
    Ok(())
}

fn ood_name(role: &Role) -> Option<String> {
    if let Role::Ood { name, .. } = role { Some(name.clone()) } else { None }
}
