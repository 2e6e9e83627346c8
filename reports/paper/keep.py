"""Copies what this folder keeps of the networks: logits, labels, histories and recipes.

    python keep.py WORK        WORK is the folder in which train.sh and strong.sh ran
"""

import shutil
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
# In half precision half a percent of the pairs of MDS would tie where logits are distances.
KEPT = {"softmax": np.float16, "outlier-exposure": np.float16, "isomax": np.float32, "isomax-plus": np.float32}
KEPT |= {f"resnet-9-{loss}": KEPT[loss] for loss in ["softmax", "isomax", "isomax-plus"]}


def main(work):
    for name, precision in KEPT.items():
        for dump in sorted((work / "dumps").glob(f"{name}-seed*")):
            to = HERE / "dumps" / dump.name
            logits = [dump / "id" / "test" / "logits.npy", *sorted(dump.glob("ood/*/logits.npy"))]
            for file in logits:
                kept = to / file.relative_to(dump)
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.save(kept, np.load(file).astype(precision))
            shutil.copy(dump / "run.toml", to)
            shutil.copy(dump / "id" / "test" / "labels.npy", to / "id" / "test")
    for run in sorted((work / "runs").iterdir()):
        # Others were not trained to their end.
        if (work / "dumps" / run.name).exists():
            shutil.copy(run / "history.csv", HERE / f"history-{run.name}.csv")
            shutil.copy(run / "recipe.toml", HERE / f"recipe-{run.name}.toml")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
