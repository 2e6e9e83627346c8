//! Names of splits, as in the folders of a dump.

use oodbench::rows::Role;
use pyo3::prelude::*;

use crate::error::refused;

/// The split of a name: `train`, `val`, `test` (or `id/train`, ...), `ood/NAME`, `ood/GROUP/NAME`, `val_ood/NAME`, `csid/NAME`.
pub(crate) fn role(name: &str) -> PyResult<Role> {
    let parts: Vec<&str> = name.split('/').collect();
    Ok(match parts[..] {
        ["train"] | ["id", "train"] => Role::Train,
        ["val"] | ["id", "val"] => Role::Val,
        ["test"] | ["id", "test"] => Role::Test,
        ["ood", set] if !set.is_empty() => Role::Ood { group: None, name: set.to_owned() },
        ["ood", group, set] if !set.is_empty() && !group.is_empty() => {
            Role::Ood { group: Some(group.to_owned()), name: set.to_owned() }
        }
        ["val_ood", set] if !set.is_empty() => Role::ValOod { name: set.to_owned() },
        ["csid", set] if !set.is_empty() => Role::Csid { name: set.to_owned() },
        _ => {
            return Err(refused(format!(
                "split {name:?}: expected \"train\", \"val\", \"test\", \"ood/NAME\", \"ood/GROUP/NAME\", \"val_ood/NAME\" or \"csid/NAME\""
            )));
        }
    })
}
