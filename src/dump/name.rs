//! Names of sets: a set is a folder of a dump, so its name has to be one component of a path.

/// What is wrong with the name of a set, if anything: it must be one component of a path, and no hidden one.
///
/// ```
/// use oodbench::dump::name::defect;
///
/// assert_eq!(defect("svhn"), None);
/// assert_eq!(defect(".."), Some("a name that begins with a dot"));
/// assert_eq!(defect("a/b"), Some("a name with a separator of paths"));
/// ```
#[must_use]
pub fn defect(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("no name"),
        _ if name.starts_with('.') => Some("a name that begins with a dot"),
        _ if name.contains(['/', '\\']) => Some("a name with a separator of paths"),
        _ if name.contains(char::is_control) => Some("a name with control characters"),
        _ if name.len() > 200 => Some("a name of more than 200 bytes"),
        _ => None,
    }
}
