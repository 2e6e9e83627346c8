"""CIFAR-100 without the images that are also in CIFAR-10, which nothing may learn from that is measured on them.

    python outliers.py IMAGES OUT        IMAGES as for train.sh; writes OUT/test.bin
"""

import sys
from pathlib import Path

import numpy as np

PIXELS = 3 * 32 * 32


def main(images, out):
    def records(path, labels):
        return np.fromfile(path, np.uint8).reshape(-1, labels + PIXELS)

    own = {image[1:].tobytes() for path in sorted((images / "cifar-10-batches-bin").glob("*.bin")) for image in records(path, 1)}
    all_records = records(images / "cifar-100-binary" / "test.bin", 2)
    kept = np.array([record[2:].tobytes() not in own for record in all_records])
    out.mkdir(parents=True, exist_ok=True)
    all_records[kept].tofile(out / "test.bin")
    print(f"{(~kept).sum()} of {len(kept)} images left out")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
