#!/usr/bin/env python3
"""Scores and metrics of a sharded dump that is larger than memory: how much of it stays private.

    cargo build --release
    python benches/peers/huge.py --gigabytes 20
    python benches/peers/huge.py --gigabytes 0.8 --classes 1 --scores max_logit --figures-only      # 10^8 + 10^8 scores

The dump has shards of 50 million f32 logits; four different ones lie on the disk (800 MB), the others are links to them. To oodbench every shard is a file
of its own, which it maps and reads.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from compare import PROGRAM, machine, run

LOGITS, DIFFERENT = 50_000_000, 4


def make(root, gigabytes, classes):
    rng = np.random.default_rng(0)
    shards = max(2, round(gigabytes * 1e9 / (LOGITS * 4)))
    test, ood = root / "run/id/test", root / "run/ood/noise"
    test.mkdir(parents=True), ood.mkdir(parents=True)
    for number in range(DIFFERENT):
        np.save(root / f"{number}.npy", 3 * rng.standard_normal((LOGITS // classes, classes), dtype=np.float32))
    for number in range(shards):
        folder, place = (test, number) if number < shards // 2 else (ood, number - shards // 2)
        os.link(root / f"{number % DIFFERENT}.npy", folder / f"logits-{place:05}.npy")
    return shards


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--scores", default="mds", help="as for oodbench score --score")
    parser.add_argument("--figures-only", action="store_true", help="without scores.parquet")
    parser.add_argument("--where", type=Path, help="folder for the 800 MB")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.where) as folder:
        root = Path(folder)
        shards = make(root, arguments.gigabytes, arguments.classes)
        command = [str(PROGRAM), "score", str(root / "run"), "--score", arguments.scores, "--format", "json", "-q"]
        command += [] if arguments.figures_only else ["--out", str(root / "out")]
        result = run(command, folder)
        if result is None:
            sys.exit("oodbench failed")
        seconds, megabytes, _ = result
        rows = shards * (LOGITS // arguments.classes)
        file = root / "out/scores.parquet"
        written = f", scores.parquet {file.stat().st_size / 1e6:.0f} MB" if file.exists() else ""
        print(
            f"{time.strftime('%Y-%m-%d')}, {machine()}: {shards} shards, {rows:,} rows, {shards * LOGITS * 4 / 1e9:.1f} GB, scores {arguments.scores}: "
            f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s, private memory at most {megabytes:.0f} MB{written}"
        )


if __name__ == "__main__":
    main()
