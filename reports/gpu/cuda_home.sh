#!/usr/bin/env bash
# Puts together a CUDA 13.0 toolkit that is enough to build oodbench with --features cudnn on a machine without GPU and toolkit: compiler and headers from
# Python packages (105 MB), and libraries with nothing but the symbols' names to link against. Needs pip, gcc, and `cargo fetch` before.
# usage: cuda_home.sh FOLDER; then CUDA_HOME=FOLDER build.sh BUILD_FOLDER
set -euo pipefail
folder=${1:?folder for the toolkit}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m pip download -q --no-deps -d "$work" nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 \
    nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
for wheel in "$work"/*.whl; do "$python" -m zipfile -e "$wheel" "$work/all"; done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cp -r "$work"/all/nvidia/cu13/. "$folder"/
chmod +x "$folder"/bin/* "$folder"/nvvm/bin/*
# nvcc.profile names lib64.
ln -sfn lib "$folder/lib64"
ln -sfn libcudart.so.13 "$folder/lib/libcudart.so"
mkdir -p "$folder/lib/stubs"
declarations=$(dirname "$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -path '*/cudarc-0.19.*/Cargo.toml' | sort | tail -n 1)")/src
stub() { # the library, the name that is looked for at run time, where its functions are declared, how their names begin
    grep -rhoE '\bfn [A-Za-z0-9_]+' "$declarations/$3/sys" | cut -d ' ' -f 2 | sort -u | grep "^$4" | sed 's/.*/void &(void){}/' > "$work/stub.c"
    gcc -shared -fPIC -nostdlib -w -Wl,-soname,"$2" -o "$folder/lib/stubs/lib$1.so" "$work/stub.c"
}
stub cuda libcuda.so.1 driver 'cu[A-Z]'
stub cublas libcublas.so.13 cublas cublas
stub cublasLt libcublasLt.so.13 cublaslt cublas
stub curand libcurand.so.10 curand curand
stub nvrtc libnvrtc.so.13 nvrtc nvrtc
stub cudnn libcudnn.so.9 cudnn cudnn
"$folder/bin/nvcc" --version | tail -n 2
