//! Where rows come from, for messages: an array is known by its file, or by its name.

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Files of a dump.
    Files,
    /// Arrays in memory, which have no files.
    Memory,
}

impl Origin {
    /// An array of a split (or of the head) as its user knows it.
    ///
    /// ```
    /// use oodbench::rows::Origin;
    ///
    /// assert_eq!(Origin::Files.array("id/train", "labels"), "id/train/labels.npy");
    /// assert_eq!(Origin::Memory.array("id/train", "labels"), "labels of id/train");
    /// ```
    #[must_use]
    pub fn array(self, of: &str, name: &str) -> String {
        self.either(format!("{of}/{name}.npy"), format!("{name} of {of}"))
    }

    /// One thing for files, another for memory.
    pub(crate) fn either<T>(self, files: T, memory: T) -> T {
        match self {
            Self::Files => files,
            Self::Memory => memory,
        }
    }
}
