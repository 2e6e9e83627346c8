//! How much a file may grow when it is unpacked: one policy for every reader of compressed data.
//!
//! 1. Where a header promises a size, exactly that much is unpacked. A stream that ends before or goes on behind it is refused.
//! 2. What is promised, or where nothing is, what comes out, is bounded: in memory by 8 MiB + 64 times the file's size, in the temporary folder by 1 GiB + 64
//!    times. Real arrays and images shrink by less; what shrinks by more is nearly constant, or made to exhaust the machine.
//!
//! To read such a file, raise the bound of the second rule: the environment variable `OODBENCH_MAX_UNPACKED` is a number of bytes, with `K`, `M`, `G` or `T`
//! behind it for powers of 1024 (`OODBENCH_MAX_UNPACKED=20G`; `20GB` and `20GiB` are the same). It replaces both bounds and can only raise them.

use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use crate::dump::error::DumpError;

/// The environment variable that raises the bounds.
pub const VARIABLE: &str = "OODBENCH_MAX_UNPACKED";

const RATIO: u64 = 64;
const IN_MEMORY: u64 = 8 << 20;
const ON_DISK: u64 = 1 << 30;

/// The most bytes that may come out of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u64);

impl Limit {
    /// For what `stored` bytes of a file become in memory.
    #[must_use]
    pub fn in_memory(stored: usize) -> Self {
        Self::new(IN_MEMORY, stored, raised())
    }

    /// For what `stored` bytes of a file become in the temporary folder.
    #[must_use]
    pub fn on_disk(stored: usize) -> Self {
        Self::new(ON_DISK, stored, raised())
    }

    fn new(allowance: u64, stored: usize, raised: Option<u64>) -> Self {
        let bound = (stored as u64).saturating_mul(RATIO).saturating_add(allowance);
        Self(raised.map_or(bound, |raised| bound.max(raised)))
    }

    /// The bound in bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }

    /// Lets a promised size pass, or refuses it.
    ///
    /// # Errors
    /// [`DumpError`] if it is above the bound.
    pub fn admit(self, path: &Path, promised: u64) -> Result<usize, DumpError> {
        let fits = usize::try_from(promised).ok().filter(|_| promised <= self.0);
        fits.ok_or_else(|| {
            let found = format!("{promised} bytes once unpacked");
            DumpError::malformed(path, found, format!("at most {}", self.0), remedy(setting()))
        })
    }

    /// Unpacks exactly the promised bytes.
    ///
    /// # Errors
    /// [`DumpError`] if the promise is above the bound, the stream is damaged, or it is shorter or longer than promised.
    pub fn read_exactly(self, path: &Path, stream: &mut dyn Read, promised: u64) -> Result<Vec<u8>, DumpError> {
        let length = self.admit(path, promised)?;
        let mut content = reserve(path, length)?;
        stream.take(promised).read_to_end(&mut content).map_err(|error| damaged(path, content.len(), &error))?;
        if content.len() < length {
            let found = format!("{} bytes once unpacked", content.len());
            return Err(DumpError::malformed(path, found, format!("{length}, as its header says"), DAMAGED));
        }
        end(path, stream, length)?;
        Ok(content)
    }

    /// Unpacks a stream that promises nothing.
    ///
    /// # Errors
    /// [`DumpError`] if the stream is damaged or longer than the bound.
    pub fn read_to_end(self, path: &Path, stream: &mut dyn Read) -> Result<Vec<u8>, DumpError> {
        let mut content = Vec::new();
        stream
            .take(self.0.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| damaged(path, content.len(), &error))?;
        if content.len() as u64 > self.0 {
            let found = format!("more than {} bytes once unpacked", self.0);
            return Err(DumpError::malformed(path, found, "fewer", remedy(setting())));
        }
        Ok(content)
    }
}

const DAMAGED: &str = "the file is damaged: copy or write it again";

/// Refuses a stream that has not ended where its header says it does.
///
/// # Errors
/// [`DumpError`] if more comes, or the stream finds itself damaged at its end.
pub fn end(path: &Path, stream: &mut dyn Read, length: usize) -> Result<(), DumpError> {
    match stream.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(DumpError::malformed(
            path,
            format!("data behind the {length} bytes its header promises"),
            "nothing there",
            DAMAGED,
        )),
        Err(error) => Err(damaged(path, length, &error)),
    }
}

/// Room for so many bytes, or a refusal where there is none.
///
/// # Errors
/// [`DumpError`] if the memory cannot be had.
pub fn reserve(path: &Path, length: usize) -> Result<Vec<u8>, DumpError> {
    let mut content = Vec::new();
    content.try_reserve_exact(length).map_err(|_| {
        let found = format!("{length} bytes once unpacked");
        DumpError::malformed(path, found, "no more than the memory holds", "use a machine with more memory")
    })?;
    Ok(content)
}

fn damaged(path: &Path, at: usize, error: &std::io::Error) -> DumpError {
    DumpError::malformed(
        path,
        format!("compressed data damaged behind byte {at} of the content ({error})"),
        "a whole stream",
        DAMAGED,
    )
}

/// What the variable says.
#[derive(Debug)]
enum Setting {
    Absent,
    Bytes(u64),
    /// No number of bytes.
    Unusable(String),
}

fn setting() -> &'static Setting {
    static SETTING: OnceLock<Setting> = OnceLock::new();
    SETTING.get_or_init(|| match std::env::var_os(VARIABLE).map(|text| text.to_string_lossy().into_owned()) {
        None => Setting::Absent,
        Some(text) => parse(&text).map_or(Setting::Unusable(text), Setting::Bytes),
    })
}

fn raised() -> Option<u64> {
    match setting() {
        Setting::Bytes(bytes) => Some(*bytes),
        Setting::Absent | Setting::Unusable(_) => None,
    }
}

/// What to do about a file that becomes too large.
fn remedy(setting: &Setting) -> String {
    match setting {
        Setting::Unusable(text) => {
            format!(
                "{VARIABLE} is {text:?}, which is no number of bytes: set it as in {VARIABLE}=20G, or write the file again"
            )
        }
        _ => format!("write the file again, or, if it is meant to be so, set {VARIABLE} (e.g. 20G)"),
    }
}

/// `20G` as bytes; `None` for anything else.
fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_suffix(['b', 'B']).unwrap_or(text);
    let text = text
        .strip_suffix(['i', 'I'])
        .filter(|text| text.ends_with(|unit: char| "KMGT".contains(unit.to_ascii_uppercase())))
        .unwrap_or(text);
    let power = text.chars().last().and_then(|unit| "KMGT".find(unit.to_ascii_uppercase()));
    let (digits, shift) = power.map_or((text, 0), |power| (&text[..text.len() - 1], 10 * (power as u32 + 1)));
    digits.parse::<u64>().ok()?.checked_shl(shift).filter(|bytes| bytes >> shift == digits.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_with_the_file_and_can_be_raised() {
        assert_eq!(Limit::new(IN_MEMORY, 1000, None).bytes(), (8 << 20) + 64_000);
        assert_eq!(Limit::new(IN_MEMORY, 1000, Some(10)).bytes(), (8 << 20) + 64_000);
        assert_eq!(Limit::new(ON_DISK, 0, Some(20 << 30)).bytes(), 20 << 30);
        assert_eq!(Limit::new(ON_DISK, usize::MAX, None).bytes(), u64::MAX);
    }

    #[test]
    fn units() {
        let cases = [("20G", Some(20 << 30)), ("3k", Some(3072)), (" 17 ", Some(17)), ("1T", Some(1 << 40))];
        let cases = cases.into_iter().chain([("20GB", Some(20 << 30)), ("2gib", Some(2 << 30)), ("7B", Some(7))]);
        for (text, bytes) in cases {
            assert_eq!(parse(text), bytes, "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "20 GB x", "GB", "5iB", "5Gi b", "99999999999T"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    /// A value that means nothing must not look as if it had been followed.
    #[test]
    fn an_unusable_setting_is_told() {
        let told = remedy(&Setting::Unusable("much\n".to_owned()));
        assert!(told.starts_with("OODBENCH_MAX_UNPACKED is \"much\\n\", which is no number of bytes"), "{told}");
        assert!(remedy(&Setting::Absent).contains("set OODBENCH_MAX_UNPACKED (e.g. 20G)"));
    }

    #[test]
    fn no_more_and_no_less_than_promised() {
        let path = Path::new("a.gz");
        let read = |content: &[u8], promised| Limit(10).read_exactly(path, &mut &content[..], promised);
        assert_eq!(read(b"12345", 5).unwrap(), b"12345");
        let message = |content, promised| read(content, promised).unwrap_err().to_string();
        assert!(message(b"1234", 5).contains("found 4 bytes once unpacked, expected 5"));
        assert!(message(b"123456", 5).contains("found data behind the 5 bytes"));
        assert!(message(b"", 11).contains("found 11 bytes once unpacked, expected at most 10"));
        assert!(message(b"", 11).contains(VARIABLE));
        assert_eq!(Limit(4).read_to_end(path, &mut &b"1234"[..]).unwrap(), b"1234");
        assert!(Limit(3).read_to_end(path, &mut &b"1234"[..]).is_err());
    }
}
