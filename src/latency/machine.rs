//! On what was measured.

use serde::Serialize;

/// The machine and the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The processor's name, where the system tells it.
    pub processor: Option<String>,
    /// Threads that may run at once; one is used.
    pub threads: usize,
    /// Operating system and architecture, as Rust names them.
    pub system: String,
    /// Vector instructions that this build may use without asking the processor.
    pub instructions: &'static str,
    /// Version of this program.
    pub oodbench: &'static str,
}

impl Machine {
    /// The one at hand.
    #[must_use]
    pub fn here() -> Self {
        let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            processor: processor(&information),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            instructions: INSTRUCTIONS,
            oodbench: env!("CARGO_PKG_VERSION"),
        }
    }
}

const INSTRUCTIONS: &str = if cfg!(target_feature = "avx512f") {
    "AVX-512"
} else if cfg!(target_feature = "avx2") {
    "AVX2"
} else if cfg!(target_feature = "sse2") {
    "SSE2"
} else if cfg!(target_feature = "neon") {
    "NEON"
} else {
    "none"
};

/// The name in Linux' `/proc/cpuinfo`.
fn processor(information: &str) -> Option<String> {
    let (_, rest) =
        information.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "model name")?;
    Some(rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_processor_is_named() {
        let information = "processor\t: 0\nmodel name\t: A: B\nprocessor\t: 1\nmodel name\t: C\n";
        assert_eq!(processor(information).as_deref(), Some("A: B"));
        assert_eq!(processor("Hardware : X\n"), None);
    }
}
