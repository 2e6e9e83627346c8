"""The console script: the command line in this process. Imports nothing but the extension."""

import os
import sys


def main():
    # Of a wheel with the trainer: candle's own threads would spin beside those that do the work.
    os.environ.setdefault("CANDLE_NUM_THREADS", "1")
    from ._oodbench import main as run

    sys.exit(run(["oodbench", *sys.argv[1:]]))
