#!/usr/bin/env bash
# What is to be known of a GPU, step by step, on a machine with an NVIDIA GPU and no compiler. BUILD_FOLDER is what build.sh made; a call stays
# under LIMIT seconds, and the same call again goes on where it stopped.
#
#   run.sh BUILD_FOLDER tests                   the comparisons with PyTorch on the GPU
#   run.sh BUILD_FOLDER speed                   images per second of training: every network, three losses, beside PyTorch where it is installed
#   run.sh BUILD_FOLDER train NETWORK LOSS      trains on DATA by PRESET and goes on with the last checkpoint
#   run.sh BUILD_FOLDER report                  README.md from what the others left in RESULTS
#
# The environment may set (with what is taken otherwise):
#   LIMIT=540            seconds after which a step stops, to go on in the next call
#   DEVICE=cuda:0        DEVICE=cpu tries the script out without a GPU
#   RESULTS              folder of the results, beside this script
#   WORK                 folder of images, checkpoints and dumps: target/gpu of this checkout
#   NETWORKS, LOSSES     of `speed`: all networks of images; softmax isomax isomax-plus
#   IMAGES=12800         of `speed`: images of an epoch
#   OPTIONS              of `speed` and `train`: more options, such as --tf32
#   DATA, OOD            of `train`: cifar10:FOLDER or other images; uniform-noise,gaussian-noise
#   PRESET=paper-30      of `train`
#   PYTHON=python3       which has PyTorch, whose CUDA libraries are taken where LD_LIBRARY_PATH names none
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:?folder that build.sh made}" && pwd)
step=${2:?tests, speed, train or report}
limit=${LIMIT:-540} device=${DEVICE:-cuda:0} results=${RESULTS:-$here/results} work=${WORK:-$root/target/gpu} python=${PYTHON:-python3}
begin=$(date +%s)
mkdir -p "$results" "$work"
# Arrays of options; an empty one is nothing.
read -ra options <<< "${OPTIONS:-}"

# The CUDA libraries of a PyTorch from pip.
libraries() {
    "$python" - <<'PYTHON'
import glob, site, sys
folders = {folder for place in site.getsitepackages() + [site.getusersitepackages()] for folder in glob.glob(f"{place}/nvidia/*/lib")}
print(":".join(sorted(folders)))
PYTHON
}
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-$(libraries)}

left() { echo $((limit - $(date +%s) + begin)); }

machine() {
    {
        date -u +%Y-%m-%d
        nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2> /dev/null || echo "no GPU"
        "$python" -c 'import torch; print("PyTorch", torch.__version__)' 2> /dev/null || echo "no PyTorch"
    } > "$results/machine.txt"
}

tests() {
    # Tests read fixtures by the path that they were built in.
    built=$(cat "$build/root")
    if [ ! -e "$built/fixtures/train" ]; then
        mkdir -p "$(dirname "$built")" && ln -s "$root" "$built"
    fi
    gpu=1
    [ "$device" = cpu ] && unset gpu
    # A missing GPU is a failure where this variable is there.
    status=0
    env ${gpu:+OODBENCH_TEST_GPU=1} timeout --signal=INT --kill-after=20 "$limit" "$build/trainer-tests" core:: --nocapture > "$results/tests.log" 2>&1 ||
        status=$?
    echo "exit status $status on $device" >> "$results/tests.log"
    grep -E '^test |^test result|panicked|^exit status|^no GPU' "$results/tests.log" > "$results/tests.txt" || true
    tail -n 3 "$results/tests.txt"
    return "$status"
}

# A folder in CIFAR-10's format of random bytes: speed does not depend on what images show.
random_images() {
    [ -e "$1/test_batch.bin" ] || "$python" - "$1" "$2" <<'PYTHON'
import os, pathlib, sys
folder, images = pathlib.Path(sys.argv[1]), int(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
record = lambda at: bytes([at % 10]) + os.urandom(3072)
for number in range(1, 6):
    (folder / f"data_batch_{number}.bin").write_bytes(b"".join(record(at) for at in range(-(-images // 5))))
(folder / "test_batch.bin").write_bytes(b"".join(record(at) for at in range(100)))
PYTHON
}

speed() {
    networks=${NETWORKS:-small-cnn strided-cnn resnet-9 resnet-18 resnet-34 resnet-20 resnet-110 wrn-40-2 densenet-bc-100}
    losses=${LOSSES:-softmax isomax isomax-plus}
    images=${IMAGES:-12800} table=$results/speed.csv
    [ -e "$table" ] || echo program,device,options,images,network,loss,images_per_second > "$table"
    random_images "$work/images-$images/cifar-10-batches-bin" "$images"
    has_torch=true
    "$python" -c 'import torch' 2> /dev/null || has_torch=false
    for network in $networks; do
        for loss in $losses; do
            key="$device,${OPTIONS:-},$images,$network,$loss"
            if ! grep -q "^oodbench,$key," "$table"; then
                [ "$(left)" -gt 30 ] || { echo "$limit s are over; call it again"; return 0; }
                # The first epoch compiles kernels and chooses algorithms; the second one counts.
                if timeout --signal=INT --kill-after=20 "$(left)" "$build/oodbench" train --data "cifar10:$work/images-$images/cifar-10-batches-bin" \
                    --images "$images" --model "$network" --loss "$loss" --epochs 2 --device "$device" "${options[@]}" --replace --quiet \
                    --run-dir "$work/speed" --out "$work/speed-dump"; then
                    echo "oodbench,$key,$(tail -n 1 "$work/speed/history.csv" | cut -d , -f 8)" >> "$table"
                else
                    echo "FAILED or stopped: $network, $loss"
                fi
            fi
            if ! grep -q "^torch,$key," "$table" && $has_torch && [ "$(left)" -gt 30 ]; then
                torch=$(timeout --kill-after=20 "$(left)" "$python" "$here/torch_speed.py" "$network" "$loss" "$images" "$device" "${options[@]}") &&
                    echo "torch,$key,$torch" >> "$table"
            fi
            tail -n 2 "$table"
        done
    done
}

train() {
    network=${1:?a network, such as densenet-bc-100 or resnet-34} loss=${2:?a loss, such as isomax-plus}
    name=$network-$loss runs=$work/runs
    status=0
    # Ctrl-C after the time that is left: finished epochs are kept.
    timeout --signal=INT --kill-after=60 "$limit" "$build/oodbench" train --data "${DATA:?cifar10:FOLDER, or other images}" \
        --ood "${OOD:-uniform-noise,gaussian-noise}" --model "$network" --loss "$loss" --preset "${PRESET:-paper-30}" --device "$device" "${options[@]}" \
        --resume --run-dir "$runs/$name" --out "$runs/dumps/$name" || status=$?
    [ ! -e "$runs/$name/history.csv" ] || cp "$runs/$name/history.csv" "$results/train-$name.csv"
    case $status in
        0) "$build/oodbench" score "$runs/dumps/$name" --score mds,es,mps,max_logit,energy --format markdown --quiet > "$results/train-$name.md" ;;
        124 | 130) echo "$limit s are over; the same call goes on" ;;
        *) return "$status" ;;
    esac
}

case $step in
    tests) machine; tests ;;
    speed) machine; speed ;;
    train) machine; train "${@:3}" ;;
    report) "$python" "$here/report.py" "$results" > "$here/README.md.new" && mv "$here/README.md.new" "${README:-$here/README.md}" ;;
    *) echo "found step $step, expected tests, speed, train or report" >&2; exit 2 ;;
esac
