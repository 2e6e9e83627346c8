#!/usr/bin/env bash
# Every system of the paper on CIFAR-10, one small network and one recipe. Stopped anywhere, the same command goes on.
#
#     train.sh IMAGES SEED...      IMAGES holds cifar-10-batches-bin, cifar-100-binary, svhn and tinyimagenet_resize
#
# About four hours of two slow cores a seed. OODBENCH is the program, DEVICE where it computes.
set -euo pipefail
images=$(realpath "${1:?folder of images}")
shift
here=$(cd "$(dirname "$0")" && pwd)
oodbench=${OODBENCH:-oodbench}

cifar10=(--data "cifar10:$images/cifar-10-batches-bin")
# CIFAR-100 is what some methods learn from; then it is no test set. An image of it is also one of CIFAR-10's, which `train` refuses.
far=(--ood "svhn:$images/svhn,imagenet-resize:$images/tinyimagenet_resize")
near=(--ood "cifar100:$images/cifar-100-binary")
[ -e outliers/test.bin ] || python3 "$here/outliers.py" "$images" outliers
outliers=(--outliers "cifar100:outliers")
recipe=(--model small-cnn --val 2000 --batch 64 --augmentation crop-flip --device "${DEVICE:-auto}")
cycle=(--preset one-cycle-6)
# Each on the scale 0 to 1; the authors' grids, thinned.
odin=(--perturb odin --epsilon 0.0007,0.0014,0.0028 --temperature 1000)
mahalanobis=(--perturb mahalanobis --epsilon 0.0014)
godin=(--perturb godin --epsilon 0.0025,0.01)

# Trained once: a network whose dump is there is left alone.
network() {
  local name=$1
  shift
  [ -e "dumps/$name/run.toml" ] || "$oodbench" train "${cifar10[@]}" "${recipe[@]}" --seed "$seed" --resume --quiet --out "dumps/$name" "$@"
}
# What a trained network gives besides.
extraction() {
  local name=$1 run=$2
  shift 2
  [ -e "dumps/$name/run.toml" ] || "$oodbench" extract --weights "runs/$run/weights.safetensors" "${cifar10[@]}" --device "${DEVICE:-auto}" --quiet --out "dumps/$name" "$@"
}

for seed in "$@"; do
  for loss in softmax isomax isomax-plus; do
    network "$loss-seed$seed" --loss "$loss" "${cycle[@]}" "${far[@]}" "${near[@]}"
  done
  # What the paper's Tables 3 to 6 need comes first.
  network "outlier-exposure-seed$seed" --loss outlier-exposure "${cycle[@]}" "${far[@]}" "${outliers[@]}"
  extraction "odin-seed$seed" "softmax-seed$seed" --split val,test "${far[@]}" "${near[@]}" --val-ood fgsm "${odin[@]}"
  extraction "gram-seed$seed" "softmax-seed$seed" --split train,val,test "${far[@]}" "${near[@]}" --gram all
  extraction "mahalanobis-seed$seed" "softmax-seed$seed" --split train,val,test "${far[@]}" "${near[@]}" --val-ood fgsm "${mahalanobis[@]}"
  for loss in scaled-cosine logit-norm dismax; do
    network "$loss-seed$seed" --loss "$loss" "${cycle[@]}" "${far[@]}" "${near[@]}"
  done
  network "energy-bounded-seed$seed" --loss energy-bounded --preset cosine-2 --lr 0.001 "${far[@]}" "${outliers[@]}" --weights "runs/softmax-seed$seed/weights.safetensors"
  network "generalized-odin-seed$seed" --loss generalized-odin "${cycle[@]}" "${far[@]}" "${near[@]}" "${godin[@]}"
  network "dropout-seed$seed" --loss softmax "${cycle[@]}" "${far[@]}" "${near[@]}" --dropout 0.2 --mc-samples 10
  # From scratch and with 40 steps in its authors' code: an epoch of those takes 39 times as long as SoftMax's.
  network "acet-seed$seed" --loss 'acet(steps=5)' --preset cosine-2 --lr 0.01 "${far[@]}" "${near[@]}" --outliers smooth-noise --weights "runs/softmax-seed$seed/weights.safetensors"
done

# An ensemble of SoftMax's networks of all seeds that are there.
members=(dumps/softmax-seed*)
if [ ${#members[@]} -gt 1 ]; then
  mkdir -p dumps/softmax-ensemble
  names=$(printf '"../%s", ' "${members[@]#dumps/}")
  echo "members = [${names%, }]" > dumps/softmax-ensemble/run.toml
fi
