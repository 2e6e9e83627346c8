//! A share as people write it: `5%` or `5`, never `0.05`, which could be either.

/// A share between 0 and 1 of what is written in percent.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let trimmed = text.trim();
    let (number, has_sign) = match trimmed.strip_suffix('%') {
        Some(number) => (number.trim_end(), true),
        None => (trimmed, false),
    };
    let value: f64 = number.parse().map_err(|_| "expected percent, e.g. 5%".to_owned())?;
    if !(value > 0.0 && value < 100.0) {
        return Err("expected percent between 0 and 100, e.g. 5%".to_owned());
    }
    if value < 1.0 && !has_sign {
        let whole = (value * 1e10).round() / 1e8;
        return Err(format!("expected percent; write {whole}% for {whole} percent, or {number}% if that is meant"));
    }
    // 5 / 100, not 5 · 0.01: the nearest number to what was written.
    Ok(value / 100.0)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percent_is_what_people_write() {
        assert_eq!(
            [percent("5%"), percent(" 5 % "), percent("95"), percent("0.1%")].map(Result::unwrap),
            [0.05, 0.05, 0.95, 0.001]
        );
        for wrong in ["0.05", "0%", "100%", "-3", "five", "NaN", ""] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
        assert_eq!(percent("0.05").unwrap_err(), "expected percent; write 5% for 5 percent, or 0.05% if that is meant");
    }
}
