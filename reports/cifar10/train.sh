#!/usr/bin/env bash
# The three networks of this report. IMAGES holds cifar-10-batches-bin, cifar-100-binary, svhn and tinyimagenet_resize.
set -euo pipefail
images=${1:?folder of images}
for loss in softmax isomax isomax-plus; do
  oodbench train --data "cifar10:$images/cifar-10-batches-bin" \
    --ood "svhn:$images/svhn,imagenet-resize:$images/tinyimagenet_resize,cifar100:$images/cifar-100-binary" \
    --model small-cnn --loss "$loss" --preset paper-10 --seed 1 --out "dumps/cifar10-$loss-seed1"
done
