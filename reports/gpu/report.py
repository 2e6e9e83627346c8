"""Prints README.md from what the steps of run.sh left: report.py RESULTS. What no step left anything of is named as never run."""
import csv
import pathlib
import sys

results = pathlib.Path(sys.argv[1])
text = lambda name: (results / name).read_text().strip() if (results / name).exists() else ""
machine, tests = text("machine.txt"), text("tests.txt")
on_gpu = bool(machine) and "no GPU" not in machine

print("""# On a GPU

<!-- Written by `run.sh BUILD_FOLDER report`; change report.py. -->

`run.sh BUILD_FOLDER STEP` runs on a machine with an NVIDIA GPU and no compiler, in calls of under ten minutes that go on where the last one stopped; its
first lines say what it takes from the environment. The checkout lies beside it, since the tests read its fixtures and PyTorch's networks are in `fixtures/train`.

```
run.sh BUILD tests                              the comparisons with PyTorch, on the GPU
run.sh BUILD speed                              images per second, nine networks and three losses, beside PyTorch
DATA=cifar10:FOLDER run.sh BUILD train densenet-bc-100 isomax-plus
DATA=cifar10:FOLDER run.sh BUILD train resnet-34 isomax-plus
run.sh BUILD report                             this page
```

## The binaries

BUILD holds `oodbench`, `trainer-tests` and `root`, the path that the tests were built in; `build.sh BUILD` makes them with Rust, a C compiler and a CUDA
toolkit (`CUDA_HOME`). Where there is no toolkit `cuda_home.sh FOLDER` puts one together from Python packages: the compiler and the headers of CUDA 13.0, and
empty libraries to link against. No GPU is needed for either. At run time the programs want libcuda 1 (the driver), libcublas 13, libcurand 10, libcudnn 9 and
libnvrtc 13; run.sh takes those of a PyTorch from pip, 2.11.0+cu130, if `LD_LIBRARY_PATH` names none. Kernels are embedded for `CUDA_COMPUTE_CAP` (90: H100, H200).
""")

never = []
if machine or tests or text("speed.csv") or list(results.glob("train-*.csv")):
    print("## What was found\n")
if machine:
    print("Last used on: " + ", ".join(machine.splitlines()) + ".\n")
if tests:
    lines = tests.splitlines()
    found = next((line for line in reversed(lines) if line.startswith("test result")), "no result")
    print(f"Tests: {found} ({lines[-1]}).\n")
    for line in lines:
        if line.startswith("test ") and line.endswith("FAILED") or "panicked" in line:
            print(f"    {line}")
if " on cuda" not in tests:
    never.append("the comparisons of operations, losses and networks with PyTorch: no kernel of `train/src/nn/cuda` has been launched, no algorithm of "
                 "cuDNN chosen, and nothing is known of equal bits in two runs")

rows = list(csv.DictReader(text("speed.csv").splitlines()))
speeds = {}
for row in rows:
    key = (row["device"], row["options"], row["images"], row["network"], row["loss"])
    speeds.setdefault(key, {})[row["program"]] = float(row["images_per_second"])
if speeds:
    print("Images per second of training, the second of two epochs, batches of 64, crop and flip:\n")
    print("| device | options | images | network | loss | oodbench | PyTorch | ratio |\n|---|---|---|---|---|---|---|---|")
    for key, own in speeds.items():
        figures = [f"{own[name]:.0f}" if name in own else "" for name in ("oodbench", "torch")]
        ratio = f"{own['oodbench'] / own['torch']:.2f}" if len(own) == 2 else ""
        print("| " + " | ".join([*key, *figures, ratio]) + " |")
    print()
if not any(key[0].startswith("cuda") for key in speeds):
    never.append("training, of any network with any loss; so no speed and no use of memory is known, with or without `--tf32`, "
                 "and none beside PyTorch's")

for file in sorted(results.glob("train-*.csv")):
    name = file.stem.removeprefix("train-")
    epochs = list(csv.DictReader(file.read_text().splitlines()))
    last = epochs[-1]
    print(f"### {name}\n\n{len(epochs)} epochs, {sum(float(row['seconds']) for row in epochs):.0f} s of training, "
          f"{float(last['images_per_second']):.0f} images per second, training accuracy {100 * float(last['train_accuracy']):.2f} % in the last one.\n")
    if text(f"train-{name}.md"):
        print(text(f"train-{name}.md") + "\n")
untrained = [network for network in ("densenet-bc-100", "resnet-34") if not on_gpu or not list(results.glob(f"train-{network}-*.csv"))]
if untrained:
    never.append(f"`train` of {' and '.join(untrained)} for more than an epoch: no accuracy, and no checkpoint from a GPU that a run went on from")

if never:
    print("## Never run on a GPU\n")
    for line in never:
        print(f"* {line}")
    print("""
Known without one: the code compiles with `--features cudnn`, NVRTC compiles the `.cu` files, and the kernels' arithmetic agrees with PyTorch when emulated on
a CPU ([reports/trainer](../trainer/README.md)). run.sh itself was tried with `DEVICE=cpu`, tiny sets, and a stand-in for the tests' binary; build.sh and
cuda_home.sh were not run as they stand here.""")
