#!/usr/bin/env bash
# Three networks meant to be stronger than those of this report: ResNet-20 with one cycle of 15 epochs, for whoever has the hours of CPU or a GPU (DEVICE=cuda:0). Nobody has run
# it yet, so no figure of this report is of these networks, and no setting was chosen by a result. IMAGES is as for train.sh. Stopped anywhere, the same command goes on.
set -euo pipefail
images=${1:?folder of images}
for loss in softmax isomax isomax-plus; do
  oodbench train --data "cifar10:$images/cifar-10-batches-bin" \
    --ood "svhn:$images/svhn,imagenet-resize:$images/tinyimagenet_resize,cifar100:$images/cifar-100-binary" \
    --model resnet-20 --loss "$loss" --preset one-cycle-15 --batch 128 --augmentation crop-flip --seed 1 \
    --device "${DEVICE:-auto}" --resume --out "strong/cifar10-resnet-20-$loss-seed1"
done
# Accuracies, and every loss with every score.
oodbench score strong --score mps,es,mds --procedure lee --format markdown -q
