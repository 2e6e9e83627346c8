//! The list of all networks; everything that enumerates networks reads this one.

use super::{
    NetworkEntry, densenet, mlp, resnet, resnet_9, resnet_cifar, small_cnn, strided_cnn, transformer, wide_resnet,
};

/// All networks.
pub static NETWORKS: [&NetworkEntry; 11] = [
    &small_cnn::ENTRY,
    &strided_cnn::ENTRY,
    &resnet_9::ENTRY,
    &resnet::RESNET_18,
    &resnet::RESNET_34,
    &resnet_cifar::RESNET_20,
    &resnet_cifar::RESNET_110,
    &wide_resnet::ENTRY,
    &densenet::ENTRY,
    &mlp::ENTRY,
    &transformer::ENTRY,
];
