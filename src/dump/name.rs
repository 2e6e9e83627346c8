//! Names of sets and layers, which become names of files.

/// A name that is no single component of a path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "found the name {name:?}, expected one without separators or control characters that does not start with a dot; rename it"
)]
pub struct BadName {
    /// The name.
    pub name: String,
}

/// Whether a name may become a file or folder of a dump: one component of a path that a reader of the dump finds again. Names that start with a dot are
/// hidden files, which readers leave out. What another system forbids besides (`:` or `CON` on Windows) is let pass.
///
/// # Errors
/// [`BadName`].
///
/// ```
/// use oodbench::dump::name::check_name;
///
/// assert!(check_name("svhn (cropped)").is_ok());
/// assert!(check_name("../svhn").is_err() && check_name("..").is_err() && check_name("a\nb").is_err());
/// ```
pub fn check_name(name: &str) -> Result<(), BadName> {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control();
    match name.is_empty() || name.starts_with('.') || name.contains(bad) {
        true => Err(BadName { name: name.to_owned() }),
        false => Ok(()),
    }
}
