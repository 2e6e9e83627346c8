"""Heads on frozen embeddings: SoftMax and IsoMax+, trained with NumPy, and the dumps of both.

    python heads.py EMBEDDINGS OUT SEED...

EMBEDDINGS holds what embed.py writes. SoftMax: logits = W f + b. IsoMax+ (Macêdo & Ludermir): logits = -|s| ||f/||f|| - p_j/||p_j||||, trained with
the entropic scale 10, read without it. Both: Adam, rate 0.01 falling by a cosine to 0, batches of 256, 30 epochs; prototypes begin normally distributed, s
at 1, W and b at 0.
"""
import sys
from pathlib import Path

import numpy as np

SCALE, EPOCHS, BATCH, RATE = 10.0, 30, 256, 0.01


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


class SoftMax:
    loss = "softmax"

    def __init__(self, rng, classes, columns):
        self.parameters = [np.zeros((classes, columns)), np.zeros(classes)]

    def logits(self, f):
        return f @ self.parameters[0].T + self.parameters[1]

    def gradients(self, f, y):
        p = softmax(self.logits(f))
        p[np.arange(len(y)), y] -= 1
        p /= len(y)
        return [p.T @ f, p.sum(0)]

    def head(self):
        return {"weight": self.parameters[0], "bias": self.parameters[1]}


class IsoMaxPlus:
    loss = "isomax-plus"

    def __init__(self, rng, classes, columns):
        self.parameters = [rng.standard_normal((classes, columns)), np.ones(1)]

    def logits(self, f):
        cosine = unit(f) @ unit(self.parameters[0]).T
        return -abs(self.parameters[1][0]) * np.sqrt(np.maximum(2 - 2 * cosine, 1e-12))

    def gradients(self, f, y):
        prototypes, (s,) = self.parameters
        f, norm, q = unit(f), np.linalg.norm(prototypes, axis=1, keepdims=True), unit(prototypes)
        distance = np.sqrt(np.maximum(2 - 2 * f @ q.T, 1e-12))
        g = softmax(-SCALE * abs(s) * distance)
        g[np.arange(len(y)), y] -= 1
        g *= SCALE / len(y)                       # by the logits without the scale
        of_q = (g * abs(s) / distance).T @ f      # d distance / d q = -f / distance
        of_p = (of_q - q * (of_q * q).sum(1, keepdims=True)) / norm
        return [of_p, np.array([-(g * distance).sum() * np.sign(s)])]

    def head(self):
        return {"prototypes": self.parameters[0], "distance_scale": self.parameters[1]}


def check(kind):
    """Gradients against finite differences, before anything is trained."""
    rng = np.random.default_rng(0)
    head, f, y = kind(rng, 4, 5), unit(rng.standard_normal((6, 5))), rng.integers(0, 4, 6)
    scale = SCALE if kind is IsoMaxPlus else 1.0
    loss = lambda: -np.log(softmax(scale * head.logits(f))[np.arange(6), y]).mean()
    for parameter, gradient in zip(head.parameters, head.gradients(f, y)):
        flat, step = parameter.reshape(-1), 1e-6
        for i in range(flat.size):
            old = flat[i]
            flat[i] = old + step
            above = loss()
            flat[i] = old - step
            below = loss()
            flat[i] = old
            assert abs((above - below) / (2 * step) - gradient.reshape(-1)[i]) < 1e-6, (kind, i)


def train(kind, x, y, classes, seed):
    rng = np.random.default_rng(seed)
    head = kind(rng, classes, x.shape[1])
    first, second = ([np.zeros_like(p) for p in head.parameters] for _ in range(2))
    steps, step = EPOCHS * (len(x) // BATCH), 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for batch in order[: len(x) // BATCH * BATCH].reshape(-1, BATCH):
            step += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            for p, g, m, v in zip(head.parameters, head.gradients(x[batch], y[batch]), first, second):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return head


def main():
    source, out, seeds = Path(sys.argv[1]), Path(sys.argv[2]), [int(seed) for seed in sys.argv[3:]]
    check(SoftMax), check(IsoMaxPlus)
    read = lambda name: np.load(source / name)
    x, y = read("train/features.npy").astype(np.float64), read("train/labels.npy")
    classes = int(y.max()) + 1
    sets = {"id/train": "train", "id/val": "val", "id/test": "test"} | {str(p.parent.relative_to(source)): str(p.parent.relative_to(source)) for p in sorted(source.glob("ood/*/*/features.npy"))}
    for seed in seeds:
        for kind in (SoftMax, IsoMaxPlus):
            head = train(kind, x, y, classes, seed)
            name = f"minilm-clinc150-{kind.loss}-seed{seed}"
            for role, folder in sets.items():
                features = read(f"{folder}/features.npy")
                place = out / name / role
                place.mkdir(parents=True, exist_ok=True)
                logits = head.logits(features.astype(np.float64)).astype(np.float32)
                np.save(place / "features.npy", features), np.save(place / "logits.npy", logits)
                if role.startswith("id"):
                    labels = read(f"{folder}/labels.npy")
                    np.save(place / "labels.npy", labels)
                    if role == "id/test":
                        print(name, f"accuracy {(logits.argmax(1) == labels).mean():.4f}", flush=True)
            (out / name / "head").mkdir(exist_ok=True)
            for array, values in head.head().items():
                np.save(out / name / "head" / f"{array}.npy", values.astype(np.float32))
            kind_of_head = "linear" if kind is SoftMax else "prototypes"
            (out / name / "run.toml").write_text(f'name = "{name}"\nmodel = "MiniLM, frozen"\nloss = "{kind.loss}"\nseed = {seed}\nin_distribution = "CLINC150"\nhead = "{kind_of_head}"\n')


main()
