//! The networks: one file each, from images to features; a head from [`loss`](super::loss) turns
//! these into logits.
//!
//! | name | network | features | parameters with 10 classes, softmax, RGB |
//! |---|---|---|---|
//! | `small-cnn` | [`small_cnn`]: three convolutions and a mean over pixels, for 28 × 28 and 32 × 32 | 128 | 94,762 |
//! | `strided-cnn` | [`strided_cnn`]: three convolutions by stride 2 and a dense layer, for 28 × 28 and 32 × 32 | 128 | 357,034 |
//! | `resnet-9` | [`resnet_9`]: width 16 to 192, for 32 × 32 | 192 | 884,058 |
//! | `resnet-18`, `resnet-34` | [`resnet`]: width 64 to 512, for 32 × 32 | 512 | 11,173,962; 21,282,122 |
//! | `resnet-20`, `resnet-110` | [`resnet_cifar`]: width 16 to 64 | 64 | 269,722; 1,727,962 |
//! | `wrn-40-2` | [`wide_resnet`]: width 32 to 128, for 32 × 32 | 128 | 2,243,546 |
//! | `densenet-bc-100` | [`densenet`]: growth rate 12, reduction 0.5 | 342 | 769,162 |

pub mod architecture;
pub mod backbone;
pub mod densenet;
pub mod entry;
pub mod gram;
pub mod mlp;
pub mod network;
pub mod registry;
pub mod residual;
pub mod resnet;
pub mod resnet_9;
pub mod resnet_cifar;
pub mod small_cnn;
pub mod strided_cnn;
pub mod taps;
pub mod transformer;
pub mod weights;
pub mod wide_resnet;

pub use architecture::{Architecture, UnknownNetwork};
pub use backbone::Backbone;
pub use entry::NetworkEntry;
pub use network::{Design, HEAD, Network};
pub use registry::NETWORKS;
pub use taps::Taps;
