#!/usr/bin/env bash
# Makes BUILD_FOLDER for run.sh: the program and the tests of the trainer with CUDA and cuDNN in them. Needs Rust, a C compiler and a CUDA toolkit,
# but no GPU. CUDA_HOME is the toolkit; cuda_home.sh puts one together that is enough.
# usage: build.sh BUILD_FOLDER
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "${1:?folder for the binaries}"
folder=$(cd "$1" && pwd)
: "${CUDA_HOME:?the folder of a CUDA toolkit, as cuda_home.sh makes one}"
# 90 are H100 and H200. The kernels are embedded as PTX of that architecture.
export NVCC=${NVCC:-$CUDA_HOME/bin/nvcc} CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90} CUDARC_CUDA_VERSION=${CUDARC_CUDA_VERSION:-13000}
export PATH="$CUDA_HOME/bin:$PATH"
cd "$root"
cargo build --release --locked -p oodbench-cli --features cudnn --bin oodbench
tests=$(cargo test --release --locked -p oodbench-train --features cudnn --test trainer --no-run --message-format=json |
    grep -o '"executable":"[^"]*/trainer-[^"]*"' | tail -n 1 | cut -d '"' -f 4)
cp "${CARGO_TARGET_DIR:-target}/release/oodbench" "$folder/oodbench"
cp "${tests:?the tests were not built}" "$folder/trainer-tests"
strip "$folder/oodbench" "$folder/trainer-tests"
# Tests find their fixtures by the path that they were built in.
echo "$root" > "$folder/root"
ls -l "$folder"
