//! Kinds of data that fit beside each other: sets that were prepared in different ways would be told apart by their preparation.
//!
//! Arrays (`npy:`) are what another program prepared. They fit beside recordings and sentences, which go to the network as they are, but not beside
//! images, which are resized and normalised here.

use anyhow::bail;

use super::specification::{Kind, Specification};

/// What a set names, where its kind fits beside that of the data.
pub(super) fn beside<'a>(option: &str, set: &'a str, data: &str) -> anyhow::Result<Specification<'a>> {
    let found = Specification::of(set);
    match fit(found.kind(), Specification::of(data).kind()) {
        true => Ok(found),
        false => bail!(unlike(option, set, data)),
    }
}

/// The line that names both.
pub(super) fn unlike(option: &str, set: &str, data: &str) -> String {
    let words = |text: &str| match Specification::of(text).kind() {
        Some(Kind::Npy) => "arrays",
        Some(Kind::Wav) => "recordings",
        Some(Kind::Text) => "sentences",
        None => "images",
    };
    format!(
        "{option} {set}: found {} beside the {} of {data}, expected data of one kind; use npy:DIR for both",
        words(set),
        words(data)
    )
}

/// Whether two kinds of files fit; `None` stands for images.
fn fit(one: Option<Kind>, other: Option<Kind>) -> bool {
    match (one, other) {
        (Some(Kind::Npy), Some(_)) | (Some(_), Some(Kind::Npy)) => true,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_fit_beside_all_but_images_and_the_rest_beside_itself() {
        let sets = ["npy:a", "wav:a", "text:a", "photos"];
        let fits = |set: &str, data: &str| beside("--ood", set, data).is_ok();
        let expected = [
            [true, true, true, false],
            [true, true, false, false],
            [true, false, true, false],
            [false, false, false, true],
        ];
        assert_eq!(sets.map(|set| sets.map(|data| fits(set, data))), expected);
        assert_eq!(
            beside("--val-ood", "svhn:a", "npy:b").unwrap_err().to_string(),
            "--val-ood svhn:a: found images beside the arrays of npy:b, expected data of one kind; use npy:DIR for both"
        );
    }
}
