//! The list of all networks; everything that enumerates networks reads this one.

use super::{NetworkEntry, densenet, resnet, resnet110, small_cnn, strided_cnn};

/// All networks.
pub static NETWORKS: [&NetworkEntry; 6] = [
    &small_cnn::ENTRY,
    &strided_cnn::ENTRY,
    &resnet::RESNET_18,
    &resnet::RESNET_34,
    &resnet110::ENTRY,
    &densenet::ENTRY,
];
