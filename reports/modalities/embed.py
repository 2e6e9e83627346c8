"""Sentence embeddings of CLINC150, BANKING77 and Wikipedia by a frozen all-MiniLM-L6-v2 (int8 weights, ONNX): mean over tokens, unit length.
    python embed.py MODEL.onnx tokenizer.json data_full.json all_wiki_sents.txt banking_test.csv OUT
"""
import csv, json, sys, time
from pathlib import Path
import numpy as np, onnxruntime as ort
from tokenizers import Tokenizer
model, tokenizer, clinc, wiki, banking, out = sys.argv[1:]
tok = Tokenizer.from_file(tokenizer); tok.no_padding(); tok.enable_truncation(48)
options = ort.SessionOptions(); options.intra_op_num_threads = 1
net = ort.InferenceSession(model, options)
def embed(texts):
    enc = [tok.encode(t).ids for t in texts]
    order, rows = sorted(range(len(enc)), key=lambda i: len(enc[i])), np.zeros((len(enc), 384), np.float32)
    for b in range(0, len(order), 64):
        j = order[b:b + 64]; n = max(len(enc[i]) for i in j)
        ids = np.array([enc[i] + [0] * (n - len(enc[i])) for i in j]); mask = np.array([[1] * len(enc[i]) + [0] * (n - len(enc[i])) for i in j])
        h = net.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})[0]
        h = (h * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        rows[j] = h / np.linalg.norm(h, axis=1, keepdims=True)
    return rows
data = json.load(open(clinc)); labels = sorted({y for _, y in data["train"]})
wiki = [s.strip() for s in open(wiki, encoding="utf-8") if s.strip()]
sets = {"train": data["train"], "val": data["val"], "test": data["test"], "ood/near/clinc-oos": data["oos_test"],
        "ood/near/banking77": [(r["text"], None) for r in csv.DictReader(open(banking, encoding="utf-8"))],
        "ood/far/wikipedia": [(wiki[i], None) for i in sorted(np.random.default_rng(0).permutation(len(wiki))[:1000])]}
began = time.time()
for name, rows in sets.items():
    p = Path(out) / name; p.mkdir(parents=True, exist_ok=True)
    np.save(p / "features.npy", embed([s for s, _ in rows]))
    if name in ("train", "val", "test"): np.save(p / "labels.npy", np.array([labels.index(y) for _, y in rows]))
    print(name, len(rows), f"{time.time() - began:.0f} s", flush=True)
