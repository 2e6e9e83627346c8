#!/usr/bin/env bash
# The three losses by a stronger network, ResNet-9, for Tables 2, 3 and 6 and Fig. 1. Stopped anywhere, the same command goes on.
#
#     strong.sh IMAGES SEED...     IMAGES as for train.sh; run it in the same folder
#
# About two hours of two slow cores a seed. OODBENCH is the program, DEVICE where it computes.
set -euo pipefail
images=$(realpath "${1:?folder of images}")
shift
for seed in "$@"; do
  for loss in softmax isomax isomax-plus; do
    name=resnet-9-$loss-seed$seed
    # Rate, batch and decay are Page's for one cycle, brought from 512 to 128 images a batch.
    [ -e "dumps/$name/run.toml" ] || "${OODBENCH:-oodbench}" train --data "cifar10:$images/cifar-10-batches-bin" --model resnet-9 --loss "$loss" \
      --preset one-cycle-8 --batch 128 --lr 0.1 --weight-decay 0.0005 --augmentation crop-flip --val 2000 --seed "$seed" --device "${DEVICE:-auto}" \
      --ood "svhn:$images/svhn,imagenet-resize:$images/tinyimagenet_resize,cifar100:$images/cifar-100-binary" --resume --quiet --out "dumps/$name"
  done
done
