"""The dumps that the comparison runs on: seeded noise in the shapes of the jobs, about 3 GB."""

import os
from pathlib import Path

import numpy as np


def make(root):
    """Writes what is not there yet."""
    rng = np.random.default_rng(0)

    def save(path, array):
        path = root / path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array())

    def normal(rows, columns):
        return rng.standard_normal((rows, columns), dtype=np.float32)

    save("logits/id/test/logits.npy", lambda: 3 * normal(50_000, 1_000))
    save("logits/ood/few/logits.npy", lambda: normal(64, 1_000))
    save("small/id/test/logits.npy", lambda: normal(64, 10))
    save("small/ood/few/logits.npy", lambda: normal(64, 10))
    for name, decimals in (("free", 9), ("tied", 2)):
        save(f"metrics-{name}/id/test/logits.npy", lambda: np.round(normal(1_000_000, 1) + 1, decimals))
        save(f"metrics-{name}/ood/other/logits.npy", lambda: np.round(normal(1_000_000, 1), decimals))
    save("bootstrap/id/test/logits.npy", lambda: normal(10_000, 1) + 1)
    save("bootstrap/ood/other/logits.npy", lambda: normal(10_000, 1))
    for dims, classes in ((512, 100), (2_048, 1_000)):
        run = f"mahalanobis-{dims}"
        means = normal(classes, dims)
        labels = rng.integers(0, classes, 50_000)
        save(f"{run}/id/train/features.npy", lambda: means[labels] + normal(50_000, dims))
        save(f"{run}/id/train/labels.npy", lambda: labels)
        save(f"{run}/id/test/features.npy", lambda: means[labels[:10_000]] + normal(10_000, dims))
        save(f"{run}/ood/other/features.npy", lambda: normal(64, dims))
        without_training_rows(root, run)
    save("knn/id/train/features.npy", lambda: normal(50_000, 512))
    save("knn/id/test/features.npy", lambda: normal(10_000, 512))
    save("knn/ood/few/features.npy", lambda: normal(64, 512))
    weight, bias = normal(10, 512) / 16, normal(1, 10)[0]
    save("cifar/head/weight.npy", lambda: weight)
    save("cifar/head/bias.npy", lambda: bias)
    for split, rows in (("id/train", 50_000), ("id/test", 10_000), ("ood/a", 10_000), ("ood/b", 10_000), ("ood/c", 10_000)):
        features = np.maximum(normal(rows, 512), 0)
        save(f"cifar/{split}/features.npy", lambda: features)
        save(f"cifar/{split}/logits.npy", lambda: features @ weight.T + bias)
        save(f"cifar/{split}/labels.npy", lambda: (features @ weight.T + bias).argmax(1))


def without_training_rows(root, run):
    """The same rows to be scored, as a deployment sees them: what was fitted comes from a file."""
    for split in ("id/test", "ood/other"):
        copy = root / f"{run}-new" / split / "features.npy"
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.link(root / run / split / "features.npy", copy)


def load(root, run, split, array):
    """An array, in memory."""
    return np.load(Path(root) / run / split / f"{array}.npy")
