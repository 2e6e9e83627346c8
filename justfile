# Recipes of `just`; the commands of each can be typed without it.

export CARGO_TERM_COLOR := "auto"

# What there is
default:
    @just --list

# Formatting, lints, documentation, tests: what CI runs
ci:
    .ci/run

# The tests, or those whose name contains FILTER
test FILTER="":
    cargo test --release --workspace --exclude oodbench-python {{FILTER}}

# Writes the tables of README.md and docs/ anew
bless-readme:
    OODBENCH_BLESS=1 cargo test --release -p oodbench-cli --test cli readme

# Writes fixtures/instructions.json anew; needs valgrind, and no incremental build, which changes the counts
bless-instructions:
    CARGO_INCREMENTAL=0 OODBENCH_BLESS=1 cargo test --release -p oodbench --test instructions

# Writes the statements of reports/cifar10/README.md anew
bless-cifar10:
    OODBENCH_BLESS=1 cargo test --release -p oodbench-cli --lib cifar10

# Everything that OODBENCH_BLESS writes
bless: bless-readme bless-cifar10 bless-instructions

# A Python environment for the scripts of fixtures/
python:
    python3 -m venv target/python
    target/python/bin/pip install -q -r fixtures/requirements.txt -r fixtures/scores/requirements.txt safetensors pyarrow

# Values of procedures and scores on the fixture dumps, by NumPy and scikit-learn
golden-procedures:
    target/python/bin/python fixtures/make_golden.py
    target/python/bin/python fixtures/metrics/make_goldens.py

# A golden per score, by NumPy, with pytorch-ood's value
golden-scores:
    target/python/bin/python fixtures/scores/make_goldens.py

# DeLong's test and bootstrap intervals, by NumPy; comparisons with the best, by NumPy and SciPy
golden-stats:
    target/python/bin/python fixtures/stats/make_goldens.py
    target/python/bin/python fixtures/stats/make_best.py

# Runs the README's recipes for dumps and has the release build read what they write; one needs PyTorch
check-recipes:
    OODBENCH=target/release/oodbench target/python/bin/python fixtures/recipes/check.py

# Thresholds, batches and martingales, by SciPy
golden-detector:
    target/python/bin/python fixtures/detector/make_goldens.py

# Files in every way an array is stored
fixture-npy:
    target/python/bin/python fixtures/npy/make_npy.py

# Arrays and layouts as the tools of others write them; needs what fixtures/formats/requirements.txt names
fixture-formats:
    target/python/bin/python fixtures/formats/make_files.py

# Images in every format that is read
fixture-images:
    target/python/bin/python fixtures/images/formats/make_formats.py

# The runs with further layers, members, Gram matrices and embeddings of texts
fixture-layers:
    target/python/bin/python fixtures/scores/make_layers.py
    target/python/bin/python fixtures/scores/make_perturbed.py
    target/python/bin/python fixtures/scores/make_members.py
    target/python/bin/python fixtures/scores/make_gram.py
    target/python/bin/python fixtures/scores/make_clip.py

# Networks and their gradients, by PyTorch
fixture-train:
    target/python/bin/python fixtures/train/make_networks.py fixtures/train/networks.safetensors
    target/python/bin/python fixtures/train/make_strided_cnn.py fixtures/train/strided_cnn.json
    target/python/bin/python fixtures/train/make_resnet_20.py fixtures/train/resnet_20.json
    target/python/bin/python fixtures/train/make_wrn_40_2.py fixtures/train/wrn_40_2.json
    target/python/bin/python fixtures/train/make_rows.py fixtures/train/rows.json
    target/python/bin/python fixtures/train/make_reference.py fixtures/train/reference.safetensors
    target/python/bin/python fixtures/train/make_schedules.py fixtures/train/schedules.json
    target/python/bin/python fixtures/train/make_user_model.py fixtures/train/user_model.pth
    target/python/bin/python fixtures/train/make_gradients.py fixtures/train/gradients.safetensors $OODBENCH_WEIGHTS

# Small networks as ONNX files, and what onnxruntime makes of them
fixture-onnx:
    target/python/bin/pip install -q -r fixtures/onnx/requirements.txt
    target/python/bin/python fixtures/onnx/make_models.py

# The first rows of whole dumps in the folder DUMPS
fixture-dumps DUMPS:
    target/python/bin/python fixtures/make_dumps.py {{DUMPS}}

# Compares what two builds of the program compute over dumps, bit for bit
same-values OLD NEW *DUMPS:
    target/python/bin/python fixtures/same_values.py {{OLD}} {{NEW}} {{DUMPS}}

# What detection costs, or the bench NAME: knn, together, mahalanobis, metrics, bootstrap, logit_scores, ingest, train_epoch
bench NAME="detection_cost" *ARGUMENTS:
    cargo bench --bench {{NAME}} -- {{ARGUMENTS}}

# Licences, sources and duplicate versions; needs cargo-deny
deny:
    cargo deny check

# What is published
package:
    cargo package --list -p oodbench
    cargo package --list -p oodbench-train
    cargo package --list -p oodbench-cli

# Feeds damaged files to every reader; OPTIONS: --target NAME, --executions N, --seconds S
fuzz *OPTIONS:
    cargo run --release -p oodbench-fuzz -- {{OPTIONS}}
