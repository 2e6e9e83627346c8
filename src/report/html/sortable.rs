//! Tables that a click sorts.

/// How such a table begins.
pub(in crate::report) const SORTABLE: &str = "<table class=\"sortable\">";

/// What sorts them; XML, too: there is no `<` and no `&` in it.
pub(super) const SCRIPT: &str = include_str!("sort.js");
