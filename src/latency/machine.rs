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
    /// Vector instructions of the kernels, chosen when the program runs.
    pub instructions: &'static str,
    /// Version of this program.
    pub oodbench: &'static str,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn here() -> Self {
        let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            processor: processor(&information),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            instructions: instructions(),
            oodbench: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The widest that the kernels choose from at run time; products choose for themselves, much alike.
fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") {
            return "AVX2";
        }
        "SSE2"
    }
    #[cfg(not(target_arch = "x86_64"))]
    if cfg!(target_feature = "neon") { "NEON" } else { "none" }
}

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
