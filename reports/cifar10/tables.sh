#!/usr/bin/env bash
# The tables and figures of this report, from the dumps beside it. Run in this folder. The statements in README.md are written by
# OODBENCH_BLESS=1 cargo test --release -p oodbench-cli --lib cifar10
set -euo pipefail
{
  echo "# Every loss with every score"; echo
  oodbench score dumps --score mps,es,mds --procedure lee --format markdown -q
} > tables.md
oodbench compare dumps --score mps,es,mds -q > compare.txt
oodbench plot dumps --fig1 --out . -q
