#!/usr/bin/env bash
# The tables and figures of this report, from the dumps beside it. Run in this folder.
set -euo pipefail
score() { oodbench score "dumps/cifar10-$1-seed1" --score "$2" --format markdown -q; }
{
  echo "# Tables"
  echo; echo "## Each loss with its score (the paper's Tables 2 and 3)"; echo
  score softmax es; echo; score isomax es; echo; score isomax-plus mds
  echo; echo "## IsoMax and IsoMax+ with each score (the paper's Table 6)"; echo
  score isomax mps,es,mds; echo; score isomax-plus mps,es,mds
} > tables.md
oodbench compare dumps --score mps,es,mds -q > compare.txt
oodbench plot dumps --fig1 --out . -q
