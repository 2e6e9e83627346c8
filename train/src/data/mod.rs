//! Images in, normalised batches out.
//!
//! ```text
//! files ── one loader per format ──► ImageSet (u8, NCHW; or vectors, or sequences of tokens) ── batches ──► f32 batches, prefetched on a thread
//!   ▲                                     ▲
//! catalog: what is known, md5 sums        embedded, noise: sets without files
//! ```
//!
//! * [`open`](open::open) finds a data set from `NAME`, `NAME:PATH` or `PATH`; [`catalog`] lists the names and checks the
//!   files.
//! * One loader per format: [`cifar`] (binary) and [`cifar_pickle`] (Python), [`svhn`], [`idx`], [`folder`], [`mod@array`]; [`rows`] for what is no image.
//! * [`embedded`] holds the small sets of the demo, [`noise`] makes seeded noise; [`ood`] reads a set that has to fit another.
//! * [`batches`] shuffles, augments ([`augment`]), normalises ([`normalisation`]) and prefetches.
//!
//! Nothing here knows the tensor library: batches are plain `Vec<f32>`.

pub mod array;
pub mod augment;
pub mod batches;
pub mod catalog;
pub mod checksum;
pub mod cifar;
pub mod cifar_pickle;
pub mod element;
pub mod embedded;
pub mod error;
pub mod folder;
pub mod idx;
pub mod image_set;
mod known_set;
mod known_sets;
pub mod noise;
pub mod normalisation;
pub mod ood;
pub mod open;
mod picture;
mod read;
pub mod rows;
pub mod svhn;

pub use batches::{Batch, Batches, Recipe};
pub use element::{Element, Form, Input};
pub use error::DataError;
pub use image_set::ImageSet;
pub use normalisation::{Normalisation, Published};
pub use open::{Source, open};
