#!/usr/bin/env bash
# Tables and plots of this report. DUMPS holds the runs: see README.md.
set -euo pipefail
dumps=${1:?folder of dumps}
any=mps,es,energy,mds,gen,doctor,cosine,knn,mahalanobis,mahalanobis_pp,relative_mahalanobis
relu=energy,react,dice,ash_s,scale,vim
make() {
  name=$1; shift
  mkdir -p "$name"
  oodbench report "$@" --score "$any" --set knn.k=5 --procedure lee --out "$name/report" --quiet
  mv "$name/report/tables.md" "$name/tables.md" && rm -r "$name/report"
}
make speech "$dumps"/digitcnn-fsdd-{softmax,isomax-plus}-seed1
make intents "$dumps"/tinyformer-clinc150-{softmax,isomax-plus}-seed1
make tokens "$dumps"/clinc150-{softmax,isomax-plus}-seed1
make minilm "$dumps"/minilm-clinc150-{softmax,isomax-plus}-seed{1,2,3}
make files "$dumps"/magika
for run in digitcnn-fsdd-softmax-seed1 tinyformer-clinc150-softmax-seed1 clinc150-softmax-seed1 minilm-clinc150-softmax-seed1 magika; do
  oodbench score "$dumps/$run" --score "$relu" --procedure lee --format markdown --quiet
done > features.md
for run in speech:digitcnn-fsdd intents:tinyformer-clinc150 tokens:clinc150 minilm:minilm-clinc150; do
  for pair in softmax:es isomax-plus:mds; do
    oodbench plot "$dumps/${run#*:}-${pair%%:*}-seed1" --hist "${pair#*:}" --out "${run%%:*}" --quiet
  done
done
oodbench plot "$dumps/magika" --hist es --out files --quiet
