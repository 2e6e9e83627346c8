"""The console script: the command line in this process. Imports nothing but the extension."""

import sys


def main():
    from ._oodbench import main as run

    sys.exit(run(["oodbench", *sys.argv[1:]]))
