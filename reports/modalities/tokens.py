"""Queries of CLINC150 as rows of word numbers, for `oodbench train --data npy:OUT/intents`.

    python tokens.py data_full.json WIKIPEDIA_SENTENCES OUT

A word that stands in at least two training queries has a number from 2 on, the most frequent first and then by the alphabet; 1 is any other word, and 0
fills rows up to 24 words. Writes OUT/intents/{train,test}/{tokens,labels}.npy, OUT/intents/vocab.txt, a line a number, and OUT/{clinc-oos,wikipedia}/tokens.npy.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

LENGTH, SENTENCES = 24, 1000


def main(queries, sentences, out):
    queries = json.loads(Path(queries).read_text())
    sentences = Path(sentences).read_text().splitlines()
    # Each query counts a word once.
    counts = Counter(word for text, _ in queries["train"] for word in set(text.split()))
    known = sorted((word for word, count in counts.items() if count > 1), key=lambda word: (-counts[word], word))
    numbers = {word: number for number, word in enumerate(known, start=2)}
    classes = {name: label for label, name in enumerate(sorted({name for _, name in queries["train"]}))}

    def write(place, texts):
        tokens = np.zeros((len(texts), LENGTH), np.uint16)
        for row, text in zip(tokens, texts):
            words = [numbers.get(word, 1) for word in text.split()[:LENGTH]]
            row[: len(words)] = words
        (out / place).mkdir(parents=True, exist_ok=True)
        np.save(out / place / "tokens.npy", tokens)

    for split in ["train", "test"]:
        write(f"intents/{split}", [text for text, _ in queries[split]])
        np.save(out / "intents" / split / "labels.npy", np.array([classes[name] for _, name in queries[split]]))
    (out / "intents" / "vocab.txt").write_text("".join(f"{word}\n" for word in ["", "?", *known]))
    write("clinc-oos", [text for text, _ in queries["oos_test"]])
    drawn = sorted(np.random.default_rng(0).permutation(len(sentences))[:SENTENCES])
    write("wikipedia", [sentences[row] for row in drawn])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
